"""Writing down what happened: message, attempt and tallies in one transaction a chunk.

Rows are locked in one order everywhere, so that workers never wait for each other in a ring:
send, rate budget, messages, tallies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Delete, Update, bindparam, delete, select, tuple_, update
from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.cloudflare.results import WasSent
from app.db import UtcDateTime, now, table_of
from app.delivery import pacing
from app.delivery.answers import Verdict
from app.delivery.bulk import ROWS, folded, unfolded
from app.delivery.claiming import Claimed, still_held
from app.sends.control import pause_by_program
from app.sends.hiding import hide_values, look_again
from app.sends.models import ANSWERED, AT_WORK, UNDER_WAY, Attempt, Message, Outcome, Send, SendState
from app.sends.pauses import BOUNCES, pause_words, too_many_bounces
from app.sends.tallies import counts, move, move_retrying
from app.sends.words import state_change
from app.words import _, kept

GOES_ON = (*AT_WORK, SendState.PAUSED)
"""States of a send in which its messages may wait."""


@dataclass(frozen=True, slots=True)
class Result:
    """One message of a chunk with its verdict and the SHA-256 of the body that was posted."""

    message: Claimed
    verdict: Verdict
    sha256: str = ""


_OF_MESSAGE = (
    "state",
    "reason",
    "detail",
    "next_try_at",
    "retry_until",
    "message_id",
    "addresses",
    "body_sha256",
    "tries",
)
_OF_ATTEMPT = ("http_status", "error_code", "error_message", "was_sent", "raw_answer")


@cache
def _update_messages(dialect: str) -> Update:
    columns = table_of(Message).c
    _, of_row = unfolded(dialect, {name: columns[name].type for name in ("id", *_OF_MESSAGE)})
    return (
        update(table_of(Message))
        .where(columns.id == of_row.pop("id"))
        .values(**of_row, lane_id=None, lane_generation=None, changed_at=bindparam("at", type_=UtcDateTime))
    )


@cache
def _update_attempts(dialect: str) -> Update:
    columns = table_of(Attempt).c
    names = ("message_id", "number", *_OF_ATTEMPT)
    _, of_row = unfolded(dialect, {name: columns[name].type for name in names})
    return (
        update(table_of(Attempt))
        .where(columns.message_id == of_row.pop("message_id"), columns.number == of_row.pop("number"))
        .values(**of_row, ended_at=bindparam("at", type_=UtcDateTime))
    )


@cache
def _delete_attempts(dialect: str) -> Delete:
    columns = table_of(Attempt).c
    rows, of_row = unfolded(dialect, {name: columns[name].type for name in ("message_id", "number")})
    found = select(of_row["message_id"], of_row["number"]).select_from(rows)
    return delete(table_of(Attempt)).where(tuple_(columns.message_id, columns.number).in_(found))


def record(
    session: Session,
    send_id: int,
    account_id: str,
    lane_id: int,
    generation: int,
    results: Sequence[Result],
    *,
    quota: int = 1_000_000,
) -> None:
    """Record a chunk. What somebody else decided meanwhile stays.

    `quota` is the account's calls in five minutes.
    """
    send = session.get(Send, send_id, with_for_update=True)
    if send is not None:
        record_of(session, send, account_id, lane_id, generation, results, quota=quota)


def record_of(
    session: Session,
    send: Send,
    account_id: str,
    lane_id: int,
    generation: int,
    results: Sequence[Result],
    *,
    quota: int,
) -> list[tuple[Result, Outcome]]:
    """Record a chunk of a send whose row the caller holds; gives what was written down.

    `quota` is the account's calls in five minutes. Before it commits the caller gives what comes back to
    `unreachable.keep_unreachable`, after the last row it locks.
    """
    _obey(session, account_id, results, quota=quota)
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
    hide_values(session, send, {result.message.id: after for result, after in settled}, at)
    move(session, send.id, moves)
    move_retrying(session, send.id, sum(1 for result, after in settled if _retry_until(result, after) is not None))
    _pause(session, send, results, moves)
    return settled


def finish_when_done(session: Session, send_id: int) -> bool:
    """Finish a send that has nothing under way; tell whether nothing is."""
    send = session.get(Send, send_id, with_for_update=True, populate_existing=True)
    tally = counts(session, send_id)
    if send is None or any(tally[state] for state in UNDER_WAY):
        return False
    if send.state in AT_WORK:
        before, send.state = send.state, SendState.FINISHED
        send.finished_at = now()
        look_again(send)
        words, changes = _("Send %(send_id)s finished", send_id=str(send_id)), state_change(before, SendState.FINISHED)
        note_program(session, send.workspace_id, "send.finished", words, subject_id=send_id, changes=changes)
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
    dialect = connection.dialect.name
    messages = [_message_row(result, outcome, at) for result, outcome in settled]
    connection.execute(_update_messages(dialect), {ROWS: folded(dialect, messages), "at": at})
    answered = [_attempt_row(result) for result, _ in settled if result.verdict.was_sent is not None]
    if answered:
        connection.execute(_update_attempts(dialect), {ROWS: folded(dialect, answered), "at": at})
    not_posted = [_attempt_row(result)[:2] for result, _ in settled if result.verdict.was_sent is None]
    if not_posted:
        connection.execute(_delete_attempts(dialect), {ROWS: folded(dialect, not_posted)})


def _message_row(result: Result, outcome: Outcome, at: datetime) -> list[Any]:
    """Give a message's id and `_OF_MESSAGE`."""
    verdict, message = result.verdict, result.message
    stopped = outcome is Outcome.CANCELLED
    # What is handed back keeps a time: only a message without one was never claimed, and counts in a wave.
    next_try_at = (verdict.next_try_at or at) if outcome is Outcome.PENDING else verdict.next_try_at
    return [
        message.id,
        outcome,
        "cancelled" if stopped else verdict.reason,
        "" if stopped else kept(verdict.detail),
        None if stopped else next_try_at,
        _retry_until(result, outcome),
        verdict.message_id,
        verdict.addresses,
        result.sha256,
        message.tries if verdict.was_sent is not None else message.tries - 1,
    ]


def _attempt_row(result: Result) -> list[Any]:
    """Give an attempt's message, number and `_OF_ATTEMPT`."""
    verdict = result.verdict
    return [
        result.message.id,
        result.message.tries,
        verdict.http_status,
        verdict.error_code,
        verdict.error_message,
        str(verdict.was_sent or WasSent.UNKNOWN),
        verdict.raw_answer,
    ]


def _retry_until(result: Result, outcome: Outcome) -> datetime | None:
    """Until when a message is tried again; one that was not posted this time keeps its own limit."""
    if outcome is not Outcome.PENDING:
        return None
    not_posted = result.verdict.was_sent is None
    return result.message.retry_until if not_posted else result.verdict.retry_until


def _obey(session: Session, account_id: str, results: Sequence[Result], quota: int) -> None:
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
    not_made = Counter(one.message.slot for one in results if one.verdict.was_sent is None)
    for slot, calls in not_made.items():
        pacing.give_back(session, account_id, calls, slot)


def _pause(
    session: Session, send: Send, results: Sequence[Result], moves: Mapping[tuple[Outcome, Outcome], int]
) -> None:
    """Pause the send for a reason that concerns all of it, when anything is left to pause."""
    verdict = next((result.verdict for result in results if result.verdict.pause_code), None)
    if verdict is None and not any(after in ANSWERED for _, after in moves):
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
