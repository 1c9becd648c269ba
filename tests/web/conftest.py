"""Two workspaces full of everything, with a person of every role in the first: for the tests of who may do what."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from tests.conftest import PASSWORD, copy_database, signed_in
from tests.full_workspace import FullWorkspace, fill

OWNER = "owner"
"""Whoever runs the installation; a viewer in the first workspace."""
WHO = (*Role, OWNER)


@dataclass(frozen=True)
class TwoWorkspaces:
    """What a test of rights has at hand."""

    app: Flask
    database: Database
    first: FullWorkspace
    second: FullWorkspace
    people: dict[str, Person]
    """Of the first workspace, by role, and the owner."""

    def client(self, who: str) -> FlaskClient:
        """A test client of somebody of the first workspace."""
        return signed_in(self.app, self.people[who])


Made = tuple[FullWorkspace, FullWorkspace, dict[str, Person]]


@pytest.fixture(scope="session")
def filled_file(
    migrated_file: Path, renderer: LimitedRenderer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Made]:
    """A SQLite database with both workspaces, filled once and copied for every test, and what is in it."""
    file = tmp_path_factory.mktemp("filled") / "postroom.sqlite3"
    shutil.copy(migrated_file, file)
    database = Database(f"sqlite:///{file}")
    made = _fill_both(database, renderer)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file, made


@pytest.fixture
def filled(request: pytest.FixtureRequest, database_url: str, renderer: LimitedRenderer) -> Made:
    """Both workspaces in the database of the test, before anything opens it."""
    if not database_url.startswith("sqlite"):
        database = Database(database_url)
        made = _fill_both(database, renderer)
        database.close()
        return made
    file, made = request.getfixturevalue("filled_file")
    copy_database(file, Path(database_url.removeprefix("sqlite:///")))
    return made


@pytest.fixture
def both(filled: Made, app: Flask, database: Database) -> Iterator[TwoWorkspaces]:
    yield TwoWorkspaces(app, database, *filled)


def _fill_both(database: Database, renderer: LimitedRenderer) -> Made:
    people = {role: _person(database, "Aardvark office", role, role) for role in Role}
    people[OWNER] = _person(database, "Aardvark office", OWNER, Role.VIEWER)
    with database.writing() as session:
        session.get_one(Person, people[OWNER].id).account.runs_installation = True
    stranger = _person(database, "Zebra office", "zebra", Role.ADMINISTRATOR)
    return (
        fill(database, renderer, people[Role.ADMINISTRATOR], "aardvark"),
        fill(database, renderer, stranger, "zebra"),
        people,
    )


def _person(database: Database, workspace: str, name: str, role: Role) -> Person:
    with database.writing() as session:
        where = session.query(Workspace).filter_by(name=workspace).one_or_none()
        if where is None:
            where = Workspace(name=workspace, is_live=True)
            session.add(where)
            session.flush()
        made = add_person(
            session, where, email=f"{name}@example.com", name=f"{name} person", password=PASSWORD, role=role
        )
        assert made.workspace.is_live
        return made
