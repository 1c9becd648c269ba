"""Workspaces see nothing of each other: by no id in an address or a form, in no page, by no form that was left open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import IntegerConverter, Rule

from app.db import Base, Database
from app.people import accounts, connection, workspaces
from app.people.connection import NotConnected
from app.people.models import Connection, Person, Workspace
from app.people.roles import Role
from app.settings import Settings
from tests.conftest import PASSWORD
from tests.full_workspace import Arguments
from tests.web.conftest import TwoWorkspaces
from tests.web.test_access import unknown

PLACES = {"line", "position"}
"""Numbers in addresses that count from 1 everywhere: a line of one's own file, a place in one's own chain."""
OF_THE_INSTALLATION = {"account", "worker", "post_time"}
"""Tables that no workspace has rows in; an account's last sign-in is kept there."""


def rows_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of workspaces."""
    with database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name not in OF_THE_INSTALLATION
        }


def foreign_arguments(both: TwoWorkspaces, rule: Rule) -> Iterator[Arguments]:
    """Ids of the second workspace alone, and each of them in an address of the first one's other ids."""
    numbers = [name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)]
    ids = [name for name in numbers if name not in PLACES]
    ids += ["sha256"] if "sha256" in rule.arguments and rule.endpoint != "unsubscribe.logo" else []
    if not ids:
        return
    theirs = both.second.arguments_of(rule)
    yield from theirs
    if len(ids) > 1:
        ours = both.first.arguments_of(rule)[0]
        for one in theirs:
            yield from (ours | {name: one[name]} for name in ids)


def test_ids_of_another_workspace_lead_nowhere_and_change_nothing(both: TwoWorkspaces) -> None:
    client = both.client(Role.ADMINISTRATOR)
    adapter = both.app.url_map.bind("localhost")
    before = rows_of(both.database)
    wrong, tried = [], 0
    for rule in both.app.url_map.iter_rules():
        if rule.endpoint == "people.rename_workspace":  # for whoever runs the installation: test_access.py
            continue
        for arguments in foreign_arguments(both, rule):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                tried += 1
                answer = client.open(adapter.build(rule.endpoint, arguments, method=method), method=method)
                if answer.status_code not in unknown(rule, method) or both.second.mark in answer.text.lower():
                    wrong.append((rule.endpoint, arguments, method, answer.status_code))
    assert wrong == [], wrong
    assert tried > 400
    assert rows_of(both.database) == before


def forms_with_ids(of: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, object]]]:
    """Addresses of the first workspace with ids of the second where a form or a question carries them."""
    part = f"{of['list']}-0"
    yield "/sends/new", {"version": of["version"], "kind": "list", "list": part, "part": part}
    yield "/sends/new", {"version": ours["version"], "kind": "list", "list": part, "part": part}
    yield f"/sends/{ours['draft']}/what", {"version": of["version"], "kind": "list", "list": part, "part": part}
    yield f"/sends/{ours['draft']}/people/add", {"part": part, "how": "include"}
    yield f"/sends/{ours['draft']}/people/add", {"part": f"{of['list']}-{of['segment']}", "how": "include"}
    yield f"/sends/{ours['draft']}/sender", {"sender": of["sender"], "reply_to": ""}
    yield f"/sends/{ours['draft']}/notice", {"topic": of["topic"]}
    yield f"/templates/{ours['template']}/notice", {"topic": of["topic"]}
    yield f"/templates/{ours['template']}/restore", {"version": of["version"], "number": "1"}
    yield f"/sends/test?template={of['template']}", {"myself": "y", "sender": ours["sender"], "what": "draft"}
    yield f"/sends/test?template={ours['template']}", {"myself": "y", "sender": of["sender"], "what": "draft"}
    yield (
        f"/sends/test?template={ours['template']}",
        {"sender": ours["sender"], "what": "draft", "group": of["group"]},
    )
    yield (
        f"/sends/test/values?template={ours['template']}",
        {"what": "draft", "whose": "recipient", "list": of["list"], "sender": ours["sender"]},
    )
    yield (
        f"/templates/{ours['template']}/preview",
        {"preview_list": of["list"], "subject": "{{ name }}", "body": "{{ city }}", "variant": "en"},
    )
    yield f"/lists/uploads/{ours['upload']}", {"way": "replace", "list": of["list"]}
    yield f"/lists/{ours['list']}/bulk", {"person": of["recipient"], "do": "remove"}
    yield f"/suppressions/bad-addresses/{ours['bad']}/take-out", {"lists": of["list"]}
    yield "/settings/unsubscribing/by-hand", {"addresses": "zed@example.com", "topic": of["topic"]}
    yield "/suppressions/undo", {"batch": "0"}
    yield "/settings/unsubscribing/by-hand/undo", {"batch": of["by_hand_batch"]}
    yield "/you/workspace", {"workspace": of["workspace"]}


