"""What a person writes for a template: the words in each language, and what goes with them. Stored as one JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import JSON, TypeDecorator


class Format(enum.StrEnum):
    """How the body is written."""

    MARKDOWN = "markdown"
    """*Write*: words with a few marks, inside a layout."""
    HTML = "html"
    MJML = "mjml"


@dataclass(frozen=True, slots=True)
class Variant:
    """The words of an e-mail in one language. All four are Jinja sources."""

    subject: str = ""
    preheader: str = ""
    """What an inbox shows behind the subject."""
    body: str = ""
    """In the template's format."""
    text: str = ""
    """Empty: the text is made from the HTML."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What the author says of a variable."""

    kind: str = ""
    """A `variables.Kind`; empty: guessed from how it is used."""
    example: str = ""
    """The value in the preview when no recipient is chosen."""
    default: str = ""
    """Taken when a recipient has no value; empty: a missing value is a problem."""


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A file that goes with a template, or an image of a layout or snippet; its bytes are in `stored_file`."""

    name: str
    media_type: str
    sha256: str
    size: int
    content_id: str = ""
    """Not empty: an inline image, shown in the body as `cid:…`."""


ALL_VALUES = "*"
"""In `Content.hides`: whatever the variables are called."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a template's draft or version says."""

    format: Format = Format.HTML
    language: str = "en"
    """Tag (BCP 47) of the variant that everybody gets whose own language is not there."""
    variants: Mapping[str, Variant] = field(default_factory=lambda: {"en": Variant()})
    """Language tag to words; always holds `language`."""
    language_column: str = ""
    """Column of the list that names a recipient's language; empty: everybody gets `language`."""
    layout_id: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Default headers: name and Jinja source of the value."""
    hints: Mapping[str, Hint] = field(default_factory=dict)
    files: tuple[TemplateFile, ...] = ()
    hides: tuple[str, ...] = ()
    """Variables whose values are deleted once an e-mail was sent; `ALL_VALUES`: all of them."""

    @property
    def main(self) -> Variant:
        """The variant of the template's own language."""
        return self.variants[self.language]

    def with_variant(self, language: str, variant: Variant) -> Content:
        """Give the content with one language's words replaced or added."""
        return replace(self, variants={**self.variants, language: variant})

    def to_json(self) -> dict[str, Any]:
        """Give the stored form."""
        return {
            "format": str(self.format),
            "language": self.language,
            "variants": {tag: asdict(one) for tag, one in self.variants.items()},
            "language_column": self.language_column,
            "layout_id": self.layout_id,
            "headers": [list(pair) for pair in self.headers],
            "hints": {name: asdict(one) for name, one in self.hints.items()},
            "files": [asdict(one) for one in self.files],
            **({"hides": list(self.hides)} if self.hides else {}),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Content:
        """Read the stored form; the reverse of `to_json`."""
        return cls(
            format=Format(stored["format"]),
            language=stored["language"],
            variants={tag: Variant(**one) for tag, one in stored["variants"].items()},
            language_column=stored["language_column"],
            layout_id=stored["layout_id"],
            headers=tuple((str(name), str(value)) for name, value in stored["headers"]),
            hints={name: Hint(**one) for name, one in stored["hints"].items()},
            files=tuple(TemplateFile(**one) for one in stored["files"]),
            hides=tuple(stored.get("hides", ())),
        )


def content_of(
    subject: str,
    body: str,
    text: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    *,
    written_in: Format = Format.HTML,
    language: str = "en",
    examples: Mapping[str, str] | None = None,
    files: tuple[TemplateFile, ...] = (),
) -> Content:
    """Make a content in one language."""
    return Content(
        format=written_in,
        language=language,
        variants={language: Variant(subject, body=body, text=text)},
        headers=headers,
        hints={name: Hint(example=value) for name, value in (examples or {}).items()},
        files=files,
    )


class FilesType(TypeDecorator[tuple[TemplateFile, ...]]):
    """Files stored as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[TemplateFile, ...] | None, dialect: Dialect) -> Any:
        """Store the JSON form."""
        return None if value is None else [asdict(one) for one in value]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[TemplateFile, ...] | None:
        """Give the files back."""
        return None if value is None else tuple(TemplateFile(**one) for one in value)


class ContentType(TypeDecorator[Content]):
    """A Content stored as JSON."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Content | None, dialect: Dialect) -> Any:
        """Store the JSON form."""
        return None if value is None else value.to_json()

    def process_result_value(self, value: Any, dialect: Dialect) -> Content | None:
        """Give the Content back."""
        return None if value is None else Content.from_json(value)
