"""Workbooks (XLSX, ODS): types of cells, hidden sheets, merged cells, damage and bombs."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from tests.recipients.files.making import ods, parts, plain_xlsx, xlsx
from tests.recipients.files.nasty_file import HEADER, NAMED, ROWS, NastyFile


def bomb() -> bytes:
    """A small workbook that is larger than a house when it is unpacked."""
    return parts(plain_xlsx(), xl__worksheets__sheet1_dot_xml=b"<worksheet>" + b" " * (170 * 1024 * 1024))


def lying_bomb() -> bytes:
    """As the one before, but its directory says that the part is small."""
    content = bytearray(parts(plain_xlsx(), xl__worksheets__sheet1_dot_xml=b"<worksheet>" + b" " * (40 * 1024 * 1024)))
    size = (40 * 1024 * 1024 + 11).to_bytes(4, "little")
    while (place := content.find(size)) >= 0:
        content[place : place + 4] = (100).to_bytes(4, "little")
    return bytes(content)


def entities() -> bytes:
    """A workbook whose shared strings explode when entities are replaced (“billion laughs”)."""
    names = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))
    strings = (
        f'<?xml version="1.0"?><!DOCTYPE sst [{names}]>'
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&l8;</t></si></sst>'
    )
    return parts(plain_xlsx(), xl__sharedStrings_dot_xml=strings.encode())


def _hide(book: Any) -> None:
    book["People"].sheet_state = "hidden"
    shown = book.create_sheet("Members")
    shown.append(HEADER)
    for row in ROWS:
        shown.append(row)


def _merge(book: Any) -> None:
    book["People"].merge_cells("C2:C3")


def _empty_first(book: Any) -> None:
    book.create_sheet("Nothing here", 0)
    book.create_chartsheet("Chart", 0)


def _cover(book: Any) -> None:
    cover = book.create_sheet("About", 0)
    cover.append(["Members of the harbour, May"])
    cover.append(["Questions to", "office@example.com"])
    cover.append(["Do not pass on"])


def _formats(book: Any) -> None:
    sheet = book["People"]
    sheet["B2"].number_format = "00000"
    sheet["C2"].number_format = "dd/mm/yyyy"


def _hidden_all(book: Any) -> None:
    book["People"].sheet_state = "veryHidden"
    book.create_chartsheet("Chart")


WORKBOOKS = [
    NastyFile("a workbook", plain_xlsx, rows=ROWS, sheet="People"),
    NastyFile("a workbook called .csv", plain_xlsx, rows=ROWS),
    NastyFile("a cover sheet with an address", xlsx(HEADER, *ROWS, change=_cover), rows=ROWS, sheet="People"),
    NastyFile(
        "notes in front (ODS)",
        ods(("Notes", [["Last year's list"]]), ("People", [HEADER, *ROWS])),
        rows=ROWS,
        sheet="People",
    ),
    NastyFile(
        "numbers, dates and truth in a workbook",
        xlsx(
            ["email", "n", "d", "t", "b", "f", "long"],
            ["ann@example.com", 7, date(2026, 5, 1), datetime(2026, 5, 1, 14, 30), True, 0.1 + 0.2, 123456789012345],
        ),
        header=["email", "n", "d", "t", "b", "f", "long"],
        rows=[["ann@example.com", "7", "2026-05-01", "2026-05-01 14:30", "TRUE", "0.3", "123456789012345"]],
    ),
    NastyFile(
        "a time of day in a workbook",
        xlsx(["email", "at"], ["ann@example.com", time(9, 5)]),
        header=["email", "at"],
        rows=[["ann@example.com", "09:05"]],
    ),
    NastyFile(
        "zeros that only the format shows, and a date in another format",
        xlsx(["email", "code", "day"], ["ann@example.com", 42, date(2026, 5, 1)], change=_formats),
        header=["email", "code", "day"],
        rows=[["ann@example.com", "00042", "2026-05-01"]],
    ),
    NastyFile(
        "codes typed as text",
        xlsx(["email", "code"], ["ann@example.com", "00042"]),
        header=["email", "code"],
        rows=[["ann@example.com", "00042"]],
    ),
    NastyFile(
        "a hidden sheet before the shown one",
        xlsx(["email"], ["secret@example.com"], change=_hide),
        rows=ROWS,
        sheet="Members",
    ),
    NastyFile(
        "only hidden sheets", xlsx(HEADER, *ROWS, change=_hidden_all), words="No sheet of this workbook is shown"
    ),
    NastyFile(
        "an empty sheet and a chart before the people",
        xlsx(HEADER, *ROWS, change=_empty_first),
        rows=ROWS,
        sheet="People",
    ),
    NastyFile(
        "merged cells",
        xlsx(
            ["email", "name", "city"],
            ["ann@example.com", "Ann", "Leeds"],
            ["bo@example.com", "Bo", None],
            change=_merge,
        ),
        header=["email", "name", "city"],
        rows=[["ann@example.com", "Ann", "Leeds"], ["bo@example.com", "Bo", ""]],
    ),
    NastyFile(
        "a formula without a stored value",
        xlsx(["email", "sum"], ["ann@example.com", "=1+1"]),
        header=["email", "sum"],
        rows=[["ann@example.com", ""]],
    ),
    NastyFile(
        "a title above the header and an empty column before it",
        xlsx([None, "Members"], [None], [None, "email", "name"], [None, "ann@example.com", "Ann"]),
        header=NAMED,
        rows=[["ann@example.com", "Ann"]],
        lines=[4],
    ),
    NastyFile("an empty workbook", xlsx(), words="nothing in it"),
    NastyFile("a workbook that breaks off", lambda: plain_xlsx()[:-300], words="damaged file"),
    NastyFile(
        "a workbook without its sheet",
        lambda: parts(plain_xlsx(), xl__worksheets__sheet1_dot_xml=None),
        words="damaged",
    ),
    NastyFile(
        "a workbook whose sheet is no XML",
        lambda: parts(plain_xlsx(), xl__worksheets__sheet1_dot_xml=b"<worksheet><sheetData><row"),
        words="damaged",
    ),
    NastyFile("a zip bomb", bomb, words="larger than 160 MiB"),
    NastyFile("a zip bomb that lies about its size", lying_bomb, words="damaged"),
    NastyFile("a workbook full of entities", entities, words="damaged"),
    NastyFile(
        "a Word document",
        lambda: parts(plain_xlsx(), word__document_dot_xml=b"<x/>").replace(b"xl/", b"yl/"),
        words="text document",
    ),
    # ODS
    NastyFile("an OpenDocument workbook", ods(("People", [HEADER, *ROWS])), rows=ROWS, sheet="People"),
    NastyFile(
        "numbers, dates and zeros in an OpenDocument workbook",
        ods(
            (
                "People",
                [
                    ["email", "code", "day", "n"],
                    [
                        "ann@example.com",
                        ("float", "42", "00042"),
                        ("date", "2026-05-01", "01.05.26"),
                        ("float", "1234.5", "1.234,50 €"),
                    ],
                ],
            )
        ),
        header=["email", "code", "day", "n"],
        rows=[["ann@example.com", "00042", "2026-05-01", "1234.5"]],
    ),
    NastyFile(
        "a hidden OpenDocument sheet first",
        ods(("Old", [["email"], ["secret@example.com"]]), ("New", [HEADER, *ROWS]), hidden=("Old",)),
        rows=ROWS,
        sheet="New",
    ),
    NastyFile(
        "covered cells in an OpenDocument sheet",
        ods(("People", [["email", "name", "city"], ["ann@example.com", "Ann", "Leeds"], ["bo@example.com", "Bo", 1]])),
        header=["email", "name", "city"],
        rows=[["ann@example.com", "Ann", "Leeds"], ["bo@example.com", "Bo", ""]],
    ),
    NastyFile(
        "an OpenDocument text document",
        lambda: parts(ods(("A", [HEADER]))(), mimetype=b"application/vnd.oasis.opendocument.text"),
        words="text document",
    ),
]
