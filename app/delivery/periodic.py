"""Work that a worker looks for again and again, in a thread of its own beside the sends."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar


class PeriodicJob(ABC):
    """Looks until the stop event is set. Start it once. Whatever goes wrong only means that it looks again later."""

    name: ClassVar[str]
    """Name of the thread."""
    fault: ClassVar[str]
    """What the log says when a look failed."""
    join_seconds: ClassVar[float] = 2.0
    """How long the end of the worker waits for what is in hand."""

    def __init__(self, stop: threading.Event, seconds: float) -> None:
        self._stop = stop
        self._seconds = seconds
        """Pause between two looks; 0: never."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin, unless the pause says never."""
        if self._seconds > 0:
            self._thread.start()

    def join(self) -> None:
        """Wait for what is in hand, a moment at most."""
        if self._thread.is_alive():
            self._thread.join(self.join_seconds)

    @abstractmethod
    def look(self) -> None:
        """Do what is due now."""

    def turn(self) -> None:
        """Do what belongs to one round; more than a look where something is due more seldom."""
        self.look()

    def close(self) -> None:  # noqa: B027 - most jobs hold nothing
        """Give back what was held; called by the thread at its end."""

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self.turn()
            except Exception:  # the database is away, say; sending must not suffer
                log = logging.getLogger(type(self).__module__)
                log.exception("%s; trying again in %s s", self.fault, self._seconds)
        self.close()
