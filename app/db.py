"""The database: engine, sessions, base class and column types, for SQLite and PostgreSQL alike."""

from __future__ import annotations

import enum
import json
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    literal,
    text,
)
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from app.words import kept, shown

log = logging.getLogger(__name__)

Given = TypeVar("Given")

BUSY_SECONDS = 30
"""How long a SQLite writer waits for another one before it gives up."""
LONG_SECONDS = 0.25
"""Who wrote to SQLite for longer lets others have a turn before they write again."""
TURN_SECONDS = 0.12
"""A SQLite writer that waits looks every 0.1 s (its busy handler's longest step) whether it may begin."""
IDLE_SECONDS = 20
"""How long PostgreSQL keeps a writing transaction open whose process does nothing."""
PROBE_SECONDS = 2
"""How long a question about health waits for PostgreSQL, at each step."""
AWAY_SECONDS = 1.0
"""Pause before a program that starts asks again for a server that is away."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


LARGEST_ID = 2**31 - 1
"""PostgreSQL's integer, the type of every id."""


def now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database. Refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[enum.StrEnum]):
    """A StrEnum stored as its text, readable in the database, without a native enum type."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[enum.StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: enum.StrEnum | str | None, dialect: Dialect) -> str | None:
        """Store the text; a text that is no member is a mistake in the program."""
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> enum.StrEnum | None:
        """Give the member back."""
        return None if value is None else self.kind(value)


class SaidText(TypeDecorator[str]):
    """Words of the program, kept in no language; read, they are in the reader's. Other texts stay as they are."""

    impl: type[String] = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Keep what is said, not the sentence in the writer's language."""
        return None if value is None else kept(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Say it in the language of whoever reads."""
        return None if value is None else shown(value)


class SaidTexts(TypeDecorator[list[str]]):
    """A list of words of the program, as JSON; each is kept and read as by `SaidText`."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> list[str] | None:
        """Keep what is said."""
        return None if value is None else [kept(one) for one in value]

    def process_result_value(self, value: list[str] | None, dialect: Dialect) -> list[str] | None:
        """Say it in the language of whoever reads."""
        return None if value is None else [shown(one) for one in value]


class Several(TypeDecorator[Collection[Any]]):
    """Several values as one parameter: an array in PostgreSQL, a JSON text in SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the type of the parameter."""
        return dialect.type_descriptor(ARRAY(self.kind) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        """Give what the driver takes."""
        values = list(value or ())
        return values if dialect.name == "postgresql" else json.dumps(values)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> _Among:
        """Stand as it is: SQLAlchemy would ask SQLite whether it equals 1, which no index answers."""
        return self


@compiles(_Among)
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - names and parameters of SQLAlchemy's


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"


def among(column: ColumnElement[Any], values: Collection[Any] | str) -> ColumnElement[bool]:
    """Give the clause that a column of numbers or texts has one of the values, or of those in a parameter of this name.

    The statement reads the same however many there are, so that it is compiled, and planned, only once.
    """
    kind = Several(Integer() if isinstance(column.type, Integer) else Text())
    given = bindparam(values, type_=kind) if isinstance(values, str) else literal(values, kind)
    return _Among(column, given)


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON, list[str]: JSON}


class SaidString(SaidText):
    """`SaidText` of a length, for short words: those of the program are longer as they are kept."""

    impl = String


def table_of(model: type[Base]) -> Table:
    """Give a model's table, for statements on many rows: the ORM takes their parameters for rows of its own."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} stands for more than one table")
    return table


class Database:
    """One database, with sessions that read and sessions that write.

    On SQLite a writing session takes the write lock when it begins (BEGIN IMMEDIATE), so that it waits for its turn
    instead of failing half-way.
    """

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        # hide_parameters: an error in the log must not hold people's data
        if self.is_sqlite:
            name = make_url(url).database
            if name:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                url, pool_size=pool_size, hide_parameters=True, connect_args={"check_same_thread": False}
            )
            _tune_sqlite(self.engine)
        else:
            self.engine = create_engine(url, pool_size=pool_size, hide_parameters=True, pool_pre_ping=True)
        self._writing = self.engine.execution_options(postroom_begin="IMMEDIATE")

    def session(self, *, write: bool = False) -> Session:
        """Give a new session; the caller commits and closes it."""
        return Session(self._writing if write else self.engine, expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only reads."""
        with self.session() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that commits at the end, or rolls back when an exception passes.

        After a long transaction on SQLite others come first, before the caller goes on.
        """
        began = time.monotonic()
        with self.session(write=True) as session, session.begin():
            if not self.is_sqlite:  # a frozen process must not hold its locks for ever: another takes its work over
                session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"))
            yield session
        if self.is_sqlite and time.monotonic() - began > LONG_SECONDS:
            time.sleep(TURN_SECONDS)  # SQLite has no queue: who waits asks again, and must find nobody there

    @contextmanager
    def probing(self) -> Iterator[Session]:
        """Give a session to ask whether all is well. Raises the driver's error.

        On PostgreSQL it has a connection of its own, which waits only a moment for a server that is away.
        """
        if self.is_sqlite:
            with self.session() as session:
                yield session
            return
        engine = create_engine(
            self.url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": PROBE_SECONDS}
        )
        with Session(engine) as session:
            session.execute(text(f"SET LOCAL statement_timeout = '{PROBE_SECONDS}s'"))
            yield session

    def once_it_answers(self, step: Callable[[], Given]) -> Given:
        """Do a step of a program's start, again and again while a server is away: it may start after us, or anew.

        SQLite is no server: what fails there would fail again, and is raised.
        """
        while True:
            try:
                return step()
            except (OperationalError, psycopg.OperationalError) as error:
                if self.is_sqlite:
                    raise
                log.warning("the database does not answer; trying again in %s s: %s", AWAY_SECONDS, error)
                time.sleep(AWAY_SECONDS)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


_AFTER_COMMIT = "postroom_after_commit"


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Do something when the session's transaction is committed; nothing when it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(act)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    for act in session.info.pop(_AFTER_COMMIT, ()):
        act()


@event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    session.info.pop(_AFTER_COMMIT, None)


def _random_uuid() -> str:
    """Give a random UUID as text, as `uuid.uuid4` does in twice the time: a snapshot needs a million of them."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _open(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",  # a claim must outlive a power cut, or its message would be posted again (P2)
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # the name it has in PostgreSQL; SQLite's own random numbers are not made for secrets
        connection.create_function("gen_random_uuid", 0, _random_uuid)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("postroom_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")
