"""The arithmetic of one account's calls: a ledger of grants, the pace that never stalls, turns between sends.

Why no window can hold more calls than the quota, whatever is asked, by how many workers, and wherever they crash:
a grant is written down in the slot of a second before its call may be made, its call starts within `HOLD_SECONDS` and
arrives within `TRAVEL_SECONDS` more, and the slot is counted until a window after the latest arrival. So of the calls
that arrive in any window, the one granted last was granted while all others still counted, and the sum was within the
quota. A grant whose call is never made only wastes itself.

The pace spreads what is left, so that a long send is never out of calls for minutes after a quick start.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from app.cloudflare.contract import WINDOW_SECONDS

SLOT_SECONDS = 1
"""Grants are counted by the second."""
HOLD_SECONDS = 3.0
"""A granted call must start within this time; a later one must not be made."""
TRAVEL_SECONDS = 2.0
"""Time a started call may take until the service counts it."""
MARGIN_SECONDS = SLOT_SECONDS + HOLD_SECONDS + TRAVEL_SECONDS
BURST_SHARE = 0.1
MAX_BURST = 100
"""Calls that long sends may make at once after a rest; above 100 a second, a second's worth."""
KEPT_SHARE = 0.004
"""Share of the quota that long sends leave for one-person and test e-mails; at least one call."""
LONGEST_WINDOW = 600
"""Seconds of the longest window of the service that is kept here; what longer ones say is obeyed when it is told."""
TURN = 8
"""Calls that one send may be ahead of another that waits."""
GRACE_SECONDS = 5.0
"""A send that waits for calls and does not ask again within this time, after its wait, counts no more."""
REMEMBERED_SECONDS = 60.0
"""How long a send that does not ask is remembered at all."""
CLOCK_SLACK = 2.0
"""Seconds by which a clock may run back before the ledger is moved with it."""


@dataclass(slots=True)
class Asker:
    """One send that takes calls."""

    taken: float
    """Its place in the order: calls it took, set forward to that of those who waited while it did not."""
    waits_until: float
    """Until when it counts as waiting for more; the past: it does not."""
    seen: float


@dataclass(slots=True)
class Service:
    """What the service said of its own window; zeros: nothing."""

    quota: int = 0
    window: int = 0
    foreign: int = 0
    """Calls that somebody else is known, or expected, to have made of the same limit by `foreign_until`."""
    foreign_until: float = 0.0


