"""The activity page: who, what, when and from where; filtered, opened, downloaded, and read by everybody."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.audit.acts import KINDS, kind_of
from app.audit.models import AuditEntry
from app.audit.trail import note, note_program
from app.db import Database, now
from app.people.models import Person
from tests.conftest import signed_in
from tests.factories import a_list, some_people
from tests.recipients.test_views import words as words_of
from tests.statements import statements


@pytest.fixture
def trail(database: Database, actor: Person, staff: Person) -> None:
    with database.writing() as session:
        note(session, staff, "send.paused", "Send 1 paused", subject_id=1)
        note(session, actor, "list.renamed", "=List “A” renamed to “B”", changes={"Name": ("A", "=1+1")})
        note_program(session, actor.workspace_id, "send.finished", "Send 1 finished", subject_id=1)


def words(answer: TestResponse) -> str:
    return unescape(words_of(answer.text))


def shown(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"/activity{query}")
    assert answer.status_code == 200
    return words(answer)


@pytest.mark.usefixtures("trail")
def test_entries_are_filtered_by_person_kind_day_and_words(client: FlaskClient, actor: Person, staff: Person) -> None:
    everything = shown(client)
    assert "Send 1 paused" in everything and "renamed to" in everything and "Send 1 finished" in everything
    of_staff = shown(client, f"?person={staff.id}")
    assert "Send 1 paused" in of_staff and "renamed to" not in of_staff and "Send 1 finished" not in of_staff
    of_program = shown(client, "?person=0")
    assert "Send 1 finished" in of_program and "Send 1 paused" not in of_program
    of_lists = shown(client, "?kind=lists")
    assert "renamed to" in of_lists and "Send 1 paused" not in of_lists
    assert "Send 1 finished" in shown(client, "?q=FINISHED") and "Send 1 paused" not in shown(client, "?q=FINISHED")
    today = now().date()
    assert "Send 1 paused" in shown(client, f"?since={today}&until={today}")
    assert "Nothing found" in shown(client, f"?until={today - timedelta(days=2)}")
    assert "Nothing found" in shown(client, "?q=%25nothing%25")


def test_days_are_those_of_the_reader(app: Flask, database: Database, actor: Person) -> None:
    with database.writing() as session:
        session.merge(actor).account.timezone = "Pacific/Kiritimati"  # 14 hours ahead
        session.add(
            AuditEntry(
                workspace_id=actor.workspace_id,
                actor_id=actor.id,
                at=datetime(2026, 3, 1, 11, 0, tzinfo=UTC),
                action="send.paused",
                words="Early on Monday there",
                subject_id=1,
                position=1_000,
            )
        )
    client = signed_in(app, actor)
    assert "Early on Monday there" in shown(client, "?since=2026-03-02&until=2026-03-02")
    assert "Early on Monday there" not in shown(client, "?since=2026-03-01&until=2026-03-01")


def test_nonsense_is_answered_beside_its_field(client: FlaskClient) -> None:
    assert "Choose a day" in shown(client, "?since=yesterday")
    assert "before the first one" in shown(client, "?since=2026-03-02&until=2026-03-01")
    assert "Nothing is shown" in shown(client, "?kind=nonsense")
    shown(client, "?person=99999999999999999999")
    shown(client, "?until=9999-12-31")


def test_pages_follow_each_other_by_key_and_nothing_is_counted(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    with database.writing() as session:
        for number in range(120):
            note(session, actor, "send.paused", f"Send number {number:03} paused", subject_id=number)
    seen: list[str] = []
    url: str | None = "/activity?kind=sends"
    with statements() as said:
        while url:
            page = client.get(url)
            seen += [part[:3] for part in page.text.split("Send number ")[1:]]
            _, _, rest = page.text.partition('rel="next"')
            before = page.text.partition('class="pager"')[2]
            url = before.partition('href="')[2].partition('"')[0].replace("&amp;", "&") or None
            assert rest or url is None
    assert seen == [f"{number:03}" for number in range(119, -1, -1)]
    assert not [one for one in said if "count(" in one.lower() and "audit_entry" in one]


@pytest.mark.usefixtures("trail")
def test_an_entry_opens_to_before_after_and_from_where(
    app: Flask, database: Database, actor: Person, staff: Person
) -> None:
    client = signed_in(app, actor)
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
    client.environ_base["REMOTE_ADDR"] = "192.0.2.44"
    with database.writing() as session:
        list_id = a_list(session, actor, people=some_people(2), name="Members").id
    assert client.post(f"/lists/{list_id}/rename", data={"name": "Friends"}).status_code == 302
    with database.reading() as session:
        place = session.scalars(
            select(AuditEntry.position).where(AuditEntry.action == "list.renamed").order_by(AuditEntry.id.desc())
        ).first()
    page = words(client.get(f"/activity/{place}"))
    for told in ("Members", "Friends", "In the browser, with Firefox on Linux", "192.0.2.44", "Go to the list"):
        assert told in page, told
    others = words(signed_in(app, staff).get(f"/activity/{place}"))
    assert "192.0.2.44" not in others and "Shown to administrators only" in others
    assert client.get("/activity/999999").status_code == 404


@pytest.mark.usefixtures("trail")
def test_the_download_is_what_the_filter_shows_safe_in_a_spreadsheet_and_noted(
    app: Flask, client: FlaskClient, database: Database, staff: Person
) -> None:
    answer = client.get("/activity/download.csv?kind=lists")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(one["What"], one["Changed"], one["Before"], one["After"]) for one in rows] == [
        ("'=List “A” renamed to “B”", "Name", "A", "'=1+1")
    ]
    assert "The trail downloaded" in shown(client, "?kind=looked")
    assert "The trail downloaded" not in shown(client)
    assert signed_in(app, staff).get("/activity/download.csv").status_code == 403


def test_a_long_download_is_read_in_batches(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        for number in range(1_200):
            note(session, actor, "send.paused", f"Send {number} paused", subject_id=number)
    with statements() as said:
        rows = client.get("/activity/download.csv?kind=sends").text.splitlines()
    assert len(rows) == 1_201
    assert len([one for one in said if "FROM audit_entry" in one]) == 4


def test_opening_peoples_data_is_noted_once_a_day_and_each_download_is(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    with database.writing() as session:
        list_id = a_list(session, actor, people=some_people(3), name="Members").id
    for _ in range(3):
        assert client.get(f"/lists/{list_id}").status_code == 200
        assert client.get(f"/lists/{list_id}/download.csv").status_code == 200
    looked = shown(client, "?kind=looked")
    assert looked.count("People of list “Members” opened") == 1
    assert looked.count("List “Members” downloaded") == 3
    assert "Members” opened" not in shown(client)


@pytest.mark.changes_schema
def test_a_page_is_shown_although_its_look_cannot_be_noted(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    with database.writing() as session:
        list_id = a_list(session, actor, people=some_people(3), name="Members").id
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit_look")
    assert "p0@example.com" in client.get(f"/lists/{list_id}").text


def test_another_workspace_sees_nothing_of_it(client: FlaskClient, database: Database) -> None:
    from app.people.models import Workspace

    with database.writing() as session:
        other = Workspace(name="Another")
        session.add(other)
        session.flush()
        note_program(session, other.id, "send.finished", "Send 77 of another finished")
    assert "of another" not in shown(client)
    assert "of another" not in client.get("/activity/download.csv").text


def test_the_page_shows_where_the_trail_ends(client: FlaskClient, database: Database) -> None:
    page = words(client.get("/activity/chain"))
    with database.reading() as session:
        digest = session.scalars(select(AuditEntry.digest).order_by(AuditEntry.position.desc())).first()
    assert digest in page


@pytest.mark.parametrize("subject", sorted({one for kind in KINDS.values() for one in kind.subjects}))
def test_every_kind_knows_its_acts(subject: str) -> None:
    assert kind_of(f"{subject}.done") in KINDS.values()
