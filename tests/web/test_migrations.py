"""Migrations: the schema they make is the one the models describe, up and down, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from app.db import Base, Database
from app.migrating import import_all_tables, is_current, migrate, migrate_back

import_all_tables()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite3'}")
        migrate(database)
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    request.addfinalizer(database.close)
    return database


def test_the_migrated_schema_is_what_the_models_say(migrated: Database) -> None:
    assert is_current(migrated)
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing_and_down_leaves_nothing(migrated: Database) -> None:
    migrate(migrated)
    assert is_current(migrated)
    migrate_back(migrated, "base")
    assert set(inspect(migrated.engine).get_table_names()) <= {"alembic_version"}
    migrate(migrated)
    assert is_current(migrated)
