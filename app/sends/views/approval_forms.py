"""Forms of approval: the rule, a decision, and when it begins if its time has passed."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import Length

from app.people.approval import MOST_OF_A_NOTE
from app.people.approval_models import REMIND_HOURS, SCOPE_WORDS, ApprovalScope
from app.refusals import Refused
from app.sends.release import Options
from app.sends.views.forms import TimeForm, chosen_row, typed_number
from app.web.forms import Form, strip
from app.words import _

NOTE = {"rows": 3, "maxlength": MOST_OF_A_NOTE}


class RuleForm(Form):
    """What needs approval."""

    scope = RadioField(
        _("Which sends need approval"),
        choices=[(str(scope), words) for scope, words in SCOPE_WORDS.items()],
        default=str(ApprovalScope.NEVER),
        validate_choice=False,
    )
    above = IntegerField(_("More than so many people"), render_kw={"inputmode": "numeric", "min": 0})
    lists = SelectMultipleField(_("Sends to these lists"), coerce=chosen_row, validate_choice=False)
    segments = SelectMultipleField(_("Sends to these segments"), coerce=chosen_row, validate_choice=False)
    senders = SelectMultipleField(_("Sends from these senders"), coerce=chosen_row, validate_choice=False)
    of_templates = BooleanField(_("Publishing a template needs approval, too"))
    remind_hours = IntegerField(
        _("Remind approvers after hours"), default=REMIND_HOURS, render_kw={"inputmode": "numeric", "min": 1}
    )

    def chosen_scope(self) -> ApprovalScope:
        """Give the scope that was chosen. Raises Refused."""
        if self.scope.data not in set(ApprovalScope):
            raise Refused(_("Choose one of the three."), field="scope")
        return ApprovalScope(self.scope.data)

    def numbers(self) -> tuple[int | None, int]:
        """Give the number of people and the hours that were typed. Raises Refused."""
        above, hours = typed_number(self.above), typed_number(self.remind_hours)
        return above, REMIND_HOURS if hours is None else hours


class StartForm(TimeForm):
    """When it begins, asked when the chosen time has passed while a send waited."""

    when = RadioField(
        _("When"),
        choices=[("now", _("As soon as it is approved")), ("later", _("At another time"))],
        validate_choice=False,
    )

    def start(self) -> Options | None:
        """Give what was chosen; None when nothing was, or the time is refused and the form says why. Raises Refused."""
        if self.when.data == "now":
            return Options()
        if self.when.data != "later":
            return None
        start_at = self.start_at()
        if start_at is None:
            raise Refused(_("Look at the time below."))
        return Options(start_at=start_at)


class SendBackForm(Form):
    """Why something is sent back."""

    reason = TextAreaField(_("Reason"), [Length(max=MOST_OF_A_NOTE)], filters=[strip], render_kw=NOTE)


class EmergencyForm(StartForm):
    """Why it cannot wait, and the second confirmation."""

    reason = TextAreaField(_("Why it cannot wait"), [Length(max=MOST_OF_A_NOTE)], filters=[strip], render_kw=NOTE)
