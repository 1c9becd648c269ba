"""Words in a row that each reader still gets in their own language."""

from __future__ import annotations

from collections.abc import Iterable

from app.words import _


def in_a_row(names: Iterable[str]) -> str:
    """Give at least one word as `a, b and c`."""
    *others, last = names
    return _("%(first)s and %(second)s", first=with_commas(others), second=last) if others else last


def with_commas(names: Iterable[str]) -> str:
    """Give at least one word as `a, b, c`."""
    first, *others = names
    for one in others:
        first = _("%(first)s, %(second)s", first=first, second=one)
    return first
