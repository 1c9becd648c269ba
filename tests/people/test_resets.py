"""New passwords by a link: nobody learns who has an account, a link works once, and every sign-in ends."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database, now
from app.people import lockout, membership, resets
from app.people.accounts import add_person, place_in
from app.people.link_models import PasswordReset
from app.people.models import Account, Person, Workspace
from app.people.own_mail_models import OwnMail
from app.people.roles import Role
from app.people.sign_in_work import work_on_sign_ins
from app.refusals import Refused
from app.settings import Settings
from tests.conftest import PASSWORD, signed_in
from tests.people.conftest import ask_for_password, is_in, letter_to, link_in
from tests.statements import statements

NEW = {"password": "violet anchor seldom rain"}


def fits(app: Flask, email: str, password: str) -> bool:
    return app.test_client().post("/sign-in", data={"email": email, "password": password}).status_code == 302


@pytest.fixture
def link(app: Flask, database: Database, settings: Settings, staff: Person, writes_mail: None) -> str:
    """The link that the mail to the member of staff has."""
    ask_for_password(app, database, settings, " Sam@example.com ")
    return letter_to(database, settings, staff.email)[1]


def test_a_link_comes_by_mail_and_sets_a_new_password(app: Flask, link: str, staff: Person) -> None:
    client = app.test_client()
    assert staff.email in client.get(link).text
    answer = client.post(link, data=NEW, follow_redirects=True)
    assert "Your password is changed. Sign in with it." in answer.text
    assert not is_in(client), "a link alone lets nobody in"
    assert fits(app, staff.email, NEW["password"]) and not fits(app, staff.email, PASSWORD)


def test_the_answer_and_its_cost_are_the_same_for_every_address(
    app: Flask, actor: Person, staff: Person, database: Database, settings: Settings, writes_mail: None
) -> None:
    with database.writing() as session:
        membership.take_out(session, session.merge(actor), staff.id)

    def answer(email: str) -> tuple[str, int]:
        with statements() as said:
            page = app.test_client().post("/forgot-password", data={"email": email}).text
        return re.sub(r'name="csrf_token" value="[^"]+"', "", page), len(said)

    answer("warm@example.com")
    told = [answer(email) for email in (actor.email, staff.email, "nobody@example.com", "no address", "x" * 250)]
    assert all(one == told[0] for one in told)
    assert "If somebody signs in with this address" in told[0][0]
    work_on_sign_ins(database, settings)
    with database.reading() as session:
        assert session.scalars(select(OwnMail.email)).all() == [actor.email]
        assert len(session.scalars(select(PasswordReset)).all()) == 1, "what nobody has is forgotten"


def test_a_link_works_once(app: Flask, link: str, staff: Person) -> None:
    assert app.test_client().post(link, data=NEW).status_code == 302
    again = app.test_client().post(link, data={"password": "another violet anchor rain"})
    assert (again.status_code, resets.GONE in again.text) == (404, True)
    assert fits(app, staff.email, NEW["password"])


def test_of_two_who_use_a_link_at_once_one_does(
    database: Database, settings: Settings, actor: Person, staff: Person
) -> None:
    with database.writing() as session:
        token = resets.make_link(session, session.merge(actor), session.get_one(Person, staff.id))
    start, done = threading.Barrier(2), []

    def use(password: str) -> None:
        with database.session(write=True) as session:
            start.wait()
            found = resets.find_link(session, token)
            try:
                assert found is not None
                resets.use_link(session, settings, found, password)
                session.commit()
                done.append(True)
            except (Refused, AssertionError):
                done.append(False)

    threads = [threading.Thread(target=use, args=(f"violet anchor seldom rain {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]


def test_a_link_ends_after_an_hour_and_when_another_one_was_used(
    app: Flask, database: Database, settings: Settings, link: str, staff: Person
) -> None:
    ask_for_password(app, database, settings, staff.email)
    later = letter_to(database, settings, staff.email)[1]
    assert later != link
    with database.writing() as changing:
        changing.execute(update(PasswordReset).values(expires_at=now() + timedelta(minutes=1)))
    assert app.test_client().post(later, data=NEW).status_code == 302
    assert app.test_client().get(link).status_code == 404
    ask_for_password(app, database, settings, staff.email)
    third = letter_to(database, settings, staff.email)[1]
    assert app.test_client().get(third).status_code == 200
    with database.writing() as changing:
        old = changing.scalars(select(PasswordReset).where(PasswordReset.used_at.is_(None))).one()
        assert old.expires_at is not None
        assert old.expires_at - old.made_at <= timedelta(hours=1, seconds=10)
        old.expires_at = now() - timedelta(seconds=1)
    assert app.test_client().get(third).status_code == 404


def test_every_sign_in_ends_and_the_person_is_told(
    app: Flask, link: str, staff: Person, session: Session, database: Database, settings: Settings
) -> None:
    before = [signed_in(app, staff) for _ in range(2)]
    app.test_client().post(link, data=NEW)
    assert not any(is_in(one) for one in before)
    assert letter_to(database, settings, staff.email)[0] == "Your password was changed"
    words = session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()
    assert "Sam Staff was mailed a link for a new password" in words and "Sam Staff chose a new password" in words


def test_a_reset_ends_the_waiting_after_wrong_passwords(app: Flask, link: str, staff: Person) -> None:
    for _ in range(6):
        fits(app, staff.email, "wrong")
    assert not fits(app, staff.email, PASSWORD)
    app.test_client().post(link, data=NEW)
    assert fits(app, staff.email, NEW["password"])


def test_a_bad_password_is_refused_and_the_link_still_works(app: Flask, link: str) -> None:
    client = app.test_client()
    for bad in ("short", "passwordpassword", "sam@example.com"):
        assert client.post(link, data={"password": bad}).status_code == 422
    assert client.post(link, data=NEW).status_code == 302


def test_an_account_gets_a_few_links_an_hour_and_an_address_asks_a_few_times(
    app: Flask, database: Database, settings: Settings, staff: Person, writes_mail: None
) -> None:
    for _ in range(lockout.RESETS_OF_ADDRESS.free + 3):
        page = ask_for_password(app, database, settings, staff.email)
        assert "If somebody signs in with this address" in page
    with database.reading() as session:
        assert len(session.scalars(select(OwnMail)).all()) == resets.MOST_BY_MAIL
    with statements() as said:
        ask_for_password(app, database, settings, "other@example.com")
    assert not any("INSERT INTO password_reset" in one for one in said), "this network address asked too often"


def test_without_a_sender_nothing_is_mailed_and_no_link_is_left(
    app: Flask, database: Database, settings: Settings, staff: Person
) -> None:
    ask_for_password(app, database, settings, staff.email)
    with database.reading() as session:
        assert session.scalars(select(PasswordReset)).all() == []


def test_an_administrator_makes_a_link_to_hand_over(
    client: FlaskClient, app: Flask, staff: Person, session: Session
) -> None:
    page = client.post(f"/settings/people/{staff.id}/reset-link").text
    link = link_in(page)
    assert "It works once, for 24 hours." in page
    assert link not in client.get(f"/settings/people/{staff.id}").text
    assert app.test_client().post(link, data=NEW).status_code == 302
    assert fits(app, staff.email, NEW["password"])
    words = session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()
    assert "Link for a new password made for Sam Staff (sam@example.com)" in words


def test_an_administrator_makes_no_link_for_an_account_that_reaches_further_than_their_own(
    client: FlaskClient, database: Database, actor: Person, other_admin: Person
) -> None:
    def answer(person_id: int) -> str:
        made = client.post(f"/settings/people/{person_id}/reset-link")
        assert made.status_code in {200, 404, 422}
        return "made" if made.status_code == 200 else "not there" if made.status_code == 404 else "refused"

    with database.writing() as session:
        here = session.get_one(Workspace, actor.workspace_id)
        olive_here = place_in(session, session.get_one(Account, other_admin.account_id), here, Role.VIEWER)
        runs = add_person(
            session, here, email="root@example.com", name="Root", password=PASSWORD, role=Role.ADMINISTRATOR
        )
        runs.account.runs_installation = True
    assert answer(other_admin.id) == "not there", "somebody of another workspace"
    assert answer(olive_here.id) == "refused", "she administers another workspace"
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == other_admin.id).values(role=Role.VIEWER))
    assert answer(olive_here.id) == "refused", "she sees another workspace"
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == other_admin.id).values(left_at=now()))
    assert answer(olive_here.id) == "refused", "she may be brought back there"
    assert answer(runs.id) == "refused", "they run the installation"
    assert answer(actor.id) == "refused", "one's own is changed with the present one"
    with database.writing() as session:
        library = session.get_one(Workspace, other_admin.workspace_id)
        place_in(session, session.get_one(Account, actor.account_id), library, Role.ADMINISTRATOR)
    assert answer(olive_here.id) == "made", "they administer every workspace that she is in"
