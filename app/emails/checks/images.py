"""Images: words for those who do not see them, and whether they will be there."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from app.emails.checks.checked import CheckedEmail, words_of
from app.emails.checks.finding import Finding, hint, warning

LARGE = 1_000_000
"""Bytes of an image that takes long to load on a phone."""


def check_images(email: CheckedEmail) -> Iterator[Finding]:
    """Check every image and every inline file."""
    ids = {one.content_id for one in email.files if one.content_id}
    shown: set[str] = set()
    for image in email.elements("img"):
        source = (image.get("src") or "").strip()
        if source.startswith("cid:"):
            shown.add(source.removeprefix("cid:"))
        if _is_dot(image):
            words = "There is an image of one pixel, as used to track who opens an e-mail."
            yield hint("tracking_image", words, "Take it out: people and filters do not like it.", source)
            continue
        yield from _words(image, source)
        yield from _source(source, ids)
        if not image.get("width") and "width" not in (image.get("style") or ""):
            words = "An image has no width, so Outlook shows it as large as the file is."
            yield hint("no_width", words, "Give it a width in pixels.", source)
    for one in email.files:
        if one.content_id and f"cid:{one.content_id}" not in email.html:
            words = f"The picture “{one.name}” is sent along, but shown nowhere."
            yield warning("never_shown", words, "Put it into the text, or remove it.", place="files")
        if one.media_type.startswith("image/") and one.size > LARGE:
            words = f"The picture “{one.name}” has {one.size / 1_000_000:.1f} MB."
            yield warning("large_image", words, "Make it smaller: 600 to 1,200 pixels wide are enough.", place="files")


def _words(image: etree._Element, source: str) -> Iterator[Finding]:
    alt = image.get("alt")
    if alt is None:
        words = "An image has no words for people who do not see it."
        yield warning("no_alt", words, "Describe it in “alt”; leave alt empty when it is only decoration.", source)
        return
    parent = image.getparent()
    if parent is not None and parent.tag == "a" and not alt.strip() and not words_of(parent):
        words = "A link holds only an image without words, so nobody can hear where it leads."
        yield warning("silent_link", words, "Say in “alt” where the link leads.", source)


def _source(source: str, ids: set[str]) -> Iterator[Finding]:
    lower = source.lower()
    if not source:
        yield warning("no_source", "An image has no address.", "Choose an image, or take it out.")
    elif lower.startswith("cid:"):
        if source[4:] not in ids:
            words = f"The picture “{source[4:]}” is not among the template's files."
            yield warning("no_file", words, "Upload it under Files and images, or take it out.", source)
    elif lower.startswith("data:"):
        words = "An image stands in the e-mail itself as data, which Gmail and Outlook do not show."
        yield warning("data_image", words, "Upload it under Files and images instead.", source[:40])
    elif lower.startswith("http:"):
        words = "An image comes over http, which many programs do not load."
        yield warning("http_image", words, "Use an address that begins with https.", source)
    if lower.split("?")[0].endswith(".svg"):
        yield warning("svg_image", "SVG pictures are not shown by Gmail and Outlook.", "Use PNG or JPEG.", source)


def _is_dot(image: etree._Element) -> bool:
    return {image.get("width"), image.get("height")} <= {"0", "1", "1px", "0px"} and image.get("width") is not None
