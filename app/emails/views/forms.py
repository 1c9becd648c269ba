"""Forms of the template pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import request
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from app.emails.content import Content, Format, Hint, Variant
from app.emails.models import Template
from app.emails.preview import VIEW_WORDS, View
from app.web.forms import Form, strip
from app.web.header_rows import given_headers
from app.words import _

EXAMPLES = 0
"""Choice of the preview: the examples of the variables."""
NO_LAYOUT = 0
MOST_OF_A_NAME = 200
"""Characters of a column's name."""
FORMAT_WORDS = {Format.MARKDOWN: _("Write"), Format.HTML: "HTML", Format.MJML: _("MJML")}


class NameForm(Form):
    """The name of a template."""

    name = StringField(
        _("Name of the template"), [InputRequired(_("Give the template a name.")), Length(max=200)], filters=[strip]
    )


class DraftForm(Form):
    """The editor: one language's words, and what all languages share."""

    number = IntegerField(widget=HiddenInput(), default=1)
    variant = StringField(widget=HiddenInput(), default="")
    """Tag of the language whose words are in the form."""
    layout = SelectField(_("Layout"), coerce=int, validate_choice=False, default=NO_LAYOUT)
    subject = StringField(_("Subject"), render_kw={"autocomplete": "off", "data-takes-variables": ""})
    preheader = StringField(_("Preheader"), render_kw={"autocomplete": "off", "data-takes-variables": ""})
    body = TextAreaField(_("Body"), render_kw={"class": "code", "spellcheck": "true"})
    text = TextAreaField(_("Text part (optional)"), render_kw={"rows": 5, "data-editor": "text"})
    language_column = StringField(_("Column that names each person's language"), render_kw={"autocomplete": "off"})
    new_language = SelectField(_("Language to add"), validate_choice=False)
    preview_list = SelectField(_("Preview with"), coerce=int, validate_choice=False, default=EXAMPLES)
    preview_person = IntegerField(None, [Optional()], widget=HiddenInput(), default=0)
    """Recipient of that list; 0: the first."""
    view = RadioField(
        _("View"),
        choices=[(str(one), words) for one, words in VIEW_WORDS.items()],
        default=str(View.DESKTOP),
        validate_choice=False,
    )

    def stands_on(self, number: int) -> None:
        """Let the next save stand on draft `number`; WTForms would show the number that was posted again."""
        self.number.data, self.number.raw_data = number, None

    def language(self, draft: Content) -> str:
        """Give the tag of the language whose words are in the form."""
        tag = self.variant.data or ""
        return tag if tag in draft.variants else draft.language

    def content(self, before: Content) -> Content:
        """Give the draft with what was written in its place; what this form does not show stays as it was."""
        words = Variant(
            subject=self.subject.data or "",
            preheader=self.preheader.data or "",
            body=self.body.data or "",
            text=self.text.data or "",
        )
        return replace(
            before.with_variant(self.language(before), words),
            language_column=" ".join((self.language_column.data or "").split())[:MOST_OF_A_NAME],
            layout_id=self.layout.data or None,
            headers=tuple(given_headers()),
            hints=given_hints(),
        )


def draft_form(template: Template, language: str) -> DraftForm:
    """Give the editor filled with one language of a template's draft."""
    words = template.draft.variants[language]
    return DraftForm(
        formdata=None,
        number=template.draft_number,
        variant=language,
        layout=template.draft.layout_id or NO_LAYOUT,
        language_column=template.draft.language_column,
        subject=words.subject,
        preheader=words.preheader,
        body=words.body,
        text=words.text,
    )


def given_hints() -> dict[str, Hint]:
    """Read the table of variables: a row each of name, kind, example and “if missing”."""
    columns: Sequence[list[str]] = [
        request.form.getlist(f"hint_{part}") for part in ("name", "kind", "example", "default")
    ]
    rows = (tuple(cell.strip() for cell in row) for row in zip(*columns, strict=False))
    return {name: Hint(kind, example, default) for name, kind, example, default in rows if name}