QUESTIONS = ("/sends/new?version={version}", "/sends/new?segment={segment}", "/lists/example.csv?version={version}")


def test_ids_of_another_workspace_in_forms_change_nothing_of_it(both: TwoWorkspaces) -> None:
    def named(of: Any) -> dict[str, Any]:
        found = {name: values[0][name] for key, values in of.values.items() if len(key) == 1 for name in key}
        pairs = {"recipient": ("list_id", "recipient_id"), "segment": ("list_id", "segment_id")}
        found |= {f"{name}_id": of.values[frozenset(key)][0][f"{name}_id"] for name, key in pairs.items()}
        ids = {name.removesuffix("_id"): value for name, value in found.items()}
        return ids | {"draft": ids["send"]}

    client = both.client(Role.ADMINISTRATOR)
    theirs = {table: rows for table, rows in rows_of(both.database).items() if rows}
    for url, data in forms_with_ids(named(both.second), named(both.first)):
        answer = client.post(url, data=data)
        assert answer.status_code < 500, (url, answer.status_code)
        assert both.second.mark not in answer.text.lower(), (url, data)
    for query in QUESTIONS:
        answer = client.get(query.format(**named(both.second)))
        assert answer.status_code < 500 and both.second.mark not in answer.text.lower(), query
    after = rows_of(both.database)
    gone = {
        table: [row for row in rows if row not in after[table] and both.second.mark in repr(row)]
        for table, rows in theirs.items()
    }
    assert {table: rows for table, rows in gone.items() if rows} == {}
    assert "zebra" not in "".join(repr(row) for row in after["send"] if row[1] == both.first.person.workspace_id)


def test_what_is_asked_for_is_found_only_in_ones_own_workspace(both: TwoWorkspaces) -> None:
    client, mark = both.client(Role.ADMINISTRATOR), both.second.mark
    assert client.get(f"/sends/person?email={mark}-0@example.com").status_code == 404
    assert client.get(f"/sends/person?email={both.first.mark}-0@example.com").status_code == 200
    for url in ("/suppressions", "/lists", "/templates/", "/templates/layouts", "/suppressions/bad-addresses"):
        for q, there in ((mark, False), (both.first.mark, True)):
            main = client.get(f"{url}?q={q}").text.partition("<main")[2]
            assert ("<table" in main) == there, (url, q)
    page = client.get(f"/suppressions/address?email={mark}-suppressed0@example.com").text
    assert "Nothing speaks against it" in page


@pytest.fixture
def of_two(app: Flask, database: Database, actor: Person) -> tuple[FlaskClient, Person, Person]:
    """Somebody with a place in two workspaces, whose forms carry tokens; signed in to the first."""
    with database.writing() as session:
        account = session.merge(actor.account)
        account.runs_installation = True
        other = workspaces.add_workspace(session, account, "Library")
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    post(client, "/sign-in", "/sign-in", email=actor.email, password=PASSWORD)
    return client, actor, other


def token_of(client: FlaskClient, url: str) -> str:
    page = client.get(url).text
    return page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]


def post(client: FlaskClient, page: str, url: str, **data: str) -> Any:
    return client.post(url, data={"csrf_token": token_of(client, page), **data})


def test_a_person_goes_from_one_workspace_to_the_other_and_back(of_two: tuple[FlaskClient, Person, Person]) -> None:
    client, here, there = of_two
    assert "Workspace:</span> Harbour Council" in client.get("/").text
    answer = post(client, "/", "/you/workspace", workspace=str(there.workspace_id))
    assert answer.location == "/"
    page = client.get("/").text
    assert "Workspace:</span> Library" in page and "You are in “Library” now." in page
    post(client, "/", "/you/workspace", workspace=str(here.workspace_id))
    assert "Workspace:</span> Harbour Council" in client.get("/").text


