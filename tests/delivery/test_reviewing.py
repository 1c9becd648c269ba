"""Reviews in the worker: done in the background, begun again after a kill, never by two at once."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from app.delivery import reviewing
from app.delivery.reviewing import AT_ONCE, Reviewing
from app.recipients.models import Recipient, RecipientList
from app.sends.models import ReviewProblem, ReviewState, Send, SendState
from app.sends.review import request_review
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker

SLOW = "{% for a in range(60) %}{% for b in range(50) %}{{ a * b }}{% endfor %}{% endfor %}"
"""Some milliseconds a person."""


def draft(ground: Ground, count: int, *, html: str = "<p>{{ first_name }}</p>") -> int:
    """A draft to a list of so many people; every tenth has a name that fits into no subject."""
    send_id = ground.send(["placeholder@example.net"], state=SendState.DRAFT, html=html)
    with ground.database.writing() as session:
        recipients = RecipientList(
            workspace_id=ground.actor.workspace_id,
            name=f"List {send_id}",
            columns=["first_name"],
            recipient_count=count,
        )
        session.add(recipients)
        session.flush()
        rows = [
            {
                "list_id": recipients.id,
                "email": email,
                "email_key": email,
                "name": "Two\nlines" if number % 10 == 0 else "Anna",
                "data": {"first_name": "Anna"},
            }
            for number, email in enumerate(people(count))
        ]
        session.execute(insert(Recipient), rows)
        session.get_one(Send, send_id).list_id = recipients.id
    with ground.database.writing() as session:
        request_review(session, ground.actor, send_id)
    return send_id


def review_of(ground: Ground, send_id: int) -> tuple[ReviewState, int, int]:
    send = ground.the_send(send_id)
    return send.review_state, send.review_done, send.review_problems


def problems(ground: Ground, send_id: int) -> int:
    with ground.database.reading() as session:
        query = select(func.count()).select_from(ReviewProblem).where(ReviewProblem.send_id == send_id)
        return session.scalar(query) or 0


def test_a_review_is_done_in_the_background(ground: Ground) -> None:
    with RunningWorker(ground.settings):
        send_id = draft(ground, 250)
        ground.hand().queue.review(send_id)
        wait_for(lambda: review_of(ground, send_id)[0] is ReviewState.DONE)
    assert review_of(ground, send_id) == (ReviewState.DONE, 250, 25)
    assert problems(ground, send_id) == 25


def test_a_review_that_waits_is_found_by_a_worker_that_starts(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    send_id = draft(ground, 20)  # its job was lost
    if ground.database.is_sqlite:
        with RunningWorker(ground.settings):
            wait_for(lambda: review_of(ground, send_id)[0] is ReviewState.DONE)
        return
    queue = _Enqueued()
    looking = Reviewing(ground.database, queue)  # type: ignore[arg-type]
    monkeypatch.setattr(reviewing, "SILENT_SECONDS", 0.2)
    looking.wake_silent()
    assert queue.reviews == []
    time.sleep(0.3)
    looking.wake_silent()
    assert queue.reviews == [send_id]


def test_a_killed_review_begins_again_and_counts_everybody_once(ground: Ground) -> None:
    if not ground.database.is_sqlite:
        pytest.skip("on PostgreSQL it is found after a minute; see the silent one above")
    send_id = draft(ground, 1000, html=SLOW + "{{ first_name }}")
    with RunningWorker(ground.settings) as worker:
        wait_for(lambda: review_of(ground, send_id)[1] > 0)
        worker.kill()
        assert review_of(ground, send_id)[0] is ReviewState.RUNNING
        worker.start()
        wait_for(lambda: review_of(ground, send_id)[0] is ReviewState.DONE)
    assert review_of(ground, send_id) == (ReviewState.DONE, 1000, 100)
    assert problems(ground, send_id) == 100


def test_a_long_review_does_not_hold_up_a_stop(ground: Ground) -> None:
    send_id = draft(ground, 5000, html=SLOW + "{{ first_name }}")
    with RunningWorker(ground.settings) as worker:
        ground.hand().queue.review(send_id)
        wait_for(lambda: review_of(ground, send_id)[1] > 0)
        worker.send(signal.SIGTERM)
        assert worker.wait(12) == 0
    assert review_of(ground, send_id)[0] is ReviewState.RUNNING


def test_reviews_leave_room_for_delivery(ground: Ground) -> None:
    with RunningWorker(ground.settings):
        for _ in range(AT_ONCE + 3):
            ground.hand().queue.review(draft(ground, 3000, html=SLOW + "{{ first_name }}"))
        time.sleep(1)
        send_id = ground.send(people(30))
        ground.hand().queue.wake(send_id)
        assert wait_for(lambda: ground.state(send_id) is SendState.FINISHED) < 10


def test_one_review_is_never_run_by_two_at_once(ground: Ground) -> None:
    send_id = draft(ground, 600, html=SLOW + "{{ first_name }}")
    queue = _Enqueued()
    runs = [Reviewing(ground.database, queue) for _ in range(1 if ground.database.is_sqlite else 2)]  # type: ignore[arg-type]
    first = threading.Thread(target=runs[0].run, args=(send_id,))
    first.start()
    wait_for(lambda: review_of(ground, send_id)[1] > 0)
    runs[-1].run(send_id)
    assert queue.later == [send_id]
    first.join()
    assert review_of(ground, send_id) == (ReviewState.DONE, 600, 60)
    for one in runs:
        one.renderer.close()


class _Enqueued:
    """Remembers what was put back; the engine itself is tested elsewhere."""

    def __init__(self) -> None:
        self.reviews: list[int] = []
        self.later: list[Any] = []

    def review(self, send_id: int) -> None:
        self.reviews.append(send_id)

    def review_later(self, send_id: int) -> None:
        self.later.append(send_id)
