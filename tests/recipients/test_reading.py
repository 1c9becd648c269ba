"""Files as people have them: each gives its rows, or words that say what to do."""

from __future__ import annotations

import io
import logging
import zipfile

import openpyxl
import pytest

from app.logs import set_up_logs
from app.recipients.files import reading, reading_text
from app.recipients.files.reading import MAX_COLUMNS, MAX_UPLOAD
from app.refusals import Refused
from app.settings import Settings
from tests.recipients.imports import read_table

PEOPLE = "email,first name,city\njosé@example.com,José,Málaga\nanna@example.com,Anna Öst,Ålesund\n"
HEADER = ["email", "first name", "city"]
ROWS = [["josé@example.com", "José", "Málaga"], ["anna@example.com", "Anna Öst", "Ålesund"]]


def workbook(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<xml/>")
    return out.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read_table(content)
    return refused.value.words


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PEOPLE.encode("utf-8"), "UTF-8"),
        (PEOPLE.encode("utf-8-sig"), "UTF-8"),
        (PEOPLE.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + PEOPLE.encode("utf-16-be"), "UTF-16"),
        (PEOPLE.encode("utf-16-le"), "UTF-16"),
        (PEOPLE.encode("utf-16-be"), "UTF-16"),
        (PEOPLE.encode("utf-32"), "UTF-32"),
        (PEOPLE.encode("cp1252"), "Western European (Windows-1252)"),
    ],
    ids=["utf-8", "utf-8 BOM", "utf-16 LE BOM", "utf-16 BE BOM", "utf-16 LE", "utf-16 BE", "utf-32", "cp1252"],
)
def test_the_encoding_is_found(content: bytes, encoding: str) -> None:
    table = read_table(content)
    assert table.encoding == encoding
    assert table.header.cells == HEADER
    assert [row.cells for row in table.rows] == ROWS


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("email;nom;ville\na@example.com;Hélène;Besançon\nb@example.com;François;Évry – “centre”\n", "cp1252"),
        ("email;имя;город\na@example.com;Иван Петров;Москва\nb@example.com;Ольга Смирнова;Екатеринбург\n", "cp1251"),
    ],
)
def test_letters_of_old_encodings_come_out_right(text: str, encoding: str) -> None:
    table = read_table(text.encode(encoding))
    assert [table.header.cells, *(row.cells for row in table.rows)] == [
        line.split(";") for line in text.strip().split("\n")
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("email;name;note\na@example.com;Ann;one, two, three\nb@example.com;Bo;x\n", "semicolon"),
        ("email\tname\na@example.com\tSmith, Ann\n", "tab"),
        ("email|name\na@example.com|Ann\n", "vertical bar"),
        ("email,name\na@example.com,Ann\n", "comma"),
        ("name;amount;email\nAnn;1,50;a@example.com\nBo;2,75;b@example.com\n", "semicolon"),
    ],
)
def test_the_delimiter_is_found(text: str, name: str) -> None:
    table = read_table(text.encode())
    assert table.delimiter == name
    assert len(table.header.cells) == len(table.rows[0].cells) > 1


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_sep_line_of_spreadsheets_is_obeyed_and_counted(first: str) -> None:
    table = read_table(f"{first}\r\nemail;name\r\na@example.com;Ann\r\n".encode("utf-8-sig"))
    assert (table.delimiter, table.header.line, table.rows[0].line) == ("semicolon", 2, 3)
    assert table.header.cells == ["email", "name"]


def test_quotes_in_quotes_and_line_breaks_in_cells_keep_their_line_numbers() -> None:
    text = (
        'email,note\r\na@example.com,"He said ""hi"", then left"\r\n'
        'b@example.com,"one\r\ntwo\n\nthree"\r\n\r\nc@example.com,"a,b"\r\n'
    )
    rows = read_table(text.encode()).rows
    assert [(row.line, row.cells[1]) for row in rows] == [
        (2, 'He said "hi", then left'),
        (3, "one\r\ntwo\n\nthree"),
        (8, "a,b"),
    ]


def test_old_mac_line_ends_are_line_ends() -> None:
    rows = read_table(b"email,name\ra@example.com,Ann\rb@example.com,Bo\r").rows
    assert [(row.line, row.cells) for row in rows] == [(2, ["a@example.com", "Ann"]), (3, ["b@example.com", "Bo"])]


def test_cells_stay_as_typed() -> None:
    rows = read_table(b'email,code,when\na@example.com,007,"  1  000 "\n').rows
    assert rows[0].cells == ["a@example.com", "007", "  1  000 "]


