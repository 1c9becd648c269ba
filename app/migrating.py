"""Bringing a database to the newest schema with Alembic."""

from __future__ import annotations

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.db import Database

SCRIPTS = Path(__file__).parent.parent / "migrations"
TABLES = ("audit", "people", "emails", "recipients", "sends", "delivery")


def import_all_tables() -> None:
    """Import every package's models, so that the metadata is whole."""
    for package in TABLES:
        importlib.import_module(f"app.{package}.models")
    for module in (
        "people.own_mail_models",
        "people.sign_in_models",
        "people.link_models",
        "recipients.change_models",
        "recipients.segment_models",
        "recipients.suppression_models",
        "recipients.topic_models",
        "sends.audience_models",
        "sends.bad_address_models",
        "sends.event_models",
    ):
        importlib.import_module(f"app.{module}")


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to a revision; a database that is there already stays as it is."""
    _run(database, command.upgrade, revision)


def migrate_back(database: Database, revision: str) -> None:
    """Downgrade to a revision (`base`: to nothing)."""
    _run(database, command.downgrade, revision)


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(_config()).get_current_head()


def _run(database: Database, verb: object, revision: str) -> None:
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        verb(config, revision)  # type: ignore[operator]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
