"""Words in a row that may be kept: each reader gets all of it in their own language."""

from __future__ import annotations

from collections.abc import Sequence

from app.words import _


def in_row(items: Sequence[str]) -> str:
    """Put words in a row: `a, b, c`."""
    whole = items[0] if items else ""
    for one in items[1:]:
        whole = _("%(first)s, %(second)s", first=whole, second=one)
    return whole


def in_sentence(clauses: Sequence[str]) -> str:
    """Join clauses: `the list has changed and the sender was removed`."""
    if len(clauses) < 2:
        return in_row(clauses)
    return _("%(first)s and %(last)s", first=in_row(clauses[:-1]), last=clauses[-1])


def all_of(names: Sequence[str]) -> str:
    """Join what is meant together: `Members, and Staff`."""
    if len(names) < 2:
        return in_row(names)
    return _("%(first)s, and %(last)s", first=in_row(names[:-1]), last=names[-1])
