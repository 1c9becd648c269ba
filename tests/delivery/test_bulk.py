"""A chunk's results come out of the database as they went in, whatever a service answered, in few statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from app.cloudflare.results import WasSent
from app.db import now
from app.delivery import lanes
from app.delivery.answers import Verdict
from app.delivery.claiming import Claimed, claim
from app.delivery.models import Lane
from app.delivery.recording import Result, record
from app.sends.models import Message, Outcome, Send, SendState
from app.simulator.settings import DEFAULT_ACCOUNT
from tests.delivery.ground import Ground, people

ODD = "quote ' \" back\\slash \\u0000 <b> ünïcode \U0001f4e7 new\nline"


def claimed(ground: Ground, count: int) -> tuple[int, Lane, list[Claimed]]:
    send_id = ground.send(people(count))
    with ground.database.writing() as session:
        session.execute(update(Send).values(state=SendState.SENDING))
        (opened, *_) = lanes.open_lanes(session, send_id, 1, 30)
        lane = lanes.take(session, opened[0], opened[1], "first", 30)
        assert lane is not None
        return send_id, lane, claim(session, lane, count)


def written(ground: Ground, send_id: int, lane: Lane, results: list[Result]) -> None:
    with ground.database.writing() as session:
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, results)


def test_everything_of_a_verdict_is_kept_as_it_was(ground: Ground) -> None:
    send_id, lane, (one, two) = claimed(ground, 2)
    later = now() + timedelta(minutes=3)
    verdict = Verdict(
        Outcome.PENDING,
        reason="throttled",
        detail=ODD,
        next_try_at=later,
        message_id="<id@example.com>",
        addresses={ODD: "delivered"},
        was_sent=WasSent.NO,
        http_status=429,
        error_code="10004",
        error_message=ODD,
        raw_answer=ODD,
    )
    written(ground, send_id, lane, [Result(one, verdict, "a" * 64), Result(two, Verdict(Outcome.PENDING))])
    message = ground.message(one.email)
    assert (message.state, message.reason, message.detail) == (Outcome.PENDING, "throttled", ODD)
    assert (message.next_try_at, message.message_id, message.addresses) == (
        later,
        "<id@example.com>",
        {ODD: "delivered"},
    )
    assert (message.body_sha256, message.tries, message.lane_id, message.lane_generation) == ("a" * 64, 1, None, None)
    (attempt,) = ground.attempts(one.email)
    assert (attempt.http_status, attempt.error_code, attempt.error_message) == (429, "10004", ODD)
    assert (attempt.was_sent, attempt.raw_answer) == ("no", ODD)
    assert attempt.ended_at is not None and attempt.ended_at >= attempt.started_at
    untouched = ground.message(two.email)
    assert (untouched.tries, untouched.addresses) == (0, {})
    assert untouched.next_try_at is not None, "it was claimed once, and counts in no wave again"
    assert not ground.attempts(two.email)


@pytest.mark.parametrize("raw", ["nul \0 within", "half a character \ud83d here"])
def test_what_no_database_can_hold_does_not_lose_the_result(ground: Ground, raw: str) -> None:
    send_id, lane, (one,) = claimed(ground, 1)
    verdict = Verdict(Outcome.DELIVERED, was_sent=WasSent.YES, raw_answer=raw, error_message=raw)
    written(ground, send_id, lane, [Result(one, verdict)])
    assert ground.message(one.email).state is Outcome.DELIVERED
    assert ground.attempts(one.email)[0].raw_answer.startswith(raw[:4])


@pytest.mark.parametrize("count", [5, 200])
def test_a_chunk_costs_the_same_few_statements_whatever_its_size(ground: Ground, count: int) -> None:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        assert not executemany
        statements.append(statement)

    send_id = ground.send(people(count))
    event.listen(ground.database.engine, "before_cursor_execute", note)
    with ground.database.writing() as session:
        session.execute(update(Send).values(state=SendState.SENDING))
        (opened, *_) = lanes.open_lanes(session, send_id, 1, 30)
        lane = lanes.take(session, opened[0], opened[1], "first", 30)
        assert lane is not None
        before = len(statements)
        some = claim(session, lane, count)
    assert len(some) == count and len(statements) - before <= 8
    before = len(statements)
    sent = Verdict(Outcome.DELIVERED, was_sent=WasSent.YES, http_status=200)
    half = [Result(one, sent if number % 2 else Verdict(Outcome.PENDING)) for number, one in enumerate(some)]
    written(ground, send_id, lane, half)
    assert len(statements) - before <= 10, "\n".join(statements[before:])
    event.remove(ground.database.engine, "before_cursor_execute", note)
    with ground.database.reading() as session:
        states = session.scalars(select(Message.state)).all()
    assert states.count(Outcome.DELIVERED) == count // 2 and Outcome.SENDING not in states
