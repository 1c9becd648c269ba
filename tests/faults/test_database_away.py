"""The database goes away in the middle of a send: a full disk, a server that is down (P1, P2, P3)."""

from __future__ import annotations

import resource
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.sends.models import Outcome, SendState
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import SinkRecord, Tell, assert_promises, wait_until_finished
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

LATENCY = {"latency_ms": 40, "fault_share": 0}


def assert_once_and_whole(ground: Ground, simulator: RunningSimulator, send_id: int) -> None:
    tally = ground.tally(send_id)
    arrived = Counter(request["reference"] for request in simulator.requests())
    assert max(arrived.values()) == 1
    assert set(tally) <= {Outcome.DELIVERED, Outcome.UNKNOWN}
    assert tally[Outcome.DELIVERED] <= len(arrived) <= tally[Outcome.DELIVERED] + tally.get(Outcome.UNKNOWN, 0)


@pytest.mark.parametrize("seconds", [1.5, 5.0], ids=["shorter than the lease", "longer than the lease"])
def test_a_full_disk_repeats_nothing_and_the_send_goes_on_when_there_is_room(
    ground: Ground, simulator: RunningSimulator, seconds: float
) -> None:
    if not ground.database.is_sqlite:
        pytest.skip("the server's disk is the server's")
    simulator.configure(chaos=LATENCY)
    send_id = ground.send(people(200))
    file = Path(make_url(ground.settings.database_url).database or "")
    with RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3") as worker:
        wait_for(lambda: len(simulator.requests()) > 30)
        assert worker.process is not None
        # No file of the worker may grow beyond what the journal has now.
        room = file.with_name(file.name + "-wal").stat().st_size
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        time.sleep(seconds)
        posted = len(simulator.requests())
        assert posted < 200
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        assert worker.process.poll() is None, "the worker outlives a full disk"
        # It knows what it posted, and writes it down when it can, even after the lease.
        wait_for(lambda: ground.tally(send_id) == {Outcome.DELIVERED: 200})
    assert_once_and_whole(ground, simulator, send_id)


@pytest.mark.parametrize("seconds", [1.5, 5.0], ids=["shorter than the lease", "longer than the lease"])
def test_a_server_that_is_down_repeats_nothing_and_the_send_goes_on(
    ground: Ground, simulator: RunningSimulator, postgres_server: str, seconds: float
) -> None:
    if ground.database.is_sqlite:
        pytest.skip("there is no server")
    simulator.configure(chaos=LATENCY)
    send_id = ground.send(people(200))
    name = make_url(ground.settings.database_url).database
    server = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3") as worker:
        wait_for(lambda: len(simulator.requests()) > 30)
        with server.connect() as connection:
            connection.execute(text(f"alter database {name} with allow_connections false"))
            connection.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"), {"name": name}
            )
            time.sleep(seconds)
            assert len(simulator.requests()) < 200
            connection.execute(text(f"alter database {name} with allow_connections true"))
        ground.database.close()
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        assert worker.process is not None and worker.process.poll() is None, "the worker outlives its database"
        wait_for(lambda: ground.tally(send_id) == {Outcome.DELIVERED: 200})
    server.dispose()
    assert_once_and_whole(ground, simulator, send_id)


DISK = """
    create or replace function disk() returns trigger language plpgsql as $$ begin {} return null; end $$
"""
FULL = "raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';"
WRITTEN = ("message", "attempt", "lane", "send_tally")


def fill_disk(ground: Ground, what: str) -> None:
    """Change the function behind the triggers; its tables need no lock for that."""
    with ground.database.writing() as session:
        session.execute(text(DISK.format(what)))


@pytest.mark.parametrize("seconds", [1.5, 5.0], ids=["shorter than the lease", "longer than the lease"])
def test_a_server_whose_disk_is_full_repeats_nothing_and_the_send_goes_on_when_there_is_room(
    ground: Ground, simulator: RunningSimulator, seconds: float, tell: Tell
) -> None:
    if ground.database.is_sqlite:
        pytest.skip("the test above fills its disk")
    simulator.configure(chaos=LATENCY)
    record = SinkRecord(simulator)
    send_id = ground.send(people(200))
    fill_disk(ground, "")
    with ground.database.writing() as session:
        for table in WRITTEN:
            trigger = f"create trigger disk before insert or update on {table} for each statement"
            session.execute(text(f"{trigger} execute function disk()"))
    with (
        RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3") as one,
        RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3") as two,
    ):
        record.wait_for_more(30)
        fill_disk(ground, FULL)
        time.sleep(seconds)
        posted = record.read()
        assert posted < 200
        fill_disk(ground, "")
        goes_on = record.wait_for_more(1)
        wait_until_finished(ground, send_id)
        for worker in (one, two):
            assert worker.process is not None and worker.process.poll() is None, "the worker outlives a full disk"
        wait_for(lambda: ground.tally(send_id) == {Outcome.DELIVERED: 200})
    tell(assert_promises(ground, simulator, send_id, most_in_doubt=0), goes_on_after_s=round(goes_on, 1))
