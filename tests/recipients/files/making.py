"""Making workbooks: openpyxl and odfpy write what Excel and LibreOffice read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

from tests.recipients.files.nasty_file import HEADER, ROWS


def xlsx(*rows: list[Any], change: Callable[[Any], None] | None = None) -> Callable[[], bytes]:
    def make() -> bytes:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "People"
        for row in rows:
            sheet.append(row)
        if change is not None:
            change(book)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return make


def ods(*sheets: tuple[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> Callable[[], bytes]:
    """Make an OpenDocument workbook. A cell is a text, or (type, value, shown), or a number of covered cells."""

    def make() -> bytes:
        book = OpenDocumentSpreadsheet()
        style = Style(name="hidden", family="table")
        style.addElement(TableProperties(display="false"))
        book.automaticstyles.addElement(style)
        for name, rows in sheets:
            table = Table(name=name, **({"stylename": style} if name in hidden else {}))
            for row in rows:
                line = TableRow()
                for cell in row:
                    line.addElement(_ods_cell(cell))
                table.addElement(line)
            book.spreadsheet.addElement(table)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return make


def _ods_cell(cell: Any) -> Any:
    if isinstance(cell, int):
        return CoveredTableCell(numbercolumnsrepeated=cell)
    kind, value, shown = cell if isinstance(cell, tuple) else ("string", None, cell)
    given = {} if value is None else ({"datevalue": value} if kind == "date" else {"value": value})
    made = TableCell(valuetype=kind, **given)
    if shown:
        made.addElement(P(text=shown))
    return made


def parts(content: bytes, **changed: bytes | None) -> bytes:
    """Change or remove parts of a ZIP file; `__` stands for `/`, `_dot_` for a dot."""
    out = io.BytesIO()
    new = {name.replace("__", "/").replace("_dot_", "."): one for name, one in changed.items()}
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            if name not in new:
                archive.writestr(name, old.read(name))
        for name, one in new.items():
            if one is not None:
                archive.writestr(name, one)
    return out.getvalue()


def plain_xlsx() -> bytes:
    return xlsx(HEADER, *ROWS)()
