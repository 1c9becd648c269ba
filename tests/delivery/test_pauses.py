"""A whole send pauses when going on would do harm or nothing: too many bounces, a used-up quota, a refused key."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.audit.models import AuditEntry
from app.db import now
from app.delivery.models import RateBudget
from app.delivery.quota import QuotaReader
from app.refusals import Refused
from app.sends import control
from app.sends.models import Outcome, Send, SendState
from app.sends.pauses import BOUNCES, PAUSES, STOPS_WHEN_USED_UP, pause_words, too_many_bounces
from app.words import kept, shown, speaking
from tests.delivery.ground import Ground, people, wait_for
from tests.simulator_process import RunningSimulator


@pytest.fixture(autouse=True)
def _little_in_hand(ground: Ground) -> None:
    """What is in hand at a pause still goes out; with many connections that can be all of a short send."""
    ground.settings = ground.settings.model_copy(update={"connections": 2})


def mixed(good: int, bad: int) -> list[str]:
    """Bad addresses spread evenly over a list."""
    every = max(1, good // max(1, bad))
    found: list[str] = []
    for number in range(good):
        found.append(f"person-{number}@example.net")
        if number % every == 0 and number // every < bad:
            found.append(f"bounce-{number}@example.net")
    return found


def resume(ground: Ground, send_id: int) -> None:
    with ground.database.writing() as session:
        control.resume(session, ground.actor, send_id)


def test_five_in_a_hundred_may_bounce_and_not_one_more() -> None:
    assert not too_many_bounces(99, 99)
    assert not too_many_bounces(100, 5)
    assert too_many_bounces(100, 6)
    assert not too_many_bounces(2000, 100)
    assert too_many_bounces(2000, 101)


def test_a_list_with_many_dead_addresses_pauses_with_reason_and_remedy(ground: Ground, client: FlaskClient) -> None:
    send_id = ground.send(mixed(270, 30))
    assert ground.deliver(send_id) is SendState.PAUSED
    tally, send = ground.tally(send_id), ground.the_send(send_id)
    assert 100 <= tally[Outcome.DELIVERED] + tally[Outcome.BOUNCED] < 250
    assert send.pause_code == "bounces"
    told = int(send.pause_reason.split(" of ")[0])
    assert 5 < told <= tally[Outcome.BOUNCED], "what was under way when it paused ended as it ended"
    assert "Cancel the send if" in send.pause_reason
    assert send.pause_reason in client.get("/").text.replace("&#39;", "'")
    assert send.pause_reason in client.get(f"/sends/{send_id}").text.replace("&#39;", "'")


def test_a_send_resumed_after_bounces_does_not_pause_again_for_the_same_ones(ground: Ground) -> None:
    send_id = ground.send([*mixed(95, 25), *people(300, "fine")])
    assert ground.deliver(send_id) is SendState.PAUSED
    resume(ground, send_id)
    assert ground.deliver(send_id) is SendState.FINISHED


def test_but_it_pauses_again_for_as_many_new_ones(ground: Ground) -> None:
    send_id = ground.send([f"bounce-{number}@example.net" for number in range(400)])
    assert ground.deliver(send_id) is SendState.PAUSED
    first = ground.tally(send_id)[Outcome.BOUNCED]
    resume(ground, send_id)
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id)[Outcome.BOUNCED] >= first + 100


def test_a_small_send_never_pauses_for_bounces(ground: Ground) -> None:
    send_id = ground.send([f"bounce-{number}@example.net" for number in range(60)])
    assert ground.deliver(send_id) is SendState.FINISHED


def read_quota(ground: Ground) -> None:
    with ground.database.writing() as session:
        session.execute(update(RateBudget).values(quota_asked_at=None))
    QuotaReader(ground.settings, ground.database).read_due()


@pytest.mark.parametrize("latency_ms", [0, 200])
def test_a_quota_is_respected_without_a_single_refusal_and_the_send_goes_on_when_it_is_new(
    ground: Ground, simulator: RunningSimulator, client: FlaskClient, latency_ms: int
) -> None:
    simulator.configure(daily_quota=25, chaos={"latency_ms": latency_ms, "fault_share": 0})
    send_id = ground.send(people(40))
    read_quota(ground)
    assert "leaves 25 for now" in client.get(f"/sends/{send_id}").text
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 25, Outcome.PENDING: 15}
    assert {request["status"] for request in simulator.requests()} == {200}
    send = ground.the_send(send_id)
    assert send.pause_code == "quota" and "25 e-mails a day" in send.pause_reason
    assert send.resumes_at is not None and timedelta(0) < send.resumes_at - now() <= timedelta(days=1)
    assert "It goes on" in client.get("/").text
    with ground.database.writing() as session:
        assert control.resume_due(session) == []
        past = now() - timedelta(seconds=1)
        session.execute(update(Send).values(resumes_at=past))
        session.execute(update(RateBudget).values(quota_resets_at=past))
    simulator.configure(daily_quota=1000)
    with ground.database.writing() as session:
        assert control.resume_due(session) == [send_id]
        assert control.resume_due(session) == []
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 40}
    with ground.database.reading() as session:
        kinds = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_id == send_id).order_by(AuditEntry.id)
        ).all()
    assert {"send.paused", "send.resumed"} <= set(kinds)


def test_a_used_up_quota_that_was_not_known_is_asked_for_and_pauses(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(daily_quota=10)
    send_id = ground.send(people(30))

    def wanted() -> bool:
        with ground.database.reading() as session:
            row = session.scalars(select(RateBudget)).one_or_none()
            return row is not None and row.quota_wanted

    def ask() -> None:
        wait_for(wanted)
        read_quota(ground)

    asking = threading.Thread(target=ask)
    asking.start()
    assert ground.deliver(send_id) is SendState.PAUSED
    asking.join()
    assert ground.the_send(send_id).pause_code == "quota"
    assert 10 <= ground.tally(send_id)[Outcome.DELIVERED] < 26  # several at once pass the simulator
    assert set(ground.tally(send_id)) == {Outcome.DELIVERED, Outcome.PENDING}


def test_a_pause_by_the_program_a_persons_cancel_and_resume_meet_without_harm(ground: Ground) -> None:
    send_id = ground.send(
        people(3), state=SendState.PAUSED, pause_code="quota", resumes_at=now() - timedelta(seconds=1)
    )
    start, won = threading.Barrier(3), []

    def by_program() -> None:
        start.wait()
        with ground.database.writing() as session:
            won.extend(control.resume_due(session))

    def by_person() -> None:
        start.wait()
        try:
            resume(ground, send_id)
            won.append(send_id)
        except Refused:
            pass

    threads = [threading.Thread(target=one) for one in (by_program, by_person, by_person)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [send_id]
    assert ground.the_send(send_id).resumes_at is None


@pytest.mark.parametrize("code", sorted(PAUSES))
def test_every_pause_says_what_happened_and_what_to_do(code: str) -> None:
    facts = {
        "bounced": 12,
        "answered": 100,
        "value": 1000,
        "unit": "day",
        "when": "Tomorrow.",
        "words": "Not connected.",
    }
    words = pause_words(code, **facts)
    assert "{" not in words and words.endswith(".")
    assert code in STOPS_WHEN_USED_UP or code in {"bounces", "quota", "not_connected"} or "esume" in words


def test_a_pause_is_kept_in_no_language() -> None:
    there = kept(pause_words(BOUNCES, bounced=1200, answered=10000))
    assert shown(there) == pause_words(BOUNCES, bounced=1200, answered=10000)
    with speaking("de"):
        assert shown(there).startswith("1.200 von 10.000 E-Mails wurden ")
