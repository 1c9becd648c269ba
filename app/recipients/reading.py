"""From the bytes of a file, or pasted text, to rows of cells: encoding, delimiter, quotes and line numbers.

Knows nothing of people or lists. Everything that cannot be read is `Refused` in words that say what to do. Further
kinds of file (workbooks, vCard) become further readers that give the same `Table`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from charset_normalizer import from_bytes

from app.recipients.file_kinds import foreign_kind
from app.refusals import Refused

MAX_UPLOAD = 10 * 1024 * 1024
"""Bytes of one file or paste."""
MAX_COLUMNS = 200
MAX_HEADER = 200
"""Characters of a column's name."""
MAX_ROWS = 100_000
"""Filled rows read in one request; the time and memory of a request must have an end."""
MAX_LINES = 1_000_000
"""Lines, blank ones among them."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
"""What may stand between cells, with its name for people."""

LOOKS_LIKE_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+\Z")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
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
_ENCODING_NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-8": "UTF-8",
    "cp1252": "Western European (Windows-1252)",
    "mac_roman": "Mac Roman",
}
_SAMPLE = 64 * 1024

csv.field_size_limit(MAX_UPLOAD)  # longer cells than Python's own limit reach our check, which names the line


@dataclass(frozen=True, slots=True)
class Row:
    """Cells as typed, and the number of the line in the file where the row begins (from 1)."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A header row and the rows under it, without blank ones; `encoding` and `delimiter` are names for people."""

    encoding: str
    delimiter: str
    header: Row
    rows: list[Row]


def read_table(content: bytes) -> Table:
    """Read a file or a paste. Raises Refused when it is empty, too large, no text, or no table with a header row."""
    if len(content) > MAX_UPLOAD:
        raise Refused("The file is larger than 10 MiB. Split it, or remove columns that no template uses.")
    kind = foreign_kind(content)
    if kind is not None:
        raise Refused(f"This is {kind.title}, not a CSV file. {kind.advice}")
    text, encoding = _decode(content)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refused(
            f"Line {line:,} holds a NUL character, so this is not a clean text file. Export it again as CSV UTF-8."
        )
    delimiter, skip = _delimiter_line(text)
    delimiter = delimiter or _find_delimiter(text)
    rows = _all_rows(text, delimiter, skip)
    if not rows:
        raise Refused("There is nothing in it: no header row and no people.")
    header, people = rows[0], rows[1:]
    _check_header(header)
    if not people:
        raise Refused("There is a header row, but nobody under it. Add at least one row with an e-mail address.")
    return Table(_ENCODING_NAMES.get(encoding, encoding.upper()), DELIMITERS.get(delimiter, delimiter), header, people)


