"""From the send to the last word, with the real worker process and the real simulator."""

from __future__ import annotations

import time

import pytest
import requests
from sqlalchemy import select

from app.db import now
from app.sends.event_models import EventReading, SendEventTally
from app.sends.models import Outcome, SendState
from tests.delivery.ground import Ground, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator

EMAILS = [
    "anna@example.net",
    "queued-ben@example.net",
    "queued-bounce-cleo@example.net",
    "complain-dora@example.net",
    "drop-emil@example.net",
    "refuse-drop-fay@example.net",
]
AFTER = {
    "anna@example.net": Outcome.DELIVERED,
    "queued-ben@example.net": Outcome.DELIVERED,
    "queued-bounce-cleo@example.net": Outcome.BOUNCED,
    "complain-dora@example.net": Outcome.DELIVERED,
    "drop-emil@example.net": Outcome.DELIVERED,
    "refuse-drop-fay@example.net": Outcome.UNKNOWN,
}


def test_what_becomes_known_later_is_shown_later(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(events={"after_seconds": 3, "lag_seconds": 0.5})
    with RunningWorker(ground.settings, POSTROOM_EVENTS_SECONDS="0.5"):
        send_id = ground.send(EMAILS)
        ground.hand().queue.wake(send_id)
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        assert ground.message("queued-ben@example.net").state is Outcome.QUEUED
        assert ground.message("drop-emil@example.net").state is Outcome.UNKNOWN
        wait_for(lambda: {one.email: one.state for one in ground.messages(send_id)} == AFTER)
        wait_for(lambda: counted(ground, send_id) == {"bounced": 1, "complained": 1})
    ground.tally(send_id)
    assert len(simulator.requests()) == len(EMAILS), "nothing was posted again"


def test_sending_goes_on_while_later_events_are_refused(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(tokens={"simulator": ["send", "read"]})
    with RunningWorker(ground.settings, POSTROOM_EVENTS_SECONDS="0.3"):
        first = ground.send(["queued-anna@example.net"])
        ground.hand().queue.wake(first)
        wait_for(lambda: refused(ground) == "no_permission")
        second = ground.send(["ben@example.net"])
        ground.hand().queue.wake(second)
        wait_for(lambda: ground.state(second) is SendState.FINISHED)
    assert ground.tally(second) == {Outcome.DELIVERED: 1}


def test_two_workers_read_the_same_events_one_after_the_other(ground: Ground, simulator: RunningSimulator) -> None:
    if ground.database.is_sqlite:
        pytest.skip("SQLite takes one worker")
    simulator.configure(events={"after_seconds": 1, "lag_seconds": 0})
    environment = {"POSTROOM_EVENTS_SECONDS": "0.2"}
    with RunningWorker(ground.settings, **environment), RunningWorker(ground.settings, **environment) as second:
        send_id = ground.send([f"queued-bounce-{number}@example.net" for number in range(60)])
        ground.hand().queue.wake(send_id)
        wait_for(lambda: ground.tally(send_id).get(Outcome.BOUNCED, 0) > 0)
        second.kill()
        wait_for(lambda: ground.tally(send_id) == {Outcome.BOUNCED: 60})
    assert counted(ground, send_id) == {"bounced": 60}


def test_a_worker_at_rest_asks_nothing(ground: Ground, simulator: RunningSimulator) -> None:
    before = queries(simulator)
    with RunningWorker(ground.settings, POSTROOM_EVENTS_SECONDS="0.2"):
        time.sleep(4)
    assert queries(simulator) == before


def counted(ground: Ground, send_id: int) -> dict[str, int]:
    with ground.database.reading() as session:
        rows = session.scalars(select(SendEventTally).where(SendEventTally.send_id == send_id)).all()
    return {str(row.kind): row.count for row in rows if row.kind in {"bounced", "complained"}}


def refused(ground: Ground) -> str:
    with ground.database.reading() as session:
        row = session.get(EventReading, ground.actor.workspace_id)
    return row.cause if row is not None and row.not_before is not None and row.not_before > now() else ""


def queries(simulator: RunningSimulator) -> int:
    return int(requests.get(f"{simulator.url}/api/v1/settings", timeout=10).json()["graphql_queries"])
