"""Forms of the pages of test e-mails."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

from app.sends.testers import MOST_OF_A_NAME, MOST_TESTERS
from app.sends.testing import What
from app.sends.views.forms import chosen_row
from app.web.forms import Form, strip
from app.words import _

EXAMPLES, RECIPIENT = "examples", "recipient"
WHOSE = [(EXAMPLES, _("The examples of the template")), (RECIPIENT, _("A recipient of a list"))]
NO_GROUP = 0


class ToTestersForm(Form):
    """What is tested, to whom it goes, and with whose data."""

    what = RadioField(_("What"), default=str(What.DRAFT), validate_choice=False)
    language = SelectField(_("Language"), default="", validate_choice=False)
    myself = BooleanField(_("Myself"), default=True)
    addresses = TextAreaField(
        _("Other addresses, up to %(most)s", most=MOST_TESTERS),
        render_kw={"rows": 2, "spellcheck": "false"},
    )
    group_name = StringField(
        _("Keep these addresses as a group named (optional)"), [Length(max=MOST_OF_A_NAME)], filters=[strip]
    )
    group = SelectField(_("Group"), coerce=chosen_row, default=NO_GROUP, validate_choice=False)
    sender = SelectField(_("Sender"), coerce=chosen_row, validate_choice=False)
    whose = RadioField(
        _("Whose data"),
        choices=WHOSE,
        default=EXAMPLES,
        validate_choice=False,
    )
    list = SelectField(_("List"), coerce=chosen_row, validate_choice=False)
    find = StringField(_("Address or name begins with"), filters=[strip], render_kw={"autocomplete": "off"})
    person = IntegerField(None, [Optional()], widget=HiddenInput(), default=0)
    """Recipient to begin with when nothing is typed in `find`; 0: the first one."""


class GroupForm(Form):
    """A group of testers."""

    group_name = StringField(_("Name of the group"), [Length(max=MOST_OF_A_NAME)], filters=[strip])
    addresses = TextAreaField(_("Addresses"), render_kw={"rows": 3, "spellcheck": "false"})
