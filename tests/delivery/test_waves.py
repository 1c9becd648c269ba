"""Waves: the first few go out and no more, whoever works on it and whatever is retried; then a person decides."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from app.cloudflare.results import WasSent
from app.db import now
from app.delivery import lanes
from app.delivery.answers import Verdict
from app.delivery.claiming import claim, next_due
from app.delivery.recording import Result, record
from app.people.models import Person
from app.refusals import NotThere, Refused
from app.sends.control import cancel, pause, resume
from app.sends.models import Attempt, Message, Outcome, Send, SendState
from app.sends.pauses import WAVE
from app.sends.waves import go_on
from app.simulator.settings import DEFAULT_ACCOUNT
from tests.delivery.ground import Ground, people, wait_for
from tests.simulator_process import RunningSimulator


def test_the_first_few_go_out_then_it_waits_and_goes_on_as_a_person_says(
    ground: Ground, simulator: RunningSimulator
) -> None:
    send_id = ground.send(people(30), wave_left=8, wave_size=8)
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 8, Outcome.PENDING: 22}
    send = ground.the_send(send_id)
    assert send.pause_code == WAVE
    assert "8 delivered" in send.pause_reason
    assert "22 e-mails wait for you" in send.pause_reason
    with pytest.raises(Refused, match="another answer"), ground.database.writing() as session:
        resume(session, ground.actor, send_id)
    with ground.database.writing() as session:
        go_on(session, ground.actor, send_id, 5)
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 13, Outcome.PENDING: 17}
    with ground.database.writing() as session:
        go_on(session, ground.actor, send_id, None)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 30}
    assert len(simulator.requests()) == 30


@pytest.mark.parametrize("size", [30, 31])
def test_a_wave_that_holds_everybody_simply_finishes(ground: Ground, size: int) -> None:
    send_id = ground.send(people(30), wave_left=size, wave_size=size)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 30}


def test_several_workers_never_take_more_than_the_wave_together(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(people(120), wave_left=37, wave_size=37)
    with ground.database.writing() as session:
        opened = lanes.open_lanes(session, send_id, 4, 30)
    hands = [ground.hand(f"worker {number}") for number in range(4)]
    threads = [threading.Thread(target=hand.run_lane, args=opened[number][:2]) for number, hand in enumerate(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    wait_for(lambda: ground.state(send_id) is SendState.PAUSED)
    assert ground.tally(send_id) == {Outcome.DELIVERED: 37, Outcome.PENDING: 83}
    assert len(simulator.requests()) == 37
    assert ground.the_send(send_id).wave_left == 0
    for hand in hands:
        hand.close()


def test_a_retry_does_not_count_again_and_belongs_to_its_wave(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(people(20), wave_left=6, wave_size=6)
    with ground.database.writing() as session:
        session.execute(update(Send).values(state=SendState.SENDING))
        (opened, *_) = lanes.open_lanes(session, send_id, 1, 30)
    with ground.database.writing() as session:
        lane = lanes.take(session, opened[0], opened[1], "hand", 30)
        assert lane is not None
        claimed = claim(session, lane, 10, most_new=6)
    assert len(claimed) == 6
    later = Verdict(Outcome.PENDING, reason="throttled", was_sent=WasSent.NO, next_try_at=now())
    handed_back = Verdict(Outcome.PENDING)
    results = [Result(one, handed_back if number else later) for number, one in enumerate(claimed)]
    with ground.database.writing() as session:
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, results)
    with ground.database.writing() as session:
        assert next_due(session, send_id, most_new=0) is not None, "what was claimed once may still go"
        again = claim(session, lane, 10, most_new=ground.the_send(send_id).wave_left)
    assert {one.id for one in again} == {one.id for one in claimed}
    assert ground.the_send(send_id).wave_left == 0
    with ground.database.writing() as session:
        results = [Result(one, Verdict(Outcome.DELIVERED, was_sent=WasSent.YES)) for one in again]
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, results)
    with ground.database.reading() as session:
        fresh = select(Message.id).where(Message.send_id == send_id, Message.state == Outcome.PENDING)
        tried = session.scalars(select(Attempt.id).where(Attempt.message_id.in_(fresh))).all()
    assert not tried, "nobody of the next wave was touched"


def test_a_person_who_pauses_and_resumes_within_a_wave_makes_it_no_longer(ground: Ground) -> None:
    send_id = ground.send(people(20), wave_left=5, wave_size=5)
    with ground.database.writing() as session:
        pause(session, ground.actor, send_id)
    with ground.database.writing() as session:
        resume(session, ground.actor, send_id)
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 5, Outcome.PENDING: 15}


def test_two_windows_that_go_on_make_one_wave(ground: Ground) -> None:
    send_id = ground.send(people(40), wave_left=5, wave_size=5)
    assert ground.deliver(send_id) is SendState.PAUSED
    both, went, refused = threading.Barrier(4), [], []

    def press() -> None:
        both.wait()
        try:
            with ground.database.writing() as session:
                go_on(session, ground.actor, send_id, 10)
            went.append(1)
        except Refused:
            refused.append(1)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(went), len(refused)) == (1, 3)
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 15, Outcome.PENDING: 25}


def test_the_rest_can_be_cancelled_and_strangers_can_do_nothing(ground: Ground) -> None:
    send_id = ground.send(people(12), wave_left=5, wave_size=5)
    assert ground.deliver(send_id) is SendState.PAUSED
    stranger = Person(id=99, workspace_id=ground.actor.workspace_id + 1)
    with pytest.raises(NotThere), ground.database.writing() as session:
        go_on(session, stranger, send_id, None)
    with ground.database.writing() as session:
        assert cancel(session, ground.actor, send_id) == 7
    assert ground.the_send(send_id).pause_code == ""
    with pytest.raises(Refused), ground.database.writing() as session:
        go_on(session, ground.actor, send_id, None)
