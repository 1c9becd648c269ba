"""Between release and start: undo, another time, or now. Each is one compare-and-set against the engine's own start."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.people.approval import check_may_move, request_in_force, settle
from app.people.approval_models import IN_FORCE, ApprovalState
from app.people.models import Person
from app.people.zones import is_zone, moment_in_zone, zone_label
from app.refusals import Refused
from app.sends.control import change_state, find_send
from app.sends.models import Message, Send, SendPace, SendState, SendTally
from app.sends.staleness import marks
from app.sends.words import state_change
from app.words import LongDay, _

LONGEST_AHEAD = timedelta(days=365)
"""A send may be scheduled so far ahead."""
_WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


def chosen_start(day: date | None, clock: time | None, zone: str, fold: int | None = None) -> datetime:
    """Give the start that a person typed, in UTC.

    Raises Refused beside its field, and TwoTimes for a time that comes twice when `fold` does not say which is meant.
    """
    if day is None:
        raise Refused(_("Choose a day."), field="date")
    if clock is None:
        raise Refused(_("Enter a time, for example 09:30."), field="time")
    if not is_zone(zone):
        raise Refused(_("Choose a time zone from the list."), field="zone")
    start_at = moment_in_zone(day, clock, zone, fold)
    at = now()
    if start_at <= at:
        here = moment_words(at, zone)
        raise Refused(
            _("This time has passed: it is %(moment)s now.", moment=here),
            field="time" if start_at.date() == at.date() else "date",
        )
    if start_at > at + LONGEST_AHEAD:
        raise Refused(_("Choose a day within a year from now."), field="date")
    return start_at


def moment_words(at: datetime, zone: str) -> str:
    """Say a point in time in a zone: `Monday 2 March 2026, 09:00 (Europe/London)`."""
    there = at.astimezone(ZoneInfo(zone))
    return _(
        "%(weekday)s %(day)s, %(time)s (%(zone)s)",
        weekday=_WEEKDAYS[there.weekday()],
        day=LongDay(there.year, there.month, there.day),
        time=f"{there:%H:%M}",
        zone=zone_label(zone),
    )


def undo(session: Session, actor: Actor, send_id: int) -> None:
    """Make a released send that has not begun a draft again, as if it had not been released. Nothing went out.

    Its review stays: a new release takes it when nothing changed, and asks for another when something did (P7).
    A second undo changes nothing. Raises Refused when the send has begun.
    """
    send = find_send(session, actor, send_id)
    if not unrelease(session, send, _not_begun()):
        if session.scalar(select(Send.state).where(Send.id == send_id)) is SendState.DRAFT:  # done already
            return
        raise Refused(_("It is too late to undo this send: it has begun. It can still be paused or cancelled."))
    if (request := request_in_force(session, send_id)) is not None:
        settle(
            session,
            request,
            ApprovalState.TAKEN_BACK,
            before=IN_FORCE,
            by=actor.id,
            words=_("Undone before it began, so it needs another approval."),
        )
    words = _("Send %(send_id)s undone before it began; it is a draft again", send_id=str(send_id))
    changes = state_change(SendState.SCHEDULED, SendState.DRAFT)
    note(session, actor, "send.undone", words, subject_id=send_id, changes=changes)


def unrelease(session: Session, send: Send, *conditions: ColumnElement[bool]) -> bool:
    """Make a scheduled send a draft without messages, if the conditions hold; tells whether they did."""
    values: dict[str, object] = {
        "released_at": None,
        "released_by": None,
        "start_at": None,
        "is_timed": False,
        "release_marks": {},
        "wave_left": None,
        "wave_size": 0,
        "list_name": "",
        "columns": [],
        "total": 0,
        "hides": [],
        "hide_at": None,
    }
    if not change_state(session, send.id, (SendState.SCHEDULED,), SendState.DRAFT, *conditions, **values):
        return False
    for table in (Message, SendTally, SendPace):
        session.execute(delete(table).where(table.send_id == send.id).execution_options(synchronize_session=False))
    session.expire_all()
    return True


def reschedule(session: Session, actor: Person, send_id: int, start_at: datetime) -> None:
    """Choose another time for a send that has not begun; the caller wakes the engine. Raises Refused.

    What it was released with stays what it is compared with at its start; a send of the undo window gets its marks now.
    """
    send = find_send(session, actor, send_id)
    before = send.start_at
    check_may_move(session, actor, send_id)
    values: dict[str, object] = {"start_at": start_at, "is_timed": True}
    if not send.is_timed:
        values["release_marks"] = marks(session, send_id)
    _move_start(session, send_id, **values)
    words = _(
        "Send %(send_id)s will begin on %(moment)s",
        send_id=str(send_id),
        moment=moment_words(start_at, "UTC"),
    )
    note(session, actor, "send.rescheduled", words, subject_id=send_id, changes={_("Begins"): (before, start_at)})


def send_now(session: Session, actor: Person, send_id: int, *, undo_seconds: float) -> None:
    """Begin a scheduled send now, after the undo window; the caller wakes the engine. Raises Refused.

    Its marks stay: whoever presses this may not know what changed since the release.
    """
    before = find_send(session, actor, send_id).start_at
    check_may_move(session, actor, send_id)
    start_at = now() + timedelta(seconds=undo_seconds)
    _move_start(session, send_id, start_at=start_at, is_timed=False)
    words = _("Send %(send_id)s begins now instead of later", send_id=str(send_id))
    note(session, actor, "send.rescheduled", words, subject_id=send_id, changes={_("Begins"): (before, start_at)})


def _not_begun() -> ColumnElement[bool]:
    return Send.start_at > now()


def _move_start(session: Session, send_id: int, **values: object) -> None:
    if not change_state(session, send_id, (SendState.SCHEDULED,), SendState.SCHEDULED, _not_begun(), **values):
        raise Refused(_("It is too late to change the time: this send has begun, or somebody stopped it."))
