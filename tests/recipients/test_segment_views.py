"""The pages of segments: make, look, count, change, delete; nothing typed is lost, nothing is half done."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.recipients.finding import walking
from app.recipients.finding.models import Segment
from app.recipients.models import RecipientList
from app.sends.models import Send
from tests.factories import a_list, a_template_version

LEEDS = {"filter_column": "city", "filter_operator": "is", "filter_value": "leeds"}


@pytest.fixture
def debtors(database: Database, actor: Person) -> int:
    """Nine people, every third one of Leeds; the first has a name with signs of HTML."""
    with database.writing() as session:
        people = [
            NewRecipient(
                f"p{n}@example.com", "<b>Eve</b>" if not n else f"P {n}", {"city": "York" if n % 3 else "Leeds"}
            )
            for n in range(9)
        ]
        return a_list(session, actor, people=people, name="Debtors").id


@pytest.fixture
def leeds(client: FlaskClient, debtors: int) -> str:
    """The address of the segment of those in Leeds."""
    answer = client.post(f"/lists/{debtors}/segments/new", data={"name": "Leeds", **LEEDS})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def test_a_segment_is_made_and_shows_who_is_in_it(client: FlaskClient, debtors: int, leeds: str) -> None:
    page = client.get(leeds).text
    assert "A segment of “Debtors”: city is leeds." in page
    assert [f"p{n}@example.com" in page for n in range(4)] == [True, False, False, True]
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page
    listed = client.get(f"/lists/{debtors}/segments").text
    assert "city is leeds" in listed
    assert leeds in listed


def test_the_count_is_asked_for_apart_and_goes_on_from_where_it_ended(
    client: FlaskClient, leeds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f'hx-get="{leeds}/count"' in client.get(leeds).text
    monkeypatch.setattr(walking, "STRETCH", 4)
    monkeypatch.setattr(walking.count_on, "__defaults__", (0.0,))
    answers, url = [], f"{leeds}/count"
    while url:
        text = client.get(url.replace("&amp;", "&"), headers={"HX-Request": "true"}).text
        answers.append(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).strip())
        url = (re.findall(r'hx-get="([^"]+)"', text) or [""])[0]
    assert answers == [
        "2 people so far; 4 of 9 looked at. Count on",
        "3 people so far; 8 of 9 looked at. Count on",
        "3 people",
    ]
    assert "2 people so far" in client.get(f"{leeds}/count").text, "without JavaScript it is a page with a link"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "", **LEEDS}, "Give the segment a name."),
        ({"name": "x" * 201, **LEEDS}, "200 characters"),
        ({"name": "Everybody"}, "Add a condition."),
        ({"name": "Odd", **LEEDS, "filter_column": "town"}, "has no column “town”"),
        ({"name": "Odd", **LEEDS, "filter_value": " "}, "Type what to compare with"),
    ],
)
def test_bad_input_is_answered_beside_its_field_and_keeps_what_was_typed(
    client: FlaskClient, database: Database, debtors: int, typed: dict[str, str], words: str
) -> None:
    answer = client.post(f"/lists/{debtors}/segments/new", data=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed["name"]}"' in answer.text
    with database.reading() as session:
        assert session.scalars(select(Segment)).all() == []


def test_a_name_is_taken_once_in_a_list(client: FlaskClient, debtors: int, leeds: str) -> None:
    answer = client.post(f"/lists/{debtors}/segments/new", data={"name": " Leeds ", **LEEDS})
    assert answer.status_code == 422
    assert "a segment with this name already" in answer.text


def test_the_buttons_of_the_filter_and_the_look_save_nothing(
    client: FlaskClient, database: Database, debtors: int
) -> None:
    url = f"/lists/{debtors}/segments/new"
    more = client.post(url, data={"name": "Half", **LEEDS, "filter_add": "1"})
    assert more.text.count('name="filter_column"') == 2
    look = client.post(url, data={"name": "Half", **LEEDS, "look": "1"}).text
    assert "p3@example.com" in look
    assert 'value="Half"' in look
    rows = client.get(f"/lists/{debtors}/segments/filter", query_string={**LEEDS, "filter_add": "1"}).text
    assert rows.count('name="filter_column"') == 2
    with database.reading() as session:
        assert session.scalars(select(Segment)).all() == []


def test_a_filter_in_the_address_is_there_already(client: FlaskClient, debtors: int) -> None:
    assert 'value="leeds"' in client.get(f"/lists/{debtors}/segments/new", query_string=LEEDS).text


def test_of_two_windows_the_second_one_keeps_what_it_typed_and_changes_nothing(
    client: FlaskClient, database: Database, leeds: str
) -> None:
    seen = re.findall(r'name="seen" type="hidden" value="(\d+)"', client.get(f"{leeds}/change").text)[0]
    first = {**LEEDS, "name": "York", "filter_value": "York", "seen": seen}
    assert client.post(f"{leeds}/change", data=first).status_code == 302
    second = client.post(f"{leeds}/change", data={**LEEDS, "name": "Mine", "seen": seen})
    assert second.status_code == 422
    assert "Somebody changed this segment" in second.text
    assert 'value="Mine"' in second.text
    with database.reading() as session:
        assert session.scalars(select(Segment.name)).all() == ["York"]


def test_a_segment_in_use_stays_and_another_one_goes(
    client: FlaskClient, database: Database, actor: Person, leeds: str
) -> None:
    with database.writing() as session:
        version_id = a_template_version(session, actor).id
        segment = session.scalars(select(Segment.id)).one()
    begun = client.post("/sends/new", data={"version": version_id, "kind": "list", "segment": segment})
    assert begun.status_code == 302, begun.text
    refused = client.post(f"{leeds}/delete")
    assert refused.status_code == 409
    assert "An unfinished send uses this segment" in refused.text
    with database.reading() as session:
        send = session.scalars(select(Send)).one()
    assert send.list_name == "“Leeds” of Debtors"
    client.post(f"/sends/{send.id}/delete")
    assert client.post(f"{leeds}/delete").status_code == 302
    with database.reading() as session:
        assert session.scalars(select(Segment)).all() == []
        assert session.scalars(select(RecipientList.recipient_count)).all() == [9]


def test_a_column_that_went_is_said_on_the_page_and_in_the_count(
    client: FlaskClient, database: Database, debtors: int, leeds: str
) -> None:
    with database.writing() as session:
        session.get_one(RecipientList, debtors).columns = []
    for url in (leeds, f"{leeds}/change"):
        answer = client.get(url)
        assert answer.status_code == 200
        assert "city" in answer.text
    assert "has no column “city”" in client.get(leeds).text
    assert "has no column “city”" in client.get(f"{leeds}/count", headers={"HX-Request": "true"}).text


def test_staff_may_do_all_of_it(app: Flask, staff_client: FlaskClient, debtors: int, leeds: str) -> None:
    assert staff_client.post(f"{leeds}/change", data={**LEEDS, "name": "L", "seen": "1"}).status_code == 302
    assert staff_client.post(f"{leeds}/delete").status_code == 302


def test_a_segment_is_found_only_under_its_own_list(
    client: FlaskClient, database: Database, actor: Person, leeds: str
) -> None:
    with database.writing() as session:
        other = a_list(session, actor, people=[]).id
    assert client.get(leeds.replace("/lists/1/", f"/lists/{other}/")).status_code == 404
