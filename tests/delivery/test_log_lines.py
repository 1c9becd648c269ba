"""A real worker meets faults: its log says what happened to which message, and nothing of the people."""

from __future__ import annotations

import json
import signal

import pytest

from app.sends.models import SendKind, SendState
from app.simulator.settings import DEFAULT_TOKEN
from tests.conftest import SECRET_KEY
from tests.delivery.ground import Ground, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator

FAULTS = (
    "once-internal_server-a",
    "drop-b",
    "error-email.invalid",
    "suppressed-c",
    "gateway-d",
    "notjson-e",
    "bounce-f",
)
PERSONAL = ("@", "Zora", "News for", "Hello", "secret-cell", DEFAULT_TOKEN, SECRET_KEY, "notices", "unlikely-word")


@pytest.mark.parametrize("form", ["json", "text"])
def test_faults_are_told_with_their_numbers_and_without_people(
    ground: Ground, simulator: RunningSimulator, form: str
) -> None:
    emails = [f"{name}@example.net" for name in FAULTS]
    send_id = ground.send(
        emails,
        html="<p>Hello {{ name }} unlikely-word {{ gone.further }}</p>"
        if form == "text"
        else "<p>Hello {{ name }}</p>",
        data=lambda number: {"row": "secret-cell", "name": "Zora"},
    )
    test_id = ground.send(["zora@example.net"], kind=SendKind.TEST)
    with RunningWorker(ground.settings, POSTROOM_LOG_FORMAT=form, POSTROOM_LOG_LEVEL="debug") as worker:
        wait_for(lambda: {ground.state(send_id), ground.state(test_id)} == {SendState.FINISHED})
        worker.send(signal.SIGTERM)
        assert worker.wait(30) == 0
        words = worker.words
    for word in PERSONAL:
        assert word not in words, word
    assert f"send_id{'=' if form == 'text' else chr(34) + ': '}{send_id}" in words
    if form == "json":
        assert_told(ground, send_id, [json.loads(line) for line in words.splitlines()])


def assert_told(ground: Ground, send_id: int, lines: list[dict[str, object]]) -> None:
    events = [line["event"] for line in lines]
    assert events[0] == "the worker starts" and events[-1] == "the worker stopped"
    assert "send.finished" in events
    failed = [line for line in lines if line["event"] == "post failed"]
    told = {(line["message_id"], line["attempt"], line["cause"], line["was_sent"]) for line in failed}
    message = {one.email.partition("@")[0]: one.id for one in ground.messages(send_id)}
    assert (message["once-internal_server-a"], 1, "internal_server", "no") in told
    assert (message["drop-b"], 1, "connection_lost", "unknown") in told
    assert all(line["send_id"] == send_id and line["lane_id"] for line in failed)
    doubtful = {line["level"] for line in failed if line["was_sent"] == "unknown"}
    assert doubtful == {"WARNING"}
    answered = [line for line in lines if line["event"] == "post answered"]
    assert (message["once-internal_server-a"], 2) in {(line["message_id"], line["attempt"]) for line in answered}
