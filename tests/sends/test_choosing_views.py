"""The page on which the people of a send are chosen: one more press from the simple way, and never half done."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.people.models import Person
from app.recipients.finding import segments
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.sends.audience_models import AudiencePart
from app.sends.models import Send
from tests.factories import a_list, a_template_version, some_people


@pytest.fixture
def ids(database: Database, actor: Person) -> dict[str, int]:
    with database.writing() as session:
        members = a_list(session, actor, people=some_people(6), name="Members")
        wanted = Filter((Condition("city", Operator.IS, "City 3"),))
        return {
            "version": a_template_version(session, actor, name="Notice").id,
            "members": members.id,
            "staff": a_list(session, actor, people=some_people(8)[5:], name="Staff").id,
            "three": segments.make_segment(session, actor, members.id, name="Three", wanted=wanted).id,
        }


def begin(client: FlaskClient, ids: dict[str, int], **more: str) -> str:
    answer = client.post("/sends/new", data={"version": ids["version"], "kind": "list", "list": ids["members"], **more})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def parts(database: Database) -> list[tuple[int | None, int | None, bool]]:
    with database.reading() as session:
        rows = session.scalars(select(AudiencePart).order_by(AudiencePart.position))
        return [(row.list_id, row.segment_id, row.is_excluded) for row in rows]


def test_the_simple_way_is_as_it_was(client: FlaskClient, database: Database, ids: dict[str, int]) -> None:
    assert begin(client, ids).endswith("/sender")
    assert parts(database) == []
    assert "Members, 6 people." in client.get("/sends/1/review").text


def test_one_more_press_leads_to_several_lists(client: FlaskClient, database: Database, ids: dict[str, int]) -> None:
    url = begin(client, ids, several="1")
    assert url.endswith("/people")
    added = client.post(f"{url}/add", data={"part": f"{ids['staff']}-0", "how": "exclude"}, follow_redirects=True)
    assert "Members, without Staff" in added.text
    assert parts(database) == [(ids["members"], None, False), (ids["staff"], None, True)]
    count = client.get(f"{url}/count", headers={"HX-Request": "true"}).text
    assert "5 people" in count
    review = client.get("/sends/1/review").text
    assert "Members, without Staff" in review
    assert f'hx-get="{url}/count"' in review
    assert "Members, without Staff" in client.get("/sends/1/what").text


def test_changing_only_the_template_keeps_the_lists(
    client: FlaskClient, database: Database, ids: dict[str, int]
) -> None:
    url = begin(client, ids, several="1")
    client.post(f"{url}/add", data={"part": f"{ids['staff']}-0", "how": "include"})
    assert client.post("/sends/1/what", data={"version": ids["version"], "kind": "list"}).status_code == 302
    assert len(parts(database)) == 2


def test_a_segment_says_that_it_takes_the_place_of_its_list(
    client: FlaskClient, database: Database, ids: dict[str, int]
) -> None:
    url = begin(client, ids, several="1")
    answer = client.post(
        f"{url}/add", data={"part": f"{ids['members']}-{ids['three']}", "how": "include"}, follow_redirects=True
    )
    assert "It takes the place of Members" in answer.text
    assert parts(database) == [(ids["members"], ids["three"], False)]


@pytest.mark.parametrize("part", ["", "x", "1", "1-2-3", "999999-0", "1-999999", "-1-0", "99999999999999999999-0"])
def test_an_odd_choice_is_answered_and_changes_nothing(
    client: FlaskClient, database: Database, ids: dict[str, int], part: str
) -> None:
    url = begin(client, ids, several="1")
    answer = client.post(f"{url}/add", data={"part": part, "how": "include"})
    assert answer.status_code == 422
    assert "Choose a list or a segment." in answer.text
    assert client.post(f"{url}/remove", data={"part": part}).status_code in {404, 409}
    assert client.post(f"{url}/first", data={"part": part}).status_code < 500
    assert parts(database) == []


def test_the_same_again_is_refused_and_the_draft_stays_simple(
    client: FlaskClient, database: Database, ids: dict[str, int]
) -> None:
    url = begin(client, ids, several="1")
    answer = client.post(f"{url}/add", data={"part": f"{ids['members']}-0", "how": "exclude"})
    assert answer.status_code == 422
    assert "chosen already" in answer.text
    assert parts(database) == []


def test_of_two_windows_the_second_removes_only_what_it_means(
    client: FlaskClient, database: Database, ids: dict[str, int]
) -> None:
    url = begin(client, ids, several="1")
    staff, three = f"{ids['staff']}-0", f"{ids['members']}-{ids['three']}"
    client.post(f"{url}/add", data={"part": staff, "how": "include"})
    client.post(f"{url}/remove", data={"part": staff})
    client.post(f"{url}/add", data={"part": three, "how": "exclude"})
    assert client.post(f"{url}/remove", data={"part": staff}).status_code == 404
    assert parts(database) == [(ids["members"], None, False), (ids["members"], ids["three"], True)]


def test_a_new_send_begins_with_a_segment(client: FlaskClient, database: Database, ids: dict[str, int]) -> None:
    page = client.get(f"/sends/new?segment={ids['three']}").text
    assert "“Three” of Members" in page
    answer = client.post("/sends/new", data={"version": ids["version"], "kind": "list", "segment": ids["three"]})
    assert answer.status_code == 302
    assert parts(database) == [(ids["members"], ids["three"], False)]
    with database.reading() as session:
        assert session.scalars(select(Send.list_name)).all() == ["“Three” of Members"]
    for odd in ("x", "999999", "-3"):
        assert client.get(f"/sends/new?segment={odd}").status_code == 200


def test_a_send_that_is_released_or_goes_to_typed_addresses_has_no_such_page(
    client: FlaskClient, ids: dict[str, int]
) -> None:
    client.post("/sends/new", data={"version": ids["version"], "kind": "direct", "to": "a@example.com"})
    for method, url in (("GET", "people"), ("POST", "people/add"), ("POST", "people/remove"), ("POST", "people/first")):
        assert client.open(f"/sends/1/{url}", method=method, data={"part": f"{ids['staff']}-0"}).status_code == 409, url
