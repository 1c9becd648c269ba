"""A send of a million: review, release and the first messages, with the pages looked at meanwhile (issue 5).

Long; it runs only when it is named. `PEOPLE` and `FIRST` in the environment make it shorter.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
from sqlalchemy import insert

from app.delivery.jobs import Queue
from app.recipients.models import Recipient, RecipientList
from app.sends.models import UNDER_WAY, ReviewState, SendState
from app.sends.release import release
from app.sends.review import request_review
from app.sends.tallies import counts
from tests.bench.pipeline import HTML, Sink, a_ground, wait_until, workers_alive
from tests.bench.rows import print_row
from tests.delivery.ground import Ground
from tests.delivery.worker_process import RunningWorker
from tests.factories import a_draft_send, a_sender, a_template_version
from tests.simulator_process import ROOT, free_port

PEOPLE = int(os.environ.get("PEOPLE", "1000000"))
FIRST = int(os.environ.get("FIRST", "50000"))
MIB = 1024 * 1024
CHUNK = 10_000


class Memory:
    """Looks at the memory of a process and its children until it is stopped; shared pages count once."""

    def __init__(self, number: int) -> None:
        self._process = psutil.Process(number)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most = self.most_alone = 0.0
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(1):
            alone, others = self._process.memory_full_info().pss, 0
            for child in self._process.children(recursive=True):
                try:
                    others += child.memory_full_info().pss
                except psutil.NoSuchProcess:
                    continue
            self.most_alone = max(self.most_alone, alone / MIB)
            self.most = max(self.most, (alone + others) / MIB)


def million() -> None:
    """Print the figures of a send of a million."""
    with (
        tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder,
        Sink() as sink,
        a_ground(Path(folder), sink.base_url) as ground,
        RunningWorker(ground.settings) as worker,
    ):
        wait_until(lambda: workers_alive(ground) == 1)
        assert worker.process is not None
        send_id = _draft(ground)
        memory = Memory(worker.process.pid)
        began = time.monotonic()
        with ground.database.writing() as session:
            request_review(session, ground.actor, send_id)
        queue = Queue(ground.settings, ground.database)
        queue.review(send_id)
        wait_until(lambda: ground.the_send(send_id).review_state is ReviewState.DONE, seconds=7200, rest=1)
        print_row("million", "review", PEOPLE / (time.monotonic() - began), "people/s", 1)
        began = time.monotonic()
        with ground.database.writing() as session:
            seen = ground.the_send(send_id).review_fingerprint
            release(session, ground.actor, send_id, seen=seen, again_confirmed=True, undo_seconds=0)
        print_row("million", "release_s", time.monotonic() - began, "s", 60, people=PEOPLE)
        with running_web(ground) as base_url:
            began = time.monotonic()
            queue.wake(send_id)
            pages = _look_at_pages(base_url, send_id, lambda: _done(ground, send_id) < FIRST)
        rate = _done(ground, send_id) / (time.monotonic() - began)
        memory.stop()
    print_row("million", "first_messages", rate, "messages/s", 1, messages=FIRST)
    print_row("million", "worker_memory_mib", memory.most, "MiB", 250, worker_alone=memory.most_alone)
    for name, limit in (("results_page_ms", 100), ("progress_partial_ms", 20)):
        waits = pages[name]
        p95 = statistics.quantiles(waits, n=20)[-1]
        print_row("million", name, p95, "ms p95", limit, median=statistics.median(waits), looks=len(waits))


def _draft(ground: Ground) -> int:
    with ground.database.writing() as session:
        members = RecipientList(workspace_id=ground.actor.workspace_id, name="Members", columns=["row"])
        session.add(members)
        session.flush()
        for first in range(0, PEOPLE, CHUNK):
            rows = [
                {
                    "list_id": members.id,
                    "email": f"person{number}@example.net",
                    "email_key": f"person{number}@example.net",
                    "name": f"Person {number}",
                    "data": {"row": str(number)},
                }
                for number in range(first, min(first + CHUNK, PEOPLE))
            ]
            session.execute(insert(Recipient), rows)
        members.recipient_count = PEOPLE
        a_sender(session, ground.actor)
        version = a_template_version(session, ground.actor, subject="News for {{ name }}", html=HTML, text="Hello")
        return a_draft_send(session, ground.actor, version=version, people=members).id


def _done(ground: Ground, send_id: int) -> int:
    with ground.database.reading() as session:
        tally = counts(session, send_id)
    assert ground.state(send_id) is not SendState.PAUSED
    return sum(count for outcome, count in tally.items() if outcome not in UNDER_WAY)


@contextmanager
def running_web(ground: Ground) -> Iterator[str]:
    """Run the real web server on the bench's data."""
    secret = ground.settings.secret_key_setting
    assert secret is not None
    port = free_port()
    environment = {
        **os.environ,
        "POSTROOM_DATA": str(ground.settings.data),
        "POSTROOM_PORT": str(port),
        "POSTROOM_SECRET_KEY": secret.get_secret_value(),
        "DATABASE_URL": ground.settings.database_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "web"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base_url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(f"{base_url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    try:
        wait_until(answers)
        yield base_url
    finally:
        process.terminate()
        process.wait(40)


def signed_in_session(base_url: str) -> requests.Session:
    """Sign in as the bench's person."""
    person = requests.Session()
    form = person.get(f"{base_url}/sign-in", timeout=30).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None
    given = {"email": "b@example.com", "password": "a long password", "csrf_token": token.group(1)}
    person.post(f"{base_url}/sign-in", data=given, timeout=30)
    return person


def _look_at_pages(base_url: str, send_id: int, is_going: Callable[[], bool]) -> dict[str, list[float]]:
    """Look at the results page and the progress partial again and again, as people do."""
    person = signed_in_session(base_url)
    waits: dict[str, list[float]] = {"results_page_ms": [], "progress_partial_ms": []}
    paths = {"results_page_ms": f"/sends/{send_id}", "progress_partial_ms": f"/sends/{send_id}/progress"}
    while is_going():
        for name, path in paths.items():
            began = time.perf_counter()
            # htmx asks for the partial so; a browser without it is led to the whole page.
            answer = person.get(base_url + path, headers={"HX-Request": "true"}, timeout=30, allow_redirects=False)
            waits[name].append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (answer.status_code, path)
        time.sleep(0.2)
    return waits
