"""One run of a job at a time, over all workers, without a lease: a dead worker's hold ends with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from app.db import Database


class Alone:
    """Holds jobs of one kind by their ids. `lock` is the first half of the numbers of our locks in PostgreSQL."""

    def __init__(self, database: Database, lock: int) -> None:
        self._database = database
        self._lock = lock
        self._guard = threading.Lock()
        self._running: set[int] = set()

    @contextmanager
    def with_id(self, number: int) -> Iterator[bool]:
        """Hold a job for this run; gives False when another run has it."""
        with self._guard:
            free = number not in self._running
            if free:
                self._running.add(number)
        if not free:
            yield False
            return
        try:
            if self._database.is_sqlite:  # one worker only
                yield True
            else:
                with self._database.session() as session:  # its transaction holds the lock, and nothing else
                    yield bool(session.scalar(select(func.pg_try_advisory_xact_lock(self._lock, number))))
        finally:
            with self._guard:
                self._running.discard(number)
