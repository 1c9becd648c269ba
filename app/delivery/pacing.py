"""One budget of calls per account, shared by all workers on all machines (design, section 3, rule 4).

The row of the account is locked while calls are taken; what is done with it is arithmetic in `budget.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.cloudflare.results import Limits, RateState
from app.db import now
from app.delivery.budget import Budget, Service, steady_rate
from app.delivery.models import RateBudget

QUOTA_TRUST_SECONDS = 30.0
"""A quota that seems to be used up is believed only when the service told so within this time."""
QUOTA_WAIT = 2.0
"""Seconds to wait for the service's word on the quota."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be done now: so many calls, or none before `wait` seconds have passed.

    A call must start within HOLD_SECONDS of the moment before `take`; one that does not must be given back.
    """

    calls: int
    wait: float = 0.0
    slot: int = 0
    """What `give_back` wants to know."""
    quota_used_up: bool = False
    """The day's e-mails are used up; `quota_resets_at` says until when, if the service told."""
    quota_resets_at: datetime | None = None


def database_clock(session: Session) -> datetime:
    """One clock for all machines: the database's, where it has one of its own."""
    if session.get_bind().dialect.name == "postgresql":
        at: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return at
    return now()


clock: Callable[[Session], datetime] = database_clock
"""The clock in use; simulations of long times put their own here."""


def take(
    session: Session, account_id: str, quota: int, wanted: int, *, asker: object = "", first: bool = False
) -> Grant:
    """Take up to `wanted` calls from the account's budget. `quota` is calls in five minutes.

    `asker` names who takes (a send), so that several share fairly; `first` goes ahead of all who are not.
    """
    at = clock(session)
    row = _row(session, account_id, quota, at)
    if row.blocked_until is not None and row.blocked_until > at:
        return Grant(0, (row.blocked_until - at).total_seconds())
    left = e_mails_left(row, at)
    if left is not None and left <= 0:
        return _without_quota(row, at)
    budget = _budget(row)
    granted, wait = budget.take(
        quota, at.timestamp(), wanted if left is None else min(wanted, left), str(asker), first=first
    )
    row.quota_since += granted
    _keep(row, budget)
    return Grant(granted, wait, int(at.timestamp()))


def take_call(session: Session, account_id: str, quota: int) -> Grant:
    """Take one call that sends no e-mail, such as a look-up, ahead of long sends."""
    at = clock(session)
    row = _row(session, account_id, quota, at)
    if row.blocked_until is not None and row.blocked_until > at:
        return Grant(0, (row.blocked_until - at).total_seconds())
    budget = _budget(row)
    granted, wait = budget.take(quota, at.timestamp(), 1, "", first=True)
    _keep(row, budget)
    return Grant(granted, wait, int(at.timestamp()))


def open_budget(session: Session, account_id: str, quota: int) -> None:
    """Make an account's row, when it has none."""
    _row(session, account_id, quota, clock(session))


def give_back(session: Session, account_id: str, calls: int, slot: int) -> None:
    """Put calls back that were granted in a slot and certainly not made."""
    if calls <= 0:
        return
    row = _locked(session, account_id)
    if row is not None:
        budget = _budget(row)
        budget.give_back(calls, slot)
        row.quota_since = max(0, row.quota_since - calls)
        _keep(row, budget)


def spend(session: Session, account_id: str, quota: int, calls: int) -> None:
    """Count calls that were made without asking, such as those of a check of the connection."""
    at = clock(session)
    row = _row(session, account_id, quota, at)
    budget = _budget(row)
    budget.spend(calls, at.timestamp())
    _keep(row, budget)


