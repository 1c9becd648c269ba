"""Collecting the bytes of files that nothing uses any more: no template, layout or snippet, no version of one, no send.

In two looks at least a day apart: the first marks what nothing uses, a later one deletes what still nothing uses.
Whoever stores the same bytes meanwhile takes the mark off with the row held, and whoever copies a file from elsewhere
has long committed by the second look; so no file goes that an upload under way is about to use.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db import Database, now
from app.emails.models import StoredFile
from app.sends.models import PersonFile, SendAttachment

WAIT_HOURS = 24
"""Between the mark and the deletion; longer than any transaction may last."""
CHUNK = 50
"""Files deleted in one transaction; each may have several MiB."""

_IN_LIST = {
    "sqlite": "SELECT DISTINCT json_extract(file.value, '$.sha256') FROM {table}, "
    "json_each({table}.{column}, '${within}') AS file",
    "postgresql": "SELECT DISTINCT file.value ->> 'sha256' FROM {table}, "
    "json_array_elements({table}.{column}{within}) AS file(value)",
}
_FILES = {"sqlite": ".files", "postgresql": " -> 'files'"}
_CONTENTS = (("template", "draft"), ("template_version", "content"))
_LISTS = (("template_version", "piece_images"), ("piece", "draft_images"), ("piece_version", "images"))


def collect(database: Database, *, stops: Callable[[], bool] = lambda: False) -> int:
    """Mark the files that nothing uses, and delete those marked long enough; gives how many went."""
    with database.reading() as session:
        in_writing = _in_what_is_written(session)
        idle = {*session.scalars(select(StoredFile.sha256).where(*_no_send_uses()))} - in_writing
        marked = {*session.scalars(select(StoredFile.sha256).where(StoredFile.unused_since.is_not(None)))}
        long_ago = now() - timedelta(hours=WAIT_HOURS)
        due = {*session.scalars(select(StoredFile.sha256).where(StoredFile.unused_since < long_ago))} & idle
    for part in _parts(marked - idle):
        _mark(database, part, is_unused=False)
    for part in _parts(idle - marked):
        _mark(database, part, is_unused=True)
    count = 0
    for part in _parts(due):
        if stops():
            break
        count += _delete(database, part, _still_due())
    return count


def _still_due() -> ColumnElement[bool]:
    return and_(StoredFile.unused_since < now() - timedelta(hours=WAIT_HOURS), *_no_send_uses())


def _no_send_uses() -> tuple[ColumnElement[bool], ...]:
    return tuple(~exists().where(table.sha256 == StoredFile.sha256) for table in (SendAttachment, PersonFile))


def _in_what_is_written(session: Session) -> set[str]:
    dialect = session.get_bind().dialect.name
    places = [(*place, _FILES[dialect]) for place in _CONTENTS] + [(*place, "") for place in _LISTS]
    return {
        str(sha256)
        for table, column, within in places
        for sha256 in session.scalars(text(_IN_LIST[dialect].format(table=table, column=column, within=within)))
    }


def _parts(hashes: set[str]) -> list[list[str]]:
    ordered = sorted(hashes)
    return [ordered[begin : begin + CHUNK] for begin in range(0, len(ordered), CHUNK)]


def _mark(database: Database, hashes: list[str], *, is_unused: bool) -> None:
    with database.writing() as session:
        session.execute(
            update(StoredFile)
            .where(StoredFile.sha256.in_(hashes))
            .values(unused_since=now() if is_unused else None)
            .execution_options(synchronize_session=False)
        )


def _delete(database: Database, hashes: list[str], condition: ColumnElement[bool]) -> int:
    try:
        with database.writing() as session:
            # Read again: a template may have taken one in since the look.
            gone = set(hashes) - _in_what_is_written(session)
            done = session.execute(
                delete(StoredFile)
                .where(StoredFile.sha256.in_(gone), condition)
                .execution_options(synchronize_session=False)
            )
            return int(done.rowcount)  # type: ignore[attr-defined]
    except IntegrityError:  # a send takes one of them this moment: the next look finds the others
        return 0
