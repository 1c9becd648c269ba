"""Pictures within the text: how each is called, and how our own frames show it.

There `cid:…` becomes an address that a browser can load.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence

from sqlalchemy.orm import Session

from app.cloudflare.types import SendRequest
from app.emails.content import TemplateFile
from app.emails.file_kinds import IN_TEXT
from app.emails.files import contents_of

MAX_CONTENT_ID = 60
"""Characters of a picture's `cid:`; more would be hard to write."""
_SHOWN = re.compile(
    r"""((?:\b(?:src|background|poster)\s*=|\burl\()\s*(?:["']|&quot;|&apos;|&\#3[49];)?\s*)cid:([\w.+@-]+)""",
    re.IGNORECASE | re.ASCII,
)
"""Where HTML shows a picture: an attribute, or `url(…)` in a style."""


def with_images(html: str, url_of: Callable[[str], str | None]) -> str:
    """Replace each `cid:` in src, background and url() by what `url_of` gives for it; None leaves it as it is."""

    def put(found: re.Match[str]) -> str:
        url = url_of(found[2])
        return found.group() if url is None else found[1] + url

    return _SHOWN.sub(put, html)


def shown_ids(*sources: str) -> set[str]:
    """Give what HTML, or its source, shows by `cid:`."""
    return {found[2] for html in sources for found in _SHOWN.finditer(html)}


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


def html_of_request(request: SendRequest) -> str:
    """Give the HTML of an e-mail with the pictures that it carries."""
    urls = {
        one.content_id: data_url(one.type, one.content)
        for one in request.attachments
        if one.content_id and one.type in IN_TEXT
    }
    return with_images(request.html or "", urls.get)


def data_url(media_type: str, content: bytes) -> str:
    """Give a picture as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
