"""The worker process: it starts, it shows that it lives, it stops when told, and there is only one on SQLite."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from app.db import now
from app.delivery.models import Lane, Worker
from app.delivery.worker import worker_alive
from app.sends.control import cancel, pause, resume
from app.sends.models import Outcome, SendState
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator


def alive(ground: Ground) -> bool:
    with ground.database.reading() as session:
        return worker_alive(session)


def test_a_worker_shows_that_it_lives_and_delivers_what_waits(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(people(100))
    assert not alive(ground)
    with RunningWorker(ground.settings):
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        assert alive(ground)
    assert ground.tally(send_id) == {Outcome.DELIVERED: 100}
    assert len(simulator.requests()) == 100


def test_a_woken_send_begins_at_once(ground: Ground, simulator: RunningSimulator) -> None:
    with RunningWorker(ground.settings):
        wait_for(lambda: alive(ground))
        time.sleep(0.5)
        send_id = ground.send(people(3))
        ground.hand().queue.wake(send_id)
        assert wait_for(lambda: len(simulator.requests()) > 0) < 2  # the sweep alone would take 5


def test_after_a_pause_nothing_more_is_posted_and_resume_goes_on(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(chaos={"latency_ms": 300, "fault_share": 0})
    send_id = ground.send(people(200))
    with RunningWorker(ground.settings):
        wait_for(lambda: len(simulator.requests()) > 10)
        with ground.database.writing() as session:
            pause(session, ground.actor, send_id)
        paused = time.time()
        time.sleep(2.5)
        posted = simulator.requests()
        # A request is recorded 0.3 s after it began.
        assert max(request["at"] for request in posted) - 0.3 < paused + 1
        assert len(posted) < 60
        assert Outcome.SENDING not in ground.tally(send_id)
        simulator.configure(chaos={"latency_ms": 0, "fault_share": 0})
        with ground.database.writing() as session:
            resume(session, ground.actor, send_id)
        ground.hand().queue.wake(send_id)
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
    assert ground.tally(send_id) == {Outcome.DELIVERED: 200}
    references = [request["reference"] for request in simulator.requests()]
    assert len(references) == len(set(references)) == 200


def test_a_slow_service_does_not_hold_up_a_pause(ground: Ground, simulator: RunningSimulator) -> None:
    """What is under way ends normally; the rest of the chunk goes back unposted."""
    simulator.configure(chaos={"latency_ms": 3000, "fault_share": 0})
    send_id = ground.send(people(40))
    with RunningWorker(ground.settings, POSTROOM_CONNECTIONS="4"):
        wait_for(lambda: ground.tally(send_id).get(Outcome.SENDING, 0) == 8)
        with ground.database.writing() as session:
            pause(session, ground.actor, send_id)
        wait_for(lambda: Outcome.SENDING not in ground.tally(send_id))
    assert ground.tally(send_id) == {Outcome.DELIVERED: 4, Outcome.PENDING: 36}
    assert len(simulator.requests()) == 4


def test_a_cancel_stops_it_for_good(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(chaos={"latency_ms": 200, "fault_share": 0})
    send_id = ground.send(people(100))
    with RunningWorker(ground.settings):
        wait_for(lambda: len(simulator.requests()) > 5)
        with ground.database.writing() as session:
            cancel(session, ground.actor, send_id)
        wait_for(lambda: ground.under_way(send_id) == 0)
        tally = ground.tally(send_id)
        time.sleep(1)
    assert ground.tally(send_id) == tally
    assert set(tally) == {Outcome.DELIVERED, Outcome.CANCELLED}
    assert len(simulator.requests()) == tally[Outcome.DELIVERED]


def test_told_to_stop_it_ends_what_is_under_way_and_leaves_no_doubt(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(chaos={"latency_ms": 500, "fault_share": 0})
    send_id = ground.send(people(100))
    with RunningWorker(ground.settings) as worker:
        wait_for(lambda: len(simulator.requests()) > 5)
        worker.send(signal.SIGTERM)
        assert worker.wait(10) == 0
        tally = ground.tally(send_id)
        assert set(tally) == {Outcome.DELIVERED, Outcome.PENDING}
        assert not alive(ground)
        simulator.configure(chaos={"latency_ms": 0, "fault_share": 0})
        worker.start()
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
    assert ground.tally(send_id) == {Outcome.DELIVERED: 100}
    assert len(simulator.requests()) == 100


def test_a_second_worker_on_the_same_sqlite_folder_is_refused_with_words(ground: Ground) -> None:
    if not ground.database.is_sqlite:
        pytest.skip("PostgreSQL takes many workers")
    with RunningWorker(ground.settings) as first, RunningWorker(ground.settings) as second:
        wait_for(lambda: any(one.process is not None and one.process.poll() is not None for one in (first, second)))
        refused = first if first.process is not None and first.process.poll() is not None else second
        assert refused.wait(1) == 1
        assert "there can be only one" in refused.words


def test_a_worker_on_a_database_that_is_not_set_up_says_what_to_do(ground: Ground, tmp_path: Path) -> None:
    elsewhere = ground.settings.model_copy(
        update={"data": tmp_path / "new", "database_url_setting": f"sqlite:///{tmp_path}/new.sqlite3"}
    )
    elsewhere.__dict__.pop("database_url", None)  # worked out once, from the settings before
    with RunningWorker(elsewhere) as worker:
        assert worker.wait(20) == 1
        assert "Run `postroom setup` first" in worker.words


def test_a_scheduled_send_starts_on_time_and_not_before(ground: Ground, simulator: RunningSimulator) -> None:
    with RunningWorker(ground.settings):
        wait_for(lambda: alive(ground))
        from datetime import timedelta

        start = now() + timedelta(seconds=4)
        send_id = ground.send(people(3), start_at=start)
        ground.hand().queue.wake(send_id)
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
    first = min(request["at"] for request in simulator.requests())
    assert 0 <= first - start.timestamp() < 4


def test_signs_of_life_of_long_gone_workers_are_cleared(ground: Ground) -> None:
    from datetime import timedelta

    with ground.database.writing() as session:
        session.add(Worker(id="old", seen_at=now() - timedelta(hours=2)))
        session.add(Worker(id="dead", seen_at=now() - timedelta(minutes=2)))
    assert not alive(ground)
    with RunningWorker(ground.settings):
        wait_for(lambda: alive(ground))
    with ground.database.reading() as session:
        names = set(session.scalars(select(Worker.id)))
    assert "old" not in names and "dead" in names


def test_finished_sends_leave_no_lanes(ground: Ground) -> None:
    send_id = ground.send(people(20))
    with RunningWorker(ground.settings):
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        wait_for(lambda: not _lanes(ground))


def _lanes(ground: Ground) -> list[int]:
    with ground.database.reading() as session:
        return list(session.scalars(select(Lane.id)))


def test_an_idle_worker_costs_little(ground: Ground) -> None:
    with RunningWorker(ground.settings) as worker:
        wait_for(lambda: alive(ground))
        time.sleep(1)
        assert worker.process is not None
        process = psutil.Process(worker.process.pid)
        before = sum(process.cpu_times()[:2])
        time.sleep(5)
        assert sum(process.cpu_times()[:2]) - before < 0.5
