"""Bringing a database to the newest schema with Alembic."""

from __future__ import annotations

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.db import Database

APP = Path(__file__).parent
SCRIPTS = APP.parent / "migrations"


def import_all_tables() -> None:
    """Import every module of models, so that the metadata is whole."""
    for file in sorted(APP.rglob("*models.py")):
        importlib.import_module(".".join(("app", *file.relative_to(APP).with_suffix("").parts)))


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to a revision; a database that is there already stays as it is."""
    _run(database, command.upgrade, revision)


def migrate_back(database: Database, revision: str) -> None:
    """Downgrade to a revision (`base`: to nothing)."""
    _run(database, command.downgrade, revision)


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""
    return current_revision(database) == ScriptDirectory.from_config(_config()).get_current_head()


def current_revision(database: Database) -> str:
    """Give the revision of the schema; empty when there is none."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def knows(revision: str) -> bool:
    """Whether this Postroom knows a revision of the schema; a newer one it does not."""
    scripts = ScriptDirectory.from_config(_config())
    return any(one.revision == revision for one in scripts.walk_revisions())


def _run(database: Database, verb: object, revision: str) -> None:
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        verb(config, revision)  # type: ignore[operator]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
