"""When a message that is known not to have gone out is tried again (API.md, section 15)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.cloudflare.results import Failure

LONGEST_PAUSE = 900.0
"""Seconds that pauses grow to."""


@dataclass(frozen=True, slots=True)
class NextTry:
    """When a message is tried again."""

    at: datetime
    until: datetime
    """No try begins after this time."""
    closed_seconds: float | None
    """Seconds in which nobody of the account may call; None: only this message waits."""


def next_try(failure: Failure, tries: int, scale: float, at: datetime, until: datetime | None) -> NextTry | None:
    """Plan the try after `tries` of them; None when none is allowed or the time for retries is over.

    `until` is what the first failure's plan said. Pauses grow twofold with full jitter (anything between none and the
    grown pause), so that messages do not come back at once; never before the service's own time is over.
    `scale` makes all pauses and the limit shorter, for rehearsals.
    """
    if not failure.may_retry:
        return None
    until = until or at + timedelta(seconds=failure.retry_seconds * scale)
    grown = min(LONGEST_PAUSE, failure.first_pause * 2.0 ** min(tries, 20)) * scale
    pause = random.uniform(0, grown)  # noqa: S311 - jitter, no secret
    closed: float | None = None
    if failure.retry_after is not None:
        closed = failure.retry_after
    elif failure.pause_is_asked:
        closed = failure.first_pause * scale
    elif failure.http_status is None:  # out of reach: for everybody
        closed = pause
    if closed is not None and failure.http_status is not None:
        pause = max(pause, closed + random.uniform(0, 0.5))  # noqa: S311 - jitter, no secret
    if at + timedelta(seconds=pause) > until:
        return None
    return NextTry(at + timedelta(seconds=pause), until, closed)
