"""Whether what is kept is whole: the database itself, its schema, the counts of sends, stored files and secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text

from app.db import Base, Database
from app.emails.models import StoredFile
from app.migrating import import_all_tables
from app.people.rotating import unreadable
from app.sends.models import Message, Send, SendState, SendTally
from app.settings import Settings

NAMED = 5
"""So many broken things are named; of others only the number is said."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One line of the report."""

    ok: bool
    subject: str
    words: str


def check_kept(database: Database, settings: Settings) -> Iterator[Kept]:
    """Check all that is kept, one after the other; reads everything, in the memory of a few rows."""
    import_all_tables()
    yield _integrity(database)
    yield _schema(database)
    yield _sums(database)
    yield _files(database)
    yield _secrets(database, settings)


def _integrity(database: Database) -> Kept:
    subject = "Integrity"
    if not database.is_sqlite:  # it has no such question; its files carry checksums when the server is made so
        with database.engine.connect() as connection:
            invalid = connection.scalars(
                text(
                    "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
                    "WHERE NOT indisvalid AND relnamespace = 'public'::regnamespace"
                )
            ).all()
        return _kept(subject, "The server's indexes are valid.", [f"the index {name} is not valid" for name in invalid])
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
        orphans = {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    wrong = [] if found == ["ok"] else [str(one) for one in found]
    wrong += [f"rows of {name} refer to something that is not there" for name in sorted(orphans)]
    return _kept(subject, "The database file is whole.", wrong)


def _schema(database: Database) -> Kept:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        differences = compare_metadata(context, Base.metadata)
    return _kept("Schema", "The tables are what this Postroom expects.", [str(one)[:200] for one in differences])


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave out the tables of the engine, which lie in the same PostgreSQL database."""
    return kind != "table" or name in Base.metadata.tables


def _sums(database: Database) -> Kept:
    """P1: of every send the groups add up to its total, and are what its messages say."""
    by_state = (
        select(Message.send_id, Message.state, func.count().label("found"))
        .group_by(Message.send_id, Message.state)
        .subquery()
    )
    fits = (by_state.c.send_id == SendTally.send_id) & (by_state.c.state == SendTally.outcome)
    differs = (
        select(SendTally.send_id)
        .outerjoin(by_state, fits)
        .where(SendTally.count != func.coalesce(by_state.c.found, 0))
        .distinct()
    )
    short = (
        select(Send.id)
        .outerjoin(SendTally, SendTally.send_id == Send.id)
        .where(Send.state != SendState.DRAFT)
        .group_by(Send.id, Send.total)
        .having(func.coalesce(func.sum(SendTally.count), 0) != Send.total)
    )
    with database.reading() as session:
        if not database.is_sqlite:  # both as of one moment, while workers write
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        wrong = sorted({*session.scalars(differs), *session.scalars(short)})
    return _kept("Counts", "The groups of every send add up.", [f"send {number} does not add up" for number in wrong])


def _files(database: Database) -> Kept:
    wrong, count = [], 0
    with database.reading() as session:
        query = select(StoredFile.sha256, StoredFile.content).execution_options(yield_per=2)
        for sha256, content in session.execute(query):
            count += 1
            if hashlib.sha256(content).hexdigest() != sha256:
                wrong.append(f"the file {sha256} is not what was stored")
    return _kept("Stored files", f"All {count:,} are what was stored.", wrong)


def _secrets(database: Database, settings: Settings) -> Kept:
    columns = unreadable(database, settings.secret_keys)
    wrong = [f"{one.unreadable:,} in {one.name} can be opened with no key" for one in columns if one.unreadable]
    return _kept("Secrets", f"All {sum(one.current for one in columns):,} can be opened.", wrong)


def _kept(subject: str, good: str, wrong: list[str]) -> Kept:
    if not wrong:
        return Kept(True, subject, good)
    more = f"; and {len(wrong) - NAMED:,} more" if len(wrong) > NAMED else ""
    return Kept(False, subject, "; ".join(wrong[:NAMED]) + more + ".")
