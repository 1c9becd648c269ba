"""The people of one list: finding, adding, changing and removing one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.recipients.changes import running as changes
from app.recipients.changes.doing import person_json
from app.recipients.changes.models import ChangeKind
from app.recipients.checking import NewRecipient, clean_address, fault_of, require_no_slip
from app.recipients.finding import sorting
from app.recipients.finding.keys import keys_of
from app.recipients.lists import find_list
from app.recipients.models import Recipient, RecipientList
from app.recipients.resting import require_rest
from app.refusals import NotThere, Refused
from app.words import _, joined


def find_recipient(session: Session, actor: Actor, list_id: int, recipient_id: int) -> Recipient:
    """Find one person of a list of the actor's workspace. Raises NotThere."""
    find_list(session, actor, list_id)
    found = session.scalar(select(Recipient).where(Recipient.id == recipient_id, Recipient.list_id == list_id))
    if found is None:
        raise NotThere("recipient")
    return found


def recipients_page(
    session: Session, actor: Actor, list_id: int, *, search: str = "", after: str = "", limit: int = 50
) -> Sequence[Recipient]:
    """Give people by address; `search` begins an address or a part of the name, `after` is an `email_key`."""
    find_list(session, actor, list_id)
    query = select(Recipient).where(Recipient.list_id == list_id)
    if search.strip():
        query = query.where(_begins_with(search.strip()))
    if after:
        query = query.where(Recipient.email_key > after)
    return session.scalars(query.order_by(Recipient.email_key).limit(limit)).all()


def add_recipient(
    session: Session,
    actor: Actor,
    list_id: int,
    *,
    email: str,
    name: str,
    data: Mapping[str, str],
    as_typed: bool = False,
) -> Recipient:
    """Add one person. Raises NotThere, and Refused with the field (`email`, `name` or a column) that is wrong.

    `as_typed`: somebody said that an address that looks mistyped is right; else it is Doubted.
    """
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    person = _checked(session, found, email, name, data)
    require_no_slip(person.email, as_typed=as_typed)
    added = Recipient(list_id=found.id)
    _fill(found, added, person)
    session.add(added)
    session.flush()
    found.recipient_count += 1
    sorting.add(session, found, [added.id])
    changes.keep_single(session, actor, ChangeKind.ADD, added, {})
    _changed(
        session,
        actor,
        found,
        "recipient.added",
        _("One person added to “%(list_name)s”", list_name=found.name),
        recipient_id=added.id,
    )
    return added


def change_recipient(
    session: Session,
    actor: Actor,
    list_id: int,
    recipient_id: int,
    *,
    email: str,
    name: str,
    data: Mapping[str, str],
    as_typed: bool = False,
) -> Recipient:
    """Change one person. Raises as `add_recipient` does."""
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    changed = find_recipient(session, actor, list_id, recipient_id)
    person = _checked(session, found, email, name, data, recipient_id=recipient_id)
    before = (changed.email, changed.name, {column: changed.data.get(column, "") for column in found.columns})
    if before == (person.email, person.name, person.data):
        return changed
    require_no_slip(person.email, as_typed=as_typed or person.email_key == changed.email_key)
    was = person_json(changed)
    _fill(found, changed, person)
    session.flush()
    sorting.add(session, found, [recipient_id])
    changes.keep_single(session, actor, ChangeKind.EDIT, changed, was)
    _changed(
        session,
        actor,
        found,
        "recipient.changed",
        _("One person changed in “%(list_name)s”", list_name=found.name),
        recipient_id=recipient_id,
    )
    return changed


def remove_recipient(session: Session, actor: Actor, list_id: int, recipient_id: int) -> str:
    """Remove one person from a list; gives the address. Raises NotThere, and Refused during a large change."""
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    removed = find_recipient(session, actor, list_id, recipient_id)
    changes.keep_single(session, actor, ChangeKind.REMOVE, removed, person_json(removed))
    sorting.forget(session, found, [recipient_id])
    session.delete(removed)
    found.recipient_count -= 1
    _changed(
        session,
        actor,
        found,
        "recipient.removed",
        _("One person removed from “%(list_name)s”", list_name=found.name),
        recipient_id=recipient_id,
    )
    return removed.email


