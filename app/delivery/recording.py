"""Writing down what happened: message, attempt and tallies in one transaction a chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, update
from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.db import now
from app.delivery import pacing
from app.delivery.answers import Verdict
from app.delivery.claiming import Claimed, still_held
from app.sends.control import pause_by_program
from app.sends.models import UNDER_WAY, Attempt, Message, Outcome, Send, SendState
from app.sends.tallies import counts, move


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
    session: Session, send_id: int, account_id: str, lane_id: int, generation: int, results: Sequence[Result]
) -> None:
    """Record a chunk. What somebody else decided meanwhile stays."""
    send = session.get(Send, send_id, with_for_update=True)
    held = still_held(session, lane_id, generation, [result.message.id for result in results])
    mine = [result for result in results if result.message.id in held]
    cancelled = send is None or send.state is SendState.CANCELLED
    at = now()
    messages, attempts, unposted = [], [], []
    moves: Counter[tuple[Outcome, Outcome]] = Counter()
    for result in mine:
        verdict, message = result.verdict, result.message
        stopped = cancelled and verdict.outcome is Outcome.PENDING
        outcome = Outcome.CANCELLED if stopped else verdict.outcome
        moves[held[message.id], outcome] += 1
        messages.append(
            {
                "row": message.id,
                "new_state": outcome,
                "new_reason": "cancelled" if stopped else verdict.reason,
                "new_detail": "" if stopped else verdict.detail,
                "new_next_try_at": verdict.next_try_at,
                "new_message_id": verdict.message_id,
                "new_addresses": verdict.addresses,
                "new_sha256": result.sha256,
                "new_tries": message.tries if verdict.was_sent is not None else message.tries - 1,
                "at": at,
            }
        )
        if verdict.was_sent is None:
            unposted.append(message)
            continue
        attempts.append(
            {
                "row": message.id,
                "try": message.tries,
                "at": at,
                "status": verdict.http_status,
                "code": verdict.error_code,
                "message": verdict.error_message,
                "sent": str(verdict.was_sent),
                "raw": verdict.raw_answer,
            }
        )
    if messages:
        session.connection().execute(_MESSAGE, messages)
    if attempts:
        session.connection().execute(_ATTEMPT, attempts)
    for message in unposted:
        session.execute(delete(Attempt).where(Attempt.message_id == message.id, Attempt.number == message.tries))
    move(session, send_id, moves)
    _obey(session, account_id, results)
    _pause(session, send_id, results)


def finish_when_done(session: Session, send_id: int) -> bool:
    """Finish a send that has nothing under way; tell whether it is finished."""
    tally = counts(session, send_id)
    if any(tally[state] for state in UNDER_WAY):
        return False
    changed = session.execute(
        update(Send)
        .where(Send.id == send_id, Send.state.in_([SendState.SCHEDULED, SendState.SENDING]))
        .values(state=SendState.FINISHED, finished_at=now())
    )
    if changed.rowcount:  # type: ignore[attr-defined]
        send = session.get_one(Send, send_id)
        note_program(session, send.workspace_id, "send.finished", f"Send {send_id} finished", subject_id=send_id)
    return True


def _obey(session: Session, account_id: str, results: Sequence[Result]) -> None:
    blocks = [result.verdict.block_seconds for result in results if result.verdict.block_seconds is not None]
    rates = [
        result.verdict.rate for result in results if result.verdict.rate is not None and result.verdict.rate.left == 0
    ]
    extra = sum(result.verdict.extra_calls for result in results)
    pacing.obey(
        session,
        account_id,
        block_seconds=max(blocks) if blocks else None,
        rate=rates[-1] if rates else None,
        extra_calls=extra,
    )


def _pause(session: Session, send_id: int, results: Sequence[Result]) -> None:
    words = next((result.verdict.pause_words for result in results if result.verdict.pause_words), "")
    if words:
        pause_by_program(session, send_id, words)
