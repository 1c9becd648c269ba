"""Claiming messages: from `pending` to `sending`, committed before the first byte leaves (P1, P2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.cloudflare.types import Attachment
from app.db import UtcDateTime, among, now, table_of
from app.delivery import wave
from app.delivery.models import Lane
from app.sends.models import Attempt, Message, Outcome, Send
from app.sends.person_files import cell_of, name_key, own_files
from app.sends.stopped import everybody_of, who_must_not
from app.sends.tallies import move, move_retrying
from app.words import kept


@dataclass(frozen=True, slots=True)
class Claimed:
    """One message that a lane may post once."""

    id: int
    email: str
    name: str
    data: dict[str, Any]
    reference: str
    tries: int
    """With this one."""
    tries_before: int = 0
    """Those before a person let it be tried again; the limit of tries counts from there."""
    retry_until: datetime | None = None
    """It failed before, and is tried again until then."""
    slot: int = 0
    """Slot of the budget that its call was granted in."""
    own_file: Attachment | None = None
    """The person's own file. Only as long as the chunk is in hand."""


# Built once, and on the tables: at full speed building statements and rows costs as much as their work.
_TABLE = table_of(Message)
_OF_SEND = (_TABLE.c.send_id == bindparam("send"), _TABLE.c.state == Outcome.PENDING)
_WANTED = (
    select(
        _TABLE.c.id,
        _TABLE.c.email,
        _TABLE.c.name,
        _TABLE.c.data,
        _TABLE.c.reference,
        _TABLE.c.tries,
        _TABLE.c.tries_before,
        _TABLE.c.retry_until,
    )
    .order_by(_TABLE.c.next_try_at, _TABLE.c.id)  # in the index's order, so that a million is not sorted
    .limit(bindparam("count", type_=Integer))
    .with_for_update(skip_locked=True)
)
_AGAIN = _WANTED.where(*_OF_SEND, _TABLE.c.next_try_at <= bindparam("at", type_=UtcDateTime))
_FRESH = _WANTED.where(*_OF_SEND, _TABLE.c.next_try_at.is_(None))
_OF_IDS = among(_TABLE.c.id, "ids")
_CLAIM = (
    update(_TABLE)
    .where(_OF_IDS)
    .values(
        state=Outcome.SENDING,
        lane_id=bindparam("lane", type_=Integer),
        lane_generation=bindparam("generation", type_=Integer),
        tries=_TABLE.c.tries + 1,
        next_try_at=None,
        retry_until=None,  # the claim carries it; in doubt, it is no longer a retry
        changed_at=bindparam("at", type_=UtcDateTime),
    )
)
_LEAVE_OUT = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("of_message", type_=Integer))
    .values(
        state=Outcome.SKIPPED,
        reason=bindparam("why"),
        detail=bindparam("words"),
        next_try_at=None,
        retry_until=None,
        changed_at=bindparam("at", type_=UtcDateTime),
    )
)
_BEGIN_ATTEMPTS = insert(table_of(Attempt)).from_select(
    ["message_id", "number", "started_at"],
    select(_TABLE.c.id, _TABLE.c.tries, _TABLE.c.changed_at).where(_OF_IDS),
)
_HELD = (
    select(_TABLE.c.id, _TABLE.c.state)
    .where(
        _OF_IDS,
        _TABLE.c.lane_id == bindparam("lane", type_=Integer),
        _TABLE.c.lane_generation == bindparam("generation", type_=Integer),
        _TABLE.c.state.in_([Outcome.SENDING, Outcome.UNKNOWN]),
    )
    .order_by(_TABLE.c.id)
    .with_for_update()
)


