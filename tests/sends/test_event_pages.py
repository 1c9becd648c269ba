"""What was told later, on the pages: a message's events in its life, how far was looked, counts of a send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.cloudflare.events import KEPT_DAYS, EventKind
from app.db import Database, now
from app.people.models import Person
from app.sends.event_models import EventZone, MessageEvent, SendEventTally
from app.sends.models import Attempt, Message, Outcome
from app.sends.words import EVENTS
from tests.factories import messages_of
from tests.sends.pages import words

AT = now().replace(microsecond=0) - timedelta(minutes=5)


def told(database: Database, message_id: int, kind: EventKind, **changes: Any) -> None:
    with database.writing() as session:
        row = {"event_key": str(kind), "at": AT, "kind": kind, "recipient": "p0@example.com", "status": str(kind)}
        session.add(MessageEvent(message_id=message_id, **{**row, **changes}))


def in_doubt(database: Database, send_id: int) -> Message:
    message = messages_of(database, send_id)[0]
    with database.writing() as session:
        session.merge(message).state = Outcome.UNKNOWN
        session.add(Attempt(message_id=message.id, number=1, started_at=AT))
    return message


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_of_event_has_a_label_a_sentence_and_a_tone(kind: EventKind) -> None:
    wording = EVENTS[kind]
    assert wording.label and wording.words.endswith(".") and wording.tone in {"good", "warn", "bad", "info", "plain"}


def test_a_message_s_events_are_told_in_order_with_the_server_s_words(
    client: FlaskClient, database: Database, sent: int
) -> None:
    message = messages_of(database, sent)[0]
    told(database, message.id, EventKind.BOUNCED, detail="550 5.1.1 <b>gone</b>", at=AT + timedelta(minutes=2))
    told(database, message.id, EventKind.DEFERRED, detail="451 later", cause="soft")
    text = client.get(f"/sends/{sent}/messages/{message.id}").text
    page = words(text)
    assert page.index("Put off") < page.index("451 later") < page.index("Hard bounce") < page.index("550 5.1.1")
    assert "&lt;b&gt;gone" in text
    assert f'<time datetime="{AT.isoformat()}">' in text, "the reader's own zone, by script"
    assert "Inferred" not in page


def test_an_inferred_event_is_marked(client: FlaskClient, database: Database, sent: int) -> None:
    message = messages_of(database, sent)[0]
    told(database, message.id, EventKind.DELIVERED, is_inferred=True)
    page = words(client.get(f"/sends/{sent}/messages/{message.id}").text)
    assert "Inferred: this event has no message id of ours" in page


def test_one_in_doubt_says_until_when_it_was_looked_for(
    client: FlaskClient, database: Database, sent: int, actor: Person
) -> None:
    message = in_doubt(database, sent)
    url = f"/sends/{sent}/messages/{message.id}"
    assert "Not looked for yet." in words(client.get(url).text)
    with database.writing() as session:
        until = AT + timedelta(minutes=4)
        for name in ("example.com", "com", "example.org"):
            mark = until if name == "example.com" else AT - timedelta(days=1)
            session.add(EventZone(workspace_id=actor.workspace_id, zone_id=name, name=name, read_until=mark))
    text = client.get(url).text
    assert "until" in words(text) and f"{until:%-d %b %Y, %H:%M UTC}" in text
    assert "not found at the service. That does not prove that it did not go out." in words(text)
    assert "Looked for" not in client.get(f"/sends/{sent}/messages/{message.id + 1}").text


def test_when_the_service_keeps_nothing_so_old_the_page_says_that_nobody_looks_any_more(
    client: FlaskClient, database: Database, sent: int
) -> None:
    message = in_doubt(database, sent)
    with database.writing() as session:
        session.query(Attempt).update({"started_at": AT - timedelta(days=KEPT_DAYS + 1)})
    page = words(client.get(f"/sends/{sent}/messages/{message.id}").text)
    assert "no longer tells what became of it, so it was not looked for" in page


def test_bounces_and_complaints_show_on_the_page_of_the_send(
    client: FlaskClient, database: Database, sent: int
) -> None:
    assert "Told later" not in client.get(f"/sends/{sent}").text
    with database.writing() as session:
        for kind, count in ((EventKind.BOUNCED, 3), (EventKind.COMPLAINED, 1), (EventKind.DELIVERED, 9)):
            session.add(SendEventTally(send_id=sent, kind=kind, count=count))
    for url, headers in ((f"/sends/{sent}", {}), (f"/sends/{sent}/progress", {"HX-Request": "true"})):
        page = words(client.get(url, headers=headers).text)
        assert "Told later by the mail service: Hard bounce 3 e-mails, Complaint 1 e-mail" in page
