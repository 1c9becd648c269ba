"""The right to post, as the posting threads see it."""

from __future__ import annotations

import time


class Watch:
    """A lease seen from this process, and whether the send was stopped.

    Made before the lease is written to the database, so it ends before the lease does. Both clocks are asked: the
    monotonic one may stand still while a machine sleeps, the other may be set back.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._seconds = lease_seconds
        self._since = (time.monotonic(), time.time())
        self._stopped = False

    def renew(self, newer: Watch) -> None:
        """Go on from a renewal that is now written."""
        self._since = newer._since

    def stop(self) -> None:
        """Let no further POST start; for good."""
        self._stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether no further POST may start."""
        return self._stopped

    def may_post(self) -> bool:
        """Whether a POST may start now."""
        steady, wall = self._since
        in_time = time.monotonic() - steady < self._seconds and time.time() - wall < self._seconds
        return in_time and not self._stopped
