"""How POSTs are answered and how fast: noted by the posting threads, added to the database by the worker's beat.

The counts of all workers are in one small table, so that any web process can show them, and none is lost with a worker.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping

from sqlalchemy.dialects import postgresql, sqlite

from app.cloudflare.client import Client
from app.cloudflare.results import Failure, SendAnswer, WasSent
from app.db import Database
from app.delivery.models import PostTime
from app.logs import log_context

log = logging.getLogger(__name__)

BOUNDS_MS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000)
"""Milliseconds up to which POSTs are counted together; what took longer is counted for itself."""
LONGER = 0

Counts = dict[tuple[int, int], tuple[int, float]]
"""(HTTP status, bound) to (POSTs, seconds)."""


class PostTimes:
    """Counts of this process that are not in the database yet. Safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts: Counts = {}

    def note(self, http_status: int | None, seconds: float) -> None:
        """Count one POST; `http_status` None: no answer came."""
        place = bisect_left(BOUNDS_MS, seconds * 1000)
        bound = BOUNDS_MS[place] if place < len(BOUNDS_MS) else LONGER
        self._add({(http_status or 0, bound): (1, seconds)})

    def keep(self, database: Database) -> None:
        """Add what was counted to the database; when that fails, it is kept for the next time."""
        with self._guard:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            _write(database, counts)
        except Exception:
            self._add(counts)
            raise

    def _add(self, more: Mapping[tuple[int, int], tuple[int, float]]) -> None:
        with self._guard:
            for key, (count, seconds) in more.items():
                before = self._counts.get(key, (0, 0.0))
                self._counts[key] = (before[0] + count, before[1] + seconds)


post_times = PostTimes()
"""Those of this process."""


def send_measured(client: Client, body: bytes, **numbers: int) -> SendAnswer | Failure:
    """Post a message once, measure it, and log what is not a plain success. `numbers` say in the log what it was."""
    with log_context(**numbers):
        began = time.perf_counter()
        answer = client.send(body)
        seconds = time.perf_counter() - began
        post_times.note(answer.http_status, seconds)
        if isinstance(answer, Failure):
            level = logging.WARNING if answer.was_sent is WasSent.UNKNOWN else logging.INFO
            told = {"http_status": answer.http_status, "cause": answer.cause, "was_sent": str(answer.was_sent)}
            log.log(level, "post failed", extra={**told, "milliseconds": round(seconds * 1000, 1)})
        elif log.isEnabledFor(logging.DEBUG):
            told = {"http_status": answer.http_status}
            log.debug("post answered", extra={**told, "milliseconds": round(seconds * 1000, 1)})
        return answer


def _write(database: Database, counts: Counts) -> None:
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    with database.writing() as session:
        for (status, bound), (count, seconds) in sorted(counts.items()):  # one order, so that no two wait in a ring
            row = insert(PostTime).values(http_status=status, up_to_ms=bound, count=count, seconds=seconds)
            session.execute(
                row.on_conflict_do_update(
                    index_elements=[PostTime.http_status, PostTime.up_to_ms],
                    set_={
                        "count": PostTime.count + row.excluded.count,
                        "seconds": PostTime.seconds + row.excluded.seconds,
                    },
                )
            )
