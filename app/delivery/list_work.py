"""Long work on recipient lists: large changes, keys, the order of large lists, and once a day what is to be taken away.

A thread of each worker looks into the database for what waits there. Whatever it does goes a short transaction at a
time, with the list held, so that two workers at the same thing do no harm, and a killed one leaves nothing half-done.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from app.audit import looks
from app.db import Database
from app.delivery.periodic import PeriodicJob
from app.people.trail_keeping import take_old_words_away
from app.recipients.changes import running as changes
from app.recipients.finding import keying, sorting
from app.refusals import Refused
from app.sends import retention, unused_files

log = logging.getLogger(__name__)

REST_SECONDS = 1.0
"""How often it looks for work."""
TIDY_SECONDS = 24 * 3600.0
"""How often old data are taken away; also when a worker starts."""


class ListWork(PeriodicJob):
    """Works on lists until the stop event is set. Start it once."""

    name = "lists"
    fault = "work on lists was broken off"
    join_seconds = 10.0

    def __init__(self, database: Database, stop: threading.Event) -> None:
        super().__init__(stop, REST_SECONDS)
        self._database = database
        self._tidy_at = 0.0

    def look(self) -> None:
        """Do all that waits now."""
        stops = self._stop.is_set
        for change_id in self._waiting(changes.going):
            try:
                changes.work(self._database, change_id, stops=stops)
            except Refused:  # its filter waits for keys; it goes on when they are made
                log.info("a change of a list waits", extra={"change_id": change_id})
        for list_id in self._waiting(keying.lists_to_key):
            keying.make_keys(self._database, list_id, stops=stops)
        for list_id in self._waiting(sorting.lists_to_sort):
            sorting.build(self._database, list_id, stops=stops)
            sorting.clear_left_over(self._database, stops=stops)

    def tidy(self) -> None:
        """Take away what is kept no longer: data and files by the retention rules, undos that are over."""
        stops = self._stop.is_set
        retention.take_away(self._database, stops=stops)
        unused_files.collect(self._database, stops=stops)
        take_old_words_away(self._database, stops=stops)
        with self._database.writing() as session:
            looks.forget_old(session)
        sorting.clear_left_over(self._database, stops=stops)
        while not stops():
            with self._database.writing() as session:
                if not changes.forget_old(session):
                    return

    def _waiting(self, ask: Callable[[Session], Sequence[int]]) -> Sequence[int]:
        with self._database.reading() as session:
            return ask(session)

    def turn(self) -> None:
        """Look, and once a day tidy."""
        self.look()
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_SECONDS
            self.tidy()
