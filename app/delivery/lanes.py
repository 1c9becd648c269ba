"""Lanes: who may work on a send, by a lease with a fencing number (design, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.db import UtcDateTime, now, table_of
from app.delivery.clock import Held
from app.delivery.models import Lane
from app.sends.approving import back_to_draft_when_stale
from app.sends.models import AT_WORK, Send, SendState
from app.sends.staleness import pause_when_stale

_RENEW = (
    update(table_of(Lane))
    .where(Lane.id == bindparam("lane"), Lane.generation == bindparam("held"))
    .values(lease_until=bindparam("until", type_=UtcDateTime))
)


def open_lanes(
    session: Session, send_id: int, count: int, lease_seconds: float
) -> list[tuple[int, int, datetime | None]]:
    """Open lanes for a send that has none, or call up those that wait for a time that may have changed.

    Gives (lane id, generation, not before) of each lane that needs a job. Safe to call at any time.
    """
    send = session.get(Send, send_id, with_for_update=True)
    if send is None or send.state not in AT_WORK:
        return []
    start = send.start_at if send.state is SendState.SCHEDULED else None
    lease = max(start or now(), now()) + timedelta(seconds=lease_seconds)
    if session.scalar(select(Lane.id).where(Lane.send_id == send_id).limit(1)) is None:
        lanes = [Lane(send_id=send_id, lease_until=lease, owner="", generation=0) for _ in range(count)]
        session.add_all(lanes)
    else:
        waiting = select(Lane).where(Lane.send_id == send_id, Lane.owner == "").order_by(Lane.id)
        lanes = list(session.scalars(waiting.with_for_update(skip_locked=True)))
        for lane in lanes:
            lane.generation += 1  # the job that waits becomes an old one
            lane.lease_until = lease
    session.flush()
    return [(lane.id, lane.generation, start) for lane in lanes]


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
    changed = session.execute(_RENEW, {"lane": lane_id, "held": generation, "until": until})
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def hand_on(session: Session, lane_id: int, generation: int, until: datetime) -> bool:
    """Leave a lane to its next job, which any worker may do; False when the lane was taken over."""
    changed = session.execute(
        update(Lane).where(Lane.id == lane_id, Lane.generation == generation).values(lease_until=until, owner="")
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def begin(session: Session, send: Send) -> None:
    """Let a scheduled send begin, unless somebody stopped, undid or moved it in this very moment, or it is stale (P7).

    Afterwards `send` is as it is then.
    """
    session.refresh(send, with_for_update=True)
    is_due = send.state is SendState.SCHEDULED and (send.start_at is None or send.start_at <= now())
    if is_due and not back_to_draft_when_stale(session, send) and not pause_when_stale(session, send):
        send.state, send.first_post_at = SendState.SENDING, now()
        session.flush()


def close(session: Session, lane_id: int, generation: int) -> None:
    """Give a lane up for good."""
    session.execute(delete(Lane).where(Lane.id == lane_id, Lane.generation == generation))


def expired(session: Session) -> Sequence[int]:
    """Give the ids of the lanes whose holder shows no sign of life."""
    return session.scalars(select(Lane.id).where(Lane.lease_until < now()).order_by(Lane.id)).all()


def void(session: Session, lane_id: int, lease_seconds: float, silent: Held | None = None) -> Lane | None:
    """Take an expired lane from its holder; None when it is not expired, or gone.

    `silent` is a lease that its holder did not renew in time: it counts as expired while it stands.
    """
    lane = session.get(Lane, lane_id, with_for_update=True)
    if lane is None or (lane.lease_until >= now() and Held(lane.generation, lane.lease_until) != silent):
        return None
    lane.generation += 1
    lane.owner = ""
    lane.lease_until = now() + timedelta(seconds=lease_seconds)
    return lane
