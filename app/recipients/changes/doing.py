"""Changes forwards: what one chunk of each kind of change does to the people of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from app.db import table_of
from app.recipients.changes.kept_cells import rename_kept
from app.recipients.changes.models import ChangeKind, ListChange, ListChangeRow
from app.recipients.finding import sorting
from app.recipients.finding.keys import keys_of
from app.recipients.finding.selecting import Selection, people_of
from app.recipients.models import Recipient, RecipientList

CHUNK = 1_000
"""People changed in one transaction of the worker."""

PersonRow = Row[int, str, str, dict[str, Any]]


def do_chunk(session: Session, found: RecipientList, change: ListChange) -> bool:
    """Change the next people of a selection; True when nobody is left. The caller holds the list and the change."""
    met = people_of(session, found, Selection.from_json(change.selection))
    people = session.execute(
        select(Recipient.id, Recipient.email, Recipient.name, Recipient.data)
        .where(*met, Recipient.id > change.last_id)
        .order_by(Recipient.id)
        .limit(CHUNK)
    ).all()
    if people:
        change.done += _DOING[change.kind](session, found, change, people)
        change.last_id = people[-1].id
    if len(people) < CHUNK and change.kind is ChangeKind.RENAME_COLUMN:
        return rename_kept(session, change, change.act["column"], change.act["to"])
    return len(people) < CHUNK


def _set(session: Session, found: RecipientList, change: ListChange, people: Sequence[PersonRow]) -> int:
    column, value = change.act["column"], change.act["value"]
    changed = [one for one in people if one.data.get(column, "") != value]
    _keep(session, change, changed, lambda one: {"data": {column: one.data.get(column, "")}}, {"data": {column: value}})
    _write(session, found, {one.id: (one.name, {**one.data, column: value}) for one in changed})
    return len(changed)


def _remove(session: Session, found: RecipientList, change: ListChange, people: Sequence[PersonRow]) -> int:
    _keep(session, change, people, person_json, {})
    sorting.forget(session, found, [one.id for one in people])
    session.execute(delete(table_of(Recipient)).where(table_of(Recipient).c.id.in_([one.id for one in people])))
    found.recipient_count -= len(people)
    return len(people)


def _rename_column(session: Session, found: RecipientList, change: ListChange, people: Sequence[PersonRow]) -> int:
    return move_cells(session, found, people, change.act["column"], change.act["to"])


def _remove_column(session: Session, found: RecipientList, change: ListChange, people: Sequence[PersonRow]) -> int:
    column = change.act["column"]
    changed = [one for one in people if column in one.data]
    filled = [one for one in changed if one.data[column]]
    _keep(session, change, filled, lambda one: {"data": {column: one.data[column]}}, {})
    _write(session, found, {one.id: (one.name, _without(one.data, column)) for one in changed})
    return len(changed)


def move_cells(session: Session, found: RecipientList, people: Sequence[PersonRow], column: str, target: str) -> int:
    """Move what people have in one column to another; gives how many had something."""
    changed = [one for one in people if column in one.data]
    _write(
        session,
        found,
        {one.id: (one.name, {**_without(one.data, column), target: one.data[column]}) for one in changed},
    )
    return len(changed)


_DOING: Mapping[ChangeKind, Callable[[Session, RecipientList, ListChange, Sequence[PersonRow]], int]] = {
    ChangeKind.SET: _set,
    ChangeKind.REMOVE: _remove,
    ChangeKind.RENAME_COLUMN: _rename_column,
    ChangeKind.REMOVE_COLUMN: _remove_column,
}


def person_json(person: Recipient | PersonRow) -> dict[str, Any]:
    """Give all that makes a person, as a row of a change keeps it."""
    return {"email": person.email, "name": person.name, "data": dict(person.data)}


def _keep(
    session: Session,
    change: ListChange,
    people: Sequence[PersonRow],
    was: Callable[[PersonRow], dict[str, Any]],
    became: dict[str, Any],
) -> None:
    if people:
        session.execute(
            insert(table_of(ListChangeRow)),
            [
                {
                    "change_id": change.id,
                    "recipient_id": one.id,
                    "email_key": one.email.lower(),
                    "was": was(one),
                    "became": became,
                }
                for one in people
            ],
        )


def _write(session: Session, found: RecipientList, people: Mapping[int, tuple[str, dict[str, Any]]]) -> None:
    """Write new cells, with their keys."""
    if not people:
        return
    recipient = table_of(Recipient)
    session.execute(
        update(recipient)
        .where(recipient.c.id == bindparam("of_id"))
        .values(data=bindparam("made"), keys=bindparam("made_keys")),
        [
            {"of_id": one, "made": data, "made_keys": keys_of(found.column_kinds, found.columns, name, data)}
            for one, (name, data) in people.items()
        ],
    )
    sorting.add(session, found, list(people))


def _without(data: Mapping[str, Any], column: str) -> dict[str, Any]:
    return {one: cell for one, cell in data.items() if one != column}
