"""The second step at sign-in: codes of an app, recovery codes, their limits, and who must have one."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pyotp
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.cli import main
from app.db import Database, now
from app.people import factor_reset, recovery_codes, resets, second_factor
from app.people.accounts import add_person, place_in
from app.people.factor_models import RecoveryCode, SecondFactor
from app.people.models import Account, Person, Workspace
from app.people.own_mail_models import OwnMail
from app.people.roles import Role
from app.people.views.half_signed_in import HALF, SECONDS
from app.refusals import Refused
from app.settings import Settings
from app.web.sign_in import PUBLIC
from tests.conftest import PASSWORD, signed_in
from tests.people.second_steps import code_of, codes_on, is_in, needed, right_after_a_step, set_up_app, with_password


def second_step(client: FlaskClient, code: str, **more: str) -> int:
    return client.post("/sign-in/second-step", data={"code": code, **more}).status_code


def actions(session: Session) -> list[str]:
    session.rollback()
    found = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    session.rollback()
    return found


def test_an_app_is_set_up_on_the_pages_and_asked_for_at_the_next_sign_in(
    app: Flask, staff_client: FlaskClient, staff: Person, session: Session
) -> None:
    right_after_a_step()
    begun = staff_client.post("/you/signing-in/app", data={"proof": PASSWORD}, follow_redirects=True).text
    assert 'src="data:image/svg+xml' in begun
    found = re.search(r'class="app-key">([A-Z2-7 ]+)<', begun)
    assert found is not None
    key = found[1].replace(" ", "")
    wrong = staff_client.post("/you/signing-in/app", data={"code": "000000"})
    assert (wrong.status_code, "This code is not right." in wrong.text) == (422, True)
    done = staff_client.post("/you/signing-in/app", data={"code": code_of(key)})
    assert len(codes_on(done.text)) == 10
    assert not any(code in staff_client.get("/you/signing-in").text for code in codes_on(done.text))

    client = with_password(app, staff, "/lists")
    assert not is_in(client)
    answer = client.post("/sign-in/second-step", data={"code": code_of(key, 1)})
    assert (answer.status_code, answer.location) == (302, "/lists")
    assert is_in(client)
    assert "person.second_step_on" in actions(session)


def test_the_key_and_the_recovery_codes_cannot_be_read_in_the_database(
    database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    key, codes = set_up_app(database, settings, staff)
    factor = session.get_one(SecondFactor, staff.account_id)
    assert factor.totp_sealed is not None
    assert key not in factor.totp_sealed
    digests = set(session.scalars(select(RecoveryCode.digest)))
    assert len(digests) == 10
    assert not any(code.replace("-", "") in digest or code in digest for code in codes for digest in digests)


def test_setting_up_asks_who_one_is_first(staff_client: FlaskClient) -> None:
    answer = staff_client.post("/you/signing-in/app", data={"proof": "not the password"})
    assert (answer.status_code, "neither your password nor a code" in answer.text) == (422, True)
    assert "data:image/svg" not in staff_client.get("/you/signing-in/app").text


def test_a_key_that_nobody_confirmed_is_not_shown_for_ever(
    staff_client: FlaskClient, staff: Person, session: Session
) -> None:
    page = staff_client.post("/you/signing-in/app", data={"proof": PASSWORD}, follow_redirects=True).text
    found = re.search(r'class="app-key">([A-Z2-7 ]+)<', page)
    assert found is not None
    session.get_one(SecondFactor, staff.account_id).pending_since = now() - second_factor.KEY_SHOWN
    session.commit()
    assert "data:image/svg" not in staff_client.get("/you/signing-in/app").text
    assert (
        staff_client.post("/you/signing-in/app", data={"code": code_of(found[1].replace(" ", ""))}).status_code == 422
    )
    assert session.get_one(SecondFactor, staff.account_id, populate_existing=True).totp_sealed is None


def test_a_code_works_once(app: Flask, database: Database, settings: Settings, staff: Person) -> None:
    key, _ = set_up_app(database, settings, staff)
    right_after_a_step()
    code = code_of(key)
    assert second_step(with_password(app, staff), code) == 302
    assert second_step(with_password(app, staff), code) == 422


@pytest.mark.parametrize(("steps", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_s_clock_may_be_wrong_by_one_step(
    database: Database, settings: Settings, staff: Person, session: Session, steps: int, works: bool
) -> None:
    key, _ = set_up_app(database, settings, staff)
    account = session.get_one(Account, staff.account_id)
    second_factor.locked(session, account).last_step = 0
    right_after_a_step()
    assert second_factor.try_code(session, settings, account, code_of(key, steps)) is works


def test_an_older_code_does_not_work_after_a_newer_one(
    database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    key, _ = set_up_app(database, settings, staff)
    account = session.get_one(Account, staff.account_id)
    right_after_a_step()
    assert second_factor.try_code(session, settings, account, code_of(key, 1))
    assert not second_factor.try_code(session, settings, account, code_of(key, 0))


def test_after_five_wrong_codes_even_the_right_one_must_wait(
    app: Flask, database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    key, codes = set_up_app(database, settings, staff)
    for number in range(5):  # each from a browser of its own: the count is the account's, in the database
        assert second_step(with_password(app, staff), f"00000{number}") == 422
    client = with_password(app, staff)
    for given in (code_of(key), codes[0]):
        answer = client.post("/sign-in/second-step", data={"code": given})
        assert (answer.status_code, "Too many wrong codes" in answer.text) == (422, True)
    assert "person.wrong_codes" in actions(session)
    session.get_one(SecondFactor, staff.account_id, populate_existing=True).wait_until = now() - timedelta(seconds=1)
    session.commit()
    assert second_step(client, code_of(key)) == 302
    assert session.get_one(SecondFactor, staff.account_id, populate_existing=True).wrong_codes == 0


def test_each_five_wrong_codes_more_wait_twice_as_long(
    database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    set_up_app(database, settings, staff)
    account = session.get_one(Account, staff.account_id)
    waits = []
    for number in range(60):
        second_factor.try_code(session, settings, account, "12345" if number % 2 else "aaaa-aaaa-aaaa-aaaa")
        factor = second_factor.locked(session, account)
        if factor.wait_until is not None:
            waits.append(round((factor.wait_until - now()).total_seconds() / 60))
            factor.wait_until = None
            session.flush()
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440, 1440, 1440]


def test_a_recovery_code_stands_in_for_the_phone_once(
    app: Flask, database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    _, codes = set_up_app(database, settings, staff)
    client = with_password(app, staff)
    typed = codes[3].upper().replace("-", " ")
    answer = client.post("/sign-in/second-step", data={"code": typed, "kind": "recovery"}, follow_redirects=True)
    assert "You used a recovery code; 9 are left." in answer.text
    again = with_password(app, staff).post("/sign-in/second-step", data={"code": codes[3], "kind": "recovery"})
    assert (again.status_code, "was used before" in again.text) == (422, True)
    assert "person.recovery_code" in actions(session)


def test_new_recovery_codes_end_the_old_ones(
    database: Database, settings: Settings, staff_client: FlaskClient, staff: Person, session: Session
) -> None:
    key, old = set_up_app(database, settings, staff)
    refused = staff_client.post("/you/signing-in/recovery-codes", data={"proof": "wrong"})
    assert refused.status_code == 422
    new = codes_on(staff_client.post("/you/signing-in/recovery-codes", data={"proof": PASSWORD}).text)
    account = session.get_one(Account, staff.account_id)
    assert not recovery_codes.use(session, account, old[0])
    assert recovery_codes.use(session, account, new[0])
    assert key


@pytest.mark.parametrize("proof", ["password", "code", "recovery code"])
def test_turning_off_asks_for_the_password_or_a_code(
    database: Database, settings: Settings, staff_client: FlaskClient, staff: Person, session: Session, proof: str
) -> None:
    key, codes = set_up_app(database, settings, staff)
    right_after_a_step()
    shown = {"password": PASSWORD, "code": code_of(key), "recovery code": codes[0]}[proof]
    assert staff_client.post("/you/signing-in/app/off", data={}).status_code == 422
    assert staff_client.post("/you/signing-in/app/off", data={"proof": "wrong"}).status_code == 422
    assert session.get_one(SecondFactor, staff.account_id).totp_sealed is not None
    session.rollback()
    assert staff_client.post("/you/signing-in/app/off", data={"proof": shown}).status_code == 302
    factor = session.get_one(SecondFactor, staff.account_id, populate_existing=True)
    assert (factor.totp_sealed, factor.totp_since) == (None, None)
    assert session.scalars(select(RecoveryCode)).all() == []
    assert "person.second_step_off" in actions(session)


def test_wrong_passwords_on_these_pages_are_limited_too(
    database: Database, settings: Settings, staff_client: FlaskClient, staff: Person
) -> None:
    set_up_app(database, settings, staff)
    for _ in range(5):
        staff_client.post("/you/signing-in/app/off", data={"proof": "wrong"})
    answer = staff_client.post("/you/signing-in/app/off", data={"proof": PASSWORD})
    assert (answer.status_code, "Too many wrong passwords" in answer.text) == (422, True)
    for _ in range(5):
        staff_client.post("/you/signing-in/app/off", data={"proof": "000000"})
    answer = staff_client.post("/you/signing-in/app/off", data={"proof": "000000"})
    assert (answer.status_code, "Too many wrong codes" in answer.text) == (422, True)


def test_a_password_that_looks_like_a_recovery_code_is_a_password(
    settings: Settings, session: Session, actor: Person
) -> None:
    password = "tugvwaxmbkqzdfhr"
    assert recovery_codes.looks_like_one(password)
    person = add_person(
        session,
        session.merge(actor.workspace),
        email="odd@example.com",
        name="Odd",
        password=password,
        role=Role.VIEWER,
    )
    session.commit()
    second_factor.prove(session, settings, person.account, password, "192.0.2.1")
    with pytest.raises(Refused):
        second_factor.prove(session, settings, person.account, "tugvwaxmbkqzdfhs", "192.0.2.1")


@pytest.mark.parametrize("is_set_up", [True, False], ids=["second step", "its set-up"])
def test_between_the_steps_nothing_opens_that_is_not_open_to_strangers(
    app: Flask, database: Database, settings: Settings, actor: Person, staff: Person, is_set_up: bool
) -> None:
    if is_set_up:
        set_up_app(database, settings, staff)
    with needed(database, actor):
        client = with_password(app, staff)
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} if rule.endpoint not in PUBLIC else ():
            values = dict.fromkeys(rule.arguments, 1) | {"side": "old", "section": "layouts", "form": "csv"}
            answer = client.open(adapter.build(rule.endpoint, values, method=method), method=method)
            where = (answer.location or "").split("?", maxsplit=1)[0]
            assert (answer.status_code, where) == (302, "/sign-in"), (rule.endpoint, method)


def test_a_half_done_sign_in_ends_after_ten_minutes(
    app: Flask, database: Database, settings: Settings, staff: Person
) -> None:
    key, _ = set_up_app(database, settings, staff)
    client = with_password(app, staff)
    with client.session_transaction() as cookie:
        cookie[HALF] = {**cookie[HALF], "at": time.time() - SECONDS - 1}
    answer = client.post("/sign-in/second-step", data={"code": code_of(key)})
    assert (answer.status_code, "This sign-in is over" in answer.text) == (403, True)
    assert not is_in(client)


def test_a_half_done_sign_in_belongs_to_its_browser_and_ends_with_the_password(
    app: Flask, database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    key, _ = set_up_app(database, settings, staff)
    client = with_password(app, staff)
    assert second_step(app.test_client(), code_of(key)) == 403
    session.get_one(Account, staff.account_id).password_hash = "changed meanwhile"
    session.commit()
    assert second_step(client, code_of(key)) == 403


def test_the_second_step_leads_to_no_other_site(
    app: Flask, database: Database, settings: Settings, staff: Person
) -> None:
    key, _ = set_up_app(database, settings, staff)
    client = with_password(app, staff, "//evil.example/")
    assert client.post("/sign-in/second-step", data={"code": code_of(key)}).location == "/"


def test_where_a_second_step_is_needed_it_is_set_up_before_anything_else(
    app: Flask, database: Database, actor: Person, staff: Person
) -> None:
    with needed(database, actor):
        client = app.test_client()
        answer = client.post("/sign-in?next=/lists", data={"email": staff.email, "password": PASSWORD})
        assert answer.location == "/sign-in/set-up"
        assert not is_in(client)
        page = client.post("/sign-in/set-up/app", data={"begin": "1"}, follow_redirects=True).text
        found = re.search(r'class="app-key">([A-Z2-7 ]+)<', page)
        assert found is not None
        assert client.post("/sign-in/set-up/app", data={"code": "123"}).status_code == 422
        done = client.post("/sign-in/set-up/app", data={"code": code_of(found[1].replace(" ", ""))})
        assert len(codes_on(done.text)) == 10
        assert 'href="/lists"' in done.text
        assert is_in(client)


def test_a_password_alone_never_sets_up_another_app_in_place_of_the_first(
    app: Flask, database: Database, settings: Settings, actor: Person, staff: Person, session: Session
) -> None:
    key, _ = set_up_app(database, settings, staff)
    with needed(database, actor):
        client = with_password(app, staff)
        for data in ({"begin": "1"}, {"code": code_of(key)}):
            answer = client.post("/sign-in/set-up/app", data=data)
            assert (answer.status_code, answer.location) == (302, "/sign-in/second-step")
    assert session.get_one(SecondFactor, staff.account_id).pending_sealed is None


def test_what_is_needed_cannot_be_turned_off(
    database: Database, settings: Settings, actor: Person, staff: Person, staff_client: FlaskClient
) -> None:
    set_up_app(database, settings, staff)
    with needed(database, actor):
        answer = staff_client.post("/you/signing-in/app/off", data={"proof": PASSWORD})
        assert (answer.status_code, "Your department needs a second step" in answer.text) == (422, True)


def test_only_an_administrator_changes_the_rule_and_it_is_noted(
    client: FlaskClient, staff_client: FlaskClient, session: Session, actor: Person
) -> None:
    assert staff_client.post("/settings/signing-in", data={"needed": "y"}).status_code == 403
    assert (
        "needs a second step" in client.post("/settings/signing-in", data={"needed": "y"}, follow_redirects=True).text
    )
    assert second_factor.is_needed_in(session, actor.workspace_id)
    session.rollback()
    client.post("/settings/signing-in", data={})
    session.expire_all()
    assert not second_factor.is_needed_in(session, actor.workspace_id)
    assert actions(session).count("workspace.second_step") == 2


def test_the_rule_of_one_workspace_is_not_another_s(database: Database, actor: Person, session: Session) -> None:
    other = Workspace(name="Elsewhere")
    session.add(other)
    session.flush()
    person = add_person(session, other, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.ADMINISTRATOR)
    session.commit()
    with needed(database, actor):
        assert not second_factor.is_needed(session, person.account)


def test_an_administrator_takes_the_step_of_a_lost_phone_away(
    app: Flask, client: FlaskClient, database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    key, _ = set_up_app(database, settings, staff)
    browser = with_password(app, staff)
    assert second_step(browser, code_of(key)) == 302
    assert "Take the second step away" in client.get(f"/settings/signing-in/people/{staff.id}").text
    page = client.post(f"/settings/signing-in/people/{staff.id}/reset", follow_redirects=True).text
    assert "was taken away" in page
    assert not is_in(browser), "who found the phone is signed out"
    assert "person.second_step_reset" in actions(session)
    assert is_in(with_password(app, staff))


def test_the_person_is_told_by_mail(
    database: Database, settings: Settings, actor: Person, staff: Person, session: Session
) -> None:
    from app.people.connection import stored_connection
    from app.people.sealing import seal
    from tests.factories import a_sender

    set_up_app(database, settings, staff)
    connection = stored_connection(session, actor.workspace_id)
    connection.account_id, connection.token_sealed = "account", seal("token", settings.secret_key)
    session.add(connection)
    session.get_one(Workspace, actor.workspace_id).own_mail_sender_id = a_sender(session, actor).id
    person, told = factor_reset.reset(session, settings, session.merge(actor), staff.id)
    assert told
    mail = session.scalars(select(OwnMail)).one()
    assert (mail.email, mail.subject) == (person.email, "Your second step at sign-in was taken away")


def test_an_administrator_of_one_department_does_not_weaken_the_sign_in_to_another(
    client: FlaskClient, database: Database, settings: Settings, actor: Person, staff: Person, session: Session
) -> None:
    set_up_app(database, settings, staff)
    other = Workspace(name="Elsewhere")
    session.add(other)
    session.flush()
    place_in(session, session.get_one(Account, staff.account_id), other, Role.ADMINISTRATOR)
    session.get_one(Account, actor.account_id).runs_installation = False
    session.commit()
    answer = client.post(f"/settings/signing-in/people/{staff.id}/reset")
    assert (
        answer.status_code,
        "another" not in answer.text,
        "department that you do not look after" in answer.text,
    ) == (
        409,
        True,
        True,
    )
    assert session.get_one(SecondFactor, staff.account_id, populate_existing=True).totp_sealed is not None


def test_nobody_is_helped_across_workspaces_or_by_themselves(
    client: FlaskClient, actor: Person, session: Session
) -> None:
    other = Workspace(name="Elsewhere")
    session.add(other)
    session.flush()
    stranger = add_person(session, other, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.VIEWER)
    session.commit()
    for path in ("", "/reset", "/part-from-provider"):
        url = f"/settings/signing-in/people/{stranger.id}{path}"
        assert client.open(url, method="POST" if path else "GET").status_code == 404
    assert client.post(f"/settings/signing-in/people/{actor.id}/reset").status_code == 409


def test_a_changed_secret_key_is_said_and_recovery_codes_still_work(
    database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    key, codes = set_up_app(database, settings, staff)
    changed = Settings.model_validate({"POSTROOM_SECRET_KEY": "quite another secret key, long enough too"})
    account = session.get_one(Account, staff.account_id)
    with pytest.raises(Refused, match="secret key was changed"):
        second_factor.try_code(session, changed, account, code_of(key))
    assert second_factor.try_code(session, changed, account, codes[0])


def test_the_picture_holds_the_key_the_page_shows(
    database: Database, settings: Settings, staff: Person, session: Session
) -> None:
    account = session.get_one(Account, staff.account_id)
    second_factor.begin_app(session, settings, account)
    shown = second_factor.key_to_show(session, settings, account, "Postroom")
    assert shown is not None
    assert shown.qr_code.startswith("data:image/svg+xml")
    assert len(pyotp.TOTP(shown.key.replace(" ", "")).now()) == 6


def test_people_without_a_second_factor_sign_in_as_before(app: Flask, staff: Person) -> None:
    assert is_in(signed_in(app, staff))


def test_whoever_runs_the_server_takes_a_second_step_away(
    app: Flask, database: Database, settings: Settings, staff: Person, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_app(database, settings, staff)
    for name, value in {
        "POSTROOM_DATA": str(settings.data),
        "POSTROOM_SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url_setting or "",
    }.items():
        monkeypatch.setenv(name, value)
    missing = CliRunner().invoke(main, ["user", "second-step-off", "nobody@example.com"])
    assert (missing.exit_code, "Nobody with this address" in missing.output) == (1, True)
    done = CliRunner().invoke(main, ["user", "second-step-off", staff.email])
    assert done.exit_code == 0, done.output
    assert "person.second_step_reset" in actions(session)
    assert is_in(with_password(app, staff))


def test_somebody_above_is_not_helped(
    client: FlaskClient, database: Database, settings: Settings, actor: Person, staff: Person, session: Session
) -> None:
    set_up_app(database, settings, staff)
    session.get_one(Account, staff.account_id).runs_installation = True
    session.commit()
    assert client.post(f"/settings/signing-in/people/{staff.id}/reset").status_code == 409


def test_a_new_password_by_a_link_does_not_go_around_the_second_step(
    app: Flask, client: FlaskClient, database: Database, settings: Settings, actor: Person, staff: Person
) -> None:
    set_up_app(database, settings, staff)
    with database.writing() as session:
        token = resets.make_link(session, session.merge(actor), session.get_one(Person, staff.id))
    browser = app.test_client()
    password = "violet tractor under the moon"
    browser.post(f"/new-password/{token}", data={"password": password})
    assert not is_in(browser)
    answer = browser.post("/sign-in", data={"email": staff.email, "password": password})
    assert answer.location == "/sign-in/second-step"
