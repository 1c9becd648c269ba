"""The pages of what a person decides after a send, as a browser without JavaScript asks for them."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients.people import add_recipient
from app.sends.models import Message, Outcome, Send, SendState
from tests.conftest import PASSWORD, signed_in
from tests.factories import (
    a_draft_send,
    a_list,
    a_sender,
    a_template_version,
    messages_of,
    released,
    reviewed,
    some_people,
)
from tests.sends.outcomes import at_once, settle, tally_of
from tests.sends.pages import hidden, the_send, words

UPTO = "1000"
"""As if the page had been shown just now."""


@pytest.fixture
def send_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A finished send to eight: two failed, one refused, two in doubt, one bounced, two delivered."""
    with database.writing() as session:
        version = a_template_version(session, actor, name="Notice")
        people = a_list(session, actor, people=some_people(8), name="Friends")
        sender = a_sender(session, actor).id
        draft_id = a_draft_send(session, actor, version=version, people=people, sender_identity_id=sender).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, ["p0@example.com", "p1@example.com"], Outcome.FAILED, reason="retries_used_up")
    settle(database, send_id, ["p2@example.com"], Outcome.REJECTED, reason="email.invalid")
    settle(database, send_id, ["p3@example.com", "p4@example.com"], Outcome.UNKNOWN, reason="timeout")
    settle(database, send_id, ["p5@example.com"], Outcome.BOUNCED)
    settle(database, send_id, ["p6@example.com", "p7@example.com"], Outcome.DELIVERED)
    return send_id


def links(page: str) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(r'class="button[^"]*" href="([^"]+)"', page)]


def test_group_actions_stand_with_their_group_only(client: FlaskClient, send_id: int) -> None:
    base = f"/sends/{send_id}"
    offered = {
        group: [one for one in links(client.get(f"{base}?group={group}").text) if one.startswith(f"{base}/")]
        for group in Outcome
    }
    download = f"{base}/download"
    assert offered[Outcome.FAILED] == [download, f"{base}/retry?group=failed", f"{base}/send-again?group=failed"]
    assert offered[Outcome.UNKNOWN] == [download, f"{base}/decide"]
    assert offered[Outcome.BOUNCED] == [download, f"{base}/send-again?group=bounced"]
    for group in (Outcome.DELIVERED, Outcome.QUEUED, Outcome.ACCEPTED, Outcome.SKIPPED, Outcome.CANCELLED):
        assert offered[group] == [download], group


def test_a_group_is_tried_again_by_its_page(client: FlaskClient, database: Database, send_id: int) -> None:
    page = client.get(f"/sends/{send_id}/retry?group=failed").text
    assert "Try 2 e-mails again?" in words(page)
    assert "another try may well succeed" in words(page)
    value = re.search(r'name="reason" value="([^"]+)" checked', page)
    assert value
    answer = client.post(
        f"/sends/{send_id}/retry?group=failed",
        data={"reason": value[1], "upto": hidden(page, "upto")},
        follow_redirects=True,
    )
    assert "2 e-mails to be sent again" in words(answer.text)
    assert tally_of(database, send_id)[Outcome.PENDING] == 2
    assert the_send(database, send_id).state is SendState.SENDING
    again = client.post(f"/sends/{send_id}/retry?group=failed", data={"reason": value[1], "upto": hidden(page, "upto")})
    assert again.status_code == 409
    assert "Somebody did this already" in words(again.text)
    assert "Nothing can be tried again" in words(client.get(f"/sends/{send_id}/retry?group=failed").text)


def test_where_another_try_is_in_vain_the_page_says_so_and_does_not_tick_it(client: FlaskClient, send_id: int) -> None:
    page = client.get(f"/sends/{send_id}/retry?group=rejected").text
    assert "The same e-mail would be refused again" in words(page)
    assert not re.search(r'name="reason"[^>]* checked', page)
    assert f"/sends/{send_id}/send-again?group=rejected" in links(page)
    assert client.post(f"/sends/{send_id}/retry?group=rejected").status_code == 409, "nothing ticked"


def test_one_e_mail_is_tried_again_from_its_page(client: FlaskClient, database: Database, send_id: int) -> None:
    message = messages_of(database, send_id)[2]
    url = f"/sends/{send_id}/retry?message={message.id}"
    assert url in links(client.get(f"/sends/{send_id}/messages/{message.id}").text)
    assert "Try the e-mail to p2@example.com again?" in words(client.get(url).text)
    client.post(url, data={"reason": "1:email.invalid", "upto": UPTO})
    assert messages_of(database, send_id)[2].state is Outcome.PENDING


