"""The job of an import: reads, counts, changes the list, takes it back, clears away; killed at any moment.

Where it may be killed, and what is true then:
- while it reads: the chunks that were committed stay, and the next run goes on behind them.
- while it counts: the next run counts anew.
- while it changes a list: one transaction, so nothing is changed, and the next run does it.
- while it takes that back: what was committed stays, and the next run goes on with the rows that are left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.db import Database, now
from app.recipients.imports.accepting import accept
from app.recipients.imports.applying import apply, undo
from app.recipients.imports.counting import count
from app.recipients.imports.run import ImportRun, Overtaken, WorkerEnds
from app.recipients.imports.staging import clear, stage
from app.recipients.models import ImportState, ListUpload, UploadChunk
from app.refusals import Refused
from app.words import _

log = logging.getLogger(__name__)

AT_WORK = (ImportState.READING, ImportState.APPLYING, ImportState.UNDOING, ImportState.FORGOTTEN)
"""States in which a worker has something to do."""
KEPT_FOR = timedelta(days=7)
"""Uploads that nobody saved are cleared away after this time, and imports can be undone for as long."""
_BROKEN = _("Something went wrong in Postroom. Nothing was changed. Try again; if it stays, tell your administrator.")


def run_import(database: Database, upload_id: int, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Do what an upload waits for, to its end. Runs in a worker, one run of an upload at a time."""
    run = _begin(database, upload_id, should_stop)
    if run is None:
        return
    try:
        while (state := _state(run)) in AT_WORK:
            _STEPS[state](run)
    except (Overtaken, WorkerEnds):
        return
    except OperationalError:  # the database is away; the sweep brings it back
        raise
    except Refused as refusal:
        _refuse(run, refusal.words)
    except Exception:
        log.exception("an import failed", extra={"upload_id": upload_id})
        _refuse(run, _BROKEN)


def open_imports(session: Session) -> list[tuple[int, ImportState, int]]:
    """Give id, state and progress of every upload that a worker has something to do for."""
    query = select(ListUpload.id, ListUpload.state, ListUpload.progress).where(ListUpload.state.in_(AT_WORK))
    return [(upload_id, state, progress) for upload_id, state, progress in session.execute(query)]


def forget_old(session: Session) -> None:
    """Let uploads that nobody came back to, and imports too old to undo, be cleared away; what is in hand, later."""
    old = select(ListUpload.id).where(ListUpload.changed_at < now() - KEPT_FOR, ListUpload.state.not_in(AT_WORK))
    session.execute(
        update(ListUpload)
        .where(ListUpload.id.in_(old.with_for_update(skip_locked=True)))
        .values(state=ImportState.FORGOTTEN, run=ListUpload.run + 1)
        .execution_options(synchronize_session=False)
    )


def _begin(database: Database, upload_id: int, should_stop: Callable[[], bool]) -> ImportRun | None:
    with database.writing() as session:
        number = session.scalar(
            update(ListUpload)
            .where(ListUpload.id == upload_id, ListUpload.state.in_(AT_WORK))
            .values(run=ListUpload.run + 1, changed_at=now())
            .returning(ListUpload.run)
            .execution_options(synchronize_session=False)
        )
    return None if number is None else ImportRun(database, upload_id, number, should_stop)


def _state(run: ImportRun) -> ImportState | None:
    with run.database.reading() as session:
        return session.scalar(
            select(ListUpload.state).where(ListUpload.id == run.upload_id, ListUpload.run == run.number)
        )


def _read(run: ImportRun) -> None:
    with run.database.reading() as session:
        upload = run.upload(session)
    if upload.needs_clearing:
        clear(run)
    if upload.needs_clearing or not upload.is_staged:
        stage(run)
    accept(run)
    count(run)


def _forget(run: ImportRun) -> None:
    clear(run)
    _drop_file(run)
    with run.database.writing() as session:
        run.hold(session)
        session.execute(delete(ListUpload).where(ListUpload.id == run.upload_id, ListUpload.run == run.number))


def _apply(run: ImportRun) -> None:
    apply(run)
    if _state(run) is ImportState.DONE:
        _drop_file(run)


def _drop_file(run: ImportRun) -> None:
    """The rows are in the list, and what an undo needs is with the staged ones."""
    while True:
        with run.database.writing() as session:
            run.hold(session)
            numbers = session.scalars(
                select(UploadChunk.number).where(UploadChunk.upload_id == run.upload_id).limit(16)
            ).all()
            session.execute(
                delete(UploadChunk).where(UploadChunk.upload_id == run.upload_id, UploadChunk.number.in_(numbers))
            )
        if not numbers:
            return


def _refuse(run: ImportRun, words: str) -> None:
    """Say why it does not go on: an import that was counted goes back there, anything else has failed."""
    with run.database.writing() as session:
        back = {ImportState.APPLYING: ImportState.READY, ImportState.UNDOING: ImportState.DONE}
        upload = session.get(ListUpload, run.upload_id, with_for_update=True)
        if upload is not None and upload.run == run.number:
            upload.state, upload.words = back.get(upload.state, ImportState.FAILED), words


_STEPS: dict[ImportState, Callable[[ImportRun], None]] = {
    ImportState.READING: _read,
    ImportState.APPLYING: _apply,
    ImportState.UNDOING: undo,
    ImportState.FORGOTTEN: _forget,
}
