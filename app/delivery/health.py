"""Whether this Postroom can work now: asked by load balancers and whoever keeps processes running."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from app.db import Database
from app.delivery.worker import ALIVE_SECONDS, worker_alive

log = logging.getLogger(__name__)

AWAY = "The database does not answer. Nothing can be read or sent until it does; Postroom goes on by itself then."
NOT_SET_UP = "The database is not set up. Run `postroom setup`."
NO_WORKER = f"No worker was seen in the last {ALIVE_SECONDS:.0f} seconds. Nothing is sent until one runs."
ALL_WELL = "The database answers and a worker runs."


@dataclass(frozen=True, slots=True)
class Readiness:
    """What answers, and words for the person who looks."""

    database: bool
    worker: bool
    words: str

    @property
    def is_ready(self) -> bool:
        """Whether everything answers."""
        return self.database and self.worker


def readiness(database: Database, machine: str = "") -> Readiness:
    """Ask the database and look for a worker (of one machine, when it is named). Takes a few seconds at most."""
    try:
        with database.probing() as session:
            alive = worker_alive(session, machine)
    except SQLAlchemyError as error:
        log.warning("the database could not be asked", extra={"cause": type(error).__name__})
        missing = isinstance(error, ProgrammingError) or "no such table" in str(getattr(error, "orig", ""))
        return Readiness(False, False, NOT_SET_UP if missing else AWAY)
    return Readiness(True, alive, ALL_WELL if alive else NO_WORKER)