def claim(session: Session, lane: Lane, count: int, *, slot: int = 0, most_new: int | None = None) -> list[Claimed]:
    """Claim up to `count` due messages for a lane, with an attempt's record each. The caller commits before posting.

    Whoever must not be written to since the release (they unsubscribed, say) is left out here. `slot` is the one that
    the budget granted their calls in. `most_new` is what a wave leaves: so many messages that were never claimed
    before, at most. It is taken from the wave here; the caller holds the send's row.
    """
    if count <= 0:
        return []
    at, connection = now(), session.connection()
    # Locks messages that no other lane has in hand; those that wait for another try go first.
    rows = list(connection.execute(_AGAIN, {"send": lane.send_id, "at": at, "count": count}))
    room = count - len(rows)
    room = room if most_new is None else min(room, most_new)
    new = connection.execute(_FRESH, {"send": lane.send_id, "count": room}).all()
    left_out = _leave_out(session, lane.send_id, [*rows, *new], at)
    rows, new = ([one for one in part if one.id not in left_out] for part in (rows, new))
    if most_new is not None and new:
        wave.take(session, lane.send_id, len(new))
    rows += new
    if not rows:
        return []
    ids = [row.id for row in rows]
    connection.execute(_CLAIM, {"ids": ids, "lane": lane.id, "generation": lane.generation, "at": at})
    connection.execute(_BEGIN_ATTEMPTS, {"ids": ids})
    move(session, lane.send_id, {(Outcome.PENDING, Outcome.SENDING): len(rows)})
    move_retrying(session, lane.send_id, -sum(1 for row in rows if row.retry_until is not None))
    return [
        Claimed(
            row.id,
            row.email,
            row.name,
            row.data,
            row.reference,
            row.tries + 1,
            row.tries_before,
            row.retry_until,
            slot,
        )
        for row in rows
    ]


def _leave_out(session: Session, send_id: int, rows: Sequence[Any], at: datetime) -> set[int]:
    """Leave out who must not be written to since the release, with the reason; gives their messages.

    A few queries however many messages there are.
    """
    send = session.get_one(Send, send_id)
    together = everybody_of(send)
    reasons = who_must_not(session, send, together or [row.email for row in rows]) if rows else {}
    if not reasons:
        return set()
    whole = next(iter(reasons.values())) if together else None  # one e-mail to all of them: one keeps it back
    gone = [(row, whole or reasons[row.email.lower()]) for row in rows if whole or row.email.lower() in reasons]
    session.connection().execute(
        _LEAVE_OUT, [{"of_message": row.id, "why": why.code, "words": kept(why.words), "at": at} for row, why in gone]
    )
    move(session, send_id, {(Outcome.PENDING, Outcome.SKIPPED): len(gone)})
    move_retrying(session, send_id, -sum(1 for row, _ in gone if row.retry_until is not None))
    return {row.id for row, _ in gone}


def with_own_files(session: Session, send_id: int, column: str, messages: list[Claimed]) -> list[Claimed]:
    """Give a claimed chunk with each person's own file, read with one query; as it is when no column names one."""
    if not column:
        return messages
    cells = [cell_of(column, one.data) for one in messages]
    files = own_files(session, send_id, cells)
    return [replace(one, own_file=files.get(name_key(cell))) for one, cell in zip(messages, cells, strict=True)]


def next_due(session: Session, send_id: int, *, most_new: int | None = None) -> datetime | None:
    """Give when the next pending message may be tried; None when none is pending, or all are of a later wave."""
    pending = (Message.send_id == send_id, Message.state == Outcome.PENDING)
    if most_new != 0:
        new = session.scalar(select(Message.id).where(*pending, Message.next_try_at.is_(None)).limit(1))
        if new is not None:
            return now()
    return session.scalar(select(func.min(Message.next_try_at)).where(*pending))


def still_held(session: Session, lane_id: int, generation: int, ids: Sequence[int]) -> dict[int, Outcome]:
    """Give those of the messages that nobody else has decided on since, with their state.

    A message that the sweeper put into doubt keeps the lane and generation of its claim: whoever made that claim knows
    what really happened and may still settle it.
    """
    rows = session.connection().execute(_HELD, {"ids": ids, "lane": lane_id, "generation": generation})
    return dict(rows.all())
