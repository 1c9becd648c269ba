"""What the cells of a list's column hold. Cells are kept as typed, whatever their kind: it decides how they compare."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class ColumnKind(enum.StrEnum):
    """What a person says that a column holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    FILE = "file"
    """Names of files, one for each person, that a send attaches."""


KIND_WORDS: Mapping[ColumnKind, str] = {
    ColumnKind.TEXT: "Text",
    ColumnKind.NUMBER: "Number",
    ColumnKind.DATE: "Date",
    ColumnKind.YES_NO: "Yes or no",
    ColumnKind.FILE: "File name",
}
"""What people read for each kind."""


def kind_of(kinds: Mapping[str, str], column: str) -> ColumnKind:
    """Give a column's kind from what a list keeps (`RecipientList.column_kinds`); text when nobody said anything."""
    return ColumnKind(kinds.get(column, ColumnKind.TEXT))
