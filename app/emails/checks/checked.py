"""The e-mail that is checked, with its HTML read once for all checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree
from lxml import html as lxml_html


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that goes with the e-mail."""

    name: str
    media_type: str
    size: int
    content_id: str = ""
    """Not empty: an inline image."""


@dataclass(frozen=True)
class CheckedEmail:
    """An e-mail as one person would get it, and the source it was written in."""

    subject: str
    preheader: str
    html: str
    """Rendered, with the styles inlined; media queries stand in a style element."""
    text: str
    body: str
    """As the author wrote it: where line numbers come from."""
    text_is_made: bool
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[CheckedFile, ...] = field(default_factory=tuple)
    language: str = "en"

    @cached_property
    def document(self) -> etree._Element | None:
        """The HTML's tree; None when there is none."""
        if not self.html.strip():
            return None
        try:
            return lxml_html.document_fromstring(self.html.encode("utf-8", "replace"), parser=_parser())
        except (etree.ParserError, ValueError):
            return None

    def elements(self, *names: str) -> list[etree._Element]:
        """Give the elements of these names in order."""
        return [] if self.document is None else list(self.document.iter(*names))


def _parser() -> lxml_html.HTMLParser:
    return lxml_html.HTMLParser(encoding="utf-8", remove_comments=True)


def words_of(element: etree._Element) -> str:
    """Give the text within an element, on one line."""
    return " ".join("".join(element.itertext()).split())
