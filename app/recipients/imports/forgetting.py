"""One person in the uploads of a workspace: which hold them, and how these let them go when the person is erased.

An upload that waits would bring them back, with its rows or when its file is read again: it is forgotten whole. One
that is done only keeps rows for its undo, and the beginning of its file: these go, and the rest stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Row, String, cast, delete, func, or_, select
from sqlalchemy.orm import Session

from app.db import among, now
from app.recipients.imports.mapping import ColumnRole, mapping_of
from app.recipients.imports.mended import MENDED
from app.recipients.imports.uploads import CHANGEABLE, DONE
from app.recipients.models import ImportState, ListUpload, StagedRow, UploadChunk

CHANGING = (ImportState.APPLYING, ImportState.UNDOING)
"""States in which a worker changes a list."""
LINES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class InUploads:
    """What the uploads of a workspace hold of an address."""

    waiting: Sequence[int] = ()
    """Uploads that would bring the person back: those that hold the address, and those whose file was not read whole,
    so that nobody can say."""
    is_changing: bool = False
    """An import that holds the address, or its undo, is under way."""
    is_certain: bool = False
    """Some upload does hold the address."""
    bad_rows: Sequence[tuple[int, int]] = ()
    """Upload and line of bad rows that name the address, though not as the one to write to."""
    lists: Sequence[int] = ()
    """Lists that done imports which hold the address changed: whoever renames a column of these writes to the rows."""


def in_uploads(session: Session, workspace_id: int, email_key: str) -> InUploads:
    """Look for an address (in lower case) in all uploads of a workspace. Looks through every row."""
    uploads = session.execute(
        select(
            ListUpload.id,
            ListUpload.state,
            ListUpload.is_staged,
            ListUpload.found,
            ListUpload.mapping,
            ListUpload.list_id,
        )
        .where(ListUpload.workspace_id == workspace_id)
        .order_by(ListUpload.id)
    ).all()
    rows = select(StagedRow.upload_id).where(_in_workspace(workspace_id), StagedRow.email_key == email_key)
    bad_rows = list(_bad_rows(session, workspace_id, email_key))
    holding = {*session.scalars(rows.distinct()), *(upload_id for upload_id, _line in bad_rows)}
    waiting = [one for one in uploads if one.state in CHANGEABLE]
    would_hold = {*holding, *_above_header(waiting, email_key), *_in_other_columns(session, waiting, email_key)}
    return InUploads(
        [one.id for one in waiting if one.id in would_hold or not _is_known_whole(one)],
        any(one.state in CHANGING and one.id in holding for one in uploads),
        bool(holding),
        bad_rows,
        [one.list_id for one in uploads if one.state in DONE and one.id in holding and one.list_id is not None],
    )


def hold_uploads(session: Session, workspace_id: int) -> None:
    """Hold the uploads, one after the other by their number, but for those that are applied, which takes long.

    The caller holds lists before, as everybody does.
    """
    is_free = ListUpload.state != ImportState.APPLYING
    query = select(ListUpload.id).where(ListUpload.workspace_id == workspace_id, is_free)
    session.scalars(query.order_by(ListUpload.id).with_for_update()).all()


def forget_person(session: Session, workspace_id: int, email_key: str, found: InUploads) -> None:
    """Let uploads forget an address, as it was `found` with the uploads held. A worker clears away what waits."""
    in_workspace = _in_workspace(workspace_id)
    _delete_rows(session, in_workspace, StagedRow.email_key == email_key)
    for upload_id, rows in groupby(found.bad_rows, itemgetter(0)):
        lines = [line for _upload, line in rows]
        for begin in range(0, len(lines), LINES_AT_ONCE):
            some = among(StagedRow.line.expression, lines[begin : begin + LINES_AT_ONCE])
            _delete_rows(session, StagedRow.upload_id == upload_id, some)
    uploads = session.scalars(
        select(ListUpload)
        .where(
            ListUpload.workspace_id == workspace_id,
            or_(ListUpload.state.in_(DONE), among(ListUpload.id.expression, found.waiting)),
        )
        .execution_options(populate_existing=True)
    ).all()
    for upload in uploads:
        upload.mapping = [{**one, "examples": []} for one in upload.mapping]
        upload.found = {**upload.found, "first": []}
        upload.choices = {name: one for name, one in upload.choices.items() if name != MENDED}
        if upload.id in found.waiting:
            upload.state, upload.words, upload.changed_at = ImportState.FORGOTTEN, "", now()
            upload.run += 1
    over = [upload.id for upload in uploads if upload.state in DONE]
    session.execute(  # there are none, unless a worker was killed before it dropped the file
        delete(UploadChunk)
        .where(among(UploadChunk.upload_id.expression, over))
        .execution_options(synchronize_session=False)
    )


_BETWEEN = re.compile(r"[\s,;:/|<>()\[\]\"\\“”„‘’«»]+")
"""What stands between addresses of a cell."""
_AROUND = ".'`!?*{}\u200b\u200c\u200d\u2060\ufeff"
"""What belongs to no address at its ends."""


def names(text: str, email_key: str) -> bool:
    """Whether a text names this very address, not only one that begins or ends like it."""
    text = text.lower().strip()
    return text == email_key or any(
        email_key in (part, part.strip(_AROUND)) for part in _BETWEEN.split(text) if email_key in part
    )


def _bad_rows(session: Session, workspace_id: int, email_key: str) -> Iterator[tuple[int, int]]:
    """Give the bad rows that name an address in any cell, or whose suggestion it is, by upload."""
    rows = session.execute(
        select(StagedRow.upload_id, StagedRow.line, StagedRow.cells, StagedRow.better)
        .where(
            _in_workspace(workspace_id),
            StagedRow.problem.is_not(None),
            StagedRow.email_key != email_key,
            or_(_may_hold(cast(StagedRow.cells, String), email_key), _may_hold(StagedRow.better.expression, email_key)),
        )
        .order_by(StagedRow.upload_id, StagedRow.line)
    )
    for row in rows:
        if any(names(str(text), email_key) for text in (row.better or "", *(row.cells or ()))):
            yield row.upload_id, row.line


def _is_known_whole(upload: Row[Any]) -> bool:
    """Whether the staged rows tell all that the file could give: no sheet, and no column of addresses, was left out."""
    left_out = any(one.may_be_email and one.role is ColumnRole.OUT for one in mapping_of(upload.mapping))
    return upload.is_staged and len(upload.found.get("sheets", ())) <= 1 and not left_out


def _above_header(uploads: Iterable[Row[Any]], email_key: str) -> Iterator[int]:
    """Give the uploads with an address in their first rows, any of which may be chosen as the header row."""
    for upload in uploads:
        if any(names(cell, email_key) for _line, cells in upload.found.get("first", ()) for cell in cells):
            yield upload.id


def _in_other_columns(session: Session, uploads: Iterable[Row[Any]], email_key: str) -> set[int]:
    """Give the uploads with an address in a column of data that somebody could choose as the one to write to."""
    found = set()
    for upload in uploads:
        others = [one for one in mapping_of(upload.mapping) if one.may_be_email and one.role is ColumnRole.DATA]
        if not others:
            continue
        rows = session.scalars(
            select(StagedRow.data).where(
                StagedRow.upload_id == upload.id,
                StagedRow.problem.is_(None),
                _may_hold(cast(StagedRow.data, String), email_key),
            )
        )
        if any(names(str(data.get(one.variable, "")), email_key) for data in rows for one in others):
            found.add(upload.id)
    return found


def _may_hold(text: ColumnElement[Any], email_key: str) -> ColumnElement[bool]:
    """Ask for texts, of JSON or plain, that may name an address: by its longest part that JSON writes as it is."""
    certain = max(re.split(r'[^ -~]|["\\]', email_key), key=len)
    return func.lower(text).contains(certain, autoescape=True)


def _in_workspace(workspace_id: int) -> ColumnElement[bool]:
    return StagedRow.upload_id.in_(select(ListUpload.id).where(ListUpload.workspace_id == workspace_id))


def _delete_rows(session: Session, *conditions: ColumnElement[bool]) -> None:
    session.execute(delete(StagedRow).where(*conditions).execution_options(synchronize_session=False))
