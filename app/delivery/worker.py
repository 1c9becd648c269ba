"""The worker process: reviews and delivers until it is told to stop."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Database, now
from app.delivery import recovery
from app.delivery.approval_job import ApprovalJob
from app.delivery.clock import ClockWatch, HolderWatch
from app.delivery.event_reading import EventReadingJob
from app.delivery.importing_lists import ListImporting
from app.delivery.jobs import Queue
from app.delivery.list_work import ListWork
from app.delivery.models import Worker
from app.delivery.own_mail_posting import OwnMailJob
from app.delivery.periodic import PeriodicJob
from app.delivery.pipeline import Pipeline
from app.delivery.post_times import post_times
from app.delivery.quota import QuotaReader
from app.delivery.reviewing import Reviewing
from app.delivery.suppression_sync import SuppressionSyncJob
from app.logs import log_context, set_up_logs
from app.people.sign_in_work import work_on_sign_ins
from app.sends.control import resume_due
from app.sends.hiding import hide_left
from app.settings import Settings

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
"""How often a worker shows a sign of life and sweeps."""
ALIVE_SECONDS = 30.0
"""A worker seen within this time counts as alive."""
SWITCH_SECONDS = 0.05
"""How long a thread may compute while others wait. They give way at every call of the network anyway; Python's own
5 ms force them apart in the middle of a message, which costs a fifth of the CPU time of a POST."""
MACHINE = 60
"""Letters of a machine's name that a worker's own name begins with."""
JOB_THREADS = 4
"""Jobs a worker does at once: lanes of several sends, and reviews."""


def worker_alive(session: Session, machine: str = "") -> bool:
    """Whether any worker showed a sign of life lately; with a machine's name only a worker of that machine counts."""
    since = now() - timedelta(seconds=ALIVE_SECONDS)
    query = select(Worker.id).where(Worker.seen_at > since).limit(1)
    if machine:
        query = query.where(Worker.id.startswith(f"{machine[:MACHINE]}:", autoescape=True))
    return session.scalar(query) is not None


class WorkerProcess:
    """Everything one worker process holds."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.owner = f"{socket.gethostname()[:MACHINE]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.database = Database(settings.database_url)
        self.queue = Queue(settings, self.database, runner=lambda: self)
        self.reviewing = Reviewing(self.database, self.queue)
        self.list_importing = ListImporting(self.database, self.queue)
        self.pipeline = Pipeline(settings, self.database, self.queue, self.owner)
        self.quota = QuotaReader(settings, self.database)
        self.clock, self.holders = ClockWatch(), HolderWatch()
        self._stop = threading.Event()
        self.periodic: tuple[PeriodicJob, ...] = (
            EventReadingJob(settings, self.database, self.owner, self._stop),
            ListWork(self.database, self._stop),
            SuppressionSyncJob(settings, self.database, self.owner, self._stop),
            OwnMailJob(settings, self.database, self._stop),
            ApprovalJob(settings, self.database, self.owner, self._stop),
        )

    def run_lane(self, lane_id: int, generation: int) -> None:
        """Do a lane's job."""
        with log_context(lane_id=lane_id):
            self.pipeline.run_lane(lane_id, generation)

    def run_review(self, send_id: int) -> None:
        """Do a review's job."""
        with log_context(send_id=send_id):
            self.reviewing.run(send_id)

    def run_import(self, upload_id: int) -> None:
        """Do an import's job."""
        with log_context(upload_id=upload_id):
            self.list_importing.run(upload_id)

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C."""
        sys.setswitchinterval(SWITCH_SECONDS)
        with ExitStack() as stack:
            stack.callback(self._close)
            if self.database.is_sqlite:
                stack.enter_context(recovery.only_worker(self.settings.data))
            self.database.once_it_answers(self._take_up)
            self.quota.start()
            # SQLite is asked for jobs again and again; PostgreSQL tells, so this is only the rest after a failure.
            rest = 0.1 if self.database.is_sqlite else 1.0
            consumer = self.queue.engine.create_consumer(
                workers=JOB_THREADS, periodic=False, initial_delay=rest, max_delay=rest, backoff=1
            )
            consumer.start()
            for job in self.periodic:
                job.start()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._on_signal)  # in place of the engine's own, which would drop jobs
            while not self._stop.wait(BEAT_SECONDS):
                consumer.check_worker_health()
                self._beat()
            consumer.stop(graceful=True)

    def _take_up(self) -> None:
        """Find what was left to do, before the first job."""
        if self.database.is_sqlite:
            recovery.void_all_leases(self.database)
            self.queue.engine.storage.flush_queue()  # the sweep enqueues everything that matters
        self._beat()
        if self.database.is_sqlite:
            self.reviewing.wake_all()
        self.list_importing.wake_all()
        _ = self.queue.engine  # opened here, where its storage may still be away

    def _on_signal(self, number: int, frame: object) -> None:
        """Let what is under way end, and hand the rest back."""
        self.pipeline.stopping = self.reviewing.renderer.stopping = self.list_importing.stopping = True
        self._stop.set()

    def _close(self) -> None:
        self._stop.set()
        for job in self.periodic:
            job.join()
        self.quota.stop()
        self.pipeline.close()
        self.reviewing.renderer.close()
        try:
            post_times.keep(self.database)
            with self.database.writing() as session:
                session.execute(delete(Worker).where(Worker.id == self.owner))
        except SQLAlchemyError:  # away: the row is cleared in time
            log.warning("the sign of life could not be taken back")
        self.database.close()

    def _beat(self) -> None:
        try:
            self._beat_once()
        except Exception:  # the database or the engine is away; what is under way must not break
            log.exception("no sign of life could be given; trying again in %s s", BEAT_SECONDS)

    def _beat_once(self) -> None:
        with self.database.reading() as session:
            set_back_by = self.clock.set_back_by(session)
        if set_back_by:
            recovery.after_clock_set_back(self.database, self.queue, set_back_by)
        with self.database.writing() as session:
            session.merge(Worker(id=self.owner, seen_at=now()))
            session.execute(delete(Worker).where(Worker.seen_at < now() - timedelta(hours=1)))
        with self.database.writing() as session:
            resumed = resume_due(session)
        for send_id in resumed:
            self.queue.wake(send_id)
        recovery.sweep(self.database, self.queue, self.settings.lease_seconds, self.holders)
        hide_left(self.database)
        self.reviewing.wake_silent()
        self.list_importing.wake_silent()
        post_times.keep(self.database)
        work_on_sign_ins(self.database, self.settings)


def run_worker(settings: Settings) -> None:
    """Run a worker until it is told to stop."""
    process = WorkerProcess(settings)
    log.info("the worker starts", extra={"worker": process.owner})
    try:
        process.run()
    except recovery.AlreadyRunning:
        sys.exit("A worker is running on this data folder already. With SQLite there can be only one.")
    log.info("the worker stopped", extra={"worker": process.owner})


if __name__ == "__main__":
    from_environment = Settings.from_environment()
    set_up_logs(from_environment)
    run_worker(from_environment)
