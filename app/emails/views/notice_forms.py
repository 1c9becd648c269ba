"""The form for kind of notice and service notice, of templates and sends alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from wtforms import BooleanField, RadioField, SelectField, TextAreaField

from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.notices import SCOPES, ServiceScope
from app.recipients.views.topic_forms import chosen_number
from app.refusals import Refused
from app.web.forms import Form, strip
from app.words import _


class NoticeForm(Form):
    """Which kind of notice it is; for who may approve also whether people can stop it."""

    topic = SelectField(_("Kind of notice"), coerce=chosen_number, validate_choice=False)
    scope = RadioField(
        _("Is it a service notice?"),
        choices=[(str(one), words) for one, words in SCOPES.items()],
        default=str(ServiceScope.NONE),
        validate_choice=False,
    )
    reason = TextAreaField(_("Why people must get it"), filters=[strip], render_kw={"rows": 3})

    again = BooleanField()
    """The button that declares the newest version what an older one was declared."""

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

    def save(
        self,
        stored: ServiceScope,
        why: str,
        change_topic: Callable[[int], object],
        declare: Callable[[ServiceScope, str], object],
    ) -> None:
        """Save all that was typed: the kind, and what was declared when it is not as it is `stored`. Raises Refused."""
        change_topic(self.topic.data or 0)
        if not self.scope.raw_data:
            return  # the form of one who may not declare
        if self.scope.data not in list(ServiceScope):
            raise Refused(_("Choose one."), field="scope")
        scope, reason = ServiceScope(self.scope.data), self.reason.data or ""
        if scope is stored is ServiceScope.NONE and reason:
            raise Refused(_("Choose whom it also goes to, or empty the reason."), field="scope")
        if self.again.data or scope is not stored or (reason != why and scope is not ServiceScope.NONE):
            declare(scope, reason)
