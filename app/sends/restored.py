"""After a backup was restored: what may have gone out since it was made is in doubt, and nothing goes on by itself.

A backup knows nothing of what happened after it. An e-mail that waited in it may have gone out since, and posting it
could be the second time (P2). So each becomes `unknown` (P3), its send is paused, and a person answers: send them, or
leave them in doubt. What turns out to have gone out can be marked so one by one first, like every e-mail in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, aliased

from app.audit.trail import Actor, note
from app.db import now
from app.refusals import Refused
from app.sends.control import change_state, find_send, state_to_go_on_in
from app.sends.models import AT_WORK, UNDER_WAY, Message, Outcome, Send, SendState, SendTally
from app.sends.pauses import RESTORED
from app.sends.retrying import check_seen, lock, these
from app.sends.tallies import counts, move
from app.words import _

REASON = "restored"
"""Reason of an e-mail that waited in the backup; those that were going out have the one of a stopped worker."""
_HAD_BEGUN = (*AT_WORK, SendState.PAUSED)
_RELEASED = (*_HAD_BEGUN, SendState.FINISHED, SendState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a restore put in doubt."""

    sends: int
    messages: int


def put_in_doubt(session: Session, made_at: datetime) -> Doubt:
    """Pause every send that had not ended, and let whatever had no outcome be in doubt; the caller commits."""
    released = Message.send_id.in_(select(Send.id).where(Send.state.in_(_RELEASED)))
    forgotten = {"lane_id": None, "lane_generation": None}  # lanes are numbered anew
    _change(session, Message.lane_id.is_not(None), **forgotten)
    messages = _change(session, released, Message.state == Outcome.SENDING, **_doubtful("no_answer", made_at))
    waited = {**_doubtful(REASON, made_at), "tries_before": Message.tries}
    messages += _change(session, released, Message.state == Outcome.PENDING, **waited)
    _move_counts(session)
    words = _(
        "Postroom was restored from a backup made on %(day)s at %(time)s UTC. What had not gone out by then may "
        "have gone out since, so it is in doubt, and nothing goes on by itself.",
        day=f"{made_at:%Y-%m-%d}",
        time=f"{made_at:%H:%M}",
    )
    had_paused = select(Send.id, Send.pause_reason).where(Send.state.in_(_HAD_BEGUN), Send.pause_reason != "")
    before = dict(session.execute(had_paused).all())
    sends: int = session.execute(
        update(Send)
        .where(Send.state.in_(_HAD_BEGUN))
        .values(state=SendState.PAUSED, pause_code=RESTORED, pause_reason=words, resumes_at=None)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    for send_id, reason in before.items():
        both = _("%(words)s It had paused before: %(reason)s", words=words, reason=reason)
        session.execute(
            update(Send)
            .where(Send.id == send_id)
            .values(pause_reason=both)
            .execution_options(synchronize_session=False)
        )
    return Doubt(sends, messages)


def waiting_for_answer(session: Session, send: Send) -> int:
    """Count the e-mails that a person may let go out after a restore: in doubt for it, and not decided on."""
    return session.scalar(select(func.count()).select_from(Message).where(*_asked_about(session, send))) or 0


def send_after_restore(session: Session, actor: Actor, send_id: int, *, seen: int) -> int:
    """Let a restored send go on with what waited in the backup, also where it may be the second time.

    Gives how many e-mails; `seen` is the number that the person was asked about. The caller wakes the engine. Raises
    Refused.
    """
    send = find_send(session, actor, send_id)
    lock(session, send)
    _answer(session, send, state_to_go_on_in(send))
    moved = _change(session, *_asked_about(session, send), state=Outcome.PENDING, reason="", changed_at=now())
    check_seen(moved, seen)
    move(session, send_id, {(Outcome.UNKNOWN, Outcome.PENDING): moved})
    words = _(
        "%(count)s e-mails of send %(send_id)s to be sent after a restore, maybe for a second time",
        count=moved,
        send_id=str(send_id),
    )
    note(session, actor, "send.sent_after_restore", words, subject_id=send_id)
    return moved


def leave_after_restore(session: Session, actor: Actor, send_id: int) -> None:
    """End a restored send without sending: what is in doubt stays so, to be decided on as ever. Raises Refused."""
    send = find_send(session, actor, send_id)
    lock(session, send)
    tally = counts(session, send_id)
    if any(tally[state] for state in UNDER_WAY):  # single ones were sent again meanwhile
        _answer(session, send, state_to_go_on_in(send))
    else:
        _answer(session, send, SendState.FINISHED, finished_at=now())
    note(
        session,
        actor,
        "send.left_after_restore",
        _("Send %(send_id)s left in doubt after a restore", send_id=str(send_id)),
        subject_id=send_id,
    )


def _answer(session: Session, send: Send, after: SendState, **values: object) -> None:
    cleared = {"pause_reason": "", "pause_code": "", "resumes_at": None, **values}
    if not change_state(session, send.id, (SendState.PAUSED,), after, Send.pause_code == RESTORED, **cleared):
        raise Refused(_("This send does not wait for that answer. Somebody gave it already, or cancelled the send."))


def _asked_about(session: Session, send: Send) -> list[ColumnElement[bool]]:
    in_doubt = these(session, send, Outcome.UNKNOWN, None)
    return [*in_doubt, Message.reason == REASON, Message.decided_at.is_(None)]


def _doubtful(reason: str, at: datetime) -> dict[str, object]:
    return {"state": Outcome.UNKNOWN, "reason": reason, "detail": "", "retry_until": None, "changed_at": at}


def _change(session: Session, *conditions: ColumnElement[bool], **values: object) -> int:
    changed: int = session.execute(
        update(Message).where(*conditions).values(**values).execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    return changed


def _move_counts(session: Session) -> None:
    """Move the counts of all sends as their messages moved (P1)."""
    other = aliased(SendTally)
    waited = (
        select(func.coalesce(func.sum(other.count), 0))
        .where(other.send_id == SendTally.send_id, other.outcome.in_(UNDER_WAY))
        .scalar_subquery()
    )
    of_released = SendTally.send_id.in_(select(Send.id).where(Send.state.in_(_RELEASED)))
    for condition, values in (
        (SendTally.outcome == Outcome.UNKNOWN, {"count": SendTally.count + waited}),
        (SendTally.outcome.in_(UNDER_WAY), {"count": 0, "retrying": 0}),
    ):
        session.execute(
            update(SendTally)
            .where(of_released, condition)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
