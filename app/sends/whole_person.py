"""Everything about one person of a workspace, by address: lists, e-mails, opt-out; and all of it to take along."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import String, and_, cast, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.audit.trail import Actor
from app.emails.models import TemplateVersion
from app.emails.templates import WITHOUT_CONTENT
from app.recipients.models import Recipient, RecipientList
from app.recipients.suppressions.listing import Entry, entries_of_address
from app.recipients.suppressions.who import not_to_write
from app.sends.hiding import shown_data
from app.sends.models import Message, Send, SendKind
from app.sends.words import OUTCOMES, why_words

SENDS_LOOKED = 500
"""Sends that are looked through in one statement."""
MOST_LOOKED = 10_000
"""Sends that one page looks through."""


@dataclass(frozen=True, slots=True)
class Written:
    """One e-mail to a person, with its send."""

    message: Message
    send: Send


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """E-mails to a person, newest first; `before` is the send's id for the next page, None on the last."""

    written: Sequence[Written]
    before: int | None = None


@dataclass(frozen=True, slots=True)
class WholePerson:
    """What is known of an address."""

    email: str
    entries: Sequence[tuple[RecipientList, Recipient]] = field(default_factory=tuple)
    held_back: Sequence[str] = ()
    """Why they must not be written to at all; a sentence each."""
    suppressions: Sequence[Entry] = ()
    """All that stands against the address, what has ended too."""

    @property
    def gets_no(self) -> Sequence[str]:
        """What alone they must not be written to with; a sentence each."""
        return [one.only for one in self.suppressions if one.only and not one.is_ended]

    @property
    def name(self) -> str:
        """A name that one of the lists gives them."""
        return next((person.name for _list, person in self.entries if person.name), "")


def whole_person(session: Session, actor: Actor, email: str) -> WholePerson:
    """Give the lists that an address is in, and what stands against writing to it. A fixed number of queries."""
    key = clean(email)
    of_workspace = select(RecipientList.id).where(RecipientList.workspace_id == actor.workspace_id)
    list_ids = session.scalars(of_workspace).all()
    rows = session.execute(
        select(RecipientList, Recipient)
        .join(Recipient, Recipient.list_id == RecipientList.id)
        .where(Recipient.list_id.in_(list_ids), Recipient.email_key == key)
        .order_by(RecipientList.name)
    )
    reasons = not_to_write(session, actor.workspace_id, [key], sender_domain="").values()
    against = entries_of_address(session, actor, key)
    return WholePerson(key, [(row[0], row[1]) for row in rows], [one.words for one in reasons], against)


def written_to(
    session: Session, actor: Actor, email: str, *, before: int | None = None, limit: int = 50
) -> WrittenPage:
    """Give the e-mails to an address, newest first. Each send is asked by its own index, a few hundred at once."""
    key, found, looked = clean(email), list[Written](), 0
    while len(found) <= limit and looked < MOST_LOOKED:
        sends = _sends_before(session, actor, before)
        found += _written_in(session, sends, key)
        if len(sends) < SENDS_LOOKED:
            before = None
            break
        before, looked = sends[-1], looked + len(sends)
    if len(found) > limit:
        return WrittenPage(found[:limit], found[limit - 1].send.id)
    return WrittenPage(found, before)


def everything(session: Session, actor: Actor, email: str) -> dict[str, Any]:
    """Give all that is kept of a person, ready for JSON: what they may ask for."""
    person = whole_person(session, actor, email)
    return {
        "email": person.email,
        "lists": [
            {"list": one.name, "email": entry.email, "name": entry.name, "data": dict(entry.data)}
            for one, entry in person.entries
        ],
        "must_not_be_written_to": [str(one) for one in person.held_back],
        "gets_not_everything": [str(one) for one in person.gets_no],
        "emails": [_as_json(one) for one in all_written_to(session, actor, email)],
    }


def all_written_to(session: Session, actor: Actor, email: str) -> Iterator[Written]:
    """Give every e-mail to an address, newest first."""
    before: int | None = None
    while True:
        page = written_to(session, actor, email, before=before, limit=SENDS_LOOKED)
        yield from page.written
        if page.before is None:
            return
        before = page.before


def clean(email: str) -> str:
    """Give an address as people are told apart by it."""
    return email.replace("\0", "").strip().lower()[:254]


def names_address(key: str) -> Any:
    """Give the clause that a send that is no list send names an address among its own."""
    written = json.dumps(key)[1:-1]
    addresses = func.lower(cast(Send.to, String) + cast(Send.cc, String) + cast(Send.bcc, String))
    return and_(Send.kind != SendKind.LIST, addresses.contains(f'"{written}"', autoescape=True))


def _sends_before(session: Session, actor: Actor, before: int | None) -> Sequence[int]:
    query = select(Send.id).where(Send.workspace_id == actor.workspace_id)
    if before is not None:
        query = query.where(Send.id < before)
    return session.scalars(query.order_by(Send.id.desc()).limit(SENDS_LOOKED)).all()


def _written_in(session: Session, sends: Sequence[int], key: str) -> list[Written]:
    also = select(Send.id).where(Send.id.in_(sends), names_address(key))
    direct = session.scalars(also).all()
    rows = session.execute(
        select(Message, Send)
        .join(Send, Send.id == Message.send_id)
        .where(
            or_(
                and_(Message.send_id.in_(sends), Message.email_key == key),
                and_(Message.send_id.in_(direct), Send.kind == SendKind.DIRECT),
            )
        )
        .order_by(Send.id.desc(), Message.id.desc())
        .options(
            joinedload(Send.template_version).options(joinedload(TemplateVersion.template), *WITHOUT_CONTENT),
            selectinload(Send.recipient_list),
        )
    )
    return [Written(row[0], row[1]) for row in rows]


def _as_json(one: Written) -> dict[str, Any]:
    message, send = one.message, one.send
    return {
        "send": send.id,
        "template": send.template_version.title if send.template_version else "",
        "from": send.from_address,
        "outcome": str(OUTCOMES[message.state].label),
        "reason": str(why_words(message)),
        "last_change": message.changed_at.isoformat(),
        "name": message.name,
        "data": shown_data(send, message),
    }
