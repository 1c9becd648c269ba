"""A lane has enough in hand that its connections never wait, and no more than that (P3)."""

from __future__ import annotations

import time

from app.delivery.pace import MEASURED_SECONDS, MOST_PER_CONNECTION, Pace


def paced(connections: int, *, rate: float, turn_seconds: float) -> Pace:
    pace = Pace(connections)
    for _ in range(40):
        pace.turned(turn_seconds)
    time.sleep(MEASURED_SECONDS)
    pace.count(int(rate * MEASURED_SECONDS))
    return pace


def test_a_slow_service_needs_two_messages_a_connection() -> None:
    assert Pace(8).in_hand == 16
    assert paced(8, rate=200, turn_seconds=0.004).in_hand == 16


def test_a_fast_service_or_a_slow_database_needs_more_but_never_without_end() -> None:
    assert 16 < paced(8, rate=1000, turn_seconds=0.01).in_hand <= 160
    assert paced(8, rate=5000, turn_seconds=1).in_hand == 8 * MOST_PER_CONNECTION


def test_a_batch_leaves_work_for_the_threads_while_it_is_written_down() -> None:
    assert Pace(1).batch(1) == 1
    for connections in (1, 8, 32):
        for in_hand in (2 * connections, MOST_PER_CONNECTION * connections):
            assert 1 <= Pace(connections).batch(in_hand) <= in_hand * 0.6
    assert Pace(8).batch(16) < 16 - 8, "one waits for each connection at least"
