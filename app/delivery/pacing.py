"""One budget of calls per account, shared by all workers on all machines (design, section 3, rule 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.cloudflare.contract import WINDOW_SECONDS
from app.cloudflare.results import RateState
from app.db import now
from app.delivery.models import RateBudget

BURST_SHARE = 0.1
MAX_BURST = 100
"""Calls that may be made at once; the rest is spread over the window, so that any window stays within it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be done now: so many calls, or none before `wait` seconds have passed."""

    calls: int
    wait: float = 0.0


def take(session: Session, account_id: str, quota: int, wanted: int) -> Grant:
    """Take up to `wanted` calls from the account's budget. `quota` is calls in five minutes."""
    burst = max(1.0, min(MAX_BURST, quota * BURST_SHARE))
    rate = (quota - burst) / WINDOW_SECONDS
    at = _clock(session)
    budget = _budget(session, account_id, burst, at)
    if budget.blocked_until is not None and budget.blocked_until > at:
        return Grant(0, (budget.blocked_until - at).total_seconds())
    passed = max(0.0, (at - budget.filled_at).total_seconds())
    budget.tokens = min(burst, budget.tokens + passed * rate)
    budget.filled_at = at
    granted = max(0, min(wanted, math.floor(budget.tokens)))  # below zero after look-ups, which are counted afterwards
    budget.tokens -= granted
    if granted:
        return Grant(granted)
    # Wait for a handful of calls, not for one: fewer, larger chunks.
    missing = min(wanted, burst, 8) - budget.tokens
    return Grant(0, max(0.05, missing / rate))


def give_back(session: Session, account_id: str, calls: int) -> None:
    """Put calls back that were not made."""
    budget = session.get(RateBudget, account_id, with_for_update=True)
    if budget is not None and calls:
        budget.tokens += calls


def obey(
    session: Session, account_id: str, *, block_seconds: float | None, rate: RateState | None, extra_calls: int = 0
) -> None:
    """Take note of what the service said: wait so long, or no calls are left before the reset."""
    if rate is not None and rate.left == 0 and rate.reset_seconds:
        block_seconds = max(block_seconds or 0, rate.reset_seconds)
    if block_seconds is None and not extra_calls:
        return
    budget = session.get(RateBudget, account_id, with_for_update=True)
    if budget is None:
        return
    budget.tokens -= extra_calls
    if block_seconds is not None:
        until = _clock(session) + timedelta(seconds=block_seconds)
        budget.blocked_until = max(until, budget.blocked_until or until)
        budget.tokens = min(budget.tokens, 1.0)


def _budget(session: Session, account_id: str, burst: float, at: datetime) -> RateBudget:
    query = select(RateBudget).where(RateBudget.account_id == account_id).with_for_update()
    budget = session.scalar(query)
    if budget is not None:
        return budget
    # Two workers may come here at once for a new account: the second finds the first one's row.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(RateBudget).values(account_id=account_id, tokens=burst, filled_at=at).on_conflict_do_nothing()
    session.execute(row)
    return session.scalars(query).one()


def _clock(session: Session) -> datetime:
    """One clock for all machines: the database's, where it has one of its own."""
    if session.get_bind().dialect.name == "postgresql":
        at: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return at
    return now()
