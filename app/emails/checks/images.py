"""Pictures: their words, their place of origin, their size and their format."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from app.emails.checks.finding import Severity
from app.emails.checks.links import spoken
from app.emails.checks.looks import change_of
from app.emails.checks.reading import Observed, Reading
from app.emails.checks.styles import declarations
from app.words import _

LARGE_FILE = 1_000_000
"""Bytes of a picture from which on it loads slowly on a phone."""
SHOWN = 60
"""Characters of an address in a message."""


def check_images(reading: Reading) -> Iterator[Observed]:
    """Check every `img` of the e-mail."""
    known = {one.content_id.strip("<>") for one in reading.email.files if one.content_id}
    for image in reading.tagged("img"):
        source = (image.get("src") or "").strip()
        if is_pixel(image):
            continue  # the tracking check has a word for it
        yield from _check_words(image, source)
        yield from _check_source(image, source, known)
        if source and not _has_width(image):
            words = _("%(name)s has no width: Outlook for Windows shows it in its full size.", name=_name(source))
            remedy = _('Give the width in pixels, for example width="600".')
            yield Observed("image_width", Severity.HINT, words, remedy, (source,))


def check_image_files(reading: Reading) -> Iterator[Observed]:
    """Check the picture files that go with the e-mail."""
    html = unquote(reading.email.html)
    for file in reading.email.files:
        if not file.media_type.lower().startswith("image/"):
            continue
        if file.size > LARGE_FILE:
            words = _(
                "The picture “%(name)s” has %(size)s MB.", name=file.name, size=Decimal(f"{file.size / 1_000_000:.1f}")
            )
            remedy = _("Make it smaller: twice the width at which it is shown is enough, as a rule below 0.2 MB.")
            yield Observed("image_large", Severity.WARNING, words, remedy, (file.name,), "files")
        if file.content_id and f"cid:{file.content_id.strip('<>')}" not in html:
            words = _("The picture “%(name)s” goes with the e-mail but is not shown in it.", name=file.name)
            remedy = _("Put it into the message, or remove the file.")
            yield Observed("image_unused", Severity.WARNING, words, remedy, (file.name,), "files")


def is_pixel(image: Any) -> bool:
    """Whether a picture is one pixel or less: nobody sees it, it only tells its server who reads."""
    sizes = [(image.get(name) or "").strip().removesuffix("px") for name in ("width", "height")]
    if all(size in {"0", "1"} for size in sizes):
        return True
    found = {one.lower_name: one.value for one in declarations(image.get("style") or "")}
    return all(_is_tiny(found.get(name, [])) for name in ("width", "height"))


def _is_tiny(value: Any) -> bool:
    return any(token.type in {"dimension", "number"} and token.value <= 1 for token in value)


def _check_words(image: Any, source: str) -> Iterator[Observed]:
    if image.get("alt") is None and not _is_decoration(image) and not _is_all_of_a_link(image):
        words = _(
            "%(name)s has no words for people who cannot see it; many programs show no pictures at first.",
            name=_name(source),
        )
        remedy = _('Say in its description (alt) what it shows; leave the description empty (alt="") for decoration.')
        yield Observed("image_alt", Severity.WARNING, words, remedy, (source,))


def _is_all_of_a_link(image: Any) -> bool:
    """Whether a link has nothing but this picture; the check of links has a word for it."""
    link = next(image.iterancestors("a"), None)
    return link is not None and link.get("href") is not None and not spoken(link)


def _is_decoration(image: Any) -> bool:
    hidden = image.get("aria-hidden") == "true" or image.get("role") in {"presentation", "none"}
    return hidden or bool(change_of((image.get("style") or "",)).hidden)


def _check_source(image: Any, source: str, known: set[str]) -> Iterator[Observed]:
    lower = source.lower()
    if not source:
        words = _("A picture has no address, so nothing is shown.")
        excerpts = (image.get("alt") or "", "<img")
        yield Observed("image_source", Severity.WARNING, words, _("Choose its file, or remove the picture."), excerpts)
    elif lower.startswith("cid:"):
        if unquote(source[4:]) not in known:
            words = _("%(name)s is not among the files of this e-mail, so nothing is shown.", name=_name(source))
            remedy = _("Add the file, or choose another picture.")
            yield Observed("image_file_missing", Severity.ERROR, words, remedy, (source,))
    elif lower.startswith("data:"):
        words = _("A picture is written into the HTML itself; Gmail and others do not show those.")
        remedy = _("Upload it as a file and put it in from there.")
        yield Observed("image_data", Severity.WARNING, words, remedy, (source[:SHOWN], "data:image"))
    elif lower.startswith("http:"):
        words = _("%(name)s is loaded over http, which some programs refuse.", name=_name(source))
        yield Observed("image_http", Severity.WARNING, words, _("Write its address with https://."), (source,))
    elif not lower.startswith(("https:", "//")):
        words = _("%(name)s has no web address before its name, so no mail program can find it.", name=_name(source))
        remedy = _("Upload the picture as a file, or write its whole address, from https:// on.")
        yield Observed("image_source", Severity.WARNING, words, remedy, (source,))


def _has_width(image: Any) -> bool:
    if (image.get("width") or "").strip():
        return True
    return any(one.lower_name in {"width", "max-width"} for one in declarations(image.get("style") or ""))


def _name(source: str) -> str:
    """Name a picture by the last part of its address."""
    if not source or source.lower().startswith("data:"):
        return _("A picture")
    name = source.partition("?")[0].rstrip("/").rpartition("/")[2] or source
    return _("The picture “%(name)s”", name=name.removeprefix("cid:")[:SHOWN])
