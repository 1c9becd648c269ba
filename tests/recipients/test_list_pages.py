"""One list's pages as a browser without JavaScript asks for them: sort, filter, bulk changes, columns, history."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.people.accounts import add_person
from app.people.models import Person
from app.people.roles import Role
from app.recipients import lists
from app.recipients.changes import running as changes
from app.recipients.checking import NewRecipient
from app.recipients.columns import ColumnKind
from app.recipients.models import Recipient, RecipientList
from app.sends.models import SendState
from tests.conftest import PASSWORD, signed_in
from tests.factories import a_draft_send, a_template_version
from tests.recipients.imports import imported, read_table
from tests.recipients.test_views import words

LEEDS = "filter_column=city&filter_operator=is&filter_value=leeds"


@pytest.fixture
def list_id(database: Database, actor: Person) -> int:
    """Sixty people: every third in Leeds, the fee going down as the address goes up."""
    rows = [
        NewRecipient(
            f"p{n:02}@example.com", f"Person {n}", {"city": "Leeds" if n % 3 == 0 else "Hull", "fee": str(60 - n)}
        )
        for n in range(60)
    ]
    with database.writing() as session:
        return lists.make_list(session, actor, name="Members", columns=["city", "fee"], people=rows).id


def shown(page: str) -> list[str]:
    """The addresses of a page's table, in order."""
    return re.findall(r">(p\d\d)@example\.com</a>", page)


