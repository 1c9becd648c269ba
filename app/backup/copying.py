"""Copying every row from one database to another, SQLite and PostgreSQL alike, in the memory of a few rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import JSON, Connection, Integer, LargeBinary, MetaData, Table, Text, func, insert, select, text

from app.db import Base, SaidText
from app.migrating import import_all_tables

ROWS = 500
"""Rows read and written at once…"""
ROWS_WITH_FILES = 4
"""…of a table whose rows hold files, of some MiB each."""
OF_THE_MOMENT = frozenset({"lane", "worker", "editing", "sign_in", "password_reset", "tries"})
"""Tables that say what is going on right now, or let somebody in; no backup has their rows."""


def tables() -> list[Table]:
    """Give every table, each after those that it refers to; written as it was read, also where nothing is stored."""
    import_all_tables()
    copies = MetaData(naming_convention=Base.metadata.naming_convention)
    made = [table.to_metadata(copies) for table in Base.metadata.sorted_tables]
    for column in (column for table in made for column in table.columns):
        column.default = column.onupdate = None
        if isinstance(column.type, JSON) and column.nullable:
            column.type = JSON(none_as_null=True)
        if isinstance(column.type, SaidText):
            column.type = Text()
    return made


def copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Copy every table but those of the moment; the caller commits. Gives the number of rows of each."""
    return {table.name: _copy(table, source, target) for table in tables() if table.name not in OF_THE_MOMENT}


def delete_rows(target: Connection) -> None:
    """Delete every row of every table; the caller commits."""
    for table in reversed(tables()):
        target.execute(table.delete())


def is_empty(connection: Connection) -> bool:
    """Whether no table has a row."""
    return all(connection.execute(select(text("1")).select_from(table).limit(1)).first() is None for table in tables())


def count_on(target: Connection) -> None:
    """Let PostgreSQL number new rows after those that were copied; SQLite does so by itself."""
    if target.dialect.name != "postgresql":
        return
    for table in tables():
        keys = [column for column in table.primary_key.columns if isinstance(column.type, Integer)]
        if table.name in OF_THE_MOMENT or len(table.primary_key.columns) != 1 or not keys:
            continue
        sequence = target.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', keys[0].name)))
        newest = target.scalar(select(func.max(keys[0])))
        if sequence is not None and newest is not None:
            target.execute(select(func.setval(sequence, newest)))


def _copy(table: Table, source: Connection, target: Connection) -> int:
    rows = 0
    for many in _in_parts(table, source):
        target.execute(insert(table), many)
        rows += len(many)
    return rows


def _in_parts(table: Table, source: Connection) -> Iterator[list[dict[str, object]]]:
    has_files = any(isinstance(column.type, LargeBinary) for column in table.columns)
    many = ROWS_WITH_FILES if has_files else ROWS
    query = select(table).order_by(*table.primary_key.columns)
    with source.execution_options(yield_per=many).execute(query) as found:
        for part in found.mappings().partitions():
            yield [dict(row) for row in part]
