"""A single file of another program, as a template: its encoding found, its braces kept when they are not ours."""

from __future__ import annotations

import re
from pathlib import PurePath

from charset_normalizer import from_bytes

from app.emails.bundle import BundledTemplate
from app.emails.content import Content, Format, Variant
from app.emails.templates import MOST_CHARACTERS
from app.refusals import Refused
from app.words import _

FORMATS = {
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".mjml": Format.MJML,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
}
"""By the end of the file's name."""
PASTED = {Format.HTML: "Pasted e-mail.html", Format.MJML: "Pasted e-mail.mjml", Format.MARKDOWN: "Pasted e-mail.md"}
"""The name that a pasted source gets."""
MARK = "\ufeff"
"""Says only that a text is Unicode, and belongs to none."""
_RAW = ("{% raw %}", "{% endraw %}")
_ENDS_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_TITLE = re.compile(r"<(title|mj-title)\b[^>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)


def read_single(file_name: str, content: bytes, *, keep_braces: bool = False) -> BundledTemplate:
    """Make a template of a file; with `keep_braces` nothing in it is a gap. Raises Refused."""
    path = PurePath(file_name.replace("\\", "/"))
    written_in = FORMATS.get(path.suffix.lower())
    if written_in is None:
        raise Refused(_("Choose a ZIP file, or a single file that ends in .html, .mjml or .md."), field="file")
    text = decoded(path.name, content)
    if len(text) > MOST_CHARACTERS:
        words = _(
            "“%(path)s” is longer than %(most_characters)s characters, which no e-mail can be.",
            path=path.name,
            most_characters=MOST_CHARACTERS,
        )
        raise Refused(words, field="file")
    body = as_written(path.name, text) if keep_braces else text
    name = " ".join(path.stem.replace("_", " ").replace("\0", "").split())[:200] or "Imported"
    variant = Variant(subject=_subject(text, written_in), body=body)
    return BundledTemplate(name, Content(format=written_in, variants={"en": variant}))


def decoded(name: str, content: bytes) -> str:
    """Give the text of a file, whatever it was saved as. Raises Refused when it is no text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        best = from_bytes(content).best()
        if best is None:
            raise Refused(
                _("“%(name)s” is no text that can be read. Save it as UTF-8.", name=name), field="file"
            ) from None
        text = content.decode(best.encoding)  # charset-normalizer's own text has other line ends
    if "\0" in text:
        raise Refused(_("“%(name)s” has a null character in it: it is no text, or damaged.", name=name), field="file")
    return text.removeprefix(MARK)


def as_written(name: str, text: str) -> str:
    """Wrap a text so that its braces stay as they are. Raises Refused when it says itself where that ends."""
    if _ENDS_RAW.search(text):
        words = _(
            "“%(name)s” has a {%% endraw %%} of its own, so its braces cannot be kept. Import it without that choice.",
            name=name,
        )
        raise Refused(words, field="file")
    return f"{_RAW[0]}{text}{_RAW[1]}"


def _subject(text: str, written_in: Format) -> str:
    """Take the title as the subject, when it is plain words."""
    found = None if written_in is Format.MARKDOWN else _TITLE.search(text)
    words = " ".join(found[2].split()) if found else ""
    return "" if re.search(r"[{}<>&]", words) else words[:200]
