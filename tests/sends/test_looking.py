"""What a person sees is what is sent: before release, and afterwards proven by its SHA-256 (P4)."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import update

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.sends import compose as composing
from app.sends.composition import compose, plan_of
from app.sends.looking import look_after, look_before, problems_of, readable_request
from app.sends.models import Message, Send
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, reviewed, some_people


@pytest.fixture
def draft_id(database: Database, actor: Person) -> int:
    """A draft to three people with a header and a file."""
    with database.writing() as session:
        people = a_list(session, actor, people=some_people(3))
        version = a_template_version(session, actor)
        send = a_draft_send(session, actor, version=version, people=people, headers=[["X-City", "{{ city }}"]])
        composing.add_attachment(session, actor, send.id, "a.txt", b"hello")
        return send.id


def test_everybody_can_be_looked_at_in_the_lists_order(
    database: Database, draft_id: int, renderer: LimitedRenderer
) -> None:
    seen, recipient_id = [], None
    with database.reading() as session:
        send = session.get_one(Send, draft_id)
        while True:
            look = look_before(session, renderer, send, recipient_id)
            assert look.request is not None
            seen.append((look.who, look.request.subject, dict(look.request.headers)["X-City"]))
            if look.next_id is None:
                break
            recipient_id = look.next_id
    assert seen == [(f"p{n}@example.com", f"Hello Person {n}", f"City {n}") for n in range(3)]
    assert look.previous_id is not None


def test_somebody_of_another_list_is_not_shown(
    database: Database, actor: Person, draft_id: int, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        a_list(session, actor, people=[NewRecipient("secret@example.com", "", {})])
    with database.reading() as session:
        send = session.get_one(Send, draft_id)
        assert look_before(session, renderer, send, 4).who == "p0@example.com"


def test_problems_are_shown_instead_of_an_e_mail_that_cannot_be_made(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        people = a_list(session, actor, people=[NewRecipient("ann@example.com", "Two\nlines", {})])
        draft_id = a_draft_send(session, actor, version=a_template_version(session, actor), people=people).id
    with database.reading() as session:
        look = look_before(session, renderer, session.get_one(Send, draft_id), None)
    assert look.request is None
    assert any("line" in words for words in look.problems)


def posted(database: Database, send_id: int) -> Message:
    """Note for the first message what delivery notes: the SHA-256 of the very bytes it posts."""
    message = messages_of(database, send_id)[0]
    with database.writing() as session:
        plan = plan_of(session, session.get_one(Send, send_id))
        body = compose(plan, message.email, message.name, message.data, message.reference).body()
        session.execute(
            update(Message).where(Message.id == message.id).values(body_sha256=hashlib.sha256(body).hexdigest())
        )
    return messages_of(database, send_id)[0]


def test_a_sent_e_mail_is_shown_again_and_proven_the_same(
    database: Database, actor: Person, draft_id: int, renderer: LimitedRenderer
) -> None:
    send = released(database, renderer, actor, draft_id)
    message = posted(database, send.id)
    with database.reading() as session:
        look = look_after(session, renderer, session.get_one(Send, send.id), message)
    assert look.is_proven
    assert look.request is not None
    assert look.request.subject == "Hello Person 0"


def test_a_sent_e_mail_stays_provable_when_the_list_changes(
    database: Database, actor: Person, draft_id: int, renderer: LimitedRenderer
) -> None:
    send = released(database, renderer, actor, draft_id)
    message = posted(database, send.id)
    with database.writing() as session:
        session.delete(session.get_one(Send, send.id).recipient_list)
    with database.reading() as session:
        assert look_after(session, renderer, session.get_one(Send, send.id), message).is_proven


def test_a_difference_is_not_proven(
    database: Database, actor: Person, draft_id: int, renderer: LimitedRenderer
) -> None:
    send = released(database, renderer, actor, draft_id)
    message = posted(database, send.id)
    with database.writing() as session:
        session.get_one(Message, message.id).data = {"city": "Elsewhere"}
    with database.reading() as session:
        changed = session.get_one(Message, message.id)
        assert not look_after(session, renderer, session.get_one(Send, send.id), changed).is_proven


def test_the_readable_request_is_the_posted_one_but_for_the_files_content(
    database: Database, draft_id: int, renderer: LimitedRenderer
) -> None:
    with database.reading() as session:
        request = look_before(session, renderer, session.get_one(Send, draft_id), None).request
    assert request is not None
    shown, really = readable_request(request), request.to_json()
    (file,) = shown.pop("attachments")
    (real_file,) = really.pop("attachments")
    assert shown == really
    assert {**file, "content": real_file["content"]} == real_file
    assert file["content"] == "… 8 characters of base64"


def test_problems_are_paged_in_the_lists_order(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    with database.writing() as session:
        people = a_list(session, actor, people=[NewRecipient(f"p{n}@example.com", "Two\nlines", {}) for n in range(5)])
        version = a_template_version(session, actor, html="<p>Hi</p>", text="Hi", subject="Hi {{ name }}")
        draft_id = a_draft_send(session, actor, version=version, people=people).id
    send = reviewed(database, renderer, actor, draft_id)
    with database.reading() as session:
        first = problems_of(session, send, limit=3)
        second = problems_of(session, send, after=first[-1].id, limit=3)
    assert [one.email for one in (*first, *second)] == [f"p{n}@example.com" for n in range(5)]
