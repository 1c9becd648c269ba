"""From the service's answer to the outcome of a message (design, sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.cloudflare.results import Failure, RateState, SendAnswer, Suppression, WasSent
from app.cloudflare.types import SendRequest
from app.db import now
from app.delivery.retry import next_try
from app.sends.models import Outcome
from app.sends.pauses import STOPS_WHEN_USED_UP, pause_words
from app.words import _, joined

_GROUPS = {
    "permanent_bounces": Outcome.BOUNCED,
    "queued": Outcome.QUEUED,
    "suppressed_recipients": Outcome.SKIPPED,
    "delivered": Outcome.DELIVERED,
    None: Outcome.ACCEPTED,
}
_WORST_FIRST = (Outcome.BOUNCED, Outcome.QUEUED, Outcome.ACCEPTED, Outcome.DELIVERED, Outcome.SKIPPED)
"""Of an e-mail to several people: what needs a look goes before what does not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one message, and what the attempt's record says."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""
    next_try_at: datetime | None = None
    retry_until: datetime | None = None
    """The message failed and waits for a retry; none begins after this time."""
    message_id: str = ""
    addresses: dict[str, str] = field(default_factory=dict)
    was_sent: WasSent | None = None
    """None: no POST was made; the attempt leaves no record."""
    http_status: int | None = None
    error_code: str = ""
    error_message: str = ""
    raw_answer: str = ""
    pause_code: str = ""
    """The whole send must pause, for this reason (a key of `sends/pauses.py`)."""
    pause_words: str = ""
    block_seconds: float | None = None
    rate: RateState | None = None
    asks_quota: bool = False
    """The day's allowance may be used up: somebody must ask the service."""


LookUp = Callable[[str], Suppression | None]
"""Gives the service's suppression of an address."""


def of_answer(answer: SendAnswer, request: SendRequest, *, is_direct: bool) -> Verdict:
    """Judge a success: each address by the list that names it.

    A message of a list is judged by its recipient alone. A direct e-mail is judged by everybody, but copies that the
    answer names nowhere do not count: they may never be named (API.md, section 16).
    """
    outcomes = {one.address: _GROUPS[answer.group_of(one.address)] for one in request.recipients}
    judged = [outcomes[one.address] for one in request.to]
    if is_direct or not judged:
        copies = [outcomes[one.address] for one in (*request.cc, *request.bcc)]
        judged += [one for one in copies if one is not Outcome.ACCEPTED or not request.to]
    outcome = min(judged, key=_WORST_FIRST.index)
    return Verdict(
        outcome=outcome,
        reason="suppressed" if outcome is Outcome.SKIPPED else "",
        message_id=(answer.message_id or "")[:255],
        addresses={address: str(one) for address, one in outcomes.items()} if len(outcomes) > 1 else {},
        was_sent=WasSent.NO if outcome is Outcome.SKIPPED else WasSent.YES,
        http_status=answer.http_status,
        raw_answer=answer.raw,
        rate=answer.rate,
    )


def of_failure(
    failure: Failure,
    addresses: Sequence[str],
    tries: int,
    scale: float,
    look_up: LookUp,
    retry_until: datetime | None = None,
) -> Verdict:
    """Judge a failure after `tries` tries. Looks suppressions up after a 400 that may be one (API.md, section 6)."""
    record = {
        "was_sent": failure.was_sent,
        "http_status": failure.http_status,
        "error_code": (failure.code or "")[:100],
        "error_message": (failure.message or failure.cause)[:300],
        "raw_answer": failure.raw,
        "rate": failure.rate,
    }

    def verdict(outcome: Outcome, **more: object) -> Verdict:
        return Verdict(outcome, **record, **more)  # type: ignore[arg-type]

    if failure.was_sent is WasSent.UNKNOWN:
        detail = _("%(staff_words)s %(remedy)s", staff_words=failure.staff_words, remedy=failure.administrator_words)
        return verdict(Outcome.UNKNOWN, reason=failure.cause, detail=detail)
    if failure.stops_send:
        return verdict(Outcome.PENDING, reason=failure.cause, detail=failure.staff_words, **_pause(failure.cause))
    if failure.may_retry:
        return verdict(**_retried(failure, tries, scale, retry_until))
    if failure.maybe_suppressed:
        found = [(address, entry) for address in addresses if (entry := look_up(address)) is not None]
        if found:
            detail = joined(_suppressed_words(address, entry) for address, entry in found)
            return verdict(Outcome.SKIPPED, reason="suppressed", detail=detail)
    return verdict(Outcome.REJECTED, reason=failure.cause, detail=failure.staff_words)


def _pause(code: str) -> dict[str, str]:
    return {"pause_code": code, "pause_words": pause_words(code)}


def _retried(failure: Failure, tries: int, scale: float, until: datetime | None) -> dict[str, Any]:
    """Say when a message is tried again; when its time is over it failed, or the whole send pauses with it."""
    plan = next_try(failure, tries, scale, now(), until)
    asks_quota = failure.cause == "throttled"
    if plan is not None:
        return {
            "outcome": Outcome.PENDING,
            "reason": failure.cause,
            "detail": failure.staff_words,
            "next_try_at": plan.at,
            "retry_until": plan.until,
            "block_seconds": plan.closed_seconds,
            "asks_quota": asks_quota,
        }
    if failure.cause in STOPS_WHEN_USED_UP:  # it concerns everybody; this one begins anew with the others
        words = {"reason": failure.cause, "detail": failure.staff_words}
        return {"outcome": Outcome.PENDING, "asks_quota": asks_quota, **words, **_pause(failure.cause)}
    detail = _("Tried %(tries)s times. %(staff_words)s", tries=tries, staff_words=failure.staff_words)
    return {"outcome": Outcome.FAILED, "reason": "retries_used_up", "detail": detail}


def _suppressed_words(address: str, entry: Suppression) -> str:
    reasons = {
        "manual": _("somebody put it on the list by hand"),
        "complaint": _("its owner marked an e-mail as spam"),
        "hard_bounce": _("an earlier e-mail was permanently refused"),
        "soft_bounce": _("an earlier e-mail could not be delivered for now"),
        "policy": _("Cloudflare put it there"),
    }
    why = reasons.get(entry.reason, entry.reason)
    if entry.expires_at:
        return _(
            "%(address)s is on Cloudflare's list of addresses that are not written to until %(day)s: %(why)s. Nobody "
            "received this e-mail.",
            address=address,
            day=entry.expires_at.date(),
            why=why,
        )
    return _(
        "%(address)s is on Cloudflare's list of addresses that are not written to: %(why)s. Nobody received this "
        "e-mail.",
        address=address,
        why=why,
    )
