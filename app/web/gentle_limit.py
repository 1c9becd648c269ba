"""A gentle limit on how often something may happen, kept by each process for itself."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

MOST_KEYS = 10_000
"""Askers that are remembered; the longest silent one is forgotten first, so that memory stays flat."""


class GentleLimit:
    """Allows `most` events in `seconds` for each key. Safe for threads."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._guard = threading.Lock()

    def is_used_up(self, key: str) -> bool:
        """Whether nothing more is allowed now."""
        with self._guard:
            return self._count(key)[1] >= self._most

    def count(self, key: str) -> None:
        """Count one event."""
        with self._guard:
            began, number = self._count(key)
            self._seen[key] = (began, number + 1)
            self._seen.move_to_end(key)
            while len(self._seen) > MOST_KEYS:
                self._seen.popitem(last=False)

    def forget_all(self) -> None:
        """Let everybody begin anew."""
        with self._guard:
            self._seen.clear()

    @property
    def seconds(self) -> int:
        """After how long a key may begin anew, at most."""
        return int(self._seconds)

    def _count(self, key: str) -> tuple[float, int]:
        at = time.monotonic()
        began, number = self._seen.get(key, (at, 0))
        return (began, number) if at - began < self._seconds else (at, 0)
