"""Sealing every stored secret anew with the present secret key, so that earlier ones may be thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, select, update

from app.db import Base, Database
from app.people.sealing import CannotUnseal, is_sealed_with, reseal, unseal

ENDING = "_sealed"
"""How the name of every column ends whose values are sealed."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of one column's secrets."""

    name: str
    """`table.column`."""
    changed: int = 0
    """Sealed anew with the present key."""
    current: int = 0
    """Sealed with it before."""
    unreadable: int = 0
    """Sealed with a key that is not known; left as they are."""


def sealed_columns() -> list[Column[str]]:
    """Give every column with sealed values; the models must be imported."""
    return [one for table in Base.metadata.sorted_tables for one in table.columns if one.name.endswith(ENDING)]


def rotate(database: Database, keys: Sequence[str]) -> list[Rotated]:
    """Seal every secret with the first of the keys, one transaction for each table.

    Safe while workers and pages run that know all the keys, and to be run again: what somebody changes at the same
    moment is left as they wrote it.
    """
    by_table: dict[Table, list[Column[str]]] = {}
    for column in sealed_columns():
        by_table.setdefault(column.table, []).append(column)
    found: list[Rotated] = []
    for table, columns in by_table.items():
        with database.writing() as session:
            connection = session.connection()
            for column in columns:
                rows = connection.execute(select(*table.primary_key.columns, column).where(column.is_not(None))).all()
                kinds = [_rotate_one(connection, column, row, keys) for row in rows]
                counted = {kind: kinds.count(kind) for kind in ("changed", "current", "unreadable")}
                found.append(Rotated(f"{table.name}.{column.name}", **counted))
    return found


def unreadable(database: Database, keys: Sequence[str]) -> list[Rotated]:
    """Tell of every column how many secrets no key opens; changes nothing."""
    found = []
    with database.reading() as session:
        for column in sealed_columns():
            values = [value for value in session.scalars(select(column).where(column.is_not(None))) if value]
            lost = sum(1 for value in values if not _opens(value, keys))
            found.append(Rotated(f"{column.table.name}.{column.name}", current=len(values) - lost, unreadable=lost))
    return found


def _rotate_one(connection: Connection, column: Column[str], row: Sequence[Any], keys: Sequence[str]) -> str:
    *key, sealed = row
    if not sealed or is_sealed_with(str(sealed), keys[0]):
        return "current"
    try:
        anew = reseal(str(sealed), keys)
    except CannotUnseal:
        return "unreadable"
    table = column.table
    is_it = [part == value for part, value in zip(table.primary_key.columns, key, strict=True)]
    connection.execute(update(table).where(*is_it, column == sealed).values({column.name: anew}))
    return "changed"


def _opens(sealed: str, keys: Sequence[str]) -> bool:
    try:
        unseal(sealed, keys)
    except CannotUnseal:
        return False
    return True
