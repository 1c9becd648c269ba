"""What is in the files: workbooks with one odd thing each, before LibreOffice saves them."""

from __future__ import annotations

from tests.recipients.files.libreoffice.flat import Xml, cell, formula, row, sheet, workbook
from tests.recipients.files.nasty_file import HEADER, ROWS, TWO

ANN, BO = (one[0] for one in TWO)
PEOPLE = sheet("People", HEADER, *ROWS)
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384

FORMULAS = sheet(
    "People",
    ["email", "sum", "greeting", "day", "truth", "empty", "first", "broken"],
    [
        formula('=LOWER("ANN")&"@example.com"'),
        formula("=1.5+2.25"),
        formula('="Dear "&"Ann"'),
        formula("=DATE(2026;5;1)", "german"),
        formula("=1<2", "truth"),
        formula('=""'),
        formula("=[.B2]*2"),
        cell("fine"),
    ],
    [BO, *[""] * 6, formula("=1/0")],
    ["cy@example.com", *[""] * 6, formula("=NA()")],
    ["di@example.com", *[""] * 6, formula("=NOSUCHFUNCTION(1)")],
)

KINDS = sheet(
    "People",
    "email german american long month stamp clock duration percent euro krona red scientific truth".split(),
    [
        ANN,
        *(cell("2026-05-01", "date", style) for style in ("german", "american", "long", "month")),
        cell("2026-05-01T14:30:00", "date", "stamp"),
        cell("PT09H05M00S", "time", "clock"),
        cell("PT30H15M10S", "time", "duration"),
        cell("0.075", "percentage", "percent"),
        cell("1234.5", "currency", "euro"),
        cell("99", "currency", "krona"),
        cell("-12.5", "float", "red"),
        cell("123456", "float", "scientific"),
        cell("true", "boolean", "truth"),
    ],
)

OLD_MAC = sheet(
    "People",
    ["email", "day", "at"],
    [ANN, cell("2026-05-01", "date", "german"), cell("2026-05-01T14:30:00", "date", "stamp")],
)

CODES = sheet(
    "People",
    ["email", "text", "format", "again", "negative", "card", "long", "phone", "words"],
    [
        ANN,
        cell("00042", style="text"),
        cell("42", "float", "zeros"),
        cell("42", "float", "zeros"),
        cell("-42", "float", "zeros"),
        cell("1234567890123456", style="text"),
        cell("123456789012345", "float", "digits"),
        "+44 20 7946 0000",
        "'007",
    ],
    [BO, *[cell("7", "float", "zeros")] * 3, cell("0", "float", "zeros"), "7", cell("1E20", "float"), "0049", "=1+1"],
)

HIDDEN = (
    sheet("Nothing", [""]),
    sheet("Old", ["email"], ["secret@example.com"], more='table:style-name="hidden"'),
    sheet(
        "New",
        ["email", "secret", "city"],
        [ANN, "1", "Leeds"],
        row([BO, "2", "York"], 'table:visibility="collapse"'),
        row(["cy@example.com", "3", "Hull"], 'table:visibility="filter"'),
        columns='<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>',
    ),
    sheet("Last", ["email"], ["last@example.com"]),
)

WIDE = sheet("People", HEADER, *ROWS, columns='<table:table-column table:style-name="wide"/>')

MERGED = sheet(
    "People",
    row([cell("Members of 2026", more='table:number-columns-spanned="3"'), Xml("<table:covered-table-cell/>" * 2)]),
    ["email", "name", "city"],
    [ANN, "Ann", cell("Leeds", more='table:number-rows-spanned="2"')],
    [BO, "Bo", Xml("<table:covered-table-cell/>")],
    ["cy@example.com", "Cy", "York"],
)

