"""Writing down what happened: message, attempt and tallies in one transaction a chunk.

Rows are locked in one order everywhere, so that workers never wait for each other in a ring:
send, rate budget, messages, tallies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, update
from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.cloudflare.results import WasSent
from app.db import now
from app.delivery import pacing
from app.delivery.answers import Verdict
from app.delivery.claiming import Claimed, still_held
from app.sends.control import pause_by_program
from app.sends.models import ANSWERED, AT_WORK, UNDER_WAY, Attempt, Message, Outcome, Send, SendState
from app.sends.pauses import BOUNCES, pause_words, too_many_bounces
from app.sends.tallies import counts, move, move_retrying

GOES_ON = (*AT_WORK, SendState.PAUSED)
"""States of a send in which its messages may wait."""


@dataclass(frozen=True, slots=True)
class Result:
    """One message of a chunk with its verdict and the SHA-256 of the body that was posted."""

    message: Claimed
    verdict: Verdict
    sha256: str = ""


_MESSAGE = (
    update(Message)
    .where(Message.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        detail=bindparam("new_detail"),
        next_try_at=bindparam("new_next_try_at"),
        retry_until=bindparam("new_retry_until"),
        message_id=bindparam("new_message_id"),
        addresses=bindparam("new_addresses"),
        body_sha256=bindparam("new_sha256"),
        tries=bindparam("new_tries"),
        lane_id=None,
        lane_generation=None,
        changed_at=bindparam("at"),
    )
)
_ATTEMPT = (
    update(Attempt)
    .where(Attempt.message_id == bindparam("row"), Attempt.number == bindparam("try"))
    .values(
        ended_at=bindparam("at"),
        http_status=bindparam("status"),
        error_code=bindparam("code"),
        error_message=bindparam("message"),
        was_sent=bindparam("sent"),
        raw_answer=bindparam("raw"),
    )
)


def record(
    session: Session,
    send_id: int,
    account_id: str,
    lane_id: int,
    generation: int,
    results: Sequence[Result],
    *,
    quota: int = 1_000_000,
    slot: int = 0,
) -> None:
    """Record a chunk. What somebody else decided meanwhile stays.

    `quota` is the account's calls in five minutes, `slot` that of the chunk's grant, for the calls that were not made.
    """
    send = session.get(Send, send_id, with_for_update=True)
    if send is None:
        return
    _obey(session, account_id, results, quota, slot)
    held = still_held(session, lane_id, generation, [result.message.id for result in results])
    at = now()
    settled: list[tuple[Result, Outcome]] = []
    moves: Counter[tuple[Outcome, Outcome]] = Counter()
    for result in results:
        before = held.get(result.message.id)
        after = _settle(before, result.verdict, send.state)
        if before is not None and after is not None:
            settled.append((result, after))
            moves[before, after] += 1
    _write(session, settled, at)
    move(session, send_id, moves)
    move_retrying(session, send_id, sum(1 for result, after in settled if _retry_until(result, after) is not None))
    _pause(session, send, results, moves)


def finish_when_done(session: Session, send_id: int) -> bool:
    """Finish a send that has nothing under way; tell whether nothing is."""
    send = session.get(Send, send_id, with_for_update=True, populate_existing=True)
    tally = counts(session, send_id)
    if send is None or any(tally[state] for state in UNDER_WAY):
        return False
    if send.state in AT_WORK:
        send.state = SendState.FINISHED
        send.finished_at = now()
        note_program(session, send.workspace_id, "send.finished", f"Send {send_id} finished", subject_id=send_id)
    return True


def _settle(before: Outcome | None, verdict: Verdict, state: SendState) -> Outcome | None:
    """Say what a message becomes; None: it stays as it is."""
    if before is None or verdict.outcome is not Outcome.PENDING:
        return verdict.outcome
    if state is SendState.CANCELLED:
        return Outcome.CANCELLED
    # Taken over meanwhile, and the send ended without it: nobody would ever come back for it.
    return None if before is Outcome.UNKNOWN and state not in GOES_ON else Outcome.PENDING


def _write(session: Session, settled: Sequence[tuple[Result, Outcome]], at: datetime) -> None:
    if not settled:
        return
    connection = session.connection()
    connection.execute(_MESSAGE, [_message_row(result, outcome, at) for result, outcome in settled])
    answered = [result for result, _ in settled if result.verdict.was_sent is not None]
    if answered:
        connection.execute(_ATTEMPT, [_attempt_row(result, at) for result in answered])
    for result, _ in settled:
        if result.verdict.was_sent is None:  # no POST was made
            number = result.message.tries
            session.execute(delete(Attempt).where(Attempt.message_id == result.message.id, Attempt.number == number))


def _message_row(result: Result, outcome: Outcome, at: datetime) -> Mapping[str, Any]:
    verdict, message = result.verdict, result.message
    stopped = outcome is Outcome.CANCELLED
    # What is handed back keeps a time: only a message without one was never claimed, and counts in a wave.
    next_try_at = (verdict.next_try_at or at) if outcome is Outcome.PENDING else verdict.next_try_at
    return {
        "row": message.id,
        "new_state": outcome,
        "new_reason": "cancelled" if stopped else verdict.reason,
        "new_detail": "" if stopped else verdict.detail,
        "new_next_try_at": None if stopped else next_try_at,
        "new_retry_until": _retry_until(result, outcome),
        "new_message_id": verdict.message_id,
        "new_addresses": verdict.addresses,
        "new_sha256": result.sha256,
        "new_tries": message.tries if verdict.was_sent is not None else message.tries - 1,
        "at": at,
    }


def _attempt_row(result: Result, at: datetime) -> Mapping[str, Any]:
    verdict = result.verdict
    return {
        "row": result.message.id,
        "try": result.message.tries,
        "at": at,
        "status": verdict.http_status,
        "code": verdict.error_code,
        "message": verdict.error_message,
        "sent": str(verdict.was_sent or WasSent.UNKNOWN),
        "raw": verdict.raw_answer,
    }


def _retry_until(result: Result, outcome: Outcome) -> datetime | None:
    """Until when a message is tried again; one that was not posted this time keeps its own limit."""
    if outcome is not Outcome.PENDING:
        return None
    not_posted = result.verdict.was_sent is None
    return result.message.retry_until if not_posted else result.verdict.retry_until


def _obey(session: Session, account_id: str, results: Sequence[Result], quota: int, slot: int) -> None:
    verdicts = [result.verdict for result in results]
    blocks = [one.block_seconds for one in verdicts if one.block_seconds is not None]
    told = [one.rate for one in verdicts if one.rate is not None]
    pacing.obey(
        session,
        account_id,
        block_seconds=max(blocks) if blocks else None,
        rate=min(told, key=lambda one: one.left if one.left is not None else 1 << 40) if told else None,
        quota=quota,
        ask_quota=any(one.asks_quota for one in verdicts),
    )
    pacing.give_back(session, account_id, sum(1 for one in verdicts if one.was_sent is None), slot)


def _pause(
    session: Session, send: Send, results: Sequence[Result], moves: Mapping[tuple[Outcome, Outcome], int]
) -> None:
    """Pause the send for a reason that concerns all of it, when anything is left to pause."""
    verdict = next((result.verdict for result in results if result.verdict.pause_code), None)
    bounced = any(after is Outcome.BOUNCED for _, after in moves)
    if verdict is None and not bounced:
        return
    tally = counts(session, send.id)
    if not tally[Outcome.PENDING]:
        return
    if verdict is not None:
        pause_by_program(session, send.id, verdict.pause_words, code=verdict.pause_code)
        return
    answered = sum(tally[outcome] for outcome in ANSWERED) - send.answered_before
    bounces = tally[Outcome.BOUNCED] - send.bounced_before
    if too_many_bounces(answered, bounces):
        words = pause_words(BOUNCES, bounced=bounces, answered=answered)
        pause_by_program(session, send.id, words, code=BOUNCES)
