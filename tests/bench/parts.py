"""Where the processor's time of one message goes, part by part (issue 5): the profile behind the pipeline's figures.

CPU time of this process, not wall time, so that a busy machine tells the same. The floor is one POST of a ready body by
a plain `requests` session.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests
from sqlalchemy import select

from app.cloudflare.client import Client
from app.delivery.models import Lane
from app.delivery.pipeline import Pipeline, Work
from app.sends.composition import compose, plan_of
from app.sends.models import Outcome, Send
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.bench.pipeline import BODY_BYTES, HTML, Sink, a_ground
from tests.bench.rows import print_row
from tests.delivery.ground import Ground, people

ROUNDS = 2_000
MESSAGES = 4_000


class MeasuredPipeline(Pipeline):
    """A pipeline that knows what its turns cost."""

    turns = 0.0
    """CPU seconds of the thread that takes the turns: claiming and recording."""

    def record_and_claim(self, work: Work) -> list[object]:  # type: ignore[override]
        """Take a turn, and note what it took."""
        began = time.thread_time()
        claimed = super().record_and_claim(work)
        type(self).turns += time.thread_time() - began
        return list(claimed)


def parts() -> None:
    """Print microseconds of CPU a message for each part."""
    with (
        tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder,
        Sink() as sink,
        a_ground(Path(folder), sink.base_url) as ground,
    ):
        send_id = ground.send(people(MESSAGES), html=HTML)
        with ground.database.reading() as session:
            plan = plan_of(session, session.get_one(Send, send_id))

        def put_together() -> bytes:
            return compose(plan, "anna@example.net", "Anna", {"row": "12"}, "r" * 36).body()

        body = put_together()
        assert abs(len(body) - BODY_BYTES) < 1000
        bare = requests.Session()
        bare.headers.update({"Authorization": f"Bearer {DEFAULT_TOKEN}", "Content-Type": "application/json"})
        url = f"{sink.base_url}/accounts/{DEFAULT_ACCOUNT}/email/sending/send"
        floor = _microseconds(lambda: bare.post(url, data=body, timeout=60))
        with Client(sink.base_url, DEFAULT_ACCOUNT, DEFAULT_TOKEN) as client:
            ours = _microseconds(lambda: client.send(body))
        print_row("parts", "post_us", ours, "µs CPU", floor)
        for name, part in (
            ("render_and_json_us", put_together),
            ("sha256_us", lambda: hashlib.sha256(body).hexdigest()),
        ):
            print_row("parts", name, _microseconds(part), "µs CPU", floor)
        whole, turns = _delivered(ground, send_id)
        print_row("parts", "claim_and_record_us", turns, "µs CPU", floor)
        print_row("parts", "whole_message_us", whole, "µs CPU", floor)


def _delivered(ground: Ground, send_id: int) -> tuple[float, float]:
    hand = ground.hand()
    pipeline = MeasuredPipeline(ground.settings, ground.database, hand.queue, "bench")
    began = time.process_time()
    hand.queue.wake(send_id)
    while True:
        with ground.database.reading() as session:
            job = session.execute(select(Lane.id, Lane.generation)).first()
        if job is None:
            break
        pipeline.run_lane(job.id, job.generation)
    cpu = time.process_time() - began
    pipeline.close()
    hand.close()
    assert ground.tally(send_id) == {Outcome.DELIVERED: MESSAGES}
    return cpu / MESSAGES * 1e6, pipeline.turns / MESSAGES * 1e6


def _microseconds(part: Callable[[], object]) -> float:
    for _ in range(50):
        part()
    began = time.process_time()
    for _ in range(ROUNDS):
        part()
    return (time.process_time() - began) / ROUNDS * 1e6
