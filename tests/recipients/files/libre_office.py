"""What LibreOffice 7.4.7.2 wrote, kept as it is in the folder `libreoffice`; its `make.py` has them written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.recipients.spreadsheet_cells import guarded
from tests.recipients.files.nasty_file import NAMED, ROWS, TWO, NastyFile, raw
from tests.recipients.files.own_export import EXAMPLE, EXPORT

FOLDER = Path(__file__).with_name("libreoffice")
ANN, BO, CY, DI = "ann@example.com", "bo@example.com", "cy@example.com", "di@example.com"

FORMULAS = ["email", "sum", "greeting", "day", "truth", "empty", "first", "broken"]
KINDS = "email german american long month stamp clock duration percent euro krona red scientific truth".split()
KINDS_OF_ANN = [ANN, *["2026-05-01"] * 4, "2026-05-01 14:30", "09:05", "30:15:10", "0.075", "1234.5", "99", "-12.5"]
KINDS_OF_ANN += ["123456", "TRUE"]
CODES = ["email", "text", "format", "again", "negative", "card", "long", "phone", "words"]
CODES_OF_ANN = [ANN, "00042", "00042", "00042", "-42", "1234567890123456", "123456789012345"]
CODES_OF_ANN += ["+44 20 7946 0000", "'007"]
CODES_OF_BO = [BO, "00007", "00007", "00007", "00000", "7", "100000000000000000000", "0049", "=1+1"]
RICH = [[ANN, "Ann Okafor  Lee", "one\ntwo\n\nthree", "00007"], [BO, "Bo", 'a<b>&"c"', "00008"]]
AS_SHOWN = [ANN, "01.05.2026", "5/1/26", "Freitag, 1. Mai 2026", "mai 2026", "01.05.2026 14:30", "09:05", "30:15:10"]
AS_SHOWN += ["7.5%", "1.234,50 €", "99.00 SEK", "-12.50", "1.23E+05", "TRUE"]
AS_NUMBERS = {"007": "7", "12345678901234567890": "12345678901234600000", "48.50": "48.5"}
AS_SHOWN_NUMBERS = AS_NUMBERS | {"12345678901234567890": "1.23456789012346E+019"}
SAVE_AS = "“Save as” and “CSV UTF-8”"


def kept(name: str, what: str, **expected: object) -> NastyFile:
    return NastyFile(f"{name} of LibreOffice: {what}", (FOLDER / name).read_bytes, **expected)  # type: ignore[arg-type]


def both(stem: str, what: str, **expected: object) -> list[NastyFile]:
    return [kept(f"{stem}.{end}", what, **expected) for end in ("ods", "xlsx")]


def formulas(truth: str, *broken: str, day: str = "2026-05-01") -> list[list[str]]:
    first = [ANN, "3.75", "Dear Ann", day, truth, "", "7.5", "fine"]
    return [first, *([one, *[""] * 6, cell] for one, cell in zip((BO, CY, DI), broken, strict=True))]


def own(rows: list[list[str]], instead: Mapping[str, str] | None = None) -> dict[str, object]:
    """Rows of a download of ours, cells guarded as they are in it; `instead` of some stands what LibreOffice makes."""
    cells = [[(instead or {}).get(cell, guarded(cell)) for cell in row] for row in rows]
    return {"header": cells[0], "rows": cells[1:]}


LIBRE_OFFICE = [
    # Workbooks
    kept("formulas.ods", "formulas and their errors", header=FORMULAS, rows=formulas("TRUE", "", "", "")),
    # A formula's truth is a number with the format "TRUE";"TRUE";"FALSE" there.
    kept("formulas.xlsx", "formulas and their errors", header=FORMULAS, rows=formulas("1", "", "", "")),
    *both("kinds", "dates, money and hours in many formats", header=KINDS, rows=[KINDS_OF_ANN]),
    kept(
        "1904.xlsx",
        "days counted from 1904",
        header=["email", "day", "at"],
        rows=[[ANN, "2026-05-01", "2026-05-01 14:30"]],
    ),
    *both("codes", "zeros, long numbers, numbers as text", header=CODES, rows=[CODES_OF_ANN, CODES_OF_BO]),
    *both(
        "hidden",
        "an empty and a hidden sheet first, a hidden column, hidden and filtered rows",
        header=["email", "secret", "city"],
        rows=[[ANN, "1", "Leeds"], [BO, "2", "York"], [CY, "3", "Hull"]],
        sheet="New",
    ),
    kept(
        "merged.ods",
        "a merged title and merged cells",
        header=["email", "name", "city"],
        rows=[[ANN, "Ann", "Leeds"], [BO, "Bo", ""], [CY, "Cy", "York"]],
        lines=[3, 4, 5],
    ),
    *both("rich", "links, bold words, notes and a box on a cell", header=["email", "name", "note", "code"], rows=RICH),
    *both("to-the-end", "colours to the last row and column", header=NAMED, rows=TWO),
    *both("far-away", "a forgotten cell in the last corner", words="lie too far apart"),
    kept(
        "grouped.ods",
        "a repeated header row and a folded group",
        header=["email", "code"],
        rows=[[ANN, "00001"], [BO, "00002"], [CY, "00003"]],
    ),
    kept("filter.xlsx", "buttons to filter by", rows=ROWS),
    kept("protected.xlsx", "a protected sheet", rows=ROWS),
    kept(
        "right-to-left.ods",
        "right to left, and emoji",
        header=["email", "שם", "note"],
        rows=[[ANN, "שלום 👋🏽", "👩‍👩‍👧‍👦 \u200fعربي\u200e abc"], [BO, "דנה", "🇬🇧"]],
        sheet="אנשים",
    ),
    kept("empty.ods", "nothing in it", words="nothing in it"),
    *both("password", "a password", words="a workbook with a password"),
    # What else it saves
    kept("people.xlsm", "a workbook for macros", rows=ROWS),
    kept("people.fods", "flat XML", words=SAVE_AS),
    kept("people.xml", "Excel 2003 XML", words=SAVE_AS),
    kept("people.xls", "an old workbook", words=SAVE_AS),
    kept("people.dif", "Data Interchange Format", words=SAVE_AS),
    kept("people.slk", "SYLK", words=SAVE_AS),
    kept("people.html", "a web page", words="a web page"),
    NastyFile(
        "a CSV file that begins as SYLK does",
        raw(b"ID;Plan;email\nC;X1;ann@example.com\n"),
        header=["ID", "Plan", "email"],
        rows=[["C", "X1", ANN]],
    ),
    # CSV
    kept("tab.csv", "tabs", rows=ROWS),
    kept("semicolon.csv", "semicolons", rows=ROWS),
    kept("utf16-tab.csv", "UTF-16 and tabs", rows=ROWS),
    kept("cp1252.csv", "Windows-1252", rows=ROWS),
    kept("mac-roman.csv", "Mac Roman", rows=ROWS),
    kept(
        "all-quoted.csv",
        "quotes around all texts, numbers as shown",
        header=CODES,
        rows=[[*CODES_OF_ANN[:4], "-00042", *CODES_OF_ANN[5:]], [*CODES_OF_BO[:6], "1E+020", *CODES_OF_BO[7:]]],
    ),
    kept(
        "single-quotes.csv",
        "apostrophes for quotes",
        header=["email", "name", "note", "code"],
        rows=RICH,
        lines=[2, 6],
    ),
    kept("fixed-width.csv", "a fixed width", words="kept apart by spaces alone"),
    kept("as-shown.csv", "dates, money and hours as shown", header=KINDS, rows=[AS_SHOWN]),
    kept(
        "formulas.csv",
        "formulas and their errors as shown",
        header=FORMULAS,
        rows=formulas("TRUE", "#DIV/0!", "#N/A", "#NAME?", day="01.05.2026"),
    ),
    # Our own downloads, opened and saved again: columns opened as text keep everything; by itself, LibreOffice makes
    # numbers of what looks like numbers before we see it.
    kept("export-as-text.xlsx", "our download, opened as text", **own(EXPORT)),
    kept("export-as-text.csv", "our download, opened as text", **own(EXPORT)),
    kept("export.ods", "our download", **own(EXPORT, AS_NUMBERS)),
    kept("export.xlsx", "our download", **own(EXPORT, AS_NUMBERS)),
    kept("export.csv", "our download", **own(EXPORT, AS_SHOWN_NUMBERS)),
    kept("example.xlsx", "our example file", **own(EXAMPLE, AS_NUMBERS)),
    kept("example.csv", "our example file", **own(EXAMPLE, AS_NUMBERS)),
]
