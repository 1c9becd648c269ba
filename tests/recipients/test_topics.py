"""Kinds of notice: made in words that readers understand, stopped one by one, never lost."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.people.models import Person, Workspace
from app.recipients.unsubscribing import topics
from app.recipients.unsubscribing.models import Topic, WhyOut
from app.recipients.unsubscribing.words import LANGUAGES, WHY, WORDS, spoken
from app.refusals import NotThere, Refused

APPOINTMENTS = {"en": ("Appointments", "Reminders of yours."), "de": ("Termine", ""), "fr": ("", "")}


def test_a_kind_has_words_in_each_language_that_was_given(session: Session, actor: Person) -> None:
    topic = topics.add_topic(session, actor, APPOINTMENTS)
    assert topics.name_for(topic, "de") == ("Termine", "Reminders of yours.")
    assert topics.name_for(topic, "fr") == ("Appointments", "Reminders of yours.")
    assert [one.id for one in topics.topics(session, actor.workspace_id)] == [topic.id]
    assert len({topic.key, topics.add_topic(session, actor, {"en": ("Parking", "")}).key}) == 2


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"en": ("", "")}, "name_en"),
        ({"en": (" \0 ", "x")}, "name_en"),
        ({"de": ("Termine", "")}, "name_en"),
        ({"en": ("x" * 81, "")}, "name_en"),
        ({"en": ("x", "y" * 301)}, "sentence_en"),
        ({"en": ("x", ""), "fr": ("", "Une phrase.")}, "name_fr"),
        ({"en": ("APPOINTMENTS", "")}, "name_en"),
    ],
)
def test_what_cannot_be_understood_is_refused_beside_its_field(
    session: Session, actor: Person, words: dict[str, tuple[str, str]], field: str
) -> None:
    topics.add_topic(session, actor, APPOINTMENTS)
    with pytest.raises(Refused) as refused:
        topics.add_topic(session, actor, words)
    assert refused.value.field == field


def test_other_words_keep_who_stopped_it_and_a_retired_kind_stays_findable(session: Session, actor: Person) -> None:
    topic = topics.add_topic(session, actor, APPOINTMENTS)
    assert topics.stop_topic(session, topic, "Anna@Example.com")
    assert not topics.stop_topic(session, topic, "anna@example.com")
    topics.change_topic(session, actor, topic.id, {"en": ("Visits", "")})
    topics.retire_topic(session, actor, topic.id, retired=True)
    assert set(topics.topic_opted_out(session, topic.id, ["ANNA@example.com", "ben@example.com"])) == {
        "anna@example.com"
    }
    assert topics.topic_of_key(session, actor.workspace_id, topic.key) is topic
    assert topics.topics(session, actor.workspace_id) == []
    assert [one.name for one in topics.stopped_topics(session, actor.workspace_id, "anna@EXAMPLE.com")] == ["Visits"]
    with pytest.raises(Refused):
        topics.chosen_topic(session, actor, topic.id, kept=None)
    assert topics.chosen_topic(session, actor, topic.id, kept=topic.id) is topic
    assert topics.resume_topic(session, topic, "anna@example.com")
    assert not topics.resume_topic(session, topic, "anna@example.com")


def test_another_department_has_kinds_of_its_own(session: Session, actor: Person) -> None:
    topic = topics.add_topic(session, actor, APPOINTMENTS)
    other = Workspace(name="Parks")
    session.add(other)
    session.flush()
    assert topics.topic_of_key(session, other.id, topic.key) is None
    topic.workspace_id = other.id
    session.flush()
    with pytest.raises(NotThere):
        topics.find_topic(session, actor, topic.id)
    with pytest.raises(Refused):
        topics.chosen_topic(session, actor, topic.id, kept=topic.id)


def test_the_page_says_everything_in_every_language() -> None:
    assert set(LANGUAGES) == {"en", "fr", "de", "es"}
    for tag, words in WORDS.items():
        assert set(words) == set(WORDS["en"]), tag
        assert all(words.values()), tag
        for key, text in words.items():
            filled = text.format(organisation="Harbour Council", email="anna@example.com")
            assert ("{organisation}" in text) == ("{organisation}" in WORDS["en"][key]), (tag, key)
            assert ("{email}" in text) == ("{email}" in WORDS["en"][key]), (tag, key)
            assert "{" not in filled, (tag, key)
    assert set(WHY) == set(WhyOut)
    assert set(WHY.values()) <= set(WORDS["en"])
    assert [spoken(one) for one in ("de-AT", "FR", "es_MX", "nl", "", "x" * 99)] == ["de", "fr", "es", "", "", ""]


def test_an_administrator_keeps_kinds_on_the_settings_pages(client: FlaskClient, database: Database) -> None:
    page = client.post("/settings/unsubscribing/kinds/new", data={"name_en": "", "name_fr": "Rendez-vous"})
    assert page.status_code == 422
    assert "Enter a name that readers understand" in page.text
    assert 'value="Rendez-vous"' in page.text
    made = {"name_en": "Appointments", "sentence_en": "Reminders.", "name_fr": "Rendez-vous"}
    assert (
        "“Appointments” can now be chosen"
        in client.post("/settings/unsubscribing/kinds/new", data=made, follow_redirects=True).text
    )
    with database.reading() as session:
        topic_id = session.scalars(select(Topic.id)).one()
    url = f"/settings/unsubscribing/kinds/{topic_id}"
    assert 'value="Rendez-vous"' in client.get(url).text
    assert "Visits" in client.post(url, data={**made, "name_en": "Visits"}, follow_redirects=True).text
    assert "no longer offered" in client.post(f"{url}/retire", follow_redirects=True).text
    assert "offered again" in client.post(f"{url}/retire", data={"retired": "no"}, follow_redirects=True).text
    with database.reading() as session:
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.startswith("topic.")).order_by(AuditEntry.id)
        ).all()
    assert actions == ["topic.added", "topic.changed", "topic.retired", "topic.brought_back"]


def test_staff_see_the_kinds_and_change_none(staff_client: FlaskClient) -> None:
    page = staff_client.get("/settings/unsubscribing/").text
    assert "Kinds of notice" in page
    assert "Add a kind of notice" not in page
    assert staff_client.post("/settings/unsubscribing/kinds/new", data={"name_en": "x"}).status_code == 403
