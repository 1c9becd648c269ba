"""Forms of the template pages."""

from __future__ import annotations

from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import HiddenInput

from app.emails.models import Template
from app.emails.templates import Draft
from app.web.forms import Form, strip
from app.web.header_rows import given_headers

NO_LIST = 0
"""Choice of the preview: one's own sample values."""


class NameForm(Form):
    """The name of a template."""

    name = StringField(
        "Name of the template", [InputRequired("Give the template a name."), Length(max=200)], filters=[strip]
    )


class DraftForm(Form):
    """The editor."""

    number = IntegerField(widget=HiddenInput(), default=1)
    subject = StringField("Subject", render_kw={"autocomplete": "off"})
    html = TextAreaField("HTML", render_kw={"class": "code", "spellcheck": "false"})
    text = TextAreaField("Text (optional)", render_kw={"rows": 5})
    sample = TextAreaField("Sample values", render_kw={"rows": 5, "class": "mono", "spellcheck": "false"})
    preview_list = SelectField("Preview with", coerce=int, validate_choice=False, default=NO_LIST)
    preview_at = IntegerField("Person number", [Optional(), NumberRange(1, 1_000_000)], default=1, render_kw={"min": 1})

    def validate_sample(self, field: TextAreaField) -> None:
        """Refuse lines that would be lost: those that are no `name = value`."""
        for number, line in enumerate((field.data or "").splitlines(), 1):
            name, sign, _ = line.partition("=")
            if line.strip() and not (sign and name.strip()):
                raise ValidationError(f"Line {number} is not of the form name = value.")

    def stands_on(self, number: int) -> None:
        """Let the next save stand on draft `number`; WTForms would show the number that was posted again."""
        self.number.data, self.number.raw_data = number, None

    def draft(self) -> Draft:
        """Give what was written."""
        return Draft(
            subject=self.subject.data or "",
            html=self.html.data or "",
            text=self.text.data or "",
            headers=tuple(given_headers()),
            sample=sample_of(self.sample.data or ""),
        )


def draft_form(template: Template) -> DraftForm:
    """Give the editor filled with a template's draft."""
    return DraftForm(
        formdata=None,
        number=template.draft_number,
        subject=template.draft_subject,
        html=template.draft_html,
        text=template.draft_text,
        sample="\n".join(f"{name} = {value}" for name, value in template.sample_data.items()),
    )


def sample_of(lines: str) -> dict[str, str]:
    """Read sample values: a line each, `name = value`."""
    pairs = (line.partition("=") for line in lines.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
