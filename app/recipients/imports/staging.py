"""Reading an upload into staged rows: each checked, none of them in a list yet; a chunk a transaction.

Killed at any moment, it goes on behind the last chunk that was committed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.db import table_of
from app.recipients.checking import MAX_CELL, MAX_NAME, Fault, NewRecipient, ProblemKind
from app.recipients.files.grid import Choices, Row
from app.recipients.files.reading import open_table
from app.recipients.files.reading_text import DELIMITERS
from app.recipients.files.stored_file import open_stored
from app.recipients.imports import mended
from app.recipients.imports.mapping import mapping_of
from app.recipients.imports.rows import RowChecker
from app.recipients.imports.run import ImportRun
from app.recipients.models import ListUpload, RecipientList, StagedRow
from app.recipients.suppressions.who import is_anybody_suppressed, not_to_write
from app.refusals import Refused
from app.words import _

CHUNK = 2_000
"""Rows of a transaction."""
MOST_CELL_OF_BAD_ROW = MAX_CELL + 1
"""Characters that are kept of a cell of a bad row: whole, but for one that is too long, which stays so."""
MOST_ADDRESS = 254


def stage(run: ImportRun) -> None:
    """Read and check every row. Raises Refused when the file cannot be read to its end, Overtaken, WorkerEnds."""
    with run.database.reading() as session:
        upload = run.upload(session)
        after = session.scalar(select(func.max(StagedRow.line)).where(StagedRow.upload_id == upload.id)) or -1
        target = session.get(RecipientList, upload.list_id) if upload.list_id is not None else None
        also = list(target.columns) if target is not None else []
        checks_suppressed = is_anybody_suppressed(session, upload.workspace_id)
    with open_stored(run.database, upload.id) as file:
        if file.seek(0, io.SEEK_END) != upload.size:
            raise Refused(_("The upload broke off before the whole file was here. Upload it again."))
        table = open_table(file, choices_of(upload))
        check = mended.checked(upload, checker_of(upload, also))
        total = table.grid.total or upload.size
        rows = (row for row in table.rows if row.line > after)
        seen = 0
        while chunk := list(islice(rows, CHUNK)):
            seen += len(chunk)
            done = seen if table.grid.total else _read_so_far(file)
            checked = [check(row) for row in chunk]
            with run.database.writing() as session:
                run.hold(session, progress=min(done, total), progress_total=total)
                if checks_suppressed:
                    checked = list(_without_suppressed(session, upload.workspace_id, checked))
                write_rows(session, upload.id, checked)
    with run.database.writing() as session:
        run.hold(session, is_staged=True)


def clear(run: ImportRun) -> None:
    """Take staged rows of an earlier mapping away."""
    run.in_ranges(
        lambda session, first, end: session.execute(
            delete(StagedRow).where(StagedRow.upload_id == run.upload_id, StagedRow.line >= first, StagedRow.line < end)
        )
    )
    with run.database.writing() as session:
        run.hold(session, needs_clearing=False, is_staged=False, progress=0)


def choices_of(upload: ListUpload) -> Choices:
    """Give how the upload is read: what was found at its beginning, or what a person chose instead.

    The found values are used again, so that the whole is read as its beginning was shown.
    """
    found = upload.found
    return Choices(
        encoding=found.get("encoding", ""),
        delimiter=found.get("delimiter", ""),
        sheet=found.get("sheet", ""),
        header_line=found.get("header_line", 0),
    )


def checker_of(upload: ListUpload, also: Sequence[str] = ()) -> RowChecker:
    """Give the checker of an upload's rows. `also` are columns of the list that the file may lack."""
    delimiter = upload.found.get("delimiter", "")
    return RowChecker(mapping_of(upload.mapping), DELIMITERS.get(delimiter, delimiter), also)


Checked = tuple[Row, NewRecipient, Fault | None]


def write_rows(session: Session, upload_id: int, checked: Sequence[Checked]) -> None:
    """Insert good and bad rows."""
    good = [good_values(upload_id, row, person) for row, person, fault in checked if fault is None]
    bad = [bad_values(upload_id, row, person, fault) for row, person, fault in checked if fault is not None]
    for values in (good, bad):
        if values:
            session.execute(insert(table_of(StagedRow)), values)


def good_values(upload_id: int, row: Row, person: NewRecipient) -> dict[str, Any]:
    """Give a good row as it is kept: the person it stands for."""
    return {
        "upload_id": upload_id,
        "line": row.line,
        "email": person.email,
        "email_key": person.email_key,
        "name": person.name,
        "data": person.data,
    }


def bad_values(upload_id: int, row: Row, person: NewRecipient, fault: Fault) -> dict[str, Any]:
    """Give a bad row as it is kept: its cells as typed, and what is wrong."""
    return {
        "upload_id": upload_id,
        "line": row.line,
        "email": person.email[:MOST_ADDRESS].replace("\0", ""),
        "email_key": person.email_key[:MOST_ADDRESS].replace("\0", ""),
        "name": person.name[:MAX_NAME].replace("\0", ""),
        "data": {},
        **fault_values(fault),
        "cells": [cell[:MOST_CELL_OF_BAD_ROW].replace("\0", "\N{REPLACEMENT CHARACTER}") for cell in row.cells],
    }


def fault_values(fault: Fault) -> dict[str, Any]:
    """Give what a row says is wrong with it."""
    return {
        "problem": fault.kind.value,
        "place": fault.column,
        "words": _shortened(fault.words),
        "suggestion": _shortened(fault.suggestion),
        "better": fault.better.replace("\0", ""),
    }


def suppressed_faults(session: Session, workspace_id: int, emails: Sequence[str]) -> dict[str, Fault]:
    """Give, for those of the addresses (in lower case) that must not be written to by any sender, why."""
    return {
        email: Fault(
            "email",
            reason.words,
            _("Leave the row out: Postroom does not write to this person."),
            ProblemKind.SUPPRESSED,
        )
        for email, reason in not_to_write(session, workspace_id, emails, sender_domain="").items()
    }


def _without_suppressed(session: Session, workspace_id: int, checked: Sequence[Checked]) -> Iterator[Checked]:
    faults = suppressed_faults(
        session, workspace_id, [person.email_key for _, person, fault in checked if fault is None]
    )
    for row, person, fault in checked:
        yield row, person, fault or faults.get(person.email_key)


def _shortened(text: str) -> str:
    return text.replace("\0", "")[:1_000]


def _read_so_far(file: BinaryIO) -> int:
    return file.raw.tell()  # type: ignore[attr-defined,no-any-return]
