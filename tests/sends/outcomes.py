"""Messages brought to an outcome, as delivery does it: message, attempt and counts in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from app.db import Database
from app.sends.models import UNDER_WAY, Attempt, Message, Outcome, Send, SendState
from app.sends.tallies import counts, move

ATTEMPTED_AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def settle(database: Database, send_id: int, emails: Sequence[str], outcome: Outcome, **fields: object) -> None:
    """Let these people's messages end with an outcome after one more attempt; finishes the send when all have one."""
    with database.writing() as session:
        for message in session.scalars(select(Message).where(Message.send_id == send_id, Message.email.in_(emails))):
            move(session, send_id, {(message.state, outcome): 1})
            message.state = outcome
            message.tries += 1
            session.add(
                Attempt(
                    message_id=message.id,
                    number=message.tries,
                    started_at=ATTEMPTED_AT,
                    ended_at=ATTEMPTED_AT,
                    error_message="timeout" if outcome is Outcome.UNKNOWN else "",
                )
            )
            for field, value in fields.items():
                setattr(message, field, value)
        tally = counts(session, send_id)
        over = not any(tally[one] for one in UNDER_WAY)
        session.get_one(Send, send_id).state = SendState.FINISHED if over else SendState.SENDING


def tally_of(database: Database, send_id: int) -> dict[Outcome, int]:
    """The counts that are not zero, held against the messages themselves (P1)."""
    with database.reading() as session:
        kept = {outcome: count for outcome, count in counts(session, send_id).items() if count}
        rows = session.execute(
            select(Message.state, func.count()).where(Message.send_id == send_id).group_by(Message.state)
        )
        assert kept == dict(rows.all())
        assert sum(kept.values()) == session.get_one(Send, send_id).total
    return kept


def at_once(act: Callable[[], object], windows: int = 6) -> list[object]:
    """Do an act in several windows at the same moment; gives what each gave, or the exception it raised."""
    all_of_them, found = threading.Barrier(windows), list[object]()

    def press() -> None:
        all_of_them.wait()
        try:
            found.append(act())
        except Exception as error:  # collected: an exception in a thread would pass unseen
            found.append(error)

    presses = [threading.Thread(target=press) for _ in range(windows)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(60)
    return found
