"""Invitations: a link that works once, for seven days, and tells nobody who has an account."""

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
from app.people import invitations, membership
from app.people.link_models import Invitation
from app.people.models import Account, Person
from app.people.roles import Role
from app.refusals import Refused
from app.settings import Settings
from tests.conftest import PASSWORD, signed_in
from tests.people.conftest import is_in, letter_to, link_in
from tests.statements import statements

FORM = {"person-name": "Nora New", "person-email": "Nora@example.com", "person-role": "editor"}
CHOSEN = {"name": "Nora New", "password": "violet anchor seldom rain"}


@pytest.fixture
def link(client: FlaskClient) -> str:
    return link_in(client.post("/settings/people", data=FORM).text)


def test_the_invited_choose_their_own_password_and_are_in(client: FlaskClient, app: Flask, link: str) -> None:
    nora = app.test_client()
    page = nora.get(link).text
    assert "Ada Admin invites you to Harbour Council." in page and "Editor" in page and "nora@example.com" in page
    assert nora.post(link, data=CHOSEN).status_code == 302
    assert "Nora New, nora@example.com" in nora.get("/you").text
    assert nora.post("/settings/mode", data={"mode": "trial"}).status_code == 403
    team = client.get("/settings/people").text
    assert "Nobody who has not come yet." in team and "Nora New" in team


def test_the_link_is_shown_once_and_kept_as_a_digest(client: FlaskClient, database: Database, link: str) -> None:
    assert link not in client.get("/settings/people").text
    with client.session_transaction() as cookie:
        assert link.rpartition("/")[2] not in str(dict(cookie))
    with database.reading() as session:
        kept = session.scalars(select(Invitation)).one()
        trail = session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()
    assert link.rpartition("/")[2] not in str(vars(kept)) + str(trail)
    assert kept.expires_at - kept.made_at > timedelta(days=6, hours=23)


def test_it_works_once(app: Flask, link: str) -> None:
    assert app.test_client().post(link, data=CHOSEN).status_code == 302
    again = app.test_client()
    assert again.get(link).status_code == 404
    assert "This invitation was used, withdrawn, or is too old." in again.post(link, data=CHOSEN).text


def test_looking_at_it_uses_nothing_up(app: Flask, link: str) -> None:
    scanner = app.test_client()
    assert [scanner.get(link).status_code for _ in range(3)] == [200] * 3
    assert scanner.head(link).status_code == 200
    assert app.test_client().post(link, data=CHOSEN).status_code == 302


def test_of_two_who_accept_at_once_one_is_in(database: Database, settings: Settings, actor: Person) -> None:
    with database.writing() as session:
        _, token = invitations.invite(
            session, session.merge(actor), email="nora@example.com", name="Nora", role=Role.SENDER
        )
    start, came = threading.Barrier(2), []

    def accept() -> None:
        with database.session(write=True) as session:
            start.wait()
            found = invitations.find_open(session, token)
            try:
                assert found is not None
                invitations.accept_new(session, found, name="Nora", password=CHOSEN["password"])
                session.commit()
                came.append(True)
            except (Refused, AssertionError):
                came.append(False)

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [False, True]
    with database.reading() as session:
        assert len(session.scalars(select(Account).where(Account.email == "nora@example.com")).all()) == 1


