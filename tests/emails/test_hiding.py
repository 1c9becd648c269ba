"""The mark on a template that values are hidden after sending, and how it comes to a send."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import Database
from app.emails import templates
from app.emails.bundle import Bundle, BundledTemplate, read_files, write_files
from app.emails.comparing import parts_of
from app.emails.content import ALL_VALUES, Content, content_of
from app.emails.hiding import checked_names
from app.emails.limits import LimitedRenderer
from app.emails.models import Template
from app.emails.publishing import publish
from app.people.models import Person
from app.refusals import Refused
from app.sends.models import Send
from app.sends.testing import Choice, Specimen, send_test
from app.words import shown
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, released, some_people


@pytest.fixture
def template_id(database: Database, actor: Person) -> int:
    with database.writing() as session:
        return a_template_version(session, actor).template_id


def hides(database: Database, template_id: int) -> tuple[str, ...]:
    with database.reading() as session:
        return session.get_one(Template, template_id).draft.hides


def test_the_mark_is_set_on_a_page_and_stands_in_the_trail(
    client: FlaskClient, database: Database, template_id: int
) -> None:
    url = f"/templates/{template_id}/hiding"
    assert client.get(url).status_code == 200
    assert client.post(url, data={"hiding": "named", "names": "code, {{ reset_link }}"}).status_code == 302
    assert hides(database, template_id) == ("code", "reset_link")
    assert "code, reset_link" in client.get(url).text
    assert client.post(url, data={"hiding": "all"}).status_code == 302
    assert hides(database, template_id) == (ALL_VALUES,)
    assert client.post(url, data={"hiding": "none"}).status_code == 302
    assert hides(database, template_id) == ()
    with database.reading() as session:
        told = session.scalars(
            select(AuditEntry.details).where(AuditEntry.action == "template.hiding").order_by(AuditEntry.id)
        ).all()
    changes = [{shown(name): list(map(shown, pair)) for name, pair in one["changes"].items()} for one in told]
    assert [one["Values hidden after sending"] for one in changes] == [
        ["none", "code, reset_link"],
        ["code, reset_link", "all"],
        ["all", "none"],
    ]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("", "Name at least one variable"),
        ("not-a-name", "is no name of a variable"),
        ('x"; DROP', "is no name of a variable"),
        ("email", "cannot be hidden"),
        (" ".join(f"v{number}" for number in range(51)), "at most 50"),
    ],
)
def test_bad_names_get_words_beside_their_field_and_change_nothing(
    client: FlaskClient, database: Database, template_id: int, names: str, words: str
) -> None:
    answer = client.post(f"/templates/{template_id}/hiding", data={"hiding": "named", "names": names})
    assert answer.status_code == 422 and words in answer.text
    assert hides(database, template_id) == ()


def test_names_may_be_written_in_any_language() -> None:
    assert checked_names("straße; код") == ("straße", "код")
    with pytest.raises(Refused):
        checked_names("1st")


def test_saving_the_draft_keeps_the_mark(client: FlaskClient, database: Database, template_id: int) -> None:
    client.post(f"/templates/{template_id}/hiding", data={"hiding": "all"})
    with database.reading() as session:
        number = session.get_one(Template, template_id).draft_number
    answer = client.post(
        f"/templates/{template_id}", data={"number": number, "variant": "en", "subject": "S", "body": "<p>B</p>"}
    )
    assert answer.status_code == 302
    assert hides(database, template_id) == (ALL_VALUES,)


def test_a_release_takes_the_mark_of_its_version_and_not_of_the_draft(
    database: Database, actor: Person, renderer: LimitedRenderer, template_id: int
) -> None:
    with database.writing() as session:
        template = session.get_one(Template, template_id)
        template.draft = replace(template.draft, hides=("city",))
        version = publish(session, actor, template_id)
        template.draft = replace(template.draft, hides=())
        draft = a_draft_send(session, actor, version=version, people=a_list(session, actor, people=some_people(2)))
        draft_id = draft.id
    released(database, renderer, actor, draft_id)
    with database.reading() as session:
        send = session.get_one(Send, draft_id)
        assert send.hides == ["city"] and send.hide_at is not None


def test_a_test_email_hides_as_the_draft_says(
    database: Database, actor: Person, renderer: LimitedRenderer, template_id: int
) -> None:
    with database.writing() as session:
        template = templates.held_template(session, actor, template_id)
        template.draft = replace(template.draft, hides=("city",))
        sender = a_sender(session, actor)
        choice = Choice(template_id, sender.id, [("t@example.com", "T")], Specimen("x", {"city": "SECRET"}))
        send = send_test(session, actor, renderer, choice)
        assert send.hides == ["city"]


def test_the_mark_travels_in_bundles_and_shows_in_comparisons() -> None:
    content = replace(content_of("S", "<p>B</p>"), hides=("code",))
    bundle = Bundle((BundledTemplate("Code", content),), ())
    assert read_files(write_files(bundle)).templates[0].content.hides == ("code",)
    assert "hidden after sending: code" in parts_of(content)["Settings"]
    assert "hidden" not in parts_of(Content())["Settings"]
