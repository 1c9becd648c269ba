"""Where a workspace needs a second step, whoever has none chooses one, an app or a passkey, before anything else."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database, now
from app.people import second_factor
from app.people.factor_models import Passkey, SecondFactor
from app.people.models import Account, Person
from app.people.sign_in_models import SignIn, Way
from app.people.views.half_signed_in import HALF
from app.people.views.half_signed_in import SECONDS as SECONDS_OF_HALF
from app.people.views.passkey_questions import ASKED, SECONDS
from app.settings import Settings
from tests.people.second_steps import code_of, codes_on, is_in, needed, set_up_app, with_password
from tests.people.soft_device import SoftDevice

URL, HOST = "https://postroom.example.com", "postroom.example.com"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"url_setting": URL})


@pytest.fixture
def device() -> SoftDevice:
    return SoftDevice(URL, HOST)


@pytest.fixture
def half(app: Flask, database: Database, actor: Person, staff: Person) -> Iterator[FlaskClient]:
    """A browser in which the password was right, in a workspace that needs a second step; its way led to the lists."""
    with needed(database, actor):
        yield with_password(app, staff, "/lists")


def question(client: FlaskClient, name: str = "Work laptop") -> dict[str, Any]:
    answer = client.post("/sign-in/set-up/passkey/question", data={"name": name})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def answer(client: FlaskClient, credential: str, name: str = "Work laptop") -> tuple[int, str]:
    page = client.post("/sign-in/set-up", data={"name": name, "credential": credential})
    return page.status_code, page.text


def beside_the_button(page: str) -> str:
    """What the page says beside the button of the passkey."""
    found = re.search(r"<p [^>]*data-problem\s*>(.*?)</p>", page)
    assert found is not None, page
    return found[1]


def key_on(page: str) -> str:
    found = re.search(r'class="app-key">([A-Z2-7 ]+)<', page)
    assert found is not None, page
    return found[1].replace(" ", "")


def passkeys_kept(session: Session) -> int:
    session.rollback()
    number = session.scalar(select(func.count()).select_from(Passkey)) or 0
    session.rollback()  # it would keep the browsers from writing
    return number


def test_both_ways_are_offered_with_a_sentence_each_that_helps_to_choose(half: FlaskClient) -> None:
    page = half.get("/sign-in/set-up", headers={"User-Agent": LAPTOP}).text
    assert "Choose this if you have a computer or phone of your own" in page
    assert "Choose this if you share a computer or work at several" in page
    assert 'value="Firefox on Windows"' in page, "the passkey has a name already"
    buttons = re.findall(r'<button class="([^"]*)"[^>]*>(Make a passkey|Set up an app)<', page)
    assert [name for _, name in buttons] == ["Make a passkey", "Set up an app"]
    assert buttons[0][0] == buttons[1][0], "they look the same: neither is the better one"


def test_until_a_script_says_that_the_browser_has_passkeys_only_the_app_is_offered(half: FlaskClient) -> None:
    page = half.get("/sign-in/set-up").text
    page = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    shown = re.sub(r"<[^>]+>", "", re.sub(r"<(\w+)[^>]*\bhidden>.*?</\1>", "", page, flags=re.S))
    assert "Your phone shows six digits, and you type them at each sign-in. It takes about three minutes." in shown
    assert not re.search("passkey|Choose", shown)


def test_where_browsers_have_no_passkeys_only_the_app_is_offered(
    app: Flask, database: Database, actor: Person, staff: Person
) -> None:
    services = app.extensions["postroom"]
    bare = services.settings.model_copy(update={"url_setting": "http://192.0.2.7"})
    app.extensions["postroom"] = replace(services, settings=bare)
    with needed(database, actor):
        client = with_password(app, staff)
        page = client.get("/sign-in/set-up").text
        assert "Set up an app" in page
        assert "Make a passkey" not in page
        assert "Choose" not in page
        refused = client.post("/sign-in/set-up/passkey/question", data={"name": "x"})
        assert (refused.status_code, "only where Postroom is reached by a name" in refused.get_json()["words"]) == (
            422,
            True,
        )


def test_a_passkey_is_made_gives_recovery_codes_and_leads_on(
    half: FlaskClient, device: SoftDevice, session: Session, app: Flask, staff: Person
) -> None:
    asked = question(half)
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert not is_in(half), "a question alone lets nobody in"
    status, page = answer(half, device.create(asked))
    assert (status, len(codes_on(page)), 'href="/lists"' in page) == (200, 10, True)
    assert is_in(half)
    assert session.scalars(select(Passkey.name)).all() == ["Work laptop"]
    assert session.scalars(select(SignIn.way).order_by(SignIn.id.desc())).first() is Way.PASSWORD_AND_PASSKEY
    assert {"person.passkey_added", "person.signed_in"} <= set(session.scalars(select(AuditEntry.action)))
    session.rollback()

    again = with_password(app, staff)
    asked = again.post("/sign-in/passkey/question", data={"for": "second-step"}).get_json()
    assert again.post("/sign-in/second-step", data={"credential": device.get(asked)}).status_code == 302
    assert is_in(again)


def test_who_came_by_the_organisation_s_sign_in_is_noted_so(
    half: FlaskClient, device: SoftDevice, session: Session
) -> None:
    with half.session_transaction() as cookie:
        cookie[HALF] = {**cookie[HALF], "way": Way.PROVIDER.value}
    answer(half, device.create(question(half)))
    assert session.scalars(select(SignIn.way).order_by(SignIn.id.desc())).first() is Way.PROVIDER


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_passkey_needs_a_name_and_the_script_is_told(half: FlaskClient, name: str) -> None:
    refused = half.post("/sign-in/set-up/passkey/question", data={"name": name})
    assert refused.status_code == 422
    assert refused.get_json()["words"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verifies": False}, "The device must ask for your finger, face or PIN"),
        ({"origin": "https://evil.example"}, "This passkey was not taken. Try again, or choose another way."),
        ({"rp_id": "evil.example"}, "This passkey was not taken. Try again, or choose another way."),
    ],
    ids=["no finger or PIN", "a false page", "another site"],
)
def test_a_refused_passkey_is_said_beside_the_button_and_can_be_tried_again(
    half: FlaskClient, device: SoftDevice, session: Session, change: dict[str, Any], words: str
) -> None:
    wrong = SoftDevice(**{"origin": URL, "rp_id": HOST, **change})
    status, page = answer(half, wrong.create(question(half)), "Old tablet")
    assert (status, words in beside_the_button(page), 'value="Old tablet"' in page) == (422, True, True)
    assert not is_in(half)
    assert passkeys_kept(session) == 0
    assert answer(half, device.create(question(half)))[0] == 200
    assert is_in(half)


@pytest.mark.parametrize("nonsense", ["{", "[]", "null", '{"response": {}}', "x" * 30_000, "[" * 19_000])
def test_nonsense_is_refused_with_words(half: FlaskClient, session: Session, nonsense: str) -> None:
    question(half)
    status, page = answer(half, nonsense)
    assert (status, "This passkey was not taken." in beside_the_button(page)) == (422, True)
    assert passkeys_kept(session) == 0


def test_without_an_answer_of_the_script_the_page_says_what_passkeys_need(half: FlaskClient) -> None:
    status, page = answer(half, "")
    assert (status, beside_the_button(page).startswith("Passkeys need JavaScript.")) == (422, True)


def test_a_question_is_too_old_after_five_minutes(half: FlaskClient, device: SoftDevice) -> None:
    made = device.create(question(half))
    with half.session_transaction() as cookie:
        cookie[ASKED] = {**cookie[ASKED], "at": time.time() - SECONDS - 1}
    status, page = answer(half, made)
    assert (status, beside_the_button(page).startswith("That took too long")) == (422, True)
    assert answer(half, device.create(question(half)))[0] == 200


def test_of_two_tabs_that_ask_the_one_that_asked_last_goes_on(half: FlaskClient, device: SoftDevice) -> None:
    first = device.create(question(half))
    second = question(half)
    status, page = answer(half, first)
    assert (status, "another page of Postroom asked meanwhile" in beside_the_button(page)) == (422, True)
    assert answer(half, device.create(second))[0] == 422, "an answer that came in vain ends the question, too"
    assert answer(half, device.create(question(half)))[0] == 200


def test_a_passkey_that_is_here_already_is_not_taken_again(
    app: Flask, half: FlaskClient, actor: Person, session: Session, device: SoftDevice
) -> None:
    other = with_password(app, actor)
    assert answer(other, device.create(question(other)))[0] == 200
    status, page = answer(half, device.create(question(half)))
    assert (status, beside_the_button(page)) == (422, "This passkey is here already.")
    assert not is_in(half)
    assert passkeys_kept(session) == 1


def test_the_question_of_one_page_is_none_of_another(
    staff_client: FlaskClient, half: FlaskClient, device: SoftDevice, session: Session
) -> None:
    asked = half.post("/sign-in/passkey/question", data={"for": "second-step"}).get_json()
    status, page = answer(half, device.create({**asked, "user": {"id": "x"}}))
    assert (status, beside_the_button(page).startswith("That took too long")) == (422, True)
    made = device.create(question(half))
    with half.session_transaction() as cookie:
        asked = cookie[ASKED]
    with staff_client.session_transaction() as cookie:
        cookie[ASKED] = asked
    refused = staff_client.post("/you/signing-in/passkeys", data={"name": "x", "credential": made})
    assert (refused.status_code, passkeys_kept(session)) == (422, 0)


def test_once_another_browser_has_set_one_up_a_password_adds_no_other(
    app: Flask, half: FlaskClient, staff: Person, device: SoftDevice, session: Session
) -> None:
    asked = question(half)
    other = with_password(app, staff)
    assert answer(other, device.create(question(other)))[0] == 200
    refused = half.post("/sign-in/set-up/passkey/question", data={"name": "x"})
    assert (refused.status_code, refused.get_json()["words"]) == (
        422,
        "Your second step is set up already. Load this page again.",
    )
    late = half.post("/sign-in/set-up", data={"name": "x", "credential": SoftDevice(URL, HOST).create(asked)})
    begun = half.post("/sign-in/set-up/app", data={"begin": "1"})
    for page in (late, begun, half.get("/sign-in/set-up"), half.get("/sign-in/set-up/app")):
        assert (page.status_code, page.location) == (302, "/sign-in/second-step")
    assert passkeys_kept(session) == 1
    assert session.get_one(SecondFactor, staff.account_id).pending_sealed is None
    assert not is_in(half)


def test_a_tab_that_was_left_open_leads_on_once_one_is_signed_in(half: FlaskClient, device: SoftDevice) -> None:
    assert answer(half, device.create(question(half)))[0] == 200
    for url in ("/sign-in/set-up", "/sign-in/set-up/app", "/sign-in/second-step"):
        assert (half.get(url).status_code, half.get(url).location) == (302, "/")


def test_after_ten_minutes_it_is_over_and_nothing_is_kept(
    half: FlaskClient, device: SoftDevice, session: Session
) -> None:
    made = device.create(question(half))
    with half.session_transaction() as cookie:
        cookie[HALF] = {**cookie[HALF], "at": time.time() - SECONDS_OF_HALF - 1}
    status, page = answer(half, made)
    assert (status, "This sign-in is over" in page) == (403, True)
    refused = half.post("/sign-in/set-up/passkey/question", data={"name": "x"})
    assert (refused.status_code, "Sign in again." in refused.get_json()["words"]) == (422, True)
    assert half.post("/sign-in/set-up/app", data={"begin": "1"}).status_code == 403
    assert passkeys_kept(session) == 0


def test_the_app_of_two_tabs_is_the_same_one(half: FlaskClient) -> None:
    first = key_on(half.post("/sign-in/set-up/app", data={"begin": "1"}, follow_redirects=True).text)
    assert key_on(half.post("/sign-in/set-up/app", data={"begin": "1"}, follow_redirects=True).text) == first
    done = half.post("/sign-in/set-up/app", data={"code": code_of(first)})
    assert (len(codes_on(done.text)), 'href="/lists"' in done.text, is_in(half)) == (10, True, True)


def test_one_can_go_back_from_the_app_and_take_a_passkey(
    half: FlaskClient, device: SoftDevice, staff: Person, session: Session
) -> None:
    page = half.post("/sign-in/set-up/app", data={"begin": "1"}, follow_redirects=True).text
    assert 'href="/sign-in/set-up"' in page
    assert answer(half, device.create(question(half)))[0] == 200
    assert session.get_one(SecondFactor, staff.account_id).totp_since is None


def test_a_key_that_is_too_old_is_said_beside_the_button_of_the_app(
    half: FlaskClient, staff: Person, session: Session
) -> None:
    key = key_on(half.post("/sign-in/set-up/app", data={"begin": "1"}, follow_redirects=True).text)
    session.get_one(SecondFactor, staff.account_id).pending_since = now() - second_factor.KEY_SHOWN - timedelta(1)
    session.commit()
    assert "Set up an app" in half.get("/sign-in/set-up/app").text
    late = half.post("/sign-in/set-up/app", data={"code": code_of(key)})
    assert (late.status_code, '<p class="error" role="alert">The key for the app was too old.' in late.text) == (
        422,
        True,
    )
    assert not is_in(half)
    assert key_on(half.post("/sign-in/set-up/app", data={"begin": "1"}, follow_redirects=True).text) != key


def test_a_passkey_counts_as_the_second_step_that_a_workspace_needs(
    half: FlaskClient, device: SoftDevice, staff: Person, session: Session, database: Database, settings: Settings
) -> None:
    answer(half, device.create(question(half)))
    account = session.get_one(Account, staff.account_id)
    assert second_factor.ways_of(session, account).any
    assert second_factor.with_second_factor(session, [staff]) == {staff.account_id}
    session.rollback()
    set_up_app(database, settings, staff)
    assert second_factor.ways_of(session, account).passkeys == 1