def _changed(
    session: Session, actor: Actor, found: RecipientList, action: str, words: str, *, recipient_id: int
) -> None:
    """Let reviews made before know (P7). The trail names no address: a person may ask to be erased, the trail stays."""
    sorting.count_change(found)
    note(session, actor, action, words, subject_id=found.id, recipient_id=recipient_id)
    session.flush()


def _fill(found: RecipientList, recipient: Recipient, person: NewRecipient) -> None:
    recipient.email, recipient.email_key = person.email, person.email_key
    recipient.name, recipient.data = person.name, dict(person.data)
    recipient.keys = keys_of(found.column_kinds, found.columns, person.name, person.data)


def _begins_with(search: str) -> ColumnElement[bool]:
    name = func.lower(Recipient.name)
    wanted = search.lower()
    return or_(
        Recipient.email_key.startswith(wanted, autoescape=True),
        name.startswith(wanted, autoescape=True),
        name.contains(f" {wanted}", autoescape=True),
        Recipient.name.startswith(search, autoescape=True),  # SQLite lowers only ASCII letters
    )


def _checked(
    session: Session,
    found: RecipientList,
    email: str,
    name: str,
    data: Mapping[str, str],
    *,
    recipient_id: int | None = None,
) -> NewRecipient:
    """Give the person as they are kept: columns of the list only, outer spaces gone. Raises Refused."""
    person = NewRecipient(
        clean_address(email), name.strip(), {column: data.get(column, "").strip() for column in found.columns}
    )
    fault = fault_of(person)
    if fault is not None:
        raise Refused(joined([fault.words, fault.suggestion]), field=fault.column)
    for column, value in (("name", person.name), *person.data.items()):
        if "\0" in value:
            raise Refused(_("It holds a NUL character, which is no text. Type it again."), field=column)
    other = select(Recipient.id).where(Recipient.list_id == found.id, Recipient.email_key == person.email_key)
    if session.scalar(other) not in (None, recipient_id):
        raise Refused(_("Somebody with this address is in the list already."), field="email")
    return person


def recipient_near(
    session: Session, actor: Actor, list_id: int, recipient_id: int = 0, *, step: int = 0, find: str = ""
) -> Recipient | None:
    """Give one recipient of a list for a preview: the one named, the next (`step` 1) or the previous one (-1).

    `find` begins an address or a part of a name and goes before all. At an end of the list it is the last or the first
    one; None when nobody is there. Raises NotThere.
    """
    if find.strip():
        return next(iter(recipients_page(session, actor, list_id, search=find, limit=1)), None)
    find_list(session, actor, list_id)
    of_list = select(Recipient).where(Recipient.list_id == list_id).limit(1)
    forwards, backwards = of_list.order_by(Recipient.id), of_list.order_by(Recipient.id.desc())
    wanted = {
        1: forwards.where(Recipient.id > recipient_id),
        0: forwards.where(Recipient.id >= recipient_id),
        -1: backwards.where(Recipient.id < recipient_id),
    }[step]
    last_resort = forwards if step < 0 else backwards
    return session.scalar(wanted) or session.scalar(last_resort)


def languages_of(session: Session, actor: Actor, list_id: int, column: str, *, most: int = 5000) -> dict[str, int]:
    """Count the cells of the column that names a language, of a list's first `most` recipients. Raises NotThere."""
    find_list(session, actor, list_id)
    rows = session.scalars(
        select(Recipient.data).where(Recipient.list_id == list_id).order_by(Recipient.id).limit(most)
    )
    return dict(Counter(str(data.get(column, "")).strip() for data in rows))
