"""Changing Cloudflare's list from the page: by administrators, by real HTTP, with what is read-only explained."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from tests.contract.answering import answering
from tests.delivery.ground import Ground
from tests.delivery.test_suppression_sync import listed, mirror, sync, theirs
from tests.simulator_process import RunningSimulator

FIXED = {"email": "fixed@example.net", "reason": "policy", "read_only": True}


@pytest.fixture
def synced(ground: Ground, simulator: RunningSimulator) -> Ground:
    theirs(simulator, [{"email": "anna@example.net", "note": "Old"}, FIXED])
    sync(ground)
    return ground


def entry(ground: Ground, name: str) -> int:
    return mirror(ground)[f"{name}@example.net"].id


def test_an_entry_is_taken_away_there_and_here(
    synced: Ground, simulator: RunningSimulator, client: FlaskClient
) -> None:
    answer = client.post(f"/suppressions/theirs/{entry(synced, 'anna')}/remove", follow_redirects=True)
    assert "anna@example.net may be written to again" in answer.text
    assert set(listed(simulator)) == set(mirror(synced)) == {"fixed@example.net"}


def test_note_and_last_day_are_changed_there(synced: Ground, simulator: RunningSimulator, client: FlaskClient) -> None:
    data = {"note": "New", "until": "2031-04-30"}
    url = f"/suppressions/theirs/{entry(synced, 'anna')}/change"
    assert client.post(url, data=data).status_code == 302
    there = listed(simulator)["anna@example.net"]
    assert there["note"] == "New"
    assert datetime.fromisoformat(there["expires_at"]) == datetime(2031, 5, 1, tzinfo=UTC)
    assert mirror(synced)["anna@example.net"].note == "New"
    assert client.post(url, data={"note": "", "until": ""}).status_code == 302
    assert listed(simulator)["anna@example.net"]["expires_at"] is None
    assert client.post(url, data={"until": "never"}).status_code == 422
    assert client.post(url, data={"note": "Nu\0l"}).status_code == 302
    assert mirror(synced)["anna@example.net"].note == "Nul", "without the one sign that PostgreSQL takes in no text"


def test_what_is_read_only_is_explained_and_stays(
    synced: Ground, simulator: RunningSimulator, client: FlaskClient
) -> None:
    page = client.get("/suppressions/address?email=fixed@example.net").text
    assert "Cloudflare support" in page and "Take away now" not in page
    answer = client.post(f"/suppressions/theirs/{entry(synced, 'fixed')}/remove")
    assert answer.status_code == 409 and "lets nobody change or remove it" in answer.text
    assert "fixed@example.net" in listed(simulator)


def test_one_that_became_read_only_meanwhile_is_kept_so(
    synced: Ground, simulator: RunningSimulator, client: FlaskClient
) -> None:
    there = listed(simulator)["anna@example.net"]
    theirs(simulator, [{**there, "read_only": True}])
    vendor_id = listed(simulator)["anna@example.net"]["id"]
    with synced.database.writing() as session:
        from app.recipients.suppressions.models import TheirSuppression

        session.get_one(TheirSuppression, entry(synced, "anna")).vendor_id = vendor_id
    answer = client.post(f"/suppressions/theirs/{entry(synced, 'anna')}/remove")
    assert answer.status_code == 409 and "lets nobody change or remove it" in answer.text
    assert mirror(synced)["anna@example.net"].read_only


def test_one_that_is_gone_there_goes_here(synced: Ground, simulator: RunningSimulator, client: FlaskClient) -> None:
    anna = entry(synced, "anna")
    theirs(simulator, [])
    changed = client.post(f"/suppressions/theirs/{anna}/change", data={"note": "x"})
    assert changed.status_code == 422 and "no longer has this entry" in changed.text
    assert client.post(f"/suppressions/theirs/{anna}/remove").status_code == 302
    assert "anna@example.net" not in mirror(synced)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"tokens": {"simulator": ["read"]}}, "may not use Email Sending"),
        ({"rate_limit": 1}, "Nothing was changed"),
    ],
)
def test_a_refusal_changes_nothing_and_says_why(
    synced: Ground, simulator: RunningSimulator, client: FlaskClient, behaviour: dict[str, Any], words: str
) -> None:
    simulator.configure(**behaviour)
    listed(simulator)  # the one call that a limit of one leaves
    answer = client.post(f"/suppressions/theirs/{entry(synced, 'anna')}/remove")
    assert answer.status_code == 409 and words in answer.text
    assert "anna@example.net" in mirror(synced)


def test_a_service_out_of_reach_is_no_doubt_but_a_lost_answer_is(synced: Ground, client: FlaskClient) -> None:
    synced.connection(base_url="http://127.0.0.1:9/client/v4")
    url = f"/suppressions/theirs/{entry(synced, 'anna')}/remove"
    answer = client.post(url)
    assert answer.status_code == 409 and "could not be reached. Nothing was changed." in answer.text
    with answering(status=502, body=b"<html>bad gateway</html>") as plan:
        synced.connection(base_url=plan.url)
        answer = client.post(url)
    assert answer.status_code == 409 and "did not answer clearly" in answer.text


def test_staff_look_but_do_not_change_the_account(
    synced: Ground, staff_client: FlaskClient, simulator: RunningSimulator
) -> None:
    page = staff_client.get("/suppressions/address?email=anna@example.net").text
    assert "Only an administrator changes Cloudflare" in page
    assert staff_client.post(f"/suppressions/theirs/{entry(synced, 'anna')}/remove").status_code == 403
    assert "anna@example.net" in listed(simulator)


def test_the_simulator_refuses_whom_its_list_holds_by_scope(synced: Ground, simulator: RunningSimulator) -> None:
    """What the copy says and what the service does are the same thing."""
    domain = {"type": "sending_domain", "value": "example.org"}
    theirs(simulator, [{"email": "here@example.net"}, {"email": "there@example.net", "scope": domain}])
    for reason in ("suppressed", "suppressed_there"):  # the service said so; then our copy does
        send_id = synced.send(["here@example.net", "there@example.net"])
        synced.deliver(send_id)
        assert [(one.state, one.reason) for one in synced.messages(send_id)] == [("skipped", reason), ("delivered", "")]
        sync(synced)
    assert requests.get(f"{simulator.url}/healthz", timeout=5).ok