def test_a_quote_after_a_delimiter_and_a_space_still_opens_a_cell() -> None:
    assert read_table(b'email, name\na@example.com, "Smith, Ann"\n').rows[0].cells == ["a@example.com", "Smith, Ann"]


def test_a_single_column_is_a_table() -> None:
    assert [row.cells for row in read_table(b"email\na@example.com\nb@example.com").rows] == [
        ["a@example.com"],
        ["b@example.com"],
    ]


def test_blank_rows_are_passed_over() -> None:
    rows = read_table(b"\n\nemail,name\n,\n  ,  \na@example.com,Ann\n\n").rows
    assert [(row.line, row.cells[0]) for row in rows] == [(6, "a@example.com")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "nothing in it"),
        (b" \r\n \n", "nothing in it"),
        (b"\xef\xbb\xbf", "nothing in it"),
        (b"email,name\n", "nobody under it"),
        (b"email,name\na@example.com,An\0n\n", "Line 2 holds a NUL"),
        (b'email,name\na@example.com,Ann\nb@example.com,"Bo\nc@example.com,Cy\n', "begins in line 3"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office document"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "a picture"),
        (b"  <!DOCTYPE html><html><table>", "a web page"),
        (b"BEGIN:VCARD\nVERSION:3.0\n", "has no end"),
        (b"{\\rtf1 hello}", "RTF"),
        (workbook("[Content_Types].xml", "xl/workbook.xml"), "damaged"),
        (workbook("[Content_Types].xml", "word/document.xml"), "text document (such as Word)"),
        (workbook("people.csv"), "ZIP file"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "breaks off"),
        (PEOPLE.encode("utf-16")[:-1], "Save it again as CSV UTF-8"),
    ],
)
def test_what_is_no_list_is_refused_with_words(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_an_old_workbook_is_answered_with_how_to_save_it_as_csv() -> None:
    assert "“Save as” and “CSV UTF-8”" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def test_limits_are_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 1_000)
    monkeypatch.setattr(reading_text, "MAX_LINES", 100_000)
    assert "larger than 256 MiB" in refusal(b"x" * (MAX_UPLOAD + 1))
    wide = ",".join(["email", *(f"c{number}" for number in range(MAX_COLUMNS))])
    assert f"{MAX_COLUMNS + 1} columns" in refusal(f"{wide}\na@example.com\n".encode())
    assert "more than 1,000 people" in refusal(b"email\n" + b"a\n" * 1_001)
    assert "more than 100,000 lines" in refusal(b"\n" * 100_001 + b"email")
    assert "The name of column 2 has 5,000 characters" in refusal(b"email," + b"x" * 5_000 + b"\na@example.com,1\n")


def test_empty_columns_to_the_right_are_no_columns() -> None:
    line = b"email,name" + b"," * 16_383 + b"\n"
    assert len(read_table(line + b"a@example.com,Ann" + b"," * 16_383 + b"\n").header.cells) <= MAX_COLUMNS


def test_a_cell_of_10_mib_is_read_so_that_its_row_can_be_named() -> None:
    content = b"email,note\na@example.com,ok\nb@example.com,"
    content += b"x" * (10 * 1024 * 1024)
    assert [row.line for row in read_table(content).rows] == [2, 3]


@pytest.mark.parametrize("number", [447700900123, -447700900123])
def test_a_number_too_large_for_hours_is_answered_with_its_row(number: int) -> None:
    book = openpyxl.Workbook()
    for row in (["email", "phone"], ["ann@example.com", 1.5], ["bo@example.com", number]):
        book.active.append(row)
    for cell in ("B2", "B3"):
        book.active[cell].number_format = "[h]:mm"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Refused, match="In row 3, a number"):
        read_table(out.getvalue())


def test_the_log_says_nothing_of_what_stands_on_a_card(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    card = b"BEGIN:VCARD\nVERSION:3.0\nAnn Okafor, Secret Street 12\nEMAIL:ann@example.com\nEND:VCARD\n"
    before = logging.root.handlers[:], logging.root.level
    try:
        set_up_logs(settings)
        read_table(card)
    finally:
        logging.root.handlers[:], logging.root.level = before
    assert "Okafor" not in capsys.readouterr().err


def test_an_encoding_that_nobody_offered_is_not_taken_for_a_card() -> None:
    card = b"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEMAIL:ann@example.com\nEND:VCARD\n"
    assert read_table(card, encoding="hex").rows[0].cells[:2] == ["ann@example.com", "Ann"]
