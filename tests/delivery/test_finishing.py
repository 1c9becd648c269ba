"""When a send is finished, and what cannot be known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.delivery.finishing import QuotaState, estimate

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 9, 2, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_count_over_pace() -> None:
    found = estimate(2400, 4.0, QuotaState(100_000, DAY, 50_000, MIDNIGHT), begins=NOON)
    assert found.at == NOON + timedelta(minutes=10)
    assert found.words == ""


def test_without_a_known_quota_the_pace_alone_is_told_and_said_so() -> None:
    found = estimate(2400, 4.0, None, begins=NOON)
    assert found.at == NOON + timedelta(minutes=10)
    assert "does not tell its daily quota" in found.words
    found = estimate(2400, 4.0, QuotaState(1000, DAY, None, None), begins=NOON)
    assert "is not known" in found.words


def test_what_the_quota_leaves_today_the_rest_tomorrow() -> None:
    found = estimate(3000, 4.0, QuotaState(10_000, DAY, 600, MIDNIGHT), begins=NOON)
    assert found.at == MIDNIGHT + timedelta(seconds=2400 / 4)
    assert "10,000 e-mails leaves 600" in found.words and "by itself" in found.words


def test_a_send_larger_than_several_days_quotas() -> None:
    found = estimate(3100, 4.0, QuotaState(1000, DAY, 0, MIDNIGHT), begins=NOON)
    assert found.at == MIDNIGHT + 3 * DAY + timedelta(seconds=25)
    exact = estimate(3000, 4.0, QuotaState(1000, DAY, 0, MIDNIGHT), begins=NOON)
    assert exact.at == MIDNIGHT + 2 * DAY + timedelta(seconds=250)


def test_a_quota_that_is_new_at_an_unknown_time_gives_no_time() -> None:
    found = estimate(3000, 4.0, QuotaState(1000, DAY, 10, None), begins=NOON)
    assert found.at is None
    assert "cannot be known" in found.words


def test_others_share_the_pace_in_equal_parts() -> None:
    alone = estimate(1000, 4.0, None, begins=NOON).at
    with_a_small_one = estimate(1000, 4.0, None, [200], begins=NOON).at
    with_a_large_one = estimate(1000, 4.0, None, [50_000], begins=NOON).at
    assert alone == NOON + timedelta(seconds=250)
    assert with_a_small_one == NOON + timedelta(seconds=300)
    assert with_a_large_one == NOON + timedelta(seconds=500)
    assert "Other sends" in estimate(1000, 4.0, None, [200], begins=NOON).words


def test_a_pace_of_its_own_is_kept_to() -> None:
    assert estimate(1000, 4.0, None, begins=NOON, own_pace=1.0).at == NOON + timedelta(seconds=1000)


@pytest.mark.parametrize("value", [0, 1])
def test_odd_quotas_break_nothing(value: int) -> None:
    assert estimate(10**9, 4.0, QuotaState(value, DAY, 0, MIDNIGHT), begins=NOON).at is None
    assert estimate(0, 4.0, QuotaState(value, DAY, 0, MIDNIGHT), begins=NOON).at == NOON
    assert estimate(10, 0.0, None, begins=NOON).at is None
