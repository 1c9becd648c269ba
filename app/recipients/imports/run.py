"""One run of an import's job: it writes only as long as no newer run and no stop came, and says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.db import Database, now
from app.recipients.models import ImportState, ListUpload, RecipientList, StagedRow

RANGE = 20_000
"""Lines that one short transaction changes."""


class Overtaken(Exception):
    """Somebody stopped this run, or another one took over; it must write nothing more."""


class WorkerEnds(Exception):
    """The worker was told to stop; the next one goes on."""


class ImportRun:
    """A run in hand. Every transaction that writes begins with `hold`, or with `hold_list` when it changes the list."""

    def __init__(
        self, database: Database, upload_id: int, number: int, should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        self.database = database
        self.upload_id = upload_id
        self.number = number
        self._should_stop = should_stop

    def hold(self, session: Session, **values: Any) -> None:
        """Write values of the upload down, if this is still its run. Raises Overtaken, WorkerEnds."""
        if self._should_stop():
            raise WorkerEnds
        held = session.execute(
            update(ListUpload)
            .where(ListUpload.id == self.upload_id, ListUpload.run == self.number)
            .values(changed_at=now(), **values)
            .execution_options(synchronize_session=False)
        )
        if not held.rowcount:  # type: ignore[attr-defined]
            raise Overtaken

    def hold_list(self, session: Session) -> RecipientList | None:
        """Hold the upload's list, and then the upload: in the order that everybody has, so that none waits in a ring.

        Gives None when it has no list any more. Raises Overtaken, WorkerEnds.
        """
        of_run = (ListUpload.id == self.upload_id, ListUpload.run == self.number)
        list_id = session.scalar(select(ListUpload.list_id).where(*of_run))
        found = session.get(RecipientList, list_id, with_for_update=True) if list_id is not None else None
        self.hold(session)
        return found

    def upload(self, session: Session, *, lock: bool = False) -> ListUpload:
        """Read the upload. Raises Overtaken."""
        query = select(ListUpload).where(ListUpload.id == self.upload_id, ListUpload.run == self.number)
        found = session.scalar(query.with_for_update() if lock else query)
        if found is None:
            raise Overtaken
        return found

    def end(self, state: ImportState, **values: Any) -> None:
        """Let the upload go into a state where a person acts next. Raises Overtaken."""
        with self.database.writing() as session:
            self.hold(session, state=state, **values)

    def in_ranges(self, act: Callable[[Session, int, int], Any]) -> None:
        """Do something with all staged rows, range of lines by range, each in a transaction: act(session, from, to)."""
        with self.database.reading() as session:
            first, last = session.execute(
                select(func.min(StagedRow.line), func.max(StagedRow.line)).where(StagedRow.upload_id == self.upload_id)
            ).one()
        if first is None:
            return
        place = first
        while place <= last:
            with self.database.writing() as session:
                self.hold(session)
                following = session.scalar(
                    select(StagedRow.line)
                    .where(StagedRow.upload_id == self.upload_id, StagedRow.line >= place)
                    .order_by(StagedRow.line)
                    .offset(RANGE)
                    .limit(1)
                )
                act(session, place, last + 1 if following is None else following)
            if following is None:
                return
            place = following
