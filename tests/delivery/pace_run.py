"""Twenty minutes of sending in seconds: the real budget, a clock of our own, workers that only take and make calls."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from app.delivery.budget import HOLD_SECONDS, TRAVEL_SECONDS, Budget

START = 1_800_000_000.0
Take = Callable[[float, int, str, bool], tuple[int, float]]


@dataclass
class SlidingLimiter:
    """The service's limit at its strictest: never more calls than this in any window that ends now."""

    limit: int = 1200
    window: float = 300.0
    arrived: list[float] = field(default_factory=list)

    def most_in_a_window(self) -> int:
        times, most, first = sorted(self.arrived), 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - self.window:
                first += 1
            most = max(most, last - first + 1)
        return most

    def between(self, begin: float, end: float) -> int:
        return sum(1 for at in self.arrived if begin <= at < end)


def fixed_window_trips(times: list[float], limit: int, window: float) -> int:
    """How often the simulator's own limiter would be passed: a window begins with the first call after the last."""
    began, calls, trips = -1e9, 0, 0
    for at in sorted(times):
        if at - began >= window:
            began, calls = at, 0
        calls += 1
        trips += calls > limit
    return trips


@dataclass
class Run:
    """What came of a run."""

    limiter: SlidingLimiter
    by_asker: Counter[str]
    seconds: float

    def used(self, after: float = 0.0) -> float:
        """Share of the limit that was used from `after` seconds on."""
        span = self.seconds - after
        made = self.limiter.between(START + after, START + self.seconds)
        return made / (span * self.limiter.limit / self.limiter.window)


def run(
    take: Take,
    *,
    seconds: float = 1200.0,
    askers: tuple[tuple[str, float], ...] = tuple((f"send-{number % 2}", 0.0) for number in range(4)),
    chunk: int = 16,
    limit: int = 1200,
    seed: int = 1,
) -> Run:
    """Let workers take and post as the pipeline does: each of `askers` is a worker on a send, from a time on."""
    chance = random.Random(seed)
    limiter, by_asker = SlidingLimiter(limit), Counter[str]()
    turns = [(START + begins, number, name) for number, (name, begins) in enumerate(askers)]
    heapq.heapify(turns)
    while turns and turns[0][0] < START + seconds:
        at, number, name = heapq.heappop(turns)
        granted, wait = take(at, chunk, name, False)
        by_asker[name] += granted
        end = at
        for _ in range(granted):
            late = chance.uniform(0, HOLD_SECONDS) if chance.random() < 0.05 else chance.uniform(0, 0.3)
            arrives = at + late + chance.uniform(0, TRAVEL_SECONDS if chance.random() < 0.05 else 0.2)
            limiter.arrived.append(arrives)
            end = max(end, arrives)
        # A worker comes back a little late: its own work, the engine's grain.
        back = end if granted else at + wait
        heapq.heappush(turns, (back + chance.uniform(0.001, 0.5 if wait <= 1 else 1.5), number, name))
    return Run(limiter, by_asker, seconds)


def on_budget(quota: int = 1200) -> Take:
    """Take straight from the arithmetic."""
    budget = Budget.new(quota, START)
    return lambda at, wanted, asker, first: budget.take(quota, at, wanted, asker, first=first)
