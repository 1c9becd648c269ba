"""Numbers that a sheet shows with leading zeros: a code typed as 7 into a cell with the format 00000 is “00007”.

The library that reads workbooks gives values, not what a cell shows. Only where a workbook has such formats at all,
its sheet is gone through once more for them. In an OpenDocument sheet, a cell that a box with words lies upon comes
without those.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO, Any

from lxml import etree

MOST = 500_000
"""Cells that are looked after; beyond, the rest comes without its zeros rather than filling the memory."""

MOST_BYTES = 8 * 1024 * 1024
"""Of the parts that are read as a whole: formats, and which sheets there are."""
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DRAWING = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_ZEROS = re.compile(r"(0{2,})(;.*)?\Z")
_DIGITS = re.compile(r"0\d+\Z")

Zeros = Mapping[int, list[tuple[int, str]]]
"""Row (from 1) to columns (from 0) and what they show."""


def shown_zeros(content: bytes, sheet: str) -> Zeros:
    """Give the cells of a sheet that show leading zeros. Nothing for a workbook that cannot be gone through."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            cells = _of_xlsx(archive, sheet) if "xl/styles.xml" in archive.namelist() else _of_ods(archive, sheet)
            for count, (row, column, shown) in enumerate(cells):
                if count >= MOST:
                    break
                found[row].append((column, shown))
    except (etree.XMLSyntaxError, KeyError, ValueError, zipfile.BadZipFile):
        return {}
    return found


def _small_part(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _elements(stream: IO[bytes], *tags: str, events: tuple[str, ...] = ("end",)) -> Iterator[tuple[str, Any]]:
    yield from etree.iterparse(
        stream, events=events, tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def _of_xlsx(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[int, int, str]]:
    widths = _zero_formats(archive)
    part = _part_of(archive, sheet) if widths else None
    if part is None:
        return
    with archive.open(part) as stream:
        for _, row in _elements(stream, f"{_MAIN}row"):
            for cell in row:
                width = widths.get(cell.get("s", ""))
                value = cell.findtext(f"{_MAIN}v") if width and cell.get("t", "n") == "n" else None
                place = re.match(r"([A-Z]{1,3})(\d{1,7})\Z", cell.get("r", "")) if value else None
                if place and value and value.isdigit() and width:
                    yield int(place[2]), _column(place[1]), value.zfill(width)
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]


def _zero_formats(archive: zipfile.ZipFile) -> dict[str, int]:
    """Give cell formats (their number in the file, as text) that fill up with zeros, and to how many digits."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(_small_part(archive, "xl/styles.xml"), parser)
    codes = {one.get("numFmtId"): one.get("formatCode", "") for one in root.iter(f"{_MAIN}numFmt")}
    filling = {number: len(match[1]) for number, code in codes.items() if (match := _ZEROS.match(code))}
    formats = root.find(f"{_MAIN}cellXfs")
    given = enumerate(one.get("numFmtId") for one in formats) if formats is not None else ()
    return {str(index): filling[number] for index, number in given if number in filling}


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    book = etree.fromstring(_small_part(archive, "xl/workbook.xml"), parser)
    wanted = next((one.get(_RELATION) for one in book.iter(f"{_MAIN}sheet") if one.get("name") == sheet), None)
    relations = etree.fromstring(_small_part(archive, "xl/_rels/workbook.xml.rels"), parser)
    target = next((one.get("Target", "") for one in relations if one.get("Id") == wanted), None)
    if target is None:
        return None
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _of_ods(archive: zipfile.ZipFile, sheet: str) -> Iterator[tuple[int, int, str]]:
    """In an OpenDocument sheet every cell carries the text it shows."""
    line, inside = 0, False
    with archive.open("content.xml") as stream:
        for event, element in _elements(stream, f"{_TABLE}table", f"{_TABLE}table-row", events=("start", "end")):
            if element.tag == f"{_TABLE}table":
                inside, line = event == "start" and element.get(f"{_TABLE}name") == sheet, 0
            elif event == "end":
                if inside:
                    yield from ((line + 1, column, shown) for column, shown in _zeros_of_row(element))
                    line += int(element.get(f"{_TABLE}number-rows-repeated", "1"))
                element.clear()


def _zeros_of_row(row: Any) -> Iterator[tuple[int, str]]:
    column = 0
    for cell in row:
        kind, shown = cell.get(f"{_OFFICE}value-type", "string"), None
        if kind == "float":
            shown = cell.findtext(f"{_TEXT}p") or ""
            shown = shown if _DIGITS.match(shown) else None
        elif kind == "string" and any(one.tag.startswith(_DRAWING) for one in cell):
            shown = "\n".join("".join(one.itertext()) for one in cell.iterchildren(f"{_TEXT}p"))
        end = column + int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        if shown is not None:
            yield from ((place, shown) for place in range(column, end))
        column = end
