"""Roles are changed, people are taken out and come back; there is always an administrator."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.people import membership
from app.people.accounts import add_person, place_in
from app.people.models import Account, Person, Workspace
from app.people.roles import Role
from app.refusals import Refused
from app.sends.models import Send
from app.sends.release import team_in_trial_mode
from tests.conftest import PASSWORD, signed_in
from tests.people.conftest import is_in


def test_another_role_counts_at_the_next_request(client: FlaskClient, staff_client: FlaskClient, staff: Person) -> None:
    assert staff_client.get("/sends/new").status_code == 200
    page = client.post(f"/settings/people/{staff.id}/role", data={"role": "viewer"}, follow_redirects=True).text
    assert "Sam Staff is viewer now." in page
    assert staff_client.get("/sends/new").status_code == 403
    client.post(f"/settings/people/{staff.id}/role", data={"role": "administrator"})
    assert staff_client.get(f"/settings/people/{staff.id}").status_code == 200


def test_no_such_role_is_given(client: FlaskClient, staff: Person) -> None:
    answer = client.post(f"/settings/people/{staff.id}/role", data={"role": "king"})
    assert (answer.status_code, "Not a valid choice" in answer.text) == (422, True)


def test_who_is_taken_out_is_signed_out_at_once_and_cannot_come_in(
    app: Flask, client: FlaskClient, staff_client: FlaskClient, staff: Person
) -> None:
    assert is_in(staff_client)
    page = client.post(f"/settings/people/{staff.id}/take-out", follow_redirects=True).text
    assert "Sam Staff can no longer sign in here." in page and "Taken out" in page
    assert not is_in(staff_client)
    fields = {"email": staff.email, "password": PASSWORD}
    assert app.test_client().post("/sign-in", data=fields).status_code == 422
    client.post(f"/settings/people/{staff.id}/bring-back")
    assert not is_in(staff_client), "the old sign-in stays ended"
    assert is_in(signed_in(app, staff))


def test_what_they_did_keeps_their_name(client: FlaskClient, staff_client: FlaskClient, staff: Person) -> None:
    staff_client.post("/you/timezone", data={"timezone": "Europe/Paris"})
    client.post(f"/settings/people/{staff.id}/take-out")
    page = client.get("/activity").text
    assert "Time zone set to Europe/Paris" in page and "Sam Staff" in page
    assert "Sam Staff taken out of the workspace" in page


def test_in_trial_mode_who_was_taken_out_gets_no_e_mail_any_more(
    database: Database, actor: Person, staff: Person
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).is_live = False
        membership.take_out(session, actor, staff.id)
    with database.reading() as session:
        assert team_in_trial_mode(session, Send(workspace_id=actor.workspace_id)) == {actor.email}


def test_other_workspaces_of_the_same_account_are_not_touched(
    app: Flask, client: FlaskClient, database: Database, actor: Person, other_admin: Person
) -> None:
    with database.writing() as session:
        here = session.get_one(Workspace, actor.workspace_id)
        olive_here = place_in(session, session.get_one(Account, other_admin.account_id), here, Role.SENDER)
    olive = signed_in(app, other_admin)
    client.post(f"/settings/people/{olive_here.id}/take-out")
    assert is_in(olive), "she is signed in to her own workspace"
    assert is_in(signed_in(app, other_admin))


def test_the_last_administrator_is_neither_lowered_nor_taken_out(
    client: FlaskClient, actor: Person, staff: Person
) -> None:
    only = "Ada Admin is the only administrator here. Make somebody else an administrator first."
    lowered = client.post(f"/settings/people/{actor.id}/role", data={"role": "approver"})
    assert (lowered.status_code, only in lowered.text) == (422, True)
    out = client.post(f"/settings/people/{actor.id}/take-out")
    assert (out.status_code, only in out.text) == (422, True)
    client.post(f"/settings/people/{staff.id}/role", data={"role": "administrator"})
    client.post(f"/settings/people/{staff.id}/take-out")
    assert client.post(f"/settings/people/{actor.id}/take-out").status_code == 422, "who was taken out does not count"
    client.post(f"/settings/people/{staff.id}/bring-back")
    assert client.post(f"/settings/people/{actor.id}/role", data={"role": "viewer"}).status_code == 302
    assert client.get(f"/settings/people/{staff.id}").status_code == 403


def test_two_administrators_who_lower_each_other_at_once_leave_one(database: Database, actor: Person) -> None:
    with database.writing() as session:
        other = add_person(
            session,
            session.merge(actor.workspace),
            email="bea@example.com",
            name="Bea",
            password=PASSWORD,
            role=Role.ADMINISTRATOR,
        )
    start = threading.Barrier(2)

    def lower(by: Person, whom: Person) -> None:
        with database.session(write=True) as session:
            start.wait()
            try:
                membership.change_role(session, by, whom.id, Role.VIEWER)
                session.commit()
            except Refused:
                session.rollback()

    threads = [threading.Thread(target=lower, args=pair) for pair in ((actor, other), (other, actor))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        roles = session.scalars(select(Person.role)).all()
    assert sorted(roles) == [Role.ADMINISTRATOR, Role.VIEWER]


@pytest.mark.parametrize("act", ["role", "take-out", "bring-back", "reset-link"])
def test_people_of_another_workspace_are_not_there(
    client: FlaskClient, other_admin: Person, database: Database, act: str
) -> None:
    assert client.get(f"/settings/people/{other_admin.id}").status_code == 404
    assert client.post(f"/settings/people/{other_admin.id}/{act}", data={"role": "viewer"}).status_code == 404
    with database.reading() as session:
        untouched = session.get_one(Person, other_admin.id)
        assert (untouched.role, untouched.left_at) == (Role.ADMINISTRATOR, None)


def test_the_trail_tells_who_changed_what(client: FlaskClient, staff: Person, session: Session) -> None:
    client_acts = [("role", {"role": "editor"}), ("take-out", {}), ("bring-back", {})]
    session.rollback()
    for act, data in client_acts:
        client.post(f"/settings/people/{staff.id}/{act}", data=data)
    words = session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()
    assert words[-3:] == [
        "Sam Staff is editor now, was sender",
        "Sam Staff taken out of the workspace",
        "Sam Staff brought back as editor",
    ]
