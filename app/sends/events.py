"""What the mail service told later, for pages: the events of a message, counts of a send, how far was looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cloudflare.events import KEPT_DAYS, EventKind
from app.db import now
from app.sends.event_models import EventReading, EventZone, MessageEvent, SendEventTally
from app.sends.models import Attempt, Message, Outcome, Send
from app.sends.words import EVENTS, Wording

SHOWN_ON_SEND = (EventKind.BOUNCED, EventKind.SOFT_BOUNCED, EventKind.COMPLAINED)
"""Kinds whose counts a send's page shows."""


@dataclass(frozen=True, slots=True)
class LaterCount:
    """How many e-mails of a send have an event of a kind."""

    kind: EventKind
    count: int
    wording: Wording


@dataclass(frozen=True, slots=True)
class LookedFor:
    """How far was looked for an e-mail whose outcome still waits."""

    until: datetime | None
    """None: not yet."""
    is_over: bool = False
    """The service keeps no events that old, so nobody looks any more."""


def events_of(session: Session, message: Message) -> Sequence[MessageEvent]:
    """Give the events of a message, in the order in which they happened."""
    query = select(MessageEvent).where(MessageEvent.message_id == message.id)
    return session.scalars(query.order_by(MessageEvent.at, MessageEvent.id)).all()


def later_counts(session: Session, send: Send) -> list[LaterCount]:
    """Give the kept counts of bounces and complaints told later; without those that are zero."""
    rows = session.execute(
        select(SendEventTally.kind, SendEventTally.count).where(SendEventTally.send_id == send.id)
    ).all()
    found = dict(rows)
    return [LaterCount(kind, found[kind], EVENTS[kind]) for kind in SHOWN_ON_SEND if found.get(kind)]


def looked_for(session: Session, send: Send, message: Message) -> LookedFor | None:
    """Say until when an `unknown` message was looked for; None for every other one."""
    if message.state is not Outcome.UNKNOWN:
        return None
    begun = session.scalar(select(func.max(Attempt.started_at)).where(Attempt.message_id == message.id))
    domain = send.from_address.rpartition("@")[2].lower()
    zones = session.scalars(select(EventZone).where(EventZone.workspace_id == send.workspace_id)).all()
    fitting = [zone for zone in zones if domain == zone.name.lower() or domain.endswith(f".{zone.name.lower()}")]
    mark = max(fitting, key=lambda zone: len(zone.name)).read_until if fitting else None
    over = (begun or message.changed_at) + timedelta(days=KEPT_DAYS)
    if mark is not None and begun is not None and mark > begun:
        return LookedFor(min(mark, over), is_over=now() > over)
    return LookedFor(None, is_over=now() > over)


def reading_of(session: Session, workspace_id: int) -> EventReading | None:
    """Give how the reading of events goes; None when nothing was ever read."""
    return session.get(EventReading, workspace_id)


def read_again(session: Session, workspace_id: int) -> None:
    """Let a reading that waits after a failure go on at once: the connection is another now."""
    reading = session.get(EventReading, workspace_id)
    if reading is not None:
        reading.not_before = reading.zones_at = None
        reading.failures, reading.cause, reading.words = 0, "", ""
