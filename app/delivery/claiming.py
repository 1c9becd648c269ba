"""Claiming messages: from `pending` to `sending`, committed before the first byte leaves (P1, P2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, literal, select, update
from sqlalchemy.orm import Session

from app.cloudflare.types import Attachment
from app.db import UtcDateTime, now
from app.delivery import wave
from app.delivery.models import Lane
from app.sends.models import Attempt, Message, Outcome
from app.sends.person_files import cell_of, name_key, own_files
from app.sends.tallies import move, move_retrying


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


def claim(session: Session, lane: Lane, count: int, *, slot: int = 0, most_new: int | None = None) -> list[Claimed]:
    """Claim up to `count` due messages for a lane, with an attempt's record each. The caller commits before posting.

    `slot` is the one that the budget granted their calls in. `most_new` is what a wave leaves: so many messages that
    were never claimed before, at most. It is taken from the wave here; the caller holds the send's row.
    """
    at = now()
    rows = _lock(session, lane.send_id, Message.next_try_at <= at, count)
    room = count - len(rows)
    new = _lock(session, lane.send_id, Message.next_try_at.is_(None), room if most_new is None else min(room, most_new))
    if most_new is not None and new:
        wave.take(session, lane.send_id, len(new))
    rows += new
    if not rows:
        return []
    ids = [row.id for row in rows]
    session.execute(
        update(Message)
        .where(Message.id.in_(ids))
        .values(
            state=Outcome.SENDING,
            lane_id=lane.id,
            lane_generation=lane.generation,
            tries=Message.tries + 1,
            next_try_at=None,
            retry_until=None,  # the claim carries it; in doubt, it is no longer a retry
            changed_at=at,
        )
        .execution_options(synchronize_session=False)
    )
    session.execute(
        insert(Attempt).from_select(
            ["message_id", "number", "started_at"],
            select(Message.id, Message.tries, literal(at, UtcDateTime)).where(Message.id.in_(ids)),
        )
    )
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


def _lock(session: Session, send_id: int, due: ColumnElement[bool], count: int) -> list[Row[Any]]:
    """Lock pending messages that no other lane has in hand. In the index's order, so that a million is not sorted."""
    if count <= 0:
        return []
    rows = session.execute(
        select(
            Message.id,
            Message.email,
            Message.name,
            Message.data,
            Message.reference,
            Message.tries,
            Message.tries_before,
            Message.retry_until,
        )
        .where(Message.send_id == send_id, Message.state == Outcome.PENDING, due)
        .order_by(Message.next_try_at, Message.id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    return list(rows.all())


def still_held(session: Session, lane_id: int, generation: int, ids: Sequence[int]) -> dict[int, Outcome]:
    """Give those of the messages that nobody else has decided on since, with their state.

    A message that the sweeper put into doubt keeps the lane and generation of its claim: whoever made that claim knows
    what really happened and may still settle it.
    """
    rows = session.execute(
        select(Message.id, Message.state)
        .where(
            Message.id.in_(ids),
            Message.lane_id == lane_id,
            Message.lane_generation == generation,
            Message.state.in_([Outcome.SENDING, Outcome.UNKNOWN]),
        )
        .order_by(Message.id)
        .with_for_update()
    )
    return dict(rows.all())
