"""The account's budget of calls: never more than the quota in any five minutes, shared fairly, and used to the full."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.cloudflare.results import Limits, Quota, RateState, Usage
from app.db import Database, now
from app.delivery import pacing
from app.delivery.models import RateBudget
from app.sends.models import Outcome, SendState
from tests.delivery import pace_run
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator

ACCOUNT = "account"


class Clock:
    """The budget's clock, moved by the test."""

    def __init__(self) -> None:
        self.at = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)

    def __call__(self, session: Session) -> datetime:
        return self.at

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(pacing, "clock", made)
    yield made


def take(database: Database, wanted: int, quota: int = 1200, asker: str = "a", first: bool = False) -> pacing.Grant:
    with database.writing() as session:
        return pacing.take(session, ACCOUNT, quota, wanted, asker=asker, first=first)


def obey(database: Database, block_seconds: float | None = None, rate: RateState | None = None) -> None:
    with database.writing() as session:
        pacing.obey(session, ACCOUNT, block_seconds=block_seconds, rate=rate, quota=1200)


def note(database: Database, quota: Quota | None, usage: Usage | None) -> None:
    with database.writing() as session:
        pacing.note_limits(session, ACCOUNT, 1200, Limits(quota, usage))


def test_a_new_account_may_burst_a_tenth_of_its_quota_at_once(database: Database, clock: Clock) -> None:
    assert take(database, 1000).calls == 100
    refused = take(database, 16)
    assert refused.calls == 0
    assert 0 < refused.wait < 5


def test_twenty_minutes_with_four_workers_use_the_budget_and_never_trip_the_limit(
    database: Database, clock: Clock
) -> None:
    """The whole of it, through the database. (The arithmetic alone: test_budget.py.)"""
    begin = clock.at

    def taking(at: float, wanted: int, asker: str, first: bool) -> tuple[int, float]:
        clock.at = begin + timedelta(seconds=at - pace_run.START)
        grant = take(database, wanted, asker=asker, first=first)
        return grant.calls, grant.wait

    ran = pace_run.run(taking)
    assert ran.limiter.most_in_a_window() <= 1200
    assert pace_run.fixed_window_trips(ran.limiter.arrived, 1200, 300) == 0
    assert ran.used() >= 0.97
    assert ran.used(after=300) >= 0.97
    shares = sorted(ran.by_asker.values())
    assert shares[0] > 0.95 * shares[1]


def test_nothing_is_granted_while_the_service_asked_to_wait(database: Database, clock: Clock) -> None:
    take(database, 1)
    obey(database, block_seconds=40)
    obey(database, block_seconds=10)
    refused = take(database, 16, first=True)
    assert refused.calls == 0
    assert 38 < refused.wait <= 40
    clock.go(41)
    assert take(database, 16).calls > 0


def test_a_used_up_window_is_waited_for(database: Database, clock: Clock) -> None:
    take(database, 1)
    obey(database, rate=RateState(left=0, reset_seconds=17))
    assert 16 < take(database, 16).wait <= 17


def test_calls_not_made_are_had_again_even_by_somebody_else(database: Database, clock: Clock) -> None:
    granted = take(database, 100)
    with database.writing() as session:
        pacing.give_back(session, ACCOUNT, 100, granted.slot)
        pacing.give_back(session, ACCOUNT, 100, granted.slot)  # what is back cannot come back again
    assert take(database, 1000, asker="b").calls == 100
    assert take(database, 16, asker="a").calls == 0


def test_one_person_mail_leaves_while_long_sends_wait(database: Database, clock: Clock) -> None:
    for _ in range(400):
        take(database, 16)
        clock.go(1)
    while take(database, 16).calls:
        pass
    assert take(database, 1, asker="direct", first=True).calls == 1
    assert take(database, 16).calls == 0


def test_less_left_than_we_count_slows_us_down_before_the_limit(database: Database, clock: Clock) -> None:
    take(database, 100)
    obey(database, rate=RateState(left=1100, reset_seconds=200, quota=1200, window_seconds=300))
    alone = _made_in(database, clock, 30)
    obey(database, rate=RateState(left=200, reset_seconds=170, quota=1200, window_seconds=300))
    together = _made_in(database, clock, 30)
    assert alone > 90
    assert together < 0.4 * alone  # 200 left for 170 s, of which the others take most
    obey(database, rate=RateState(left=20, reset_seconds=140, quota=1200, window_seconds=300))
    assert _made_in(database, clock, 30) <= 5
    clock.go(111)  # the reset
    assert _made_in(database, clock, 30) > 90


def test_a_smaller_limit_told_by_the_service_goes_before_our_setting(database: Database, clock: Clock) -> None:
    take(database, 1)
    obey(database, rate=RateState(left=599, reset_seconds=300, quota=600, window_seconds=300))
    assert _made_in(database, clock, 306) <= 600


def _made_in(database: Database, clock: Clock, seconds: int) -> int:
    made = 0
    for _ in range(seconds):
        made += take(database, 16).calls
        clock.go(1)
    return made


def test_the_quota_ends_the_grants_and_says_when_it_is_new(database: Database, clock: Clock) -> None:
    resets_at = clock.at + timedelta(hours=3)
    note(database, Quota(50, "day"), Usage(30, False, resets_at))
    assert take(database, 16).calls == 16
    assert take(database, 16).calls == 4
    clock.go(120)
    doubted = take(database, 16)  # by our own count alone: the service is asked first
    assert (doubted.calls, doubted.quota_used_up) == (0, False)
    with database.reading() as session:
        assert session.get_one(RateBudget, ACCOUNT).quota_wanted
    note(database, Quota(50, "day"), Usage(50, True, resets_at))
    used_up = take(database, 1, first=True)
    assert (used_up.calls, used_up.quota_used_up, used_up.quota_resets_at) == (0, True, resets_at)
    clock.go(3 * 3600)
    assert take(database, 16).calls == 16


@pytest.mark.parametrize(("quota", "usage"), [(None, None), (Quota(10, "day"), None), (None, Usage(10, False))])
def test_a_quota_that_is_not_told_limits_nothing(
    database: Database, clock: Clock, quota: Quota | None, usage: Usage | None
) -> None:
    note(database, quota, usage)
    assert take(database, 50).calls == 50


def test_a_clock_set_back_neither_stops_the_pace_nor_forgets_the_calls(database: Database, clock: Clock) -> None:
    take(database, 100)
    clock.go(-7200)
    assert take(database, 16).calls == 0
    assert _made_in(database, clock, 306) <= 1200 - 100 + 8
    assert _made_in(database, clock, 60) > 200


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
    assert sum(granted) in {100, 101, 102}


def test_a_send_keeps_to_the_pace_of_its_account(ground: Ground, simulator: RunningSimulator) -> None:
    """60 in 5 minutes: a burst of 6, then one each 5.2 s."""
    ground.connection(calls_per_5_minutes=60)
    send_id = ground.send(people(50))
    hand = ground.hand()
    hand.queue.wake(send_id)
    began = now()
    hand.work(lambda: (now() - began).total_seconds() > 4)
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
    assert {request["status"] for request in simulator.requests()} == {200}


@pytest.mark.parametrize("quota", [10, 1200])
def test_waiting_is_told_in_seconds_that_suffice(database: Database, clock: Clock, quota: int) -> None:
    take(database, 1000, quota)
    clock.go(take(database, 16, quota).wait)
    assert take(database, 16, quota).calls >= 1
