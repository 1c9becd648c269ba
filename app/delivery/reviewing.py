"""Reviews in a worker: one run of a review at a time, a few at once, and none forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select

from app.db import Database
from app.delivery.alone import Alone
from app.delivery.jobs import Queue
from app.emails.limits import SECONDS, LimitedRenderer
from app.sends.models import ReviewState, Send
from app.sends.review import run_review

R = TypeVar("R")

AT_ONCE = 2
"""Reviews a worker does at once; its other threads stay free for delivery."""
SILENT_SECONDS = 60.0
"""A review whose progress stands still for so long is enqueued again; a run still alive makes that harmless."""
_LOCKS = 0x506F7374
"""First half of the numbers of our locks in PostgreSQL; the second half is the send's id."""


class WorkerStops(Exception):
    """The worker was told to stop; the review begins again in the next one."""


class StoppableRenderer(LimitedRenderer):
    """A limited renderer that takes no more work when the worker stops."""

    stopping = False

    def run(self, function: Callable[..., R], *arguments: Any, seconds: float = SECONDS) -> R:
        """Run a function under the limits. Raises WorkerStops."""
        if self.stopping:
            raise WorkerStops
        return super().run(function, *arguments, seconds=seconds)


class Reviewing:
    """The reviews of one worker process."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self.renderer = StoppableRenderer()
        self._database = database
        self._queue = queue
        self._room = threading.Semaphore(AT_ONCE)
        self._alone = Alone(database, _LOCKS)
        self._progress: dict[int, tuple[ReviewState, int, float]] = {}

    def run(self, send_id: int) -> None:
        """Review a send, or put it back when it is under review just now or there is no room."""
        if not self._room.acquire(blocking=False):
            self._queue.review_later(send_id)
            return
        try:
            with self._alone.with_id(send_id) as alone:
                if alone:
                    run_review(self._database, self.renderer, send_id)
                else:
                    self._queue.review_later(send_id)
        finally:
            self._room.release()

    def wake_all(self) -> None:
        """Enqueue every review that is not done: for a worker that starts and is the only one."""
        for send_id, _, _ in self._open():
            self._queue.review(send_id)

    def wake_silent(self) -> None:
        """Enqueue the reviews again that make no progress: their worker died, or their job was lost."""
        before, self._progress = self._progress, {}
        for send_id, state, done in self._open():
            known = before.get(send_id)
            since = known[2] if known is not None and known[:2] == (state, done) else time.monotonic()
            if time.monotonic() - since > SILENT_SECONDS:
                self._queue.review(send_id)
                since = time.monotonic()
            self._progress[send_id] = (state, done, since)

    def _open(self) -> list[tuple[int, ReviewState, int]]:
        query = select(Send.id, Send.review_state, Send.review_done).where(
            Send.review_state.in_([ReviewState.WAITING, ReviewState.RUNNING])
        )
        with self._database.reading() as session:
            return list(session.execute(query))
