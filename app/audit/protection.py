"""Lifting the protection of the trail for one purpose alone: putting a backup in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

TABLES = ("audit_entry", "audit_head")


@contextmanager
def lifted(connection: Connection) -> Iterator[None]:
    """Let the trail's tables be emptied and filled in a block, within one transaction; the chain says what was done.

    After the block the triggers of migration 0022 stand again. A failure inside must roll the transaction back.
    """
    if connection.dialect.name == "postgresql":
        for table in TABLES:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        for table in TABLES:
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return
    triggers = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('audit_entry', 'audit_head')")
    ).all()
    for row in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{row.name}"')
    yield
    for row in triggers:
        connection.exec_driver_sql(row.sql)