def test_what_is_known_of_the_doubtful_is_shown_with_a_warning(
    client: FlaskClient, database: Database, send_id: int
) -> None:
    page = client.get(f"/sends/{send_id}/decide").text
    text = words(page)
    assert "Decide on 2 e-mails in doubt" in text
    assert "Each of these 2 people may get the same e-mail twice." in text
    assert "4 May 2026" in text
    assert messages_of(database, send_id)[3].reference in page
    assert "We do not know whether the e-mail went out" in text
    assert "Send 2 e-mails again" in text


@pytest.mark.parametrize(
    ("decision", "said", "outcome"),
    [
        ("leave", "2 e-mails left in doubt", Outcome.UNKNOWN),
        ("mark_sent", "2 e-mails marked as sent", Outcome.ACCEPTED),
        ("send_again", "2 e-mails to be sent again", Outcome.PENDING),
    ],
)
def test_doubts_are_decided_by_their_page(
    client: FlaskClient, database: Database, send_id: int, decision: str, said: str, outcome: Outcome
) -> None:
    assert "2 e-mails may or may not have gone out" in words(client.get("/").text)
    data = {"decision": decision, "seen": "2", "upto": UPTO}
    assert said in words(client.post(f"/sends/{send_id}/decide", data=data, follow_redirects=True).text)
    assert {one.state for one in messages_of(database, send_id)[3:5]} == {outcome}
    assert "may or may not have gone out" not in words(client.get("/").text)
    assert client.post(f"/sends/{send_id}/decide", data=data).status_code == 409
    assert "Nothing to decide here" in words(client.get(f"/sends/{send_id}/decide").text)


def test_left_in_doubt_it_says_so_everywhere_and_may_be_decided_anew(
    client: FlaskClient, database: Database, send_id: int
) -> None:
    message = messages_of(database, send_id)[3]
    one = f"/sends/{send_id}/decide?message={message.id}"
    assert one in links(client.get(f"/sends/{send_id}/messages/{message.id}").text)
    client.post(one, data={"decision": "leave", "seen": "1", "upto": UPTO})
    for url in (f"/sends/{send_id}?group=unknown", f"/sends/{send_id}/messages/{message.id}"):
        assert "Left in doubt by decision." in words(client.get(url).text)
    assert "Left in doubt by decision." in client.get(f"/sends/{send_id}/download").text
    anew = f"/sends/{send_id}/decide?left=1"
    assert anew in links(client.get(f"/sends/{send_id}?group=unknown").text)
    assert "Decide on 1 e-mail in doubt" in words(client.get(anew).text)
    client.post(anew, data={"decision": "mark_sent", "seen": "1", "upto": UPTO})
    assert tally_of(database, send_id)[Outcome.ACCEPTED] == 1


def test_the_doubtful_are_paged(client: FlaskClient, send_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sends.views.decisions.PAGE", 1)
    page = client.get(f"/sends/{send_id}/decide").text
    assert "p3@example.com" in page
    assert "p4@example.com" not in page
    following = re.search(r'href="([^"]*after=\d+[^"]*)"', page)
    assert following
    assert "p4@example.com" in client.get(following[1].replace("&amp;", "&")).text


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("decide", {"decision": "nonsense", "seen": "2", "upto": UPTO}),
        ("decide", {"decision": "leave", "seen": "x"}),
        ("decide", {"decision": "leave", "seen": "-5"}),
        ("decide", {"decision": "leave"}),
        ("decide?message=x", {"decision": "leave"}),
        ("retry", {"reason": "x:retries_used_up"}),
        ("retry?group=failed", {"reason": "99999999999999:retries_used_up"}),
        ("retry?group=nonsense", {"reason": "retries_used_up"}),
        ("retry?group=delivered", {"reason": "2:"}),
    ],
)
def test_odd_input_is_answered_and_changes_nothing(
    client: FlaskClient, database: Database, send_id: int, path: str, data: dict[str, str]
) -> None:
    before = tally_of(database, send_id)
    assert client.post(f"/sends/{send_id}/{path}", data=data).status_code == 409
    assert client.get(f"/sends/{send_id}/{path}").status_code == 200
    assert tally_of(database, send_id) == before


