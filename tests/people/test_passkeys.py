"""Passkeys: added by who one is, good alone and as second step, refused when anything about them is wrong."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.people import passkeys
from app.people.factor_models import Passkey, RecoveryCode
from app.people.models import Account, Person
from app.people.sign_in_models import SignIn, Way
from app.people.views.passkey_questions import ASKED, SECONDS
from app.refusals import NotThere
from app.settings import Settings
from tests.conftest import PASSWORD, signed_in
from tests.people.second_steps import codes_on, is_in, needed, set_up_app, with_password
from tests.people.soft_device import SoftDevice

URL = "https://postroom.example.com"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"url_setting": URL})


@pytest.fixture
def device() -> SoftDevice:
    return SoftDevice(URL, "postroom.example.com")


def question(client: FlaskClient, **form: str) -> dict[str, Any]:
    answer = client.post("/sign-in/passkey/question", data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def add(client: FlaskClient, device: SoftDevice, name: str = "Work laptop", proof: str = PASSWORD) -> Any:
    asked = client.post("/you/signing-in/passkeys/question", data={"name": name, "proof": proof})
    assert asked.status_code == 200, asked.text
    return client.post("/you/signing-in/passkeys", data={"name": name, "credential": device.create(asked.get_json())})


def sign_in(app: Flask, device: SoftDevice, client: FlaskClient | None = None) -> Any:
    client = client or app.test_client()
    return client.post("/sign-in/passkey", data={"credential": device.get(question(client))})


def test_a_passkey_is_added_once_one_shows_who_one_is_with_ten_recovery_codes(
    staff_client: FlaskClient, device: SoftDevice, session: Session
) -> None:
    refused = staff_client.post("/you/signing-in/passkeys/question", data={"name": "Laptop", "proof": "wrong"})
    assert (refused.status_code, "neither your password" in refused.get_json()["words"]) == (422, True)
    nameless = staff_client.post("/you/signing-in/passkeys/question", data={"name": " ", "proof": PASSWORD})
    assert (nameless.status_code, "Give it a name" in nameless.get_json()["words"]) == (422, True)
    assert len(codes_on(add(staff_client, device).text)) == 10
    passkey = session.scalars(select(Passkey)).one()
    assert (passkey.name, passkey.transports) == ("Work laptop", ["internal"])
    assert "person.passkey_added" in session.scalars(select(AuditEntry.action)).all()


def test_several_passkeys_have_names_and_keep_the_recovery_codes(
    staff_client: FlaskClient, device: SoftDevice, session: Session
) -> None:
    add(staff_client, device)
    digests = set(session.scalars(select(RecoveryCode.digest)))
    session.rollback()
    assert add(staff_client, SoftDevice(URL, "postroom.example.com"), "Phone").status_code == 302
    page = staff_client.get("/you/signing-in").text
    assert "Work laptop" in page
    assert "Phone" in page
    assert set(session.scalars(select(RecoveryCode.digest))) == digests


def test_the_question_asks_for_a_verified_user_and_a_passkey_that_is_found_without_a_name(
    staff_client: FlaskClient, device: SoftDevice
) -> None:
    add(staff_client, device)
    asked = staff_client.post("/you/signing-in/passkeys/question", data={"name": "x", "proof": PASSWORD}).get_json()
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert len(asked["excludeCredentials"]) == 1
    assert (asked["rp"]["id"], "sam" in asked["user"]["id"]) == ("postroom.example.com", False)
    there = question(staff_client)
    assert (there["userVerification"], there.get("allowCredentials") or []) == ("required", [])


def test_a_passkey_alone_signs_in_also_where_a_second_step_is_needed(
    app: Flask, database: Database, actor: Person, staff: Person, device: SoftDevice, session: Session
) -> None:
    add(signed_in(app, staff), device)
    with needed(database, actor):
        client = app.test_client()
        asked = question(client)
        answer = client.post("/sign-in/passkey?next=/lists", data={"credential": device.get(asked)})
        assert (answer.status_code, answer.location) == (302, "/lists")
        assert is_in(client)
    assert session.scalars(select(SignIn.way).order_by(SignIn.id.desc())).first() is Way.PASSKEY


def test_a_passkey_is_the_second_step_after_the_password(
    app: Flask, staff: Person, device: SoftDevice, session: Session
) -> None:
    add(signed_in(app, staff), device)
    client = with_password(app, staff, "/lists")
    asked = question(client, **{"for": "second-step"})
    assert len(asked["allowCredentials"]) == 1
    answer = client.post("/sign-in/second-step", data={"credential": device.get(asked)})
    assert (answer.status_code, answer.location) == (302, "/lists")
    assert is_in(client)
    assert session.scalars(select(SignIn.way).order_by(SignIn.id.desc())).first() is Way.PASSWORD_AND_PASSKEY


def test_another_s_passkey_is_no_second_step(
    app: Flask, client: FlaskClient, database: Database, settings: Settings, staff: Person, device: SoftDevice
) -> None:
    add(client, device)
    set_up_app(database, settings, staff)
    browser = with_password(app, staff)
    asked = question(browser, **{"for": "second-step"})
    answer = browser.post("/sign-in/second-step", data={"credential": device.get(asked)})
    assert (answer.status_code, "belongs to another account" in answer.text) == (422, True)
    assert not is_in(browser)


def test_the_question_of_a_sign_in_is_none_of_a_second_step(app: Flask, staff: Person, device: SoftDevice) -> None:
    add(signed_in(app, staff), device)
    client = with_password(app, staff)
    answer = client.post("/sign-in/second-step", data={"credential": device.get(question(client))})
    assert (answer.status_code, "That took too long" in answer.text) == (422, True)


def test_an_answer_works_once_whatever_cookie_comes_with_it(app: Flask, staff: Person, device: SoftDevice) -> None:
    add(signed_in(app, staff), device)
    client = app.test_client()
    answer = device.get(question(client))
    with client.session_transaction() as cookie:
        asked = dict(cookie[ASKED])
    assert client.post("/sign-in/passkey", data={"credential": answer}).status_code == 302
    again = app.test_client()
    with again.session_transaction() as cookie:
        cookie[ASKED] = asked
    device.count = 0
    assert again.post("/sign-in/passkey", data={"credential": answer}).status_code == 422
    assert not is_in(again)


def test_a_device_without_a_counter_cannot_be_replayed_either(app: Flask, staff: Person, device: SoftDevice) -> None:
    add(signed_in(app, staff), device)
    client = app.test_client()
    asked = question(client)
    with client.session_transaction() as cookie:
        kept = dict(cookie[ASKED])
    device.count = -1  # says 0 each time
    answer = device.get(asked)
    assert client.post("/sign-in/passkey", data={"credential": answer}).status_code == 302
    again = app.test_client()
    with again.session_transaction() as cookie:
        cookie[ASKED] = kept
    assert again.post("/sign-in/passkey", data={"credential": answer}).status_code == 422


def test_a_copy_of_a_passkey_is_noticed_by_its_counter(app: Flask, staff: Person, device: SoftDevice) -> None:
    add(signed_in(app, staff), device)
    device.count = 40
    assert sign_in(app, device).status_code == 302
    device.count = 5
    assert sign_in(app, device).status_code == 422


def changed(device: SoftDevice, **change: Any) -> SoftDevice:
    for name, value in change.items():
        setattr(device, name, value)
    return device


@pytest.mark.parametrize(
    "change",
    [
        {"verifies": False},
        {"origin": "https://postroom.example.com.evil.example"},
        {"rp_id": "evil.example"},
        {"handle": "c29tZWJvZHkgZWxzZQ"},
        {"id": b"an id nobody made"},
        {"key": SoftDevice("", "").key},
    ],
    ids=["no finger or PIN", "a false page", "another site", "another person", "unknown", "another key"],
)
def test_what_is_wrong_about_a_passkey_is_refused(
    app: Flask, staff: Person, device: SoftDevice, change: dict[str, Any]
) -> None:
    add(signed_in(app, staff), device)
    client = app.test_client()
    answer = sign_in(app, changed(device, **change), client)
    assert (answer.status_code, "This passkey was not taken." in answer.text) == (422, True)
    assert not is_in(client)


@pytest.mark.parametrize("change", [{"verifies": False}, {"origin": "https://evil.example"}, {"rp_id": "evil.example"}])
def test_a_wrong_passkey_is_not_kept(
    staff_client: FlaskClient, device: SoftDevice, session: Session, change: dict[str, Any]
) -> None:
    answer = add(staff_client, changed(device, **change))
    assert (answer.status_code, "This passkey was not taken." in answer.text) == (422, True)
    assert session.scalars(select(Passkey)).all() == []


@pytest.mark.parametrize(
    "nonsense", ["", "{", "[]", "null", '{"response": {}}', '{"id": 1, "response": {"userHandle": []}}', "x" * 30_000]
)
def test_nonsense_is_refused_with_words(app: Flask, staff: Person, device: SoftDevice, nonsense: str) -> None:
    add(signed_in(app, staff), device)
    client = app.test_client()
    question(client)
    for url in ("/sign-in/passkey", "/you/signing-in/passkeys"):
        answer = client.post(url, data={"credential": nonsense, "name": "x"})
        assert answer.status_code in {302, 422}, (url, answer.status_code)
    assert not is_in(client)
    right = json.loads(device.get(question(client)))
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for value in (None, [], "!", 7, {}):
            spoiled = {**right, "response": {**right["response"], part: value}}
            if part == "userHandle" and value is None:
                continue  # a device need not name its user
            question(client)
            assert client.post("/sign-in/passkey", data={"credential": json.dumps(spoiled)}).status_code == 422


def test_a_question_is_too_old_after_five_minutes(app: Flask, staff: Person, device: SoftDevice) -> None:
    add(signed_in(app, staff), device)
    client = app.test_client()
    answer = device.get(question(client))
    with client.session_transaction() as cookie:
        cookie[ASKED] = {**cookie[ASKED], "at": time.time() - SECONDS - 1}
    assert client.post("/sign-in/passkey", data={"credential": answer}).status_code == 422


def test_one_s_own_passkey_is_removed_and_nobody_else_s(
    client: FlaskClient, staff_client: FlaskClient, staff: Person, device: SoftDevice, session: Session
) -> None:
    add(staff_client, device)
    number = session.scalars(select(Passkey.id)).one()
    session.rollback()
    url = f"/you/signing-in/passkeys/{number}/remove"
    assert client.get(url).status_code == 404
    assert client.post(url, data={"proof": PASSWORD}).status_code == 404
    assert staff_client.post(url, data={"proof": "wrong"}).status_code == 422
    assert staff_client.post(url, data={"proof": PASSWORD}).status_code == 302
    assert session.scalars(select(Passkey)).all() == []
    assert session.scalars(select(RecoveryCode)).all() == []
    assert "person.passkey_removed" in session.scalars(select(AuditEntry.action)).all()


def test_the_last_factor_stays_where_one_is_needed(
    database: Database, actor: Person, staff_client: FlaskClient, device: SoftDevice, session: Session
) -> None:
    add(staff_client, device)
    number = session.scalars(select(Passkey.id)).one()
    session.rollback()
    with needed(database, actor):
        answer = staff_client.post(f"/you/signing-in/passkeys/{number}/remove", data={"proof": PASSWORD})
        assert (answer.status_code, "Your department needs a second step" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("url", "id", "origin"),
    [
        ("http://127.0.0.1:5000", None, None),
        ("https://192.0.2.7", None, None),
        ("https://[2001:db8::1]", None, None),
        ("http://postroom.example.com", None, None),
        ("http://localhost:5000", "localhost", "http://localhost:5000"),
        ("https://Postroom.example.com:8443", "postroom.example.com", "https://postroom.example.com:8443"),
        ("https://example.com:443/postroom", "example.com", "https://example.com"),
    ],
)
def test_passkeys_are_offered_only_where_browsers_have_them(
    settings: Settings, url: str, id: str | None, origin: str | None
) -> None:
    party = passkeys.relying_party(settings.model_copy(update={"url_setting": url}))
    assert (party.id if party else None, party.origin if party else None) == (id, origin)


def test_without_scripts_the_pages_say_what_passkeys_need(app: Flask, staff_client: FlaskClient) -> None:
    assert re.search(r"data-without-script>Passkeys need JavaScript", app.test_client().get("/sign-in").text)
    assert re.search(r"data-without-script>Passkeys need JavaScript", staff_client.get("/you/signing-in").text)
    answer = app.test_client().post("/sign-in/passkey", data={"credential": ""})
    assert (answer.status_code, "Passkeys need JavaScript." in answer.text) == (422, True)


def test_a_passkey_of_nobody_here_is_not_there(session: Session, staff: Person) -> None:
    with pytest.raises(NotThere):
        passkeys.remove(session, session.get_one(Account, staff.account_id), 999)
