"""Retries: only of what is known not to have gone out, with growing pauses, until a limit in time that pages show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.cloudflare.errors import KINDS, failure
from app.db import now
from app.delivery.retry import LONGEST_PAUSE, next_try
from app.sends import control, tallies
from app.sends.models import Message, Outcome, SendState
from app.web.filters import ordinal
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator, free_port

AT = now()
RETRIED = ["throttled", "global_limit", "internal_server", "authentication.upstream", "cannot_connect"]


@pytest.mark.parametrize("cause", sorted(set(KINDS) - set(RETRIED)))
def test_everything_else_is_never_tried_again_by_itself(cause: str) -> None:
    assert next_try(failure(KINDS[cause], status=500), 1, 1, AT, None) is None


@pytest.mark.parametrize("cause", RETRIED)
def test_pauses_grow_with_full_jitter_until_the_limit_in_time(cause: str) -> None:
    found = failure(KINDS[cause], status=KINDS[cause].status or (429 if cause == "global_limit" else None))
    first = next_try(found, 1, 1, AT, None)
    assert first is not None
    until = first.until
    assert until - AT in {timedelta(hours=1), timedelta(hours=4)}
    longest = 0.0
    for tries in range(1, 40):
        pauses = [
            (plan.at - AT).total_seconds()
            for _ in range(200)
            if (plan := next_try(found, tries, 1, AT, until)) is not None
        ]
        least = found.first_pause if found.pause_is_asked else 0
        assert all(least <= pause <= LONGEST_PAUSE + 1 for pause in pauses)
        assert max(pauses) - min(pauses) > 0.3 * min(LONGEST_PAUSE, found.first_pause * 2**tries) - least
        longest = max(longest, *pauses)
    assert longest > 0.9 * LONGEST_PAUSE
    assert next_try(found, 3, 1, until, until) is None or next_try(found, 3, 1, until + timedelta(1), until) is None


def test_what_the_service_asked_for_is_obeyed_as_it_is() -> None:
    found = failure(KINDS["throttled"], status=429, retry_after=77)
    plan = next_try(found, 1, 1, AT, None)
    assert plan is not None
    assert plan.closed_seconds == 77
    assert plan.at >= AT + timedelta(seconds=77)


def retrying(ground: Ground, send_id: int) -> int:
    """The kept count; also held against the messages themselves."""
    with ground.database.reading() as session:
        kept = tallies.retrying(session, send_id)
    rows = ground.messages(send_id)
    assert kept == sum(1 for row in rows if row.state is Outcome.PENDING and row.retry_until is not None)
    return kept


def fail_once(ground: Ground, send_id: int, waiting: int) -> None:
    hand = ground.hand()
    hand.queue.wake(send_id)
    hand.work(lambda: retrying(ground, send_id) == waiting, seconds=10)
    hand.close()


def test_how_many_wait_for_a_retry_is_kept_through_everything(ground: Ground, client: FlaskClient) -> None:
    ground.settings = ground.settings.model_copy(update={"retry_scale": 10.0})
    send_id = ground.send([*people(3), *(f"error-internal_server-{number}@example.net" for number in range(4))])
    fail_once(ground, send_id, 4)
    page = client.get(f"/sends/{send_id}").text
    assert "4 e-mails wait for another try" in page
    row = next(one for one in ground.messages(send_id) if one.retry_until is not None)
    page = client.get(f"/sends/{send_id}/messages/{row.id}").text
    assert "Tries again" in page and f"for the {ordinal(row.tries + 1)} time, until" in page
    with ground.database.writing() as session:
        control.cancel(session, ground.actor, send_id)
    assert retrying(ground, send_id) == 0
    assert ground.tally(send_id) == {Outcome.DELIVERED: 3, Outcome.CANCELLED: 4}


def test_a_retry_that_succeeds_is_no_longer_counted(ground: Ground) -> None:
    send_id = ground.send([*people(5), "once-internal_server-1@example.net", "once-throttled-1@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 7}
    assert retrying(ground, send_id) == 0
    assert all(one.retry_until is None for one in ground.messages(send_id))


def test_the_limit_is_one_in_time_from_the_first_failure_on(ground: Ground) -> None:
    ground.settings = ground.settings.model_copy(update={"retry_scale": 0.001})  # an hour is 3.6 s
    email = "error-internal_server@example.net"
    send_id = ground.send([email, "anna@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    message, attempts = ground.message(email), ground.attempts(email)
    assert (message.state, message.reason) == (Outcome.FAILED, "retries_used_up")
    assert message.tries == len(attempts) > 3
    assert f"Tried {message.tries} times" in message.detail
    assert (attempts[-1].started_at - attempts[0].started_at).total_seconds() < 5
    assert retrying(ground, send_id) == 0


def test_a_service_out_of_reach_for_too_long_pauses_the_send_and_uses_nobody_up(ground: Ground) -> None:
    ground.settings = ground.settings.model_copy(update={"retry_scale": 0.0005})
    ground.connection(base_url=f"http://127.0.0.1:{free_port()}/client/v4")
    send_id = ground.send(people(60))
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.PENDING: 60}
    assert "could not be reached" in ground.the_send(send_id).pause_reason
    retrying(ground, send_id)


def test_a_retry_handed_back_unposted_stays_a_retry(ground: Ground, simulator: RunningSimulator) -> None:
    """A worker that stops between claim and post gives it back with its own limit in time."""
    ground.settings = ground.settings.model_copy(update={"retry_scale": 10.0})
    send_id = ground.send(["error-internal_server-1@example.net"])
    fail_once(ground, send_id, 1)
    until = ground.messages(send_id)[0].retry_until
    with ground.database.writing() as session:
        session.execute(update(Message).values(next_try_at=now()))
    hand = ground.hand()
    from tests.delivery.test_lanes import lane_of

    lane = lane_of(ground, send_id)
    work = hand.pipeline.begin(lane)
    claimed = hand.pipeline.record_and_claim(work)
    assert claimed and retrying(ground, send_id) == 0
    work.watch.stop()
    hand.pipeline.post(work, claimed)
    work.results, work.is_leaving = work.tray.fetch(len(claimed), 10), True
    hand.pipeline.record_and_claim(work)
    hand.close()
    assert retrying(ground, send_id) == 1
    assert ground.messages(send_id)[0].retry_until == until
    assert len(ground.attempts("error-internal_server-1@example.net")) == 1