def obey(
    session: Session,
    account_id: str,
    *,
    block_seconds: float | None,
    rate: RateState | None,
    quota: int = 1_000_000,
    ask_quota: bool = False,
) -> None:
    """Take note of what the service said: wait so long, or so much is left before the reset.

    `ask_quota`: it refused for want of allowance, so somebody must ask it how much there is.
    """
    if block_seconds is None and rate is None and not ask_quota:
        return  # nothing was said
    if rate is not None and rate.left == 0 and rate.reset_seconds:
        block_seconds = max(block_seconds or 0, rate.reset_seconds)
    row = session.get(RateBudget, account_id, populate_existing=True)
    if row is None:
        return
    told = (rate.quota, rate.window_seconds) if rate and rate.quota and rate.window_seconds else None
    at = clock(session)
    heard = _budget(row)
    if rate is not None:
        heard.hear(quota, at.timestamp(), left=rate.left, reset=rate.reset_seconds, told=told)
    if block_seconds is None and not ask_quota and heard.service == _budget(row).service:
        return  # nothing new: the row is not locked and not written
    row = _locked(session, account_id)
    if row is None:
        return
    budget = _budget(row)
    if rate is not None:
        budget.hear(quota, at.timestamp(), left=rate.left, reset=rate.reset_seconds, told=told)
    if block_seconds is not None:
        until = at + timedelta(seconds=block_seconds)
        row.blocked_until = max(until, row.blocked_until or until)
        budget.tokens = min(budget.tokens, 1.0)
    row.quota_wanted = row.quota_wanted or ask_quota
    _keep(row, budget)


def note_limits(session: Session, account_id: str, quota: int, limits: Limits) -> None:
    """Keep what the service said of its quota; what it does not say is not known."""
    at = clock(session)
    row = _row(session, account_id, quota, at)
    row.quota_value = _count(limits.quota.value) if limits.quota else None
    row.quota_unit = limits.quota.unit[:20] if limits.quota else ""
    usage = limits.usage
    row.quota_sent = _count(usage.sent) if usage else None
    if usage is not None and usage.over_quota and row.quota_value is not None:
        row.quota_sent = max(_count(usage.sent), row.quota_value)
    row.quota_resets_at = usage.resets_at if usage else None
    row.quota_read_at, row.quota_since, row.quota_wanted = at, 0, False


def e_mails_left(row: RateBudget, at: datetime) -> int | None:
    """Give how many e-mails the quota leaves; None when that is not known."""
    if row.quota_value is None or row.quota_sent is None:
        return None
    if row.quota_resets_at is not None and row.quota_resets_at <= at:
        return None  # a new day, of which nothing was told yet
    return max(0, row.quota_value - row.quota_sent - row.quota_since)


def calls_left(row: RateBudget, quota: int, at: datetime) -> int:
    """Give how many calls of the budget may be made now; `quota` is calls in five minutes."""
    return max(0, _budget(row).free(quota, at.timestamp()))


def pace_of(session: Session, account_id: str, quota: int) -> float:
    """Calls a second that long sends of the account can keep up together."""
    row = session.get(RateBudget, account_id)
    return steady_rate(quota, _budget(row).service if row is not None else Service())


def _count(value: int) -> int:
    """A number of the service as a column holds it."""
    return max(0, min(value, 2_000_000_000))


def _without_quota(row: RateBudget, at: datetime) -> Grant:
    read = row.quota_read_at
    if read is None or (at - read).total_seconds() > QUOTA_TRUST_SECONDS:
        row.quota_wanted = True  # our own count may be wrong: e-mails to verified addresses are free of it
        return Grant(0, QUOTA_WAIT)
    return Grant(0, QUOTA_WAIT, quota_used_up=True, quota_resets_at=row.quota_resets_at)


def _row(session: Session, account_id: str, quota: int, at: datetime) -> RateBudget:
    row = _locked(session, account_id)
    if row is not None:
        return row
    # Two workers may come here at once for a new account: the second finds the first one's row.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = Budget.new(quota, at.timestamp())
    values = {"account_id": account_id, "tokens": new.tokens, "filled_at": at, "ledger": new.to_json()}
    session.execute(insert(RateBudget).values(**values).on_conflict_do_nothing())
    return session.get_one(RateBudget, account_id, with_for_update=True, populate_existing=True)


def _locked(session: Session, account_id: str) -> RateBudget | None:
    return session.get(RateBudget, account_id, with_for_update=True, populate_existing=True)


def _budget(row: RateBudget) -> Budget:
    return Budget.from_json(row.tokens, row.filled_at.timestamp(), row.ledger)


def _keep(row: RateBudget, budget: Budget) -> None:
    row.tokens, row.ledger = budget.tokens, budget.to_json()
    row.filled_at = datetime.fromtimestamp(budget.filled_at, UTC)
