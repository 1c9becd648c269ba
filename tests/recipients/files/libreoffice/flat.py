"""Workbooks as flat OpenDocument files (.fods), which LibreOffice opens and saves as what it writes."""

from __future__ import annotations

from html import escape

_VALUE = {"boolean": "boolean-value", "date": "date-value", "time": "time-value"}
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{rest}:1.0"'
    for name, rest in {
        "office": "office",
        "style": "style",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "fo": "xsl-fo-compatible",
        "svg": "svg-compatible",
        "number": "datastyle",
    }.items()
)
_SPACES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"'
_SPACES += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'

_GERMAN = 'number:language="de" number:country="DE"'
_TWO = 'number:style="long"'
_DATES = {
    "german": (_GERMAN, f"<number:day {_TWO}/>.<number:month {_TWO}/>.<number:year {_TWO}/>"),
    "american": (
        'number:language="en" number:country="US"',
        "<number:month/>/<number:day/>/<number:year/>",
    ),
    "long": (
        _GERMAN,
        f"<number:day-of-week {_TWO}/>, <number:day/>. "
        f'<number:month number:textual="true" {_TWO}/> <number:year {_TWO}/>',
    ),
    "stamp": (
        _GERMAN,
        f"<number:day {_TWO}/>.<number:month {_TWO}/>.<number:year {_TWO}/> "
        f"<number:hours {_TWO}/>:<number:minutes {_TWO}/>",
    ),
    "month": (
        'number:language="fr" number:country="FR"',
        f'<number:month number:textual="true" {_TWO}/> <number:year {_TWO}/>',
    ),
}


def _digits(places: int, least: int = 1, more: str = "") -> str:
    return f'<number:number number:decimal-places="{places}" number:min-integer-digits="{least}" {more}/>'


_GROUPED = _digits(2, 1, 'number:grouping="true"')
_FORMATS = {
    "zeros": f"<number:number-style {{0}}>{_digits(0, 5)}</number:number-style>",
    "digits": f"<number:number-style {{0}}>{_digits(0)}</number:number-style>",
    "percent": f"<number:percentage-style {{0}}>{_digits(1)}<number:text>%</number:text></number:percentage-style>",
    "euro": f"<number:currency-style {{0}} {_GERMAN}>{_GROUPED}"
    f"<number:text> </number:text><number:currency-symbol {_GERMAN}>€</number:currency-symbol></number:currency-style>",
    "krona": f"<number:currency-style {{0}}>{_digits(2)}<number:text> </number:text>"
    '<number:currency-symbol number:language="sv" number:country="SE">SEK</number:currency-symbol>'
    "</number:currency-style>",
    "red": f'<number:number-style {{0}}><style:text-properties fo:color="#ff0000"/>{_digits(2)}</number:number-style>',
    "scientific": '<number:number-style {0}><number:scientific-number number:decimal-places="2" '
    'number:min-integer-digits="1" number:min-exponent-digits="2"/></number:number-style>',
    "clock": f"<number:time-style {{0}}><number:hours {_TWO}/><number:text>:</number:text><number:minutes {_TWO}/>"
    "</number:time-style>",
    "duration": f'<number:time-style {{0}} number:truncate-on-overflow="false"><number:hours {_TWO}/>'
    f"<number:text>:</number:text><number:minutes {_TWO}/><number:text>:</number:text><number:seconds {_TWO}/>"
    "</number:time-style>",
    "truth": "<number:boolean-style {0}><number:boolean/></number:boolean-style>",
    "text": "<number:text-style {0}><number:text-content/></number:text-style>",
}
_STYLE = '<style:style style:name="{}" style:family="{}"><style:{}-properties {}/></style:style>'
_LOOKS = "".join(
    _STYLE.format(name, family, family, look)
    for name, family, look in (
        ("hidden", "table", 'table:display="false"'),
        ("rtl", "table", 'style:writing-mode="rl-tb"'),
        ("wide", "table-column", 'style:column-width="6cm"'),
        ("yellow", "table-cell", 'fo:background-color="#ffff00"'),
        ("bold", "text", 'fo:font-weight="bold"'),
    )
)


class Xml(str):
    """A cell, row or sheet as it stands in the file."""

    __slots__ = ()


def cell(
    value: str, kind: str = "string", style: str = "", *, formula: str = "", more: str = "", inside: str = ""
) -> Xml:
    """A cell. `more` are attributes, `inside` elements of it."""
    given = f' table:style-name="{style}"' if style else ""
    if formula:
        given += f' table:formula="of:={escape(formula)}"'
    elif kind != "string":
        given += f' office:value-type="{kind}" office:{_VALUE.get(kind, "value")}="{value}"'
    else:
        given += ' office:value-type="string"'
        inside += "".join(f"<text:p>{escape(line)}</text:p>" for line in value.split("\n")) if value else ""
    return Xml(f"<table:table-cell{given} {more}>{inside}</table:table-cell>")


def formula(text: str, style: str = "") -> Xml:
    """A cell that is worked out when the file is opened."""
    return cell("", formula=text, style=style)


def row(cells: list[str], more: str = "") -> Xml:
    """A row of cells; plain text is a text cell."""
    inside = "".join(one if isinstance(one, Xml) else cell(one) if one else "<table:table-cell/>" for one in cells)
    return Xml(f"<table:table-row {more}>{inside}</table:table-row>")


def sheet(name: str, *rows: list[str] | Xml, columns: str = "", more: str = "", first: str = "") -> Xml:
    """A sheet. `columns` are its column elements, `first` what stands before them."""
    inside = "".join(one if isinstance(one, Xml) else row(one) for one in rows)
    columns = columns or "<table:table-column/>"
    return Xml(f'<table:table table:name="{escape(name)}" {more}>{first}{columns}{inside}</table:table>')


def workbook(*sheets: Xml, before: str = "", after: str = "") -> str:
    """The whole file. `before` and `after` the sheets stand settings, names and filters."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {_SPACES} office:version="1.3" '
        'office:mimetype="application/vnd.oasis.opendocument.spreadsheet">'
        f"<office:automatic-styles>{_styles()}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{before}{''.join(sheets)}{after}</office:spreadsheet></office:body>"
        "</office:document>"
    )


def _styles() -> str:
    formats = {name: one.format(f'style:name="N-{name}"') for name, one in _FORMATS.items()}
    for name, (locale, parts) in _DATES.items():
        formats[name] = f'<number:date-style style:name="N-{name}" {locale}>{_with_texts(parts)}</number:date-style>'
    cells = "".join(
        f'<style:style style:name="{name}" style:family="table-cell" style:data-style-name="N-{name}"/>'
        for name in formats
    )
    return "".join(formats.values()) + cells + _LOOKS


def _with_texts(parts: str) -> str:
    """Put the signs between elements into elements of their own."""
    made = ""
    for piece in parts.replace("/>", "/>\n").split("\n"):
        between, start, element = piece.partition("<")
        made += f"<number:text>{between}</number:text>" if between else ""
        made += start + element
    return made
