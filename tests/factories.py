"""Things that tests need, made by the same rules that the pages use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from app.db import Database
from app.emails import templates
from app.emails.content import content_of
from app.emails.limits import LimitedRenderer
from app.emails.models import TemplateVersion
from app.emails.publishing import publish
from app.people.models import Person, SenderIdentity
from app.recipients.checking import NewRecipient
from app.recipients.lists import make_list
from app.recipients.models import RecipientList
from app.sends.models import Message, ReviewState, Send, SendKind
from app.sends.release import release
from app.sends.review import request_review, run_review

_numbers = count(1)


def a_template_version(
    session: Session,
    actor: Person,
    *,
    name: str = "",
    subject: str = "Hello {{ name }}",
    html: str = "<p>Dear {{ name }}, you live in {{ city }}.</p>",
    text: str = "Dear {{ name }}, you live in {{ city }}.",
    headers: tuple[tuple[str, str], ...] = (),
) -> TemplateVersion:
    """Make a template and publish its first version."""
    template = templates.create_template(session, actor, name or f"Notice {next(_numbers)}")
    draft = content_of(subject, html, text, headers)
    templates.save_draft(session, actor, template.id, draft, number=template.draft_number)
    return publish(session, actor, template.id)


def some_people(number: int) -> list[NewRecipient]:
    """Make people `p0@example.com`, `p1@example.com` and so on, each of a city."""
    return [NewRecipient(f"p{n}@example.com", f"Person {n}", {"city": f"City {n}"}) for n in range(number)]


def a_list(
    session: Session,
    actor: Person,
    *,
    people: Sequence[NewRecipient],
    name: str = "",
    columns: Sequence[str] = ("city",),
) -> RecipientList:
    """Make a list of these people."""
    return make_list(session, actor, name=name or f"Members {next(_numbers)}", columns=columns, people=people)


def a_sender(session: Session, actor: Person, address: str = "office@example.com") -> SenderIdentity:
    """Make a sender without asking the mail service for its domains."""
    sender = SenderIdentity(workspace_id=actor.workspace_id, address=address, name="Office")
    session.add(sender)
    session.flush()
    return sender


def a_draft_send(
    session: Session, actor: Person, *, version: TemplateVersion, people: RecipientList | None = None, **fields: Any
) -> Send:
    """Make a draft that only needs its review: to a list, or without one to what `fields` say in `to`, `cc`, `bcc`."""
    send = Send(
        workspace_id=actor.workspace_id,
        kind=SendKind.LIST if people is not None else SendKind.DIRECT,
        template_version_id=version.id,
        list_id=people.id if people is not None else None,
        from_address="office@example.com",
        from_name="Office",
        created_by=actor.id,
    )
    for field, value in fields.items():
        setattr(send, field, value)
    session.add(send)
    session.flush()
    return send


def reviewed(database: Database, renderer: LimitedRenderer, actor: Person, send_id: int) -> Send:
    """Review a send to its end; gives the send as it is then."""
    with database.writing() as session:
        request_review(session, actor, send_id)
    run_review(database, renderer, send_id)
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        assert send.review_state is ReviewState.DONE, send.review_state
        return send


def released(database: Database, renderer: LimitedRenderer, actor: Person, send_id: int) -> Send:
    """Review and release a send; gives the send as it is then."""
    send = reviewed(database, renderer, actor, send_id)
    with database.writing() as session:
        return release(session, actor, send_id, seen=send.review_fingerprint, again_confirmed=True, undo_seconds=0.0)


def messages_of(database: Database, send_id: int) -> list[Message]:
    """Give the messages of a send in order."""
    with database.reading() as session:
        return list(session.query(Message).filter_by(send_id=send_id).order_by(Message.id))
