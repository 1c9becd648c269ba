"""A send's own pace, kept by all workers together through one row (`sends/pace.py` sets it).

Tokens fill evenly, and few are saved up: in any minute or hour never more than the pace go out. A worker whose clock is
behind adds nothing, so that clocks that differ make a send slower, never faster.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.db import now
from app.delivery.pacing import Grant
from app.sends.models import SendPace

SAVED_SECONDS = 3.0
"""Tokens of so many seconds are saved up, because jobs come a little late."""
CLOCK_SET_BACK = timedelta(minutes=2)
"""A row filled so far in the future was written before a clock was set back."""


def take(session: Session, send_id: int, wanted: int) -> Grant:
    """Take up to `wanted` e-mails from the send's pace; all of them when it has none."""
    row = session.scalar(_row(send_id))
    if row is None:
        return Grant(wanted)
    most = min(row.count, 1 + int(SAVED_SECONDS * row.count / row.seconds))
    rate = (row.count - most + 1) / row.seconds  # so that what was saved up and what comes in stay within the pace
    at = now()
    passed = (at - row.filled_at).total_seconds()
    row.tokens = min(most, row.tokens + max(0.0, passed) * rate)
    if passed > 0 or row.filled_at - at > CLOCK_SET_BACK:
        row.filled_at = at
    granted = min(wanted, int(row.tokens))
    row.tokens -= granted
    if granted:
        return Grant(granted)
    return Grant(0, max(0.05, (1 + most // 2 - row.tokens) / rate if most > 1 else (1 - row.tokens) / rate))


def give_back(session: Session, send_id: int, count: int) -> None:
    """Put e-mails back that were not claimed."""
    if count > 0 and (row := session.scalar(_row(send_id))) is not None:
        row.tokens += count


def _row(send_id: int) -> Select[SendPace]:
    return select(SendPace).where(SendPace.send_id == send_id).with_for_update()