def _decode(content: bytes) -> tuple[str, str]:
    """Give the text and its encoding: by mark, then UTF-16 without one, then UTF-8, then the old ones."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _strictly(content, encoding), "UTF-16" if encoding == "utf-16" else encoding
    wide = _wide_encoding(content)
    if wide:
        return _strictly(content, wide), "UTF-16"
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        encoding = _old_encoding(content)
        return _strictly(content, encoding), encoding


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused(
            f"Its letters cannot be read (they look like {encoding.upper()}, but are broken). "
            "Save it again as CSV UTF-8."
        ) from error


def _wide_encoding(content: bytes) -> str | None:
    """Tell UTF-16 without a mark by its zero bytes: each ASCII sign has one, always on the same side."""
    sample = content[: _SAMPLE - _SAMPLE % 2]
    zeros_first, zeros_second = sample[0::2].count(0), sample[1::2].count(0)
    pairs = max(1, len(sample) // 2)
    if zeros_second > 0.2 * pairs and zeros_first < 0.05 * pairs:
        return "utf-16-le"
    if zeros_first > 0.2 * pairs and zeros_second < 0.05 * pairs:
        return "utf-16-be"
    return None


def _old_encoding(content: bytes) -> str:
    """Guess from the lines with other than ASCII letters. Western European unless another one is clearly better."""
    telling = b"\n".join(line for line in content[: 16 * _SAMPLE].splitlines() if not line.isascii())[:_SAMPLE]
    matches = from_bytes(telling or content[:_SAMPLE], cp_isolation=_OLD_ENCODINGS, enable_fallback=False)
    best = matches.best()
    if best is None:
        return "cp1252"
    western = next((one for one in matches if "cp1252" in (one.encoding, *one.could_be_from_charset)), None)
    return "cp1252" if western is not None and western.chaos <= best.chaos + 0.02 else best.encoding


def _delimiter_line(text: str) -> tuple[str | None, int]:
    """Read the line `sep=;` that spreadsheets put first: gives its delimiter and how many lines to pass over."""
    first = io.StringIO(text[:100], newline="").readline().rstrip("\r\n")
    found = re.fullmatch(r'"?sep=([,;|:~^\t])"?', first, re.IGNORECASE)
    return (found[1], 1) if found else (None, 0)


def _find_delimiter(text: str) -> str:
    """Try each delimiter on the first rows; the best gives clean addresses, then equally wide rows, then wide ones."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        sample = (row for row, _ in _rows(text[:_SAMPLE], delimiter))
        rows = [[cell.strip() for cell in row.cells] for row in islice(sample, 40)]
        rows = [cells for cells in rows if any(cells)]
        width = len(rows[0]) if rows else 1
        if width < 2:
            return False, 0.0, 0
        clean = any(LOOKS_LIKE_ADDRESS.match(cell) for cells in rows for cell in cells)
        return clean, sum(len(cells) == width for cells in rows) / len(rows), width

    return max(DELIMITERS, key=score)


def _rows(text: str, delimiter: str) -> Iterator[tuple[Row, bool]]:
    """Give every row, and whether it ends in the middle of a quoted cell because the text does."""
    ended = False

    def lines() -> Iterator[str]:
        nonlocal ended
        yield from io.StringIO(text, newline="")  # splits at \n, \r and \r\n and keeps them: cells stay as typed
        ended = True  # a reader asks for a line after the last one only inside an open quote

    reader = csv.reader(lines(), delimiter=delimiter, skipinitialspace=True)
    before = 0
    for cells in reader:
        line, before = before + 1, reader.line_num
        yield Row(line, cells), ended


def _all_rows(text: str, delimiter: str, skip: int) -> list[Row]:
    rows: list[Row] = []
    for row, is_open in _rows(text, delimiter):
        if is_open:
            raise Refused(
                f"In the row that begins in line {row.line:,}, a quotation mark opens a cell and is never closed. "
                "Close it, or take it away."
            )
        if row.line > MAX_LINES:
            raise Refused(f"There are more than {MAX_LINES:,} lines, most of them empty. Export the file again.")
        if row.line <= skip or not any(cell.strip() for cell in row.cells):
            continue
        if len(rows) > MAX_ROWS:
            raise Refused(f"There are more than {MAX_ROWS:,} people in it. Split it into several lists.")
        rows.append(row)
    return rows


def _check_header(header: Row) -> None:
    while len(header.cells) > MAX_COLUMNS and not header.cells[-1].strip():
        header.cells.pop()  # empty cells to the right, as spreadsheets leave them
    if len(header.cells) > MAX_COLUMNS:
        raise Refused(
            f"The header row has {len(header.cells):,} columns; {MAX_COLUMNS} are the most. "
            "Remove those that no template uses."
        )
    for number, cell in enumerate(header.cells, start=1):
        if len(cell) > MAX_HEADER:
            raise Refused(
                f"The name of column {number} has {len(cell):,} characters; {MAX_HEADER} are the most. "
                "Is the first row the one with the names of the columns?"
            )
    if any(LOOKS_LIKE_ADDRESS.match(cell.strip()) for cell in header.cells):
        raise Refused(
            "The first row seems to be a person already. Put a row with the names of the columns above it, "
            "for example: email, name."
        )
