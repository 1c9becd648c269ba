"""A released send without the pages: messages in the database, a connection to a simulator, lanes driven by hand."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from app.db import Database, now
from app.delivery.jobs import Queue
from app.delivery.pipeline import Pipeline
from app.people.models import Connection, Person
from app.people.sealing import seal
from app.sends.models import UNDER_WAY, Attempt, Message, Outcome, Send, SendKind, SendState
from app.sends.tallies import counts, open_tallies
from app.settings import Settings
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.factories import a_template_version

PATIENCE = 120.0
"""Seconds to wait for what is to happen at all; how soon it does on a free machine, benchmarks tell."""
OVER = (SendState.FINISHED, SendState.CANCELLED, SendState.PAUSED)


class Ground:
    """One organisation with its connection; makes sends and works on them in this process."""

    def __init__(self, settings: Settings, database: Database, actor: Person, base_url: str) -> None:
        self.settings = settings
        self.database = database
        self.actor = actor
        with database.writing() as session:
            session.add(
                Connection(
                    workspace_id=actor.workspace_id,
                    account_id=DEFAULT_ACCOUNT,
                    token_sealed=seal(DEFAULT_TOKEN, settings.secret_key),
                    base_url=base_url,
                    calls_per_5_minutes=1_000_000,
                )
            )

    def connection(self, **changes: Any) -> None:
        """Change the connection: `token`, `base_url`, `calls_per_5_minutes`…"""
        with self.database.writing() as session:
            row = session.scalars(select(Connection)).one()
            if "token" in changes:
                row.token_sealed = seal(changes.pop("token"), self.settings.secret_key)
            for name, value in changes.items():
                setattr(row, name, value)

    def send(
        self,
        emails: Sequence[str],
        *,
        state: SendState = SendState.SCHEDULED,
        start_at: datetime | None = None,
        html: str = "<p>Hello {{ name }}</p>",
        data: Callable[[int], dict[str, Any]] = lambda number: {"row": str(number)},
        **fields: Any,
    ) -> int:
        """Make a released send to these people; gives its id."""
        with self.database.writing() as session:
            version_id = self._version(session, html)
            send = Send(
                workspace_id=self.actor.workspace_id,
                kind=fields.pop("kind", SendKind.LIST),
                state=state,
                template_version_id=version_id,
                from_address="notices@example.com",
                start_at=start_at or now(),
                released_at=now(),
                total=len(emails),
                **fields,
            )
            session.add(send)
            session.flush()
            session.execute(
                insert(Message),
                [
                    {
                        "send_id": send.id,
                        "reference": str(uuid.uuid4()),
                        "email": email,
                        "email_key": email.lower(),
                        "name": f"Person {number}",
                        "data": data(number),
                    }
                    for number, email in enumerate(emails)
                ],
            )
            open_tallies(session, send.id, pending=len(emails))
            return send.id

    def _version(self, session: Any, html: str) -> int:
        return a_template_version(
            session, self.actor, subject="News for {{ name }}", html=html, text="Hello {{ name }}"
        ).id

    # Working

    def hand(self, owner: str = "hand") -> Hand:
        return Hand(self.settings, self.database, owner)

    def deliver(self, send_id: int, *, seconds: float = PATIENCE) -> SendState:
        """Wake a send and work on it until it is finished, cancelled or paused."""
        hand = self.hand()
        try:
            hand.queue.wake(send_id)
            hand.work(lambda: self.state(send_id) in OVER, seconds=seconds)
        finally:
            hand.close()
        return self.state(send_id)

    # Looking

    def state(self, send_id: int) -> SendState:
        with self.database.reading() as session:
            return session.get_one(Send, send_id).state

    def the_send(self, send_id: int) -> Send:
        with self.database.reading() as session:
            return session.get_one(Send, send_id)

    def message(self, email: str) -> Message:
        with self.database.reading() as session:
            return session.scalars(select(Message).where(Message.email == email)).one()

    def messages(self, send_id: int) -> Sequence[Message]:
        with self.database.reading() as session:
            return session.scalars(select(Message).where(Message.send_id == send_id).order_by(Message.id)).all()

    def attempts(self, email: str) -> Sequence[Attempt]:
        with self.database.reading() as session:
            query = select(Attempt).join(Message, Message.id == Attempt.message_id).where(Message.email == email)
            return session.scalars(query.order_by(Attempt.number)).all()

    def tally(self, send_id: int) -> dict[Outcome, int]:
        """The counts that are not zero; also holds them against the messages themselves (P1)."""
        with self.database.reading() as session:
            if not self.database.is_sqlite:  # both as of one moment, while workers write
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            kept = {outcome: count for outcome, count in counts(session, send_id).items() if count}
            rows = session.execute(
                select(Message.state, func.count()).where(Message.send_id == send_id).group_by(Message.state)
            )
            assert kept == dict(rows.all())
            assert sum(kept.values()) == session.get_one(Send, send_id).total
        return kept

    def under_way(self, send_id: int) -> int:
        return sum(count for outcome, count in self.tally(send_id).items() if outcome in UNDER_WAY)


class Hand:
    """The engine's jobs, done one by one in this thread: the real queue and pipeline, without the worker process."""

    def __init__(self, settings: Settings, database: Database, owner: str) -> None:
        self.queue = Queue(settings, database, runner=lambda: self)
        self.pipeline = Pipeline(settings, database, self.queue, owner)

    def run_lane(self, lane_id: int, generation: int) -> None:
        self.pipeline.run_lane(lane_id, generation)

    def run_review(self, send_id: int) -> None:
        raise AssertionError("no review is expected here")

    def work(self, done: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        engine = self.queue.engine
        while not done():
            assert time.monotonic() < deadline, "the work did not end in time"
            for task in engine.read_schedule():
                engine.enqueue(task)
            task = engine.dequeue()
            if task is None:
                time.sleep(0.02)
            else:
                engine.execute(task)

    def close(self) -> None:
        self.pipeline.close()


def people(count: int, beginning: str = "person") -> list[str]:
    return [f"{beginning}-{number}@example.net" for number in range(count)]


def wait_for(done: Callable[[], bool], *, seconds: float = PATIENCE) -> float:
    """Wait until something is so; gives how long it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.03)
    return time.monotonic() - began
