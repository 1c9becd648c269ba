"""Many kills -9 of workers at random moments of several sends, repeatable by seed (P1, P2, P3).

`make torture KILLS=200 SEED=7` has 10,000 messages on each database; the tests of every day have a shorter run.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack

import pytest

from tests.delivery.ground import Ground, people
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import SinkRecord, Tell, judge, still_to_do, wait_until_finished
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED", "20261124"))
MESSAGES_A_KILL = 50
SENDS = 3
WORKERS_ON_POSTGRESQL = 3


def kill_some(chance: random.Random, running: list[RunningWorker], left: int) -> int:
    """Kill one worker, seldom all of them, seldom one that has only just begun; gives how many fell."""
    choice = chance.random()
    chosen = running if choice < 0.1 and len(running) <= left else [chance.choice(running)]
    for one in chosen:
        one.kill()
        one.start()
    if choice > 0.9 and len(chosen) < left:
        time.sleep(chance.uniform(0.1, 2.5))
        chosen[0].kill()
        chosen[0].start()
        return len(chosen) + 1
    return len(chosen)


@pytest.mark.timeout(3600)
def test_kills_at_random_moments(ground: Ground, simulator: RunningSimulator, tell: Tell) -> None:
    chance = random.Random(SEED)
    simulator.configure(chaos={"latency_ms": 60, "fault_share": 0})
    record, killed, slowest = SinkRecord(simulator), 0, 0.0
    each = MESSAGES_A_KILL * KILLS // SENDS + 1
    sends = [ground.send(people(each, f"send-{number}")) for number in range(SENDS)]
    workers = 1 if ground.database.is_sqlite else WORKERS_ON_POSTGRESQL
    with ExitStack() as stack:
        running = [
            stack.enter_context(RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="2")) for _ in range(workers)
        ]
        while killed < KILLS:
            # Half of what is there for one kill: the other half goes out while the worker falls and starts.
            slowest = max(slowest, record.wait_for_more(chance.randint(1, MESSAGES_A_KILL // 2)))
            time.sleep(chance.uniform(0, 0.1))
            killed += kill_some(chance, running, KILLS - killed)
        under_way = still_to_do(ground, *sends)
        wait_until_finished(ground, *sends, seconds=60 + 0.1 * SENDS * each)
    figures = judge(ground, record, sends)
    database = "sqlite" if ground.database.is_sqlite else "postgresql"
    tell(
        figures,
        database=database,
        workers=workers,
        seed=SEED,
        kills=killed,
        under_way_at_the_last_kill=under_way,
        slowest_to_go_on_s=round(slowest, 1),
    )
    assert under_way > 0, "the last kill hit nothing any more"
    assert (figures.lost, figures.twice, figures.hidden) == (0, 0, 0)
    assert figures.longest_standstill_s < 60
