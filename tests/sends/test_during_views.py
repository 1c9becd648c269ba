"""Undo, time, pace and waves on the pages, as a browser without JavaScript asks for them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.sends.control import pause_by_program
from app.sends.models import Send, SendState
from app.sends.pace import Pace, pace_of
from app.sends.pauses import STALE, WAVE
from tests.conftest import PASSWORD, signed_in
from tests.factories import messages_of
from tests.sends.pages import a_reviewed_draft, hidden, the_send, words

TOMORROW = f"{now() + timedelta(days=1):%Y-%m-%d}"


def release(client: FlaskClient, send_id: int, seen: str, **fields: str):  # type: ignore[no-untyped-def]
    return client.post(f"/sends/{send_id}/release", data={"seen": seen, **fields})


def later(**fields: str) -> dict[str, str]:
    return {"when": "later", "date": TOMORROW, "time": "09:30", "zone": "Asia/Tokyo", **fields}


@pytest.fixture
def draft(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> tuple[int, str]:
    return a_reviewed_draft(client, database, renderer, ground)


def change(database: Database, send_id: int, **values: object) -> None:
    with database.writing() as session:
        session.execute(update(Send).where(Send.id == send_id).values(**values))


def test_within_the_undo_window_the_page_says_the_time_and_undo_leads_back_to_the_draft(
    client: FlaskClient, database: Database, draft: tuple[int, str]
) -> None:
    send_id, seen = draft
    release(client, send_id, seen)
    change(database, send_id, start_at=now() + timedelta(seconds=25))
    page = client.get(f"/sends/{send_id}").text
    assert "You can still undo this" in page
    assert re.search(r'data-countdown="2[45]"', page)
    assert re.search(r"It begins \w+ \d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC", words(page))
    answer = client.post(f"/sends/{send_id}/undo")
    assert answer.location == f"/sends/{send_id}/review"
    page = words(client.get(answer.location).text)
    assert "Nothing went out, and this is a draft again" in page
    assert "Send 6 e-mails" in page, "the review still counts"
    assert messages_of(database, send_id) == []
    assert client.post(f"/sends/{send_id}/undo").location == f"/sends/{send_id}/review"


def test_undo_too_late_says_so_on_the_sends_page(
    client: FlaskClient, database: Database, draft: tuple[int, str]
) -> None:
    send_id, seen = draft
    release(client, send_id, seen)
    assert "Undo" not in words(client.get(f"/sends/{send_id}").text)
    page = client.post(f"/sends/{send_id}/undo", follow_redirects=True)
    assert "too late to undo" in words(page.text)
    assert the_send(database, send_id).state is SendState.SCHEDULED


def test_a_send_is_scheduled_in_a_persons_zone_which_is_kept_as_theirs(
    client: FlaskClient, database: Database, draft: tuple[int, str], actor: Person
) -> None:
    send_id, seen = draft
    assert "data-browser-zone" in client.get(f"/sends/{send_id}/review").text
    release(client, send_id, seen, **later())
    send = the_send(database, send_id)
    assert send.start_at is not None and send.is_timed
    assert f"{send.start_at:%Y-%m-%d %H:%M}" == f"{TOMORROW} 00:30"
    page = words(client.get(f"/sends/{send_id}").text)
    assert "Scheduled" in page
    assert "09:30 (Asia/Tokyo)" in page
    assert "Scheduled" in words(client.get("/sends/").text)
    with database.reading() as session:
        assert session.get_one(Person, actor.id).timezone == "Asia/Tokyo"
    assert 'every 30s"' in client.get(f"/sends/{send_id}").text, "at rest it costs nothing"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (later(date=""), "Choose a day"),
        (later(date="nonsense"), "Choose a day"),
        (later(time="25:99"), "Enter a time"),
        (later(zone="Mars/Base"), "Choose a time zone from the list"),
        (later(date="2020-01-01"), "has passed"),
        (later(date="2999-01-01"), "within a year"),
        ({"pace": "many"}, "Enter a whole number"),
        ({"pace": "0"}, "Enter a number from 1"),
        ({"pace": "5", "pace_unit": "7"}, "Choose a minute or an hour"),
        ({"wave": "y", "wave_size": ""}, "Enter a number of e-mails"),
        ({"wave": "y", "wave_size": "-3"}, "Enter a number of e-mails"),
        ({"wave": "y", "wave_size": "9" * 5000}, "Enter a whole number"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_nothing_is_released(
    client: FlaskClient, database: Database, draft: tuple[int, str], fields: dict[str, str], said: str
) -> None:
    send_id, seen = draft
    answer = release(client, send_id, seen, **fields)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert the_send(database, send_id).state is SendState.DRAFT
    for name in ("time", "pace"):
        if fields.get(name):
            assert f'value="{fields[name]}"' in answer.text, "what was typed stays"


def test_a_time_that_comes_twice_is_asked_about(
    client: FlaskClient, database: Database, draft: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    send_id, seen = draft
    monkeypatch.setattr("app.sends.scheduling.now", lambda: now().replace(year=2026, month=10, day=1))
    fields = later(date="2026-10-25", time="01:30", zone="Europe/London")
    page = release(client, send_id, seen, **fields)
    assert "comes twice" in words(page.text)
    assert "The second 01:30, UTC+00:00" in words(page.text)
    release(client, send_id, seen, **fields, fold="1")
    assert f"{the_send(database, send_id).start_at:%H:%M}" == "01:30"


def test_the_question_about_sending_again_keeps_what_was_chosen(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], draft: tuple[int, str]
) -> None:
    first, seen = draft
    release(client, first, seen)
    second, seen = a_reviewed_draft(client, database, renderer, ground)
    page = release(client, second, seen, **later(), pace="100", pace_unit="60", wave="y", wave_size="3").text
    assert "Send it a second time?" in page
    names = ("seen", "again", "when", "date", "time", "zone", "pace", "pace_unit", "wave", "wave_size")
    client.post(f"/sends/{second}/release", data={name: hidden(page, name) for name in names})
    send = the_send(database, second)
    assert send.is_timed and send.wave_left == 3
    with database.reading() as session:
        assert pace_of(session, second) == Pace(100, 60)


def test_the_time_is_changed_on_a_page_of_its_own_and_now_is_a_button(
    client: FlaskClient, database: Database, draft: tuple[int, str]
) -> None:
    send_id, seen = draft
    release(client, send_id, seen, **later())
    assert 'value="09:30"' in client.get(f"/sends/{send_id}/time").text
    wrong = client.post(f"/sends/{send_id}/time", data=later(date="2020-01-01"))
    assert wrong.status_code == 422 and "has passed" in words(wrong.text)
    page = client.post(f"/sends/{send_id}/time", data=later(time="10:15"), follow_redirects=True)
    assert "10:15 (Asia/Tokyo)" in words(page.text)
    client.post(f"/sends/{send_id}/now")
    start = the_send(database, send_id).start_at
    assert start is not None and start <= now()
    too_late = client.post(f"/sends/{send_id}/now")
    assert too_late.status_code == 409 and "too late" in words(too_late.text)


def test_the_pace_is_changed_while_it_is_under_way(client: FlaskClient, database: Database, sent: int) -> None:
    assert "as fast as the mail service allows" in words(client.get(f"/sends/{sent}").text)
    wrong = client.post(f"/sends/{sent}/pace", data={"pace": "fast", "pace_unit": "60"})
    assert wrong.status_code == 422 and 'value="fast"' in wrong.text
    page = client.post(f"/sends/{sent}/pace", data={"pace": "100", "pace_unit": "3600"}, follow_redirects=True)
    assert "Pace: at most 100 e-mails an hour" in words(page.text)
    assert 'value="100"' in client.get(f"/sends/{sent}/pace").text
    client.post(f"/sends/{sent}/pace", data={"pace": "", "pace_unit": "3600"})
    with database.reading() as session:
        assert pace_of(session, sent) is None


def test_a_wave_that_is_out_asks_on_its_page_and_on_home(client: FlaskClient, database: Database, sent: int) -> None:
    change(database, sent, wave_left=0, wave_size=54)
    with database.writing() as session:
        pause_by_program(session, sent, "The wave is out (52 delivered). 6 e-mails wait for you.", code=WAVE)
    assert "Waits for you" in words(client.get("/").text)
    page = client.get(f"/sends/{sent}").text
    assert "Go on with the rest (6 e-mails)" in words(page)
    assert "6 e-mails wait for you" in words(page)
    assert "/resume" not in page and "Cancel now" in words(page)
    wrong = client.post(f"/sends/{sent}/go-on", data={"how": "next", "wave_size": "some"})
    assert wrong.status_code == 422 and 'value="some"' in wrong.text
    client.post(f"/sends/{sent}/go-on", data={"how": "next", "wave_size": "4"})
    send = the_send(database, sent)
    assert (send.state, send.wave_left, send.pause_code) == (SendState.SENDING, 4, "")
    again = client.post(f"/sends/{sent}/go-on", data={"how": "rest"})
    assert again.status_code == 409


def test_a_stale_send_says_what_changed_and_offers_two_answers(
    client: FlaskClient, database: Database, draft: tuple[int, str]
) -> None:
    send_id, seen = draft
    release(client, send_id, seen, **later())
    reason = "Since this send was released, the list has changed."
    with database.writing() as session:
        pause_by_program(session, send_id, reason, code=STALE)
    page = client.get(f"/sends/{send_id}").text
    assert reason in page and "Send as released" in page and "Cancel now" in words(page)
    assert "/resume" not in page
    client.post(f"/sends/{send_id}/as-released")
    send = the_send(database, send_id)
    assert (send.state, send.release_marks) == (SendState.SCHEDULED, {})


def test_the_page_is_loaded_anew_when_it_begins(client: FlaskClient, sent: int) -> None:
    part = client.get(f"/sends/{sent}/progress?state=scheduled", headers={"HX-Request": "true"})
    assert part.headers["HX-Refresh"] == "true"


def test_another_department_can_do_none_of_it(app: Flask, database: Database, sent: int) -> None:
    with database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        eve = add_person(session, other, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.SENDER)
    theirs = signed_in(app, eve)
    for path in ("undo", "time", "now", "pace", "go-on", "as-released"):
        data = {**later(), "pace": "5", "pace_unit": "60"}
        assert theirs.post(f"/sends/{sent}/{path}", data=data).status_code == 404, path
    assert the_send(database, sent).state is SendState.SENDING
