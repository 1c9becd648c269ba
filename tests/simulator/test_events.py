"""The simulator's later events: the vendor's question, delays, refusals, and the stories that addresses choose."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from app.cloudflare.client import Client
from app.cloudflare.events import DeliveryEvent, EventKind, EventPage, EventReader, EventsFailure
from app.cloudflare.results import Failure, SendAnswer
from app.cloudflare.types import Address
from app.db import now
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.contract.test_events import VECTOR
from tests.contract.test_rules import a_request
from tests.simulator_process import RunningSimulator

AT_ONCE = {"after_seconds": 0, "lag_seconds": 0, "message_ids": "brackets"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: RunningSimulator) -> RunningSimulator:
    assert requests.delete(f"{running.url}/api/v1/messages", timeout=10).ok
    running.configure(rate_limit=100_000, graphql_limit=100_000, events=AT_ONCE)
    return running


def client_of(simulator: RunningSimulator, token: str = DEFAULT_TOKEN) -> Client:
    return Client(simulator.base_url, DEFAULT_ACCOUNT, token, read_timeout=5)


def zone_of(client: Client, name: str = "example.com") -> str:
    zones = client.zones()
    assert not isinstance(zones, Failure)
    return next(zone.id for zone in zones if zone.name == name)


def told(simulator: RunningSimulator, zone: str = "example.com") -> tuple[DeliveryEvent, ...]:
    with client_of(simulator) as client:
        page = EventReader(client).page(zone_of(client, zone), now() - timedelta(hours=1), now())
    assert isinstance(page, EventPage), page
    return page.events


def send(simulator: RunningSimulator, *emails: str, sender: str = "notices@example.com") -> list[SendAnswer | Failure]:
    with client_of(simulator) as client:
        return [
            client.send(a_request(to=(Address(email),), sender=Address(sender), subject="The news")) for email in emails
        ]


STORIES = {
    "anna@example.net": ["delivered"],
    "bounce-b@example.net": ["bounced"],
    "queued-c@example.net": ["deferred", "delivered"],
    "queued-bounce-d@example.net": ["deferred", "bounced"],
    "queued-soft-e@example.net": ["deferred", "deferred", "soft_bounced"],
    "queued-stays-f@example.net": ["deferred"],
    "nolist-g@example.net": ["delivered"],
    "nolist-stays-h@example.net": [],
    "drop-i@example.net": ["delivered"],
    "drop-bounce-j@example.net": ["bounced"],
    "refuse-drop-k@example.net": [],
    "complain-l@example.net": ["delivered", "complained"],
    "late-bounce-m@example.net": ["delivered", "bounced"],
    "dropped-n@example.net": ["rejected"],
    "suppressed-o@example.net": [],
}


def test_addresses_choose_what_becomes_of_a_mail(simulator: RunningSimulator) -> None:
    send(simulator, *STORIES)
    found: dict[str, list[str]] = {email: [] for email in STORIES}
    for event in told(simulator):
        found[event.recipient].append(str(event.kind))
        assert event.subject == "The news"
    assert found == STORIES
    bounce = next(one for one in told(simulator) if one.kind is EventKind.BOUNCED)
    assert bounce.detail.startswith("550 ")


@pytest.mark.parametrize(("form", "same"), [("brackets", True), ("bare", True), ("other", False)])
def test_message_ids_come_in_three_forms(simulator: RunningSimulator, form: str, same: bool) -> None:
    simulator.configure(events={**AT_ONCE, "message_ids": form})
    (answer,) = send(simulator, "anna@example.net")
    assert isinstance(answer, SendAnswer) and answer.message_id
    (event,) = told(simulator)
    assert (event.bare_id == answer.message_id.strip("<>")) == same
    assert event.message_id.startswith("<") == (form == "brackets")


def test_events_appear_only_when_they_happened_and_are_known(simulator: RunningSimulator) -> None:
    simulator.configure(events={"after_seconds": 2, "lag_seconds": 1})
    send(simulator, "queued-anna@example.net")
    assert told(simulator) == ()
    time.sleep(1.3)
    assert [str(one.kind) for one in told(simulator)] == ["deferred"]
    time.sleep(2)
    assert [str(one.kind) for one in told(simulator)] == ["deferred", "delivered"]


def test_each_domain_has_a_zone_of_its_own(simulator: RunningSimulator) -> None:
    send(simulator, "anna@example.net", sender="cards@example.org")
    assert told(simulator, "example.com") == ()
    assert [one.recipient for one in told(simulator, "example.org")] == ["anna@example.net"]


def ask(simulator: RunningSimulator, body: Any, token: str = DEFAULT_TOKEN) -> requests.Response:
    return requests.post(
        f"{simulator.base_url}/graphql", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )


def test_the_question_of_the_examples_is_understood(simulator: RunningSimulator) -> None:
    with client_of(simulator) as client:
        zone = zone_of(client)
    send(simulator, "anna@example.net")
    body = VECTOR["request"]["body"]
    asked = {**body["variables"], "z": zone, "a": "2020-01-01T00:00:00Z", "b": "2090-01-01T00:00:00Z"}
    answer = ask(simulator, {**body, "variables": asked})
    assert answer.status_code == 200
    (row,) = answer.json()["data"]["viewer"]["zones"][0]["emailSendingAdaptive"]
    expected = VECTOR["expected_response"]["data"]["viewer"]["zones"][0]["emailSendingAdaptive"][0]
    assert set(row) == set(expected)
    other = ask(simulator, {**body, "variables": {**asked, "z": "elsewhere"}}).json()
    assert other["data"]["viewer"]["zones"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"query": "{viewer}"},
        {"query": 5},
        {"variables": {}},
        {"variables": {"z": "z", "a": "soon", "b": "later"}},
        {"query": VECTOR["request"]["body"]["query"].replace("errorCause", "mood")},
        {"query": VECTOR["request"]["body"]["query"].replace("limit:50", "limit:50000")},
    ],
)
def test_other_questions_are_refused_in_graphql_s_way(simulator: RunningSimulator, change: dict[str, Any]) -> None:
    good = {"z": "z", "a": "2026-01-01T00:00:00Z", "b": "2026-01-02T00:00:00Z"}
    answer = ask(simulator, {**VECTOR["request"]["body"], "variables": good, **change})
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert answer.json()["errors"][0]["message"]


def test_tokens_without_the_right_are_refused(simulator: RunningSimulator) -> None:
    simulator.configure(tokens={DEFAULT_TOKEN: ["send", "read", "analytics"], "sender": ["send", "read"]})
    for token, cause in (("sender", "no_permission"), ("nobody", "no_token")):
        with client_of(simulator, token) as client:
            failure = EventReader(client).page("zone", now() - timedelta(hours=1), now())
        assert isinstance(failure, EventsFailure)
        assert failure.cause == cause


def test_questions_have_a_limit_of_their_own(simulator: RunningSimulator) -> None:
    simulator.configure(graphql_limit=2, rate_window=300)
    with client_of(simulator) as client:
        reader, zone = EventReader(client), zone_of(client)
        answers = [reader.page(zone, now() - timedelta(hours=1), now()) for _ in range(3)]
        assert isinstance(client.send(a_request()), SendAnswer), "sending is not held up"
    assert [isinstance(one, EventPage) for one in answers] == [True, True, False]
    assert isinstance(answers[2], EventsFailure)
    assert answers[2].cause == "throttled" and answers[2].wait and answers[2].wait > 200


def test_the_settings_page_sets_the_delays(simulator: RunningSimulator) -> None:
    form = {"latency_ms": "0", "fault_share": "0", "rate_limit": "100000", "rate_window": "300", "daily_quota": "1000"}
    events = {"after_seconds": "7.5", "lag_seconds": "2", "message_ids": "bare", "graphql_limit": "9"}
    answer = requests.post(f"{simulator.url}/settings", data={**form, **events, "domains": "example.com\nexample.org"})
    assert answer.ok
    kept = requests.get(f"{simulator.url}/api/v1/settings", timeout=10).json()
    assert kept["events"] == {"after_seconds": 7.5, "lag_seconds": 2, "message_ids": "bare"}
    assert kept["graphql_limit"] == 9
    wrong = requests.post(f"{simulator.url}/settings", data={**form, **events, "message_ids": "round"}, timeout=10)
    assert wrong.status_code == 422
    assert 'value="7.5"' in wrong.text