def next_page(page: str) -> str:
    found = re.search(r'href="([^"]+)" rel="next"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_a_head_sorts_by_its_column_and_the_other_way_when_pressed_again(client: FlaskClient, list_id: int) -> None:
    client.post(f"/lists/{list_id}/columns/fee/kind", data={"kind": "number"})
    page = client.get(f"/lists/{list_id}?sort=fee").text
    assert shown(page)[:2] == ["p59", "p58"]
    assert 'aria-sort="ascending"><a href="/lists/1?sort=fee&amp;down=yes">fee</a>' in page
    following = client.get(next_page(page)).text
    assert shown(page) + shown(following) == [f"p{59 - n:02}" for n in range(60)]
    down = client.get(f"/lists/{list_id}?sort=fee&down=yes").text
    assert shown(down)[0] == "p00"
    assert 'aria-sort="descending"' in down
    assert shown(client.get(f"/lists/{list_id}?sort=no_such_column").text)[0] == "p00"


def test_a_filter_shows_who_fits_says_so_and_keeps_what_was_typed(client: FlaskClient, list_id: int) -> None:
    page = client.get(f"/lists/{list_id}?{LEEDS}").text
    assert len(shown(page)) == 20
    assert "Shown: people with city is leeds." in words(page)
    assert 'value="leeds"' in page
    nobody = client.get(f"/lists/{list_id}?{LEEDS.replace('leeds', 'oban')}").text
    assert "Nobody in this list has city is oban." in words(nobody)


def test_what_makes_no_sense_is_said_beside_its_field(client: FlaskClient, list_id: int) -> None:
    client.post(f"/lists/{list_id}/columns/fee/kind", data={"kind": "number"})
    page = client.get(f"/lists/{list_id}?filter_column=fee&filter_operator=less_than&filter_value=much").text
    assert "This column holds numbers." in page
    assert 'aria-describedby="filter-0-value-error"' in page
    assert 'value="much"' in page
    page = client.get(f"/lists/{list_id}?filter_column=gone&filter_operator=is&filter_value=x").text
    assert "has no column “gone”" in page
    assert "gone (no longer there)" in page


def test_a_comparison_of_another_kind_says_where_the_kind_is_changed(
    app: Flask, client: FlaskClient, database: Database, actor: Person, list_id: int
) -> None:
    with database.writing() as session:
        where = session.merge(actor.workspace)
        viewer = add_person(session, where, email="vi@example.com", name="Vi", password=PASSWORD, role=Role.VIEWER)
    url = f"/lists/{list_id}?filter_column=%s&filter_operator=%s&filter_value=1"
    for operator, kind in (("before", "dates"), ("more_than", "numbers"), ("is_yes", "yes or no")):
        page = client.get(url % ("fee", operator)).text
        assert f"Does it hold {kind}? Say so under “Columns”." in page
        assert page.count(f'href="/lists/{list_id}/columns"') == 2, "beside the words, too"
    looked = signed_in(app, viewer).get(url % ("fee", "before")).text
    assert looked.count(f'href="/lists/{list_id}/columns"') == 1
    assert "Does it hold" not in client.get(url % ("name", "before")).text, "a name is always text"
    client.post(f"/lists/{list_id}/columns/fee/kind", data={"kind": "number"})
    assert "Does it hold" not in client.get(url % ("fee", "contains")).text


def test_rows_of_the_filter_are_added_and_removed_without_a_script_and_with_one(
    client: FlaskClient, list_id: int
) -> None:
    page = client.get(f"/lists/{list_id}?{LEEDS}&filter_add=1").text
    assert 'id="filter-1-value"' in page
    assert len(shown(page)) == 50, "a filter in the making is not applied"
    part = client.get(f"/lists/{list_id}/filter-rows?{LEEDS}&filter_add=1", headers={"HX-Request": "true"}).text
    assert part.count('name="filter_column"') == 2
    assert "<html" not in part
    part = client.get(f"/lists/{list_id}/filter-rows?{LEEDS}&filter_remove=0").text
    assert 'value="leeds"' not in part


def test_the_download_is_what_the_page_shows(client: FlaskClient, list_id: int) -> None:
    answer = client.get(f"/lists/{list_id}/download.csv?{LEEDS}&sort=email&down=yes")
    table = read_table(answer.data)
    assert table.header.cells == ["email", "name", "city", "fee"]
    assert [row.cells[0] for row in table.rows] == [f"p{n:02}@example.com" for n in range(57, -1, -3)]


def test_the_ticked_are_changed_after_their_number_was_said_and_changed_back(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    page = client.get(f"/lists/{list_id}").text
    ids = re.findall(r'name="person" value="(\d+)"', page)[:2]
    asked = client.get(f"/lists/{list_id}/bulk?person={ids[0]}&person={ids[1]}").text
    assert "Change 2 people" in words(asked)
    assert asked.count(f'name="person" value="{ids[0]}"') == 2, "both forms carry whom they are about"
    given = {"person": ids, "do": "set", "column": "city", "value": "Oban"}
    answer = client.post(f"/lists/{list_id}/bulk", data=given, follow_redirects=True)
    assert "Column “city” set for 2 people in “Members”." in words(answer.text)
    assert answer.text.count("<td>Oban</td>") == 2
    undo = re.search(r'action="(/lists/\d+/changes/\d+/undo)"', answer.text)
    assert undo is not None
    answer = client.post(undo[1], follow_redirects=True)
    assert "2 people put back" in words(answer.text)
    assert "<td>Oban</td>" not in answer.text
    again = client.post(undo[1], follow_redirects=True)
    assert "This cannot be undone any more." in again.text


def test_all_that_are_found_are_removed(client: FlaskClient, list_id: int) -> None:
    asked = client.get(f"/lists/{list_id}/bulk?all=yes&{LEEDS}").text
    assert "Change 20 people" in words(asked)
    assert "Those in “Members” with city is leeds." in words(asked)
    given = {
        "all": "yes",
        "do": "remove",
        "filter_column": "city",
        "filter_operator": "is",
        "filter_value": "leeds",
    }
    answer = client.post(f"/lists/{list_id}/bulk", data=given, follow_redirects=True)
    assert "20 people removed from “Members”." in words(answer.text)
    assert "40 people · made" in words(answer.text)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"do": "set", "column": "city", "value": "x"}, "Tick the people first"),
        ({"do": "remove", "person": ["x", "-1"]}, "Tick the people first"),
        ({"do": "remove", "person": [str(n) for n in range(600)]}, "At most 500 people can be ticked"),
        ({"do": "set", "all": "yes", "column": "gone", "value": "x"}, "Not a valid choice"),
        ({"do": "remove", "all": "yes", "filter_column": "gone", "filter_value": "x"}, "Something in the filter"),
    ],
)
def test_a_bulk_change_of_nobody_or_nothing_changes_nothing(
    client: FlaskClient, database: Database, list_id: int, data: dict[str, object], says: str
) -> None:
    answer = client.post(f"/lists/{list_id}/bulk", data=data, follow_redirects=True)
    assert answer.status_code in {200, 422}
    assert says in words(answer.text)
    with database.reading() as session:
        assert session.get_one(RecipientList, list_id).recipient_count == 60


