"""Deciding on messages in doubt: leave them, mark them as sent, or send them again; one or all of a send (design, 4).

- **Leave**: the message stays `unknown`, with the time of the decision. It is listed as before, and Home asks no more.
- **Mark as sent**: it becomes `accepted`, the outcome of what the service took without saying what became of it; the
  reason says that a person did it, and what the service reports later may still settle it.
- **Send again**: it becomes `pending`; the person was told that somebody may get it twice (P2).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, literal_column, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.refusals import Refused
from app.sends.control import find_send
from app.sends.hiding import look_again
from app.sends.models import Attempt, Message, Outcome, Send, SendTally
from app.sends.retrying import check_seen, lock, not_since, these, try_again
from app.sends.tallies import move
from app.sends.words import OUTCOMES
from app.words import _

_IS_UNKNOWN = Message.state == literal_column("'unknown'")
"""Written out, not as a parameter, so that the databases see that the index of the undecided ones fits."""
COUNTED = 10_000
"""Messages in doubt up to which Home counts; a count goes no further."""


class Decision(enum.StrEnum):
    """What a person decides on a message in doubt."""

    LEAVE = "leave"
    MARK_SENT = "mark_sent"
    SEND_AGAIN = "send_again"


@dataclass(frozen=True, slots=True)
class Doubt:
    """How many messages of a send are in doubt."""

    undecided: int
    left: int
    """Left in doubt by decision; may be decided anew."""
    can_go_again: int
    """Of those asked about, how many may be sent again: without who unsubscribed, and in trial mode only the team."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one message in doubt."""

    message: Message
    attempted_at: datetime | None
    error: str
    """The failure in the words it was recorded with; empty when the worker never came back."""


def doubt_of(session: Session, send: Send, *, left: bool = False, message_id: int | None = None) -> Doubt:
    """Count a send's messages in doubt; `left` asks about those that were left so by decision before."""
    undecided = _count(session, *_in_doubt(send, left=False, message_id=message_id))
    before = _count(session, *_in_doubt(send, left=True, message_id=message_id))
    again = these(session, send, Outcome.UNKNOWN, message_id)
    return Doubt(undecided, before, _count(session, *again, _decided(left=left)))


def known_of(
    session: Session,
    send: Send,
    *,
    left: bool = False,
    message_id: int | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[Known]:
    """Give what is known of the messages in doubt, in order, `after` a message's id."""
    messages = session.scalars(
        select(Message)
        .where(*_in_doubt(send, left=left, message_id=message_id), Message.id > after)
        .order_by(Message.id)
        .limit(limit)
    ).all()
    last = {one.message_id: one for one in _last_attempts(session, messages)}
    return [_known(one, last.get(one.id)) for one in messages]


def decide(
    session: Session,
    actor: Actor,
    send_id: int,
    decision: Decision,
    *,
    seen: int,
    upto: int,
    left: bool = False,
    message_id: int | None = None,
) -> int:
    """Decide on all messages in doubt that nobody decided on (`left`: on those left so before), or on one.

    Gives how many. `seen` is the number that the person was asked about, and `upto` the `last_attempt` of then: what
    was attempted since is another doubt. After `SEND_AGAIN` the caller wakes the engine when all is committed. Raises
    Refused when it is no longer so: nothing is done then.
    """
    send = find_send(session, actor, send_id)
    if decision is Decision.SEND_AGAIN:
        asked = (_decided(left=left), not_since(upto))
        count = try_again(session, send, Outcome.UNKNOWN, *asked, seen=seen, message_id=message_id)
    elif decision is Decision.LEAVE and left:
        raise Refused(_("These are left in doubt already."))
    else:
        asked_about = (*_in_doubt(send, left=left, message_id=message_id), not_since(upto))
        count = _settle(session, send, decision, asked_about, seen)
    words = {
        Decision.LEAVE: _("%(count)s e-mails of send %(send_id)s left in doubt", count=count, send_id=str(send_id)),
        Decision.MARK_SENT: _(
            "%(count)s e-mails of send %(send_id)s in doubt marked as sent", count=count, send_id=str(send_id)
        ),
        Decision.SEND_AGAIN: _(
            "%(count)s e-mails of send %(send_id)s in doubt to be sent again, maybe for a second time",
            count=count,
            send_id=str(send_id),
        ),
    }
    action = f"send.doubt_{decision}"
    became = {Decision.MARK_SENT: Outcome.ACCEPTED, Decision.SEND_AGAIN: Outcome.PENDING}
    labels = OUTCOMES[Outcome.UNKNOWN].label, OUTCOMES[became.get(decision, Outcome.UNKNOWN)].label
    changes = {_("Outcome"): labels, _("E-mails"): ("", count)}
    note(session, actor, action, words[decision], subject_id=send_id, changes=changes, message_id=message_id)
    return count


def undecided_sends(session: Session, actor: Actor, limit: int) -> list[tuple[Send, int]]:
    """Give the newest sends with messages in doubt that nobody decided on, and how many, up to `COUNTED`."""
    waits = exists().where(Message.send_id == Send.id, _IS_UNKNOWN, _decided(left=False))
    sends = session.scalars(
        select(Send)
        .join(SendTally, SendTally.send_id == Send.id)
        .where(Send.workspace_id == actor.workspace_id, SendTally.outcome == Outcome.UNKNOWN, SendTally.count > 0)
        .where(waits)
        .order_by(Send.id.desc())
        .limit(limit)
    ).all()
    return [(send, undecided_count(session, send)) for send in sends]


def undecided_count(session: Session, send: Send) -> int:
    """Count the messages in doubt that nobody decided on, up to `COUNTED`."""
    some = select(Message.id).where(*_in_doubt(send, left=False, message_id=None)).limit(COUNTED)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _settle(
    session: Session, send: Send, decision: Decision, asked_about: Sequence[ColumnElement[bool]], seen: int
) -> int:
    lock(session, send)
    values: dict[str, object] = {"decided_at": now(), "lane_id": None, "lane_generation": None}
    if decision is Decision.MARK_SENT:
        values |= {"state": Outcome.ACCEPTED, "reason": "marked_as_sent", "detail": "", "changed_at": now()}
    count: int = session.execute(
        update(Message).where(*asked_about).values(**values).execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    check_seen(count, seen)
    look_again(send)
    if decision is Decision.MARK_SENT:
        move(session, send.id, {(Outcome.UNKNOWN, Outcome.ACCEPTED): count})
    return count


def _in_doubt(send: Send, *, left: bool, message_id: int | None) -> list[ColumnElement[bool]]:
    found = [Message.send_id == send.id, _IS_UNKNOWN, _decided(left=left)]
    return [*found, Message.id == message_id] if message_id is not None else found


def _decided(*, left: bool) -> ColumnElement[bool]:
    return Message.decided_at.is_not(None) if left else Message.decided_at.is_(None)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Message).where(*conditions)) or 0


def _last_attempts(session: Session, messages: Sequence[Message]) -> Sequence[Attempt]:
    newest = (
        select(func.max(Attempt.id))
        .where(Attempt.message_id.in_([one.id for one in messages]))
        .group_by(Attempt.message_id)
    )
    return session.scalars(select(Attempt).where(Attempt.id.in_(newest))).all()


def _known(message: Message, attempt: Attempt | None) -> Known:
    if attempt is None:
        return Known(message, None, "")
    return Known(message, attempt.started_at, f"{attempt.error_code} {attempt.error_message}".strip())
