"""Lanes: only one job of a generation wins, and a worker that lost its lane changes nothing it must not (P1, P2)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from sqlalchemy import select, update

from app.cloudflare.results import WasSent
from app.db import now
from app.delivery import lanes, recovery
from app.delivery.answers import Verdict
from app.delivery.claiming import claim
from app.delivery.models import Lane
from app.delivery.recording import Result, record
from app.delivery.watch import Watch
from app.sends.control import cancel, pause
from app.sends.models import Attempt, Message, Outcome, Send, SendState
from app.simulator.settings import DEFAULT_ACCOUNT
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator


def lane_of(ground: Ground, send_id: int) -> Lane:
    with ground.database.writing() as session:
        (opened, *_) = lanes.open_lanes(session, send_id, 1, 30)
    with ground.database.writing() as session:
        lane = lanes.take(session, opened[0], opened[1], "first", 30)
    assert lane is not None
    return lane


def expire(ground: Ground) -> None:
    with ground.database.writing() as session:
        session.execute(update(Lane).values(lease_until=now() - timedelta(seconds=1)))


def sweep(ground: Ground) -> None:
    recovery.sweep(ground.database, ground.hand().queue, 30)


def test_only_one_job_of_a_generation_takes_the_lane(ground: Ground) -> None:
    send_id = ground.send(people(3))
    with ground.database.writing() as session:
        (opened,) = lanes.open_lanes(session, send_id, 1, 30)
    taken: list[Lane | None] = []
    start = threading.Barrier(4)

    def one(owner: str) -> None:
        start.wait()
        with ground.database.writing() as session:
            taken.append(lanes.take(session, opened[0], opened[1], owner, 30))

    threads = [threading.Thread(target=one, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lane for lane in taken if lane is not None]) == 1


def test_two_workers_on_one_send_post_every_message_once(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(people(150))
    with ground.database.writing() as session:
        opened = lanes.open_lanes(session, send_id, 2, 30)
    hands = [ground.hand("one"), ground.hand("two")]

    def work(number: int) -> None:
        hands[number].run_lane(opened[number][0], opened[number][1])
        hands[number].run_lane(opened[number][0], opened[number][1])  # an old job: must do nothing

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 150}
    references = [request["reference"] for request in simulator.requests()]
    assert len(references) == len(set(references)) == 150
    for hand in hands:
        hand.close()


def test_a_woken_send_gets_its_lanes_once(ground: Ground) -> None:
    send_id = ground.send(people(3))
    queue = ground.hand().queue
    for _ in range(3):
        queue.wake(send_id)
    with ground.database.reading() as session:
        assert len(session.scalars(select(Lane)).all()) in {1, 2}
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 3}


def test_a_claim_is_written_down_before_anything_is_posted(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(people(5))
    lane = lane_of(ground, send_id)
    with ground.database.writing() as session:
        claimed = claim(session, lane, 3)
    assert ground.tally(send_id) == {Outcome.SENDING: 3, Outcome.PENDING: 2}
    for one in claimed:
        (attempt,) = ground.attempts(one.email)
        assert attempt.ended_at is None and attempt.was_sent == ""
    assert not simulator.requests()


def test_what_a_dead_worker_held_becomes_unknown_and_the_rest_goes_on(
    ground: Ground, simulator: RunningSimulator
) -> None:
    send_id = ground.send(people(40))
    lane = lane_of(ground, send_id)
    with ground.database.writing() as session:
        session.execute(update(Send).values(state=SendState.SENDING))
        held = {one.reference for one in claim(session, lane, 10)}
    expire(ground)
    sweep(ground)
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 10, Outcome.PENDING: 30}
    sweep(ground)  # a second one finds nothing to do
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 10, Outcome.PENDING: 30}
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 10, Outcome.DELIVERED: 30}
    assert not held & {request["reference"] for request in simulator.requests()}
    unknown = [message for message in ground.messages(send_id) if message.state is Outcome.UNKNOWN]
    assert {message.reason for message in unknown} == {"no_answer"}
    assert all(ground.attempts(message.email)[0].ended_at is None for message in unknown)


def test_a_worker_that_comes_back_may_still_say_what_happened(ground: Ground) -> None:
    send_id = ground.send(people(2))
    lane = lane_of(ground, send_id)
    with ground.database.writing() as session:
        first, second = claim(session, lane, 2)
    expire(ground)
    sweep(ground)
    known = Verdict(Outcome.DELIVERED, was_sent=WasSent.YES, http_status=200)
    with ground.database.writing() as session:
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, [Result(first, known)])
    assert ground.tally(send_id) == {Outcome.DELIVERED: 1, Outcome.UNKNOWN: 1}
    assert ground.message(second.email).state is Outcome.UNKNOWN


def test_what_a_person_decided_meanwhile_stays(ground: Ground) -> None:
    """A doubtful message that somebody sends again belongs to its new claim, whatever the old worker says."""
    send_id = ground.send(people(1))
    lane = lane_of(ground, send_id)
    with ground.database.writing() as session:
        (old,) = claim(session, lane, 1)
    expire(ground)
    sweep(ground)
    with ground.database.writing() as session:
        session.execute(update(Message).values(state=Outcome.PENDING))
        from app.sends.tallies import move

        move(session, send_id, {(Outcome.UNKNOWN, Outcome.PENDING): 1})
    with ground.database.writing() as session:
        newer = session.scalars(select(Lane)).one()
        (again,) = claim(session, newer, 1)
    with ground.database.writing() as session:
        late = Result(old, Verdict(Outcome.BOUNCED, was_sent=WasSent.YES))
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, [late])
    assert ground.tally(send_id) == {Outcome.SENDING: 1}
    assert again.tries == 2


def test_a_message_known_not_to_be_posted_goes_back_but_not_into_a_send_that_is_over(ground: Ground) -> None:
    send_id = ground.send(people(2))
    lane = lane_of(ground, send_id)
    with ground.database.writing() as session:
        first, second = claim(session, lane, 2)
    expire(ground)
    sweep(ground)
    not_posted = Verdict(Outcome.PENDING)
    with ground.database.writing() as session:
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, [Result(first, not_posted)])
    assert ground.tally(send_id) == {Outcome.PENDING: 1, Outcome.UNKNOWN: 1}
    assert not ground.attempts(first.email)
    assert ground.deliver(send_id) is SendState.FINISHED
    with ground.database.writing() as session:
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, [Result(second, not_posted)])
    assert ground.tally(send_id) == {Outcome.DELIVERED: 1, Outcome.UNKNOWN: 1}


def test_the_right_to_post_ends_before_the_lease_does() -> None:
    watch = Watch(0.2)
    newer = Watch(0.2)
    assert watch.may_post()
    time.sleep(0.21)
    assert not watch.may_post()
    watch.renew(newer)  # a renewal asked for before the pause is no longer than its own lease
    assert not watch.may_post()
    watch.renew(Watch(5))
    assert watch.may_post()
    watch.stop()
    assert not watch.may_post()


def test_a_worker_frozen_between_claim_and_post_posts_nothing(ground: Ground, simulator: RunningSimulator) -> None:
    ground.settings = ground.settings.model_copy(update={"lease_seconds": 1.0})
    send_id = ground.send(people(20))
    lane = lane_of(ground, send_id)
    hand = ground.hand("frozen")
    work = hand.pipeline.begin(lane)
    claimed = hand.pipeline.record_and_claim(work)
    assert len(claimed) > 10
    time.sleep(1.2)  # stands still for longer than its lease
    hand.pipeline.post(work, claimed)
    work.results, work.is_leaving = work.tray.fetch(len(claimed), 10), True
    assert hand.pipeline.record_and_claim(work) == []
    assert not simulator.requests()
    assert ground.tally(send_id) == {Outcome.PENDING: 20}
    hand.close()


def test_a_pause_in_the_moment_of_the_start_is_not_overwritten(ground: Ground) -> None:
    send_id = ground.send(people(2))
    with ground.database.session() as early:
        seen = early.get_one(Send, send_id)
        early.rollback()
        with ground.database.writing() as session:
            pause(session, ground.actor, send_id)
        with ground.database.writing() as session:
            mine = session.merge(seen, load=False)
            lanes.begin(session, mine)
            assert mine.state is SendState.PAUSED
    assert ground.state(send_id) is SendState.PAUSED


def test_a_lane_that_waits_is_called_up_by_a_wake(ground: Ground) -> None:
    """A send scheduled for later is moved to now: nobody waits for the old time."""
    send_id = ground.send(people(2), start_at=now() + timedelta(hours=1))
    hand = ground.hand()
    hand.queue.wake(send_id)
    hand.work(lambda: len(hand.queue.engine.storage.scheduled_items()) > 0)
    with ground.database.writing() as session:
        session.execute(update(Send).values(start_at=now()))
    hand.queue.wake(send_id)
    hand.work(lambda: ground.state(send_id) is SendState.FINISHED)
    hand.close()


def test_what_comes_back_after_a_cancel_is_cancelled_too(ground: Ground) -> None:
    send_id = ground.send(people(3))
    lane = lane_of(ground, send_id)
    with ground.database.writing() as session:
        (one,) = claim(session, lane, 1)
    with ground.database.writing() as session:
        assert cancel(session, ground.actor, send_id) == 2
    with ground.database.writing() as session:
        record(session, send_id, DEFAULT_ACCOUNT, lane.id, lane.generation, [Result(one, Verdict(Outcome.PENDING))])
    assert ground.tally(send_id) == {Outcome.CANCELLED: 3}


def test_a_lost_job_is_found_by_the_sweep(ground: Ground) -> None:
    send_id = ground.send(people(5))
    hand = ground.hand()
    recovery.sweep(ground.database, hand.queue, 30)  # nobody ever woke it
    hand.work(lambda: ground.state(send_id) is SendState.FINISHED)
    hand.close()


def test_a_broken_queue_does_not_break_the_page_and_the_sweep_finds_the_send(ground: Ground) -> None:
    send_id = ground.send(people(5))
    broken = ground.hand().queue
    broken._settings = broken._settings.model_copy(update={"data": ground.settings.data / "file" / "below"})
    ground.settings.data.mkdir(parents=True, exist_ok=True)
    (ground.settings.data / "file").write_text("no folder")
    if not ground.database.is_sqlite:
        broken._run_lane = None  # type: ignore[assignment]
    broken.wake(send_id)  # raises nothing
    expire(ground)
    assert ground.deliver(send_id) is SendState.FINISHED


def test_every_attempt_of_every_message_is_kept(ground: Ground) -> None:
    send_id = ground.send(["once-internal_server-1@example.net", *people(5)])
    ground.deliver(send_id)
    with ground.database.reading() as session:
        assert len(session.scalars(select(Attempt)).all()) == 7
