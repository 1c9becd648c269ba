"""The simulator keeps the vendor's contract: the examples, the documented errors, the limit, and a capture to trust."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from app.cloudflare.client import Client
from app.cloudflare.errors import PREFIX, SERVICE_ERRORS, ErrorKind
from app.cloudflare.results import Failure, SendAnswer, Suppression, WasSent
from app.cloudflare.types import Address
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.contract.test_rules import NOT_FOR_RULES, a_request
from tests.contract.vectors import VECTORS, is_send, name_of
from tests.simulator_process import RunningSimulator

SENDS = [one for one in VECTORS if is_send(one) and "precondition" not in one and one["expected_status"] in {200, 400}]
NEEDS_A_STATE = {
    *NOT_FOR_RULES,
    "mixed outcome: delivered, bounced, queued",
    "everyone bounced",
    "all three lists empty",
    "suppressed recipient dropped, rest sent",
    "unknown extra fields in the result",
    "content rejected as invalid",
    "no Content-Length",
    "success false with HTTP 200",
}
"""Examples whose request alone does not make their answer."""


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    domains = ["example.com", "example.org", "yourdomain.com", "mail.yourdomain.com", "notifications.yourdomain.com"]
    with RunningSimulator(tmp_path_factory.mktemp("simulator"), rate_limit=100_000, domains=domains) as running:
        yield running


def client_of(simulator: RunningSimulator) -> Client:
    return Client(simulator.base_url, DEFAULT_ACCOUNT, DEFAULT_TOKEN, read_timeout=5)


def captured_addresses(simulator: RunningSimulator) -> list[str]:
    return [one["Address"] for mail in simulator.messages() for one in mail["To"]]


def post(simulator: RunningSimulator, body: Any, **headers: str) -> requests.Response:
    return requests.post(
        f"{simulator.base_url}/accounts/{DEFAULT_ACCOUNT}/email/sending/send",
        data=body if isinstance(body, bytes | str) else json.dumps(body),
        headers={"Authorization": f"Bearer {DEFAULT_TOKEN}", "Content-Type": "application/json", **headers},
        timeout=20,
    )


@pytest.mark.parametrize("vector", [one for one in SENDS if one["name"] not in NEEDS_A_STATE], ids=name_of)
def test_the_examples_are_answered_as_written(simulator: RunningSimulator, vector: dict[str, Any]) -> None:
    answer = post(simulator, vector["request"].get("body"))
    assert answer.status_code == vector["expected_status"], answer.text
    if vector["expected_status"] != 200 and vector.get("expected_error_message"):
        assert answer.json()["errors"][0]["message"] == vector["expected_error_message"]


@pytest.mark.parametrize("kind", SERVICE_ERRORS, ids=lambda kind: kind.cause)
def test_an_address_asks_for_each_documented_error(simulator: RunningSimulator, kind: ErrorKind) -> None:
    with client_of(simulator) as client:
        result = client.send(a_request(to=(Address(f"error-{kind.cause}@example.net"),)))
    assert isinstance(result, Failure)
    assert (result.http_status, result.code, result.message) == (kind.status, kind.code, PREFIX + kind.cause)


def test_once_addresses_fail_once(simulator: RunningSimulator) -> None:
    request = a_request(to=(Address("once-internal_server-anna@example.net"),))
    with client_of(simulator) as client:
        assert isinstance(client.send(request), Failure)
        assert isinstance(client.send(request), SendAnswer)


def test_a_dropped_mail_was_captured_and_a_refused_one_was_not(simulator: RunningSimulator) -> None:
    with client_of(simulator) as client:
        for address in ("drop-captured@example.net", "refuse-drop-lost@example.net"):
            result = client.send(a_request(to=(Address(address),)))
            assert isinstance(result, Failure)
            assert result.was_sent is WasSent.UNKNOWN
    captured = captured_addresses(simulator)
    assert "drop-captured@example.net" in captured
    assert "refuse-drop-lost@example.net" not in captured


def test_a_request_without_a_length_is_refused(simulator: RunningSimulator) -> None:
    answer = requests.post(
        f"{simulator.base_url}/accounts/{DEFAULT_ACCOUNT}/email/sending/send",
        data=iter([b"{}"]),  # chunked: no length
        headers={"Authorization": f"Bearer {DEFAULT_TOKEN}"},
        timeout=10,
    )
    assert answer.json()["errors"][0]["message"] == PREFIX + "email.no_content_length"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/accounts/other/email/sending/limits", 404), ("/nowhere", 404), ("/accounts/x/tokens/verify", 401)],
)
def test_other_accounts_and_paths_are_refused(simulator: RunningSimulator, path: str, status: int) -> None:
    answer = requests.get(simulator.base_url + path, headers={"Authorization": f"Bearer {DEFAULT_TOKEN}"}, timeout=10)
    assert answer.status_code == status


def test_another_domain_is_refused(simulator: RunningSimulator) -> None:
    with client_of(simulator) as client:
        result = client.send(a_request(sender=Address("a@elsewhere.example")))
    assert isinstance(result, Failure)
    assert result.cause == "email.sender_not_configured"


def test_eight_threads_are_captured_without_loss(simulator: RunningSimulator) -> None:
    addresses = [f"many{number}@example.net" for number in range(200)]
    with client_of(simulator) as client, ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda address: client.send(a_request(to=(Address(address),))), addresses))
    assert all(isinstance(result, SendAnswer) for result in results)
    captured = [address for address in captured_addresses(simulator) if address.startswith("many")]
    assert sorted(captured) == sorted(addresses)


def test_suppressions_are_paged_filtered_and_changed(simulator: RunningSimulator) -> None:
    with client_of(simulator) as client:
        result = client.import_suppressions([{"email": f"no{number}@example.net"} for number in range(25)])
        assert not isinstance(result, Failure)
        assert (result.processed, result.total) == (25, 25)
        everyone = [one for one in client.all_suppressions(per_page=10) if isinstance(one, Suppression)]
        assert len({one.id for one in everyone}) == 25
        changed = client.update_suppression(everyone[0].id, note="moved away")
        assert isinstance(changed, Suppression)
        assert changed.note == "moved away"
        assert isinstance(client.suppressions(search="alex"), Failure)


def test_the_limit_has_headers_and_shuts_out(tmp_path: Any) -> None:
    with RunningSimulator(tmp_path, rate_limit=5, rate_window=2) as limited, client_of(limited) as client:
        results = [client.send(a_request()) for _ in range(6)]
        assert [isinstance(one, SendAnswer) for one in results] == [True] * 5 + [False]
        assert results[0].rate is not None
        assert (results[0].rate.left, results[0].rate.quota) == (4, 5)
        assert isinstance(results[5], Failure)
        assert (results[5].cause, results[5].retry_after) == ("global_limit", 2)
        time.sleep(2.1)
        assert isinstance(client.send(a_request()), SendAnswer)


def test_the_daily_quota_is_kept(tmp_path: Any) -> None:
    with RunningSimulator(tmp_path, daily_quota=1) as limited, client_of(limited) as client:
        assert isinstance(client.send(a_request()), SendAnswer)
        over = client.send(a_request())
        limits = client.limits()
    assert isinstance(over, Failure)
    assert over.cause == "throttled"
    assert not isinstance(limits, Failure)
    assert limits.usage is not None
    assert limits.usage.over_quota


def test_pages_for_people_answer_with_a_strict_policy(simulator: RunningSimulator) -> None:
    with client_of(simulator) as client:
        client.send(a_request(subject="<script>alert(1)</script>"))
    newest = simulator.messages()[0]["ID"]
    for path in ("/", "/?q=script", f"/mail/{newest}", "/outcomes", "/settings", "/clear"):
        answer = requests.get(simulator.url + path, timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "<script>alert" not in answer.text
    frame = requests.get(f"{simulator.url}/mail/{newest}/html", timeout=10)
    assert frame.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    eml = requests.get(f"{simulator.url}/mail/{newest}/eml", timeout=10)
    assert eml.headers["Content-Type"] == "message/rfc822"
    forged = requests.post(f"{simulator.url}/clear", headers={"Sec-Fetch-Site": "cross-site"}, timeout=10)
    assert forged.status_code == 403
