"""Cells of a download that a spreadsheet program must not run as formulas, and reading them back.

A cell beginning with = + - @ (also wide ones), a tab or a line end gets a leading apostrophe (OWASP, "CSV injection");
so does one that begins with apostrophes before such a sign. Reading takes one off again, so that an import undoes a
download.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"
"""Begins every download, so that spreadsheet programs read it as UTF-8."""

_DANGEROUS = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""The last four are the wide forms of the first, which some programs take for them."""


def guarded(cell: str) -> str:
    """Give the cell as text that no spreadsheet program runs."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def unguarded(cell: str) -> str:
    """Take the apostrophe of `guarded` away."""
    return cell[1:] if _GUARDED.match(cell) else cell


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Write rows as CSV with every cell guarded."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([guarded(str(cell)) for cell in row] for row in rows)
    return out.getvalue()
