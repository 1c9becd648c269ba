"""Walking through the people of a list who meet conditions, a stretch at a time.

A page must not wait until a million people are looked at for the few who are meant. So whoever counts or looks gives a
time, gets what was found in it, and goes on from the place that comes with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.recipients.models import Recipient

STRETCH = 10_000
"""People of a list that one statement looks at."""
PAGE_SECONDS = 0.2
"""How long a page looks before it answers with what it found so far."""


class Place(NamedTuple):
    """How far somebody came: the stream, and the last recipient in it that was looked at."""

    stream: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """People of one list who meet conditions on `Recipient`, in the order in which they came into the list."""

    list_id: int
    conditions: tuple[ColumnElement[bool], ...] = ()
    columns: tuple[str, ...] = ()
    """Columns of the list, where somebody asks for cells."""

    @property
    def where(self) -> tuple[ColumnElement[bool], ...]:
        """Everything that its people meet."""
        return (Recipient.list_id == self.list_id, *self.conditions)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted so far."""

    found: int
    looked: int
    """People that were looked at, of all lists."""
    place: Place | None
    """Where to go on; None: everybody was looked at."""


def people_after(
    session: Session, streams: Sequence[Stream], place: Place, limit: int
) -> tuple[Sequence[Recipient], Place]:
    """Give the next people of one stream after another, and the place behind them; nobody at the end."""
    for number in range(place.stream, len(streams)):
        after = place.after if number == place.stream else 0
        query = select(Recipient).where(*streams[number].where, Recipient.id > after)
        found = session.scalars(query.order_by(Recipient.id).limit(limit)).all()
        if found:
            return found, Place(number, found[-1].id)
    return (), place


def one_of(session: Session, streams: Sequence[Stream], recipient_id: int) -> tuple[Recipient | None, Place]:
    """Give one recipient and their place; the first one when the one named is in no stream; None: there is nobody."""
    for number, stream in enumerate(streams):
        found = session.scalar(select(Recipient).where(*stream.where, Recipient.id == recipient_id))
        if found is not None:
            return found, Place(number, found.id)
    first, place = people_after(session, streams, Place(), 1)
    return (first[0], place) if first else (None, place)


def neighbours(session: Session, streams: Sequence[Stream], place: Place) -> tuple[int | None, int | None]:
    """Give the ids of the recipients before and after a place; None at an end."""
    after, _ = people_after(session, streams, place, 1)
    for number in range(place.stream, -1, -1):
        ids = select(Recipient.id).where(*streams[number].where).order_by(Recipient.id.desc()).limit(1)
        before = session.scalar(ids.where(Recipient.id < place.after) if number == place.stream else ids)
        if before is not None:
            break
    return before, after[0].id if after else None


def count_on(session: Session, streams: Sequence[Stream], so_far: Counted, seconds: float = PAGE_SECONDS) -> Counted:
    """Count on from where `so_far` ends, for about so many seconds."""
    found, looked, place = so_far.found, so_far.looked, so_far.place
    until = time.monotonic() + seconds
    while place is not None and place.stream < len(streams):
        stream = streams[place.stream]
        last, many = _stretch(session, stream.list_id, place.after)
        if many:
            inside = (Recipient.id > place.after, Recipient.id <= last)
            found += session.scalar(select(func.count()).select_from(Recipient).where(*stream.where, *inside)) or 0
        looked += many
        place = Place(place.stream, last) if many == STRETCH else Place(place.stream + 1)
        if time.monotonic() >= until:
            break
    if place is not None and place.stream >= len(streams):
        place = None
    return Counted(found, looked, place)


def first_people(
    session: Session, stream: Stream, most: int, seconds: float = PAGE_SECONDS
) -> tuple[list[Recipient], bool]:
    """Give the first people of a stream who are found in about so many seconds, and whether there was time for all."""
    found: list[Recipient] = []
    after, until = 0, time.monotonic() + seconds
    while len(found) < most:
        last, many = _stretch(session, stream.list_id, after)
        inside = (Recipient.id > after, Recipient.id <= last)
        query = select(Recipient).where(*stream.where, *inside).order_by(Recipient.id).limit(most - len(found))
        found += session.scalars(query).all() if many else ()
        after = last
        if many < STRETCH:
            return found, True
        if time.monotonic() >= until:
            return found, False
    return found, True


def _stretch(session: Session, list_id: int, after: int) -> tuple[int, int]:
    """Give the last recipient of a list's next stretch, and how many people there are in it."""
    ids = (
        select(Recipient.id)
        .where(Recipient.list_id == list_id, Recipient.id > after)
        .order_by(Recipient.id)
        .limit(STRETCH)
        .subquery()
    )
    last, many = session.execute(select(func.max(ids.c.id), func.count()).select_from(ids)).one()
    return last or after, many
