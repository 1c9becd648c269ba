"""From the first step to the release, page by page, as a browser without JavaScript asks for them."""

from __future__ import annotations

import threading

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.people.senders import retire_sender
from app.recipients.checking import NewRecipient
from app.recipients.lists import rename_list
from app.sends.models import Send, SendState
from tests.conftest import signed_in
from tests.factories import a_list, a_sender, messages_of, some_people
from tests.sends.pages import a_reviewed_draft, begin, choose_sender, hidden, review, the_send, words


def test_the_empty_page_says_what_to_do(client: FlaskClient) -> None:
    page = words(client.get("/sends/").text)
    assert "No sends yet" in page
    assert "Begin the first send" in page


def test_without_a_published_template_the_first_step_says_so(client: FlaskClient) -> None:
    page = words(client.get("/sends/new").text)
    assert "No template is published yet" in page
    assert "transactional e-mail only" in page


def test_the_whole_road_from_the_first_step_to_the_sends_page(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    assert "Reminder, version 1" in client.get("/sends/new").text
    send_id = begin(client, ground)
    assert "Office &lt;office@example.com&gt;" in client.get(f"/sends/{send_id}/sender").text
    choose_sender(
        client, ground, send_id, reply_to="help@example.com", header_name=["X-Case", ""], header_value=["7", ""]
    )
    page = client.get(f"/sends/{send_id}/values").text
    assert 'for="value_due"' in page
    assert client.post(f"/sends/{send_id}/values", data={"value_due": "1 May"}).location == f"/sends/{send_id}/review"
    assert "Start the review" in client.get(f"/sends/{send_id}/review").text

    page = review(client, database, renderer, send_id)
    assert "Ready, but for 1 person" in words(page)
    assert "Send 6 e-mails" in words(page)
    assert "p3@example.com" in page
    assert "this must be one line" in page

    released_at = client.post(f"/sends/{send_id}/release", data={"seen": hidden(page, "seen")})
    assert released_at.location == f"/sends/{send_id}"
    page = words(client.get(f"/sends/{send_id}").text)
    assert "Reminder to Members" in page
    assert "6 Waiting" in page
    assert "1 Left out" in page
    send = the_send(database, send_id)
    assert (send.state, send.total, send.reply_to) == (SendState.SCHEDULED, 7, "help@example.com")
    assert send.values == {"due": "1 May"}
    assert send.headers == [["X-Case", "7"]]


def test_while_the_review_runs_the_page_follows_it(
    client: FlaskClient, ground: dict[str, int], database: Database
) -> None:
    send_id = begin(client, ground)
    choose_sender(client, ground, send_id)
    client.post(f"/sends/{send_id}/review")
    page = client.get(f"/sends/{send_id}/review").text
    assert "The review is running" in page
    assert 'hx-trigger="every 1s"' in page
    part = client.get(f"/sends/{send_id}/review", headers={"HX-Request": "true"}).text
    assert "The review is running" in part
    assert "<html" not in part


def test_a_second_release_leads_to_the_send_and_makes_nothing(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    for _ in range(2):
        answer = client.post(f"/sends/{send_id}/release", data={"seen": seen})
        assert (answer.status_code, answer.location) == (302, f"/sends/{send_id}")
    assert len(messages_of(database, send_id)) == 7


def test_a_double_click_makes_one_send(
    app: Flask, actor: Person, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    clients = [signed_in(app, actor) for _ in range(4)]
    send_id, seen = a_reviewed_draft(clients[0], database, renderer, ground)
    answers: list[int] = []

    def press(client: FlaskClient) -> None:
        answers.append(client.post(f"/sends/{send_id}/release", data={"seen": seen}).status_code)

    presses = [threading.Thread(target=press, args=(one,)) for one in clients]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert answers == [302] * 4
    assert len(messages_of(database, send_id)) == 7
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Send)) == 1


def test_what_changed_since_the_review_must_be_reviewed_again(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], actor: Person
) -> None:
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    with database.writing() as session:
        rename_list(session, actor, ground["list"], "Renamed")
    answer = client.post(f"/sends/{send_id}/release", data={"seen": seen})
    assert answer.status_code == 422
    assert "Nothing was released" in words(answer.text)
    assert "Something changed since the review" in words(answer.text)
    assert messages_of(database, send_id) == []


def test_a_change_of_the_draft_takes_the_send_button_away(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id, _ = a_reviewed_draft(client, database, renderer, ground)
    client.post(f"/sends/{send_id}/values", data={"value_due": "June"})
    page = client.get(f"/sends/{send_id}/review").text
    assert "Start the review" in page
    assert "/release" not in page
    assert "p3@example.com" not in page, "problems of an old review"


def test_the_same_list_and_version_within_a_day_asks_first(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    first, seen = a_reviewed_draft(client, database, renderer, ground)
    client.post(f"/sends/{first}/release", data={"seen": seen})
    second, seen = a_reviewed_draft(client, database, renderer, ground)
    page = client.post(f"/sends/{second}/release", data={"seen": seen})
    assert "Send it a second time?" in words(page.text)
    assert "Send 6 e-mails again" in words(page.text)
    assert messages_of(database, second) == []
    client.post(
        f"/sends/{second}/release", data={"seen": hidden(page.text, "seen"), "again": hidden(page.text, "again")}
    )
    assert len(messages_of(database, second)) == 7


def test_in_trial_mode_the_button_names_only_the_teams_e_mails(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], actor: Person
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).is_live = False
        people = [*some_people(4), NewRecipient("Ada@example.com", "Ada", {"city": "Leeds"})]
        ground["list"] = a_list(session, actor, people=people).id
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    page = words(client.get(f"/sends/{send_id}/review").text)
    assert "Send 1 e-mail" in page
    assert "Trial mode:" in page
    client.post(f"/sends/{send_id}/release", data={"seen": seen})
    page = words(client.get(f"/sends/{send_id}").text)
    assert "4 Left out" in page
    assert "Trial mode: only the team&#39;s own addresses" in page


def test_a_sender_removed_since_the_review_is_not_sent_from(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int], actor: Person
) -> None:
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    with database.writing() as session:
        retire_sender(session, actor, ground["sender"])
        a_sender(session, actor, "other@example.com")
    answer = client.post(f"/sends/{send_id}/release", data={"seen": seen})
    assert "Something changed since the review" in words(answer.text)
    again = client.post(f"/sends/{send_id}/review", follow_redirects=True)
    assert "This sender was removed under Settings" in words(again.text)
    kept = client.post(f"/sends/{send_id}/sender", data={"sender": ground["sender"], "reply_to": ""})
    assert kept.status_code == 422
    assert "This sender was removed under Settings" in words(kept.text)
