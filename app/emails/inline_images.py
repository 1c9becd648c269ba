"""The pictures that go with what a person writes: how each is called, and how it stands in our own frames."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from app.cloudflare.inline_images import IN_TEXT, data_url, shown_ids, with_images
from app.emails.content import TemplateFile
from app.emails.files import contents_of

MAX_CONTENT_ID = 60
"""Characters of a picture's `cid:`; more would be hard to write."""


def content_id_for(name: str, taken: Collection[str]) -> str:
    """Make a `cid:` of a file's name: ASCII letters, digits, - and _ only, and not one of those `taken`."""
    plain = unicodedata.normalize("NFKD", name.rpartition(".")[0] or name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-").lower()[:MAX_CONTENT_ID] or "picture"
    made, number = stem, 2
    while made in taken:
        made, number = f"{stem}-{number}", number + 1
    return made


def html_with_files(session: Session, html: str, files: Sequence[TemplateFile]) -> str:
    """Give an e-mail's HTML with the pictures in it that go with it.

    They stand in the HTML itself (`data:`): a sandboxed frame has an origin of its own, and no browser sends our
    sign-in along when such a frame asks for a picture.
    """
    pictures = [one for one in files if one.content_id and one.media_type in IN_TEXT]
    if not pictures:
        return html
    wanted = shown_ids(html)
    shown = [one for one in pictures if one.content_id in wanted]
    contents = contents_of(session, (one.sha256 for one in shown))
    urls = {one.content_id: data_url(one.media_type, contents[one.sha256]) for one in shown}
    return with_images(html, urls.get)
