"""With real workers: one-person mail goes ahead of long sends that wait for calls, and long sends share."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack

import pytest

from app.sends.models import Outcome, SendKind, SendState
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator


def workers(ground: Ground, stack: ExitStack) -> None:
    count = 1 if ground.database.is_sqlite else 2
    running = [stack.enter_context(RunningWorker(ground.settings)) for _ in range(count)]
    assert running


@pytest.mark.parametrize("kind", [SendKind.DIRECT, SendKind.TEST])
@pytest.mark.parametrize("long_sends", [1, 6])
def test_one_person_mail_goes_ahead_while_long_sends_wait(
    ground: Ground, simulator: RunningSimulator, kind: SendKind, long_sends: int
) -> None:
    ground.connection(calls_per_5_minutes=300)
    for number in range(long_sends):
        ground.send(people(300, f"long-{number}"))
    with ExitStack() as stack:
        workers(ground, stack)
        wait_for(lambda: len(simulator.requests()) >= 30)  # the burst: from here on they wait
        time.sleep(2)
        seconds = []
        for number in range(3):
            email = f"one-{number}@example.net"
            send_id = ground.send([email], kind=kind, to=[[email, ""]])
            ground.hand().queue.wake(send_id)
            seconds.append(
                wait_for(lambda email=email: ground.message(email).state is Outcome.DELIVERED)  # type: ignore[misc]
            )
    assert max(seconds) < 30, "without going first they would wait for minutes"
    assert not [request for request in simulator.requests() if request["status"] != 200]


def test_two_long_sends_get_half_each_and_a_third_its_third_at_once(
    ground: Ground, simulator: RunningSimulator
) -> None:
    ground.connection(calls_per_5_minutes=2000)
    for name in ("a", "b"):
        ground.send(people(400, name))

    def made() -> Counter[str]:
        return Counter(str(request["recipients"][0])[0] for request in simulator.requests())

    with ExitStack() as stack:
        workers(ground, stack)
        wait_for(lambda: made().total() >= 110)  # a burst of 100, of which whoever came first had most; then the pace
        burst = made()
        wait_for(lambda: made().total() >= 210)
        two = made()
        ground.hand().queue.wake(ground.send(people(400, "c")))
        time.sleep(15)
        three = made() - two
    assert abs((two - burst)["a"] - (two - burst)["b"]) <= 20
    assert three.total() > 60
    assert three["c"] == pytest.approx(three.total() / 3, abs=20)
    assert ground.state(1) is SendState.SENDING
