"""Every route, by everybody: who is let in, who is sent to sign in, who is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from app.people.models import Person
from app.people.roles import Permission
from app.web.request import needed
from app.web.sign_in import PUBLIC
from tests.conftest import PASSWORD


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Every endpoint with each of its methods and an address with made-up ids."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        url = adapter.build(rule.endpoint, _made_up(rule), method=next(iter(rule.methods or {"GET"})))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, url


def _made_up(rule: Rule) -> dict[str, object]:
    values: dict[str, object] = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        if isinstance(converter, AnyConverter):
            values[name] = min(converter.items)
        else:
            values[name] = 999_999 if isinstance(converter, IntegerConverter) else "delivered"
    return values


def test_strangers_see_nothing_but_the_public_pages(app: Flask, anonymous_client: FlaskClient) -> None:
    for endpoint, method, url in addresses(app):
        answer = anonymous_client.open(url, method=method)
        if endpoint in PUBLIC:
            assert not (answer.location or "").startswith("/sign-in"), endpoint
        else:
            assert answer.status_code == 302, (endpoint, method)
            assert (answer.location or "").startswith("/sign-in"), (endpoint, method)


def test_senders_are_refused_what_approvers_and_administrators_may_do(app: Flask, staff_client: FlaskClient) -> None:
    for endpoint, method, url in addresses(app):
        if endpoint in PUBLIC or endpoint == "people.sign_out":
            continue
        answer = staff_client.open(url, method=method)
        refused = needed(app.view_functions[endpoint], method) in (Permission.APPROVE, Permission.ADMINISTER)
        assert (answer.status_code == 403) == refused, (endpoint, method)
        assert answer.status_code != 500, (endpoint, method)


def test_made_up_ids_are_answered_with_a_page_never_a_fault(app: Flask, client: FlaskClient) -> None:
    for endpoint, method, url in addresses(app):
        if endpoint != "people.sign_out":
            status = client.open(url, method=method).status_code
            assert status < 500 or endpoint == "web.readyz", (endpoint, method)


@pytest.mark.usefixtures("actor")
def test_every_form_needs_its_token(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 400
    assert "This form is too old" in answer.text


def test_every_answer_carries_the_strict_policy(client: FlaskClient, actor: Person) -> None:
    for url in ("/", "/settings", "/activity", "/no-such-page"):
        policy = client.get(url).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
