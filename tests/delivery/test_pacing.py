"""The account's budget of calls: never more than the quota in any five minutes, shared, and never a negative grant."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from app.cloudflare.results import RateState
from app.db import Database, now
from app.delivery import pacing
from app.delivery.models import RateBudget
from app.sends.models import Outcome, SendState
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator

ACCOUNT = "account"


def later(database: Database, seconds: float) -> None:
    """Let time pass for the budget: everything it remembers moves into the past."""
    with database.writing() as session:
        budget = session.get_one(RateBudget, ACCOUNT)
        budget.filled_at -= timedelta(seconds=seconds)
        if budget.blocked_until is not None:
            budget.blocked_until -= timedelta(seconds=seconds)


def take(database: Database, wanted: int, quota: int = 1200) -> pacing.Grant:
    with database.writing() as session:
        return pacing.take(session, ACCOUNT, quota, wanted)


def test_a_new_account_may_burst_a_tenth_of_its_quota_at_once(database: Database) -> None:
    assert take(database, 1000).calls == 100
    refused = take(database, 16)
    assert refused.calls == 0
    assert 0 < refused.wait < 5


@given(
    quota=st.integers(10, 5000),
    steps=st.lists(st.tuples(st.floats(0, 90), st.integers(1, 64)), min_size=1, max_size=60),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_five_minutes_ever_exceed_the_quota(database: Database, quota: int, steps: list[tuple[float, int]]) -> None:
    with database.writing() as session:
        session.execute(update(RateBudget).values(tokens=0))
        session.query(RateBudget).delete()
    at, made = 0.0, []
    for passed, wanted in steps:
        if made:
            later(database, passed)
            at += passed
        granted = take(database, wanted, quota).calls
        assert 0 <= granted <= wanted
        made.append((at, granted))
    for start, _ in made:
        # A second of slack: the real clock runs while the test does.
        assert sum(calls for when, calls in made if start <= when < start + 299) <= quota


def test_a_debt_of_look_ups_grants_nothing_and_never_less_than_nothing(database: Database) -> None:
    take(database, 100)
    with database.writing() as session:
        pacing.obey(session, ACCOUNT, block_seconds=None, rate=None, extra_calls=50)
    assert take(database, 16).calls == 0
    later(database, 20)
    assert 0 < take(database, 16).calls <= 16


def test_nothing_is_granted_while_the_service_asked_to_wait(database: Database) -> None:
    take(database, 1)
    with database.writing() as session:
        pacing.obey(session, ACCOUNT, block_seconds=40, rate=None)
        pacing.obey(session, ACCOUNT, block_seconds=10, rate=None)
    refused = take(database, 16)
    assert refused.calls == 0
    assert 38 < refused.wait <= 40
    later(database, 41)
    assert take(database, 16).calls > 0


def test_a_used_up_window_is_waited_for(database: Database) -> None:
    take(database, 1)
    with database.writing() as session:
        pacing.obey(session, ACCOUNT, block_seconds=None, rate=RateState(left=0, reset_seconds=17))
    assert 16 < take(database, 16).wait <= 17


def test_two_workers_meeting_a_new_account_share_one_budget(database: Database) -> None:
    granted: list[int] = []
    start = threading.Barrier(4)

    def one() -> None:
        start.wait()
        granted.append(take(database, 60).calls)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 4
    assert sum(granted) in {100, 101}


def test_a_send_keeps_to_the_pace_of_its_account(ground: Ground, simulator: RunningSimulator) -> None:
    """60 in 5 minutes: a burst of 6, then one each 5.6 s."""
    ground.connection(calls_per_5_minutes=60)
    send_id = ground.send(people(50))
    hand = ground.hand()
    hand.queue.wake(send_id)
    began = now()
    hand.work(lambda: (now() - began).total_seconds() > 4, seconds=10)
    assert 6 <= len(simulator.requests()) <= 7
    hand.close()


def test_the_simulator_never_has_to_refuse_a_send_that_keeps_its_quota(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(rate_limit=200, rate_window=300)
    ground.connection(calls_per_5_minutes=200)
    send_id = ground.send(people(30))
    hand = ground.hand()
    hand.queue.wake(send_id)
    began = now()
    hand.work(lambda: (now() - began).total_seconds() > 3 or ground.state(send_id) is SendState.FINISHED)
    hand.close()
    assert {request["status"] for request in simulator.requests()} == {200}
    assert ground.tally(send_id)[Outcome.DELIVERED] >= 20


def test_the_rate_headers_of_the_service_are_obeyed(ground: Ground, simulator: RunningSimulator) -> None:
    """Our own setting says more than the account may: the headers stop us before the service must."""
    simulator.configure(rate_limit=20, rate_window=2)
    send_id = ground.send(people(60))
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 60}


@pytest.mark.parametrize("quota", [10, 1200])
def test_waiting_is_told_in_seconds_that_suffice(database: Database, quota: int) -> None:
    take(database, 1000, quota)
    wait = take(database, 16, quota).wait
    later(database, wait)
    assert take(database, 16, quota).calls >= 1
