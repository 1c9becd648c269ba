"""A list page is left and come back to: its search, filter, order and place stay, and it says how many are found."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.db import Database
from app.people.models import Person
from app.recipients import lists
from app.recipients.changes import running as changes
from app.recipients.checking import NewRecipient
from app.recipients.finding import sorting, walking
from app.recipients.finding.browsing import PeoplePage
from app.recipients.models import Recipient
from tests.recipients.test_views import words

HULL = "filter_column=city&filter_operator=is&filter_value=hull&filter_match=all"
VIEW = f"sort=name&down=yes&{HULL}"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def list_id(database: Database, actor: Person) -> int:
    """A hundred and twenty people, five of six in Hull."""
    rows = [
        NewRecipient(f"p{n:03}@example.com", f"Person {n:03}", {"city": "Hull" if n % 6 else "Leeds"})
        for n in range(120)
    ]
    with database.writing() as session:
        return lists.make_list(session, actor, name="Members", columns=["city"], people=rows).id


@pytest.fixture
def second_page(client: FlaskClient, list_id: int) -> str:
    """The address of the second page of those in Hull, from the last name on."""
    return link(client.get(f"/lists/{list_id}?{VIEW}").text, 'rel="next"')


def link(page: str, mark: str) -> str:
    """The address of the link that has a mark."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>\s*{mark}|<a [^>]*href="([^"]+)" {mark}', page)
    assert found is not None, mark
    return html.unescape(found[1] or found[2])


def hidden(page: str) -> list[tuple[str, str]]:
    """The hidden fields of the form at the beginning of a page's part."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page[: page.index("</form>")])
    return [(name, html.unescape(value)) for name, value in found]


def same(one: str, other: str) -> bool:
    """Whether two addresses are the same, whatever the order of their parts."""
    first, second = (urlsplit(url) for url in (one, other))
    return (first.path, parse_qs(first.query, True)) == (second.path, parse_qs(second.query, True))


def test_who_is_saved_or_removed_leads_back_to_the_place(client: FlaskClient, second_page: str) -> None:
    page = client.get(second_page).text
    person = link(page, r"p0\d\d@example\.com")
    form = client.get(person).text
    assert same(link(form, "Cancel"), second_page)
    assert same(link(form, "Members"), second_page)
    refused = client.post(person, data={"email": "nothing"})
    assert same(link(refused.text, "Cancel"), second_page), "what was typed wrong does not lose it"
    saved = client.post(person, data={"email": "q@example.com", "name": "Person 050", "column-city": "Hull"})
    assert same(saved.location, second_page)
    remove = re.search(r'action="([^"]+/remove[^"]*)"', form)
    assert remove is not None
    assert same(client.post(html.unescape(remove[1])).location, second_page)


def test_an_added_person_leads_back_to_the_place(client: FlaskClient, second_page: str) -> None:
    add = link(client.get(second_page).text, "Add a person")
    assert same(client.post(add, data={"email": "new@example.com"}).location, second_page)


def test_bulk_changes_and_their_undo_lead_back(client: FlaskClient, list_id: int, second_page: str) -> None:
    page = client.get(second_page).text
    ticked = [("person", one) for one in re.findall(r'name="person" value="(\d+)"', page)[:2]]
    carried = hidden(page[page.index('action="/lists/1/bulk"') :])
    asked = client.get(f"/lists/{list_id}/bulk?{urlencode([*carried, *ticked])}").text
    assert "Change 2 people" in words(asked)
    assert same(link(asked, "Cancel"), second_page)
    given = [("do", "set"), ("column", "city"), ("value", "Oban"), *hidden(asked[asked.index('id="set"') :])]
    answer = client.post(f"/lists/{list_id}/bulk", data=MultiDict(given))
    assert same(answer.location, second_page)
    undo = re.search(r'action="([^"]+/undo[^"]*)"', client.get(answer.location).text)
    assert undo is not None, "it can be undone where one is"
    assert same(client.post(html.unescape(undo[1])).location, second_page)


def test_all_that_are_found_are_asked_for_with_the_place(client: FlaskClient, second_page: str) -> None:
    asked = client.get(link(client.get(second_page).text, "Change or remove all of these")).text
    assert "Change 100 people" in words(asked)
    assert same(link(asked, "Cancel"), second_page)


def test_a_large_change_is_stopped_where_one_is(
    client: FlaskClient, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 10)
    client.post(f"/lists/{list_id}/bulk", data={"all": "yes", "do": "remove"})
    page = client.get(f"/lists/{list_id}?{VIEW}").text
    progress = re.search(r'hx-get="([^"]+/changes/[^"]*)"', page)
    assert progress is not None
    part = client.get(html.unescape(progress[1]), headers=HTMX).text
    stop = re.search(r'action="([^"]+/stop[^"]*)"', part)
    assert stop is not None
    assert same(client.post(html.unescape(stop[1])).location, f"/lists/{list_id}?{VIEW}")


def test_the_way_back_leads_nowhere_else(client: FlaskClient, database: Database, list_id: int) -> None:
    with database.reading() as session:
        person = session.scalar(select(Recipient.id).order_by(Recipient.id).limit(1))
    odd = "?next=//evil.example&list_id=7&_external=1&_scheme=evil&_anchor=x&sort=//evil.example&after=x&after_id=y"
    answer = client.post(f"/lists/{list_id}/people/{person}{odd}", data={"email": "p000@example.com"})
    assert answer.location == f"/lists/{list_id}"


def test_behind_the_last_page_the_way_is_to_the_first_of_these(client: FlaskClient, list_id: int) -> None:
    page = client.get(f"/lists/{list_id}?{VIEW}&after=&after_id=1").text
    assert "This is behind the last page." in page
    assert same(link(page, "Back to the first page"), f"/lists/{list_id}?{VIEW}")


def test_a_segments_first_people_lead_back_to_those_who_fit(client: FlaskClient, list_id: int) -> None:
    form = {"name": "Hull", "filter_column": "city", "filter_operator": "is", "filter_value": "hull"}
    segment = client.post(f"/lists/{list_id}/segments/new", data=form).location
    looked = client.post(f"/lists/{list_id}/segments/new", data={**form, "look": "1"}).text
    for page in (client.get(segment).text, looked):
        person = client.get(link(page, r"p\d\d\d@example\.com")).text
        assert same(link(person, "Cancel"), f"/lists/{list_id}?{HULL}")


# How many


def test_a_search_and_a_filter_say_how_many_they_find(client: FlaskClient, list_id: int, second_page: str) -> None:
    for url, count in (
        (f"/lists/{list_id}?{HULL}", "100 people"),
        (second_page, "100 people"),
        (f"/lists/{list_id}?q=p00", "10 people"),
        (f"/lists/{list_id}?{HULL}&q=p00", "8 people"),
    ):
        page = words(client.get(url).text)
        assert re.search(rf"Shown: people with .*?\. {count} ", page), url
    assert "Shown:" not in client.get(f"/lists/{list_id}").text


def test_a_large_list_is_counted_after_its_page(
    client: FlaskClient, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "LARGE", 100)
    monkeypatch.setattr(walking, "STRETCH", 50)
    monkeypatch.setattr(walking.count_on, "__defaults__", (0.0,))
    monkeypatch.setattr("app.recipients.views.lists.browsing.people_page", _fifty_and_more)
    url = f"/lists/{list_id}?{HULL}"
    answers = []
    page = client.get(url).text
    assert "Count the people" in page, "without JavaScript it is a link"
    asked = re.search(r'hx-get="([^"]+/count[^"]*)" hx-trigger="load"', page)
    while asked:
        text = client.get(html.unescape(asked[1]), headers=HTMX).text
        answers.append(words(text).strip())
        asked = re.search(r'hx-get="([^"]+)"', text)
    assert answers == [
        "41 people so far; 50 of 120 looked at. Count on",
        "83 people so far; 100 of 120 looked at. Count on",
        "100 people",
    ]
    follow = client.get(link(page, "Count the people")).text
    assert "41 people so far" in words(follow)
    assert "<html" in follow
    assert "83 people so far" in words(client.get(link(follow, "Count on")).text)


def _fifty_and_more(session: object, found: object, view: object, **options: object) -> object:
    return PeoplePage([], ("x", 1), is_partial=True)


def test_what_is_no_filter_yet_is_not_counted(client: FlaskClient, list_id: int) -> None:
    url = f"/lists/{list_id}/count"
    for query in ("", "?filter_column=city&filter_operator=is&filter_value=", "?filter_column=gone&filter_value=x"):
        answer = client.get(f"{url}{query}", headers=HTMX)
        assert answer.status_code == 200
        assert "when the filter is complete" in answer.text, query


def test_a_segment_is_counted_before_it_is_saved(client: FlaskClient, list_id: int) -> None:
    url = f"/lists/{list_id}/segments/new"
    page = client.get(f"{url}?{HULL}").text
    assert f'hx-get="/lists/{list_id}/count"' in page
    assert "htmx:afterSettle from:#segment-form, load" in page
    form = {"name": "", "filter_column": "city", "filter_operator": "is", "filter_value": "hull", "look": "1"}
    assert "How many: 100 people" in words(client.post(url, data=form).text)


# What the page offers for those who are found


def test_a_search_cannot_become_a_segment(client: FlaskClient, list_id: int) -> None:
    both = client.get(f"/lists/{list_id}?{HULL}&q=p00").text
    assert "Save as a segment" not in both
    assert "A segment keeps a filter and no search" in both
    assert "Save as a segment" in client.get(f"/lists/{list_id}?{HULL}").text
    assert "A segment" not in client.get(f"/lists/{list_id}?q=p00").text


def test_the_download_says_whom_it_gives(client: FlaskClient, list_id: int) -> None:
    whole = client.get(f"/lists/{list_id}").text
    assert client.get(link(whole, "Download the whole list")).text.count("@example.com") == 120
    for part, count in ((HULL, 100), ("q=p00", 10)):
        page = client.get(f"/lists/{list_id}?{part}").text
        assert "Download the whole list" not in page
        assert client.get(link(page, "Download these people")).text.count("@example.com") == count
