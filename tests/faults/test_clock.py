"""The clock of the machine is set back or forward in the middle of a send (P1, P2, P3)."""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.delivery.in_hand import MOST_PER_CONNECTION
from tests.delivery.ground import Ground, people
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import SinkRecord, Tell, assert_promises, wait_until_finished
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("SEED", "20261124"))
HOUR = 3600


class WorkerWithAClock(RunningWorker):
    """A worker whose clock a file moves."""

    entry = "tests.faults.clock_worker"


def set_clock(file: Path, seconds: float) -> None:
    """In one step, so that no reader finds the file half written."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(file)


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    return tmp_path / "clock"


@pytest.mark.parametrize("seconds", [-HOUR, -90, HOUR], ids=["an hour back", "90 s back", "an hour forward"])
def test_a_clock_that_is_set_loses_nothing_repeats_nothing_and_stops_nothing(
    ground: Ground, simulator: RunningSimulator, clock: Path, seconds: float, tell: Tell
) -> None:
    chance, record = random.Random(SEED), SinkRecord(simulator)
    simulator.configure(chaos={"latency_ms": 40, "fault_share": 0})
    # Some wait for a retry when it happens.
    everybody = [*people(300), *people(3, "once-throttled"), *people(40, "once-internal_server")]
    send_id = ground.send(chance.sample(everybody, len(everybody)))
    workers = 1 if ground.database.is_sqlite else 2
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(WorkerWithAClock(ground.settings, POSTROOM_LEASE_SECONDS="3", CLOCK_FILE=str(clock)))
        record.wait_for_more(80)
        set_clock(clock, seconds)
        began = time.monotonic()
        goes_on = record.wait_for_more(1)
        wait_until_finished(ground, send_id)
        took = time.monotonic() - began
    figures = assert_promises(ground, simulator, send_id, retried=True)
    tell(figures, clock_moved_s=seconds, goes_on_after_s=round(goes_on, 1), finished_after_s=round(took, 1))


def test_a_worker_killed_before_its_clock_was_set_back_is_taken_over_all_the_same(
    ground: Ground, simulator: RunningSimulator, clock: Path, tell: Tell
) -> None:
    record = SinkRecord(simulator)
    simulator.configure(chaos={"latency_ms": 40, "fault_share": 0})
    send_id = ground.send(people(200))
    set_clock(clock, 0)
    with WorkerWithAClock(ground.settings, POSTROOM_LEASE_SECONDS="3", CLOCK_FILE=str(clock)) as worker:
        record.wait_for_more(40)
        worker.kill()
        set_clock(clock, -HOUR)
        worker.start()
        goes_on = record.wait_for_more(1)
        wait_until_finished(ground, send_id)
    figures = assert_promises(ground, simulator, send_id, most_in_doubt=8 * MOST_PER_CONNECTION * 2)
    tell(figures, clock_moved_s=-HOUR, goes_on_after_s=round(goes_on, 1))
