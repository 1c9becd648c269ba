"""Browsers in words, so that people know their own again."""

from __future__ import annotations

from functools import lru_cache

from ua_parser import parse

UNKNOWN = "Unknown browser"


@lru_cache(maxsize=256)
def browser_in_words(header: str) -> str:
    """Give the browser and the system of a `User-Agent` header as it is kept: `Firefox on Windows` (`said_browser`)."""
    header = "".join(sign for sign in header[:500] if sign.isprintable())
    found = parse(header)
    browser = found.user_agent.family if found.user_agent else header.split("/", maxsplit=1)[0].strip()[:40]
    system = found.os.family if found.os else ""
    return f"{browser or UNKNOWN} on {system}" if system else browser or UNKNOWN
