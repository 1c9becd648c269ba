"""The order of large lists: for each column the recipients' keys in order, so that a page is found among a million.

Small lists are sorted when they are asked for. For a large one the worker builds the order in bulk (`build`), sorted by
the database beforehand, because keys written one by one to where they belong take ten times as long. Afterwards every
change of people adds its new keys (`add`). What stands there is a hint: a page looks at the recipient itself, so that
keys left over from before a change do no harm. An import changes the list's number without adding keys, which says that
the order is to be built again; until then pages show the list by address, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db import Database, table_of
from app.recipients.changes.models import RecipientKey, SortedColumn
from app.recipients.finding import key_texts, keying
from app.recipients.finding.filtering import OPERATORS, Bytewise, Operator, key_column, kind_of_column
from app.recipients.finding.keys import NAME
from app.recipients.models import Recipient, RecipientList

LARGE = 10_000
"""People from which on a list's order is kept."""
SEARCH = " search"
"""Stands for a column with the address, the name and each further word of it; no column has a space."""
WORDS = 4
"""Words of a name, from each of which on it is found."""
CHUNK = 20_000
"""Keys written in one transaction."""
_LOCKS = 0x4C697374
"""First half of the numbers of our locks in PostgreSQL; the second half is the list's id."""


def order_of(session: Session, found: RecipientList) -> dict[str, int] | None:
    """Give the number under which each column's order is kept; None while the list has no whole order."""
    if found.sorted_change != found.change_number:
        return None
    rows = session.execute(
        select(SortedColumn.column, SortedColumn.id, SortedColumn.is_ready).where(SortedColumn.list_id == found.id)
    ).all()
    kept = {row.column: row.id for row in rows if row.is_ready}
    return kept if kept.keys() >= set(_sorted_columns(found)) else None


def add(session: Session, found: RecipientList, ids: Sequence[int]) -> None:
    """Add the keys of recipients who are new or were changed. The caller holds the list."""
    kept = _kept(session, found)
    if not kept or not ids:
        return
    people = _people(session, ids)
    rows = [dict(zip(_OF_ROW, row, strict=True)) for row in _rows_of(people, kept)]
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table_of(RecipientKey)).on_conflict_do_nothing(), rows)
    columns = _columns_with_text(found, kept)
    fresh = ((columns[column], line) for column, line in _text_lines(people, columns))
    key_texts.change_texts(session, columns.values(), ids, fresh)


def forget(session: Session, found: RecipientList, ids: Sequence[int]) -> None:
    """Take the keys of recipients away who are about to go. The caller holds the list."""
    table, kept = table_of(RecipientKey), _kept(session, found)
    if not kept or not ids:
        return
    entries = _rows_of(_people(session, ids), kept)
    key_texts.change_texts(session, kept.values(), ids)
    for begin in range(0, len(entries), 300):
        place = tuple_(table.c.sorted_column_id, table.c.key, table.c.recipient_id)
        session.execute(delete(table).where(place.in_(entries[begin : begin + 300])))


def forget_wholly(session: Session, found: RecipientList, recipient_id: int) -> None:
    """Take away every key of a person who is erased, those left over from before a change among them.

    It looks through all keys of the list, so it is for this alone.
    """
    kept = _kept(session, found)
    table = table_of(RecipientKey)
    session.execute(
        delete(table).where(table.c.sorted_column_id.in_(kept.values()), table.c.recipient_id == recipient_id)
    )


def count_change(found: RecipientList) -> None:
    """Count a change of the list (P7) that added its keys itself, so that the order stays good."""
    in_step = found.sorted_change == found.change_number
    found.change_number += 1
    if in_step:
        found.sorted_change = found.change_number


def lists_to_sort(session: Session) -> Sequence[int]:
    """Give the large lists whose order is missing or old and whose recipients have their keys."""
    unready = exists().where(SortedColumn.list_id == RecipientList.id, SortedColumn.is_ready.is_(False))
    found = session.scalars(
        select(RecipientList).where(
            RecipientList.recipient_count >= LARGE,
            or_(RecipientList.sorted_change != RecipientList.change_number, unready),
        )
    ).all()
    return [one.id for one in found if keying.is_ready(session, one)]


def build(database: Database, list_id: int, *, stops: Callable[[], bool] = lambda: False) -> None:
    """Build a list's order anew. Ends early when `stops` says so; the next worker begins again."""
    with _alone(database, list_id) as alone:
        if not alone:
            return
        opened = _begin(database, list_id)
        if not opened or not _build_texts(database, list_id, opened, stops):
            return
        for column, sorted_id in opened.items():
            if not _build_column(database, list_id, column, sorted_id, stops):
                return
        if not database.is_sqlite:
            with database.writing() as session:
                session.execute(text("ANALYZE recipient_key, recipient"))


