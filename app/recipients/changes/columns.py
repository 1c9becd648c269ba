"""The columns of a list: adding, renaming and removing them, and saying what they hold.

What uses a column (templates, segments, sends) the page asks of those, before; nothing here forbids a change for it.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.own_variables import OWN_VARIABLES
from app.recipients.changes.models import ChangeKind, ListChange
from app.recipients.changes.running import AT_ONCE, begin
from app.recipients.columns import KIND_WORDS, KIND_WORDS_INSIDE, MOST_COLUMNS, ColumnKind, kind_of
from app.recipients.finding import keying
from app.recipients.finding.segments import rename_in_segments
from app.recipients.lists import find_list
from app.recipients.models import Recipient, RecipientList
from app.recipients.naming import plain, variable_names
from app.recipients.resting import require_rest
from app.refusals import Refused
from app.words import _

FILLED_LOOKED = 2_000
"""People of whom it is said how many have something in a column."""


def add_column(session: Session, actor: Actor, list_id: int, name: str, kind: ColumnKind) -> str:
    """Add an empty column at the end; gives its name. Raises NotThere, and Refused for the name."""
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    if len(found.columns) >= MOST_COLUMNS:
        raise Refused(_("A list has at most %(most_columns)s columns.", most_columns=MOST_COLUMNS), field="column_name")
    column = check_column_name(found, name)
    found.columns = [*found.columns, column]
    _set_kind(found, column, kind)
    found.change_number += 1  # its order is to be built
    words = _("Column “%(column)s” added to “%(list_name)s”", column=column, list_name=found.name)
    changes = {_("Columns"): (found.columns[:-1], found.columns)}
    note(session, actor, "list.column_added", words, subject_id=list_id, changes=changes)
    session.flush()
    return column


def rename_column(session: Session, actor: Actor, list_id: int, column: str, name: str) -> ListChange | None:
    """Rename a column with everybody's cells; None when it has that name already. Raises as `add_column` does."""
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    _require(found, column)
    if name.strip() == column:
        return None
    target = check_column_name(found, name)
    kind = kind_of(found.column_kinds, column)
    found.columns = [target if one == column else one for one in found.columns]
    _set_kind(found, column, ColumnKind.TEXT)
    _set_kind(found, target, kind)
    rename_in_segments(session, list_id, column, target)
    found.change_number += 1  # reviews made before are old at once, and again when every cell has moved
    session.flush()
    return begin(session, actor, list_id, ChangeKind.RENAME_COLUMN, act={"column": column, "to": target})


def remove_column(session: Session, actor: Actor, list_id: int, column: str) -> ListChange:
    """Remove a column with everybody's cells. Raises NotThere, and Refused for a column that is not there."""
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    _require(found, column)
    act = {"column": column, "place": found.columns.index(column), "kind": found.column_kinds.get(column)}
    found.columns = [one for one in found.columns if one != column]
    _set_kind(found, column, ColumnKind.TEXT)
    found.change_number += 1
    session.flush()
    return begin(session, actor, list_id, ChangeKind.REMOVE_COLUMN, act=act)


def change_kind(session: Session, actor: Actor, list_id: int, column: str, kind: ColumnKind) -> None:
    """Say what a column holds: from then on it is compared so. Cells stay as typed. Raises as `remove_column` does.

    In a large list the worker makes the keys again; until then the list is not filtered.
    """
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    _require(found, column)
    before = kind_of(found.column_kinds, column)
    if before is kind:
        return
    _set_kind(found, column, kind)
    keying.start_over(found)
    found.change_number += 1
    words = _(
        "Column “%(column)s” of “%(list_name)s” holds from now on: %(kind)s",
        column=column,
        list_name=found.name,
        kind=KIND_WORDS_INSIDE[kind],
    )
    changes = {_("What “%(column)s” holds", column=column): (KIND_WORDS[before], KIND_WORDS[kind])}
    note(session, actor, "list.column_kind", words, subject_id=list_id, changes=changes)
    session.flush()
    if found.recipient_count <= AT_ONCE:
        while keying.make_chunk(session, list_id):
            pass


def check_column_name(found: RecipientList, name: str) -> str:
    """Give a column's name as templates use it. Raises Refused when it is empty, reserved or taken."""
    name = name.strip()
    if not name:
        raise Refused(_("Give the column a name."), field="column_name")
    if plain(name) in OWN_VARIABLES:
        raise Refused(
            _("Every e-mail has a value of this name from Postroom itself. Choose another name."), field="column_name"
        )
    column = variable_names([name])[0]
    if column == "column_1":
        raise Refused(_("Use letters in the name, such as “city”."), field="column_name")
    if column in found.columns:
        raise Refused(
            _("There is a column “%(column)s” already. Choose another name.", column=column), field="column_name"
        )
    return column


def filled(session: Session, list_id: int, column: str) -> tuple[int, int]:
    """Count who has something in a column, among the list's first `FILLED_LOOKED` people; and how many those are."""
    some = select(Recipient.data[column].as_string().label("cell")).where(Recipient.list_id == list_id)
    first = some.order_by(Recipient.id).limit(FILLED_LOOKED).subquery()
    row = session.execute(select(func.count().filter(first.c.cell != ""), func.count()).select_from(first)).one()
    return row[0], row[1]


def _set_kind(found: RecipientList, column: str, kind: ColumnKind) -> None:
    kinds = {one: held for one, held in found.column_kinds.items() if one != column}
    found.column_kinds = kinds if kind is ColumnKind.TEXT else {**kinds, column: str(kind)}


def _require(found: RecipientList, column: str) -> None:
    if column not in found.columns:
        raise Refused(_("The list has no column “%(column)s” any more. Somebody renamed or removed it.", column=column))