def test_people_added_since_get_a_draft_of_their_own(
    client: FlaskClient, database: Database, send_id: int, renderer: LimitedRenderer, actor: Person
) -> None:
    none = client.post(f"/sends/{send_id}/follow-added", follow_redirects=True)
    assert "Nobody was added to the list since this send" in words(none.text)
    list_id = the_send(database, send_id).list_id
    with database.writing() as session:
        add_recipient(session, actor, list_id or 0, email="new@example.com", name="New", data={"city": "York"})
    answer = client.post(f"/sends/{send_id}/follow-added")
    found = re.search(r"/sends/(\d+)/review", answer.location)
    assert found
    draft_id = int(found[1])
    assert f"Only people added to the list since send {send_id}." in words(client.get(answer.location).text)
    draft = reviewed(database, renderer, actor, draft_id)
    assert "Send 1 e-mail" in words(client.get(answer.location).text)
    client.post(f"/sends/{draft_id}/release", data={"seen": draft.review_fingerprint})
    assert [one.email for one in messages_of(database, draft_id)] == ["new@example.com"]
    page = client.get(f"/sends/{draft_id}").text
    assert f'href="/sends/{send_id}"' in page
    assert f'href="/sends/{draft_id}"' in client.get(f"/sends/{send_id}").text


def test_those_not_reached_get_a_draft_with_another_version(
    client: FlaskClient, database: Database, send_id: int, actor: Person
) -> None:
    with database.writing() as session:
        mended = a_template_version(session, actor, name="Mended").id
    page = client.get(f"/sends/{send_id}/send-again?group=rejected").text
    assert "Mended, version 1" in page
    assert re.search(r'value="rejected" checked', page)
    assert "then they get two" in words(page)
    wrong = client.post(f"/sends/{send_id}/send-again", data={"version": mended})
    assert wrong.status_code == 422
    assert "Choose at least one group" in words(wrong.text)
    assert re.search(rf'<option selected value="{mended}">', wrong.text), "what was chosen stays"
    nothing = client.post(f"/sends/{send_id}/send-again", data={"version": 999, "groups": "rejected"})
    assert "Choose a template." in words(nothing.text)
    answer = client.post(f"/sends/{send_id}/send-again", data={"version": mended, "groups": ["rejected", "failed"]})
    found = re.search(r"/sends/(\d+)/values", answer.location)
    assert found
    draft = the_send(database, int(found[1]))
    assert (draft.template_version_id, draft.follow_groups) == (mended, ["rejected", "failed"])
    assert "3 people. Only people whom send" in words(client.get(f"/sends/{draft.id}/review").text)


def test_two_windows_at_once_try_again_and_begin_drafts_once(
    app: Flask, actor: Person, database: Database, send_id: int
) -> None:
    windows = iter([signed_in(app, actor) for _ in range(8)])
    url = f"/sends/{send_id}/retry?group=failed"
    answers = at_once(
        lambda: next(windows).post(url, data={"reason": "2:retries_used_up", "upto": UPTO}).status_code, windows=4
    )
    assert sorted(answers) == [302, 409, 409, 409]
    data = {"version": the_send(database, send_id).template_version_id, "groups": "bounced"}
    with database.writing() as session:
        session.get_one(Send, send_id).state = SendState.FINISHED
    url = f"/sends/{send_id}/send-again"
    answers = at_once(lambda: next(windows).post(url, data=data).location, windows=4)
    assert len(set(answers)) == 1, answers


def test_a_draft_has_none_of_these_pages(client: FlaskClient, database: Database, send_id: int) -> None:
    with database.writing() as session:
        session.get_one(Send, send_id).state = SendState.FINISHED
    draft = client.post(
        f"/sends/{send_id}/send-again",
        data={"version": the_send(database, send_id).template_version_id, "groups": "bounced"},
    ).location
    draft_id = re.findall(r"\d+", draft)[0]
    for path in ("retry?group=failed", "decide", "send-again"):
        assert client.get(f"/sends/{draft_id}/{path}").status_code == 404


def test_another_workspace_sees_none_of_it(app: Flask, database: Database, send_id: int) -> None:
    with database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        stranger = add_person(
            session, other, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.ADMINISTRATOR
        )
    client = signed_in(app, stranger)
    message = messages_of(database, send_id)[0]
    for path in ("retry?group=failed", f"retry?message={message.id}", "decide", "send-again"):
        assert client.get(f"/sends/{send_id}/{path}").status_code == 404
        assert client.post(f"/sends/{send_id}/{path}").status_code == 404
    assert client.post(f"/sends/{send_id}/follow-added").status_code == 404
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 8
