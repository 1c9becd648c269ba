"""Files as people have them, the nasty ones among them: each with what it must be read as, or the words it is met with.

They are made here rather than kept as bytes, so that each says what is odd about it. Workbooks come from openpyxl and
odfpy, which write what Excel and LibreOffice read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P

PEOPLE = "email,first name,city\njosé@example.com,José,Málaga\nanna@example.com,Anna Öst,Ålesund\n".replace(
    "josé@", "jose@"
)
HEADER = ["email", "first name", "city"]
ROWS = [["jose@example.com", "José", "Málaga"], ["anna@example.com", "Anna Öst", "Ålesund"]]


@dataclass(frozen=True)
class NastyFile:
    """One file. Either `rows` (with `header`) or `words` is what must come of it."""

    name: str
    make: Callable[[], bytes]
    header: list[str] = field(default_factory=lambda: HEADER)
    rows: list[list[str]] | None = None
    words: str = ""
    lines: list[int] | None = None
    """Line numbers of the rows, where they are the point."""
    sheet: str = ""
    bad: dict[int, str] = field(default_factory=dict)
    """Line to kind of problem, where rows are checked."""


def text(content: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: content.encode(encoding)


def raw(content: bytes) -> Callable[[], bytes]:
    return lambda: content


# Workbooks


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


def _formats(book: Any) -> None:
    sheet = book["People"]
    sheet["B2"].number_format = "00000"
    sheet["C2"].number_format = "dd/mm/yyyy"


def _hidden_all(book: Any) -> None:
    book["People"].sheet_state = "veryHidden"
    book.create_chartsheet("Chart")


# Address cards

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann Okafor\r\nN:Okafor;Ann;;;\r\nEMAIL;TYPE=HOME:ann@home.example\r\n"
CARD += "EMAIL;TYPE=WORK,PREF:ann@example.com\r\nORG:Harbour;Boats\r\nEND:VCARD\r\n"
OLD_CARD = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\r\n"
    "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg M=C3=BCller\r\n"
    "EMAIL;INTERNET:jorg@example.com\r\nEND:VCARD\r\n"
)
NEW_CARD = (
    "BEGIN:VCARD\nVERSION:4.0\nFN:Bo\nEMAIL;PREF=1:bo@example.com\nPHOTO:data:image/png;base64,AAAA\n BBBB\n"
    "ADR:;;Elm Street 1;Leeds;;LS1;UK\nEND:VCARD\n"
)
CARD_HEADER = ["Email", "Name", "First name", "Last name", "Organisation", "Job title", "Phone"]
CARD_HEADER += ["Street", "City", "Postcode", "Country", "Birthday", "Other e-mail"]


def card_row(email: str, name: str, **parts: str) -> list[str]:
    given = {"Email": email, "Name": name, **{one.replace("_", " "): value for one, value in parts.items()}}
    return [given.get(column, "") for column in CARD_HEADER]


ANN = card_row(
    "ann@example.com",
    "Ann Okafor",
    First_name="Ann",
    Last_name="Okafor",
    Organisation="Harbour, Boats",
    **{"Other_e-mail": "ann@home.example"},
)
TWO = [["ann@example.com", "Ann"], ["bo@example.com", "Bo"]]
NAMED = ["email", "name"]

FILES = [
    # Encodings
    NastyFile("utf-8", text(PEOPLE), rows=ROWS),
    NastyFile("utf-8 with a mark, as Excel saves it", text(PEOPLE, "utf-8-sig"), rows=ROWS),
    NastyFile("utf-16 with a mark, Excel's Unicode text", text(PEOPLE.replace(",", "\t"), "utf-16"), rows=ROWS),
    NastyFile("utf-16 big-endian with a mark", raw(b"\xfe\xff" + PEOPLE.encode("utf-16-be")), rows=ROWS),
    NastyFile("utf-16 without a mark", text(PEOPLE, "utf-16-le"), rows=ROWS),
    NastyFile("utf-32", text(PEOPLE, "utf-32"), rows=ROWS),
    NastyFile("cp1252, as Excel saves CSV in the West", text(PEOPLE, "cp1252"), rows=ROWS),
    NastyFile(
        "cp1252 with typographic signs",
        text("email;note\nann@example.com;“Hi” – 5 €\n", "cp1252"),
        header=["email", "note"],
        rows=[["ann@example.com", "“Hi” – 5 €"]],
    ),
    NastyFile(
        "cp1251",
        text(
            "email;имя;город\nann@example.com;Иван Петров;Москва\nbo@example.com;Ольга Смирнова;Екатеринбург\n",
            "cp1251",
        ),
        header=["email", "имя", "город"],
        rows=[["ann@example.com", "Иван Петров", "Москва"], ["bo@example.com", "Ольга Смирнова", "Екатеринбург"]],
    ),
    NastyFile(
        "letters other than ASCII only far behind",
        text("email,name\n" + "ann@example.com,Ann\n" * 9_000 + "bo@example.com,Zoë\n", "cp1252"),
        header=NAMED,
        rows=[["ann@example.com", "Ann"]] * 9_000 + [["bo@example.com", "Zoë"]],
    ),
    NastyFile("utf-16 that breaks off", raw(PEOPLE.encode("utf-16")[:-1]), words="Save it again as CSV UTF-8"),
    NastyFile(
        "two marks, one behind the other",
        raw(b"\xef\xbb\xbf" + PEOPLE.encode("utf-8-sig")),
        header=["\ufeffemail", *HEADER[1:]],
        rows=ROWS,
    ),
    # Line ends, delimiters, quotes
    NastyFile(
        "old Mac line ends",
        text("email,name\rann@example.com,Ann\rbo@example.com,Bo\r"),
        header=NAMED,
        rows=TWO,
        lines=[2, 3],
    ),
    NastyFile(
        "mixed line ends",
        text("email,name\r\nann@example.com,Ann\nbo@example.com,Bo\r"),
        header=NAMED,
        rows=TWO,
        lines=[2, 3],
    ),
    NastyFile(
        "no line end at the end", text("email,name\nann@example.com,Ann\nbo@example.com,Bo"), header=NAMED, rows=TWO
    ),
    NastyFile(
        "sep= as Excel writes it",
        text("sep=;\r\nemail;name\r\nann@example.com;Ann\r\nbo@example.com;Bo\r\n"),
        header=NAMED,
        rows=TWO,
        lines=[3, 4],
    ),
    NastyFile(
        "sep= with an odd sign",
        text("sep=^\nemail^name\nann@example.com^Ann\nbo@example.com^Bo\n"),
        header=NAMED,
        rows=TWO,
    ),
    NastyFile(
        "semicolons and decimal commas",
        text("email;amount\nann@example.com;1,50\nbo@example.com;2,75\n"),
        header=["email", "amount"],
        rows=[["ann@example.com", "1,50"], ["bo@example.com", "2,75"]],
    ),
    NastyFile(
        "tabs and commas in names",
        text("email\tname\nann@example.com\tOkafor, Ann\n"),
        header=NAMED,
        rows=[["ann@example.com", "Okafor, Ann"]],
    ),
    NastyFile("vertical bars", text("email|name\nann@example.com|Ann\nbo@example.com|Bo\n"), header=NAMED, rows=TWO),
    NastyFile(
        "quotes in quotes",
        text('email,note\nann@example.com,"He said ""hi"", then left"\n'),
        header=["email", "note"],
        rows=[["ann@example.com", 'He said "hi", then left']],
    ),
    NastyFile(
        "line breaks in cells",
        text('email,note\nann@example.com,"one\r\ntwo\n\nthree"\nbo@example.com,x\n'),
        header=["email", "note"],
        rows=[["ann@example.com", "one\r\ntwo\n\nthree"], ["bo@example.com", "x"]],
        lines=[2, 6],
    ),
    NastyFile(
        "a quote in the middle of a cell",
        text('email,name\nann@example.com,Ann "Annie" Lee\n'),
        header=NAMED,
        rows=[["ann@example.com", 'Ann "Annie" Lee']],
    ),
    NastyFile(
        "spaces after the delimiter and before a quote",
        text('email, name\nann@example.com, "Lee, Ann"\n'),
        header=["email", "name"],
        rows=[["ann@example.com", "Lee, Ann"]],
    ),
    NastyFile(
        "a quote that is never closed",
        text('email,name\nann@example.com,Ann\nbo@example.com,"Bo\ncy@example.com,Cy\n'),
        words="begins in line 3",
    ),
    NastyFile(
        "a single column",
        text("email\nann@example.com\nbo@example.com"),
        header=["email"],
        rows=[["ann@example.com"], ["bo@example.com"]],
    ),
    NastyFile(
        "blank rows everywhere",
        text("\n\nemail,name\n,\n  ,  \nann@example.com,Ann\n\n\nbo@example.com,Bo\n\n"),
        header=NAMED,
        rows=TWO,
        lines=[6, 9],
    ),
    NastyFile(
        "a title and a note above the header",
        text("Members 2026,\nprinted on Monday,\n\nemail,name\nann@example.com,Ann\nbo@example.com,Bo\n"),
        header=NAMED,
        rows=TWO,
        lines=[5, 6],
    ),
    NastyFile(
        "a title above a header without the word e-mail",
        text("Members 2026,,\nKontakt,Ort,Plan\nann@example.com,Köln,A\n"),
        header=["Kontakt", "Ort", "Plan"],
        rows=[["ann@example.com", "Köln", "A"]],
        lines=[3],
    ),
    NastyFile(
        "rows shorter and longer than the header",
        text("email,name,city\nann@example.com,Ann\nbo@example.com,Bo,York,x,y\n"),
        header=["email", "name", "city"],
        rows=[["ann@example.com", "Ann"], ["bo@example.com", "Bo", "York", "x", "y"]],
        bad={3: "width"},
    ),
    NastyFile(
        "16,384 empty columns to the right",
        raw(b"email,name" + b"," * 16_382 + b"\nann@example.com,Ann" + b"," * 16_382 + b"\n"),
        header=[*NAMED, *[""] * 198],
        rows=[["ann@example.com", "Ann", *[""] * 16_382]],
    ),
    NastyFile(
        "equal names of columns",
        text("email,note,Note\nann@example.com,1,2\n"),
        header=["email", "note", "Note"],
        rows=[["ann@example.com", "1", "2"]],
    ),
    NastyFile(
        "leading zeros and long numbers",
        text("email,code,card\nann@example.com,007,12345678901234567890\n"),
        header=["email", "code", "card"],
        rows=[["ann@example.com", "007", "12345678901234567890"]],
    ),
    NastyFile(
        "formulas in cells",
        text('email,note\nann@example.com,"=HYPERLINK(""http://x"")"\nbo@example.com,+44 20\n'),
        header=["email", "note"],
        rows=[["ann@example.com", '=HYPERLINK("http://x")'], ["bo@example.com", "+44 20"]],
    ),
    NastyFile(
        "invisible signs around addresses",
        text("email,name\n\u200bann@example.com\u00a0,Ann\n\ufeffbo@example.com,Bo\n"),
        header=NAMED,
        rows=[["\u200bann@example.com\u00a0", "Ann"], ["\ufeffbo@example.com", "Bo"]],
        bad={},
    ),
    NastyFile(
        "right-to-left text and emoji",
        text("email,name\nann@example.com,שלום 👋🏽\n"),
        header=NAMED,
        rows=[["ann@example.com", "שלום 👋🏽"]],
    ),
    NastyFile(
        "every kind of bad address",
        text(
            "email,name\nno at sign,1\nann@example.com; bo@example.com,2\na nn@example.com,3\nann@gmial.com,4\n"
            "jörg@example.com,5\n"
            "ann@münchen.de,6\n,7\nann@,8\nann@example..com,9\nAnn Lee <ann@example.com>,10\n"
        ),
        header=NAMED,
        rows=[
            ["no at sign", "1"],
            ["ann@example.com; bo@example.com", "2"],
            ["a nn@example.com", "3"],
            ["ann@gmial.com", "4"],
            ["jörg@example.com", "5"],
            ["ann@münchen.de", "6"],
            ["", "7"],
            ["ann@", "8"],
            ["ann@example..com", "9"],
            ["Ann Lee <ann@example.com>", "10"],
        ],
        bad={
            2: "no_at",
            3: "several",
            4: "spaces",
            5: "slip",
            6: "letters",
            7: "domain_letters",
            8: "no_address",
            9: "not_an_address",
            10: "not_an_address",
            11: "spaces",
        },
    ),
    # What is no table
    NastyFile("nothing at all", raw(b""), words="nothing in it"),
    NastyFile("only blank lines", raw(b" \r\n \n"), words="nothing in it"),
    NastyFile("only a mark", raw(b"\xef\xbb\xbf"), words="nothing in it"),
    NastyFile("a header and nobody", raw(b"email,name\n"), words="nobody under it"),
    NastyFile(
        "no header row", text("ann@example.com,Ann\nbo@example.com,Bo\n"), words="first row seems to be a person"
    ),
    NastyFile("a NUL in a cell", raw(b"email,name\nann@example.com,An\0n\n"), words="Line 2 holds a NUL"),
    NastyFile(
        "16,385 columns",
        text(",".join(["email", *(f"c{n}" for n in range(16_384))]) + "\nann@example.com\n"),
        words="16,385 columns",
    ),
    NastyFile(
        "a name of a column with 5,000 letters",
        text("email," + "x" * 5_000 + "\nann@example.com,1\n"),
        words="has 5,000 characters",
    ),
    NastyFile(
        "a cell of 10 MiB",
        raw(b"email,note\nann@example.com,ok\nbo@example.com," + b"x" * (10 * 1024 * 1024)),
        header=["email", "note"],
        rows=[["ann@example.com", "ok"], ["bo@example.com", "x" * (10 * 1024 * 1024)]],
        bad={3: "cell"},
    ),
    NastyFile(
        "a cell of 13 MiB",
        raw(b"email,note\nann@example.com,ok\nbo@example.com," + b"x" * (13 * 1024 * 1024)),
        words="Line 3 has more than",
    ),
    NastyFile(
        "a quote and then 13 MiB of lines",
        raw(b'email,note\nann@example.com,"ok\n' + b"bo@example.com,x\n" * 900_000),
        words="begins in line 2",
    ),
    NastyFile("a PDF called .csv", raw(b"%PDF-1.7\n%\xe2\xe3"), words="a PDF"),
    NastyFile(
        "an old XLS workbook", raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), words="“Save as” and “CSV UTF-8”"
    ),
    NastyFile(
        "a workbook with a password",
        raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")),
        words="with a password",
    ),
    NastyFile("a picture", raw(b"\x89PNG\r\n\x1a\n" + bytes(60)), words="a picture"),
    NastyFile("a web page called .xls", raw(b"  <!DOCTYPE html><html><table>"), words="a web page"),
    NastyFile("JSON", raw(b'[{"email": "ann@example.com"}]'), words="JSON"),
    NastyFile("RTF", raw(b"{\\rtf1 hello}"), words="RTF"),
    NastyFile("gzip", raw(b"\x1f\x8b" + bytes(40)), words="gzip"),
    NastyFile(
        "a ZIP file with a CSV file in it",
        lambda: (
            parts(plain_xlsx(), people_dot_csv=b"email\n")
            .replace(b"xl/", b"yl/")
            .replace(b"[Content_Types].xml", b"[content_types].xml")
        ),
        words="a ZIP file",
    ),
    # XLSX
    NastyFile("a workbook", plain_xlsx, rows=ROWS, sheet="People"),
    NastyFile("a workbook called .csv", plain_xlsx, rows=ROWS),
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
    # vCard
    NastyFile(
        "an address card of version 3",
        text(CARD),
        header=CARD_HEADER,
        rows=[ANN],
    ),
    NastyFile(
        "an old phone's card in quoted-printable",
        text(OLD_CARD),
        header=CARD_HEADER,
        rows=[card_row("jorg@example.com", "Jörg Müller", First_name="Jörg", Last_name="Müller")],
    ),
    NastyFile(
        "a card of version 4 with a picture",
        text(NEW_CARD),
        header=CARD_HEADER,
        rows=[card_row("bo@example.com", "Bo", Street="Elm Street 1", City="Leeds", Postcode="LS1", Country="UK")],
    ),
    NastyFile(
        "several cards, one without an address",
        text(CARD + "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cy\r\nN:;Cy;;;\r\nEND:VCARD\r\n" + NEW_CARD),
        header=CARD_HEADER,
        rows=[
            ANN,
            card_row("", "Cy", First_name="Cy"),
            card_row("bo@example.com", "Bo", Street="Elm Street 1", City="Leeds", Postcode="LS1", Country="UK"),
        ],
        lines=[1, 9, 14],
        bad={9: "no_address"},
    ),
    NastyFile(
        "a card in utf-16",
        text(CARD, "utf-16"),
        header=CARD_HEADER,
        rows=[ANN],
    ),
    NastyFile(
        "a card that breaks off",
        text(CARD + "BEGIN:VCARD\r\nFN:Bo\r\n"),
        words="begins in line 9 has no end",
    ),
]
