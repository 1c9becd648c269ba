"""The client against a real HTTP server: every answer of the examples becomes a typed result, and doubt stays doubt."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.cloudflare.client import Client, covering_domain
from app.cloudflare.errors import KINDS, PREFIX
from app.cloudflare.results import Failure, SendAnswer, SendingDomain, SuppressionPage, WasSent
from tests.contract.answering import Answering, answering
from tests.contract.test_rules import a_request
from tests.contract.vectors import OPENAPI, VECTORS, answer_of, is_send, name_of

OWN_TESTS = {
    "time-out after the request was sent": "no HTTP answer: test_a_time_out_is_in_doubt",
    "connection refused or name not resolved": "no HTTP answer: test_what_never_connected_was_not_sent",
    "later delivery events by GraphQL": "tests/contract/test_events.py",
    "send_raw": "Postroom sends no raw MIME; the simulator answers it",
    "send_raw with an unknown field": "Postroom sends no raw MIME; the simulator answers it",
    "send_raw without recipients": "Postroom sends no raw MIME; the simulator answers it",
}
SENDS = [one for one in VECTORS if is_send(one) and one["name"] not in OWN_TESTS]
OTHERS = [one for one in VECTORS if not is_send(one) and one["name"] not in OWN_TESTS]


def client_of(plan: Answering, **options: Any) -> Client:
    return Client(plan.url, "account", "the secret token", **options)


@pytest.mark.parametrize("vector", SENDS, ids=name_of)
def test_every_answer_to_a_send_becomes_a_typed_result(vector: dict[str, Any]) -> None:
    body = answer_of(vector)
    with answering(status=vector["expected_status"], body=body) as plan, client_of(plan) as client:
        result = client.send(a_request())
    assert len(plan.asked) == 1, "posted exactly once, whatever the answer"
    success = vector["expected_status"] == 200 and json.loads(body)["success"]
    if success:
        assert isinstance(result, SendAnswer)
        given = json.loads(body)["result"]
        for group in ("delivered", "permanent_bounces", "queued", "suppressed_recipients"):
            assert list(getattr(result, group)) == given.get(group, [])
        assert result.message_id == given.get("message_id")
        return
    assert isinstance(result, Failure)
    assert result.raw == body.decode()
    assert result.staff_words and result.administrator_words
    message = (json.loads(body)["errors"] or [{}])[0].get("message", "") if body.startswith(b"{") else ""
    if message.startswith(PREFIX):
        assert result.cause == message.removeprefix(PREFIX)
    assert result.was_sent is (WasSent.UNKNOWN if vector["expected_status"] == 502 else WasSent.NO)
    assert result.stops_send == (vector["expected_status"] in {401, 403, 404})


@pytest.mark.parametrize("vector", OTHERS, ids=name_of)
def test_every_other_answer_is_read(vector: dict[str, Any]) -> None:
    path, method = vector["request"]["path"], vector["request"]["method"]
    with answering(status=vector["expected_status"], body=answer_of(vector)) as plan, client_of(plan) as client:
        result: object
        if "tokens/verify" in path:
            result = client.check_token()
        elif path.endswith("/limits"):
            result = client.limits()
        elif path.endswith("/subdomains"):
            result = client.sending_domains_of("zone")
        elif path.endswith("/bulk"):
            result = client.import_suppressions(vector["request"]["body"]["items"][:1000])
        elif path.endswith("/suppressions"):
            result = client.create_suppression("a@example.net") if method == "POST" else client.suppressions()
        elif method == "PATCH":
            result = client.update_suppression("one", note="x")
        elif method == "DELETE":
            result = client.delete_suppression("one")
        else:
            result = client.suppression("one") if "suppressions/" in path else client.send(a_request())
    assert isinstance(result, Failure) == (vector["expected_status"] != 200)
    if isinstance(result, Failure):
        assert result.http_status == vector["expected_status"]


def test_every_vector_is_run_or_named() -> None:
    run = {one["name"] for one in (*SENDS, *OTHERS)}
    assert run | set(OWN_TESTS) == {one["name"] for one in VECTORS}
    assert len(VECTORS) == 184


def test_a_time_out_is_in_doubt() -> None:
    with answering(wait=1.5) as plan, client_of(plan, read_timeout=0.3) as client:
        result = client.send(a_request())
    assert isinstance(result, Failure)
    assert (result.cause, result.was_sent, result.may_retry) == ("timeout", WasSent.UNKNOWN, False)


def test_a_lost_connection_is_in_doubt_and_is_not_tried_again() -> None:
    with answering(hang_up=True) as plan, client_of(plan) as client:
        result = client.send(a_request())
    assert isinstance(result, Failure)
    assert (result.cause, result.was_sent, result.may_retry) == ("connection_lost", WasSent.UNKNOWN, False)
    assert len(plan.asked) == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/client/v4", "http://no-such-host.invalid/client/v4"])
def test_what_never_connected_was_not_sent(address: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = address.format(port=probe.getsockname()[1])
    with Client(url, "account", "token") as client:
        result = client.send(a_request())
    assert isinstance(result, Failure)
    assert (result.cause, result.was_sent, result.may_retry) == ("cannot_connect", WasSent.NO, True)


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 200), (b'{"success": tr', 200), (b"", 200), (b"[]", 200), (b"null", 200)]
)
def test_an_answer_that_cannot_be_read_is_in_doubt(body: bytes, status: int) -> None:
    with answering(status=status, body=body) as plan, client_of(plan) as client:
        result = client.send(a_request())
    assert isinstance(result, Failure)
    assert (result.cause, result.was_sent) == ("unreadable", WasSent.UNKNOWN)


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed_as_number_and_as_date(as_date: bool) -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True) if as_date else "30"
    headers = {
        "Retry-After": value,
        "Ratelimit": '"default";r=0;t=17',
        "Ratelimit-Policy": '"default";q=1200;w=300',
    }
    body = json.dumps({"success": False, "errors": [{"code": 10004, "message": PREFIX + "throttled"}], "result": None})
    with answering(status=429, body=body.encode(), headers=headers) as plan, client_of(plan) as client:
        result = client.send(a_request())
    assert isinstance(result, Failure)
    assert result.retry_after == pytest.approx(30, abs=2)
    assert result.rate is not None
    assert (result.rate.left, result.rate.reset_seconds, result.rate.quota, result.rate.window_seconds) == (
        0,
        17,
        1200,
        300,
    )


def test_pages_are_followed_by_hand_even_when_one_is_empty() -> None:
    page = {"success": True, "result": [], "result_info": {"next_cursor": "more"}}
    with answering(body=json.dumps(page).encode()) as plan, client_of(plan) as client:
        first = client.suppressions(reason="manual")
        assert first == SuppressionPage((), "more")
        plan.body = json.dumps({"success": True, "result": [{"id": "1", "email": "a@example.net"}]}).encode()
        found = list(client.all_suppressions(reason="manual"))
    assert [one.email for one in found if not isinstance(one, Failure)] == ["a@example.net"]
    assert "reason=manual" in plan.asked[-1][1]


def test_suppression_bodies_fit_the_openapi_file() -> None:
    done = {"success": True, "result": {"id": "1"}}
    with answering(body=json.dumps(done).encode()) as plan, client_of(plan) as client:
        client.create_suppression("a@example.net", note="asked by phone", sending_domain="example.com")
    path = OPENAPI["paths"]["/accounts/{account_id}/email/sending/suppressions"]["post"]
    schema = {**path["requestBody"]["content"]["application/json"]["schema"], "components": OPENAPI["components"]}
    Draft202012Validator(schema).validate(json.loads(plan.asked[0][3]))


def test_the_token_is_nowhere_but_in_its_header() -> None:
    with answering(status=500) as plan, client_of(plan) as client:
        client.send(a_request())
        assert "the secret token" not in repr(client)
    _, path, headers, body = plan.asked[0]
    assert headers["Authorization"] == "Bearer the secret token"
    assert "secret" not in path and b"secret" not in body


def test_the_longest_sending_domain_covers_an_address() -> None:
    domains = [SendingDomain(name, True) for name in ("example.com", "mail.example.com", "*.example.com")]
    assert covering_domain("a@mail.example.com", domains) == domains[1]
    assert covering_domain("a@other.example.com", domains) == domains[2]
    assert covering_domain("a@example.com", domains) == domains[0]
    assert covering_domain("a@example.org", domains) is None


def test_every_error_has_words() -> None:
    assert all(kind.staff and kind.administrator for kind in KINDS.values())