def clear_left_over(database: Database, *, stops: Callable[[], bool] = lambda: False) -> None:
    """Take away the keys of orders that were given up, and those of lists that are gone."""
    with database.writing() as session:
        gone = ~exists().where(RecipientList.id == SortedColumn.list_id)
        session.execute(delete(SortedColumn).where(gone).execution_options(synchronize_session=False))
    while not stops() and key_texts.clear_texts_left_over(database):
        pass
    last: int | None = 0
    while not stops():
        with database.reading() as session:
            last = session.scalar(
                select(RecipientKey.sorted_column_id)
                .where(RecipientKey.sorted_column_id > last)
                .order_by(RecipientKey.sorted_column_id)
                .limit(1)
            )
            if last is None:
                return
            is_kept = session.get(SortedColumn, last) is not None
        while not is_kept and not stops() and _clear_chunk(database, last):
            pass


def search_keys(email_key: str, name_key: str) -> list[str]:
    """Give what a person is searched by: the address, and the name from each of its first words on."""
    words = name_key.split(" ")
    return [email_key, *(" ".join(words[place:]) for place in range(min(len(words), WORDS)) if name_key)]


def _kept(session: Session, found: RecipientList) -> dict[str, int]:
    """Give the columns whose order is kept or being built."""
    rows = session.execute(select(SortedColumn.column, SortedColumn.id).where(SortedColumn.list_id == found.id))
    return {row.column: row.id for row in rows}


def _sorted_columns(found: RecipientList) -> list[str]:
    return [SEARCH, NAME, *found.columns]


_OF_ROW = ("sorted_column_id", "key", "recipient_id")


def _rows_of(people: Iterable[Row[Any]], kept: Mapping[str, int]) -> list[tuple[int, str, int]]:
    """Give the rows of `recipient_key` that belong to these recipients, each as `_OF_ROW`."""
    return [
        (kept[column], key, person.id)
        for person in people
        for column, key in _entries(person.email_key, person.keys or {}, kept)
    ]


def _people(session: Session, ids: Sequence[int]) -> Sequence[Row[tuple[int, str, dict[str, str] | None]]]:
    return session.execute(
        select(Recipient.id, Recipient.email_key, Recipient.keys).where(Recipient.id.in_(ids)).order_by(Recipient.id)
    ).all()


