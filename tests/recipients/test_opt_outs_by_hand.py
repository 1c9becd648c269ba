"""Those who wrote instead of using the link: their addresses are pasted, and can be taken back."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.people.models import Person
from app.recipients.models import Suppression, SuppressionReason
from app.recipients.suppressions.who import suppress
from app.recipients.unsubscribing.models import Topic, TopicOptOut
from app.recipients.unsubscribing.opt_outs_by_hand import MOST_ADDRESSES, read_addresses, unsubscribe_by_hand
from app.recipients.unsubscribing.topics import add_topic, stop_topic

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
        (
            '"Smith, Anna" <anna@example.com>; From: "O\'Hara; Ben"\t<ben@example.com>',
            ["anna@example.com", "ben@example.com"],
            [],
        ),
        ("\u200banna@example.com\ufeff", ["anna@example.com"], []),
        ("\0", [], []),
    ],
)
def test_addresses_are_found_in_what_people_paste(text: str, addresses: list[str], unread: list[str]) -> None:
    found = read_addresses(text)
    assert (found.addresses, found.unread) == (addresses, unread)


def out(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Suppression.email).order_by(Suppression.id)))


def batch_in(page: str) -> str:
    found = re.search(r'name="batch" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_staff_unsubscribe_those_who_wrote_and_take_it_back(staff_client: FlaskClient, database: Database) -> None:
    page = staff_client.post(URL, data={"addresses": "anna@example.com\nben@example.com\nrubbish", "topic": "0"}).text
    assert "2 people unsubscribed" in page
    assert "rubbish" in page
    assert out(database) == ["anna@example.com", "ben@example.com"]
    again = staff_client.post(URL, data={"addresses": "ANNA@example.com\ncleo@example.com", "topic": "0"}).text
    assert "1 person unsubscribed" in again
    assert "1 person had unsubscribed before" in again
    staff_client.post(f"{URL}/undo", data={"batch": batch_in(again)})
    assert out(database) == ["anna@example.com", "ben@example.com"]
    with database.reading() as session:
        words = session.scalars(
            select(AuditEntry.words).where(AuditEntry.action.startswith("suppression.")).order_by(AuditEntry.id)
        ).all()
    assert words[0] == "2 people who wrote to us unsubscribed by hand from all e-mail"
    assert not any("@" in one for one in words)


def test_it_is_kept_who_did_it(staff_client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        topic_id = add_topic(session, actor, {"en": ("Appointments", "")}).id
    for topic in ("0", str(topic_id)):
        staff_client.post(URL, data={"addresses": "anna@example.com", "topic": topic})
    with database.reading() as session:
        by_hand = session.scalars(select(Person.id).where(Person.id != actor.id)).one()
        assert session.scalars(select(Suppression.added_by)).all() == [by_hand]
        assert session.scalars(select(TopicOptOut.added_by)).all() == [by_hand]


@pytest.mark.parametrize("of_kind", [False, True])
def test_taking_back_leaves_everybody_who_said_no_before_or_again(
    staff_client: FlaskClient, database: Database, actor: Person, *, of_kind: bool
) -> None:
    """Nobody ends by it what a person asked for: not by an address, and not by what was done for the same address."""
    with database.writing() as session:
        topic = add_topic(session, actor, {"en": ("Appointments", "")})
        topic_id, chosen = topic.id, topic if of_kind else None
        _says_no(session, actor, chosen, "before@example.com")
        batch = unsubscribe_by_hand(
            session, actor, "before@example.com, again@example.com, twice@example.com, once@example.com", chosen
        ).batch
        other = unsubscribe_by_hand(session, actor, "twice@example.com, other@example.com", chosen).batch
        _says_no(session, actor, chosen, "again@example.com")
    addresses = {"addresses": "before@example.com", "topic": str(topic_id if of_kind else 0)}
    staff_client.post(f"{URL}/undo", data=addresses)
    staff_client.post(f"{URL}/undo", data={**addresses, "batch": batch})
    answer = staff_client.post(f"{URL}/undo", data={"batch": batch}, follow_redirects=True)
    assert "Nothing is left of that to take away" in answer.text
    with database.reading() as session:
        kept = session.scalars(select(TopicOptOut.email if of_kind else Suppression.email)).all()
    assert sorted(kept) == [f"{who}@example.com" for who in ("again", "before", "other", "twice")]
    assert other != batch


def test_an_undone_import_takes_no_opt_out_away(staff_client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        batch = unsubscribe_by_hand(session, actor, "anna@example.com", None).batch
    staff_client.post("/suppressions/undo", data={"batch": batch})
    assert out(database) == ["anna@example.com"]


def _says_no(session: Session, actor: Person, topic: Topic | None, email: str) -> None:
    """Do what the link in an e-mail does."""
    if topic is not None:
        stop_topic(session, topic, email)
    else:
        suppress(session, actor.workspace_id, email, SuppressionReason.OPT_OUT)


def test_every_line_without_an_address_is_shown(staff_client: FlaskClient) -> None:
    lines = [f"nobody-{number}-" for number in range(40)]
    page = staff_client.post(URL, data={"addresses": "\n".join(["anna@example.com", *lines]), "topic": "0"}).text
    shown = page.partition('<div role="status">')[2].partition("</div>")[0]
    assert [one for one in lines if one not in shown] == []


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
