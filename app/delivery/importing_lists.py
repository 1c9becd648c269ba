"""Imports in a worker: one run of an import at a time, a few at once, and none forgotten."""

from __future__ import annotations

import threading
import time

from app.db import Database
from app.delivery.alone import Alone
from app.delivery.jobs import Queue
from app.recipients.imports.job import forget_old, open_imports, run_import
from app.recipients.models import ImportState

AT_ONCE = 2
"""Imports a worker does at once; its other threads stay free for delivery."""
SILENT_SECONDS = 60.0
"""An import whose progress stands still for so long is enqueued again; a run still alive makes that harmless."""
FORGET_SECONDS = 3600.0
"""How often uploads that are too old are looked for."""
_LOCKS = 0x496D706F
"""First half of the numbers of our locks in PostgreSQL; the second half is the upload's id."""


class ListImporting:
    """The imports of one worker process."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self.stopping = False
        self._database = database
        self._queue = queue
        self._room = threading.Semaphore(AT_ONCE)
        self._alone = Alone(database, _LOCKS)
        self._progress: dict[int, tuple[ImportState, int, float]] = {}
        self._forgot = -FORGET_SECONDS

    def run(self, upload_id: int) -> None:
        """Do an import's job, or put it back when it is in hand just now or there is no room."""
        if not self._room.acquire(blocking=False):
            self._queue.import_later(upload_id)
            return
        try:
            with self._alone.with_id(upload_id) as alone:
                if alone:
                    run_import(self._database, upload_id, lambda: self.stopping)
                else:
                    self._queue.import_later(upload_id)
        finally:
            self._room.release()

    def wake_all(self) -> None:
        """Enqueue every import that is not done: for a worker that starts. One in hand elsewhere is not disturbed."""
        for upload_id, _, _ in self._open():
            self._queue.import_list(upload_id)

    def wake_silent(self) -> None:
        """Enqueue the imports again that make no progress, and let old ones be cleared away."""
        self._forget()
        before, self._progress = self._progress, {}
        for upload_id, state, done in self._open():
            known = before.get(upload_id)
            since = known[2] if known is not None and known[:2] == (state, done) else time.monotonic()
            if time.monotonic() - since > SILENT_SECONDS:
                self._queue.import_list(upload_id)
                since = time.monotonic()
            self._progress[upload_id] = (state, done, since)

    def _open(self) -> list[tuple[int, ImportState, int]]:
        with self._database.reading() as session:
            return open_imports(session)

    def _forget(self) -> None:
        if time.monotonic() - self._forgot < FORGET_SECONDS:
            return
        self._forgot = time.monotonic()
        with self._database.writing() as session:
            forget_old(session)
