"""Text files and pastes: encoding, delimiter, quotes and line numbers (CSV, TSV and their relatives)."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from charset_normalizer import from_bytes

from app.recipients.files.grid import LOOKS_LIKE_ADDRESS, Choices, Grid, Row
from app.refusals import Refused
from app.words import _

MAX_LINES = 5_000_000
"""Lines, blank ones among them."""
MAX_LENGTH = 12 * 1024 * 1024
"""Characters of one line or cell; beyond, a quotation mark has surely lost its partner."""

DELIMITERS = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}
"""What may stand between cells, with its name for people."""
DELIMITER_TITLES = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Vertical bar")}
"""The same where the name stands alone."""
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": _("Western European (Windows-1252)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "cp1253": _("Greek (Windows-1253)"),
    "cp1254": _("Turkish (Windows-1254)"),
    "cp1257": _("Baltic (Windows-1257)"),
    "cp437": _("Old DOS (437)"),
    "mac_roman": _("Mac Roman"),
    "iso8859_15": _("Western European (ISO 8859-15)"),
    "shift_jis": _("Japanese (Shift JIS)"),
    "gb18030": _("Chinese (GB 18030)"),
    "euc_kr": _("Korean (EUC-KR)"),
}
"""Encodings a person may choose, with their names."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the one of UTF-16 LE
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLD_ENCODINGS = [
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1257",
    "mac_roman",
    "shift_jis",
    "gb18030",
    "euc_kr",
]
"""What office programs saved before UTF-8, by region; the Western one first."""
_SAMPLE = 64 * 1024
_BLOCK = 1024 * 1024

csv.field_size_limit(MAX_LENGTH)


def open_text(file: BinaryIO, choices: Choices) -> Grid:
    """Open a text file. Raises Refused, at once or when the broken row is reached."""
    encoding = choices.encoding if choices.encoding in ENCODING_NAMES else find_encoding(file)
    beginning = _beginning(file, encoding)
    delimiter, skip = _delimiter_line(beginning)
    if choices.delimiter in DELIMITERS:
        delimiter = choices.delimiter
    delimiter = delimiter or _find_delimiter(beginning)
    rows = _checked_rows(_lines(file, encoding), delimiter, skip, _quote(beginning, delimiter))
    return Grid("CSV", rows, encoding, delimiter)


def find_encoding(file: BinaryIO) -> str:
    """Tell the encoding: by its mark, then UTF-16 without one, then UTF-8, then the old ones. Reads all of it once."""
    file.seek(0)
    beginning = file.read(_SAMPLE)
    for mark, encoding in _BOMS:
        if beginning.startswith(mark):
            return encoding
    wide = _wide_encoding(beginning)
    if wide:
        return wide
    telling = _other_than_utf8(file)
    return "utf-8" if telling is None else _old_encoding(telling)


