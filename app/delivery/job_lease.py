"""The right to do a periodic job, and the job's own pace: one worker at a time, by a row in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Database, now
from app.people.approval_models import ApprovalLease
from app.recipients.suppressions.models import SuppressionLease
from app.sends.event_models import EventLease

LEASE_SECONDS = 120.0
"""Longer than one call of the service with its pause may take."""
_ONE = 1


class LeaseLost(Exception):
    """Another worker does the job now."""


class JobLease:
    """The lease as one worker sees it. `next_at` is the row's time before which the service is not called again."""

    def __init__(
        self,
        database: Database,
        owner: str,
        row: type[EventLease] | type[SuppressionLease] | type[ApprovalLease],
        next_at: InstrumentedAttribute[datetime],
    ) -> None:
        self.database = database
        self._owner = owner
        self._row = row
        self._next_at = next_at.key

    def take(self) -> int | None:
        """Give the generation of a lease taken now; None when another worker has it."""
        row, at = self._row, now()
        with self.database.writing() as session:
            if session.get(row, _ONE) is None:
                make = sqlite.insert if self.database.is_sqlite else postgresql.insert
                values = {"id": _ONE, "owner": "", "generation": 0, "lease_until": at, self._next_at: at}
                session.execute(make(row).values(values).on_conflict_do_nothing())
            return session.scalar(
                update(row)
                .where(row.id == _ONE, row.lease_until <= at)
                .values(
                    owner=self._owner,
                    generation=row.generation + 1,
                    lease_until=at + timedelta(seconds=LEASE_SECONDS),
                )
                .returning(row.generation)
                .execution_options(synchronize_session=False)
            )

    def give_up(self, generation: int) -> None:
        """Let another worker take it at once. Raises LeaseLost."""
        with self.writing(generation, until=now()):
            pass

    @contextmanager
    def writing(self, generation: int, *, until: datetime | None = None) -> Iterator[Session]:
        """Give a writing session that renewed the lease. Raises LeaseLost, so that nothing of it is written."""
        row = self._row
        with self.database.writing() as session:
            changed = session.execute(
                update(row)
                .where(row.id == _ONE, row.generation == generation)
                .values(lease_until=until or now() + timedelta(seconds=LEASE_SECONDS))
                .execution_options(synchronize_session=False)
            )
            if not changed.rowcount:  # type: ignore[attr-defined]
                raise LeaseLost
            yield session

    def seconds_to_next(self, session: Session, spacing: float) -> float:
        """Take the next place in the job's pace; gives how long to wait for it, less than the lease lasts.

        `session` comes from `writing`; the place after this one is `spacing` seconds later.
        """
        held = session.get_one(self._row, _ONE, populate_existing=True)
        at: datetime = max(now(), getattr(held, self._next_at))
        setattr(held, self._next_at, at + timedelta(seconds=spacing))
        return min(LEASE_SECONDS / 2, max(0.0, (at - now()).total_seconds()))
