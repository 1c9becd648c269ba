"""Stopping and going on: pause, resume, cancel (P5). Each is one compare-and-set, so two windows do no harm."""

from __future__ import annotations

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note, note_program
from app.db import now
from app.refusals import NotThere, Refused
from app.sends.models import AT_WORK, Message, Outcome, PauseCause, Send, SendState
from app.sends.tallies import move


def find_send(session: Session, actor: Actor, send_id: int) -> Send:
    """Find a send of the actor's workspace. Raises NotThere."""
    send = session.get(Send, send_id)
    if send is None or send.workspace_id != actor.workspace_id:
        raise NotThere("send")
    return send


def pause(session: Session, actor: Actor, send_id: int) -> None:
    """Pause a send. Raises Refused when it is not under way."""
    find_send(session, actor, send_id)
    if not change_state(session, send_id, AT_WORK, SendState.PAUSED, pause_reason=""):
        raise Refused("This send is not under way, so there is nothing to pause.")
    note(session, actor, "send.paused", f"Send {send_id} paused", subject_id=send_id)


def pause_by_program(session: Session, send_id: int, words: str, cause: PauseCause | None = None) -> None:
    """Pause a send for a reason that concerns all its messages; `words` say what happened and what to do.

    With a `cause` a person is asked more than whether to resume.
    """
    if change_state(session, send_id, AT_WORK, SendState.PAUSED, pause_reason=words, pause_cause=cause):
        send = session.get_one(Send, send_id)
        note_program(session, send.workspace_id, "send.paused", f"Send {send_id} paused: {words}", subject_id=send_id)


def resume(session: Session, actor: Actor, send_id: int) -> None:
    """Go on with a paused send; the caller wakes the engine after the commit.

    Raises Refused, also when more is asked than whether to resume (`send.pause_cause`).
    """
    send = find_send(session, actor, send_id)
    is_early = send.start_at is not None and send.start_at > now()  # a pause does not bring the start forward
    is_checked = send.is_timed or bool(send.release_marks)  # and does not save it the check of P7
    must_begin = is_early or (is_checked and send.first_post_at is None)
    state = SendState.SCHEDULED if must_begin else SendState.SENDING
    if not change_state(session, send_id, (SendState.PAUSED,), state, Send.pause_cause.is_(None), pause_reason=""):
        raise Refused(
            "This send waits for another answer than “resume”: its page asks it."
            if send.pause_cause is not None
            else "This send is not paused, so there is nothing to resume."
        )
    note(session, actor, "send.resumed", f"Send {send_id} resumed", subject_id=send_id)


def cancel(session: Session, actor: Actor, send_id: int) -> int:
    """Cancel a send; what is going out right now ends normally. Gives how many e-mails were stopped. Raises Refused."""
    find_send(session, actor, send_id)
    states = (*AT_WORK, SendState.PAUSED)
    values = {"pause_reason": "", "pause_cause": None, "finished_at": now()}
    if not change_state(session, send_id, states, SendState.CANCELLED, **values):
        raise Refused("This send is over already, so there is nothing to cancel.")
    stopped: int = session.execute(
        update(Message)
        .where(Message.send_id == send_id, Message.state == Outcome.PENDING)
        .values(state=Outcome.CANCELLED, reason="cancelled", detail="", next_try_at=None, changed_at=now())
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    move(session, send_id, {(Outcome.PENDING, Outcome.CANCELLED): stopped})
    note(session, actor, "send.cancelled", f"Send {send_id} cancelled; {stopped:,} e-mails stopped", subject_id=send_id)
    return stopped


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