def _entries(email_key: str, keys: Mapping[str, str], kept: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if SEARCH in kept:
        yield from ((SEARCH, key) for key in search_keys(email_key, keys.get(NAME, "")))
    for column in kept:
        if column != SEARCH:
            yield column, keys.get(column, "")


def _columns_with_text(found: RecipientList, kept: Mapping[str, int]) -> dict[str, int]:
    """Give the kept columns that somebody can ask to contain something; the address is under `SEARCH`."""
    return {
        column: sorted_id
        for column, sorted_id in kept.items()
        if column == SEARCH or Operator.CONTAINS in OPERATORS[kind_of_column(found, column)]
    }


def _text_lines(people: Iterable[Row[Any]], columns: Iterable[str]) -> Iterator[tuple[str, key_texts.Line]]:
    for person in people:
        keys = person.keys or {}
        for column in columns:
            yield column, (person.email_key if column == SEARCH else keys.get(column, ""), person.id)


def _begin(database: Database, list_id: int) -> dict[str, int]:
    """Open the columns' orders; from then on every change adds its keys, so that none is missed while they fill."""
    with database.writing() as session:
        found = session.get(RecipientList, list_id, with_for_update=True)
        if found is None or found.recipient_count < LARGE or not keying.is_ready(session, found):
            return {}
        session.execute(delete(SortedColumn).where(SortedColumn.list_id == list_id))
        opened = [SortedColumn(list_id=list_id, column=column) for column in _sorted_columns(found)]
        session.add_all(opened)
        found.sorted_change = found.change_number
        session.flush()
        return {one.column: one.id for one in opened}


def _build_texts(database: Database, list_id: int, opened: Mapping[str, int], stops: Callable[[], bool]) -> bool:
    """Run the keys of each column together, some recipients at a time, with the list held; False when stopped."""
    last = 0
    while not stops():
        with database.writing() as session:
            found = session.get(RecipientList, list_id, with_for_update=True)
            if found is None:
                return False
            people = session.execute(
                select(Recipient.id, Recipient.email_key, Recipient.keys)
                .where(Recipient.list_id == list_id, Recipient.id > last)
                .order_by(Recipient.id)
                .limit(key_texts.LINES)
            ).all()
            if not people:
                return True
            columns = _columns_with_text(found, opened)
            lines: dict[str, list[key_texts.Line]] = {column: [] for column in columns}
            for column, line in _text_lines(people, columns):
                lines[column].append(line)
            for column, of_column in lines.items():
                key_texts.add_text(session, columns[column], of_column)
            last = people[-1].id
    return False


def _build_column(database: Database, list_id: int, column: str, sorted_id: int, stops: Callable[[], bool]) -> bool:
    """Sort one column into a table of this connection's own, and copy it a chunk at a time; False when stopped."""
    with database.engine.connect() as connection:
        waiting = _sort_aside(connection, list_id, column)
        connection.execution_options(postroom_begin="IMMEDIATE")
        try:
            last = 0
            while not stops():
                if not _copy(connection, waiting, sorted_id, last):
                    break
                last += CHUNK
            else:
                return False
            table = table_of(SortedColumn)
            connection.execute(update(table).where(table.c.id == sorted_id).values(is_ready=True))
            connection.commit()
        finally:
            connection.rollback()
            waiting.drop(connection)
            connection.commit()
            connection.execution_options(postroom_begin="DEFERRED")
    return True


def _sort_aside(connection: Connection, list_id: int, column: str) -> Table:
    waiting = Table(
        "waiting_key",
        MetaData(),
        Column("place", Integer, primary_key=True),
        Column("key", String),
        Column("recipient_id", Integer),
        prefixes=["TEMPORARY"],
    )
    waiting.create(connection)
    if column == SEARCH:
        rows = _search_entries(connection, list_id).subquery()
    else:
        rows = select(key_column(column).label("key"), Recipient.id).where(Recipient.list_id == list_id).subquery()
    in_order = select(rows.c.key, rows.c.id).order_by(Bytewise(rows.c.key), rows.c.id)
    connection.execute(insert(waiting).from_select(["key", "recipient_id"], in_order))
    connection.commit()
    return waiting


def _search_entries(connection: Connection, list_id: int) -> CompoundSelect[tuple[str, int]]:
    place_of = func.instr if connection.dialect.name == "sqlite" else func.strpos
    of_list = Recipient.list_id == list_id
    name = key_column(NAME)
    parts = [select(Recipient.email_key.label("key"), Recipient.id).where(of_list)]
    for _ in range(WORDS):
        parts.append(select(name.label("key"), Recipient.id).where(of_list, name != ""))
        space = place_of(name, " ")
        name = case((space > 0, func.substr(name, space + 1)), else_="")
    return union_all(*parts)


def _copy(connection: Connection, waiting: Table, sorted_id: int, last: int) -> bool:
    """Copy the next chunk; False when there is none, or when the order was given up meanwhile."""
    kept = table_of(SortedColumn)
    if connection.scalar(select(kept.c.id).where(kept.c.id == sorted_id)) is None:
        return False
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    chunk = select(literal(sorted_id), waiting.c.key, waiting.c.recipient_id).where(
        waiting.c.place > last, waiting.c.place <= last + CHUNK
    )
    connection.execute(
        dialect.insert(table_of(RecipientKey))
        .from_select(["sorted_column_id", "key", "recipient_id"], chunk)
        .on_conflict_do_nothing()
    )
    connection.commit()
    more = connection.scalar(select(exists().where(waiting.c.place > last + CHUNK)))
    connection.commit()
    return bool(more)


def _clear_chunk(database: Database, sorted_id: int) -> bool:
    """Delete some keys of an order; False when it has none left."""
    table = table_of(RecipientKey)
    of_order = table.c.sorted_column_id == sorted_id
    place = tuple_(table.c.key, table.c.recipient_id)
    with database.writing() as session:
        end = session.execute(
            select(table.c.key, table.c.recipient_id)
            .where(of_order)
            .order_by(table.c.key, table.c.recipient_id)
            .offset(CHUNK)
            .limit(1)
        ).first()
        if end is None:
            session.execute(delete(table).where(of_order))
            return False
        session.execute(delete(table).where(of_order, place < tuple_(end.key, end.recipient_id)))
        return True


@contextmanager
def _alone(database: Database, list_id: int) -> Iterator[bool]:
    """Hold a list's order for this worker; gives False when another builds it. A dead worker's hold ends with it."""
    if database.is_sqlite:  # one worker only
        yield True
        return
    with database.session() as session:  # its transaction holds the lock, and nothing else
        yield bool(session.scalar(select(func.pg_try_advisory_xact_lock(_LOCKS, list_id))))
