"""Random faults of the service, kills of the worker, and people who pause and resume, all at once (P1, P2)."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from app.refusals import Refused
from app.sends.control import pause, resume
from app.sends.models import Outcome, SendState
from tests.delivery.ground import Ground, people
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("SEED", "20261124"))


def test_a_storm_of_faults_pauses_and_kills_keeps_the_promises(ground: Ground, simulator: RunningSimulator) -> None:
    chance = random.Random(SEED)
    simulator.configure(chaos={"latency_ms": 20, "fault_share": 0.15})
    everybody = [
        [*people(100, f"storm-{number}"), *people(20, f"suppressed-{number}"), f"once-throttled-{number}@example.net"]
        for number in range(3)
    ]
    sends = [ground.send(chance.sample(emails, len(emails))) for emails in everybody]
    workers = 1 if ground.database.is_sqlite else 2
    with ExitStack() as stack:
        running = [
            stack.enter_context(RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="2")) for _ in range(workers)
        ]
        for _ in range(8):
            time.sleep(chance.uniform(0.3, 1.0))
            if chance.random() < 0.5:
                one = chance.choice(running)
                one.kill()
                one.start()
            else:
                _change(ground, chance.choice(sends), pause)
                time.sleep(chance.uniform(0, 0.2))
                _change(ground, chance.choice(sends), resume)
        deadline = time.monotonic() + 90
        while any(ground.state(one) is not SendState.FINISHED for one in sends) and time.monotonic() < deadline:
            for one in sends:
                _change(ground, one, resume)
            time.sleep(0.3)
    states = {}
    for one in sends:
        assert ground.state(one) is SendState.FINISHED
        assert ground.under_way(one) == 0
        states |= {message.reference: message.state for message in ground.messages(one)}
    captured = Counter(mail["Reference"] for mail in simulator.messages())
    assert max(captured.values()) == 1
    assert {state for reference, state in states.items() if reference in captured} <= {
        Outcome.DELIVERED,
        Outcome.UNKNOWN,
    }
    assert {reference for reference, state in states.items() if state is Outcome.DELIVERED} <= set(captured)
    assert Counter(states.values())[Outcome.DELIVERED] > 200


def _change(ground: Ground, send_id: int, act: object) -> None:
    """A person presses a button; that it is too late is no fault."""
    try:
        with ground.database.writing() as session:
            act(session, ground.actor, send_id)  # type: ignore[operator]
    except Refused:
        return
    ground.hand().queue.wake(send_id)
