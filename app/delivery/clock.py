"""Clocks that are set: what a machine's wall clock says may jump, the steady one goes on.

A clock set forward lets leases run out early, which is safe. One that is set back would make everything that waits for
a time wait for that time to come again: this module notices, and `recovery.py` mends.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import now
from app.delivery.models import Lane
from app.sends.models import Attempt

TOLERANCE_SECONDS = 2.0
"""Differences that are no step: clocks are adjusted a little all the time."""


class ClockWatch:
    """Compares the wall clock with the steady one, from look to look."""

    def __init__(self) -> None:
        self._last: tuple[float, datetime] | None = None

    def set_back_by(self, session: Session) -> float:
        """Seconds by which the wall clock was set back since the last look; 0: it was not.

        The first look compares with the newest attempt instead: the clock may have been set while no worker looked.
        """
        last, self._last = self._last, (time.monotonic(), now())
        if last is not None:
            step = (self._last[0] - last[0]) - (self._last[1] - last[1]).total_seconds()
        else:
            newest = session.scalar(select(Attempt.started_at).order_by(Attempt.id.desc()).limit(1))
            step = (newest - self._last[1]).total_seconds() if newest is not None else 0.0
        return step if step > TOLERANCE_SECONDS else 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """A lane's lease as it was seen."""

    generation: int
    lease_until: datetime


@dataclass(slots=True)
class HolderWatch:
    """Which holders of lanes renew nothing any more, by this process's steady clock alone."""

    _seen: dict[int, tuple[Held, float]] = field(default_factory=dict)

    def silent(self, session: Session, lease_seconds: float) -> dict[int, Held]:
        """Give the lanes whose lease stood unchanged for longer than a lease lasts. Call it again and again."""
        at = time.monotonic()
        seen = {lane.id: Held(lane.generation, lane.lease_until) for lane in _held(session)}
        self._seen = {
            lane_id: self._seen[lane_id] if lane_id in self._seen and self._seen[lane_id][0] == held else (held, at)
            for lane_id, held in seen.items()
        }
        return {lane_id: held for lane_id, (held, since) in self._seen.items() if at - since > lease_seconds}


def _held(session: Session) -> Sequence[Lane]:
    return session.scalars(select(Lane).where(Lane.owner != "")).all()
