"""Files that unpack, expand or nest without end: each is refused in words, in bounded memory and work."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from functools import partial

import pytest

from app.emails.file_kinds import check_file
from app.emails.foreign import read_single
from app.emails.importing import read_bundle
from app.recipients.files.reading import open_table
from app.recipients.unsubscribing.branding import _checked_logo
from app.sends.archives import check_archive
from tests.files import a_zip
from tests.recipients.files.making import ods, parts, plain_xlsx
from tests.security.bounded import outcome_of, refusal_of

MIB = 1024 * 1024
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
TEMPLATE = json.dumps({"name": "A"}).encode()


Act = Callable[[], object]
Prepared = Callable[[], Act]
"""Makes a bomb when its test begins (together they take a gigabyte), and gives what is to be done with it."""


def template_zip(make: Callable[[], bytes]) -> Prepared:
    return given(make, lambda content: read_bundle("templates.zip", content))


def table(make: Callable[[], bytes]) -> Prepared:
    return given(make, lambda content: list(open_table(io.BytesIO(content)).rows))


def people_zip(make: Callable[[], bytes]) -> Prepared:
    return given(make, lambda content: check_archive(io.BytesIO(content)))


def attachment(name: str, make: Callable[[], bytes]) -> Prepared:
    return given(make, lambda content: check_file(name, content))


def given(make: Callable[[], bytes], act: Callable[[bytes], object]) -> Prepared:
    return lambda: partial(act, make())


# ZIP


def nested(depth: int) -> bytes:
    """A ZIP file in a ZIP file in a ZIP file, ten times each."""
    inside = a_zip({"a.txt": bytes(MIB)})
    for _ in range(depth):
        inside = a_zip({f"{number}.zip": inside for number in range(10)})
    return inside


def overlapping(entries: int, size: int) -> bytes:
    """Many names in the list of contents for the same packed bytes, so that a small file unpacks to a large one."""
    one = io.BytesIO()
    with zipfile.ZipFile(one, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("templates/A/body.html", bytes(size))
    raw = one.getvalue()
    start = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    directory = raw[start:end] * entries
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), start, 0)
    return raw[:start] + directory + tail


def with_method(content: bytes, method: int) -> bytes:
    """Say of every entry that it is packed in another way."""
    raw = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = -1
        while (at := raw.find(mark, at + 1)) >= 0:
            raw[at + offset : at + offset + 2] = method.to_bytes(2, "little")
    return bytes(raw)


def lzma_bomb(name: str) -> bytes:
    """An entry that asks for a dictionary of 4 GiB before its first byte is unpacked."""
    head = b"\x09\x14\x05\x00" + b"\x5d" + b"\xff\xff\xff\xff"
    return with_method(a_zip({name: head + bytes(100)}, zipfile.ZIP_STORED), zipfile.ZIP_LZMA)


def directory_of(entries: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(entries):
            archive.writestr(zipfile.ZipInfo(f"templates/A/{number}"), b"")
    return out.getvalue()


def many(names: int, size: int) -> bytes:
    return a_zip({f"templates/A/{number}.txt": bytes(size) for number in range(names)})


def one_large(name: str, size: int) -> bytes:
    return a_zip({name: bytes(size)})


ZIPS = [
    ("nested ZIP files as templates", template_zip(lambda: nested(4)), "no template in it"),
    ("nested ZIP files as one person's file", people_zip(lambda: a_zip({"setup.exe": nested(3)})), "program"),
    ("overlapping entries", template_zip(lambda: overlapping(1_500, 8 * MIB)), "is in it twice"),
    ("one entry of 1 GiB", template_zip(lambda: one_large("templates/A/body.html", 1024 * MIB)), "larger than 50 MiB"),
    ("two thousand entries of 1 MiB", template_zip(lambda: many(1_900, MIB)), "larger than 50 MiB"),
    ("a list of 60,000 entries", template_zip(lambda: directory_of(60_000)), "60,000 files in it"),
    ("a list of 60,000 people's files", people_zip(lambda: directory_of(60_000)), "more than 20,000 files"),
    ("LZMA with a dictionary of 4 GiB", template_zip(lambda: lzma_bomb("templates/A/body.html")), "packed in a way"),
    ("LZMA among people's files", people_zip(lambda: lzma_bomb("a.pdf")), "packed in a way"),
    (
        "bzip2 of 500 MiB of nothing",
        template_zip(lambda: a_zip({"templates/A/body.html": bytes(500 * MIB)}, zipfile.ZIP_BZIP2)),
        "packed in a way",
    ),
    ("one person's file of 1 GiB", people_zip(lambda: one_large("a.pdf", 1024 * MIB)), "too large"),
    (
        "people's files of 5 MiB each, without end",
        people_zip(lambda: a_zip({f"{number}.bin": bytes(3 * MIB) for number in range(200)})),
        "Unpacked, the files take over 400 MiB",
    ),
]

# Workbooks


def sheet(*cells: str, before: bytes = b"") -> bytes:
    rows = b"".join(
        b'<row r="%s"><c r="%s" t="inlineStr"><is><t>email</t></is></c></row>'
        % ("".join(sign for sign in cell if sign.isdigit()).encode(), cell.encode())
        for cell in cells
    )
    return before + SHEET + b"<sheetData>" + rows + b"</sheetData></worksheet>"


def workbook(xml: bytes, **more: bytes) -> bytes:
    return parts(plain_xlsx(), xl__worksheets__sheet1_dot_xml=xml, **more)


def laughs(levels: int = 9) -> bytes:
    names = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(levels))
    return f'<?xml version="1.0"?><!DOCTYPE x [{names}]>'.encode()


def strings(inside: bytes, before: bytes = b"") -> bytes:
    head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return parts(plain_xlsx(), xl__sharedStrings_dot_xml=before + head + inside + b"</sst>")


def open_document(rows: int, columns: int) -> bytes:
    content = ods(("A", [["email"], ["a@example.com"]]))()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("content.xml")
    xml = xml.replace(b"<table:table-row>", b'<table:table-row table:number-rows-repeated="%d">' % rows)
    xml = xml.replace(b"<table:table-cell", b'<table:table-cell table:number-columns-repeated="%d"' % columns)
    return parts(content, content_dot_xml=xml)


QUADRATIC = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 60_000 + b'">]>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY % b SYSTEM "http://127.0.0.1:9/x"> %b;]>'
ZERO_STYLES = (
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts><numFmt numFmtId="200" '
    b'formatCode="00000"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs>'
)

WORKBOOKS = [
    ("two cells in opposite corners", table(lambda: workbook(sheet("A1", "XFD1048576"))), "too far apart"),
    ("a row with the number 1,000,000,000", table(lambda: workbook(sheet("A1", "A1000000000"))), "too far apart"),
    ("a column far outside", table(lambda: workbook(sheet("A1", "ZZZZZZZ1"))), "too far apart"),
    ("a rectangle of 3 billion cells", table(lambda: workbook(sheet("A1", "A200000", "XFD2"))), "too far apart"),
    ("a shared string of 200 MiB", table(lambda: strings(b"<si><t>" + b"x" * (200 * MIB) + b"</t></si>")), "160 MiB"),
    ("billion laughs in the shared strings", table(lambda: strings(b"<si><t>&l8;</t></si>", laughs())), "damaged"),
    (
        "billion laughs in the sheet",
        table(lambda: workbook(sheet("A1", before=laughs()).replace(b"email", b"&l8;"))),
        "damaged|names of|nobody|nothing",
    ),
    ("quadratic blow-up", table(lambda: strings(b"<si><t>" + b"&a;" * 60_000 + b"</t></si>", QUADRATIC)), "damaged"),
    ("an external entity", table(lambda: strings(b"<si><t>&a;</t></si>", EXTERNAL)), "damaged"),
    (
        "formats of 120 MiB",
        table(lambda: workbook(sheet("A1"), xl__styles_dot_xml=ZERO_STYLES + b"<xf/>" * (24 * MIB) + b"</styleSheet>")),
        "",
    ),
    (
        "six million cells in one row that may show zeros",
        table(
            lambda: workbook(
                SHEET + b'<sheetData><row r="1">' + b"<c/>" * (6 * MIB) + b"</row></sheetData></worksheet>",
                xl__styles_dot_xml=ZERO_STYLES + b"</styleSheet>",
            )
        ),
        "",
    ),
    ("elements nested 5 million deep", table(lambda: workbook(SHEET + b"<a>" * (5 * MIB))), ""),
    ("a repeated OpenDocument column", table(lambda: open_document(1, 1_000_000_000)), "16,384 columns"),
    ("a repeated OpenDocument rectangle", table(lambda: open_document(1_000_000, 16_000)), "damaged|too far apart"),
]

# Text, cards, JSON

DEEP_JSON = b'{"name": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\n%s\r\nEND:VCARD\r\n"

TEXTS = [
    ("JSON nested 200,000 deep", template_zip(lambda: a_zip({"templates/A/template.json": DEEP_JSON})), "not JSON"),
    (
        "a number of a million digits in JSON",
        template_zip(lambda: a_zip({"templates/A/template.json": b'{"name": ' + b"9" * 400_000 + b"}"})),
        "not JSON",
    ),
    (
        "a text of 40 MiB in a template",
        template_zip(
            lambda: a_zip({"templates/A/template.json": TEMPLATE, "templates/A/body.html": b"x" * (40 * MIB)})
        ),
        "longer than",
    ),
    ("an address card of 20 MiB", table(lambda: CARD % (b"NOTE:" + b"x" * (20 * MIB))), "too large"),
    (
        "an address card without an end",
        table(lambda: b"BEGIN:VCARD\r\n" + b"NOTE:x\r\n" * (2 * MIB)),
        "too large|no end",
    ),
    ("a cell of 30 MiB with one quotation mark", table(lambda: b'email,name\n"' + b"x" * (30 * MIB)), ""),
    ("two million columns", table(lambda: b"email" + b",x" * MIB + b"\na@example.com\n"), "columns|too"),
    ("a gzip file", table(lambda: b"\x1f\x8b" + bytes(200)), "compressed file"),
]

# Pictures and drawings


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0) + bytes(20)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 40) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size + bytes(20)


def svg(inside: str, before: str = "", attributes: str = "") -> bytes:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


GIANT, PROGRAM = "million pixels", "is a drawing with"
PICTURES = [
    ("a PNG of 100,000 pixels a side", attachment("a.png", lambda: png(100_000, 100_000)), GIANT),
    ("a PNG of 2,147,483,647 pixels a side", attachment("a.png", lambda: png(2**31 - 1, 1)), GIANT),
    ("a PNG as a logo", given(lambda: png(60_000, 60_000), lambda content: _checked_logo("a.png", content)), GIANT),
    ("a GIF of 65,535 pixels a side", attachment("a.gif", lambda: gif(65_535, 65_535)), GIANT),
    ("a GIF that is long only", attachment("a.gif", lambda: gif(40_000, 1)), GIANT),
    ("a WebP of 16,384 pixels a side", attachment("a.webp", lambda: webp(16_384, 16_384)), GIANT),
    ("a drawing of billion laughs", attachment("a.svg", lambda: laughs() + svg("<text>&l8;</text>")), PROGRAM),
    ("a drawing of quadratic blow-up", attachment("a.svg", lambda: QUADRATIC + svg("&a;" * 60_000)), PROGRAM),
    ("a drawing with an external entity", attachment("a.svg", lambda: EXTERNAL + svg("<text>&a;</text>")), PROGRAM),
    (
        "a drawing nested 100,000 deep",
        attachment("a.svg", lambda: svg("<g>" * 100_000 + "</g>" * 100_000)),
        "can be read",
    ),
]

BOMBS = [*ZIPS, *WORKBOOKS, *TEXTS, *PICTURES]


def test_there_are_at_least_forty_of_them() -> None:
    assert len({name for name, _, _ in BOMBS}) == len(BOMBS) >= 40


@pytest.mark.parametrize(
    ("prepared", "words"), [(prepared, words) for _, prepared, words in BOMBS], ids=[name for name, _, _ in BOMBS]
)
def test_a_bomb_is_refused_in_words_and_bounded(prepared: Prepared, words: str) -> None:
    said = refusal_of(prepared())
    assert any(one in said for one in words.split("|")), said


def test_zip_files_within_a_file_are_never_unpacked() -> None:
    """A nested archive is one file of an e-mail as any other: nobody looks deeper than its names."""
    assert outcome_of(attachment("deep.zip", lambda: nested(4))()) == "taken"


def test_a_pasted_source_without_end_is_read_once() -> None:
    assert outcome_of(lambda: read_single("a.html", b"<b>" * 300_000)).startswith(("taken", "refused"))
