"""The engine's queue is emptied while a send is under way and its workers live: no promise rests on it (design, 6)."""

from __future__ import annotations

import random
import time

import pytest
from sqlalchemy import text

from app.delivery.jobs import Queue
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import SinkRecord, Tell, assert_promises, wait_until_finished
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

CHANCE = random.Random(20261124)


def empty_the_queue(ground: Ground) -> None:
    """Throw away every job: the engine's tables on PostgreSQL, its whole file on SQLite."""
    if ground.database.is_sqlite:
        for file in ground.settings.data.glob("queue.sqlite3*"):
            file.unlink()
        return
    with ground.database.writing() as session:
        names = session.scalars(text("select tablename from pg_tables where tablename like 'huey%'")).all()
        assert len(names) >= 2
        session.execute(text(f"truncate {', '.join(names)}"))


def test_an_emptied_engine_stops_neither_what_is_under_way_nor_what_is_released_later(
    ground: Ground, simulator: RunningSimulator, tell: Tell
) -> None:
    simulator.configure(chaos={"latency_ms": 40, "fault_share": 0})
    record = SinkRecord(simulator)
    first = ground.send(people(500, "first"))
    with RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3") as worker:
        for _ in range(3):
            record.wait_for_more(20)
            time.sleep(CHANCE.uniform(0, 0.3))
            empty_the_queue(ground)
        after = record.wait_for_more(1)
        later = ground.send(people(50, "later"))
        began = time.monotonic()
        # A web process that was started after the queue was emptied wakes it.
        Queue(ground.settings.model_copy(update={"lease_seconds": 3}), ground.database).wake(later)
        wait_for(
            lambda: any("later" in email for row in record.rows for email in row["recipients"]) or not record.read()
        )
        later_after = time.monotonic() - began
        wait_until_finished(ground, first, later)
        assert worker.process is not None and worker.process.poll() is None, "the worker outlives its queue"
    figures = assert_promises(ground, simulator, first, later, most_in_doubt=0)
    tell(figures, goes_on_after_s=round(after, 2), later_send_begins_after_s=round(later_after, 2))