def test_a_form_opened_before_going_is_refused_in_words_and_works_after_coming_back(
    of_two: tuple[FlaskClient, Person, Person], database: Database
) -> None:
    client, here, there = of_two
    old = token_of(client, "/settings/unsubscribing/by-hand")
    form = {"csrf_token": old, "addresses": "zed@example.com", "topic": "0"}
    post(client, "/", "/you/workspace", workspace=str(there.workspace_id))
    answer = client.post("/settings/unsubscribing/by-hand", data=form)
    assert answer.status_code == 400
    assert "It was opened in “Harbour Council”, and you are in “Library” now. Nothing was changed." in answer.text
    part = client.post("/settings/unsubscribing/by-hand", data=form, headers={"HX-Request": "true"})
    assert part.status_code == 409 and "This page is of another workspace" in part.text and "<html" not in part.text
    with_header = client.post("/lists/new", headers={"X-CSRFToken": old})
    assert with_header.status_code == 400
    post(client, "/", "/you/workspace", workspace=str(here.workspace_id))
    assert client.post("/settings/unsubscribing/by-hand", data=form).status_code == 200


def test_a_form_is_refused_also_when_one_signed_out_and_in_between(
    of_two: tuple[FlaskClient, Person, Person],
) -> None:
    client, here, there = of_two
    post(client, "/", "/you/workspace", workspace=str(there.workspace_id))
    old = token_of(client, "/you")
    post(client, "/", "/sign-out")
    post(client, "/sign-in", "/sign-in", email=here.email, password=PASSWORD)
    answer = client.post("/you/timezone", data={"csrf_token": old, "timezone": "Europe/Oslo"})
    assert answer.status_code == 400


def test_nobody_goes_where_they_have_no_place(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        session.add(Workspace(id=77, name="Elsewhere"))
    for typed in ("77", "999999", "", "x", "²", "9" * 30, str(-1)):
        assert client.post("/you/workspace", data={"workspace": typed}).status_code == 404, typed
    assert "Workspace:</span> " not in client.get("/").text, "who has one place is offered no other"


def test_owners_add_and_rename_workspaces(of_two: tuple[FlaskClient, Person, Person], database: Database) -> None:
    client, _, there = of_two
    page = "/settings/workspaces"
    assert post(client, page, page, **{"new-name": "  Press   office "}).location == page
    assert "Press office" in client.get(page).text
    for name, words in (("press OFFICE", "There is a workspace of this name"), ("", "Give the"), ("x" * 101, "100")):
        answer = post(client, page, page, **{"new-name": name})
        assert answer.status_code == 422 and words in answer.text
    number = str(there.workspace_id)
    assert post(client, page, f"{page}/{number}/name", **{f"workspace-{number}-name": "Reading room"}).location == page
    assert (
        post(client, page, f"{page}/{number}/name", **{f"workspace-{number}-name": "press office"}).status_code == 422
    )
    with database.reading() as session:
        found = {one.name: number for one, number in workspaces.workspaces(session)}
        assert found == {"Harbour Council": 1, "Reading room": 1, "Press office": 1}


def test_the_environment_connects_only_the_first_workspace(
    database: Database, actor: Person, settings: Settings
) -> None:
    fixed = settings.model_copy(update={"account_id": "acct", "cloudflare_base_url": "http://127.0.0.1:9"})
    fixed = Settings.model_validate(fixed.model_dump() | {"CLOUDFLARE_API_TOKEN": "token"})
    with database.writing() as session:
        other = workspaces.add_workspace(session, session.merge(actor.account), "Library")
        assert connection.resolve(session, fixed, actor.workspace_id).account_id == "acct"
        with pytest.raises(NotConnected):
            connection.resolve(session, fixed, other.workspace_id)
        session.add(Connection(workspace_id=other.workspace_id, account_id="own", base_url="https://own.example"))
        with pytest.raises(NotConnected):
            connection.resolve(session, fixed, other.workspace_id)


def test_a_place_in_one_workspace_is_none_in_another(database: Database, actor: Person) -> None:
    with database.writing() as session:
        other = workspaces.add_workspace(session, session.merge(actor.account), "Library")
        assert [one.id for one in accounts.team(session, other.workspace_id)] == [other.id]
        assert [one.id for one in accounts.team(session, actor.workspace_id)] == [actor.id]
