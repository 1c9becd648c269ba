"""Fixtures every test may use: a migrated database, people, the application and signed-in clients."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import argon2
import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import create_app
from app.db import Database
from app.delivery.jobs import Queue
from app.emails.limits import LimitedRenderer
from app.migrating import migrate
from app.people import passwords
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.settings import Settings
from app.web.public_names import PublicNames
from app.web.services import Services
from tests.memory import memory_folder
from tests.postgres import empty, fresh_database, running_postgres

# A property is right or wrong; how long an example takes says only how busy the machine is. The suite tries the same
# examples every time, so that a change is judged by what it changed; HYPOTHESIS_PROFILE=explore looks for new ones.
for name, explores in (("postroom", False), ("explore", True)):
    hypothesis.settings.register_profile(
        name,
        deadline=None,
        derandomize=not explores,
        max_examples=1_000 if explores else 100,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("explore" if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else "postroom")

if where := memory_folder():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(where))  # every `tmp_path`

PASSWORD = "a long password for tests"
SECRET_KEY = "a secret key for tests, long enough for its check"


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """A password's digest takes long on purpose; a run of all tests makes thousands."""
    passwords.hasher = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)


@pytest.fixture(scope="session")
def renderer() -> Iterator[LimitedRenderer]:
    """The limited processes of all tests of this process: starting one takes longer than most tests."""
    made = LimitedRenderer()
    yield made
    made.close()


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as cores: many tests wait for a process, a pace or a browser."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL leave out the tests that ask no database: they would only say the same again."""
    if os.environ.get("POSTROOM_TEST_DATABASE") != "postgresql":
        return
    asking = [one for one in items if "database_url" in getattr(one, "fixturenames", ())]
    config.hook.pytest_deselected(items=[one for one in items if one not in set(asking)])
    items[:] = asking


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the newest schema, migrated once and copied for every test."""
    file = tmp_path_factory.mktemp("migrated") / "postroom.sqlite3"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file


@pytest.fixture(scope="session")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SQLite database of each test of this process stands, one after another."""
    return tmp_path_factory.mktemp("own") / "postroom.sqlite3"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh migrated database: SQLite, or PostgreSQL when POSTROOM_TEST_DATABASE says so."""
    if os.environ.get("POSTROOM_TEST_DATABASE") == "postgresql":
        if request.node.get_closest_marker("changes_schema"):
            yield request.getfixturevalue("postgres_url")
            return
        url = request.getfixturevalue("own_postgres")
        yield url
        empty(url)
        return
    file: Path = request.getfixturevalue("own_file")
    copy_database(request.getfixturevalue("migrated_file"), file)
    yield f"sqlite:///{file}"


def copy_database(source: Path, target: Path) -> None:
    """Put a SQLite database in the place of another; who still has the other one open keeps it."""
    for one in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        one.unlink(missing_ok=True)
    shutil.copy(source, target)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "POSTROOM_DATA": tmp_path / "data",
            "POSTROOM_SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": database_url,
            "POSTROOM_RETRY_SCALE": 0.02,
            "POSTROOM_UNDO_SECONDS": 0,
        }
    )


@pytest.fixture(scope="session")
def databases() -> dict[str, Database]:
    """The databases of this process by address: tests at the same one share what SQLAlchemy compiled for the first."""
    return {}


@pytest.fixture
def database(settings: Settings, databases: dict[str, Database]) -> Iterator[Database]:
    url = settings.database_url
    made = databases[url] = databases.get(url) or Database(url)
    yield made
    made.close()


@pytest.fixture
def actor(database: Database) -> Person:
    """An administrator in a live workspace."""
    with database.writing() as session:
        workspace = Workspace(name="Harbour Council", is_live=True)
        session.add(workspace)
        session.flush()
        person = add_person(
            session,
            workspace,
            email="ada@example.com",
            name="Ada Admin",
            password=PASSWORD,
            role=Role.ADMINISTRATOR,
        )
        assert person.workspace.is_live
    return person


@pytest.fixture
def staff(database: Database, actor: Person) -> Person:
    """A member of staff of the same workspace."""
    with database.writing() as session:
        return add_person(
            session,
            session.merge(actor.workspace),
            email="sam@example.com",
            name="Sam Staff",
            password=PASSWORD,
            role=Role.SENDER,
        )


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A writing session; commit it before a view or another session must see its changes."""
    with database.session(write=True) as opened:
        yield opened


def an_app(settings: Settings) -> Flask:
    """An application of a test's own; most share one."""
    made = create_app(settings)
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return made


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application of all tests of this process: to make one and read its page templates takes longer than most."""
    folder = tmp_path_factory.mktemp("application")
    return an_app(
        Settings.model_validate(
            {"POSTROOM_DATA": folder, "POSTROOM_SECRET_KEY": SECRET_KEY, "DATABASE_URL": f"sqlite:///{folder}/none"}
        )
    )


@pytest.fixture
def app(shared_app: Flask, settings: Settings, database: Database, renderer: LimitedRenderer) -> Iterator[Flask]:
    """The application on this test's own database; what the test changes of its configuration ends with it."""
    assert settings.secret_key == SECRET_KEY and not settings.secure_cookies and not settings.proxies, "take `an_app`"
    configuration = dict(shared_app.config)
    shared_app.extensions["postroom"] = Services(
        settings, database, renderer, Queue(settings, database), PublicNames(database)
    )
    yield shared_app
    shared_app.config.clear()
    shared_app.config.update(configuration)


def signed_in(app: Flask, person: Person) -> FlaskClient:
    """A test client with the person's sign-in."""
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    return client


@pytest.fixture
def client(app: Flask, actor: Person) -> FlaskClient:
    return signed_in(app, actor)


@pytest.fixture
def staff_client(app: Flask, staff: Person) -> FlaskClient:
    return signed_in(app, staff)


@pytest.fixture
def anonymous_client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL of this test process; gives the URL of its first database."""
    # Not below pytest's own folder: run by root, the server is another user, and the next pytest shuts that folder.
    made = tempfile.TemporaryDirectory(prefix="postroom-postgres-", dir=memory_folder())
    with made as folder, running_postgres(Path(folder)) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database of this test alone."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def own_postgres(postgres_server: str) -> Iterator[str]:
    """The PostgreSQL database of each test of this process, one after another."""
    with fresh_database(postgres_server) as url:
        yield url
