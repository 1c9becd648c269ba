"""Making a backup while Postroom runs: everything as of one moment, in one file (see `manifest.py`)."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import URL, text

from app.backup.copying import copy_rows
from app.backup.manifest import BadBackup, Manifest, figures, write_manifest
from app.db import Database, now
from app.migrating import current_revision, is_current, migrate


def back_up(database: Database, file: Path, *, secret_keys: tuple[str, ...] = ()) -> Manifest:
    """Write a backup into a new file that only its owner may read. Raises BadBackup when it cannot.

    Nobody waits for it: SQLite's readers hold up no writer, and PostgreSQL gives one snapshot for all tables.
    """
    if not is_current(database):
        raise BadBackup("The database is not current. Run `postroom setup` first, or use the Postroom that fits it.")
    if file.exists():
        raise BadBackup(f"{file} is there already. Name a new file.")
    part = file.with_name(file.name + ".part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise BadBackup(
            f"{part} is left over from a backup that did not end, or is being written. Delete it."
        ) from None
    except OSError as error:
        raise BadBackup(f"{part} cannot be written: {error.strerror}.") from error
    try:
        manifest = _write(database, part, secret_keys)
        os.link(part, file)  # unlike a rename it never takes the place of another file
    except FileExistsError:
        raise BadBackup(f"{file} is there already. Name a new file.") from None
    finally:
        for leftover in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm", "-journal"))):
            leftover.unlink(missing_ok=True)
    return manifest


def open_file(file: Path) -> Database:
    """Open a SQLite file whatever its name holds."""
    return Database(URL.create("sqlite", database=str(file.absolute())).render_as_string(hide_password=False))


def _write(database: Database, part: Path, secret_keys: tuple[str, ...]) -> Manifest:
    target = open_file(part)
    try:
        migrate(target)
        whole = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with database.engine.connect().execution_options(**whole) as source:
            made_at = now()  # what is committed from here on may be missing
            source.execute(text("SELECT count(*) FROM alembic_version"))  # the snapshot is of this moment
            with target.engine.begin() as writing:
                copy_rows(source, writing)
        with target.engine.connect() as connection:  # everything into the one file
            connection.connection.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
    manifest = Manifest(made_at, version("postroom"), current_revision(database), figures(part), secret_keys)
    write_manifest(part, manifest)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    return manifest
