"""`postroom check` finds what is broken in what is kept, and says it in words."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.backup.checking import check_kept
from app.db import Database
from app.emails.files import store
from app.emails.limits import LimitedRenderer
from app.people.models import Connection, Person
from app.people.sealing import seal
from app.settings import Settings
from tests.conftest import SECRET_KEY
from tests.factories import a_draft_send, a_list, a_template_version, released, some_people


@pytest.fixture
def kept(database: Database, actor: Person, renderer: LimitedRenderer) -> Database:
    """A released send, a stored file and a sealed token."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(3))
        send = a_draft_send(session, actor, version=version, people=people)
        store(session, b"some bytes")
        session.add(Connection(workspace_id=actor.workspace_id, token_sealed=seal("t", SECRET_KEY), base_url="x"))
    released(database, renderer, actor, send.id)
    return database


def wrong(database: Database, settings: Settings) -> dict[str, str]:
    return {one.subject: one.words for one in check_kept(database, settings) if not one.ok}


def test_all_is_well(kept: Database, settings: Settings) -> None:
    assert wrong(kept, settings) == {}
    assert [one.subject for one in check_kept(kept, settings)] == [
        "Integrity",
        "Schema",
        "Counts",
        "Stored files",
        "Secrets",
    ]


@pytest.mark.parametrize(
    ("statement", "subject", "words"),
    [
        ("UPDATE send_tally SET count = count + 1 WHERE outcome = 'pending'", "Counts", "send 1 does not add up"),
        ("UPDATE message SET state = 'delivered' WHERE id = 1", "Counts", "send 1 does not add up"),
        ("UPDATE send SET total = 4", "Counts", "send 1 does not add up"),
        ("UPDATE stored_file SET content = CAST('other' AS {bytes})", "Stored files", "is not what was stored"),
        ("UPDATE connection SET token_sealed = 'gAAAAAB'", "Secrets", "1 in connection.token_sealed can be opened"),
        pytest.param("DROP INDEX ix_message_of_send", "Schema", "ix_message_of_send", marks=pytest.mark.changes_schema),
    ],
)
def test_what_is_broken_is_named(kept: Database, settings: Settings, statement: str, subject: str, words: str) -> None:
    with kept.engine.begin() as connection:
        connection.execute(text(statement.replace("{bytes}", "BLOB" if kept.is_sqlite else "bytea")))
    found = wrong(kept, settings)
    assert set(found) == {subject}
    assert words in found[subject]


def test_a_row_that_refers_to_nothing_is_found(kept: Database, settings: Settings) -> None:
    if not kept.is_sqlite:
        pytest.skip("PostgreSQL lets nobody make one")
    with kept.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("DELETE FROM workspace")
    assert "refer to something that is not there" in wrong(kept, settings)["Integrity"]
