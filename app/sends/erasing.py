"""Erasing one person on request: their data go from every list and every e-mail; counts and outcomes stay (P1).

What was sent to them can then be shown no more (P4 ends there, and the page says so). An opt-out stays: without it
somebody might write to them by accident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.recipients.changes.models import ListChange, ListChangeRow
from app.recipients.finding import sorting
from app.recipients.imports import staging
from app.recipients.models import Recipient, RecipientList
from app.refusals import Refused
from app.sends.bad_addresses import forget_address
from app.sends.event_models import MessageEvent
from app.sends.models import UNDER_WAY, Attempt, Message, PersonFile, ReviewProblem, Send, SendKind
from app.sends.person_files import name_key
from app.sends.usage import UNFINISHED
from app.sends.whole_person import all_written_to, clean, names_address, whole_person
from app.words import _, _n

ERASED = "erased"
"""Stands in the place of an address."""
ERASED_DETAIL = _("The person's data were erased on request.")


@dataclass(frozen=True, slots=True)
class ToErase:
    """What erasing a person would take away, and the unfinished sends that forbid it now."""

    lists: int
    messages: int
    blocking: Sequence[int] = ()


def what_goes(session: Session, actor: Actor, email: str) -> ToErase:
    """Count what erasing an address would take away."""
    person = whole_person(session, actor, email)
    written = list(all_written_to(session, actor, email))
    blocking = {one.send.id for one in written if one.message.state in UNDER_WAY}
    drafts = select(Send.id).where(
        Send.workspace_id == actor.workspace_id, Send.state.in_(UNFINISHED), names_address(clean(email))
    )
    blocking.update(session.scalars(drafts))
    return ToErase(len(person.entries), len(written), sorted(blocking))


def erase(session: Session, actor: Actor, email: str) -> ToErase:
    """Take a person's data away everywhere. Raises Refused while an unfinished send is to them, or nobody is there."""
    key = clean(email)
    _hold_lists(session, actor, key)
    found = what_goes(session, actor, key)
    if found.blocking:
        sends = ", ".join(str(one) for one in found.blocking)
        raise Refused(
            _(
                "An unfinished send is to this person (send %(sends)s). Let it finish, or cancel it. Nothing was "
                "erased.",
                sends=sends,
            )
        )
    if not found.lists and not found.messages:
        raise Refused(_("Nothing is kept of this address."))
    _from_lists(session, actor, key)
    _from_messages(session, actor, key)
    forget_address(session, actor.workspace_id, key)
    staging.forget_person(session, actor.workspace_id, key)
    words = _(
        "One person erased on request: taken out of %(lists)s and %(messages)s",
        lists=_n("%(count)s list", "%(count)s lists", found.lists),
        messages=_n("%(count)s e-mail", "%(count)s e-mails", found.messages),
    )
    note(session, actor, "person.erased", words)
    session.flush()
    return found


def _hold_lists(session: Session, actor: Actor, key: str) -> None:
    """Hold the lists before anything is counted, in a fixed order, so that no release takes the person meanwhile."""
    of_person = exists().where(Recipient.list_id == RecipientList.id, Recipient.email_key == key)
    session.scalars(
        select(RecipientList)
        .where(RecipientList.workspace_id == actor.workspace_id, of_person)
        .order_by(RecipientList.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _from_lists(session: Session, actor: Actor, key: str) -> None:
    for found, person in whole_person(session, actor, key).entries:
        sorting.forget(session, found, [person.id])
        sorting.forget_wholly(session, found, person.id)
        session.delete(person)
        found.recipient_count -= 1
        sorting.count_change(found)
    of_workspace = (
        select(ListChange.id)
        .join(RecipientList, RecipientList.id == ListChange.list_id)
        .where(RecipientList.workspace_id == actor.workspace_id)
    )
    session.execute(
        delete(ListChangeRow)
        .where(ListChangeRow.email_key == key, ListChangeRow.change_id.in_(of_workspace))
        .execution_options(synchronize_session=False)
    )


def _from_messages(session: Session, actor: Actor, key: str) -> None:
    for one in list(all_written_to(session, actor, key)):
        if one.send.kind is not SendKind.LIST:
            _from_direct_send(one.send, key)
        if one.message.email_key == key:
            _from_person_files(session, one.send, one.message)
            _from_message(session, one.message)
    of_workspace = select(Send.id).where(Send.workspace_id == actor.workspace_id)
    session.execute(
        delete(ReviewProblem)
        .where(ReviewProblem.send_id.in_(of_workspace), func.lower(ReviewProblem.email) == key)
        .execution_options(synchronize_session=False)
    )


def _from_message(session: Session, message: Message) -> None:
    message.email, message.email_key = ERASED, f"{ERASED}-{message.id}"
    message.name, message.data, message.addresses = "", {}, {}
    message.detail = ERASED_DETAIL if message.detail else ""
    message.erased_at = now()
    for table, values in (
        (Attempt, {"raw_answer": "", "error_message": ""}),
        (MessageEvent, {"recipient": ERASED, "detail": "", "cause": ""}),
    ):
        session.execute(
            update(table)
            .where(table.message_id == message.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _from_direct_send(send: Send, key: str) -> None:
    def without(pairs: list[list[str]]) -> list[list[str]]:
        return [[ERASED, ""] if str(address).lower() == key else [address, name] for address, name in pairs]

    send.to, send.cc, send.bcc = without(send.to), without(send.cc), without(send.bcc)


def _from_person_files(session: Session, send: Send, message: Message) -> None:
    """Take the person's own file out of a send, unless it is somebody else's too."""
    cell = name_key(str(message.data.get(send.file_column) or "")) if send.file_column else ""
    if not cell:
        return
    others = exists().where(
        Message.send_id == send.id,
        Message.id != message.id,
        func.lower(func.trim(Message.data[send.file_column].as_string())) == cell,
    )
    if not session.scalar(select(others)):
        session.execute(delete(PersonFile).where(PersonFile.send_id == send.id, PersonFile.name_key == cell))
