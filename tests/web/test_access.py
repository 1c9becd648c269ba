"""Every route, with each of its methods, by everybody: who is let in, who is sent to sign in, who is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.people.models import Person
from app.people.roles import Permission, Role
from tests.conftest import PASSWORD
from tests.full_workspace import FullWorkspace
from tests.web.access_rows import ROWS
from tests.web.conftest import OWNER, WHO, TwoWorkspaces

ONLY_READS = {"GET", "HEAD", "OPTIONS"}
OF_ROLE = {
    Permission.LOOK: set(Role),
    Permission.WRITE: {Role.EDITOR, Role.SENDER, Role.APPROVER, Role.ADMINISTRATOR},
    Permission.SEND: {Role.SENDER, Role.APPROVER, Role.ADMINISTRATOR},
    Permission.APPROVE: {Role.APPROVER, Role.ADMINISTRATOR},
    Permission.ADMINISTER: {Role.ADMINISTRATOR},
    Permission.RUN: set(),
}
"""The roles that have each permission: written out, so that a change of the code's table must be meant."""
ENDS_THE_SIGN_IN = {"people.sign_out", "people.end_sign_in"}


SAYS_DONE_BEFORE = {"emails.import_check", "emails.import_cancel", "recipients.cancel"}
"""A second press leads to the list with the words that it was done before, whatever the id."""


def may(who: str, endpoint: str, method: str) -> bool:
    """Whether the row lets this role, or the owner (a viewer here), in."""
    row = ROWS[endpoint]
    assert row is not None
    needed = row if isinstance(row, Permission) else row[method not in ONLY_READS]
    return needed in (Permission.LOOK, Permission.RUN) if who == OWNER else who in OF_ROLE[needed]


def unknown(rule: Rule, method: str) -> set[int]:
    """Give how a route answers for what is not there, or is of another workspace."""
    return {302} if method == "POST" and rule.endpoint in SAYS_DONE_BEFORE else {404}


def addresses(app: Flask, of: FullWorkspace, *, with_ids: bool = False) -> Iterator[tuple[Rule, str, str]]:
    """Every rule with each of its methods and an address of this workspace; what only reads comes first."""
    adapter = app.url_map.bind("localhost")
    for wanted in (True, False):
        for rule in app.url_map.iter_rules():
            if ROWS.get(rule.endpoint) is None or rule.endpoint in ENDS_THE_SIGN_IN:
                continue
            if with_ids and not any(name.endswith("_id") for name in rule.arguments):
                continue
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                if (method in ONLY_READS) == wanted:
                    yield rule, method, adapter.build(rule.endpoint, of.arguments_of(rule)[0], method=method)


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(ROWS)


def test_everybody_is_let_in_where_the_rows_say_so_and_nowhere_else(both: TwoWorkspaces) -> None:
    wrong = []
    for who in WHO:
        client = both.client(who)
        for rule, method, url in addresses(both.app, both.first):
            answer = client.open(url, method=method)
            assert "/sign-in" not in (answer.location or ""), (who, rule.endpoint, method)
            if (answer.status_code != 403) != may(who, rule.endpoint, method) or answer.status_code >= 500:
                wrong.append((who, rule.endpoint, method, answer.status_code))
    assert wrong == []


def test_nobody_gets_at_another_workspace(both: TwoWorkspaces) -> None:
    wrong = []
    for who in WHO:
        client = both.client(who)
        for rule, method, url in addresses(both.app, both.second, with_ids=True):
            if ROWS[rule.endpoint] is Permission.RUN and who == OWNER:  # the one page about all workspaces
                continue
            answer = client.open(url, method=method)
            if answer.status_code not in (unknown(rule, method) if may(who, rule.endpoint, method) else {403}):
                wrong.append((who, rule.endpoint, method, answer.status_code))
    assert wrong == [], wrong


def test_strangers_see_nothing_but_the_public_pages(both: TwoWorkspaces) -> None:
    client = both.app.test_client()
    for rule, method, url in addresses(both.app, both.first):
        answer = client.open(url, method=method)
        assert answer.status_code == 302, (rule.endpoint, method)
        assert (answer.location or "").startswith("/sign-in"), (rule.endpoint, method)


def test_public_pages_need_no_sign_in(app: Flask, anonymous_client: FlaskClient) -> None:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if ROWS[rule.endpoint] is None:
            url = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "unknown"))
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                answer = anonymous_client.open(url, method=method)
                assert not (answer.location or "").startswith("/sign-in"), (rule.endpoint, method)


def test_made_up_ids_are_answered_with_a_page_never_a_fault(client: FlaskClient, app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if not any(name.endswith("_id") for name in rule.arguments):
            continue
        values = dict.fromkeys(rule.arguments, 999_999) | {"side": "old"}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            url = adapter.build(rule.endpoint, values, method=method)
            status = client.open(url, method=method).status_code
            assert status in {403, *unknown(rule, method)}, (rule.endpoint, method, status)


def test_who_is_refused_is_told_who_may(both: TwoWorkspaces) -> None:
    answer = both.client(Role.VIEWER).get("/sends/new")
    assert answer.status_code == 403
    assert "A sender can." in answer.text
    assert "Whoever runs this installation can." in both.client(Role.ADMINISTRATOR).get("/settings/workspaces").text


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
