"""Base of every form."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field

from app.refusals import Refused


def strip(value: Any) -> Any:
    """Take outer white space off a text."""
    return value.strip() if isinstance(value, str) else value


class Form(FlaskForm):  # type: ignore[misc]
    """A form with CSRF protection whose refusals appear beside their field."""

    def show(self, refusal: Refused) -> None:
        """Put a rule's refusal beside the field it belongs to, or above the form when it belongs to none."""
        field: Field | None = self._fields.get(refusal.field)
        if field is None:
            self.form_errors.append(refusal.words)
        else:
            field.errors = [*field.errors, refusal.words]
