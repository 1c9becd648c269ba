"""The beginning of a file as a person sees it before anything is read: how it is read, its header, its first rows."""

from __future__ import annotations

from typing import Any, BinaryIO

from app.recipients.files.grid import Choices
from app.recipients.files.reading import Table, open_table
from app.recipients.imports.mapping import ListColumns, Mapped, guess_mapping, width_of

HEADER_CHOICES = 12
"""Rows that may be chosen as the header row."""
_CELLS, _LETTERS = 6, 40
"""Cells of such a row that are shown, and letters of each."""


def beginning_of(
    file: BinaryIO, choices: Choices, there: ListColumns | None = None
) -> tuple[dict[str, Any], list[Mapped]]:
    """Look at the beginning: gives what was found, as the database keeps it, and a guess at the columns.

    Raises Refused when it cannot be read, or no column has addresses.
    """
    table = open_table(file, choices)
    mapping = guess_mapping(table.header, table.sample, there)
    return found_in(table, width_of(mapping)), mapping


def found_in(table: Table, width: int) -> dict[str, Any]:
    """Give what was found: kind, encoding, delimiter, sheets, sheet, header_line, header, width and first rows."""
    return {
        "kind": table.grid.kind,
        "encoding": table.grid.encoding,
        "delimiter": table.grid.delimiter,
        "sheets": list(table.grid.sheets),
        "sheet": table.grid.sheet,
        "header_line": table.header.line,
        "header": table.header.cells[:width],
        "width": width,
        "first": [
            [row.line, [cell.strip()[:_LETTERS] for cell in row.cells[:_CELLS]]] for row in table.first[:HEADER_CHOICES]
        ],
    }