_NOTE = "<office:annotation><dc:creator>Eve</dc:creator><text:p>Not eve@example.com</text:p></office:annotation>"
_BOX = (
    '<draw:frame svg:width="3cm" svg:height="1cm" svg:x="0cm" svg:y="0cm"><draw:text-box>'
    "<text:p>box@example.com</text:p></draw:text-box></draw:frame>"
)
RICH = sheet(
    "People",
    ["email", "name", "note", "code"],
    [
        cell("", inside=f'<text:p><text:a xlink:href="mailto:{ANN}">{ANN}</text:a></text:p>'),
        cell(
            "",
            inside='<text:p>Ann <text:span text:style-name="bold">Okafor</text:span><text:s text:c="2"/>Lee</text:p>',
        ),
        "one\ntwo\n\nthree",
        cell("7", "float", "zeros", inside=_NOTE),
    ],
    [
        cell("", inside=f'<text:p><text:a xlink:href="mailto:{BO}?subject=Hi">{BO}</text:a></text:p>'),
        cell("Bo", inside=_NOTE),
        cell('a<b>&"c"', inside=_BOX),
        cell("8", "float", "zeros"),
    ],
)

TO_THE_END = sheet(
    "People",
    row(["email", "name", Xml(f'<table:table-cell table:number-columns-repeated="{LAST_COLUMN - 2}"/>')]),
    [ANN, "Ann"],
    [BO, "Bo"],
    row(
        [cell("", style="yellow", more='table:number-columns-repeated="9"')],
        f'table:number-rows-repeated="{LAST_ROW - 3}"',
    ),
    columns=f'<table:table-column table:number-columns-repeated="{LAST_COLUMN}" '
    'table:default-cell-style-name="yellow"/>',
)

FAR_AWAY = sheet(
    "People",
    HEADER,
    *ROWS,
    row([], f'table:number-rows-repeated="{LAST_ROW - 4}"'),
    [Xml(f'<table:table-cell table:number-columns-repeated="{LAST_COLUMN - 1}"/>'), "x"],
)

GROUPED = sheet(
    "People",
    Xml(f"<table:table-header-rows>{row(['email', 'code'])}</table:table-header-rows>"),
    row([ANN, cell("1", "float", "zeros")]),
    Xml(
        '<table:table-row-group table:display="false">'
        + row([BO, cell("2", "float", "zeros")], 'table:visibility="collapse"')
        + "</table:table-row-group>"
    ),
    row(["cy@example.com", cell("3", "float", "zeros")]),
)

FILTER = (
    '<table:database-ranges><table:database-range table:name="people" '
    'table:target-range-address="People.A1:People.C3" table:display-filter-buttons="true"/></table:database-ranges>'
)
RIGHT_TO_LEFT = sheet(
    "אנשים",
    ["email", "שם", "note"],
    [ANN, "שלום 👋🏽", "👩‍👩‍👧‍👦 \u200fعربي\u200e abc"],
    [BO, "דנה", "🇬🇧"],
    more='table:style-name="rtl"',
)

WORKBOOKS = {
    "people": workbook(PEOPLE),
    "wide": workbook(WIDE),
    "formulas": workbook(FORMULAS),
    "kinds": workbook(KINDS),
    "1904": workbook(
        OLD_MAC,
        before='<table:calculation-settings><table:null-date table:value-type="date" '
        'table:date-value="1904-01-01"/></table:calculation-settings>',
    ),
    "codes": workbook(CODES),
    "hidden": workbook(*HIDDEN),
    "merged": workbook(MERGED),
    "rich": workbook(RICH),
    "to-the-end": workbook(TO_THE_END),
    "far-away": workbook(FAR_AWAY),
    "grouped": workbook(GROUPED),
    "filter": workbook(PEOPLE, after=FILTER),
    "protected": workbook(
        sheet("People", HEADER, *ROWS, more='table:protected="true" table:protection-key="x"'),
    ),
    "right-to-left": workbook(RIGHT_TO_LEFT),
    "empty": workbook(sheet("Sheet1", [""])),
}
"""Name to flat OpenDocument file."""
