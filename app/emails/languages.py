"""Languages of a template's variants: their names, their direction, and which one a recipient gets."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from app.words import _, language_named

OFFERED = (
    "en en-GB en-US fr de es it pt pt-BR nl pl cs sk hu ro bg el tr ru uk lt lv et fi sv da nb is ga cy gd sl hr sr sq "
    "mk ar he fa ur ps ku hi bn pa gu ta te ml si ne zh-Hans zh-Hant ja ko vi th id ms tl sw so am ti"
).split()
"""Tags (BCP 47) offered for a new variant."""
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


@lru_cache(maxsize=256)
def locale_of(tag: str) -> Locale | None:
    """Give Babel's locale of a tag; None when it knows none."""
    if not _TAG.match(tag) or len(tag) > 35:
        return None
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def is_language(tag: str) -> bool:
    """Whether a tag names a language."""
    return locale_of(tag) is not None


def language_name(tag: str) -> str:
    """Give a language's name in the reader's language: `French`; the tag itself when it is not known."""
    return language_named(tag) if is_language(tag) else tag


def in_language(tag: str, words: str) -> str:
    """Say in front of words which language of an e-mail they are about."""
    return _("%(language)s: %(words)s", language=language_name(tag), words=words)


def direction(tag: str) -> str:
    """Give `rtl` for languages that are written from right to left, else `ltr`."""
    locale = locale_of(tag)
    return "rtl" if locale is not None and locale.character_order == "right-to-left" else "ltr"


def choose(wanted: str, offered: Collection[str], fallback: str) -> str:
    """Give the language a recipient gets: the one their cell names, the same without its region, or the fallback.

    A cell may hold a tag (`fr-CA`, `fr_CA`) or a name, English or the language's own (`French`, `français`).
    """
    cell = wanted.strip().lower().replace("_", "-")
    if not cell:
        return fallback
    for tag in offered:
        if cell == tag.lower() or cell in _names(tag):
            return tag
    first = cell.split("-")[0]
    return next((tag for tag in offered if tag.lower().split("-")[0] == first), fallback)


@lru_cache(maxsize=256)
def _names(tag: str) -> frozenset[str]:
    locale = locale_of(tag)
    if locale is None:
        return frozenset()
    names = (locale.get_display_name("en"), locale.get_display_name(), locale.get_language_name("en"))
    return frozenset(name.lower() for name in names if name)
