"""Counts of a send by state, kept in the same transaction that moves the messages (P1)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Integer, bindparam, case, insert, select, update
from sqlalchemy.orm import Session

from app.db import table_of
from app.sends.models import Outcome, SendTally


def open_tallies(session: Session, send_id: int, *, pending: int, skipped: int = 0) -> None:
    """Make the rows of a released send: everything is `pending` but what was skipped at release."""
    first = {Outcome.PENDING: pending, Outcome.SKIPPED: skipped}
    session.execute(
        insert(SendTally),
        [{"send_id": send_id, "outcome": outcome, "count": first.get(outcome, 0)} for outcome in Outcome],
    )


_ROWS = (
    SendTally.send_id == bindparam("send", type_=Integer),
    SendTally.outcome.in_(bindparam("moved", expanding=True, type_=SendTally.outcome.type)),
)
_IN_ORDER = select(SendTally.outcome).where(*_ROWS).order_by(SendTally.outcome).with_for_update()
_STEPS = {outcome: bindparam(f"step_{outcome}", type_=Integer) for outcome in Outcome}
_MOVE = (
    update(table_of(SendTally))
    .where(SendTally.send_id == bindparam("send", type_=Integer), SendTally.outcome.in_(_IN_ORDER))
    .values(count=SendTally.count + case(_STEPS, value=SendTally.outcome))
)


def move(session: Session, send_id: int, moves: Mapping[tuple[Outcome, Outcome], int]) -> None:
    """Move counts from one state to another. `moves` maps (from, to) to how many messages moved.

    Rows are locked in one fixed order, so that two workers never wait for each other in a ring.
    """
    change: dict[Outcome, int] = {}
    for (source, target), count in moves.items():
        change[source] = change.get(source, 0) - count
        change[target] = change.get(target, 0) + count
    moved = sorted(outcome for outcome, number in change.items() if number)
    if moved:
        steps = {f"step_{outcome}": change.get(outcome, 0) for outcome in Outcome}
        session.execute(_MOVE, {"send": send_id, "moved": moved, **steps})


def counts(session: Session, send_id: int) -> dict[Outcome, int]:
    """Give every state's count, zeros among them."""
    rows = session.execute(select(SendTally.outcome, SendTally.count).where(SendTally.send_id == send_id))
    found = dict(rows.all())
    return {outcome: found.get(outcome, 0) for outcome in Outcome}


def move_retrying(session: Session, send_id: int, change: int) -> None:
    """Change how many of the pending messages wait for a retry. Call it right after a `move` to or from `pending`,
    which holds that row already."""
    if change:
        session.execute(
            update(SendTally)
            .where(SendTally.send_id == send_id, SendTally.outcome == Outcome.PENDING)
            .values(retrying=SendTally.retrying + change)
        )


def retrying(session: Session, send_id: int) -> int:
    """Give how many messages of a send failed before and wait for a retry."""
    query = select(SendTally.retrying).where(SendTally.send_id == send_id, SendTally.outcome == Outcome.PENDING)
    return session.scalar(query) or 0
