"""The editor: nothing typed is lost, nobody overwrites anybody silently, languages come and go."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import Database
from app.emails import templates
from app.emails.content import Content, Format
from app.emails.models import Template
from app.people.models import Person
from tests.conftest import signed_in
from tests.factories import a_list, some_people


@pytest.fixture
def template(session: Session, actor: Person) -> Template:
    made = templates.create_template(session, actor, "Reminder")
    session.commit()
    return made


def form(template: Template, **change: str) -> dict[str, str]:
    words = template.draft.main
    number = str(template.draft_number)
    return {"number": number, "variant": "en", "subject": words.subject, "body": words.body, "text": "", **change}


def draft_of(database: Database, template: Template) -> Content:
    with database.reading() as session:
        return session.get_one(Template, template.id).draft


def number_in(page: str) -> str:
    found = re.search(r'id="number"[^>]*value="(\d+)"', page)
    assert found, page
    return found[1]


def test_what_is_typed_is_saved_by_itself_again_and_again(
    client: FlaskClient, database: Database, template: Template
) -> None:
    url = f"/templates/{template.id}/autosave"
    first = client.post(url, data=form(template, subject="One"))
    second = client.post(url, data=form(template, subject="Two", number=number_in(first.text)))
    assert "Draft saved" in second.text
    assert draft_of(database, template).main.subject == "Two"


def test_saving_what_is_saved_changes_nothing(client: FlaskClient, database: Database, template: Template) -> None:
    answer = client.post(
        f"/templates/{template.id}/autosave",
        data={**form(template), "hint_name": "first_name", "hint_kind": "", "hint_example": "Anna", "hint_default": ""},
    )
    assert number_in(answer.text) == str(template.draft_number)


def test_two_people_never_overwrite_each_other_silently(
    app: Flask, client: FlaskClient, staff: Person, database: Database, template: Template
) -> None:
    url = f"/templates/{template.id}/autosave"
    signed_in(app, staff).post(url, data=form(template, subject="Theirs"))
    mine = client.post(url, data=form(template, subject="Mine"))
    assert "Sam Staff saved this template" in mine.text
    assert draft_of(database, template).main.subject == "Theirs"
    again = client.post(url, data=form(template, subject="Mine", number=number_in(mine.text)))
    assert "Sam Staff saved this template" in again.text, "asking twice is not saying so"
    client.post(url, data=form(template, subject="Mine", mine="yes"))
    assert draft_of(database, template).main.subject == "Mine"


def test_of_two_who_save_at_the_same_moment_one_is_told(
    app: Flask, client: FlaskClient, staff: Person, database: Database, template: Template
) -> None:
    url = f"/templates/{template.id}/autosave"
    together = Barrier(2)

    def save(whose: FlaskClient, subject: str) -> str:
        together.wait()
        return whose.post(url, data=form(template, subject=subject)).text

    for attempt in range(8):
        with ThreadPoolExecutor(2) as pool:
            subjects = (f"Mine {attempt}", f"Theirs {attempt}")
            answers = list(pool.map(save, (client, signed_in(app, staff)), subjects))
        assert sum("saved this template" in answer for answer in answers) == 1
        with database.reading() as session:
            template = session.get_one(Template, template.id)


def test_whoever_else_has_it_open_is_named(app: Flask, client: FlaskClient, staff: Person, template: Template) -> None:
    url = f"/templates/{template.id}/presence"
    assert "open, too" not in client.post(url, data={"number": "1"}).text
    other = signed_in(app, staff).post(url, data={"number": "1"})
    assert "Ada Admin has this template open, too" in other.text
    assert "Sam Staff has this template open, too" in client.post(url, data={"number": "1"}).text


def test_a_newer_draft_is_told_before_anything_is_typed(client: FlaskClient, template: Template) -> None:
    client.post(f"/templates/{template.id}/autosave", data=form(template, subject="New"))
    answer = client.post(f"/templates/{template.id}/presence", data={"number": str(template.draft_number)})
    assert "saved it after you opened it" in answer.text


def test_a_language_is_added_written_and_removed(client: FlaskClient, database: Database, template: Template) -> None:
    url = f"/templates/{template.id}"
    added = client.post(url, data=form(template, action="add-language", new_language="fr"))
    assert added.location.endswith("?variant=fr")
    page = client.get(added.location)
    assert 'lang="fr"' in page.text
    data = form(template, variant="fr", subject="Bonjour", number=number_in(page.text))
    client.post(url, data={**data, "language_column": "language", "action": "save"})
    draft = draft_of(database, template)
    assert draft.variants["fr"].subject == "Bonjour"
    assert draft.variants["en"].subject == template.draft.main.subject
    assert draft.language_column == "language"
    removed = form(template, variant="fr", action="remove-language", number=number_in(client.get(url).text))
    client.post(url, data=removed)
    assert set(draft_of(database, template).variants) == {"en"}


@pytest.mark.parametrize(("tag", "words"), [("en", "English is there already"), ("xx-nonsense", "is no language")])
def test_a_language_that_cannot_be_added_is_refused_beside_its_field(
    client: FlaskClient, template: Template, tag: str, words: str
) -> None:
    answer = client.post(
        f"/templates/{template.id}", data=form(template, subject="kept", action="add-language", new_language=tag)
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert "kept" in answer.text


def test_the_languages_that_a_list_needs_are_shown(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    people = some_people(3)
    for one, tag in zip(people, ("fr", "en", ""), strict=True):
        one.data["city"] = tag
    members = a_list(session, actor, people=people)
    session.commit()
    data = form(template, language_column="city", preview_list=str(members.id))
    answer = client.post(f"/templates/{template.id}/languages", data=data)
    assert "1 person with “fr”" in answer.text
    assert "because there is no text in theirs" in answer.text


def test_another_way_to_write_keeps_how_it_looks(client: FlaskClient, database: Database, template: Template) -> None:
    url = f"/templates/{template.id}"
    client.post(url, data=form(template, action="format-markdown", body="Dear **you**"))
    assert draft_of(database, template).format is Format.MARKDOWN
    number = number_in(client.get(url).text)
    client.post(url, data=form(template, action="format-html", body="Dear **you**", number=number))
    assert draft_of(database, template).main.body == "<p>Dear <strong>you</strong></p>\n"


@pytest.mark.parametrize("view", ["desktop", "phone", "dark", "side", "text", "headers", "source", "nonsense"])
def test_every_view_answers(client: FlaskClient, template: Template, view: str) -> None:
    answer = client.post(f"/templates/{template.id}/preview", data=form(template, view=view))
    assert answer.status_code == 200
    assert ('data-paper="/templates' in answer.text) == (view not in {"text", "headers", "source"})


def test_stepping_through_people_goes_on_and_stops_at_the_ends(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    members = a_list(session, actor, people=some_people(2))
    session.commit()
    person = "0"
    met = []
    for step in ("", "next", "next", "previous"):
        data = form(template, preview_list=str(members.id), preview_person=person, step=step)
        page = client.post(f"/templates/{template.id}/preview", data=data).text
        found = re.search(r'id="preview_person"[^>]*value="(\d+)"', page)
        assert found
        person = found[1]
        met.append(next(one for one in ("p0@example.com", "p1@example.com") if f"Shown with {one}" in page))
    assert met == ["p0@example.com", "p1@example.com", "p1@example.com", "p0@example.com"]
    found_one = form(template, preview_list=str(members.id), preview_find="p1@")
    assert "Shown with p1@example.com" in client.post(f"/templates/{template.id}/preview", data=found_one).text
