"""Base of every form."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.form import BaseForm
from wtforms.i18n import DummyTranslations, get_translations

from app import words
from app.refusals import Refused


@lru_cache(maxsize=8)
def library_words(tag: str) -> Any:
    """Give WTForms' own messages in a language."""
    return DummyTranslations() if tag == words.FALLBACK else get_translations([tag])


def strip(value: Any) -> Any:
    """Take outer white space off a text."""
    return value.strip() if isinstance(value, str) else value


class Form(FlaskForm):  # type: ignore[misc]
    """A form with CSRF protection whose refusals appear beside their field."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """What all forms share."""

        def get_translations(self, form: BaseForm) -> Any:
            """Let the messages that come with the library speak the reader's language."""
            return library_words(words.language())

    def show(self, refusal: Refused) -> None:
        """Put a rule's refusal beside the field it belongs to, or above the form when it belongs to none."""
        field: Field | None = self._fields.get(refusal.field)
        if field is None:
            self.form_errors.append(refusal.words)
        else:
            field.errors = [*field.errors, refusal.words]
