"""Making the keys of recipients that have none, or old ones: work of the engine, a chunk at a time.

What is left to do stands in the database (`Recipient.keys` is None, `RecipientList.rekey_after`), so that it survives
every restart and needs no broker. Meanwhile a list is searched and shown by address, and is not filtered or sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Database, table_of
from app.recipients.changes.models import GOING, ChangeKind, ListChange
from app.recipients.finding.keys import keys_of
from app.recipients.models import Recipient, RecipientList
from app.refusals import Refused
from app.words import _

CHUNK = 2_000
"""Recipients whose keys are made in one transaction."""
NOT_READY = _("This list is being sorted after a large change. Filters work again in a moment.")


def is_ready(session: Session, found_list: RecipientList) -> bool:
    """Whether every recipient of a list has the keys that filters compare, under the columns' names of now."""
    without = _lacking(found_list.id).exists()
    moving = exists().where(
        ListChange.list_id == found_list.id,
        ListChange.state.in_(GOING),
        ListChange.kind.in_([ChangeKind.RENAME_COLUMN, ChangeKind.REMOVE_COLUMN]),
    )
    return found_list.rekey_after is None and not session.scalar(select(without | moving))


def require_ready(session: Session, found_list: RecipientList) -> None:
    """Raise Refused while a list has recipients without keys: a filter would leave them out."""
    if not is_ready(session, found_list):
        raise Refused(NOT_READY)


def start_over(found_list: RecipientList) -> None:
    """Have the keys of the whole list made again: after many recipients' cells, or what columns hold, were changed
    by a statement that wrote no keys (an import). The caller holds the list; new recipients without keys need no call.
    """
    found_list.rekey_after = 0


def lists_to_key(session: Session) -> Sequence[int]:
    """Give the lists with recipients whose keys are to be made."""
    without = _lacking(RecipientList.id).exists()
    return session.scalars(select(RecipientList.id).where(RecipientList.rekey_after.is_not(None) | without)).all()


def make_keys(database: Database, list_id: int, *, stops: Callable[[], bool] = lambda: False) -> None:
    """Make what keys a list lacks, until none does or `stops` says so. Two at once do no harm."""
    while not stops():
        with database.writing() as session:
            if not make_chunk(session, list_id):
                return


def make_chunk(session: Session, list_id: int) -> bool:
    """Make the keys of some recipients. The list is held, so that no column changes meanwhile."""
    found = session.get(RecipientList, list_id, with_for_update=True)
    if found is None:
        return False
    if found.rekey_after is not None:
        wanted = (
            select(*_CELLS).where(Recipient.list_id == list_id, Recipient.id > found.rekey_after).order_by(Recipient.id)
        )
        rows = session.execute(wanted.limit(CHUNK)).all()
        found.rekey_after = rows[-1].id if rows else None
        session.flush()
    else:
        rows = session.execute(_lacking(list_id).limit(CHUNK)).all()
    if rows:
        recipient = table_of(Recipient)
        session.execute(
            update(recipient).where(recipient.c.id == bindparam("of_id")).values(keys=bindparam("made")),
            [{"of_id": row.id, "made": keys_of(found.column_kinds, found.columns, row.name, row.data)} for row in rows],
        )
        return True
    return _lacks_more(session, list_id)


def _lacks_more(session: Session, list_id: int) -> bool:
    return bool(session.scalar(select(_lacking(list_id).exists())))


_CELLS = (Recipient.id, Recipient.name, Recipient.data)


def _lacking(list_id: int | InstrumentedAttribute[int]) -> Select[tuple[int, str, dict[str, Any]]]:
    """Give the question for recipients without keys.

    “Between” makes SQLite take the index of just those: with “is” it takes the one of the whole list, and looks through
    a million people to find that none of them lacks keys.
    """
    return select(*_CELLS).where(Recipient.list_id.between(list_id, list_id), Recipient.keys.is_(None))
