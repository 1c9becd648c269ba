"""Workspaces from the command line, and by the rules behind the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.audit.reading import Wanted, page
from app.cli import main
from app.db import Database, now
from app.people import accounts, workspaces
from app.people.models import Person
from app.people.roles import Role
from app.people.sign_in_models import Way
from app.people.signing_in import begin_sign_in
from app.refusals import NotThere
from tests.conftest import PASSWORD


def run(database_url: str, folder: Path, *words: str) -> Result:
    environment = {"DATABASE_URL": database_url, "POSTROOM_DATA": str(folder), "POSTROOM_SECRET_KEY": "k" * 40}
    return CliRunner().invoke(main, words, env=environment)


def test_workspaces_and_their_people_are_added_from_the_command_line(
    database_url: str, tmp_path: Path, actor: Person, database: Database
) -> None:
    add = ("workspace", "add", "Press  office", "--administrator")
    assert "Nobody can sign in as" in run(database_url, tmp_path, *add, "nobody@example.com").output
    assert run(database_url, tmp_path, *add, actor.email).exit_code == 0
    assert "of this name already" in run(database_url, tmp_path, *add, actor.email).output
    person = ("user", "add", "pia@example.com", "--workspace", "press office", "--role", "editor")
    assert "--name" in run(database_url, tmp_path, *person).output
    assert run(database_url, tmp_path, *person, "--name", "Pia", "--password", PASSWORD).exit_code == 0
    assert "in Press office already" in run(database_url, tmp_path, *person).output
    assert "no workspace" in run(database_url, tmp_path, "user", "add", "pia@example.com", "--workspace", "no").output
    second = run(database_url, tmp_path, "user", "add", "pia@example.com", "--role", "viewer")
    assert second.exit_code == 0, "who can sign in already needs no password and no name"
    listed = run(database_url, tmp_path, "workspace", "list").output
    assert "Harbour Council: 2 people" in listed and "Press office: 2 people" in listed
    with database.reading() as session:
        pia = accounts.account_by_email(session, "pia@example.com")
        assert pia is not None
        assert [place.role for place in accounts.places_of(session, pia)] == [Role.EDITOR, Role.VIEWER]


def test_who_was_taken_out_of_a_workspace_cannot_go_there(database: Database, actor: Person) -> None:
    with database.writing() as session:
        other = workspaces.add_workspace(session, session.merge(actor.account), "Library")
        account = session.merge(actor.account)
        sign_in, _ = begin_sign_in(session, account, Way.PASSWORD)
        here, there = sign_in.person.workspace_id, other.workspace_id
        assert workspaces.go_to(session, sign_in, there).workspace_id == there
        assert workspaces.go_to(session, sign_in, here).id == actor.id
        other.left_at = now()
        session.flush()
        with pytest.raises(NotThere):
            workspaces.go_to(session, sign_in, there)
        assert sign_in.person.workspace_id == here


def test_a_rename_stands_in_the_trail_of_the_workspace_it_is_about(database: Database, actor: Person) -> None:
    with database.session(write=True) as session:
        account = session.merge(actor.account)
        other = workspaces.add_workspace(session, account, "Library")
        workspaces.rename_workspace(session, account, other.workspace_id, "Reading room")
        session.commit()  # which seals the entries
        told = [entry.words for entry in page(session, other, Wanted())]
        assert "Workspace “Library” renamed “Reading room”" in told
        assert not any("Library" in entry.words for entry in page(session, actor, Wanted()))
