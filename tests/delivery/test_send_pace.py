"""A send's own pace: kept by all workers together, in every window, and changed on the way."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.db import Database, now
from app.delivery import send_pace
from app.people.models import Person
from app.refusals import NotThere, Refused
from app.sends.models import Outcome, SendPace, SendState
from app.sends.pace import Pace, change_pace, pace_from, pace_of, set_pace
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(send_pace, "now", made)
    return made


def take(database: Database, send_id: int, wanted: int = 16) -> send_pace.Grant:
    with database.writing() as session:
        return send_pace.take(session, send_id, wanted)


def with_pace(ground: Ground, count: int, seconds: int, emails: int = 5, **fields: object) -> int:
    send_id = ground.send(people(emails), **fields)  # type: ignore[arg-type]
    with ground.database.writing() as session:
        set_pace(session, send_id, Pace(count, seconds))
    return send_id


@pytest.mark.parametrize(("count", "seconds"), [(1, 3600), (7, 60), (100, 3600), (60, 60), (600, 60), (5000, 3600)])
@pytest.mark.parametrize("late", [0.0, 0.7])
def test_no_window_ever_holds_more_than_the_pace_and_most_of_it_is_used(
    ground: Ground, clock: Clock, count: int, seconds: int, late: float
) -> None:
    send_id = with_pace(ground, count, seconds)
    began, out = clock.at, []
    while clock.at < began + timedelta(seconds=min(3 * seconds, 90 * seconds / count + seconds)) and len(out) < 2000:
        grant = take(ground.database, send_id)
        out += [clock.at] * grant.calls
        clock.at += timedelta(seconds=grant.wait + late if not grant.calls else 0.01)
    for first, one in enumerate(out):
        inside = sum(1 for other in out[first:] if other < one + timedelta(seconds=seconds))
        assert inside <= count
    used = (len(out) - 1) / max((clock.at - began).total_seconds(), 1) / (count / seconds)
    assert used > (0.85 if not late else 0.75) or len(out) <= 3  # of so few the last pause counts too much


def test_workers_whose_clocks_differ_go_slower_never_faster(ground: Ground, clock: Clock) -> None:
    send_id = with_pace(ground, 60, 60)
    began, out = clock.at, 0
    while clock.at < began + timedelta(seconds=120):
        out += take(ground.database, send_id, 4).calls
        clock.at += timedelta(seconds=5)  # a worker that is ahead
        out += take(ground.database, send_id, 4).calls
        clock.at -= timedelta(seconds=4)
    assert out <= 125 + 5


def test_a_clock_set_back_by_hours_does_not_stop_the_send(ground: Ground, clock: Clock) -> None:
    send_id = with_pace(ground, 60, 60)
    clock.at += timedelta(hours=5)
    while take(ground.database, send_id).calls:
        pass
    clock.at -= timedelta(hours=5)
    take(ground.database, send_id)
    clock.at += timedelta(seconds=3)
    assert take(ground.database, send_id).calls


def test_many_workers_at_once_take_no_more_than_there_is(ground: Ground, clock: Clock) -> None:
    send_id = with_pace(ground, 600, 60)
    clock.at += timedelta(hours=1)
    both, got, failures = threading.Barrier(6), [], []

    def work() -> None:
        both.wait()
        try:
            got.append(take(ground.database, send_id).calls)
        except Exception as error:  # collected: an exception in a thread would pass unseen
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert sum(got) == 31, "what three seconds save up, and one"


def test_a_send_without_a_pace_gets_all_it_wants(ground: Ground) -> None:
    assert take(ground.database, ground.send(people(1)), 16) == send_pace.Grant(16)


def test_a_slow_send_is_slow_and_a_change_on_the_way_lets_it_go(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = with_pace(ground, 1, 3600, emails=12)
    hand = ground.hand()
    hand.queue.wake(send_id)
    hand.work(lambda: ground.tally(send_id).get(Outcome.DELIVERED) == 1)
    hand.close()
    assert len(simulator.requests()) == 1
    with ground.database.writing() as session:
        change_pace(session, ground.actor, send_id, None)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 12}


def test_a_pace_is_changed_by_its_people_while_it_is_under_way(ground: Ground) -> None:
    send_id = with_pace(ground, 10, 60)
    with ground.database.writing() as session:
        session.execute(update(SendPace).values(tokens=1.5))
        change_pace(session, ground.actor, send_id, Pace(5, 3600))
    with ground.database.reading() as session:
        assert pace_of(session, send_id) == Pace(5, 3600)
    stranger = Person(id=99, workspace_id=ground.actor.workspace_id + 1)
    with pytest.raises(NotThere), ground.database.writing() as session:
        change_pace(session, stranger, send_id, None)
    over = ground.send(people(1, "over"), state=SendState.FINISHED)
    with pytest.raises(Refused, match="not under way"), ground.database.writing() as session:
        change_pace(session, ground.actor, over, Pace(5, 60))


def test_what_is_typed_is_checked() -> None:
    assert pace_from(None, 0) is None
    assert pace_from(100, 3600) == Pace(100, 3600)
    for count, seconds, field in ((0, 60, "pace"), (-1, 60, "pace"), (1_000_001, 60, "pace"), (5, 61, "pace_unit")):
        with pytest.raises(Refused) as refusal:
            pace_from(count, seconds)
        assert refusal.value.field == field
    assert Pace(1, 60).words == "at most 1 e-mail a minute"
    assert Pace(1000, 3600).words == "at most 1,000 e-mails an hour"
