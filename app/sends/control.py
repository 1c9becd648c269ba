"""Stopping and going on: pause, resume, cancel (P5). Each is one compare-and-set, so two windows do no harm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note, note_program
from app.db import now
from app.refusals import NotThere, Refused
from app.sends.models import ANSWERED, AT_WORK, Message, Outcome, Send, SendState
from app.sends.pauses import ASKING, BOUNCES
from app.sends.tallies import counts, move, move_retrying, retrying
from app.sends.words import state_change
from app.words import _


def find_send(session: Session, actor: Actor, send_id: int) -> Send:
    """Find a send of the actor's workspace. Raises NotThere."""
    send = session.get(Send, send_id)
    if send is None or send.workspace_id != actor.workspace_id:
        raise NotThere("send")
    return send


def pause(session: Session, actor: Actor, send_id: int) -> None:
    """Pause a send. Raises Refused when it is not under way."""
    before = find_send(session, actor, send_id).state
    if not change_state(session, send_id, AT_WORK, SendState.PAUSED, **_NO_PAUSE):
        raise Refused(_("This send is not under way, so there is nothing to pause."))
    changes = state_change(before, SendState.PAUSED)
    note(
        session,
        actor,
        "send.paused",
        _("Send %(send_id)s paused", send_id=str(send_id)),
        subject_id=send_id,
        changes=changes,
    )


def pause_by_program(
    session: Session, send_id: int, words: str, *, code: str = "", resumes_at: datetime | None = None
) -> None:
    """Pause a send for a reason that concerns all its messages.

    `words` say what happened and what to do, `code` is their key in `pauses.py`. With `resumes_at` it goes on by itself
    then, when no person did anything before.
    """
    paused = {"pause_reason": words, "pause_code": code, "resumes_at": resumes_at}
    if change_state(session, send_id, AT_WORK, SendState.PAUSED, **paused):
        send = session.get_one(Send, send_id)
        words, changes = (
            _("Send %(send_id)s paused: %(words)s", send_id=str(send_id), words=words),
            state_change(SendState.SENDING, SendState.PAUSED),
        )
        note_program(session, send.workspace_id, "send.paused", words, subject_id=send_id, changes=changes)


def resume(session: Session, actor: Actor, send_id: int) -> None:
    """Go on with a paused send; the caller wakes the engine after the commit.

    Raises Refused, also when more is asked than whether to resume (`pauses.ASKING`).
    """
    send = find_send(session, actor, send_id)
    simple = Send.pause_code.not_in(ASKING)
    values = {**_bounces_seen(session, send), **_NO_PAUSE}
    state = state_to_go_on_in(send)
    if not change_state(session, send_id, (SendState.PAUSED,), state, simple, **values):
        raise Refused(
            _("This send waits for another answer than “resume”: its page asks it.")
            if send.pause_code in ASKING
            else _("This send is not paused, so there is nothing to resume.")
        )
    changes = state_change(SendState.PAUSED, state)
    note(
        session,
        actor,
        "send.resumed",
        _("Send %(send_id)s resumed", send_id=str(send_id)),
        subject_id=send_id,
        changes=changes,
    )


def state_to_go_on_in(send: Send) -> SendState:
    """Give the state in which a paused send goes on."""
    is_early = send.start_at is not None and send.start_at > now()  # a pause does not bring the start forward
    is_checked = send.is_timed or bool(send.release_marks)  # and does not save it the check of P7
    must_begin = is_early or (is_checked and send.first_post_at is None)
    return SendState.SCHEDULED if must_begin else SendState.SENDING


def cancel(session: Session, actor: Actor, send_id: int) -> int:
    """Cancel a send; what is going out right now ends normally. Gives how many e-mails were stopped. Raises Refused."""
    before = find_send(session, actor, send_id).state
    states = (*AT_WORK, SendState.PAUSED)
    if not change_state(session, send_id, states, SendState.CANCELLED, finished_at=now(), **_NO_PAUSE):
        raise Refused(_("This send is over already, so there is nothing to cancel."))
    stopped: int = session.execute(
        update(Message)
        .where(Message.send_id == send_id, Message.state == Outcome.PENDING)
        .values(
            state=Outcome.CANCELLED, reason="cancelled", detail="", next_try_at=None, retry_until=None, changed_at=now()
        )
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    move(session, send_id, {(Outcome.PENDING, Outcome.CANCELLED): stopped})
    move_retrying(session, send_id, -retrying(session, send_id))
    words, changes = (
        _("Send %(send_id)s cancelled; %(stopped)s e-mails stopped", send_id=str(send_id), stopped=stopped),
        state_change(before, SendState.CANCELLED),
    )
    note(session, actor, "send.cancelled", words, subject_id=send_id, changes=changes)
    return stopped


def resume_due(session: Session) -> list[int]:
    """Let sends go on whose pause by the program is over; gives their ids. The caller wakes the engine afterwards."""
    due = session.scalars(
        update(Send)
        .where(Send.state == SendState.PAUSED, Send.resumes_at <= now())
        .values(state=SendState.SENDING, **_NO_PAUSE)
        .returning(Send.id)
        .execution_options(synchronize_session=False)
    ).all()
    for send_id in due:
        send = session.get_one(Send, send_id)
        words = _("Send %(send_id)s went on by itself", send_id=str(send_id))
        changes = state_change(SendState.PAUSED, SendState.SENDING)
        note_program(session, send.workspace_id, "send.resumed", words, subject_id=send_id, changes=changes)
    return list(due)


_NO_PAUSE = {"pause_reason": "", "pause_code": "", "resumes_at": None}


def _bounces_seen(session: Session, send: Send) -> dict[str, int]:
    """What a person who resumes a send after too many bounces has looked at: it is not counted again."""
    if send.pause_code != BOUNCES:
        return {}
    tally = counts(session, send.id)
    answered = sum(tally[outcome] for outcome in ANSWERED)
    return {"answered_before": answered, "bounced_before": tally[Outcome.BOUNCED]}


def change_state(
    session: Session,
    send_id: int,
    before: tuple[SendState, ...],
    after: SendState,
    *conditions: ColumnElement[bool],
    **values: object,
) -> bool:
    """Compare and set: from one of the states `before`, and only while the conditions hold; tells whether it was so."""
    changed = session.execute(
        update(Send).where(Send.id == send_id, Send.state.in_(before), *conditions).values(state=after, **values)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
