"""`postroom` with a clock that a test may set: the real one moved by the seconds that a file names.

Started as `python -m tests.faults.clock_worker worker`. Moves the wall clock of the application and of the engine; the
monotonic clock goes on, as it does on a machine whose clock is set.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

FILE = Path(os.environ["CLOCK_FILE"])
_real_time = time.time


def moved_by() -> float:
    """Seconds by which the clock was moved; 0 while there is no file."""
    try:
        return float(FILE.read_text() or 0)
    except OSError:
        return 0.0


def moved_now() -> datetime:
    """The application's time."""
    return datetime.fromtimestamp(_real_time(), UTC) + timedelta(seconds=moved_by())


def moved_utcnow() -> datetime:
    """The engine's time, which has no zone."""
    return moved_now().replace(tzinfo=None)


if __name__ == "__main__":
    # Before anything else of the application is imported: its modules take `now` from here.
    import huey.api
    import huey.utils

    import app.db

    time.time = lambda: _real_time() + moved_by()
    app.db.now = moved_now
    huey.utils.utcnow = huey.api.utcnow = moved_utcnow

    from app.cli import main

    main()
