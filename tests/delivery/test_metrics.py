"""The figures for Prometheus: right, without people in them, and as cheap with many sends as with few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.cloudflare.results import Limits, Quota, Usage
from app.db import Database, now
from app.delivery import pacing
from app.delivery.metrics import exposition
from app.delivery.models import PostTime, Worker
from app.delivery.post_times import PostTimes
from app.sends.models import Send, SendState
from app.simulator.settings import DEFAULT_ACCOUNT
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator
from tests.statements import statements

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(ground: Ground) -> Figures:
    """Every figure by its name and labels, read as Prometheus reads it."""
    with ground.database.reading() as session:
        text = exposition(session, ground.settings, ground.hand().queue).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(ground: Ground, name: str, **labels: str) -> float:
    return figures(ground)[f"postroom_{name}", tuple(sorted(labels.items()))]


def test_a_send_shows_in_every_figure(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send([*people(5), "bounce@example.net", "error-email.invalid@example.net"])
    assert figure(ground, "messages", outcome="pending") == 7
    assert figure(ground, "sends", state="scheduled") == 1
    assert figure(ground, "workers_alive") == 0
    with RunningWorker(ground.settings):
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        assert figure(ground, "workers_alive") == 1
        wait_for(lambda: ("postroom_post_seconds_count", (("http_status", "200"),)) in figures(ground))
    tally = {str(outcome): count for outcome, count in ground.tally(send_id).items()}
    found = figures(ground)
    seen = {labels[0][1]: found[name, labels] for name, labels in found if name == "postroom_messages"}
    assert {outcome: count for outcome, count in seen.items() if count} == tally
    assert figure(ground, "sends", state="finished") == 1
    posts = {
        labels[0][1]: value
        for (name, labels), value in figures(ground).items()
        if name == "postroom_post_seconds_count"
    }
    assert sum(posts.values()) == len(simulator.requests())
    assert posts["200"] == 6
    assert figure(ground, "rate_limit_calls", account=DEFAULT_ACCOUNT) == 1_000_000
    assert figure(ground, "rate_left_calls", account=DEFAULT_ACCOUNT) > 0


def test_there_is_nobody_in_the_figures(ground: Ground) -> None:
    ground.deliver(ground.send(people(3)))
    text = str(figures(ground))
    for word in ("@", "person-", "Person", "News", "example.", "Harbour"):
        assert word not in text


def test_more_sends_ask_no_more_questions_and_no_message_is_counted(ground: Ground) -> None:
    queue = ground.hand().queue
    queue.waiting()

    def asked() -> list[str]:
        with statements() as seen, ground.database.reading() as session:
            exposition(session, ground.settings, queue)
        return seen

    ground.send(people(2))
    few = asked()
    for number in range(6):
        ground.send(people(2, f"p{number}"))
    with ground.database.writing() as session:
        for number in range(4):
            pacing.open_budget(session, f"account-{number}", 1_200)
            session.add(Worker(id=f"w{number}"))
    many = asked()
    assert len(many) == len(few) < 12
    assert not any("count(" in one.lower() and "from message" in one.lower() for one in many)


def test_the_oldest_due_message_is_that_of_a_send_at_work(ground: Ground, database: Database) -> None:
    ground.send(people(1, "later"), start_at=now() + timedelta(hours=1))
    assert figure(ground, "oldest_due_message_seconds") == 0
    send_id = ground.send(people(1), start_at=now() - timedelta(seconds=90))
    assert figure(ground, "oldest_due_message_seconds") == pytest.approx(90, abs=5)
    with database.writing() as session:
        session.get_one(Send, send_id).state = SendState.PAUSED
    assert figure(ground, "oldest_due_message_seconds") == 0
    retried = ground.send(people(1, "retried"), start_at=now() - timedelta(seconds=900))
    (message,) = ground.messages(retried)
    for wait, age in ((600, 0), (-30, 30)):
        with database.writing() as session:
            session.merge(message).next_try_at = now() + timedelta(seconds=wait)
        assert figure(ground, "oldest_due_message_seconds") == pytest.approx(age, abs=5), "a retry is due at its time"


def test_jobs_budget_block_and_quota(ground: Ground, database: Database) -> None:
    queue = ground.hand().queue
    queue.review(1)
    queue.lane(1, 1, now() + timedelta(minutes=1))
    assert (figure(ground, "jobs", state="ready"), figure(ground, "jobs", state="scheduled")) == (2, 0)
    engine = queue.engine
    for task in (engine.dequeue(), engine.dequeue()):  # as a worker does: what is not due yet is put aside
        if task is not None and task.eta is not None:
            engine.add_schedule(task)
    assert (figure(ground, "jobs", state="ready"), figure(ground, "jobs", state="scheduled")) == (0, 1)
    with database.writing() as session:
        pacing.take(session, DEFAULT_ACCOUNT, 1_200, 20, asker=1)
        limits = Limits(Quota(500, "day"), Usage(100, False, now() + timedelta(hours=3)))
        pacing.note_limits(session, DEFAULT_ACCOUNT, 1_200, limits)
        pacing.obey(session, DEFAULT_ACCOUNT, block_seconds=60, rate=None)
    ground.connection(calls_per_5_minutes=1_200)
    account = {"account": DEFAULT_ACCOUNT}
    assert figure(ground, "rate_limit_calls", **account) == 1_200
    assert figure(ground, "rate_left_calls", **account) == 1_180
    assert figure(ground, "rate_blocked_seconds", **account) == pytest.approx(60, abs=5)
    assert figure(ground, "quota_emails", **account) == 500
    assert figure(ground, "quota_left_emails", **account) == 400


def test_times_of_two_workers_add_up_in_buckets(ground: Ground, database: Database) -> None:
    one, two = PostTimes(), PostTimes()
    for seconds in (0.004, 0.010, 0.011, 3.0):
        one.note(200, seconds)
    two.note(200, 90.0)
    two.note(None, 60.5)
    for times in (one, two, one):  # the third has nothing new
        times.keep(database)
    bucket = "post_seconds_bucket"
    assert figure(ground, bucket, http_status="200", le="0.01") == 2
    assert figure(ground, bucket, http_status="200", le="0.025") == 3
    assert figure(ground, bucket, http_status="200", le="60.0") == 4
    assert figure(ground, bucket, http_status="200", le="+Inf") == 5
    assert figure(ground, "post_seconds_sum", http_status="200") == pytest.approx(93.025)
    assert figure(ground, "post_seconds_count", http_status="none") == 1


def test_times_that_could_not_be_kept_are_kept_the_next_time(database: Database) -> None:
    times = PostTimes()
    times.note(200, 0.2)
    with database.writing() as session:
        session.execute(PostTime.__table__.delete())
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing?connect_timeout=2")
    with pytest.raises(Exception, match="refused"):
        times.keep(away)
    times.note(200, 0.2)
    times.keep(database)
    with database.reading() as session:
        assert session.get_one(PostTime, (200, 250)).count == 2
