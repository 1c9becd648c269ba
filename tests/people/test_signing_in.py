"""Sign-ins: the server keeps each and can end it; the cookie carries a token that nobody knew before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database, now
from app.people.models import Person
from app.people.sign_in_models import SignIn
from app.people.tokens import digest_of
from tests.conftest import PASSWORD, signed_in
from tests.people.conftest import is_in
from tests.statements import statements

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def token_of(client: FlaskClient) -> str:
    with client.session_transaction() as cookie:
        return str(cookie["sign_in"])


def the_sign_ins(database: Database) -> list[SignIn]:
    with database.reading() as session:
        return list(session.scalars(select(SignIn).order_by(SignIn.id)))


def change(database: Database, **values: object) -> None:
    with database.writing() as session:
        session.execute(update(SignIn).values(values))


def test_the_cookie_carries_only_a_token_and_the_database_only_its_digest(
    client: FlaskClient, database: Database
) -> None:
    with client.session_transaction() as cookie:
        assert set(cookie) == {"sign_in"}
    (kept,) = the_sign_ins(database)
    assert kept.digest == digest_of(token_of(client))
    assert token_of(client) not in str(vars(kept))


def test_signing_in_begins_with_a_token_and_a_session_that_nobody_knew_before(app: Flask, actor: Person) -> None:
    client = app.test_client()
    with client.session_transaction() as cookie:  # somebody put their own cookie into this browser
        cookie.update(sign_in="planted", csrf_token="planted", left="something")
    client.post("/sign-in", data={"email": actor.email, "password": PASSWORD})
    with client.session_transaction() as cookie:
        assert set(cookie) == {"sign_in"}
        assert cookie["sign_in"] != "planted"
    planted = app.test_client()
    with planted.session_transaction() as cookie:
        cookie["sign_in"] = "planted"
    assert not is_in(planted)


def test_signing_in_again_after_signing_out_takes_another_token(client: FlaskClient, actor: Person) -> None:
    first = token_of(client)
    client.post("/sign-out")
    client.post("/sign-in", data={"email": actor.email, "password": PASSWORD})
    assert token_of(client) != first


def test_a_copied_cookie_is_worth_nothing_after_signing_out(app: Flask, client: FlaskClient) -> None:
    copied = app.test_client()
    with copied.session_transaction() as cookie:
        cookie["sign_in"] = token_of(client)
    assert is_in(copied)
    client.post("/sign-out")
    assert not is_in(copied)
    assert not is_in(client)


@pytest.mark.parametrize(
    ("column", "ago", "is_still_in"),
    [
        ("seen_at", timedelta(hours=11, minutes=50), True),
        ("seen_at", timedelta(hours=12, minutes=1), False),
        ("begun_at", timedelta(days=29, hours=23), True),
        ("begun_at", timedelta(days=30, hours=1), False),
    ],
)
def test_a_sign_in_ends_when_nobody_is_there_and_in_any_case_after_a_month(
    client: FlaskClient, database: Database, column: str, ago: timedelta, is_still_in: bool
) -> None:
    change(database, **{column: now() - ago})
    assert is_in(client) is is_still_in
    if not is_still_in:
        assert "Where you are signed in" not in client.get("/you").text


def test_that_somebody_is_there_is_written_every_five_minutes_also_when_they_only_look(
    client: FlaskClient, database: Database
) -> None:
    def writes() -> int:
        with statements() as seen:
            client.get("/activity")
        return sum(one.startswith("UPDATE sign_in") for one in seen)

    assert writes() == 0
    change(database, seen_at=now() - timedelta(minutes=4))
    assert writes() == 0
    long_ago = now() - timedelta(minutes=6)
    change(database, seen_at=long_ago)
    assert writes() == 1
    assert writes() == 0
    assert the_sign_ins(database)[0].seen_at > long_ago
    change(database, seen_at=long_ago)
    client.post("/you/timezone", data={"timezone": "Europe/London"})
    assert the_sign_ins(database)[0].seen_at > long_ago


def test_one_sees_where_one_is_signed_in_and_ends_one_of_them(app: Flask, client: FlaskClient, actor: Person) -> None:
    elsewhere = app.test_client()
    elsewhere.post("/sign-in", data={"email": actor.email, "password": PASSWORD}, headers={"User-Agent": FIREFOX})
    page = client.get("/you").text
    assert "Firefox on Windows" in page and "127.0.0.1" in page and "This browser" in page
    number = page.split('name="which" value="')[1].split('"')[0]
    assert (
        "Signed out: Firefox on Windows."
        in client.post("/you/sign-out", data={"which": number}, follow_redirects=True).text
    )
    assert is_in(client) and not is_in(elsewhere)


def test_signing_out_everywhere_ends_every_sign_in_at_once(app: Flask, client: FlaskClient, actor: Person) -> None:
    others = [signed_in(app, actor) for _ in range(2)]
    client.post("/you/sign-out", data={"which": "all"})
    assert not any(is_in(one) for one in (client, *others))


def test_the_sign_ins_of_others_are_neither_shown_nor_ended(
    app: Flask, client: FlaskClient, staff: Person, database: Database
) -> None:
    theirs = signed_in(app, staff)
    number = the_sign_ins(database)[-1].id
    assert f'value="{number}"' not in client.get("/you").text
    assert client.post("/you/sign-out", data={"which": str(number)}).status_code == 404
    assert client.post("/you/sign-out", data={"which": "999999"}).status_code == 404
    client.post("/you/sign-out", data={"which": "all"})
    assert is_in(theirs)


def test_the_trail_tells_of_signing_in_and_out(client: FlaskClient, session: Session) -> None:
    client.post("/sign-out")
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["person.signed_in", "person.signed_out"]


def test_changing_the_password_asks_for_the_present_one_and_ends_all_other_sign_ins(
    app: Flask, client: FlaskClient, actor: Person
) -> None:
    elsewhere = signed_in(app, actor)
    new = "violet anchor seldom rain"
    wrong = client.post("/you/password", data={"present": "not this one", "new_password": new})
    assert wrong.status_code == 422 and "This is not your present password." in wrong.text
    short = client.post("/you/password", data={"present": PASSWORD, "new_password": "short"})
    assert short.status_code == 422 and "Use at least 12 characters" in short.text
    assert is_in(elsewhere)
    client.post("/you/password", data={"present": PASSWORD, "new_password": new})
    assert is_in(client) and not is_in(elsewhere)
    assert app.test_client().post("/sign-in", data={"email": actor.email, "password": new}).status_code == 302
    assert app.test_client().post("/sign-in", data={"email": actor.email, "password": PASSWORD}).status_code == 422


@pytest.mark.usefixtures("actor")
def test_signing_in_needs_the_token_of_its_form(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client, other = app.test_client(), app.test_client()
    fields = {"email": "ada@example.com", "password": PASSWORD}
    assert client.post("/sign-in", data=fields).status_code == 400
    page = other.get("/sign-in").text  # the token of somebody else's session is none
    foreign = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert client.post("/sign-in", data={**fields, "csrf_token": foreign}).status_code == 400
    assert other.post("/sign-in", data={**fields, "csrf_token": foreign}).status_code == 302
