"""What the checks look at: one e-mail, as it was written and as it was rendered with sample data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that goes with the e-mail; `size` in bytes, `content_id` empty for a plain attachment."""

    name: str
    media_type: str
    size: int
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class CheckedEmail:
    """An e-mail rendered with sample data, beside its source."""

    subject: str
    preheader: str
    html: str
    """With its CSS inlined; media queries stay in the head."""
    text: str
    body: str
    """The source as the author wrote it: Markdown, HTML or MJML, with Jinja's tags. Line numbers come from it."""
    text_is_made: bool
    """Whether Postroom made the text part from the HTML."""
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[CheckedFile, ...] = ()
    language: str = "en"
    has_layout: bool = True
    """Whether what the author did not write can come from a layout."""
