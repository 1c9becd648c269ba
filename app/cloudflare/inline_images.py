"""Pictures within an e-mail's text: where HTML shows one by `cid:`, and how a frame of ours shows it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from app.cloudflare.types import SendRequest

IN_TEXT = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Media types of pictures that mail programs show within the text."""
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
