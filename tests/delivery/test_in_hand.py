"""A lane has enough in hand that its connections never wait, and no more than that (P3)."""

from __future__ import annotations

import time

from app.delivery.in_hand import MEASURED_SECONDS, MOST_PER_CONNECTION, InHand


def measured(connections: int, *, rate: float, turn_seconds: float) -> InHand:
    amount = InHand(connections)
    for _ in range(40):
        amount.turned(turn_seconds)
    time.sleep(MEASURED_SECONDS)
    amount.count(int(rate * MEASURED_SECONDS))
    return amount


def test_a_slow_service_needs_two_messages_a_connection() -> None:
    assert InHand(8).most == 16
    assert measured(8, rate=200, turn_seconds=0.004).most == 16


def test_a_fast_service_or_a_slow_database_needs_more_but_never_without_end() -> None:
    assert 16 < measured(8, rate=1000, turn_seconds=0.01).most <= 160
    assert measured(8, rate=5000, turn_seconds=1).most == 8 * MOST_PER_CONNECTION


def test_lanes_that_share_the_connections_share_what_is_in_hand() -> None:
    amount = InHand(8)
    amount.lanes = 3
    assert amount.most == 6
    assert 1 <= amount.batch(6) < 6


def test_a_batch_leaves_work_for_the_threads_while_it_is_written_down() -> None:
    assert InHand(1).batch(1) == 1
    for connections in (1, 8, 32):
        for in_hand in (2 * connections, MOST_PER_CONNECTION * connections):
            assert 1 <= InHand(connections).batch(in_hand) <= in_hand * 0.6
    assert InHand(8).batch(16) < 16 - 8, "one waits for each connection at least"
