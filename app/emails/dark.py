"""An e-mail as a mail program shows it in dark mode, for the preview."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_OWN = "<style>:root{color-scheme:dark}</style>"
_INVERTED = (
    "<style>html{background:#ffffff;filter:invert(1) hue-rotate(180deg)}"
    "img,video{filter:invert(1) hue-rotate(180deg)}</style>"
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def has_dark_colours(html: str) -> bool:
    """Whether an e-mail brings colours of its own for dark mode."""
    return any(found[1].lower() == "dark" for found in _SCHEME.finditer(html))


def in_dark_mode(html: str) -> str:
    """Give the HTML with its dark colours on; without any, about as programs show it that darken mail themselves."""
    has_own = has_dark_colours(html)
    html = _SCHEME.sub(lambda found: "(min-width: 0)" if found[1].lower() == "dark" else "(max-width: 0)", html)
    style = _OWN if has_own else _INVERTED
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return html[:at] + style + html[at:]
