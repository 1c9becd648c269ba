"""How much a lane has in hand: enough that its connections never wait for the database, and no more.

What is in hand is what a killed worker leaves in doubt (P3), so it must not be larger than it helps.
"""

from __future__ import annotations

import time

PER_CONNECTION = 2
"""Messages in hand for each connection at least: one under way, one that waits for it to end. Lanes at work at the
same time share the connections, and so this."""
TURNS_IN_HAND = 16
"""Work in hand, in times of a turn: so a turn takes a sixth of the time between turns at most."""
MOST_PER_CONNECTION = 32
"""Messages in hand for each connection at most, however fast the service or slow the database."""
BATCH_SHARE = 0.4
LARGE_BATCH_SHARE = 0.6
"""Results worth a turn, as a share of what is in hand, and of what is in hand beyond the least; the rest keeps the
threads at work meanwhile."""
MEASURED_SECONDS = 0.25
"""Time over which the rate is measured."""


class InHand:
    """Measures how many messages a second a lane gets done and how long its turns take."""

    def __init__(self, connections: int) -> None:
        self._least = PER_CONNECTION * connections
        self._limit = MOST_PER_CONNECTION * connections
        self._since = time.monotonic()
        self._done = 0
        self._rate = 0.0
        self._turn_seconds = 0.0
        self.lanes = 1
        """Lanes of this worker that share the connections just now."""

    def count(self, results: int) -> None:
        """Take note of results."""
        self._done += results
        passed = time.monotonic() - self._since
        if passed >= MEASURED_SECONDS:
            self._rate, self._done, self._since = self._done / passed, 0, time.monotonic()

    def turned(self, seconds: float) -> None:
        """Take note of how long a turn took; a mean over the last few."""
        self._turn_seconds += (seconds - self._turn_seconds) / 4

    @property
    def most(self) -> int:
        """Messages to have in hand: two for each connection, more when the service is fast or the database slow."""
        wanted = self._rate * self._turn_seconds * TURNS_IN_HAND
        return max(self._share(self._least), min(self._share(self._limit), int(wanted)))

    def batch(self, in_hand: int) -> int:
        """Results worth a turn when so many messages are in hand, whatever would be right by now."""
        return max(1, int(in_hand * BATCH_SHARE), int((in_hand - self._share(self._least)) * LARGE_BATCH_SHARE))

    def _share(self, messages: int) -> int:
        return -(-messages // max(1, self.lanes))
