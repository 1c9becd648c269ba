"""What the client asks about suppressions is what the examples ask, and fits the OpenAPI file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from app.cloudflare.client import Client
from tests.contract.answering import answering
from tests.contract.vectors import OPENAPI, VECTORS

BY_NAME = {one["name"]: one for one in VECTORS}
NOTE = "Unsubscribed through our preference center"
CALLS: dict[str, Callable[[Client], object]] = {
    "suppression create twice": lambda client: client.create_suppression("recipient@example.com"),
    "suppression create for one sending domain": lambda client: client.create_suppression(
        "user@example.net", sending_domain="mail.myappexample.com"
    ),
    "suppression bulk import": lambda client: client.import_suppressions(
        [{"email": "first@example.com"}, {"email": "second@example.com", "note": "Imported from another provider"}]
    ),
    "suppression list": lambda client: client.suppressions(per_page=50),
    "suppression list, next page": lambda client: client.suppressions(per_page=50, cursor="<NEXT_CURSOR>"),
    "suppression lookup of one address": lambda client: client.suppressions(email="recipient@example.com"),
    "suppression search by user name": lambda client: client.suppressions(search="alex@"),
    "suppression list by reason": lambda client: client.suppressions(reason="complaint"),
    "suppression list for one sending domain": lambda client: client.suppressions(
        scope_type="sending_domain", scope_value="mail.myappexample.com"
    ),
    "suppression get": lambda client: client.suppression("the/id"),
    "suppression update": lambda client: client.update_suppression(
        "the/id", expires_at=None, note="Recipient requested a permanent opt-out"
    ),
    "suppression delete": lambda client: client.delete_suppression("the/id"),
    "sending limits": Client.limits,
    "token check, account-owned token": Client.check_token,
}


@pytest.mark.parametrize("name", CALLS)
def test_the_client_asks_what_the_example_asks(name: str) -> None:
    vector = BY_NAME[name]
    wanted = vector["request"]
    with answering(body=json.dumps(vector["expected_response"]).encode()) as plan:
        with Client(plan.url, "my account", "token") as client:
            CALLS[name](client)
        method, target, headers, body = plan.asked[0]
    url = urlsplit(target)
    path = wanted["path"].format(account_id="my%20account", suppression_id="the%2Fid")
    assert (method, url.path) == (wanted["method"], path)
    assert {"per_page": "100", **dict(parse_qsl(url.query))} == {
        "per_page": "100",
        **{key: str(value) for key, value in wanted.get("query", {}).items()},
    }
    assert (json.loads(body) if body else None) == wanted.get("body")
    assert headers.get("Content-Type") == ("application/json" if body else None)


BODIES: dict[tuple[str, str], Callable[[Client], object]] = {
    ("post", ""): lambda client: client.create_suppression(
        "a@example.net", expires_at=datetime(2027, 1, 1, tzinfo=UTC), note=NOTE
    ),
    ("patch", "/{suppression_id}"): lambda client: client.update_suppression("1", expires_at=None, note=""),
    ("post", "/bulk"): lambda client: client.import_suppressions([{"email": "a@example.net", "note": NOTE}]),
}


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_every_body_fits_the_openapi_file(method: str, path: str) -> None:
    operation = OPENAPI["paths"]["/accounts/{account_id}/email/sending/suppressions" + path][method]
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    with answering(body=b'{"success": true, "result": {"id": "1"}}') as plan:
        with Client(plan.url, "account", "token") as client:
            BODIES[method, path](client)
        body = json.loads(plan.asked[0][3])
    body = {name: value for name, value in body.items() if value is not None}  # `nullable` is OpenAPI 3.0's word
    Draft202012Validator({**schema, "components": OPENAPI["components"]}, format_checker=FormatChecker()).validate(body)
    assert set(body) <= set(schema["properties"])


def test_what_is_not_given_is_not_changed() -> None:
    with answering() as plan, Client(plan.url, "account", "token") as client:
        client.update_suppression("1")
        client.update_suppression("1", note="")
        client.update_suppression("1", expires_at=None)
    assert [json.loads(body) for _, _, _, body in plan.asked] == [{}, {"note": ""}, {"expires_at": None}]
