"""Those who wrote instead of using the link: their addresses are pasted, and can be taken back."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import Database
from app.people.models import Person
from app.recipients.models import Suppression
from app.recipients.unsubscribing.models import TopicOptOut
from app.recipients.unsubscribing.opt_outs_by_hand import MOST_ADDRESSES, read_addresses
from app.recipients.unsubscribing.topics import add_topic

URL = "/settings/unsubscribing/by-hand"


@pytest.mark.parametrize(
    ("text", "addresses", "unread"),
    [
        ("anna@example.com", ["anna@example.com"], []),
        ("Anna Smith <anna@example.com>\r\nben@example.org", ["anna@example.com", "ben@example.org"], []),
        ("a@example.com, b@example.com; c@example.com", ["a@example.com", "b@example.com", "c@example.com"], []),
        ("From: Anna <anna@example.com>\nReply-To: anna@EXAMPLE.com", ["anna@example.com"], []),
        ("Von: Anna <anna@example.com>", ["anna@example.com"], []),
        ("hello\nanna@example.com\nnobody@", ["anna@example.com"], ["hello", "nobody@"]),
        ("\0", [], []),
    ],
)
def test_addresses_are_found_in_what_people_paste(text: str, addresses: list[str], unread: list[str]) -> None:
    found = read_addresses(text)
    assert (found.addresses, found.unread) == (addresses, unread)


def out(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Suppression.email).order_by(Suppression.id)))


def test_staff_unsubscribe_those_who_wrote_and_take_it_back(staff_client: FlaskClient, database: Database) -> None:
    page = staff_client.post(URL, data={"addresses": "anna@example.com\nben@example.com\nrubbish", "topic": "0"}).text
    assert "2 people unsubscribed" in page
    assert "rubbish" in page
    assert out(database) == ["anna@example.com", "ben@example.com"]
    again = staff_client.post(URL, data={"addresses": "ANNA@example.com\ncleo@example.com", "topic": "0"}).text
    assert "1 person unsubscribed" in again
    assert "1 person had unsubscribed before" in again
    staff_client.post(f"{URL}/undo", data={"addresses": "cleo@example.com", "topic": "0"})
    assert out(database) == ["anna@example.com", "ben@example.com"]
    with database.reading() as session:
        words = session.scalars(
            select(AuditEntry.words).where(AuditEntry.action.startswith("suppression.")).order_by(AuditEntry.id)
        ).all()
    assert words[0] == "2 people who wrote to us unsubscribed by hand from all e-mail"
    assert not any("@" in one for one in words)


def test_or_from_one_kind_only(staff_client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        topic_id = add_topic(session, actor, {"en": ("Appointments", "")}).id
    staff_client.post(URL, data={"addresses": "anna@example.com", "topic": str(topic_id)})
    with database.reading() as session:
        assert session.scalars(select(TopicOptOut.email)).all() == ["anna@example.com"]
    assert out(database) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"addresses": "", "topic": "0"}, "There is no e-mail address in this."),
        ({"addresses": "anna@example.com", "topic": "999999"}, "Choose what they want no more."),
        (
            {"addresses": "\n".join(f"p{n}@example.com" for n in range(MOST_ADDRESSES + 1)), "topic": "0"},
            f"at most {MOST_ADDRESSES} are taken at once",
        ),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_done(
    staff_client: FlaskClient, database: Database, data: dict[str, str], words: str
) -> None:
    answer = staff_client.post(URL, data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert data["addresses"][-20:] in answer.text, "what was typed is kept"
    assert out(database) == []
