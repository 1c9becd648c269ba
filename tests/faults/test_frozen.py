"""Workers that are frozen for longer than their lease and wake up again: two believe they hold the same chunk (P2)."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import ExitStack

import pytest

from tests.delivery.ground import Ground, people
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import SinkRecord, Tell, assert_promises, wait_until_finished
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("SEED", "20261124"))
FREEZES = max(2, int(os.environ.get("KILLS", "8")) // 8)


@pytest.mark.timeout(1800)
def test_frozen_workers_wake_up_and_nobody_gets_an_e_mail_twice(
    ground: Ground, simulator: RunningSimulator, tell: Tell
) -> None:
    chance, record, goes_on = random.Random(SEED), SinkRecord(simulator), 0.0
    simulator.configure(chaos={"latency_ms": 400, "fault_share": 0})
    workers = 1 if ground.database.is_sqlite else 3
    send_id = ground.send(people(100 * workers * FREEZES))  # more than those that are not frozen post meanwhile
    with ExitStack() as stack:
        running = [
            stack.enter_context(RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="1")) for _ in range(workers)
        ]
        for _ in range(FREEZES):
            record.wait_for_more(20)
            time.sleep(chance.uniform(0, 0.3))
            frozen = chance.sample(running, max(1, workers - 1))
            for one in frozen:
                one.send(signal.SIGSTOP)
            # Sweepers look every 5 seconds: in the longer times another worker takes the work over.
            time.sleep(chance.uniform(1.5, 8))
            for one in frozen:
                one.send(signal.SIGCONT)
            goes_on = max(goes_on, record.wait_for_more(1))
        wait_until_finished(ground, send_id, seconds=60 + 5 * FREEZES)
    figures = assert_promises(ground, simulator, send_id)
    tell(figures, seed=SEED, workers=workers, freezes=FREEZES, goes_on_after_s=round(goes_on, 1))
