"""Erasing one person on request: their data go from every list and every e-mail; counts and outcomes stay (P1).

What was sent to them can then be shown no more (P4 ends there, and the page says so). What would bring them back goes
as well: what undoing needs, and uploads that wait. An opt-out stays: without it somebody might write by accident.

Locks are taken in the order that everybody has: lists, uploads, sends, messages, bad addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.recipients.changes.models import ChangeKind, ListChange, ListChangeRow
from app.recipients.finding import sorting
from app.recipients.imports.forgetting import InUploads, forget_person, hold_uploads, in_uploads, names
from app.recipients.models import Recipient, RecipientList, Suppression
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.unsubscribing.models import TopicOptOut
from app.refusals import Refused
from app.sends.bad_addresses import forget_address, of_address
from app.sends.event_models import MessageEvent
from app.sends.models import UNDER_WAY, Attempt, Message, PersonFile, ReviewProblem, Send, SendKind
from app.sends.person_files import name_key
from app.sends.usage import UNFINISHED
from app.sends.whole_person import all_written_to, clean, names_address, whole_person
from app.words import _, _n

ERASED = "erased"
"""Stands in the place of an address."""
ERASED_DETAIL = _("The person's data were erased on request.")
CHANGES_NOW = _("An import that holds this person changes a list just now. Wait until it is done.")


@dataclass(frozen=True, slots=True)
class ToErase:
    """What erasing a person would take away, and what forbids it now."""

    lists: int
    messages: int
    blocking: Sequence[int] = ()
    """Unfinished sends to them."""
    in_uploads: InUploads = field(default_factory=InUploads)
    is_elsewhere: bool = False
    """Something is kept of them besides: for an undo, in rows of imports, among bad addresses or in a review."""
    stays: bool = False
    """What keeps others from writing to them is kept, and stays."""

    @property
    def uploads(self) -> Sequence[int]:
        """Waiting uploads that hold them, or of which nobody can say; they are forgotten."""
        return self.in_uploads.waiting

    @property
    def is_changing(self) -> bool:
        """An import that holds them changes a list just now, which forbids it."""
        return self.in_uploads.is_changing

    @property
    def is_anything(self) -> bool:
        """Whether there is something to take away."""
        return bool(self.lists or self.messages or self.uploads or self.is_elsewhere)


def what_goes(session: Session, actor: Actor, email: str) -> ToErase:
    """Count what erasing an address would take away. Looks through every row of every upload."""
    key = clean(email)
    person = whole_person(session, actor, key)
    written = list(all_written_to(session, actor, key))
    blocking = {one.send.id for one in written if one.message.state in UNDER_WAY}
    drafts = select(Send.id).where(
        Send.workspace_id == actor.workspace_id, Send.state.in_(UNFINISHED), names_address(key)
    )
    blocking.update(session.scalars(drafts))
    uploads = in_uploads(session, actor.workspace_id, key)
    return ToErase(
        len(person.entries),
        len(written),
        sorted(blocking),
        in_uploads=uploads,
        is_elsewhere=uploads.is_certain or _is_beside(session, actor, key),
        stays=_stays(session, actor.workspace_id, key),
    )


def is_kept_elsewhere(session: Session, actor: Actor, email: str) -> bool:
    """Whether something is kept of an address that is in no list and no e-mail."""
    key = clean(email)
    return _is_beside(session, actor, key) or in_uploads(session, actor.workspace_id, key).is_certain


def erase(session: Session, actor: Actor, email: str) -> ToErase:
    """Take a person's data away everywhere; the caller lets a worker clear the uploads that it gives.

    Raises Refused while an unfinished send is to them, or an import that holds them is under way, or nobody is there.
    """
    key = clean(email)
    _hold_lists(session, actor, key, in_uploads(session, actor.workspace_id, key).lists)
    hold_uploads(session, actor.workspace_id)
    _hold_sends(session, actor, key)
    found = what_goes(session, actor, key)
    _require_possible(found)
    _from_lists(session, actor, key)
    forget_person(session, actor.workspace_id, key, found.in_uploads)
    _from_messages(session, actor, key)
    forget_address(session, actor.workspace_id, key)
    words = _(
        "One person erased on request: taken out of %(lists)s and %(messages)s",
        lists=_n("%(count)s list", "%(count)s lists", found.lists),
        messages=_n("%(count)s e-mail", "%(count)s e-mails", found.messages),
    )
    changes = {_("Waiting uploads that may hold them"): (len(found.uploads), 0)} if found.uploads else None
    note(session, actor, "person.erased", words, changes=changes)
    session.flush()
    return found


def _require_possible(found: ToErase) -> None:
    if found.blocking:
        sends = ", ".join(str(one) for one in found.blocking)
        raise Refused(
            _(
                "An unfinished send is to this person (send %(sends)s). Let it finish, or cancel it. Nothing was "
                "erased.",
                sends=sends,
            )
        )
    if found.is_changing:
        raise Refused(CHANGES_NOW)
    if not found.is_anything and found.stays:
        raise Refused(_("Only what keeps others from writing to this address is kept, and that stays."))
    if not found.is_anything:
        raise Refused(_("Nothing is kept of this address."))


def _is_beside(session: Session, actor: Actor, key: str) -> bool:
    """Whether something is kept besides lists, e-mails and uploads."""
    for_undo = exists().where(*_for_undo(actor.workspace_id, key))
    bad = exists().where(*of_address(actor.workspace_id, key))
    return bool(session.scalar(select(or_(for_undo, bad, exists().where(*_in_reviews(actor.workspace_id, key))))))


def _stays(session: Session, workspace_id: int, key: str) -> bool:
    tables = (Suppression, TheirSuppression, TopicOptOut)
    stays = (exists().where(one.workspace_id == workspace_id, one.email_key == key) for one in tables)
    return bool(session.scalar(select(or_(*stays))))


def _for_undo(workspace_id: int, key: str) -> tuple[ColumnElement[bool], ...]:
    """Say which rows of changes hold an address; editing somebody may have changed it, so that both are inside."""
    of_workspace = (
        select(ListChange.id)
        .join(RecipientList, RecipientList.id == ListChange.list_id)
        .where(RecipientList.workspace_id == workspace_id)
    )
    edits = of_workspace.where(ListChange.kind == ChangeKind.EDIT)
    inside = or_(*(func.lower(one["email"].as_string()) == key for one in (ListChangeRow.was, ListChangeRow.became)))
    return (
        ListChangeRow.change_id.in_(of_workspace),
        or_(ListChangeRow.email_key == key, ListChangeRow.change_id.in_(edits) & inside),
    )


def _in_reviews(workspace_id: int, key: str) -> tuple[ColumnElement[bool], ...]:
    of_workspace = select(Send.id).where(Send.workspace_id == workspace_id)
    return ReviewProblem.send_id.in_(of_workspace), func.lower(ReviewProblem.email) == key


def _hold_lists(session: Session, actor: Actor, key: str, of_imports: Sequence[int]) -> None:
    """Hold the lists before anything is counted, in a fixed order: no release takes the person meanwhile, and no undo
    brings them back."""
    of_person = exists().where(Recipient.list_id == RecipientList.id, Recipient.email_key == key)
    changes = select(ListChangeRow.change_id).where(*_for_undo(actor.workspace_id, key))
    of_undo = RecipientList.id.in_(select(ListChange.list_id).where(ListChange.id.in_(changes)))
    session.scalars(
        select(RecipientList)
        .where(
            RecipientList.workspace_id == actor.workspace_id, or_(of_person, of_undo, RecipientList.id.in_(of_imports))
        )
        .order_by(RecipientList.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _hold_sends(session: Session, actor: Actor, key: str) -> None:
    """Hold the sends of e-mails to them, so that none is tried again meanwhile, and no event settles it."""
    sends = {one.send.id for one in all_written_to(session, actor, key)}
    session.scalars(select(Send.id).where(Send.id.in_(sends)).order_by(Send.id).with_for_update()).all()
    session.expire_all()  # what was read before they were held may be old


def _from_lists(session: Session, actor: Actor, key: str) -> None:
    for found, person in whole_person(session, actor, key).entries:
        sorting.forget(session, found, [person.id])
        sorting.forget_wholly(session, found, person.id)
        session.delete(person)
        found.recipient_count -= 1
        sorting.count_change(found)
    session.execute(
        delete(ListChangeRow).where(*_for_undo(actor.workspace_id, key)).execution_options(synchronize_session=False)
    )


def _from_messages(session: Session, actor: Actor, key: str) -> None:
    for one in list(all_written_to(session, actor, key)):
        if one.send.kind is not SendKind.LIST:
            _from_direct_send(one.send, key)
        if one.message.email_key == key:
            _from_person_files(session, one.send, one.message)
            _from_message(session, one.message)
        else:
            _from_copy(session, one.message, key)
    session.execute(
        delete(ReviewProblem).where(*_in_reviews(actor.workspace_id, key)).execution_options(synchronize_session=False)
    )


def _from_message(session: Session, message: Message) -> None:
    message.email, message.email_key = ERASED, f"{ERASED}-{message.id}"
    message.name, message.data, message.addresses = "", {}, {}
    message.detail = ERASED_DETAIL if message.detail else ""
    message.erased_at = now()
    session.execute(
        update(MessageEvent)
        .where(MessageEvent.message_id == message.id)
        .values(recipient=ERASED, detail="", cause="")
        .execution_options(synchronize_session=False)
    )
    _from_answers(session, message)


def _from_copy(session: Session, message: Message, key: str) -> None:
    """Take somebody out of an e-mail that is another person's, who stays: they had a copy, or stood beside them."""
    if names(message.detail, key):
        message.detail = ERASED_DETAIL
    addresses: dict[str, str] = {}
    for address, outcome in message.addresses.items():
        told = address
        if address.lower() == key:  # each keeps its outcome, of which later events make that of the whole
            number = sum(one.startswith(ERASED) for one in (*message.addresses, *addresses))
            told = f"{ERASED}-{number + 1}" if number else ERASED
        addresses[told] = outcome
    message.addresses = addresses
    for event in session.scalars(select(MessageEvent).where(MessageEvent.message_id == message.id)):
        if event.recipient.lower() == key:
            event.recipient = ERASED
        elif not names(event.detail, key) and not names(event.cause, key):
            continue
        event.detail, event.cause = "", ""
    _from_answers(session, message)


def _from_answers(session: Session, message: Message) -> None:
    session.execute(
        update(Attempt)
        .where(Attempt.message_id == message.id)
        .values(raw_answer="", error_message="")
        .execution_options(synchronize_session=False)
    )


def _from_direct_send(send: Send, key: str) -> None:
    def without(pairs: list[list[str]]) -> list[list[str]]:
        return [
            [ERASED, ""] if str(address).lower() == key else [address, "" if str(name).lower() == key else name]
            for address, name in pairs
        ]

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
