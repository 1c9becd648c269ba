"""The pace of one send: at most so many e-mails in a minute or an hour, chosen by a person, changeable on the way."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.refusals import Refused
from app.sends.control import find_send
from app.sends.models import AT_WORK, SendPace, SendState
from app.words import _, _n

MINUTE, HOUR = 60, 3600
UNITS = {MINUTE: _("minute"), HOUR: _("hour")}
"""Seconds in which a pace is counted, with their word."""
MOST = 1_000_000
"""Largest number that may be typed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `count` e-mails in `seconds`."""

    count: int
    seconds: int

    @property
    def words(self) -> str:
        """Say it: `at most 100 e-mails an hour`."""
        if self.seconds == HOUR:
            return _n("at most %(count)s e-mail an hour", "at most %(count)s e-mails an hour", self.count)
        return _n("at most %(count)s e-mail a minute", "at most %(count)s e-mails a minute", self.count)


def pace_from(count: int | None, seconds: int) -> Pace | None:
    """Give the pace that was typed; None, for nothing typed: as fast as the account allows. Raises Refused."""
    if count is None:
        return None
    if not 1 <= count <= MOST:
        raise Refused(_("Enter a number from 1 to %(most)s, or leave it empty.", most=MOST), field="pace")
    if seconds not in UNITS:
        raise Refused(_("Choose a minute or an hour."), field="pace_unit")
    return Pace(count, seconds)


def pace_of(session: Session, send_id: int) -> Pace | None:
    """Give a send's pace; None: as fast as the account allows."""
    row = session.execute(select(SendPace.count, SendPace.seconds).where(SendPace.send_id == send_id)).first()
    return Pace(row.count, row.seconds) if row is not None else None  # type: ignore[arg-type]


def set_pace(session: Session, send_id: int, pace: Pace | None) -> None:
    """Write a pace down, or take it away."""
    row = session.get(SendPace, send_id, with_for_update=True, populate_existing=True)
    if pace is None:
        session.execute(delete(SendPace).where(SendPace.send_id == send_id))
    elif row is None:
        session.add(SendPace(send_id=send_id, count=pace.count, seconds=pace.seconds, tokens=1, filled_at=now()))
        session.flush()
    else:  # what was saved up at the old pace is not spent at the new one
        row.count, row.seconds, row.tokens, row.filled_at = pace.count, pace.seconds, min(row.tokens, 1), now()


def change_pace(session: Session, actor: Actor, send_id: int, pace: Pace | None) -> None:
    """Change the pace of a released send; the caller wakes the engine after the commit. Raises Refused."""
    send = find_send(session, actor, send_id)
    session.refresh(send, with_for_update=True)  # of two windows one after the other, and not while it ends
    if send.state not in (*AT_WORK, SendState.PAUSED):
        raise Refused(_("This send is not under way, so its pace cannot be changed."))
    before = pace_of(session, send_id)
    if pace == before:
        return
    set_pace(session, send_id, pace)
    was, words = (one.words if one else _("as fast as the account allows") for one in (before, pace))
    changes = {_("Pace"): (was, words)}
    note(
        session,
        actor,
        "send.pace_changed",
        _("Pace of send %(send_id)s: %(words)s", send_id=str(send_id), words=words),
        subject_id=send_id,
        changes=changes,
    )
