"""The arithmetic of calls: no window is ever too full, whatever happens; turns are fair; the pace never stalls."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.budget import HOLD_SECONDS, MARGIN_SECONDS, TRAVEL_SECONDS, Budget
from tests.delivery import pace_run
from tests.delivery.pace_run import START, SlidingLimiter, on_budget

STEP = st.tuples(
    st.one_of(st.floats(0, 2), st.floats(0, 90), st.floats(280, 320)),  # seconds since the step before
    st.integers(1, 300),  # calls wanted
    st.sampled_from(["a", "b", "c", "d"]),  # worker
    st.booleans(),  # one-person mail
    st.sampled_from(["made", "crash", "given back"]),
    st.floats(0, HOLD_SECONDS),  # from taking to making the call
    st.floats(0, TRAVEL_SECONDS),
)


@given(quota=st.integers(10, 3000), steps=st.lists(STEP, min_size=1, max_size=120))
def test_no_five_minutes_ever_hold_more_calls_than_the_quota(
    quota: int, steps: list[tuple[float, int, str, bool, str, float, float]]
) -> None:
    budget, at, limiter = Budget.new(quota, START), START, SlidingLimiter(quota)
    for passed, wanted, worker, first, end, late, travel in steps:
        at += passed
        granted, wait = budget.take(quota, at, wanted, worker, first=first)
        assert 0 <= granted <= wanted
        assert granted or wait > 0
        if end == "made":
            limiter.arrived += [at + late + travel] * granted
        elif end == "given back":
            budget.give_back(granted, int(at))
        budget = Budget.from_json(budget.tokens, budget.filled_at, budget.to_json())
    assert limiter.most_in_a_window() <= quota


@given(
    seconds=st.lists(st.floats(0, 400), min_size=1, max_size=40),
    wanted=st.integers(1, 2000),
    late=st.lists(st.floats(0, HOLD_SECONDS + TRAVEL_SECONDS), min_size=40, max_size=40),
)
def test_the_property_above_can_be_reached(seconds: list[float], wanted: int, late: list[float]) -> None:
    """Greedy one-person mail takes everything that is there, and is still within it."""
    budget, limiter = Budget.new(1200, START), SlidingLimiter(1200)
    for passed, delay in zip(sorted(seconds), late, strict=False):
        granted, _ = budget.take(1200, START + passed, wanted, "a", first=True)
        limiter.arrived += [START + passed + delay] * granted
    assert limiter.most_in_a_window() <= 1200
    assert limiter.most_in_a_window() >= min(1200, wanted)


def test_a_call_made_too_late_would_be_one_too_many() -> None:
    """Why a worker must not start a call after its time: the margin is no larger than it needs to be."""
    budget = Budget.new(1200, START)
    late = HOLD_SECONDS + TRAVEL_SECONDS + 3
    assert budget.take(1200, START, 1200, "a", first=True)[0] == 1200
    again = START + 300 + MARGIN_SECONDS
    assert budget.take(1200, again, 1200, "a", first=True)[0] == 1200
    limiter = SlidingLimiter(1200, arrived=[START + late] * 1200 + [again] * 1200)
    assert limiter.most_in_a_window() == 2400


@pytest.mark.parametrize(("workers", "chunk"), [(1, 16), (4, 16), (16, 16), (4, 200)])
def test_twenty_minutes_use_the_budget_and_never_trip_the_limit(workers: int, chunk: int) -> None:
    ran = pace_run.run(on_budget(), askers=tuple((f"{number}", 0.0) for number in range(workers)), chunk=chunk)
    assert ran.limiter.most_in_a_window() <= 1200
    assert pace_run.fixed_window_trips(ran.limiter.arrived, 1200, 300) == 0
    assert ran.used() >= 0.97
    assert ran.used(after=300) >= 0.97


def test_no_long_send_stands_still_for_long_after_a_quick_start() -> None:
    ran = pace_run.run(on_budget(), askers=(("a", 0.0), ("a", 0.0)))
    times = sorted(ran.limiter.arrived)
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 6


def test_two_long_sends_have_half_each_and_a_third_its_third_at_once() -> None:
    ran = pace_run.run(on_budget(), askers=(("a", 0.0), ("b", 0.0), ("c", 600.0)), seconds=600)
    assert ran.by_asker["c"] == 0
    assert ran.by_asker["a"] == pytest.approx(ran.by_asker["b"], rel=0.03)
    ran = pace_run.run(on_budget(), askers=(("a", 0.0), ("b", 0.0), ("c", 600.0)), seconds=660)
    third = ran.limiter.between(START + 600, START + 660) / 3
    assert ran.by_asker["c"] == pytest.approx(third, abs=10)


def test_workers_more_do_not_give_a_send_more() -> None:
    ran = pace_run.run(on_budget(), askers=(("a", 0.0), ("a", 0.0), ("a", 0.0), ("b", 0.0)))
    assert ran.by_asker["a"] == pytest.approx(ran.by_asker["b"], rel=0.05)


def test_what_one_send_leaves_the_others_have() -> None:
    """A send that asks now and then for a little holds nobody up; one that is gone is not waited for."""
    budget, got = Budget.new(1200, START), {"slow": 0, "fast": 0}
    for second in range(1200):
        if second % 10 == 0:
            got["slow"] += budget.take(1200, START + second, 2, "slow", first=False)[0]
        got["fast"] += budget.take(1200, START + second + 0.5, 16, "fast", first=False)[0]
        if second == 300:
            budget.take(1200, START + second, 16, "gone", first=False)
    assert sum(got.values()) >= 0.96 * 4800
    assert got["slow"] == pytest.approx(240, abs=25)
