"""What every reader of files gives: rows of cells, each with the number of its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LOOKED_AT = 500
"""Rows at the beginning of a file that its sheet, headers and columns are guessed from."""
LOOKS_LIKE_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+\Z")


class Row(NamedTuple):
    """Cells as typed, and the number of the line in the file where the row begins (from 1)."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person said about reading a file. Empty or 0: find it."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_line: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """A file as its reader gives it: all rows, the blank ones too. What does not apply is empty."""

    kind: str
    """`CSV`, `workbook` or `vCard`."""
    rows: Iterator[Row]
    encoding: str = ""
    delimiter: str = ""
    sheets: Sequence[str] = ()
    """Sheets that are shown and have rows."""
    sheet: str = ""
    total: int = 0
    """Rows, where the reader knows it beforehand."""
