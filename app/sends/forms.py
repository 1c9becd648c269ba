"""Forms of the send pages."""

from __future__ import annotations

from wtforms import EmailField, FileField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import Length

from app.sends.models import SendKind
from app.web.forms import Form, strip
from app.web.numbers import row_number


def chosen_row(value: object) -> int:
    """Read the number of what was chosen; 0, which is no row's number, for anything odd: the rules ask for it then."""
    try:
        return row_number(str(value))
    except ValueError:
        return 0


class WhatForm(Form):
    """Which template, and to whom."""

    version = SelectField("Template", coerce=chosen_row, validate_choice=False)
    kind = RadioField(
        "To whom",
        choices=[
            (str(SendKind.LIST), "Everybody on a list, one e-mail each"),
            (str(SendKind.DIRECT), "One e-mail to addresses I type in"),
        ],
        default=str(SendKind.LIST),
    )
    list = SelectField("List", coerce=chosen_row, validate_choice=False)
    to = TextAreaField("To", render_kw={"rows": 2, "spellcheck": "false"})
    cc = TextAreaField("Cc", render_kw={"rows": 1, "spellcheck": "false"})
    bcc = TextAreaField("Bcc", render_kw={"rows": 1, "spellcheck": "false"})

    def addresses(self) -> dict[str, str]:
        """Give what was typed."""
        return {"to": self.to.data or "", "cc": self.cc.data or "", "bcc": self.bcc.data or ""}


class SenderForm(Form):
    """From whom, and with which headers."""

    sender = SelectField("Sender", coerce=chosen_row, validate_choice=False)
    reply_to = EmailField("Answers go to (optional)", [Length(max=254)], filters=[strip])


class FileForm(Form):
    """One more file."""

    file = FileField("File")


class PersonFilesForm(Form):
    """A file for each person: the column that names it, and the ZIP file that brings it."""

    file_column = SelectField("Column that names each person's file", validate_choice=False)
    archive = FileField("ZIP file", render_kw={"accept": ".zip,application/zip"})


class SendAgainForm(Form):
    """Send again to those not reached: with which version, to which groups."""

    version = SelectField("Template", coerce=chosen_row, validate_choice=False)
    groups = SelectMultipleField("Whose e-mail ended so", validate_choice=False)
