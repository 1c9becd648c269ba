"""What the tests of sends share."""

from __future__ import annotations

import pytest

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.sends.models import Outcome, Send, SendState
from app.sends.tallies import move
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, messages_of, released, some_people
from tests.sends.approval_ground import Office, an_office


@pytest.fixture
def ground(database: Database, actor: Person) -> dict[str, int]:
    """A template, a list of seven (one with a name of two lines) and a sender; gives their ids."""
    with database.writing() as session:
        people = some_people(7)
        people[3] = NewRecipient("p3@example.com", "Two\nlines", {"city": "Leeds"})
        version = a_template_version(
            session,
            actor,
            name="Reminder",
            html="<p>{{ name }} {{ due }}</p>",
            text="{{ name }}",
            subject="To {{ name }}",
        )
        return {
            "version": version.id,
            "list": a_list(session, actor, people=people, name="Members").id,
            "sender": a_sender(session, actor).id,
        }


@pytest.fixture
def sent(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A released send to 60 people of whom some are settled."""
    with database.writing() as session:
        version = a_template_version(session, actor, name="Notice")
        people = a_list(session, actor, people=some_people(60), name="Friends")
        draft_id = a_draft_send(session, actor, version=version, people=people).id
    send_id = released(database, renderer, actor, draft_id).id
    messages = messages_of(database, send_id)
    with database.writing() as session:
        for message, outcome in zip(messages, [Outcome.DELIVERED] * 52 + [Outcome.BOUNCED] * 2, strict=False):
            session.merge(message).state = outcome
            move(session, send_id, {(Outcome.PENDING, outcome): 1})
        session.get_one(Send, send_id).state = SendState.SENDING
    return send_id


@pytest.fixture
def office(database: Database, actor: Person, renderer: LimitedRenderer) -> Office:
    """An office in which every send needs approval."""
    return an_office(database, renderer, actor)
