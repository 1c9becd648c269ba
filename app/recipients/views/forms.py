"""Forms of the list pages."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from flask_wtf.file import FileField
from wtforms import BooleanField, EmailField, Field, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.recipients.checking import MAX_CELL
from app.recipients.columns import KIND_WORDS
from app.recipients.lists import MAX_LIST_NAME
from app.recipients.models import Recipient
from app.refusals import Doubted, Refused
from app.web.forms import Form, strip
from app.words import _

ACCEPTED = ".csv,.tsv,.txt,.xlsx,.xlsm,.ods,.vcf,text/csv,text/tab-separated-values,text/plain,text/vcard"


class NewListForm(Form):
    """People from a file or from pasted text; the name is of a new list."""

    name = StringField(_("Name of the list"), [Length(max=MAX_LIST_NAME)], filters=[strip])
    file = FileField(_("Spreadsheet or CSV file"), render_kw={"accept": ACCEPTED})
    pasted = TextAreaField(_("Or paste the rows here"), render_kw={"rows": 8, "spellcheck": "false", "wrap": "off"})

    def content(self) -> tuple[BinaryIO | None, str]:
        """Give what was uploaded or pasted (as UTF-8), and the file's name (empty for a paste); None: neither."""
        upload = self.file.data
        if upload is not None and upload.filename:
            return upload.stream, upload.filename
        pasted = (self.pasted.data or "").strip("\r\n")
        return (io.BytesIO(pasted.encode("utf-8", "replace")), "") if pasted.strip() else (None, "")


class NameForm(Form):
    """The name of a list."""

    name = StringField(
        _("Name of the list"), [InputRequired(_("Give the list a name.")), Length(max=MAX_LIST_NAME)], filters=[strip]
    )


_KINDS = [(str(kind), words) for kind, words in KIND_WORDS.items()]


class ColumnForm(Form):
    """A new column of a list."""

    column_name = StringField(_("Name of the new column"), filters=[strip])
    kind = SelectField(_("What it holds"), choices=_KINDS)


class ColumnNameForm(Form):
    """Another name for a column."""

    column_name = StringField(_("Name of the column"), filters=[strip])


class ColumnKindForm(Form):
    """What a column holds."""

    kind = SelectField(_("What the column holds"), choices=_KINDS)


class SetColumnForm(Form):
    """One text for one column of many people."""

    column = SelectField(_("Column to change"))
    value = StringField(_("New value (empty: the cell is emptied)"), [Length(max=MAX_CELL)], filters=[strip])

    def offer(self, columns: Sequence[str]) -> None:
        """Offer the columns of a list."""
        self.column.choices = [(column, column) for column in columns]


class AddressForm(Form):
    """An address typed by hand, which may be doubted: then the form also asks whether it is right."""

    as_typed = BooleanField(_("It is right as typed"))
    is_doubted = False

    def show(self, refusal: Refused) -> None:
        """Put a refusal beside its field, and ask back when it is a doubt."""
        super().show(refusal)
        self.is_doubted = isinstance(refusal, Doubted)

    @property
    def asks_back(self) -> bool:
        """Whether the question is shown: an answer that was given stays."""
        return self.is_doubted or bool(self.as_typed.data)


class RecipientForm(AddressForm):
    """One person; `recipient_form` adds a field for each column of the list."""

    email = EmailField(_("E-mail address"), [InputRequired(_("Enter the person's e-mail address."))], filters=[strip])
    name = StringField(_("Name (optional)"), filters=[strip])

    def column_fields(self) -> list[Field]:
        """Give the fields of the list's own columns, in their order."""
        return [field for key, field in self._fields.items() if key.startswith(COLUMN)]

    def data_of_columns(self) -> dict[str, str]:
        """Give column to text; browsers post line breaks as CR LF."""
        return {
            field.name.removeprefix(COLUMN): (field.data or "").replace("\r\n", "\n") for field in self.column_fields()
        }


COLUMN = "column-"
"""Begins the field names of columns, so that none can be taken for another field of the form."""


def recipient_form(columns: Sequence[str], recipient: Recipient | None = None) -> RecipientForm:
    """Make the form of one person with a field for each column of their list."""
    values: Mapping[str, str] = recipient.data if recipient else {}
    kind = type("RecipientForm", (RecipientForm,), {})
    for column in columns:
        several_lines = any(sign in values.get(column, "") for sign in "\r\n")
        widget = TextAreaField if several_lines else StringField
        setattr(kind, f"{COLUMN}{column}", widget(column, filters=[strip]))
    stored = {f"{COLUMN}{column}": values.get(column, "") for column in columns}
    if recipient is not None:
        stored |= {"email": recipient.email, "name": recipient.name}
    form: RecipientForm = kind(data=stored)
    return form
