"""Recipient lists: making, finding, renaming and deleting them, and writing them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.recipients.checking import NewRecipient
from app.recipients.finding import sorting
from app.recipients.finding.keys import keys_of
from app.recipients.models import ListUpload, Recipient, RecipientList
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.refusals import NotThere, Refused
from app.words import _, _n

CHUNK = 1_000
"""Rows inserted or read at once."""
MAX_LIST_NAME = 200

RecipientRow = Row[int, str, str, dict[str, Any]]


def find_list(session: Session, actor: Actor, list_id: int, *, lock: bool = False) -> RecipientList:
    """Find a list of the actor's workspace; `lock` holds it against other writers. Raises NotThere."""
    query = select(RecipientList).where(RecipientList.id == list_id, RecipientList.workspace_id == actor.workspace_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotThere("list")
    return found


def list_by_name(session: Session, actor: Actor, name: str) -> RecipientList | None:
    """Find the list with exactly this name, if there is one."""
    name = " ".join(name.replace("\0", "").split())
    return session.scalar(
        select(RecipientList).where(RecipientList.workspace_id == actor.workspace_id, RecipientList.name == name)
    )


def all_lists(session: Session, actor: Actor) -> Sequence[RecipientList]:
    """Give every list of the workspace by name, to pick one."""
    query = select(RecipientList).where(RecipientList.workspace_id == actor.workspace_id)
    return session.scalars(query.order_by(func.lower(RecipientList.name))).all()


def lists_page(
    session: Session, actor: Actor, *, search: str = "", before: int | None = None, limit: int = 25
) -> Sequence[RecipientList]:
    """Give lists newest first, those with `search` in their name; `before` is a list's id for the next page."""
    query = select(RecipientList).where(RecipientList.workspace_id == actor.workspace_id)
    if search:
        query = query.where(func.lower(RecipientList.name).contains(search.lower(), autoescape=True))
    if before is not None:
        query = query.where(RecipientList.id < before)
    return session.scalars(query.order_by(RecipientList.id.desc()).limit(limit)).all()


def make_list(
    session: Session, actor: Actor, *, name: str, columns: Sequence[str], people: Iterable[NewRecipient]
) -> RecipientList:
    """Make a list with its people, already checked and each address once. Raises Refused for its name."""
    name = check_name(session, actor, name)
    made = RecipientList(workspace_id=actor.workspace_id, name=name, columns=list(columns), created_by=actor.id)
    _flush_named(session, made)
    count, waiting = 0, iter(people)
    while chunk := list(islice(waiting, CHUNK)):
        session.execute(
            insert(Recipient),
            [
                {
                    "list_id": made.id,
                    "email": one.email,
                    "email_key": one.email_key,
                    "name": one.name,
                    "data": dict(one.data),
                    "keys": keys_of({}, columns, one.name, one.data),
                }
                for one in chunk
            ],
        )
        count += len(chunk)
    made.recipient_count = count
    note(
        session,
        actor,
        "list.saved",
        _("List “%(name)s” saved with %(count)s people", name=name, count=count),
        subject_id=made.id,
    )
    session.flush()
    return made


def rename_list(session: Session, actor: Actor, list_id: int, name: str) -> RecipientList:
    """Give a list another name. Raises NotThere, and Refused when the name is empty, too long or taken."""
    found = find_list(session, actor, list_id, lock=True)
    name = check_name(session, actor, name, list_id)
    if name != found.name:
        words = _("List “%(before)s” renamed to “%(name)s”", before=found.name, name=name)
        note(session, actor, "list.renamed", words, subject_id=list_id, changes={_("Name"): (found.name, name)})
        found.name = name
        sorting.count_change(found)
        _flush_named(session, found)
    return found


def delete_list(session: Session, actor: Actor, list_id: int, *, unfinished_sends: int) -> str:
    """Delete a list and its people; gives its name. Raises Refused while `unfinished_sends` (a number) use it.

    The number comes from the caller, because lists know nothing of sends.
    """
    found = find_list(session, actor, list_id, lock=True)
    if unfinished_sends:
        raise Refused(
            _n(
                "An unfinished send uses this list. Finish or cancel that first, or pick another list there. "
                "Nothing was deleted.",
                "%(count)s unfinished sends use this list. Finish or cancel that first, or pick another list there. "
                "Nothing was deleted.",
                unfinished_sends,
            )
        )
    words = _(
        "List “%(name)s” deleted with %(count)s people",
        name=found.name,
        count=found.recipient_count,
    )
    note(session, actor, "list.deleted", words, subject_id=list_id, changes={_("People"): (found.recipient_count, 0)})
    hold_uploads_into(session, list_id)
    session.delete(found)
    session.flush()
    return found.name


def hold_uploads_into(session: Session, list_id: int) -> None:
    """Hold the uploads into a list that is about to go, which then name it no more; the caller holds the list.

    One after the other by their number, as everybody does who holds several, so that nobody waits in a ring.
    """
    query = select(ListUpload.id).where(ListUpload.list_id == list_id)
    session.scalars(query.order_by(ListUpload.id).with_for_update()).all()


def recipients_in_chunks(session: Session, list_id: int) -> Iterator[Sequence[RecipientRow]]:
    """Give all recipients as (id, email, name, data) in the order they were added, with memory for a thousand."""
    last = 0
    while True:
        query = select(Recipient.id, Recipient.email, Recipient.name, Recipient.data).where(
            Recipient.list_id == list_id, Recipient.id > last
        )
        chunk = session.execute(query.order_by(Recipient.id).limit(CHUNK)).all()
        if not chunk:
            return
        yield chunk
        last = chunk[-1].id


def list_as_csv(session: Session, list_id: int, columns: Sequence[str]) -> Iterator[str]:
    """Write a list as CSV in parts: e-mail, name, then its columns."""
    yield BYTE_ORDER_MARK + csv_lines([["email", "name", *columns]])
    for chunk in recipients_in_chunks(session, list_id):
        yield csv_lines([one.email, one.name, *(one.data.get(column, "") for column in columns)] for one in chunk)


def check_name(session: Session, actor: Actor, name: str, list_id: int | None = None) -> str:
    """Give the name without spare spaces. Raises Refused when it is empty, too long, or another list has it."""
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Give the list a name."), field="name")
    if "\0" in name or len(name) > MAX_LIST_NAME:
        raise Refused(_("A name has at most %(most)s characters.", most=MAX_LIST_NAME), field="name")
    other = list_by_name(session, actor, name)
    if other is not None and other.id != list_id:
        raise Refused(_("There is a list “%(name)s” already. Choose another name.", name=name), field="name")
    return name


def _flush_named(session: Session, changed: RecipientList) -> None:
    """Write the list; the database has the last word when two people take a name at the same moment."""
    try:
        with session.begin_nested():
            session.add(changed)
            session.flush()
    except IntegrityError as error:
        raise Refused(_("There is a list with this name already. Choose another name."), field="name") from error
