"""What the mail service told later: events of messages, their counts, and how far each zone was read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.cloudflare.events import EventKind
from app.db import Base, SaidText, Words, now


class MessageEvent(Base):
    """One event of one message. What only repeats the answer to the POST is not kept."""

    __tablename__ = "message_event"
    __table_args__ = (UniqueConstraint("message_id", "event_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    event_key: Mapped[str] = mapped_column(String(64))
    """The same event always has the same key, so that it is kept once."""
    at: Mapped[datetime]
    """When it happened, as the service says."""
    kind: Mapped[EventKind] = mapped_column(Words(EventKind))
    recipient: Mapped[str] = mapped_column(String(254))
    status: Mapped[str] = mapped_column(String(64), default="")
    event_type: Mapped[str] = mapped_column(String(64), default="")
    cause: Mapped[str] = mapped_column(String(300), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    """The recipient's server's own words."""
    vendor_id: Mapped[str] = mapped_column(String(255), default="", index=True)
    """The event's message id without brackets; may differ from the id in the answer to the POST."""
    is_inferred: Mapped[bool] = mapped_column(default=False)
    """Found by recipient, subject and time, not by a message id."""
    read_at: Mapped[datetime] = mapped_column(default=now)


class SendEventTally(Base):
    """How many messages of a send have an event of a kind; kept with the events, never counted."""

    __tablename__ = "send_event_tally"

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[EventKind] = mapped_column(Words(EventKind), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class EventZone(Base):
    """A zone whose events are read, and the mark up to which they are."""

    __tablename__ = "event_zone"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    zone_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(254))
    read_from: Mapped[datetime | None]
    """Since when it was read without a gap."""
    read_until: Mapped[datetime | None]
    """None: never read."""
    is_caught_up: Mapped[bool] = mapped_column(default=False)
    """False: the last reading stopped half-way, and the next goes on exactly there."""
    ids_match: Mapped[bool] = mapped_column(default=False)
    """Message ids of events were seen to be those of the answers."""


class EventReading(Base):
    """How the reading of events goes for a workspace."""

    __tablename__ = "event_reading"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    looked_at: Mapped[datetime | None]
    """When everything was read to its end last."""
    zones_at: Mapped[datetime | None]
    """When the zones were asked for last."""
    not_before: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    """Failures in a row."""
    cause: Mapped[str] = mapped_column(String(32), default="")
    words: Mapped[str] = mapped_column(SaidText, default="")
    """What is the matter and what to do; empty when all is well."""


class EventLease(Base):
    """The right to read events: one worker at a time. One row."""

    __tablename__ = "event_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(100), default="")
    generation: Mapped[int] = mapped_column(default=0)
    """Fencing number: what a worker with an older one has read is thrown away."""
    lease_until: Mapped[datetime]
    next_query_at: Mapped[datetime]
    """Not before this time: the budget of queries, for all workers and workspaces together."""
