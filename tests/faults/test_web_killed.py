"""The web is killed -9 while somebody presses Send: it is released whole or not at all, and goes out by itself (P1)."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from app.emails.limits import LimitedRenderer
from app.sends.models import SendState
from tests.conftest import PASSWORD
from tests.delivery.ground import Ground, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.factories import a_draft_send, a_list, a_template_version, reviewed, some_people
from tests.faults.judge import Tell, assert_promises
from tests.sends.pages import hidden
from tests.simulator_process import RunningSimulator, free_port

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("SEED", "20261124"))
KILLS = max(3, int(os.environ.get("KILLS", "8")) // 8)
PEOPLE = 20


class RunningWeb(RunningWorker):
    """`postroom web` with its processes, and a person signed in to it."""

    command = "web"

    def __init__(self, ground: Ground) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(ground.settings, POSTROOM_PORT=str(self.port), POSTROOM_UNDO_SECONDS="0")
        self._person = ground.actor.email
        self.browser = requests.Session()

    def start(self) -> None:
        super().start()
        wait_for(self._answers)

    def kill(self) -> None:
        """All of its processes at once, as when the machine goes."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def sign_in(self) -> None:
        page = self.browser.get(f"{self.url}/sign-in", timeout=30).text
        fields = {"email": self._person, "password": PASSWORD, "csrf_token": hidden(page, "csrf_token")}
        answer = self.browser.post(f"{self.url}/sign-in", data=fields, timeout=30, allow_redirects=False)
        assert answer.status_code == 302

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False


@pytest.fixture
def web(ground: Ground) -> Iterator[RunningWeb]:
    with RunningWeb(ground) as running:
        running.sign_in()
        yield running


def drafts(ground: Ground, renderer: LimitedRenderer, count: int) -> list[int]:
    """Make reviewed drafts, each to a list of its own."""
    with ground.database.writing() as session:
        ids = []
        for _ in range(count):
            people = a_list(session, ground.actor, people=some_people(PEOPLE))
            version = a_template_version(session, ground.actor)
            ids.append(a_draft_send(session, ground.actor, version=version, people=people).id)
    for one in ids:
        reviewed(ground.database, renderer, ground.actor, one)
    return ids


def press_send(web: RunningWeb, send_id: int, fields: dict[str, str], answers: list[int]) -> None:
    try:
        answer = web.browser.post(f"{web.url}/sends/{send_id}/release", data=fields, timeout=30, allow_redirects=False)
        answers.append(answer.status_code)
    except requests.RequestException:
        answers.append(0)


def test_a_web_that_is_killed_at_the_press_of_send_releases_whole_or_not_at_all(
    ground: Ground, simulator: RunningSimulator, web: RunningWeb, renderer: LimitedRenderer, tell: Tell
) -> None:
    chance, answers = random.Random(SEED), list[int]()
    sends = drafts(ground, renderer, KILLS)
    with RunningWorker(ground.settings, POSTROOM_LEASE_SECONDS="3"):
        for send_id in sends:
            page = web.browser.get(f"{web.url}/sends/{send_id}/review", timeout=30).text
            fields = {"seen": hidden(page, "seen"), "csrf_token": hidden(page, "csrf_token")}
            pressing = threading.Thread(target=press_send, args=(web, send_id, fields, answers))
            pressing.start()
            time.sleep(chance.uniform(0, 0.2))
            web.kill()
            pressing.join()
            web.start()
        began = time.monotonic()
        released = [one for one in sends if ground.state(one) is not SendState.DRAFT]
        wait_for(lambda: all(ground.state(one) is SendState.FINISHED for one in released))
        took = time.monotonic() - began
    for one in set(sends) - set(released):
        assert not ground.messages(one), "half released"
    for one in released:
        assert ground.the_send(one).total == len(ground.messages(one)) == PEOPLE
    figures = assert_promises(ground, simulator, *released, most_in_doubt=0)
    assert figures.arrived == PEOPLE * len(released)
    tell(figures, seed=SEED, kills=KILLS, released=len(released), answers=answers, all_out_after_s=round(took, 1))
