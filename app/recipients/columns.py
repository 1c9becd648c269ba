"""What the cells of a list's column hold. Cells are kept as typed, whatever their kind: it decides how they compare."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from app.words import _, _p

MOST_COLUMNS = 200
"""Columns of one list."""


class ColumnKind(enum.StrEnum):
    """What a person says that a column holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    FILE = "file"
    """Names of files, one for each person, that a send attaches."""


KIND_WORDS: Mapping[ColumnKind, str] = {
    ColumnKind.TEXT: _("Text"),
    ColumnKind.NUMBER: _p("kind of value", "Number"),
    ColumnKind.DATE: _("Date"),
    ColumnKind.YES_NO: _("Yes or no"),
    ColumnKind.FILE: _("File name"),
}
"""What people read for each kind."""
KIND_WORDS_INSIDE: Mapping[ColumnKind, str] = {
    ColumnKind.TEXT: _("text"),
    ColumnKind.NUMBER: _("number"),
    ColumnKind.DATE: _("date"),
    ColumnKind.YES_NO: _("yes or no"),
    ColumnKind.FILE: _("file name"),
}
"""The same inside a sentence."""


def kind_of(kinds: Mapping[str, str], column: str) -> ColumnKind:
    """Give a column's kind from what a list keeps (`RecipientList.column_kinds`); text when nobody said anything."""
    return ColumnKind(kinds.get(column, ColumnKind.TEXT))
