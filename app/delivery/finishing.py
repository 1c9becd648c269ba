"""When a send will be finished, at the present pace and quota. What cannot be known is not invented but said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import now
from app.delivery import pacing
from app.delivery.models import RateBudget
from app.people.connection import NotConnected, resolve
from app.sends.models import AT_WORK, UNDER_WAY, Outcome, Send, SendTally
from app.sends.pace import pace_of
from app.sends.tallies import counts
from app.settings import Settings
from app.words import _, joined

PERIODS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}
"""What the service calls the time of a quota."""
LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class QuotaState:
    """What is known of a quota: `value` e-mails in a `period`, `left` of them until `resets_at`."""

    value: int
    period: timedelta
    left: int | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """When the last e-mail leaves; None: cannot be known. `words` say what it rests on and what is not known."""

    at: datetime | None
    words: str = ""


def estimate(
    count: int,
    calls_per_second: float,
    quota: QuotaState | None,
    others: Sequence[int] = (),
    *,
    begins: datetime,
    own_pace: float | None = None,
) -> Estimate:
    """Say when a send of `count` e-mails is finished that begins then.

    `others` are the e-mails that other sends of the account still have to send; all share the pace in equal parts.
    `own_pace` is a lower pace in e-mails a second that was set for the send itself.
    """
    if count <= 0:
        return Estimate(begins)
    before = count + sum(min(other, count) for other in others)
    if calls_per_second <= 0:
        return Estimate(None, _("The pace is not known."))
    seconds = before / calls_per_second
    if own_pace:
        seconds = max(seconds, count / own_pace)
    shared = _("Other sends are under way and share the pace.") if any(others) else ""
    unlimited = _after(begins, seconds)
    if quota is None:
        unknown = _(
            "The mail service does not tell its daily quota; should it be used up, the send pauses and says so."
        )
        return Estimate(unlimited, joined([unknown, shared]))
    if quota.left is None:
        words = _(
            "What is left of the quota of %(quota)s e-mails is not known; should it be used up, it takes longer.",
            quota=quota.value,
        )
        return Estimate(unlimited, joined([words, shared]))
    if before <= quota.left:
        return Estimate(unlimited, shared)
    limited = _("The quota of %(quota)s e-mails leaves %(left)s for now.", quota=quota.value, left=quota.left)
    if quota.resets_at is None or not quota.value:
        words = _("When there is more the mail service does not say, so the end cannot be known.")
        return Estimate(None, joined([limited, words, shared]))
    rest, rate = before - quota.left, before / seconds
    each = min(quota.value, int(rate * quota.period.total_seconds()))
    if each <= 0:
        return Estimate(None, joined([limited, shared]))
    full, last = divmod(rest - 1, each)
    resumes = max(begins, quota.resets_at)
    if full * quota.period > LONGEST:
        return Estimate(None, joined([limited, shared]))
    at = _after(resumes + full * quota.period, (last + 1) / rate)
    return Estimate(
        at,
        joined([limited, _("The rest waits until it is new, and goes on by itself."), shared]),
    )


def estimate_of(session: Session, settings: Settings, send: Send, count: int | None = None) -> Estimate | None:
    """Estimate when `count` e-mails have left (none given: all that the send still has); None: no connection."""
    try:
        parameters = resolve(session, settings, send.workspace_id)
    except NotConnected:
        return None
    if count is None:
        tally = counts(session, send.id)
        count = sum(tally[outcome] for outcome in UNDER_WAY)
    row = session.get(RateBudget, parameters.account_id)
    at = now()
    begins = max([at, *(time for time in (send.start_at, row.blocked_until if row else None) if time is not None)])
    rate = pacing.pace_of(session, parameters.account_id, parameters.calls_per_5_minutes)
    own = pace_of(session, send.id)
    return estimate(
        count,
        rate,
        _quota(row, at),
        _others(session, send),
        begins=begins,
        own_pace=own.count / own.seconds if own else None,
    )


def _quota(row: RateBudget | None, at: datetime) -> QuotaState | None:
    if row is None or row.quota_value is None:
        return None
    period = PERIODS.get(row.quota_unit, PERIODS["day"])
    return QuotaState(row.quota_value, period, pacing.e_mails_left(row, at), row.quota_resets_at)


def _others(session: Session, send: Send) -> list[int]:
    """Give what other sends of the workspace still have to send."""
    rows = session.scalars(
        select(SendTally.count)
        .join(Send, Send.id == SendTally.send_id)
        .where(
            Send.workspace_id == send.workspace_id,
            Send.id != send.id,
            Send.state.in_(AT_WORK),
            SendTally.outcome == Outcome.PENDING,
        )
    )
    return [count for count in rows if count]


def _after(begins: datetime, seconds: float) -> datetime | None:
    return begins + timedelta(seconds=seconds) if seconds < LONGEST.total_seconds() else None
