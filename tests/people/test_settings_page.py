"""The settings page: the connection is checked in words, the token is never shown, senders come from found domains."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import now
from app.people.models import Connection, Person, Workspace
from app.sends.event_models import EventReading
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN, FULL
from tests.simulator_process import RunningSimulator


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    tokens = {
        DEFAULT_TOKEN: list(FULL),
        "sender": ["send", "read"],
        "reader": ["read"],
        "poor": ["not_entitled"],
        "old": ["expired"],
    }
    with RunningSimulator(tmp_path_factory.mktemp("simulator"), rate_limit=100_000, tokens=tokens) as running:
        yield running


def save(client: FlaskClient, simulator: RunningSimulator, **change: str) -> str:
    form = {
        "account_id": DEFAULT_ACCOUNT,
        "token": DEFAULT_TOKEN,
        "base_url": simulator.base_url,
        "calls_per_5_minutes": "1200",
        **change,
    }
    return client.post("/settings/connection", data=form, follow_redirects=True).text


def check(client: FlaskClient) -> str:
    return client.post("/settings/connection/check", follow_redirects=True).text


def test_a_good_connection_says_what_works(client: FlaskClient, simulator: RunningSimulator) -> None:
    save(client, simulator)
    page = check(client)
    assert "The token exists and is active." in page
    assert "Ready to send from: example.com, example.org." in page
    assert "1,000,000 e-mails a day" in page
    assert "The token may read what became of queued e-mails, bounces and complaints." in page
    assert "Missing" not in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": "nonsense"}, "Our access key for the mail service is not valid."),
        ({"token": "old"}, "The token is expired."),
        ({"token": "poor"}, "has no e-mail sending in its plan"),
        ({"token": "sender"}, "Give it “Analytics: Read” for every zone that sends. Sending works without it."),
        ({"account_id": "1234"}, "Missing"),
        ({"base_url": "http://127.0.0.1:9/client/v4"}, "The mail service could not be reached."),
    ],
)
def test_what_is_missing_is_said_in_words(
    client: FlaskClient, simulator: RunningSimulator, change: dict[str, str], words: str
) -> None:
    save(client, simulator, **change)
    assert words in check(client)


def test_without_a_connection_the_check_says_what_to_do(client: FlaskClient) -> None:
    assert "The mail service is not connected yet." in check(client)


def test_the_page_says_how_the_reading_of_later_results_goes_and_a_check_lets_it_begin_again(
    client: FlaskClient, simulator: RunningSimulator, session: Session, actor: Person
) -> None:
    save(client, simulator)
    words = "It needs “Analytics: Read”."
    later = now() + timedelta(hours=1)
    session.add(EventReading(workspace_id=actor.workspace_id, failures=3, words=words, not_before=later))
    session.commit()
    assert words in client.get("/settings").text
    assert words not in check(client)
    reading = session.get_one(EventReading, actor.workspace_id, populate_existing=True)
    assert (reading.not_before, reading.failures) == (None, 0)
    reading.looked_at = now()
    session.commit()
    assert "Bounces, complaints and late deliveries were read last" in client.get("/settings").text


def test_the_token_is_encrypted_kept_and_never_shown(
    client: FlaskClient, simulator: RunningSimulator, session: Session
) -> None:
    page = save(client, simulator, token="a very secret token")
    page += save(client, simulator, token="", calls_per_5_minutes="600")
    assert "a very secret token" not in page
    stored = session.scalars(select(Connection)).one()
    assert stored.token_sealed is not None
    assert "secret" not in stored.token_sealed
    assert stored.calls_per_5_minutes == 600


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"account_id": ""}, "Enter the account id"),
        ({"account_id": "two words"}, "An account id has no spaces."),
        ({"base_url": "not a web address"}, "Enter a web address that begins with https://."),
        ({"base_url": "http://api.example.com"}, "Use https, so that the token cannot be read on the way."),
        ({"calls_per_5_minutes": "many"}, "Not a valid integer value"),
        ({"calls_per_5_minutes": "1"}, "Between 10 and 1,000,000."),
    ],
)
def test_wrong_settings_are_named_at_their_field_and_kept(
    client: FlaskClient, simulator: RunningSimulator, change: dict[str, str], words: str
) -> None:
    page = save(client, simulator, **change)
    assert words in page
    for value in change.values():
        assert f'value="{value}"' in page


def test_senders_are_picked_from_the_domains_that_were_found(client: FlaskClient, simulator: RunningSimulator) -> None:
    save(client, simulator)
    check(client)
    form = {"sender-local_part": "notices", "sender-domain": "example.com", "sender-name": "Office"}
    page = client.post("/settings/senders", data=form, follow_redirects=True).text
    assert "Staff may now send as notices@example.com." in page
    assert "This sender exists already." in client.post("/settings/senders", data=form).text
    wrong = client.post("/settings/senders", data={**form, "sender-domain": "elsewhere.example"})
    assert (wrong.status_code, "Pick one of the account" in wrong.text) == (422, True)
    wrong = client.post("/settings/senders", data={**form, "sender-local_part": "two words"})
    assert (wrong.status_code, 'value="two words"' in wrong.text) == (422, True)


def test_live_is_switched_by_an_administrator_and_noted(client: FlaskClient, session: Session) -> None:
    assert "Trial mode" in client.post("/settings/mode", data={"mode": "trial"}, follow_redirects=True).text
    assert session.scalars(select(Workspace.is_live)).one() is False
    session.rollback()
    assert "Postroom is live" in client.post("/settings/mode", data={"mode": "live"}, follow_redirects=True).text
    assert "Switched to trial mode" in client.get("/activity").text
