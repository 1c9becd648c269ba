"""The pages of released sends: groups, people, stopping, download, and nothing of it for strangers."""

from __future__ import annotations

import csv
import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.db import Database
from app.people.accounts import add_person
from app.people.models import Workspace
from app.people.roles import Role
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK
from app.sends import results
from app.sends.models import ReviewState, Send, SendState
from tests.conftest import PASSWORD, signed_in
from tests.factories import messages_of
from tests.sends.pages import begin, the_send, words


def test_a_group_shows_its_people_page_by_page(client: FlaskClient, sent: int) -> None:
    page = client.get(f"/sends/{sent}?group=bounced").text
    assert set(re.findall(r"p\d+@example\.com", page)) == {"p52@example.com", "p53@example.com"}
    page = client.get(f"/sends/{sent}?group=delivered").text
    first = set(re.findall(r">(p\d+@example\.com)<", page))
    following = re.search(r'href="([^"]*after=\d+[^"]*)"', page)
    assert following
    second = set(re.findall(r">(p\d+@example\.com)<", client.get(following[1].replace("&amp;", "&")).text))
    assert (len(first), len(second)) == (50, 2)
    assert first | second == {f"p{n}@example.com" for n in range(52)}


def test_people_are_searched_within_a_group(client: FlaskClient, sent: int) -> None:
    page = client.get(f"/sends/{sent}?group=bounced&q=P53").text
    assert "p53@example.com" in page
    assert "p52@example.com" not in page
    assert "Nobody&#39;s address begins so" in client.get(f"/sends/{sent}?q=nobody").text


@pytest.mark.parametrize("query", ["group=nonsense", "after=x", "after=99999999999999999999", "q=%00", "after=-1"])
def test_odd_addresses_of_the_page_are_no_error(client: FlaskClient, sent: int, query: str) -> None:
    assert client.get(f"/sends/{sent}?{query}").status_code == 200
    assert client.get(f"/sends/?{query.replace('after', 'before')}").status_code == 200


def test_progress_is_followed_while_it_is_under_way_and_not_afterwards(
    client: FlaskClient, database: Database, sent: int
) -> None:
    part = client.get(f"/sends/{sent}/progress", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    assert "52 Delivered" in words(part)
    assert "Cancel" not in part, "an open question must not be replaced"
    assert "Cancel now" in words(client.get(f"/sends/{sent}").text)
    assert "54 of 60" in words(client.get("/sends/").text)
    with database.writing() as session:
        session.get_one(Send, sent).state = SendState.FINISHED
    over = client.get(f"/sends/{sent}/progress", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in client.get(f"/sends/{sent}").text
    assert client.get(f"/sends/{sent}/progress").location == f"/sends/{sent}"


def test_pause_resume_and_cancel(client: FlaskClient, database: Database, sent: int) -> None:
    assert "Paused" in words(client.post(f"/sends/{sent}/pause", follow_redirects=True).text)
    assert the_send(database, sent).state is SendState.PAUSED
    client.post(f"/sends/{sent}/resume")
    assert the_send(database, sent).state is SendState.SENDING
    page = words(client.post(f"/sends/{sent}/cancel", follow_redirects=True).text)
    assert "6 e-mails were stopped" in page
    assert "6 Cancelled" in page
    too_late = client.post(f"/sends/{sent}/cancel")
    assert too_late.status_code == 409
    assert "nothing to cancel" in words(too_late.text)


def test_a_pause_by_the_program_shows_its_reason_and_remedy(client: FlaskClient, database: Database, sent: int) -> None:
    with database.writing() as session:
        send = session.get_one(Send, sent)
        send.state, send.pause_reason = SendState.PAUSED, "The access key is not valid. Put in a new one, then resume."
    assert "Put in a new one, then resume." in client.get(f"/sends/{sent}").text
    assert "Put in a new one, then resume." in client.get("/").text


def test_the_download_holds_everybody_with_the_lists_columns(client: FlaskClient, sent: int) -> None:
    answer = client.get(f"/sends/{sent}/download")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix(BYTE_ORDER_MARK))))
    assert [row["email"] for row in rows] == [f"p{n}@example.com" for n in range(60)]
    assert (rows[53]["city"], rows[53]["outcome"]) == ("City 53", "Permanently bounced")


def test_a_download_in_many_parts_or_broken_off_leaves_no_connection_behind(
    app: Flask, client: FlaskClient, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "CHUNK", 7)
    pool = app.extensions["postroom"].database.engine.pool
    whole = client.get(f"/sends/{sent}/download")
    assert whole.text.count("@example.com") == 60
    assert pool.checkedout() == 0
    broken_off = client.get(f"/sends/{sent}/download", buffered=False)
    next(broken_off.iter_encoded())
    broken_off.close()
    assert pool.checkedout() == 0


def test_a_message_never_handed_over_says_so(client: FlaskClient, database: Database, sent: int) -> None:
    message = messages_of(database, sent)[59]
    page = words(client.get(f"/sends/{sent}/messages/{message.id}").text)
    assert "this e-mail was never handed to the mail service" in page
    assert "Waiting" in page
    assert "Hello Person 59" in page
    assert (
        client.get(f"/sends/{sent}/messages/{message.id}/page").headers["Content-Security-Policy"].startswith("sandbox")
    )


def test_a_released_send_cannot_be_composed_any_more(client: FlaskClient, sent: int) -> None:
    assert client.get(f"/sends/{sent}/review").location == f"/sends/{sent}"
    for step in ("what", "sender", "values"):
        answer = client.get(f"/sends/{sent}/{step}")
        assert answer.status_code == 409
        assert "released already" in words(answer.text)


PATHS = (
    "/sends/{send}",
    "/sends/{send}/download",
    "/sends/{send}/progress",
    "/sends/{send}/messages/{message}",
    "/sends/{send}/messages/{message}/page",
    "/sends/{draft}/what",
    "/sends/{draft}/sender",
    "/sends/{draft}/values",
    "/sends/{draft}/review",
    "/sends/{draft}/look",
    "/sends/{draft}/look/page",
)
POSTS = (
    "/sends/{send}/pause",
    "/sends/{send}/resume",
    "/sends/{send}/cancel",
    "/sends/{draft}/release",
    "/sends/{draft}/review",
    "/sends/{draft}/delete",
    "/sends/{draft}/files",
    "/sends/{draft}/headers",
)


def test_another_department_finds_nothing(
    app: Flask, client: FlaskClient, database: Database, ground: dict[str, int], sent: int
) -> None:
    draft = begin(client, ground)
    names = {"send": sent, "draft": draft, "message": messages_of(database, sent)[0].id}
    with database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        stranger = add_person(
            session, other, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.ADMINISTRATOR
        )
    theirs = signed_in(app, stranger)
    for path in PATHS:
        assert client.get(path.format(**names)).status_code in {200, 302}, path
        assert theirs.get(path.format(**names)).status_code == 404, path
    for path in POSTS:
        assert theirs.post(path.format(**names)).status_code == 404, path
    assert "No sends yet" in theirs.get("/sends/").text
    assert the_send(database, sent).state is SendState.SENDING
    assert the_send(database, draft).review_state is ReviewState.NONE


def test_nobody_gets_in_without_signing_in(anonymous_client: FlaskClient, sent: int) -> None:
    for path in (f"/sends/{sent}", f"/sends/{sent}/download", "/sends/", "/sends/new"):
        assert "/sign-in" in anonymous_client.get(path).location
