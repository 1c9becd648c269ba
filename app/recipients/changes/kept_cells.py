"""What is kept for undo follows a column that is renamed: cells of people who were removed or changed, and of imports.

Without it they would come back with cells under a name that no column has any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import table_of
from app.recipients.changes.models import ChangeKind, ChangeState, ListChange, ListChangeRow
from app.recipients.models import ImportState, ListUpload, StagedRow

CHUNK = 1_000
"""Kept rows that are renamed in one transaction of the worker."""
PLACE = "kept_place"
"""Where `ListChange.act` has how far a rename came: the table, whose rows, and the last of them."""
_BEFORE_ALL = -(2**31)
"""Smaller than every number of a row: a line below 0 is a person whom an import took out."""

Kept = Mapping[str, Any] | None
Swap = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of kept rows: whose they are, their number, and where they have cells."""

    model: type[ListChangeRow] | type[StagedRow]
    owner: InstrumentedAttribute[int]
    number: InstrumentedAttribute[int]
    parts: tuple[InstrumentedAttribute[Any], ...]
    of_list: Callable[[int], tuple[ColumnElement[bool], ...]]
    """The owners of a list whose rows may still be taken back."""
    owners: InstrumentedAttribute[int]


# A removed column is none of those that are renamed, whatever they are called by now.
_OF_CHANGES = _Table(
    ListChangeRow,
    ListChangeRow.change_id,
    ListChangeRow.recipient_id,
    (ListChangeRow.was, ListChangeRow.became),
    lambda list_id: (
        ListChange.list_id == list_id,
        ListChange.state.in_([ChangeState.DONE, ChangeState.STOPPED]),
        ListChange.kind != ChangeKind.REMOVE_COLUMN,
    ),
    ListChange.id,
)
_OF_IMPORTS = _Table(
    StagedRow,
    StagedRow.upload_id,
    StagedRow.line,
    (StagedRow.data, StagedRow.before),
    lambda list_id: (ListUpload.list_id == list_id, ListUpload.state == ImportState.DONE),
    ListUpload.id,
)
_TABLES = (_OF_CHANGES, _OF_IMPORTS)


def are_many(session: Session, change: ListChange, most: int) -> bool:
    """Whether a rename, or its undo, has more than so many kept rows to look at."""
    if change.kind is not ChangeKind.RENAME_COLUMN:
        return False
    count = 0
    for table in _TABLES:
        owners = select(table.owners).where(*table.of_list(change.list_id))
        some = select(table.owner).where(table.owner.in_(owners)).limit(most + 1).subquery()
        count += session.scalar(select(func.count()).select_from(some)) or 0
    return count > most


def rename_kept(session: Session, change: ListChange, column: str, target: str) -> bool:
    """Rename a column in the next kept rows; True when none is left. The caller holds the list and the change."""
    place: Sequence[int] = change.act.get(PLACE, (0, 0, _BEFORE_ALL))
    number, owner, last = place
    left = CHUNK
    while left and number < len(_TABLES):
        table = _TABLES[number]
        found = session.scalar(
            select(func.min(table.owners)).where(
                *table.of_list(change.list_id),
                table.owners >= owner,
                select(table.owner).where(table.owner == table.owners).exists(),
            )
        )
        if found is None:
            number, owner, last = number + 1, 0, _BEFORE_ALL
            continue
        last = last if found == owner else _BEFORE_ALL
        numbers = _rename_rows(session, table, (found, last, left), lambda cells: swapped(cells, column, target))
        owner, last = (found, numbers[-1]) if len(numbers) == left else (found + 1, _BEFORE_ALL)
        left -= len(numbers)
    change.act = {**change.act, PLACE: [number, owner, last]}
    return number == len(_TABLES)


def swapped(cells: Mapping[str, Any], column: str, target: str) -> dict[str, Any]:
    """Give cells with a column renamed, in the order that people's own cells get.

    A cell that has the new name already is of a column removed before: it takes the old name, so that an undo of the
    rename gives both back.
    """
    rest = {one: cell for one, cell in cells.items() if one not in (column, target)}
    return rest | {new: cells[old] for old, new in ((target, column), (column, target)) if old in cells}


def _rename_rows(session: Session, table: _Table, place: tuple[int, int, int], swap: Swap) -> list[int]:
    """Rename in the rows of one owner behind a number, so many at most; gives their numbers."""
    owner, last, limit = place
    rows = session.execute(
        select(table.number, *table.parts)
        .where(table.owner == owner, table.number > last)
        .order_by(table.number)
        .limit(limit)
    ).all()
    names = [part.key for part in table.parts]
    changed: list[dict[str, Any]] = []
    for number, *parts in rows:
        renamed = [_renamed(name, part, swap) for name, part in zip(names, parts, strict=True)]
        if renamed != parts:
            changed.append({"of_number": number, **dict(zip(names, renamed, strict=True))})
    if changed:
        own = table_of(table.model)
        of_row = (own.c[table.owner.key] == owner, own.c[table.number.key] == bindparam("of_number"))
        statement = update(own).where(*of_row)
        session.execute(statement.values({name: bindparam(name) for name in names}), changed)
    return [row[0] for row in rows]


def _renamed(name: str, part: Kept, swap: Swap) -> Kept:
    """Rename in what a row keeps: its `data` are cells alone, the others are people, or what is known of them."""
    if not part or name == "data":
        return swap(part) if part else part
    return {**part, "data": swap(part["data"])} if "data" in part else part
