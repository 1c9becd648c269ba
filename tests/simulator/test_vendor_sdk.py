"""Proven against what others wrote: the vendor's own Python SDK, changed only by its base URL, talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import cloudflare
import pytest
from cloudflare import Cloudflare

from app.simulator.settings import DEFAULT_ACCOUNT
from tests.simulator_process import RunningSimulator


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    tokens = {"simulator": ["send", "read"], "reader": ["read"], "poor": ["not_entitled"], "old": ["expired"]}
    with RunningSimulator(tmp_path_factory.mktemp("simulator"), rate_limit=100_000, tokens=tokens) as running:
        yield running


def sdk(simulator: RunningSimulator, token: str = "simulator") -> Cloudflare:
    return Cloudflare(api_token=token, base_url=simulator.base_url, max_retries=0)


def send(client: Cloudflare, to: str, **more: object) -> object:
    return client.email_sending.send(
        account_id=DEFAULT_ACCOUNT,
        from_="notices@example.com",
        to=to,
        subject="Hello",
        html="<p>Hello</p>",
        text="Hello",
        **more,  # type: ignore[arg-type]
    )


def test_the_sdk_sends_and_gets_typed_results(simulator: RunningSimulator) -> None:
    result = send(sdk(simulator), "anna@example.net", headers={"X-Order": "17"})
    assert result.delivered == ["anna@example.net"]  # type: ignore[attr-defined]
    assert result.message_id.endswith("@example.com>")  # type: ignore[attr-defined]
    assert send(sdk(simulator), "bounce-b@example.net").permanent_bounces == ["bounce-b@example.net"]  # type: ignore[attr-defined]
    assert send(sdk(simulator), "queued-c@example.net").queued == ["queued-c@example.net"]  # type: ignore[attr-defined]
    newest = simulator.message(simulator.messages()[2]["ID"])
    assert (newest["Subject"], newest["Text"], newest["Headers"]) == ("Hello", "Hello", {"X-Order": "17"})


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("error-email.invalid@example.net", cloudflare.BadRequestError),
        ("error-authentication.unauthorized@example.net", cloudflare.AuthenticationError),
        ("error-authentication.forbidden@example.net", cloudflare.PermissionDeniedError),
        ("error-throttled@example.net", cloudflare.RateLimitError),
        ("error-internal_server@example.net", cloudflare.InternalServerError),
        ("drop@example.net", cloudflare.APIConnectionError),
    ],
)
def test_the_sdk_gets_typed_errors(simulator: RunningSimulator, to: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        send(sdk(simulator), to)


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("nonsense", cloudflare.AuthenticationError),
        ("old", cloudflare.AuthenticationError),
        ("reader", cloudflare.PermissionDeniedError),
        ("poor", cloudflare.PermissionDeniedError),
    ],
)
def test_tokens_may_do_what_their_scopes_say(simulator: RunningSimulator, token: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        send(sdk(simulator, token), "anna@example.net")


def test_the_sdk_edits_suppressions(simulator: RunningSimulator) -> None:
    suppressions = sdk(simulator).email_sending.suppressions
    made = suppressions.create(account_id=DEFAULT_ACCOUNT, email="Stop@example.net", note="asked by phone")
    again = suppressions.create(account_id=DEFAULT_ACCOUNT, email="stop@example.net")
    assert made.id == again.id
    with pytest.raises(cloudflare.BadRequestError):
        send(sdk(simulator), "stop@example.net")
    listed = suppressions.list(account_id=DEFAULT_ACCOUNT, email="stop@example.net")
    assert [one.note for one in listed.result] == ["asked by phone"]
    suppressions.delete(made.id, account_id=DEFAULT_ACCOUNT)
    assert send(sdk(simulator), "stop@example.net").delivered == ["stop@example.net"]  # type: ignore[attr-defined]
    with pytest.raises(cloudflare.NotFoundError):
        suppressions.delete(made.id, account_id=DEFAULT_ACCOUNT)
