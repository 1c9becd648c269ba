"""The engine: Huey wakes workers with ids. The database is the truth: a lost job costs only time (design, 6)."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import psycopg
from huey import PostgresHuey, SqliteHuey
from huey.api import Huey
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Database, now
from app.delivery import lanes
from app.sends.models import Send, SendKind
from app.settings import Settings

log = logging.getLogger(__name__)

LANES_ON_SQLITE = 1
LANES_ON_POSTGRESQL = 2
"""Lanes of one send: as many workers can work on it at once."""
AHEAD = 10
"""Priority of the jobs of one-person and test e-mails; others have none."""
EARLY_SECONDS = 1.2
"""So much before its time a job is enqueued, because the engine looks only once a second; the lane waits the rest."""
REVIEW_REST_SECONDS = 1.0
"""Pause before a review that could not be done is looked at again."""

_MAKING_TABLES = 0x48756579
"""Number of our lock in PostgreSQL while the engine makes its tables."""


class Runner(Protocol):
    """What does the work of jobs; only worker processes have one."""

    def run_lane(self, lane_id: int, generation: int) -> None:
        """Work on a lane for a while."""

    def run_review(self, send_id: int) -> None:
        """Review a send."""

    def run_import(self, upload_id: int) -> None:
        """Read an upload, or change a list by it."""


class EngineAway(Exception):
    """The engine's storage does not answer."""


class Queue:
    """Puts jobs into the engine; with a runner it can also do them."""

    def __init__(self, settings: Settings, database: Database, runner: Callable[[], Runner] | None = None) -> None:
        self._settings = settings
        self._database = database
        self._lane_seconds = settings.lease_seconds
        self._engine: Huey | None = None
        self._opening = threading.Lock()
        self._runner = runner

    @property
    def engine(self) -> Huey:
        """Huey on the storage that goes with the database; opened at first use, because web processes are forked."""
        with self._opening:
            if self._engine is None:
                engine = _engine(self._settings, self._database)
                self._run_lane = engine.task(name="run_lane")(self._on_lane)
                self._run_review = engine.task(name="run_review")(self._on_review)
                self._run_import = engine.task(name="run_import")(self._on_import)
                self._engine = engine
        return self._engine

    def wake(self, send_id: int) -> None:
        """See to it that a released send is worked on. Call it after the commit. Never raises."""
        try:
            count = LANES_ON_SQLITE if self._database.is_sqlite else LANES_ON_POSTGRESQL
            with self._database.writing() as session:
                opened = lanes.open_lanes(session, send_id, count, self._lane_seconds)
                first = self._goes_first(session, send_id)
            for lane_id, generation, at in opened:
                self.lane(lane_id, generation, at, first=first)
        except Exception:  # the sweeper finds the send; the page must not break
            log.exception("a send could not be woken; the sweeper will", extra={"send_id": send_id})

    def lane(self, lane_id: int, generation: int, at: datetime | None = None, *, first: bool = False) -> None:
        """Enqueue one job for a lane, at once or a little before a time. `first`: ahead of the jobs of long sends."""
        _ = self.engine
        wait = (at - now()).total_seconds() - EARLY_SECONDS if at is not None else 0
        priority = AHEAD if first else None
        if wait > 0:
            self._run_lane.schedule((lane_id, generation), delay=wait, priority=priority)
        else:
            self._run_lane(lane_id, generation, priority=priority)

    def somebody_waits(self) -> bool:
        """Whether jobs are due that no worker has taken yet."""
        return bool(self.engine.pending_count())

    def review(self, send_id: int) -> None:
        """Enqueue the review of a send. Call it after the commit. Never raises."""
        try:
            _ = self.engine
            self._run_review(send_id)
        except Exception:  # the sweeper finds the review; the page must not break
            log.exception("a review could not be enqueued; the sweeper will", extra={"send_id": send_id})

    def review_later(self, send_id: int) -> None:
        """Enqueue a review again after a moment, because this one cannot be done now."""
        _ = self.engine
        self._run_review.schedule((send_id,), delay=REVIEW_REST_SECONDS)

    def import_list(self, upload_id: int) -> None:
        """Enqueue the job of an import. Call it after the commit. Never raises."""
        try:
            _ = self.engine
            self._run_import(upload_id)
        except Exception:  # the sweeper finds the import; the page must not break
            log.exception("an import could not be enqueued; the sweeper will", extra={"upload_id": upload_id})

    def import_later(self, upload_id: int) -> None:
        """Enqueue an import again after a moment, because it cannot be done now."""
        _ = self.engine
        self._run_import.schedule((upload_id,), delay=REVIEW_REST_SECONDS)

    def waiting(self) -> tuple[int, int]:
        """Give how many jobs are ready to run, and how many wait for a time. Raises EngineAway."""
        try:
            return self.engine.pending_count(), self.engine.scheduled_count()
        except (psycopg.Error, sqlite3.Error, SQLAlchemyError) as error:
            raise EngineAway from error

    @staticmethod
    def _goes_first(session: Session, send_id: int) -> bool:
        """Tell whether a send is a one-person or a test e-mail."""
        return session.scalar(select(Send.kind).where(Send.id == send_id)) is not SendKind.LIST

    def _on_lane(self, lane_id: int, generation: int) -> None:
        if self._runner is not None:
            self._runner().run_lane(lane_id, generation)

    def _on_review(self, send_id: int) -> None:
        if self._runner is not None:
            self._runner().run_review(send_id)

    def _on_import(self, upload_id: int) -> None:
        if self._runner is not None:
            self._runner().run_import(upload_id)


def _engine(settings: Settings, database: Database) -> Huey:
    if database.is_sqlite:
        # A file of its own: the engine's locks must not hold up the application's.
        settings.data.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("postroom", filename=str(settings.data / "queue.sqlite3"), results=False)
    url = make_url(database.url).set(drivername="postgresql")
    with database.session() as session:  # of two that make the engine's tables at once, PostgreSQL refuses one
        session.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
        return PostgresHuey("postroom", dsn=url.render_as_string(hide_password=False), results=False)
