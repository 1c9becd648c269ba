"""Workbooks (XLSX, ODS): sheets that are shown, and each cell as a person would type it.

Dates come as 2026-05-01, which templates read; numbers with all their digits and without noise behind the fifteenth.
A number that the sheet shows with leading zeros keeps them (`shown_zeros`).
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.packing import check_packing
from app.recipients.files.grid import LOOKED_AT, LOOKS_LIKE_ADDRESS, Choices, Grid, Row
from app.recipients.files.shown_zeros import shown_zeros
from app.refusals import Refused
from app.words import _, joined

MAX_STORED = 32 * 1024 * 1024
"""Bytes of a workbook as it is uploaded."""
MAX_UNPACKED = 160 * 1024 * 1024
"""Bytes of all its parts: about 400,000 rows of 8 columns."""
_BLOCK = 1024 * 1024
_TRIAL_SECONDS = 90.0
_TRIAL = Path(__file__).with_name("workbook_trial.py")
_TOO_FAR = _(
    "The cells of this workbook lie too far apart, or are too many, to be read. Copy the table of people into a new "
    "workbook and upload that, or save the sheet as CSV UTF-8."
)
_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:\.\d+)?S\Z")
"""How OpenDocument keeps 30:15:10, which is no time of day."""
_AS_CSV = _("Save the sheet as CSV UTF-8 and upload that: it may have any number of rows.")
_DAMAGED = _(
    "The workbook is damaged and cannot be read. Open it in your spreadsheet program, save it again and upload it."
)


def open_workbook(file: BinaryIO, choices: Choices) -> Grid:
    """Open a workbook at the sheet that is chosen, or the one that is shown and begins with most addresses.

    Raises Refused.
    """
    content = _content(file)
    if not _can_be_opened(content):
        raise Refused(_TOO_FAR)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [
            one.name
            for one in workbook.sheets_metadata
            if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
        ]
        if choices.sheet in shown:
            name, sheet = choices.sheet, workbook.get_sheet_by_name(choices.sheet)
        else:
            name, sheet = _with_most_addresses(workbook, shown)
    except PasswordError as error:
        raise Refused(_("The workbook has a password. Save it without one and upload it again.")) from error
    except (CalamineError, ValueError, OSError) as error:
        raise Refused(_DAMAGED) from error
    return Grid("workbook", _rows(content, name, sheet), sheets=shown, sheet=name, total=sheet.total_height)


def _content(file: BinaryIO) -> bytes:
    """Give the file, once it is known that unpacking it has an end."""
    file.seek(0, io.SEEK_END)
    if file.tell() > MAX_STORED:
        raise Refused(
            joined([_("The workbook is larger than %(most)s MiB.", most=MAX_STORED // 1024 // 1024), _AS_CSV])
        )
    file.seek(0)
    content = file.read()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_packing(archive)
            _check_parts(archive)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise Refused(_DAMAGED) from error
    return content


def _can_be_opened(content: bytes) -> bool:
    """Try it in a process of its own: what ends that one would otherwise end this one."""
    digest = hashlib.sha256(content).digest()
    if digest not in _TRIED:
        try:
            command = [sys.executable, "-I", str(_TRIAL)]
            done = subprocess.run(  # noqa: S603 - our own script; the workbook is only its input
                command,
                input=content,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TRIAL_SECONDS,
                check=False,
            )
            can = done.returncode == 0
        except subprocess.TimeoutExpired:
            can = False
        if len(_TRIED) >= _MOST_TRIED:
            _TRIED.clear()
        _TRIED[digest] = can
    return _TRIED[digest]


_TRIED: dict[bytes, bool] = {}
"""SHA-256 of workbooks tried by this process: one upload is opened several times."""
_MOST_TRIED = 200


def _check_parts(archive: zipfile.ZipFile) -> None:
    """Unpack every part once, block by block: what its directory says about sizes need not be true."""
    too_large = Refused(
        joined(
            [
                _(
                    "Unpacked, the workbook is larger than %(most)s MiB, so it is not opened.",
                    most=MAX_UNPACKED // 1024 // 1024,
                ),
                _AS_CSV,
            ]
        )
    )
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise too_large
    for part in parts:
        with archive.open(part) as stream:  # stops at the size it promised, and then compares the sum of its bytes
            while stream.read(_BLOCK):
                pass


def _with_most_addresses(workbook: CalamineWorkbook, shown: list[str]) -> tuple[str, CalamineSheet]:
    """Give the sheet of the people: a cover or notes may stand before it. The first of several, and of none."""
    if not shown:
        raise Refused(_("No sheet of this workbook is shown. Show the one with the people and upload it again."))
    sheets = [(name, workbook.get_sheet_by_name(name)) for name in shown]
    return max(sheets, key=lambda one: (_addresses(one[1]), one[1].height > 0))


def _addresses(sheet: CalamineSheet) -> int:
    """Count the addresses in the first rows."""
    count = 0
    with suppress(Refused):  # a row that cannot be read is said when its sheet is
        for row in islice(_values(sheet), LOOKED_AT):
            count += sum(bool(LOOKS_LIKE_ADDRESS.match(cell.strip())) for cell in row if isinstance(cell, str))
    return count


def _rows(content: bytes, name: str, sheet: CalamineSheet) -> Iterator[Row]:
    zeros = shown_zeros(content, name)
    first_column = (sheet.start or (0, 0))[1]
    try:
        for line, values in enumerate(_values(sheet), start=1):
            cells = [value if type(value) is str and value[:2] != "PT" else as_typed(value) for value in values]
            for column, shown in zeros.get(line, ()):
                if 0 <= column - first_column < len(cells):
                    cells[column - first_column] = shown
            yield Row(line, cells)
    except CalamineError as error:
        raise Refused(_DAMAGED) from error


def _values(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Give the values of each row. Raises Refused where the library breaks over a number that is shown as hours."""
    rows, line = sheet.iter_rows(), 1
    while True:
        try:
            values = next(rows, None)
        except BaseException as error:
            if not (isinstance(error, OverflowError) or type(error).__name__ == "PanicException"):
                raise
            words = _(
                "In row %(line)s, a number that is far too large for it is shown as hours and minutes. Give its column "
                "the format Number or Text and upload the workbook again.",
                line=line,
            )
            raise Refused(words) from error
        if values is None:
            return
        yield values
        line += 1


def as_typed(value: Any) -> str:
    """Give a cell's value as a person would type it."""
    if isinstance(value, str) and (found := _DURATION.match(value)):
        value = timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3]))
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        day = value.date().isoformat()
        return day if value.time() == time() else f"{day} {_clock(value.time())}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return _clock(value)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(value)


def _number(value: float) -> str:
    """Give a number with the fifteen digits that spreadsheet programs keep, never as 1E+15."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{Decimal(f'{value:.15g}'):f}"


def _clock(value: time) -> str:
    return value.isoformat("seconds" if value.second else "minutes")
