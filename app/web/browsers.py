"""Browsers in words, so that people know their own again."""

from __future__ import annotations

from ua_parser import parse

from app.words import _

UNKNOWN = _("Unknown browser")


def browser_in_words(header: str) -> str:
    """Give the browser and the system of a `User-Agent` header: `Firefox on Windows`."""
    found = parse(header[:500])
    browser = found.user_agent.family if found.user_agent else header.split("/", maxsplit=1)[0].strip()[:40]
    system = found.os.family if found.os else ""
    return _("%(value)s on %(system)s", value=browser or UNKNOWN, system=system) if system else browser or UNKNOWN
