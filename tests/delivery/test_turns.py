"""A lane's turns: a fault in one leaves doubt at most, and two lanes of a send never share a worker."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.db import now
from app.delivery import lanes, posting, recovery
from app.delivery.models import Lane
from app.delivery.posting import Tray
from app.delivery.recording import Result
from app.sends.models import Outcome, Send, SendState
from tests.delivery.ground import Ground, people, wait_for
from tests.simulator_process import RunningSimulator


def opened(ground: Ground, send_id: int, count: int) -> list[tuple[int, int]]:
    with ground.database.writing() as session:
        return [(one[0], one[1]) for one in lanes.open_lanes(session, send_id, count, 30)]


def test_a_fault_of_the_program_while_posting_leaves_doubt_and_the_lane_goes_on(
    ground: Ground, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = posting.of_answer

    def broken(answer: object, request: object, **more: object) -> object:
        if request.to[0].address == "person-3@example.net":  # type: ignore[attr-defined]
            raise RuntimeError("a mistake in the program")
        return real(answer, request, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(posting, "of_answer", broken)
    send_id = ground.send(people(30))
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 29, Outcome.UNKNOWN: 1}
    assert ground.message("person-3@example.net").state is Outcome.UNKNOWN
    assert len(simulator.requests()) == 30


def test_a_turn_that_fails_writes_down_what_was_posted_and_leaves_the_lane_to_the_sweeper(
    ground: Ground, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.configure(chaos={"latency_ms": 30, "fault_share": 0})
    send_id = ground.send(people(100))
    hand = ground.hand()
    real, turns = type(hand.pipeline)._record_and_claim, []

    def failing(pipeline: object, session: object, work: object) -> object:
        turns.append(work)
        if len(turns) in {3, 4}:
            raise OperationalError("update", {}, Exception("the disk is full"))
        return real(pipeline, session, work)  # type: ignore[arg-type]

    monkeypatch.setattr(type(hand.pipeline), "_record_and_claim", failing)
    ((lane_id, generation),) = opened(ground, send_id, 1)
    with pytest.raises(OperationalError):
        hand.run_lane(lane_id, generation)
    tally = ground.tally(send_id)
    assert set(tally) == {Outcome.DELIVERED, Outcome.PENDING}
    assert tally[Outcome.DELIVERED] == len(simulator.requests())
    recovery.sweep(ground.database, hand.queue, 30)
    hand.work(lambda: ground.state(send_id) is SendState.FINISHED)
    hand.close()
    assert ground.tally(send_id) == {Outcome.DELIVERED: 100}
    assert len(simulator.requests()) == 100


def test_what_a_lost_commit_claimed_becomes_doubt_not_a_send_that_never_ends(ground: Ground) -> None:
    """The database wrote a claim, and the worker was told that it did not: nobody posts these."""
    send_id = ground.send(people(40))
    hand = ground.hand()
    ((lane_id, generation),) = opened(ground, send_id, 1)
    with ground.database.writing() as session:
        lane = lanes.take(session, lane_id, generation, "hand", 30)
    assert lane is not None
    work = hand.pipeline.begin(lane)
    assert hand.pipeline.record_and_claim(work)  # and never posted
    work.fault = OperationalError("commit", {}, Exception("the connection was lost"))
    hand.pipeline._leave_to_sweeper(lane)
    recovery.sweep(ground.database, hand.queue, 30)
    assert ground.tally(send_id)[Outcome.UNKNOWN] == 16
    hand.work(lambda: ground.state(send_id) is SendState.FINISHED)
    hand.close()
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 16, Outcome.DELIVERED: 24}


def test_a_second_lane_of_a_send_is_left_to_another_worker(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(chaos={"latency_ms": 100, "fault_share": 0})
    send_id = ground.send(people(60))
    first, second = opened(ground, send_id, 2)
    hand, other = ground.hand("one"), ground.hand("other")
    thread = threading.Thread(target=hand.run_lane, args=first)
    thread.start()
    wait_for(lambda: len(simulator.requests()) > 0)
    hand.run_lane(*second)
    with ground.database.reading() as session:
        handed_on = session.scalars(select(Lane).where(Lane.id == second[0])).one()
    assert handed_on.owner == "" and handed_on.lease_until > now()
    other.run_lane(handed_on.id, handed_on.generation)
    thread.join()
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 60}
    hand.close()
    other.close()


def test_a_lane_makes_room_when_others_wait_and_leaves_nothing_in_hand(
    ground: Ground, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.delivery.pipeline.SLICE_SECONDS", 0.2)
    simulator.configure(chaos={"latency_ms": 60, "fault_share": 0})
    send_id = ground.send(people(200))
    hand = ground.hand()
    ((lane_id, generation),) = opened(ground, send_id, 1)
    hand.queue.review(1)  # a job that nobody takes
    hand.run_lane(lane_id, generation)
    tally = ground.tally(send_id)
    assert tally[Outcome.PENDING] > 0 and tally[Outcome.DELIVERED] > 0 and Outcome.SENDING not in tally
    hand.queue.engine.storage.flush_queue()
    with ground.database.writing() as session:
        session.execute(update(Send).values(state=SendState.PAUSED))
    hand.close()


def test_a_tray_gives_when_there_is_enough_when_all_is_back_and_when_the_time_is_over() -> None:
    tray, one = Tray(), object.__new__(Result)
    tray.take_up(3)
    assert (tray.fetch(2, 0.01), tray.in_hand) == ([], 3)
    timer = threading.Timer(0.05, lambda: [tray.lay_down(one) for _ in range(2)])
    timer.start()
    began = time.monotonic()
    assert len(tray.fetch(2, 10)) == 2 and time.monotonic() - began < 5
    threading.Timer(0.05, tray.lay_down, [one]).start()
    assert len(tray.fetch(2, 10)) == 1 and time.monotonic() - began < 5
    assert tray.in_hand == 0
