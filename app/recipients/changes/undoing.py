"""Changes backwards: what one chunk of an undo does. People who were changed again since are left as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db import table_of
from app.recipients.changes.doing import CHUNK, move_cells
from app.recipients.changes.kept_cells import rename_kept
from app.recipients.changes.models import ChangeKind, ListChange, ListChangeRow
from app.recipients.finding import sorting
from app.recipients.finding.keys import keys_of
from app.recipients.finding.segments import rename_in_segments
from app.recipients.models import Recipient, RecipientList
from app.refusals import Refused
from app.words import _


def begin_undo(session: Session, found: RecipientList, change: ListChange) -> None:
    """Put the columns back first: people's cells follow."""
    if change.kind is ChangeKind.RENAME_COLUMN:
        column, target = change.act["column"], change.act["to"]
        if target not in found.columns or column in found.columns:
            raise Refused(_("The columns were changed again since. Rename the column by hand."))
        found.columns = [column if one == target else one for one in found.columns]
        found.column_kinds = {column if one == target else one: kind for one, kind in found.column_kinds.items()}
        rename_in_segments(session, found.id, target, column)
    elif change.kind is ChangeKind.REMOVE_COLUMN:
        column = change.act["column"]
        if column in found.columns:
            raise Refused(_("There is a column “%(column)s” again. Rename or remove that one first.", column=column))
        place = min(change.act["place"], len(found.columns))
        found.columns = [*found.columns[:place], column, *found.columns[place:]]
        if change.act.get("kind"):
            found.column_kinds = {**found.column_kinds, column: change.act["kind"]}


def undo_chunk(session: Session, found: RecipientList, change: ListChange) -> bool:
    """Put the next people back; True when nobody is left. The caller holds the list and the change."""
    if change.kind is ChangeKind.RENAME_COLUMN:
        return _undo_rename(session, found, change)
    return _undo_rows(session, found, change)


def _undo_rename(session: Session, found: RecipientList, change: ListChange) -> bool:
    people = session.execute(
        select(Recipient.id, Recipient.email, Recipient.name, Recipient.data)
        .where(Recipient.list_id == found.id, Recipient.id > change.last_id)
        .order_by(Recipient.id)
        .limit(CHUNK)
    ).all()
    if people:
        change.done += move_cells(session, found, people, change.act["to"], change.act["column"])
        change.last_id = people[-1].id
    return len(people) < CHUNK and rename_kept(session, change, change.act["to"], change.act["column"])


def _undo_rows(session: Session, found: RecipientList, change: ListChange) -> bool:
    rows = session.scalars(
        select(ListChangeRow)
        .where(ListChangeRow.change_id == change.id, ListChangeRow.recipient_id > change.last_id)
        .order_by(ListChangeRow.recipient_id)
        .limit(CHUNK)
        .execution_options(populate_existing=True)  # a rename writes to them past the session
    ).all()
    if rows:
        if change.kind is ChangeKind.REMOVE:
            count = _put_back(session, found, rows)
        elif change.kind is ChangeKind.ADD:
            count = _take_out(session, found, rows)
        else:
            count = _restore(session, found, rows)
        change.done, change.kept = change.done + count, change.kept + len(rows) - count
        change.last_id = rows[-1].recipient_id
    return len(rows) < CHUNK


def _put_back(session: Session, found: RecipientList, rows: Sequence[ListChangeRow]) -> int:
    there = _keys_there(session, found, [row.email_key for row in rows])
    back = [row for row in rows if row.email_key not in there]
    # SQLite gives the number of a person who went to the next one who comes
    taken = set(session.scalars(select(Recipient.id).where(Recipient.id.in_([row.recipient_id for row in back]))))
    people = [_person_of(found, row, None if row.recipient_id in taken else row.recipient_id) for row in back]
    session.add_all(people)
    session.flush()
    sorting.add(session, found, [person.id for person in people])
    found.recipient_count += len(people)
    return len(people)


def _person_of(found: RecipientList, row: ListChangeRow, number: int | None) -> Recipient:
    """Make a removed person again, with the columns that the list has now."""
    data = {column: row.was["data"].get(column, "") for column in found.columns}
    name = row.was["name"]
    keys = keys_of(found.column_kinds, found.columns, name, data)
    person = Recipient(
        list_id=found.id, email=row.was["email"], email_key=row.email_key, name=name, data=data, keys=keys
    )
    if number is not None:
        person.id = number
    return person


def _take_out(session: Session, found: RecipientList, rows: Sequence[ListChangeRow]) -> int:
    same = [row.recipient_id for row in rows if _is_as_it_became(session, found, row)]
    sorting.forget(session, found, same)
    session.execute(delete(table_of(Recipient)).where(table_of(Recipient).c.id.in_(same)))
    found.recipient_count -= len(same)
    return len(same)


def _restore(session: Session, found: RecipientList, rows: Sequence[ListChangeRow]) -> int:
    """Give people their old cells back, whose new ones are still there.

    SQLite gives the number of a person who went to the next one who comes: the address must be the same, too.
    """
    people = {
        one.id: one
        for one in session.scalars(
            select(Recipient).where(Recipient.list_id == found.id, Recipient.id.in_([row.recipient_id for row in rows]))
        )
    }
    restored = []
    for row in rows:
        person = people.get(row.recipient_id)
        if person is None or person.email_key != row.email_key or not _matches(person, row.became):
            continue
        old_email = row.was.get("email", person.email)
        if old_email.lower() != person.email_key and _keys_there(session, found, [old_email.lower()]):
            continue
        person.email, person.email_key = old_email, old_email.lower()
        person.name = row.was.get("name", person.name)
        old = {column: cell for column, cell in row.was.get("data", {}).items() if column in found.columns}
        person.data = {**person.data, **old}
        person.keys = keys_of(found.column_kinds, found.columns, person.name, person.data)
        restored.append(person.id)
    session.flush()
    sorting.add(session, found, restored)
    return len(restored)


def _is_as_it_became(session: Session, found: RecipientList, row: ListChangeRow) -> bool:
    person = session.get(Recipient, row.recipient_id)
    return person is not None and person.list_id == found.id and _matches(person, row.became)


def _matches(person: Recipient, became: Mapping[str, Any]) -> bool:
    """Whether a person is still what a change made of them; cells it did not touch do not count."""
    if "email" in became and (person.email, person.name) != (became["email"], became["name"]):
        return False
    return all(person.data.get(column, "") == cell for column, cell in became.get("data", {}).items())


def _keys_there(session: Session, found: RecipientList, email_keys: Sequence[str]) -> set[str]:
    query = select(Recipient.email_key).where(Recipient.list_id == found.id, Recipient.email_key.in_(email_keys))
    return set(session.scalars(query))
