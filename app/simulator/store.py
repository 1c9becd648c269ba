"""The simulator's own SQLite file: mails, requests, suppressions, behaviour."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.simulator.settings import Behaviour

SCHEMA = """
create table if not exists mail (
    id integer primary key,
    at real not null,
    message_id text not null,
    sender text not null,
    recipients text not null,
    subject text not null,
    reference text not null default '',
    size integer not null,
    groups text not null,
    body blob not null
);
create table if not exists request (
    id integer primary key,
    at real not null,
    status integer,
    outcome text not null,
    mail_id integer,
    recipients text not null,
    reference text not null default '',
    sha256 text not null
);
create table if not exists event (
    id integer primary key,
    at real not null,
    zone_id text not null,
    message_id text not null,
    sender text not null,
    recipient text not null,
    subject text not null,
    status text not null,
    event_type text not null,
    cause text not null,
    detail text not null
);
create index if not exists event_time on event (zone_id, at);
create table if not exists seen_once (address text primary key);
create table if not exists suppression (
    id text primary key,
    email text not null,
    reason text not null,
    created_at text not null,
    expires_at text,
    read_only integer not null default 0,
    note text,
    scope_type text not null default 'account',
    scope_value text
);
create index if not exists suppression_email on suppression (email);
create table if not exists behaviour (only_row integer primary key check (only_row = 1), json text not null);
"""

Row = Mapping[str, Any]


class Store:
    """The file, with one connection a thread."""

    def __init__(self, file: Path, first: Behaviour) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._local = threading.local()
        with self.writing() as connection:
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute("insert or ignore into behaviour values (1, ?)", (first.model_dump_json(),))
        self._behaviour = self._read_behaviour()

    @property
    def behaviour(self) -> Behaviour:
        """The behaviour in force."""
        return self._behaviour

    def change_behaviour(self, behaviour: Behaviour) -> None:
        """Put another behaviour in force."""
        with self.writing() as connection:
            connection.execute("update behaviour set json = ?", (behaviour.model_dump_json(),))
        self._behaviour = behaviour

    def keep_request(self, **values: Any) -> None:
        """Record a POST that captured nothing."""
        with self.writing() as connection:
            _insert(connection, "request", {"at": time.time(), **values})

    def keep_mail(self, mail: Row, request: Row, events: Sequence[Row] = ()) -> int:
        """Capture a mail, record its POST and what will happen to it, committed before the answer leaves."""
        at = time.time()
        with self.writing() as connection:
            mail_id = _insert(connection, "mail", {"at": at, **mail})
            _insert(connection, "request", {"at": at, "mail_id": mail_id, **request})
            for event in events:
                _insert(connection, "event", event)
        return mail_id

    def is_first_time(self, address: str) -> bool:
        """Whether this address was never met before; remembers it."""
        with self.writing() as connection:
            return connection.execute("insert or ignore into seen_once values (?)", (address,)).rowcount == 1

    def count_since(self, at: float) -> int:
        """Mails captured since a time; for the daily quota."""
        return int(self.one("select count(*) as n from mail where at >= ?", at)["n"])

    def one(self, sql: str, *values: Any) -> Any:
        """Give one row or None."""
        return self._connection().execute(sql, values).fetchone()

    def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        """Give all rows."""
        return self._connection().execute(sql, values).fetchall()

    def execute(self, sql: str, *values: Any) -> int:
        """Change something; gives how many rows changed."""
        with self.writing() as connection:
            return connection.execute(sql, values).rowcount

    def insert(self, table: str, values: Row) -> None:
        """Add a row."""
        with self.writing() as connection:
            _insert(connection, table, values)

    def clear(self) -> None:
        """Forget every mail and request."""
        with self.writing() as connection:
            for table in ("mail", "request", "event", "seen_once"):
                connection.execute(f"delete from {table}")  # noqa: S608 - fixed names

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a write transaction."""
        connection = self._connection()
        connection.execute("begin immediate")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, isolation_level=None, timeout=30)
            connection.row_factory = sqlite3.Row
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            self._local.connection = connection
        return connection

    def _read_behaviour(self) -> Behaviour:
        return Behaviour.model_validate(json.loads(self.one("select json from behaviour")["json"]))


def new_id() -> str:
    """Give a new id in the form the vendor's examples have."""
    return uuid.uuid4().hex


def _insert(connection: sqlite3.Connection, table: str, values: Row) -> int:
    marks = ", ".join("?" for _ in values)
    sql = f"insert into {table} ({', '.join(values)}) values ({marks})"  # noqa: S608 - fixed names
    return connection.execute(sql, tuple(values.values())).lastrowid or 0
