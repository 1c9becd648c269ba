"""The form for kind of notice and service notice, of templates and sends alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from wtforms import RadioField, SelectField, TextAreaField

from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.notices import SCOPES, ServiceScope
from app.recipients.views.topic_forms import chosen_number
from app.refusals import Refused
from app.web.forms import Form, strip
from app.words import _


class NoticeForm(Form):
    """Which kind of notice it is; for administrators also whether people can stop it."""

    topic = SelectField(_("Kind of notice"), coerce=chosen_number, validate_choice=False)
    scope = RadioField(
        _("Is it a service notice?"),
        choices=[(str(one), words) for one, words in SCOPES.items()],
        default=str(ServiceScope.NONE),
        validate_choice=False,
    )
    reason = TextAreaField(_("Why people must get it"), filters=[strip], render_kw={"rows": 3})

    @classmethod
    def of(cls, topic_id: int | None, scope: ServiceScope, reason: str) -> Self:
        """Make the form with what is stored."""
        return cls(formdata=None, topic=topic_id or 0, scope=str(scope), reason=reason)

    def offer(self, topics: Sequence[Topic], present: Topic | None) -> None:
        """Offer the kinds of notice, and the present one though it may be retired."""
        more = [] if present is None or any(one.id == present.id for one in topics) else [present]
        self.topic.choices = [
            (0, _("None: people can only stop all")),
            *((one.id, one.name) for one in (*topics, *more)),
        ]

    def chosen_scope(self) -> ServiceScope:
        """Give what was chosen. Raises Refused."""
        if self.scope.data not in list(ServiceScope):
            raise Refused(_("Choose one."), field="scope")
        return ServiceScope(self.scope.data)
