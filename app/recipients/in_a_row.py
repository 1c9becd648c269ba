"""Words in a row, such as the conditions of a filter, that are still said in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterable

from app.words import _


def in_a_row(parts: Iterable[str], both: str) -> str:
    """Put words in a row; `both` says how `first` and `second` stand together."""
    whole = ""
    for part in parts:
        whole = _(both, first=whole, second=part) if whole else part
    return whole