def test_ids_of_another_list_do_nothing(client: FlaskClient, database: Database, actor: Person, list_id: int) -> None:
    with database.writing() as session:
        other = lists.make_list(session, actor, name="Other", columns=[], people=[NewRecipient("x@example.com")])
        stranger = session.scalar(select(Recipient.id).where(Recipient.list_id == other.id))
    client.post(f"/lists/{list_id}/bulk", data={"do": "remove", "person": str(stranger)})
    with database.reading() as session:
        assert session.get(Recipient, stranger) is not None


def test_a_list_says_that_an_import_into_it_is_being_undone(
    client: FlaskClient, database: Database, actor: Person, list_id: int
) -> None:
    upload = imported(database, actor, "email\nnew@example.com\n", list_id=list_id)
    quiet = client.get(f"/lists/{list_id}").text
    client.post(f"/lists/uploads/{upload.id}/undo")  # no worker runs here
    assert "is being undone" not in quiet
    assert "An import into this list is being undone" in client.get(f"/lists/{list_id}").text


def test_a_large_change_says_how_far_it_is_and_can_be_stopped(
    client: FlaskClient, list_id: int, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 10)
    answer = client.post(f"/lists/{list_id}/bulk", data={"all": "yes", "do": "remove"}, follow_redirects=True)
    assert "This goes on in the background" in answer.text
    assert "Under way: removing people" in words(answer.text)
    refused = client.post(f"/lists/{list_id}/people/new", data={"email": "n@example.com"})
    assert refused.status_code == 422
    assert "being changed just now" in refused.text
    url = re.search(r'hx-get="(/lists/\d+/changes/\d+)"', answer.text)
    assert url is not None
    part = client.get(url[1], headers={"HX-Request": "true"})
    assert "0 people so far" in words(part.text)
    client.post(f"{url[1]}/stop")
    assert client.get(url[1], headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert client.get(url[1]).status_code == 302


def test_columns_are_added_renamed_given_a_kind_and_removed(
    client: FlaskClient, database: Database, list_id: int
) -> None:
    url = f"/lists/{list_id}/columns"
    answer = client.post(url, data={"column_name": "Date of birth", "kind": "date"}, follow_redirects=True)
    assert "The list has a column “date_of_birth” now." in answer.text
    assert client.post(url, data={"column_name": "City", "kind": "text"}).status_code == 422
    page = client.get(f"{url}/city").text
    assert "60 people have something in it." in words(page)
    answer = client.post(f"{url}/city/rename", data={"column_name": "Town"}, follow_redirects=True)
    assert "Column “city” of “Members” renamed to “town”." in words(answer.text)
    assert client.get(f"{url}/city").status_code == 404
    assert client.post(f"{url}/town/rename", data={"column_name": ""}).status_code == 422
    assert client.post(f"{url}/town/kind", data={"kind": "poem"}).status_code == 422
    client.post(f"{url}/town/remove")
    with database.reading() as session:
        found = session.get_one(RecipientList, list_id)
        assert found.columns == ["fee", "date_of_birth"]
        assert found.column_kinds == {"date_of_birth": ColumnKind.DATE}
    assert client.post(f"{url}/town/remove", follow_redirects=True).text.count("has no column “town” any more") == 1


def test_a_column_says_what_uses_it(client: FlaskClient, database: Database, actor: Person, list_id: int) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, name="Reminder")
        found = session.get_one(RecipientList, list_id)
        a_draft_send(session, actor, version=version, people=found)
        a_draft_send(session, actor, version=version, people=found, state=SendState.FINISHED)
    page = words(client.get(f"/lists/{list_id}/columns/city").text)
    assert "Template Reminder" in page
    assert page.count("Unfinished send Reminder to Members") == 1
    assert "No template, no segment and no unfinished send." in words(client.get(f"/lists/{list_id}/columns/fee").text)


def test_the_history_says_who_did_what_and_offers_undo(client: FlaskClient, list_id: int) -> None:
    client.post(f"/lists/{list_id}/bulk", data={"all": "yes", "do": "remove"})
    page = words(client.get(f"/lists/{list_id}/history").text)
    assert "Ada Admin 60 people removed from “Members”" in page
    assert "Ada Admin List “Members” saved with 60 people" in page
    assert "Removing people 60 Ada Admin" in page


def test_staff_may_do_all_of_it(staff_client: FlaskClient, list_id: int) -> None:
    for part in ("", "/history", "/columns", "/columns/city", "/bulk?all=yes"):
        assert staff_client.get(f"/lists/{list_id}{part}").status_code == 200, part
    assert staff_client.post(f"/lists/{list_id}/bulk", data={"all": "yes", "do": "remove"}).status_code == 302
