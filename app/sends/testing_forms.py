"""Forms of the pages of test e-mails."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

from app.sends.forms import chosen_row
from app.sends.testers import MOST_OF_A_NAME, MOST_TESTERS
from app.sends.testing import What
from app.web.forms import Form, strip

EXAMPLES, RECIPIENT = "examples", "recipient"
WHOSE = [(EXAMPLES, "The examples of the template"), (RECIPIENT, "A recipient of a list")]
NO_GROUP = 0


class ToTestersForm(Form):
    """What is tested, to whom it goes, and with whose data."""

    what = RadioField("What", default=str(What.DRAFT), validate_choice=False)
    language = SelectField("Language", default="", validate_choice=False)
    myself = BooleanField("Myself", default=True)
    addresses = TextAreaField(f"Other addresses, up to {MOST_TESTERS}", render_kw={"rows": 2, "spellcheck": "false"})
    group_name = StringField(
        "Keep these addresses as a group named (optional)", [Length(max=MOST_OF_A_NAME)], filters=[strip]
    )
    group = SelectField("Group", coerce=chosen_row, default=NO_GROUP, validate_choice=False)
    sender = SelectField("Sender", coerce=chosen_row, validate_choice=False)
    whose = RadioField(
        "Whose data",
        choices=WHOSE,
        default=EXAMPLES,
        validate_choice=False,
    )
    list = SelectField("List", coerce=chosen_row, validate_choice=False)
    find = StringField("Address or name begins with", filters=[strip], render_kw={"autocomplete": "off"})
    person = IntegerField(None, [Optional()], widget=HiddenInput(), default=0)
    """Recipient to begin with when nothing is typed in `find`; 0: the first one."""


class GroupForm(Form):
    """A group of testers."""

    group_name = StringField("Name of the group", [Length(max=MOST_OF_A_NAME)], filters=[strip])
    addresses = TextAreaField("Addresses", render_kw={"rows": 3, "spellcheck": "false"})
