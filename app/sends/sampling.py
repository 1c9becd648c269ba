"""A few real people of a send to look at before it is approved: the first, the last, and some by chance.

The chance is that of a number, so that “next” and “previous” lead through the same people while the list is the same.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.recipients.finding.walking import Stream
from app.recipients.models import Recipient
from app.sends import audience
from app.sends.models import Send, SendKind

BY_CHANCE = 6
"""People beside the first and the last."""


def sample_of(session: Session, send: Send, number: int) -> list[int]:
    """Give the ids of a few people of a list send, in the order of the list; nobody for a send typed by hand.

    `number` decides the chance. Each person costs one look-up by the list's index.
    """
    if send.kind is not SendKind.LIST:
        return []
    streams = audience.streams(session, send)
    ends = [_end(session, streams, is_last=False), _end(session, streams, is_last=True)]
    found = {one for one in ends if one is not None}
    chance = random.Random(number)  # noqa: S311 - nobody gains by guessing it
    reach = [(one, _reach(session, one)) for one in streams]
    for _ in range(BY_CHANCE):
        for stream, (first, last) in _weighted(reach, chance):
            if (one := _from(session, stream, chance.randint(first, last))) is not None:
                found.add(one)
                break
    places = {stream.list_id: at for at, stream in enumerate(streams)}
    rows = session.execute(select(Recipient.id, Recipient.list_id).where(Recipient.id.in_(found))).all()
    return [row.id for row in sorted(rows, key=lambda row: (places.get(row.list_id, 0), row.id))]


def neighbours_in(sample: Sequence[int], recipient_id: int) -> tuple[int | None, int | None]:
    """Give those before and after somebody in a sample; None at its ends."""
    at = sample.index(recipient_id) if recipient_id in sample else 0
    before = sample[at - 1] if at > 0 else None
    return before, sample[at + 1] if at + 1 < len(sample) else None


def _weighted(
    reach: Sequence[tuple[Stream, tuple[int, int]]], chance: random.Random
) -> list[tuple[Stream, tuple[int, int]]]:
    """Give the streams in an order by chance, long ones more often first."""
    return sorted(reach, key=lambda one: chance.random() ** (1 / max(1, one[1][1] - one[1][0])), reverse=True)


def _reach(session: Session, stream: Stream) -> tuple[int, int]:
    first, last = session.execute(
        select(func.min(Recipient.id), func.max(Recipient.id)).where(Recipient.list_id == stream.list_id)
    ).one()
    return first or 0, last or 0


def _end(session: Session, streams: Sequence[Stream], *, is_last: bool) -> int | None:
    order = Recipient.id.desc() if is_last else Recipient.id
    for stream in reversed(streams) if is_last else streams:
        if (found := session.scalar(select(Recipient.id).where(*stream.where).order_by(order).limit(1))) is not None:
            return found
    return None


def _from(session: Session, stream: Stream, recipient_id: int) -> int | None:
    query = select(Recipient.id).where(*stream.where, Recipient.id >= recipient_id)
    return session.scalar(query.order_by(Recipient.id).limit(1))
