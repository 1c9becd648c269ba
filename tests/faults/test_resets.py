"""Connections that are reset: to the mail service in request and answer, to the database at a commit (P1, P2, P3)."""

from __future__ import annotations

import os

import pytest
from sqlalchemy.engine import make_url

from app.sends.models import Outcome
from app.settings import Settings
from tests.delivery.ground import Ground, people
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import Tell, assert_promises, wait_until_finished
from tests.faults.wire import CommitWire, HttpWire
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("SEED", "20261124"))


def test_resets_in_the_request_and_in_the_answer(ground: Ground, simulator: RunningSimulator, tell: Tell) -> None:
    with HttpWire(simulator.base_url, share=0.05, seed=SEED) as wire:
        ground.connection(base_url=wire.base_url)
        send_id = ground.send(people(400))
        with RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3"):
            wait_until_finished(ground, send_id)
    assert set(wire.breaks) == {"in the request", "before the answer", "in the answer"}
    figures = assert_promises(ground, simulator, send_id)
    tell(figures, seed=SEED, breaks=dict(wire.breaks))
    # A POST that broke is in doubt, and nothing else is.
    assert figures.doubts == sum(wire.breaks.values())
    assert ground.tally(send_id)[Outcome.DELIVERED] == 400 - figures.doubts


def test_resets_at_the_commit_on_the_way_to_the_database_and_back(
    ground: Ground, simulator: RunningSimulator, tell: Tell
) -> None:
    if ground.database.is_sqlite:
        pytest.skip("there is no wire to SQLite")
    simulator.configure(chaos={"latency_ms": 30, "fault_share": 0})
    url = make_url(ground.settings.database_url)
    server = f"{url.query['host']}/.s.PGSQL.5432"
    send_id = ground.send(people(400))
    with CommitWire(server, share=0.08, seed=SEED) as wire:
        there = url.set(host="127.0.0.1", port=wire.port, query={})
        settings = ground.settings.model_copy(
            update={"database_url_setting": there.render_as_string(hide_password=False)}
        )
        fresh = Settings.model_validate(settings.model_dump(by_alias=True))
        with RunningWorker(fresh, POSTROOM_LEASE_SECONDS="3") as one, RunningWorker(fresh, POSTROOM_LEASE_SECONDS="3"):
            wait_until_finished(ground, send_id)
            assert one.process is not None and one.process.poll() is None
    assert set(wire.breaks) == {"before the commit", "after the commit"}
    tell(assert_promises(ground, simulator, send_id), seed=SEED, breaks=dict(wire.breaks))
