"""Lanes: who may work on a send, by a lease with a fencing number (design, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.db import now
from app.delivery.models import Lane
from app.sends.models import Send, SendState

AT_WORK = (SendState.SCHEDULED, SendState.SENDING)
"""States in which a send has lanes."""


def open_lanes(
    session: Session, send_id: int, count: int, lease_seconds: float
) -> list[tuple[int, int, datetime | None]]:
    """Open lanes for a send that has none; gives (lane id, generation, not before) of each. Safe at any time."""
    send = session.get(Send, send_id, with_for_update=True)
    if send is None or send.state not in AT_WORK:
        return []
    if session.scalar(select(Lane.id).where(Lane.send_id == send_id).limit(1)) is not None:
        return []
    start = send.start_at if send.state is SendState.SCHEDULED else None
    lease = max(start or now(), now()) + timedelta(seconds=lease_seconds)
    opened = [Lane(send_id=send_id, lease_until=lease, owner="", generation=0) for _ in range(count)]
    session.add_all(opened)
    session.flush()
    return [(lane.id, lane.generation, start) for lane in opened]


def take(session: Session, lane_id: int, generation: int, owner: str, lease_seconds: float) -> Lane | None:
    """Take a lane for one job; None when the job is an old one: only one job of a generation wins."""
    changed = session.execute(
        update(Lane)
        .where(Lane.id == lane_id, Lane.generation == generation)
        .values(generation=generation + 1, owner=owner, lease_until=now() + timedelta(seconds=lease_seconds))
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        return None
    return session.get(Lane, lane_id, populate_existing=True)


def renew(session: Session, lane_id: int, generation: int, until: datetime) -> bool:
    """Renew the lease; False when the lane was taken over."""
    changed = session.execute(
        update(Lane).where(Lane.id == lane_id, Lane.generation == generation).values(lease_until=until)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def close(session: Session, lane_id: int, generation: int) -> None:
    """Give a lane up for good."""
    session.execute(delete(Lane).where(Lane.id == lane_id, Lane.generation == generation))


def expired(session: Session, at: datetime) -> Sequence[Lane]:
    """Give the lanes whose holder shows no sign of life."""
    return session.scalars(select(Lane).where(Lane.lease_until < at).order_by(Lane.id).with_for_update()).all()
