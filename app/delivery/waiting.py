"""What waits for later events, and how often it is worth asking: never when nothing waits (P6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.events import KEPT_DAYS
from app.db import now
from app.sends.models import UNRELEASED, Message, Outcome, Send, SendTally

WAITING = (Outcome.QUEUED, Outcome.ACCEPTED, Outcome.UNKNOWN)
"""Outcomes that later events may settle."""
COMPLAINT_DAYS = 7
"""How long after its end a send is looked at for complaints alone."""
HORIZON = timedelta(days=KEPT_DAYS)
"""Older events are no longer kept by the service, so nothing is asked any more."""


@dataclass(slots=True)
class Waiting:
    """What waits in one workspace."""

    since: datetime
    """When the first of these sends began: earlier events need not be read."""
    interval_factor: int = 60
    """How many intervals should lie between two readings."""
    domains: set[str] = field(default_factory=set)
    """Domains these sends came from."""
    send_ids: list[int] = field(default_factory=list)


def what_waits(session: Session) -> dict[int, Waiting]:
    """Give what waits, by workspace; empty when nothing does. One query that reads kept counts, never messages."""
    at = now()
    newest = (
        select(Message.changed_at)
        .where(Message.send_id == SendTally.send_id, Message.state == SendTally.outcome)
        .order_by(Message.next_try_at.desc(), Message.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Send.id,
            Send.workspace_id,
            Send.from_address,
            Send.first_post_at,
            Send.start_at,
            Send.released_at,
            Send.finished_at,
            SendTally.outcome,
            newest.label("changed_at"),
        )
        .join(SendTally, SendTally.send_id == Send.id)
        .where(
            Send.state.not_in(UNRELEASED),
            (Send.finished_at.is_(None)) | (Send.finished_at > at - HORIZON),
            SendTally.outcome.in_([*WAITING, Outcome.DELIVERED]),
            SendTally.count > 0,
        )
        .order_by(Send.id)
    )
    found: dict[int, Waiting] = {}
    for send in rows:
        last = send.changed_at or send.finished_at or at
        kept = HORIZON if send.outcome in WAITING else timedelta(days=COMPLAINT_DAYS)
        if at - last > kept:
            continue
        began = send.first_post_at or send.start_at or send.released_at or last
        one = found.setdefault(send.workspace_id, Waiting(since=began))
        one.since = min(one.since, began)
        one.domains.add(send.from_address.rpartition("@")[2].lower())
        one.interval_factor = min(one.interval_factor, _factor(send.outcome, at - last))
        if send.id not in one.send_ids:
            one.send_ids.append(send.id)
    for one in found.values():
        one.since = max(one.since, at - HORIZON + timedelta(hours=1))
    return found


def _factor(outcome: Outcome, age: timedelta) -> int:
    """Fresh ones are asked for often, old ones seldom, complaints alone once an hour by default."""
    if outcome not in WAITING:
        return 60
    return 1 if age < timedelta(hours=1) else 5 if age < timedelta(days=1) else 60
