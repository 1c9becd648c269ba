"""Trying again what a person wants tried again: failed and refused messages, and those in doubt, one or a whole group.

Every act is one statement that moves only what still stands where the page showed it, in the transaction that moves the
counts, so that two windows do no harm. Attempts keep their history: the next one gets the next number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, false, func, select, true, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.refusals import Refused
from app.sends.control import find_send
from app.sends.hiding import look_again
from app.sends.models import Attempt, Message, Outcome, Send, SendKind, SendState
from app.sends.release import team_in_trial_mode
from app.sends.stopped import everybody_of, must_not, who_must_not
from app.sends.tallies import move
from app.sends.words import OUTCOMES, RETRY_WORDS, retry_helps
from app.words import _

CAN_BE_RETRIED = (Outcome.FAILED, Outcome.REJECTED)
"""Final until a person retries; nothing of these went out (design, section 4)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Messages of a group that ended for one reason."""

    code: str
    count: int
    helps: bool
    """Whether the same e-mail may well go out when it is tried again."""
    words: str


def reasons_of(session: Session, send: Send, outcome: Outcome, message_id: int | None = None) -> list[Reason]:
    """Give the reasons of the messages that may be tried again, those that it helps first; of one message its own."""
    rows = session.execute(
        select(Message.reason, func.count())
        .where(*these(session, send, outcome, message_id))
        .group_by(Message.reason)
        .order_by(func.count().desc(), Message.reason)
    ).all()
    found = [Reason(code, count, retry_helps(code), RETRY_WORDS.get(code, "")) for code, count in rows]
    return sorted(found, key=lambda one: not one.helps)


def retry(
    session: Session,
    actor: Actor,
    send_id: int,
    outcome: Outcome,
    *,
    reasons: Sequence[str],
    seen: int,
    upto: int,
    message_id: int | None = None,
) -> int:
    """Let failed or refused messages with these reasons be tried again; gives how many.

    `seen` is the number that the person was asked about, and `upto` the `last_attempt` of then: what was attempted
    since is left alone. The caller wakes the engine after the commit. Raises Refused when it is no longer so: nothing
    is done then.
    """
    send = find_send(session, actor, send_id)
    if outcome not in CAN_BE_RETRIED:
        raise Refused(_("Only e-mails that failed or were refused can be tried again."))
    chosen = (Message.reason.in_(list(reasons)), not_since(upto))
    moved = try_again(session, send, outcome, *chosen, seen=seen, message_id=message_id)
    told = {"count": moved, "send_id": str(send_id)}
    if outcome is Outcome.FAILED:
        words = _("%(count)s failed e-mails of send %(send_id)s to be tried again", **told)
    else:
        words = _("%(count)s rejected e-mails of send %(send_id)s to be tried again", **told)
    changes = {_("Outcome"): (OUTCOMES[outcome].label, OUTCOMES[Outcome.PENDING].label)}
    also = {"reasons": list(reasons), "message_id": message_id}
    note(session, actor, "send.retried", words, subject_id=send_id, changes=changes, **also)
    return moved


def try_again(
    session: Session, send: Send, outcome: Outcome, *conditions: ColumnElement[bool], seen: int, message_id: int | None
) -> int:
    """Put messages back to `pending` in one statement, with the counts, and let a finished send go on.

    Raises Refused when none is left, or more than were `seen`.
    """
    lock(session, send)
    if send.state is SendState.CANCELLED:
        raise Refused(_("This send was cancelled, so nothing of it goes out any more. Send again with a new send."))
    at = now()
    moved: int = session.execute(
        update(Message)
        .where(*these(session, send, outcome, message_id), *conditions)
        .values(
            state=Outcome.PENDING,
            reason="",
            detail="",
            next_try_at=at,  # at once, and told from what was never tried
            lane_id=None,  # a worker that was taken for dead must not write over what a person chose
            lane_generation=None,
            tries_before=Message.tries,
            decided_at=None,
            changed_at=at,
        )
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    check_seen(moved, seen)
    move(session, send.id, {(outcome, Outcome.PENDING): moved})
    if send.state is SendState.FINISHED:
        send.state, send.finished_at = SendState.SENDING, None
    look_again(send)
    session.flush()
    return moved


def last_attempt(session: Session) -> int:
    """Give the number of the newest attempt of all: a page keeps it, to tell what it showed from what came later."""
    return session.scalar(select(func.max(Attempt.id))) or 0


def not_since(upto: int) -> ColumnElement[bool]:
    """Leave out messages that were attempted after a page was shown: they stand in their group anew."""
    return ~exists().where(Attempt.message_id == Message.id, Attempt.id > upto)


def lock(session: Session, send: Send) -> None:
    """Hold a send, as its workers do before they write its messages, and read it anew."""
    session.refresh(send, with_for_update=True)


def check_seen(moved: int, seen: int) -> None:
    """Refuse an act on none, or on more messages than the person was asked about; the transaction is rolled back."""
    if not moved:
        raise Refused(_("Somebody did this already, or nothing is left to do. Nothing was changed."))
    if moved > seen:
        raise Refused(
            _(
                "Meanwhile there are %(moved)s e-mails instead of %(seen)s. Go back, look at them, and decide "
                "again. Nothing was changed.",
                moved=moved,
                seen=seen,
            )
        )


def these(session: Session, send: Send, outcome: Outcome, message_id: int | None) -> list[ColumnElement[bool]]:
    """Give the conditions of a send's messages with an outcome that may be written to (again) today."""
    of_group = [
        Message.send_id == send.id,
        Message.state == outcome,
        Message.erased_at.is_(None),  # what it said is gone
        Message.hidden_at.is_(None),  # so are the values it needs
        _may_be_written_to(session, send),
    ]
    return [*of_group, Message.id == message_id] if message_id is not None else of_group


def _may_be_written_to(session: Session, send: Send) -> ColumnElement[bool]:
    """Leave out who must not be written to, and in trial mode everybody but the team, as a release would."""
    team = team_in_trial_mode(session, send)
    if send.kind is SendKind.DIRECT:  # one message to all of them: one who must not get it keeps it back
        everybody = {address.lower() for address in everybody_of(send)}
        gone = who_must_not(session, send, everybody)
        return true() if not gone and (team is None or everybody <= team) else false()
    allowed = ~must_not(send, Message.email_key)
    return allowed if team is None else and_(allowed, Message.email_key.in_(team))
