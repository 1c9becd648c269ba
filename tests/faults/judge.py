"""The judge of every fault: what the sink itself recorded, held against what Postroom says (P1, P2, P3).

The sink is the simulator: it keeps every POST with its time and our own reference. Postroom's database is only asked
what it says of each message; whether that is true, the sink decides.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import pytest
import requests
from sqlalchemy.exc import SQLAlchemyError

from app.sends.models import UNDER_WAY, Outcome, SendState
from app.sends.tallies import counts
from tests.delivery.ground import Ground
from tests.simulator_process import RunningSimulator

TOOK = (Outcome.DELIVERED, Outcome.QUEUED, Outcome.BOUNCED, Outcome.ACCEPTED)
"""Outcomes that say: it went out."""
GOES_ON_SECONDS = 120.0
"""Seconds after which a test gives up waiting: 60 are promised after a fault is over (design, section 6), the rest is
for a busy machine. `docs/faults.md` has what was measured."""


class SinkRecord:
    """The sink's own record, read bit by bit: a long run has more POSTs than one answer holds."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self._url = f"{simulator.url}/api/v1/requests"
        self.rows: list[dict[str, Any]] = []

    def read(self) -> int:
        """Read what is new; gives how many POSTs arrived in all."""
        while True:
            after = self.rows[-1]["id"] if self.rows else 0
            new = requests.get(self._url, params={"start": after, "limit": 5000}, timeout=60).json()["requests"]
            self.rows += new
            if len(new) < 5000:
                return len(self.rows)

    def wait_for_more(self, count: int, *, than: int | None = None, seconds: float = GOES_ON_SECONDS) -> float:
        """Wait until so many more POSTs arrived, `than` there were (or are now), and say how long it took."""
        began, wanted = time.monotonic(), (self.read() if than is None else than) + count
        while self.read() < wanted:
            assert time.monotonic() - began < seconds, f"nothing was sent for {seconds:.0f} s"
            time.sleep(0.05)
        return time.monotonic() - began

    @property
    def captured(self) -> Counter[str]:
        """How often each message's e-mail was taken by the service."""
        return Counter(row["reference"] for row in self.rows if row["mail_id"] is not None)

    @property
    def arrived(self) -> Counter[str]:
        """How often each message was posted; a POST that was cut off has no reference, and nothing went out by it."""
        return Counter(row["reference"] for row in self.rows if row["reference"])

    def longest_standstill(self) -> float:
        """Seconds of the longest time in which nothing arrived between the first POST and the last."""
        times = [row["at"] for row in self.rows]
        return max((after - before for before, after in pairwise(times)), default=0.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a run, by the sink's own record."""

    messages: int
    arrived: int
    doubts: int
    """Listed as `unknown`."""
    lost: int
    """Said to have gone out, or still under way, and the sink never took it."""
    twice: int
    """Taken more often than a person chose."""
    hidden: int
    """Taken by the sink, while Postroom says that nothing went out."""
    longest_standstill_s: float


def judge(
    ground: Ground, record: SinkRecord, send_ids: Sequence[int], *, again: Collection[str] = frozenset()
) -> Figures:
    """Hold the database against the sink. `again`: references that a person chose to send once more."""
    record.read()
    captured = record.captured
    states: dict[str, Outcome] = {}
    for send_id in send_ids:
        ground.tally(send_id)  # P1: the groups are what the messages say, and add up to the total
        states |= {message.reference: message.state for message in ground.messages(send_id)}
    assert set(captured) <= set(states), "the sink took an e-mail that is of no send"
    return Figures(
        messages=len(states),
        arrived=len(captured),
        doubts=sum(1 for state in states.values() if state is Outcome.UNKNOWN),
        lost=sum(1 for one, state in states.items() if state in (*TOOK, *UNDER_WAY) and one not in captured),
        twice=sum(1 for one, count in captured.items() if count > 1 + (one in again)),
        hidden=sum(1 for one in captured if states[one] not in (*TOOK, Outcome.UNKNOWN)),
        longest_standstill_s=round(record.longest_standstill(), 1),
    )


def assert_promises(
    ground: Ground,
    simulator: RunningSimulator,
    *send_ids: int,
    most_in_doubt: int | None = None,
    retried: bool = False,
) -> Figures:
    """Finished sends: everybody once or in doubt, nobody lost, nobody twice, no doubt hidden.

    `retried`: some were posted again, because the service said that nothing went out.
    """
    record = SinkRecord(simulator)
    figures = judge(ground, record, send_ids)
    assert (figures.lost, figures.twice, figures.hidden) == (0, 0, 0), figures
    if not retried:
        assert {reference: count for reference, count in record.arrived.items() if count > 1} == {}, "posted twice"
    for send_id in send_ids:
        assert ground.state(send_id) is SendState.FINISHED
        assert set(ground.tally(send_id)) <= {Outcome.DELIVERED, Outcome.UNKNOWN}
    if most_in_doubt is not None:
        assert figures.doubts <= most_in_doubt
    return figures


def still_to_do(ground: Ground, *send_ids: int) -> int:
    """Count what has no outcome yet, while workers are at work."""
    with ground.database.reading() as session:
        tallies = [counts(session, one) for one in send_ids]
    return sum(tally[state] for tally in tallies for state in UNDER_WAY)


def wait_until_finished(ground: Ground, *send_ids: int, seconds: float = GOES_ON_SECONDS) -> None:
    """Wait for the end of sends, while the database may be away."""
    deadline = time.monotonic() + seconds

    def is_over(send_id: int) -> bool:
        return ground.state(send_id) is SendState.FINISHED

    while not all(_patiently(lambda one=one: is_over(one)) for one in send_ids):  # type: ignore[misc]
        assert time.monotonic() < deadline, {one: (ground.state(one), still_to_do(ground, one)) for one in send_ids}
        time.sleep(0.1)


def _patiently(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except SQLAlchemyError:
        return False


Tell = Callable[..., None]


@pytest.fixture
def tell(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Print figures as one line of JSON, past pytest's own capture."""

    def line(figures: Figures | None = None, **more: object) -> None:
        with capsys.disabled():
            test = request.node.name
            print("\n" + json.dumps({"test": test, **more, **(asdict(figures) if figures else {})}), flush=True)

    return line
