"""Tables: those that lay out the page, and those that hold data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading, words_of
from app.words import _, _n

CELL_WORDS = 60
"""Characters that a cell of data has at most; a cell of the layout holds paragraphs."""
_NO_TABLE = frozenset({"presentation", "none"})
_NOT_DATA = frozenset("table img div h1 h2 h3 h4 h5 h6 ul ol p".split())


def check_tables(reading: Reading) -> Iterator[Observed]:
    """Check that layout tables say so, and that data tables have header cells."""
    layouts, data, contradicting = _sorted(reading.elements)
    if layouts and reading.is_mjml and not _sorted(reading.written_elements)[0]:
        layouts = []  # made by MJML's own elements: nobody can mend them
    if layouts:
        words = _n(
            "A table lays out the page; screen readers announce rows and columns that mean nothing.",
            "%(count)s tables lay out the page; screen readers announce rows and columns that mean nothing.",
            len(layouts),
        )
        remedy = _('Write role="presentation" into each <table> that holds no data.')
        line = _line(_sorted(reading.written_elements)[0])
        place = "body" if line else "layout"
        yield Observed("table_layout_role", Severity.WARNING, words, remedy, place=place, line=line)
    for table in data:
        first = next((words_of(cell) for cell in table.iter("td") if words_of(cell)), "")
        words = _(
            "The table that begins with “%(first)s” has no header cells, so screen readers cannot say what is what.",
            first=first,
        )
        remedy = _("Make the cells of its first row header cells (<th>).")
        yield Observed("table_headers", Severity.WARNING, words, remedy, (first,))
    if contradicting:
        words = _(
            "A table has header cells, but says that it holds no data; screen readers then leave the headers out."
        )
        remedy = _('Remove role="presentation" from it, or make its <th> cells <td>.')
        line = _line(_sorted(reading.written_elements)[2])
        place = "body" if line else "layout"
        yield Observed("table_contradicts", Severity.HINT, words, remedy, place=place, line=line)


def _sorted(elements: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Sort out layout tables without a role, data tables without headers, and headers in tables that hold no data."""
    rows = _rows(elements)
    layouts: list[Any] = []
    data: list[Any] = []
    contradicting: list[Any] = []
    for table in (one for one in elements if one.tag == "table"):
        cells = rows.get(table, [])
        has_headers = any(cell.tag == "th" for row in cells for cell in row)
        role = (table.get("role") or "").strip().lower()
        if role in _NO_TABLE:
            if has_headers:
                contradicting.append(table)
        elif not has_headers:
            (data if _holds_data(cells) else layouts).append(table)
    return layouts, data, contradicting


def _rows(elements: Sequence[Any]) -> dict[Any, list[list[Any]]]:
    """Give the rows of each table, without those of tables within it."""
    rows: dict[Any, list[list[Any]]] = {}
    for row in (one for one in elements if one.tag == "tr"):
        table = next(row.iterancestors("table"), None)
        if table is not None:
            rows.setdefault(table, []).append([cell for cell in row if cell.tag in {"td", "th"}])
    return rows


def _holds_data(rows: list[list[Any]]) -> bool:
    """Whether a table looks like one of data: several rows and columns of short texts."""
    full = [row for row in rows if row]
    if len(full) < 2 or any(len(row) < 2 for row in full) or len({len(row) for row in full}) > 1:
        return False
    cells = [cell for row in full for cell in row]
    if any(one.tag in _NOT_DATA for cell in cells for one in cell.iterdescendants()):
        return False
    texts = [words_of(cell) for cell in cells]
    filled = sum(1 for text in texts if text)
    return filled * 2 > len(texts) and all(len(text) <= CELL_WORDS for text in texts)


def _line(tables: list[Any]) -> int | None:
    return int(tables[0].sourceline or 0) or None if tables else None
