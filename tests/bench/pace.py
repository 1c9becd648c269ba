"""`make bench ONLY=pace`: how much of the account's calls four workers use in twenty minutes, and never too many.

The real budget in a real database; only the clock is the bench's own. The floor is what the service allows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.cloudflare.contract import CALLS_IN_WINDOW, WINDOW_SECONDS
from app.db import Database
from app.delivery import pacing
from app.migrating import migrate
from tests.delivery import pace_run

SECONDS = 1200.0


def pace(show: Callable[[str, str, float, str, float], None]) -> None:
    """Run twenty minutes and show calls made of calls allowed. Raises AssertionError when the limit would be passed."""
    moment = [datetime.fromtimestamp(pace_run.START, UTC)]

    def clock(session: Session) -> datetime:
        return moment[0]

    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/postroom.sqlite3")
        migrate(database)

        def take(at: float, wanted: int, asker: str, first: bool) -> tuple[int, float]:
            moment[0] = datetime.fromtimestamp(at, UTC)
            with database.writing() as session:
                grant = pacing.take(session, "account", CALLS_IN_WINDOW, wanted, asker=asker, first=first)
            return grant.calls, grant.wait

        before, pacing.clock = pacing.clock, clock
        try:
            ran = pace_run.run(take, seconds=SECONDS)
        finally:
            pacing.clock = before
            database.close()
    trips = pace_run.fixed_window_trips(ran.limiter.arrived, CALLS_IN_WINDOW, WINDOW_SECONDS)
    most = ran.limiter.most_in_a_window()
    assert trips == 0 and most <= CALLS_IN_WINDOW
    allowed = SECONDS * CALLS_IN_WINDOW / WINDOW_SECONDS
    show("pace", "used_in_20_minutes", ran.used() * allowed, "calls", allowed)
    show("pace", "most_in_5_minutes", most, "calls", CALLS_IN_WINDOW)
    low, high = sorted(ran.by_asker.values())
    show("pace", "fair_shares", low, "calls of one of two sends", high)