def test_two_workspaces_that_invite_the_same_person_make_one_account(
    database: Database, actor: Person, other_admin: Person
) -> None:
    with database.writing() as session:
        tokens = [
            invitations.invite(session, session.merge(one), email="nora@example.com", name="Nora", role=Role.SENDER)[1]
            for one in (actor, other_admin)
        ]
    start, told = threading.Barrier(2), []

    def accept(token: str) -> None:
        with database.session(write=True) as session:
            start.wait()
            found = invitations.find_open(session, token)
            assert found is not None
            try:
                invitations.accept_new(session, found, name="Nora", password=CHOSEN["password"])
                session.commit()
                told.append("in")
            except Refused as refused:
                told.append(refused.words)

    threads = [threading.Thread(target=accept, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [invitations.SIGNS_IN, "in"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "short"}, "Use at least 12 characters"),
        ({"password": "passwordpassword"}, "This password is easily guessed"),
        ({"password": "nora@example.com"}, "This password is easily guessed"),
        ({"name": ""}, "Enter a name."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_link_still_works(
    app: Flask, link: str, change: dict[str, str], words: str
) -> None:
    client = app.test_client()
    answer = client.post(link, data={**CHOSEN, **change})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert client.post(link, data=CHOSEN).status_code == 302


def test_an_old_or_withdrawn_link_works_no_more_and_a_new_one_replaces_the_old(
    client: FlaskClient, app: Flask, database: Database, link: str
) -> None:
    with database.writing() as session:
        session.execute(update(Invitation).values(expires_at=now() - timedelta(minutes=1)))
    assert app.test_client().post(link, data=CHOSEN).status_code == 404
    page = client.get("/settings/people").text
    assert "Too old" in page
    number = re.findall(r"/invitations/(\d+)/link", page)[0]
    new = link_in(client.post(f"/settings/people/invitations/{number}/link").text)
    assert new != link
    assert app.test_client().get(link).status_code == 404
    assert app.test_client().get(new).status_code == 200
    client.post(f"/settings/people/invitations/{number}/withdraw")
    assert app.test_client().post(new, data=CHOSEN).status_code == 404
    assert client.post(f"/settings/people/invitations/{number}/link").status_code == 409
    assert "Nobody who has not come yet." in client.get("/settings/people").text


def test_the_invitations_of_another_workspace_are_not_there(
    client: FlaskClient, app: Flask, link: str, other_admin: Person, database: Database
) -> None:
    other = signed_in(app, other_admin)
    with database.reading() as session:
        number = session.scalars(select(Invitation.id)).one()
    assert "nora@example.com" not in other.get("/settings/people").text
    for act in ("link", "withdraw"):
        assert other.post(f"/settings/people/invitations/{number}/{act}").status_code == 404
    assert app.test_client().get(link).status_code == 200


def test_it_is_mailed_where_postroom_can_write_and_the_page_says_so(
    client: FlaskClient, app: Flask, database: Database, settings: Settings, writes_mail: None
) -> None:
    page = client.post("/settings/people", data=FORM).text
    assert "An e-mail with the link goes to nora@example.com." in page
    subject, mailed = letter_to(database, settings, "nora@example.com")
    assert subject == "Ada Admin invites you to Postroom"
    assert mailed == link_in(page)


def test_without_a_sender_the_page_says_that_the_link_must_be_handed_over(client: FlaskClient) -> None:
    assert "Postroom sends no e-mail about it." in client.post("/settings/people", data=FORM).text


def test_whom_one_invites_twice_or_who_is_here_already_is_said(
    client: FlaskClient, staff: Person, actor: Person, database: Database, link: str
) -> None:
    def refusal(email: str) -> str:
        answer = client.post("/settings/people", data={**FORM, "person-email": email})
        assert answer.status_code == 422
        assert f'value="{email}"' in answer.text
        return answer.text

    assert "This address is invited already." in refusal("nora@example.com")
    assert "Sam Staff is in this workspace already." in refusal(staff.email)
    assert "This is not an e-mail address" in refusal("nobody")
    with database.writing() as session:
        membership.take_out(session, session.merge(actor), staff.id)
    assert "Sam Staff was taken out." in refusal(staff.email)


def test_inviting_tells_an_administrator_nothing_about_accounts_elsewhere(
    client: FlaskClient, app: Flask, other_admin: Person
) -> None:
    def answer(email: str) -> tuple[int, str, str, int]:
        with statements() as said:
            made = client.post("/settings/people", data={**FORM, "person-email": email})
        link = link_in(made.text)
        shown = app.test_client().get(link)
        number = max(re.findall(r"/invitations/(\d+)/link", made.text))
        client.post(f"/settings/people/invitations/{number}/withdraw")
        changing = re.compile(r'name="csrf_token" value="[^"]+"|/(?:invitation|invitations)[/%][^"&]+|<time.*?</time>')
        return made.status_code, *(changing.sub("", one.text.replace(email, "")) for one in (made, shown)), len(said)

    answer("warm@example.com")
    assert answer("olive@example.com") == answer("nobody@example.com")


def test_somebody_with_an_account_accepts_with_their_password(
    client: FlaskClient, app: Flask, other_admin: Person, database: Database
) -> None:
    link = link_in(client.post("/settings/people", data={**FORM, "person-email": other_admin.email}).text)
    olive = app.test_client()
    taken = olive.post(link, data=CHOSEN)
    assert (taken.status_code, invitations.SIGNS_IN in taken.text) == (422, True)
    assert olive.post("/sign-in", data={"email": other_admin.email, "password": CHOSEN["password"]}).status_code == 422
    wrong = olive.post(f"{link}/known", data={"known-password": "wrong"})
    assert wrong.status_code == 422 and not is_in(olive)
    assert olive.post(f"{link}/known", data={"known-password": PASSWORD}).status_code == 302
    assert "Harbour Council" in olive.get("/").text
    with database.reading() as session:
        places = session.scalars(
            select(Person).where(Person.account_id == other_admin.account_id).order_by(Person.id)
        ).all()
    assert [one.role for one in places] == [Role.ADMINISTRATOR, Role.EDITOR]


def test_guessing_the_password_at_an_invitation_makes_one_wait_as_signing_in_does(
    client: FlaskClient, app: Flask, other_admin: Person
) -> None:
    link = link_in(client.post("/settings/people", data={**FORM, "person-email": other_admin.email}).text)
    guesser = app.test_client()
    for _ in range(5):
        guesser.post(f"{link}/known", data={"known-password": "wrong"})
    assert "Too many wrong passwords." in guesser.post(f"{link}/known", data={"known-password": PASSWORD}).text
    assert (
        "Too many wrong passwords."
        in guesser.post("/sign-in", data={"email": other_admin.email, "password": PASSWORD}).text
    )


def test_who_is_signed_in_with_the_address_accepts_by_one_press(
    client: FlaskClient, app: Flask, other_admin: Person, staff: Person
) -> None:
    link = link_in(client.post("/settings/people", data={**FORM, "person-email": other_admin.email}).text)
    wrong = signed_in(app, staff)
    assert "You are signed in as Sam Staff." in wrong.get(link).text
    assert wrong.post(f"{link}/accept").status_code == 409
    olive = signed_in(app, other_admin)
    assert "Accept as Olive Other" in olive.get(link).text
    assert olive.post(f"{link}/accept").status_code == 302
    assert "Harbour Council" in olive.get("/").text


def test_who_left_every_workspace_comes_in_again_by_an_invitation(
    client: FlaskClient, app: Flask, other_admin: Person, database: Database
) -> None:
    link = link_in(client.post("/settings/people", data={**FORM, "person-email": other_admin.email}).text)
    with database.writing() as session:
        session.execute(update(Person).where(Person.id == other_admin.id).values(left_at=now()))
    olive = app.test_client()
    assert olive.post("/sign-in", data={"email": other_admin.email, "password": PASSWORD}).status_code == 422
    assert olive.post(f"{link}/known", data={"known-password": PASSWORD}).status_code == 302
    assert "Harbour Council" in olive.get("/").text and "Library" not in olive.get("/").text


def test_the_trail_tells_who_invited_whom_and_who_came(app: Flask, session: Session, link: str) -> None:
    app.test_client().post(link, data=CHOSEN)
    words = session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()
    assert "Nora New (nora@example.com) invited as editor" in words
    assert "Nora New accepted the invitation and is editor" in words


def test_only_an_administrator_invites(staff_client: FlaskClient) -> None:
    assert staff_client.post("/settings/people", data=FORM).status_code == 403
    page = staff_client.get("/settings/people").text
    assert "Sam Staff" in page and "Invite somebody" not in page
