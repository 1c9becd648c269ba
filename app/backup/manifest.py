"""What a backup file says of itself.

A backup is one SQLite file, whichever database it was made of: every table of Postroom as its migrations make it, with
its rows, and the table `postroom_backup` (name, value) with the manifest:

- `made_at`: the moment as of which everything in it is (ISO 8601, UTC); `version` of Postroom; `revision` of the schema
- `tables`: JSON, from each table's name to its number of `rows` and the `sha256` of all of them
- `secret_keys`: JSON, only when it was asked for

The digest of a table is SHA-256 over its rows in the order of the primary key. Of a row every value counts, in the
order of the columns: Python's `repr` of the list of them, of bytes their SHA-256 in digits, and a line feed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

TABLE = "postroom_backup"


class BadBackup(Exception):
    """The file is no backup, or no longer what was written; `words` say what is wrong."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class TableFigures:
    """How many rows a table has in a backup, and their digest."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    made_at: datetime
    version: str
    revision: str
    tables: dict[str, TableFigures]
    secret_keys: tuple[str, ...] = field(default=(), repr=False)

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(one.rows for one in self.tables.values())


def write_manifest(file: Path, manifest: Manifest) -> None:
    """Write the manifest into a backup whose tables are filled."""
    values = {
        "made_at": manifest.made_at.isoformat(),
        "version": manifest.version,
        "revision": manifest.revision,
        "tables": json.dumps({name: [one.rows, one.sha256] for name, one in manifest.tables.items()}),
        **({"secret_keys": json.dumps(manifest.secret_keys)} if manifest.secret_keys else {}),
    }
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"CREATE TABLE {TABLE} (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        connection.executemany(f"INSERT INTO {TABLE} VALUES (?, ?)", values.items())  # noqa: S608 - our own name


def read_manifest(file: Path) -> Manifest:
    """Read what a backup says of itself. Raises BadBackup."""
    try:
        with closing(_read_only(file)) as connection:
            values = dict(connection.execute(f"SELECT name, value FROM {TABLE}"))  # noqa: S608 - our own name
        return Manifest(
            datetime.fromisoformat(values["made_at"]),
            values["version"],
            values["revision"],
            {name: TableFigures(*pair) for name, pair in json.loads(values["tables"]).items()},
            tuple(json.loads(values.get("secret_keys", "[]"))),
        )
    except (sqlite3.DatabaseError, OSError) as error:
        raise BadBackup(f"{file} is not a backup of Postroom, or cannot be read ({error}).") from error
    except (KeyError, ValueError, TypeError) as error:
        raise BadBackup(f"{file} is a backup whose manifest is damaged.") from error


def verify(file: Path, manifest: Manifest) -> None:
    """Hold every table of a backup against its manifest. Raises BadBackup for the first that differs."""
    try:
        found = figures(file)
    except sqlite3.DatabaseError as error:
        raise BadBackup(f"{file} is damaged ({error}). Nothing was restored.") from error
    for name in sorted({*manifest.tables, *found}):
        if manifest.tables.get(name) != found.get(name):
            raise BadBackup(f"{file} is damaged: the table {name} is not what was written. Nothing was restored.")


def figures(file: Path) -> dict[str, TableFigures]:
    """Count and digest every table of a backup, row by row. Raises the driver's error when the file is damaged."""
    with closing(_read_only(file)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        ours = sorted(name for name in names if name not in {TABLE, "alembic_version"} and name[:7] != "sqlite_")
        return {name: _figures_of(connection, name) for name in ours}


def _figures_of(connection: sqlite3.Connection, name: str) -> TableFigures:
    columns = list(connection.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)))
    key = [column for column, place in sorted(columns, key=lambda one: one[1]) if place]
    order = ", ".join(f'"{column}"' for column in key) or "rowid"
    digest, rows = hashlib.sha256(), 0
    for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY {order}'):  # noqa: S608 - names of the file itself
        digest.update(repr([*_hashed(row)]).encode("utf-8", "surrogatepass") + b"\n")
        rows += 1
    return TableFigures(rows, digest.hexdigest())


def _hashed(row: tuple[object, ...]) -> Iterator[object]:
    for value in row:
        yield hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)
