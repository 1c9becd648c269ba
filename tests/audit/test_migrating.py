"""A trail that was there before the chain is sealed by the upgrade, as it stands, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.audit.models import AuditEntry
from app.audit.origin import Via
from app.audit.trail import note_program
from app.audit.verifying import breaks
from app.db import Database
from app.migrating import migrate, migrate_back

BEFORE = "0018"


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database of before, with two workspaces and 2,500 entries of one of them."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
        migrate(database)
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    request.addfinalizer(database.close)
    migrate_back(database, BEFORE)
    with database.engine.begin() as connection:
        for number in (1, 2):
            connection.execute(
                text(
                    "INSERT INTO workspace (id, name, is_live, public_url, created_at) "
                    f"VALUES ({number}, 'W{number}', true, '', '2026-01-01 00:00:00')"
                )
            )
        connection.execute(
            text(
                "INSERT INTO audit_entry (workspace_id, at, action, subject_id, words, details) "
                "VALUES (1, :at, 'send.finished', :id, :words, :details)"
            ),
            [
                {
                    "id": number,
                    "at": f"2026-01-01 00:{number // 60 % 60:02}:{number % 60:02}.123456",
                    "words": f"Send {number} “finished” – ünicode",
                    "details": '{"b": [1, 2.5, null], "a": {"é": true}}',
                }
                for number in range(1, 2_501)
            ],
        )
    return database


def broken(database: Database, workspace_id: int) -> list[str]:
    with database.reading() as session:
        return [f"{one.position} {one.words}" for one in breaks(session, workspace_id)]


def test_old_entries_are_chained_in_their_order_and_the_trail_goes_on(old: Database) -> None:
    migrate(old)
    assert broken(old, 1) == [] and broken(old, 2) == []
    with old.writing() as session:
        note_program(session, 1, "send.finished", "The first of the new ones")
        note_program(session, 2, "send.finished", "The first of its workspace")
    assert broken(old, 1) == [] and broken(old, 2) == []
    with old.reading() as session:
        told = session.scalars(
            select(AuditEntry).where(AuditEntry.workspace_id == 1).order_by(AuditEntry.position)
        ).all()
    assert [one.id for one in told[:2_500]] == list(range(1, 2_501))
    assert (told[0].via, told[-1].via, told[-1].position) == (Via.UNKNOWN, Via.PROGRAM, 2_501)
    with pytest.raises(DBAPIError, match="the trail cannot be changed"), old.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET words = 'x' WHERE id = 3"))


def test_back_and_forth_keeps_the_entries(old: Database) -> None:
    migrate(old)
    migrate_back(old, BEFORE)
    with old.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit_entry")) == 2_500
    migrate(old)
    assert broken(old, 1) == []