@dataclass(slots=True)
class Budget:
    """One account's calls. Times are seconds since 1970 on the database's clock."""

    tokens: float
    filled_at: float
    slots: dict[int, int] = field(default_factory=dict)
    """Second to calls granted in it."""
    askers: dict[str, Asker] = field(default_factory=dict)
    service: Service = field(default_factory=Service)

    @classmethod
    def new(cls, quota: int, at: float) -> Budget:
        """Give the budget of an account that made no calls yet."""
        return cls(burst_of(quota, 0), at)

    @classmethod
    def from_json(cls, tokens: float, filled_at: float, kept: dict[str, Any]) -> Budget:
        """Read what `to_json` gave."""
        return cls(
            tokens,
            filled_at,
            {int(second): int(calls) for second, calls in kept.get("slots", [])},
            {name: Asker(*values) for name, values in kept.get("askers", {}).items()},
            Service(*kept.get("service", ())),
        )

    def to_json(self) -> dict[str, Any]:
        """Give everything but tokens and their time for keeping."""
        service = self.service
        return {
            "slots": sorted(self.slots.items()),
            "askers": {name: [one.taken, one.waits_until, one.seen] for name, one in self.askers.items()},
            "service": [service.quota, service.window, service.foreign, service.foreign_until],
        }

    # Taking

    def take(self, quota: int, at: float, wanted: int, asker: str, *, first: bool) -> tuple[int, float]:
        """Give (calls granted, seconds to wait when none). `first`: goes ahead of everything that is not."""
        rate = self._go_on(quota, at)
        free = self.free(quota, at, but_kept=not first)
        if first:
            granted = max(0, min(wanted, free))
            self._grant(granted, at)
            return granted, 0.0 if granted else self._until_free(quota, at)
        turn, taken = self._turn(asker, at, rate)
        possible = max(0, min(wanted, math.floor(self.tokens), free))
        granted = min(possible, turn)
        self._grant(granted, at)
        wait = 0.0
        if not granted:
            wait = self._short(rate) if possible else self._wait(quota, at, wanted, rate)
        waits = granted < wanted
        self.askers[asker] = Asker(taken + granted, at + wait + GRACE_SECONDS if waits else 0.0, at)
        return granted, wait

    def give_back(self, calls: int, slot: int) -> None:
        """Put calls back that were granted in a slot and certainly not made."""
        back = min(calls, self.slots.get(slot, 0))
        if back > 0:
            self.slots[slot] -= back
            self.tokens += back

    def spend(self, calls: int, at: float) -> None:
        """Count calls that were made without asking."""
        self._grant(calls, at)

    # Listening

    def hear(self, quota: int, at: float, *, left: int | None, reset: int | None, told: tuple[int, int] | None) -> None:
        """Take note of the service's own numbers: its limit, and what is left of it until the reset in seconds.

        Less left than our own count leaves means that somebody else uses the account: their calls are kept free until
        the reset, and as many as they make at the same pace until then.
        """
        if told is not None and told[0] > 0 and 0 < told[1] <= LONGEST_WINDOW:
            self.service.quota, self.service.window = told
        if left is None or not reset:
            return
        limit, window = (self.service.quota, self.service.window) if self.service.quota else (quota, WINDOW_SECONDS)
        foreign = max(0, limit - self._used(at, window) - left)
        if foreign > limit // 100:  # a few may be our own look-ups
            passed = min(window, max(window / 4, window - reset))
            foreign = math.ceil(foreign * window / passed)
        before = self.service.foreign if at < self.service.foreign_until else 0
        self.service.foreign = max(foreign, before // 2)  # up at once, down by halves: answers come out of order
        self.service.foreign_until = at + reset if foreign or before <= 1 else self.service.foreign_until

    # Looking

    def free(self, quota: int, at: float, *, but_kept: bool = False) -> int:
        """Give the calls that may be made now; may be below zero. `but_kept`: without those for one-person mail."""
        limits = [(quota, WINDOW_SECONDS, self.service.quota == 0)]
        if self.service.quota:
            limits.append((self.service.quota, self.service.window, True))
        return min(
            limit - (kept_of(limit) if but_kept else 0) - self._used(at, window) - (self._foreign(at) if theirs else 0)
            for limit, window, theirs in limits
        )

    def rate(self, quota: int, at: float) -> float:
        """Calls a second that can be gone on with from now on, without ever having to stop."""
        rates = [self._rate(quota, WINDOW_SECONDS, at, 0 if self.service.quota else self._foreign(at))]
        if self.service.quota:
            rates.append(self._rate(self.service.quota, self.service.window, at, self._foreign(at)))
        return max(0.0, min(rates))

    # Inside

    def _go_on(self, quota: int, at: float) -> float:
        """Bring everything up to a time; gives the pace from there on."""
        newest = max(self.slots, default=0)
        if newest > at + CLOCK_SLACK:  # the clock was set back: what was granted counts from now on
            moved = newest - math.floor(at)
            self.slots = {second - moved: calls for second, calls in self.slots.items()}
            self.service.foreign_until -= moved
            self.askers.clear()
        self.filled_at = min(self.filled_at, at)
        oldest = at - max(WINDOW_SECONDS, self.service.window) - MARGIN_SECONDS
        self.slots = {second: calls for second, calls in self.slots.items() if second > oldest and calls}
        self.askers = {name: one for name, one in self.askers.items() if one.seen > at - REMEMBERED_SECONDS}
        rate = self.rate(quota, at)
        self.tokens = min(burst_of(quota, rate), self.tokens + (at - self.filled_at) * rate)
        self.filled_at = at
        return rate

    def _grant(self, calls: int, at: float) -> None:
        if calls:
            slot = math.floor(at)
            self.slots[slot] = self.slots.get(slot, 0) + calls
            self.tokens -= calls

    def _used(self, at: float, window: int) -> int:
        oldest = at - window - MARGIN_SECONDS
        return sum(calls for second, calls in self.slots.items() if second > oldest)

    def _foreign(self, at: float) -> int:
        return self.service.foreign if at < self.service.foreign_until else 0

    def _rate(self, quota: int, window: int, at: float, foreign: int) -> float:
        """The steepest straight line from now that stays below what old calls leave free as they leave the window."""
        span = window + MARGIN_SECONDS
        limit = (
            quota - kept_of(quota) + min(TURN, quota // 100)
        )  # grants come in lumps: the line goes through their middle
        used = 0
        best = limit / span
        foreign_ends = self.service.foreign_until
        if foreign:
            best = min(best, (limit - foreign) / span) if foreign_ends >= at + span else best
        for second in sorted(self.slots, reverse=True):
            ends = second + span
            if ends <= at:
                break
            used += self.slots[second]
            others = foreign if ends <= foreign_ends else 0
            best = min(best, (limit - others - used) / (ends - at))
        if foreign:  # before those of others leave
            still = sum(calls for second, calls in self.slots.items() if second + span >= foreign_ends)
            best = min(best, (limit - foreign - still) / max(1.0, foreign_ends - at))
        return best

    def _turn(self, asker: str, at: float, rate: float) -> tuple[int, float]:
        """Give how many calls an asker may take before those who wait had theirs, and its place in the order."""
        waiting = [one.taken for name, one in self.askers.items() if name != asker and one.waits_until > at]
        known = self.askers.get(asker)
        behind = min(waiting, default=known.taken if known else 0.0)
        rested = known is None or known.waits_until <= at
        taken = known.taken if known else behind
        if rested:
            taken = max(taken, behind)  # nobody saves up turns
        if not waiting:
            return 1_000_000_000, taken
        ahead = taken - behind
        return max(0, math.floor(max(TURN, rate) - ahead)), taken

    def _short(self, rate: float) -> float:
        """Seconds in which others have their turn."""
        return min(1.0, max(0.1, TURN / 2 / rate)) if rate > 0 else 1.0

    def _wait(self, quota: int, at: float, wanted: int, rate: float) -> float:
        free = self.free(quota, at, but_kept=True)
        if free <= 0 or rate <= 0:
            return max(0.05, self._until_free(quota, at, but_kept=True))
        # Wait for a handful of calls, not for one: fewer, larger chunks.
        missing = min(wanted, TURN, max(1, free), max(1.0, burst_of(quota, rate) / 2)) - self.tokens
        return min(float(WINDOW_SECONDS), max(0.05, missing / rate + 0.01))

    def _until_free(self, quota: int, at: float, *, but_kept: bool = False) -> float:
        """Seconds until a call is free."""
        ends = sorted(second + window + MARGIN_SECONDS for second in self.slots for window in self._windows())
        for end in (*ends, self.service.foreign_until):
            if end > at and self.free(quota, end + 0.001, but_kept=but_kept) > 0:
                return end + 0.001 - at
        return 1.0

    def _windows(self) -> Iterable[int]:
        return (WINDOW_SECONDS, self.service.window) if self.service.quota else (WINDOW_SECONDS,)


def burst_of(quota: int, rate: float) -> float:
    """Calls that may be saved up for a start after a rest."""
    return max(1.0, min(MAX_BURST, quota * BURST_SHARE), rate)


def kept_of(quota: int) -> int:
    """Calls of a quota that long sends leave for one-person and test e-mails."""
    return max(1, round(quota * KEPT_SHARE))


def steady_rate(quota: int, service: Service) -> float:
    """Calls a second that a long send can keep up for hours."""
    rates = [(quota - kept_of(quota)) / (WINDOW_SECONDS + MARGIN_SECONDS)]
    if service.quota:
        rates.append((service.quota - kept_of(service.quota)) / (service.window + MARGIN_SECONDS))
    return max(0.0, min(rates))
