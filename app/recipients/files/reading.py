"""From a file to rows of cells, whatever kind of file it is: one header row and an iterator over the rows under it.

Knows nothing of people or lists. Rows come one by one, so that a million of them need no more memory than one. All
that cannot be read is `Refused` in words that say what to do, sometimes only when its row is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from app.recipients.checking import clean_address
from app.recipients.files.file_kinds import Reader, reader_of
from app.recipients.files.grid import LOOKED_AT, LOOKS_LIKE_ADDRESS, Choices, Grid, Row
from app.recipients.files.reading_text import open_text
from app.recipients.files.reading_vcard import open_vcard
from app.recipients.files.reading_workbook import open_workbook
from app.recipients.naming import EMAIL_HEADERS, plain
from app.refusals import Refused
from app.words import _

MAX_UPLOAD = 256 * 1024 * 1024
"""Bytes of one file of text."""
MAX_COLUMNS = 200
MAX_HEADER = 200
"""Characters of a column's name."""
MAX_ROWS = 2_000_000
"""Filled rows of one file."""

HEADER_IN = 30
"""Filled rows among which the header row is looked for."""


@dataclass(frozen=True, slots=True)
class Table:
    """A header row and the rows under it, without blank ones. `rows` can be gone through once.

    Where the file has none, the header has the line of the first person, and names only the address.
    """

    grid: Grid
    header: Row
    first: list[Row]
    """The rows of the beginning, those above the header too, to choose another header from."""
    sample: list[Row]
    """The first rows under the header; `rows` gives them again."""
    rows: Iterator[Row]


def open_table(file: BinaryIO, choices: Choices | None = None) -> Table:
    """Open a file or a paste (as bytes). Raises Refused when it is too large, no table, or has no header row.

    `may_lack_header`: where a person stands in its place, as in bare addresses, the columns are given names.
    """
    choices = choices or Choices()
    file.seek(0, 2)
    if file.tell() > MAX_UPLOAD:
        raise Refused(
            _(
                "The file is larger than %(most)s MiB. Split it, or remove columns that no template uses.",
                most=MAX_UPLOAD // 1024 // 1024,
            )
        )
    grid = _grid(file, choices)
    rows = _filled_rows(grid.rows)
    first = list(islice(rows, LOOKED_AT))
    if not first:
        raise Refused(_("There is nothing in it: no header row and no people."))
    header = _chosen_header(first, choices.header_line) or _find_header(first)
    sample = [row for row in first if row.line > header.line]
    if any(_is_address(cell) for cell in header.cells):  # a person already: nobody wrote names above
        sample.insert(0, header)
        header = Row(header.line, ["email" if _is_address(cell) else "" for cell in header.cells])
    _check_header(header)
    if not sample:
        raise Refused(_("There is a header row, but nobody under it. Add at least one row with an e-mail address."))
    return Table(grid, header, first[:HEADER_IN], sample, chain(sample, rows))


def _grid(file: BinaryIO, choices: Choices) -> Grid:
    reader = reader_of(file)
    return {Reader.TEXT: open_text, Reader.WORKBOOK: open_workbook, Reader.VCARD: open_vcard}[reader](file, choices)


def _filled_rows(rows: Iterator[Row]) -> Iterator[Row]:
    count = 0
    for row in rows:
        for cell in row.cells:
            if cell and not cell.isspace():
                count += 1
                if count > MAX_ROWS + 1:
                    raise Refused(
                        _(
                            "There are more than %(max_rows)s people in it. Split it into several lists.",
                            max_rows=MAX_ROWS,
                        )
                    )
                yield row
                break


def _chosen_header(first: list[Row], line: int) -> Row | None:
    return next((row for row in first if row.line == line), None) if line else None


def _find_header(first: list[Row]) -> Row:
    """Find the row with the names of the columns: titles and notes may stand above it.

    It is the one that names an e-mail column; else the last row above the first address that is about as wide as that
    one; else the first row.
    """
    for row in first[:HEADER_IN]:
        if any(plain(cell) in EMAIL_HEADERS for cell in row.cells if len(cell) < MAX_HEADER):
            return row
    above: list[Row] = []
    for row in first[:HEADER_IN]:
        if any(LOOKS_LIKE_ADDRESS.match(cell.strip()) for cell in row.cells if len(cell) < MAX_HEADER * 2):
            wide = [one for one in above if 5 * _count(one) >= 3 * _count(row)]
            return wide[0] if wide else first[0]
        above.append(row)
    return first[0]


def _count(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row.cells)


def _check_header(header: Row) -> None:
    while len(header.cells) > MAX_COLUMNS and not header.cells[-1].strip():
        header.cells.pop()  # empty cells to the right, as spreadsheets leave them
    if len(header.cells) > MAX_COLUMNS:
        raise Refused(
            _(
                "The header row has %(cells)s columns; %(max_columns)s are the most. Remove those that no "
                "template uses.",
                cells=len(header.cells),
                max_columns=MAX_COLUMNS,
            )
        )
    for number, cell in enumerate(header.cells, start=1):
        if len(cell) > MAX_HEADER:
            raise Refused(
                _(
                    "The name of column %(number)s has %(cell)s characters; %(max_header)s are the most. Is the "
                    "first row the one with the names of the columns?",
                    number=str(number),
                    cell=len(cell),
                    max_header=MAX_HEADER,
                )
            )


def _is_address(cell: str) -> bool:
    return bool(LOOKS_LIKE_ADDRESS.match(clean_address(cell)))