def _other_than_utf8(file: BinaryIO) -> bytes | None:
    """Give lines with other than ASCII letters when the file is no UTF-8; None when it is."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, telling = True, b""
    while block := file.read(_BLOCK):
        if not block.isascii() and len(telling) < _SAMPLE:
            telling += b"\n".join(line for line in block.splitlines() if not line.isascii())[:_SAMPLE] + b"\n"
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
        if not is_utf8 and len(telling) >= _SAMPLE:
            break
    try:
        decoder.decode(b"", final=is_utf8)
    except UnicodeDecodeError:
        is_utf8 = False
    return None if is_utf8 else telling[:_SAMPLE]


def _wide_encoding(beginning: bytes) -> str | None:
    """Tell UTF-16 without a mark by its zero bytes: each ASCII sign has one, always on the same side."""
    sample = beginning[: len(beginning) - len(beginning) % 2]
    zeros_first, zeros_second = sample[0::2].count(0), sample[1::2].count(0)
    pairs = max(1, len(sample) // 2)
    if zeros_second > 0.2 * pairs and zeros_first < 0.05 * pairs:
        return "utf-16-le"
    if zeros_first > 0.2 * pairs and zeros_second < 0.05 * pairs:
        return "utf-16-be"
    return None


def _old_encoding(telling: bytes) -> str:
    """Guess from the lines with other than ASCII letters. Western European unless another one is clearly better."""
    matches = from_bytes(telling, cp_isolation=_OLD_ENCODINGS, enable_fallback=False)
    best = matches.best()
    if best is None:
        return "cp1252"
    western = next((one for one in matches if "cp1252" in (one.encoding, *one.could_be_from_charset)), None)
    return "cp1252" if western is not None and western.chaos <= best.chaos + 0.02 else best.encoding


def encoding_name(encoding: str) -> str:
    """Name an encoding for people."""
    if encoding.startswith("utf-16"):
        return ENCODING_NAMES["utf-16"]
    return ENCODING_NAMES.get(encoding, encoding.upper())


def unreadable(encoding: str) -> Refused:
    """Say that bytes do not fit an encoding."""
    return Refused(
        _(
            "Its letters cannot be read (they look like %(encoding_name)s, but are broken). Save it again as "
            "CSV UTF-8, or choose another encoding where it is read.",
            encoding_name=encoding_name(encoding),
        )
    )


def text_of(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Give the file as text from its beginning, line ends as they are; a mark at the beginning is left out."""
    file.seek(0)
    return io.TextIOWrapper(file, "utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def _beginning(file: BinaryIO, encoding: str) -> str:
    text = text_of(file, encoding)
    try:
        return text.read(_SAMPLE)
    except UnicodeError as error:
        raise unreadable(encoding) from error
    finally:
        text.detach()


def _delimiter_line(beginning: str) -> tuple[str, int]:
    """Read the line `sep=;` that spreadsheets put first: gives its delimiter and how many lines to pass over."""
    first = io.StringIO(beginning[:100], newline="").readline().rstrip("\r\n")
    found = re.fullmatch(r'"?sep=([,;|:~^\t])"?', first, re.IGNORECASE)
    return (found[1], 1) if found else ("", 0)


def _find_delimiter(beginning: str) -> str:
    """Try each delimiter on the first rows; the best gives clean addresses, then equally wide rows, then wide ones."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        sample = (row for row, _ in _rows(iter(io.StringIO(beginning, newline="")), delimiter))
        rows = [[cell.strip() for cell in row.cells] for row in islice(sample, 40)]
        rows = [cells for cells in rows if any(cells)]
        width = max((len(cells) for cells in rows), default=1)
        if width < 2:
            return False, 0.0, 0
        clean = any(LOOKS_LIKE_ADDRESS.match(cell) for cells in rows for cell in cells)
        return clean, sum(len(cells) == width for cells in rows) / len(rows), width

    return max(DELIMITERS, key=score)


def _quote(beginning: str, delimiter: str) -> str:
    """Tell the sign around cells: an apostrophe where every cell of the first row stands between two."""
    first = next((line for line in beginning.splitlines() if line.strip()), "")
    return "'" if all(re.fullmatch("'.+'", cell) for cell in first.split(delimiter)) else '"'


def _lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Give the lines with their ends (\\n, \\r or \\r\\n): cells stay as typed. Raises Refused for what is no text."""
    text = text_of(file, encoding)
    number = 0
    try:
        while line := text.readline(MAX_LENGTH):
            number += 1
            if "\0" in line:
                raise Refused(
                    _(
                        "Line %(number)s holds a NUL character, so this is not a clean text file. "
                        "Export it again as CSV UTF-8.",
                        number=number,
                    )
                )
            if len(line) == MAX_LENGTH:
                raise Refused(
                    _(
                        "Line %(number)s has more than %(max_length)s characters. Is this a table?",
                        number=number,
                        max_length=MAX_LENGTH,
                    )
                )
            yield line
    except UnicodeError as error:
        raise unreadable(encoding) from error
    finally:
        if not file.closed:
            text.detach()


def _rows(lines: Iterator[str], delimiter: str, quote: str = '"') -> Iterator[tuple[Row, bool]]:
    """Give every row, and whether it ends in the middle of a quoted cell because the text does."""
    ended = False

    def all_lines() -> Iterator[str]:
        nonlocal ended
        yield from lines
        ended = True  # a reader asks for a line after the last one only inside an open quote

    reader = csv.reader(all_lines(), delimiter=delimiter, quotechar=quote, skipinitialspace=True)
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            yield Row(line, cells), ended
    except csv.Error as error:
        raise Refused(
            _(
                "In the row that begins in line %(line)s, a cell has no end within %(max_length)s characters. A "
                "quotation mark may lack its partner.",
                line=before + 1,
                max_length=MAX_LENGTH,
            )
        ) from error


def _checked_rows(lines: Iterator[str], delimiter: str, skip: int, quote: str) -> Iterator[Row]:
    for row, is_open in _rows(lines, delimiter, quote):
        if is_open:
            raise Refused(
                _(
                    "In the row that begins in line %(line)s, a quotation mark opens a cell and is never closed. "
                    "Close it, or take it away.",
                    line=row.line,
                )
            )
        if row.line > MAX_LINES:
            raise Refused(
                _(
                    "There are more than %(max_lines)s lines, most of them empty. Export the file again.",
                    max_lines=MAX_LINES,
                )
            )
        if row.line > skip:
            yield row
