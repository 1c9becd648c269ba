"""Uploads that wait for somebody, and imports that a colleague takes back."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import Database
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients import lists
from app.recipients.imports import uploads
from app.recipients.imports.job import run_import
from app.recipients.models import ImportState, ImportWay, ListUpload, RecipientList
from app.refusals import NotThere
from tests.conftest import PASSWORD, signed_in
from tests.recipients.imports import imported, people_of, uploaded
from tests.recipients.test_views import words


@pytest.fixture
def list_id(database: Database, actor: Person) -> int:
    with database.writing() as session:
        return lists.make_list(session, actor, name="Members", columns=[], people=[]).id


def keep(database: Database, person: Person, count: int) -> None:
    """Uploads that wait, numbered from the first one on."""
    with database.writing() as session:
        for n in range(count):
            session.add(
                ListUpload(workspace_id=person.workspace_id, person_id=person.id, list_name=f"Upload {n:02}", size=1)
            )
            session.flush()


def shown(page: str) -> list[str]:
    return re.findall(r">(Upload \d\d)</a>", page)


def test_the_lists_have_one_card_with_a_line_for_each_upload(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    keep(database, actor, 3)
    states = (ImportState.CHOOSING, ImportState.FAILED, ImportState.READY)
    with database.writing() as session:
        for upload, state in zip(session.scalars(select(ListUpload).order_by(ListUpload.id)), states, strict=True):
            upload.state = state
    page = client.get("/lists").text
    assert page.count("Uploads that wait for you") == 1
    assert shown(page) == ["Upload 02", "Upload 01", "Upload 00"]
    assert "Upload 02 Look it over, then import Pasted rows" in words(page)
    assert "Upload 01 The rows cannot be read" in words(page)
    assert "Upload 00 Say how it is read" in words(page)
    assert "All waiting uploads" not in page


def test_every_waiting_upload_can_be_reached(client: FlaskClient, database: Database, actor: Person) -> None:
    keep(database, actor, 30)
    page = client.get("/lists").text
    assert shown(page) == [f"Upload {n:02}" for n in range(29, 24, -1)]
    every = re.search(r'href="([^"]+)">All waiting uploads', page)
    assert every is not None
    first = client.get(every[1]).text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = client.get(html.unescape(following[1])).text
    assert shown(first) + shown(second) == [f"Upload {n:02}" for n in range(29, -1, -1)]
    assert 'rel="next"' not in second


def test_a_waiting_upload_is_ones_own(staff_client: FlaskClient, database: Database, actor: Person) -> None:
    upload_id = uploaded(database, actor, "email\nann@example.com\n")
    for url in ("/lists", "/lists/uploads"):
        assert "/lists/uploads/" not in staff_client.get(url).text
    assert "No upload waits for you" in staff_client.get("/lists/uploads").text
    assert staff_client.get(f"/lists/uploads/{upload_id}").status_code == 404
    assert staff_client.post(f"/lists/uploads/{upload_id}/undo").status_code == 404


@pytest.mark.parametrize("way", [ImportWay.NEW, ImportWay.ADD])
def test_a_colleague_takes_an_import_back_and_the_trail_names_them(
    staff_client: FlaskClient, database: Database, actor: Person, staff: Person, list_id: int, way: ImportWay
) -> None:
    to = {"name": "Fresh"} if way is ImportWay.NEW else {"list_id": list_id}
    upload = imported(database, actor, "email\nann@example.com\n", **to)
    history = staff_client.get(f"/lists/{upload.list_id}/history").text
    assert "Imports that can be undone" in history
    assert re.search(r"Pasted rows of .* UTC , by Ada Admin", words(history))
    page = staff_client.get(f"/lists/uploads/{upload.id}")
    assert "Undo this import" in page.text
    assert staff_client.get(f"/lists/uploads/{upload.id}/rows-with-problems.csv").status_code == 404
    for _ in range(2):  # a second press changes nothing
        assert staff_client.post(f"/lists/uploads/{upload.id}/undo").status_code == 302
    run_import(database, upload.id)
    assert "The import was undone" in staff_client.get(f"/lists/uploads/{upload.id}").text
    assert people_of(database, upload.list_id) == {}
    with database.reading() as session:
        of_undo = select(AuditEntry).where(AuditEntry.action.in_(["list.import_undone", "list.deleted"]))
        assert [one.actor_id for one in session.scalars(of_undo)] == [staff.id]
        assert session.get_one(ListUpload, upload.id).person_id == actor.id


def test_whoever_may_only_look_is_offered_no_undo(app: Flask, database: Database, actor: Person, list_id: int) -> None:
    with database.writing() as session:
        where = session.merge(actor.workspace)
        viewer = add_person(session, where, email="vi@example.com", name="Vi", password=PASSWORD, role=Role.VIEWER)
    upload = imported(database, actor, "email\nann@example.com\n", list_id=list_id)
    client = signed_in(app, viewer)
    assert "Imports that can be undone" not in client.get(f"/lists/{list_id}/history").text
    assert client.post(f"/lists/uploads/{upload.id}/undo").status_code == 403


def test_another_workspace_finds_no_import(database: Database, actor: Person, list_id: int) -> None:
    upload = imported(database, actor, "email\nann@example.com\n", list_id=list_id)
    with database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        zoe = add_person(session, other, email="zoe@example.org", name="Zoe", password=PASSWORD, role=Role.EDITOR)
    with database.writing() as session:
        assert uploads.imports_of_list(session, zoe, list_id) == []
        with pytest.raises(NotThere):
            uploads.find_import(session, zoe, upload.id)
        with pytest.raises(NotThere):
            uploads.undo_upload(session, zoe, upload.id, unfinished_sends=0)
        assert session.get_one(RecipientList, list_id).recipient_count == 1
