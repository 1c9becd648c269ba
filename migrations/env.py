"""Alembic's environment: the database of the settings, or the connection that `app.migrating` hands over."""

from alembic import context
from sqlalchemy.engine import Connection

from app.db import Base, Database, UtcDateTime, Words
from app.migrating import import_all_tables
from app.settings import Settings

import_all_tables()


def plain_types(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write migrations with plain column types, so that they do not change when our own types do."""
    if kind == "type" and isinstance(item, Words):
        return "sa.String(length=32)"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A table is changed by making it anew; dropping the old one must not delete what points to it.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    try:
        migrate_on(connection)
    finally:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


def migrate_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
        render_item=plain_types,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(Settings.from_environment().database_url)
    with database.engine.connect() as connection:
        run(connection)
