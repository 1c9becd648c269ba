"""The pages of approval, as whoever asks, approves and administers sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import now
from app.emails.content import content_of
from app.emails.publishing import publish
from app.emails.templates import save_draft
from app.people.approval_models import ApprovalRequest, ApprovalScope, ApprovalState
from app.recipients.models import Recipient
from app.recipients.people import add_recipient
from app.sends import approving
from app.sends.compose import change_values
from app.sends.models import Send, SendState
from app.sends.release import Options, release
from app.sends.sampling import BY_CHANCE, neighbours_in, sample_of
from tests.conftest import signed_in
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, reviewed, some_people
from tests.sends.approval_ground import Office
from tests.sends.pages import hidden, words


@pytest.fixture
def asker(app: Flask, office: Office) -> FlaskClient:
    return signed_in(app, office.asker)


@pytest.fixture
def approver(app: Flask, office: Office) -> FlaskClient:
    return signed_in(app, office.approver)


def page(client: FlaskClient, office: Office, path: str = "approval") -> str:
    return words(client.get(f"/sends/{office.send_id}/{path}").text)


def ask(client: FlaskClient, office: Office, **fields: object) -> int:
    seen = hidden(client.get(f"/sends/{office.send_id}/review").text, "seen")
    answer = client.post(f"/sends/{office.send_id}/ask", data={"seen": seen, "when": "now", **fields})
    assert answer.status_code == 302, words(answer.text)
    with office.database.reading() as session:
        return session.query(ApprovalRequest).order_by(ApprovalRequest.id.desc()).first().id  # type: ignore[union-attr]


def test_the_review_offers_to_ask_in_place_of_sending(asker: FlaskClient, office: Office) -> None:
    seen = page(asker, office, "review")
    assert "Ask for approval of 5 e-mails" in seen
    assert "Send 5 e-mails" not in seen
    assert "Every send needs approval here." in seen
    assert "As soon as it is approved" in seen
    assert "Ada Admin, April Approver may approve it" in seen
    office.rule(ApprovalScope.NEVER)
    seen = page(asker, office, "review")
    assert "Send 5 e-mails" in seen
    assert "Ask for approval" not in seen


def test_a_send_pressed_on_an_old_page_is_refused_and_asks_for_approval(asker: FlaskClient, office: Office) -> None:
    answer = asker.post(f"/sends/{office.send_id}/release", data={"seen": office.seen, "when": "now"})
    assert answer.status_code == 422
    assert "Every send needs approval here. Ask for approval." in words(answer.text)
    assert "Ask for approval of 5 e-mails" in words(answer.text)
    assert office.send().state is SendState.DRAFT


def test_from_asking_to_what_goes_out(asker: FlaskClient, approver: FlaskClient, office: Office) -> None:
    request_id = ask(asker, office, note="For the meeting.", pace="100", pace_unit="3600", wave="y", wave_size="2")
    assert asker.get(f"/sends/{office.send_id}").location == f"/sends/{office.send_id}/approval"
    assert "You asked for this approval, so somebody else gives it." in page(asker, office)
    assert "waits since" in words(asker.get("/").text)
    assert "1 send waits for approval" in words(asker.get("/sends/").text)
    assert "Notice to Members" in words(approver.get("/sends/?state=awaiting_approval").text)
    home = words(approver.get("/").text)
    assert "To approve Notice to Members" in home
    assert "Sam Sender waits since" in home
    seen = page(approver, office)
    for said in (
        "Sam Sender asked for approval",
        "For the meeting.",
        "Notice, version 1",
        "Members, 5 people.",
        "Office &lt;office@example.com&gt;",
        "at most 100 e-mails an hour",
        "after the first 2 e-mails it waits",
        "This template was never sent before",
        "Approve: send 5 e-mails",
    ):
        assert said in seen, said
    answer = approver.post(f"/sends/{office.send_id}/approval/{request_id}/approve", data={"people": "5"})
    assert answer.location == f"/sends/{office.send_id}"
    assert len(messages_of(office.database, office.send_id)) == 5
    story = page(asker, office, "")
    assert "Approved by April Approver" in story
    assert "asked for by Sam Sender" in story
    assert "For the meeting." in story


def test_sent_back_the_reason_is_on_home_and_on_the_draft(
    asker: FlaskClient, approver: FlaskClient, office: Office
) -> None:
    path = f"/sends/{office.send_id}/approval/{ask(asker, office)}/send-back"
    answer = approver.post(path, data={"reason": "  "})
    assert answer.status_code == 422
    assert "Write what should be mended" in answer.text
    assert approver.post(path, data={"reason": "The date\nis wrong."}).status_code == 302
    assert "April Approver sent it back" in words(asker.get("/").text)
    assert "Reason: The date is wrong." in words(asker.get("/").text)
    review = page(asker, office, "review")
    assert "Sent back by April Approver" in review
    assert "Ask for approval of 5 e-mails" in review


def test_whoever_may_not_decide_is_refused_by_the_address_too(
    asker: FlaskClient, office: Office, client: FlaskClient
) -> None:
    request_id = office.ask(person=office.admin)
    path = f"/sends/{office.send_id}/approval/{request_id}"
    for act in ("approve", "send-back"):
        assert asker.post(f"{path}/{act}", data={"people": 5, "reason": "x"}).status_code == 403
        answer = client.post(f"{path}/{act}", data={"people": 5, "reason": "x"})
        assert answer.status_code == 422
        assert "You asked for this approval" in answer.text
    assert asker.get(f"{path}/emergency").status_code == 403
    assert asker.post(f"{path}/emergency", data={"reason": "x", "confirmed": "yes"}).status_code == 403
    assert client.post(f"/sends/999/approval/{request_id}/approve").status_code == 404
    assert office.send().state is SendState.AWAITING_APPROVAL


def test_nothing_of_what_waits_can_be_changed_by_any_page(asker: FlaskClient, office: Office) -> None:
    office.ask()
    for step in ("what", "sender", "values", "people"):
        answer = asker.post(f"/sends/{office.send_id}/{step}", data={"value_city": "York", "list": office.list_id})
        assert answer.status_code in {405, 409, 422, 302}
    assert asker.post(f"/sends/{office.send_id}/delete").status_code == 409
    assert asker.get(f"/sends/{office.send_id}/review").location == f"/sends/{office.send_id}"
    assert office.send().state is SendState.AWAITING_APPROVAL
    assert (office.send().values, office.send().changed_by) == ({}, None)


def test_taken_back_it_is_a_draft_again(asker: FlaskClient, office: Office) -> None:
    office.ask()
    answer = asker.post(f"/sends/{office.send_id}/approval/take-back")
    assert answer.location == f"/sends/{office.send_id}/review"
    assert office.send().state is SendState.DRAFT


def test_what_changed_is_said_before_and_after_the_press(approver: FlaskClient, office: Office) -> None:
    request_id = office.ask()
    with office.database.writing() as session:
        add_recipient(session, office.admin, office.list_id, email="new@example.com", name="", data={"city": "Leeds"})
    seen = page(approver, office)
    assert "It is no longer what was put up" in seen
    assert "Since then the list has changed" in seen
    assert "Approve: send" not in seen
    answer = approver.post(f"/sends/{office.send_id}/approval/{request_id}/approve", data={"people": "5"})
    assert answer.status_code == 302
    assert "the approval is cancelled, and it is a draft again" in words(approver.get(answer.location).text)
    assert office.send().state is SendState.DRAFT, "the answer was no error, so it is committed"
    assert office.request(request_id).state is ApprovalState.CANCELLED


def test_who_comes_second_is_told_so(approver: FlaskClient, office: Office) -> None:
    request_id = office.ask()
    office.approve(request_id, office.admin)
    answer = approver.post(f"/sends/{office.send_id}/approval/{request_id}/approve", data={"people": "5"})
    assert answer.status_code == 422
    assert "Somebody approved this already. Nothing was done by you." in words(answer.text)


def test_a_time_that_passed_is_asked_about(approver: FlaskClient, office: Office) -> None:
    request_id = office.ask(options=Options(now() + timedelta(hours=1)))
    with office.database.writing() as session:
        asked = session.get_one(ApprovalRequest, request_id)
        asked.options = {**asked.options, "start_at": (now() - timedelta(minutes=5)).isoformat()}
    assert "Its time has passed" in page(approver, office)
    path = f"/sends/{office.send_id}/approval/{request_id}/approve"
    answer = approver.post(path, data={"people": "5"})
    assert answer.status_code == 422
    assert "Say when it goes out" in answer.text
    answer = approver.post(path, data={"people": "5", "when": "later", "date": "2020-01-01", "time": "09:00"})
    assert answer.status_code == 422
    assert office.send().state is SendState.AWAITING_APPROVAL
    day = (now() + timedelta(days=2)).date().isoformat()
    form = {"people": "5", "when": "later", "date": day, "time": "09:00", "zone": "UTC"}
    assert approver.post(path, data=form).status_code == 302
    assert office.send().start_at is not None
    assert f"{office.send().start_at:%Y-%m-%d %H:%M}" == f"{day} 09:00"


def test_an_emergency_needs_a_reason_and_a_second_press_that_names_the_number(
    client: FlaskClient, office: Office
) -> None:
    request_id = office.ask(person=office.admin)
    assert "Emergency: send without approval" in page(client, office)
    path = f"/sends/{office.send_id}/approval/{request_id}/emergency"
    answer = client.post(path, data={"reason": "", "confirmed": "yes", "people": "5"})
    assert answer.status_code == 422
    assert office.send().state is SendState.AWAITING_APPROVAL
    answer = client.post(path, data={"reason": "The dam breaks."})
    assert answer.status_code == 200
    assert "Send 5 e-mails without approval" in words(answer.text)
    assert office.send().state is SendState.AWAITING_APPROVAL
    form = {name: hidden(answer.text, name) for name in ("reason", "confirmed", "people")}
    assert client.post(path, data=form).status_code == 302
    seen = page(client, office, "")
    assert "Released in an emergency, without approval" in seen
    assert "The dam breaks." in seen


def test_the_rule_is_changed_by_administrators_and_read_by_everybody(
    client: FlaskClient, asker: FlaskClient, office: Office
) -> None:
    seen = asker.get("/sends/approval-rule")
    assert "every send needs approval" in words(seen.text)
    assert "An administrator changes this." in words(seen.text)
    assert asker.post("/sends/approval-rule", data={"scope": "never"}).status_code == 403
    form = {"scope": "some", "above": "100", "lists": [str(office.list_id)], "of_templates": "y", "remind_hours": "2"}
    assert client.post("/sends/approval-rule", data=form).status_code == 302
    seen = client.get("/sends/approval-rule")
    assert "sends to more than 100 people, to Members need approval; publishing a template needs it" in words(seen.text)
    assert f'value="{office.list_id}" checked' in seen.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"scope": "some"}, "Say which sends"),
        ({"scope": "some", "above": "many"}, "Enter a whole number"),
        ({"scope": "perhaps"}, "Choose one of the three"),
        ({"scope": "always", "remind_hours": "0"}, "from 1 to 168"),
        ({"scope": "some", "lists": ["9999"]}, "is gone"),
    ],
)
def test_a_rule_that_is_refused_says_why_and_keeps_what_was_typed(
    client: FlaskClient, office: Office, form: dict[str, object], said: str
) -> None:
    answer = client.post("/sends/approval-rule", data=form)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert "every send needs approval" in words(client.get("/sends/approval-rule").text)


# What an approver looks at


def test_the_sample_shows_the_first_the_last_and_some_by_chance_always_the_same(
    approver: FlaskClient, office: Office
) -> None:
    with office.database.writing() as session:
        people = a_list(session, office.admin, people=some_people(300), name="Many")
        version = a_template_version(session, office.admin)
        send = a_draft_send(session, office.asker, version=version, people=people)
        found = sample_of(session, send, 7)
        ids = list(session.scalars(select(Recipient.id).where(Recipient.list_id == people.id).order_by(Recipient.id)))
        assert (found[0], found[-1]) == (ids[0], ids[-1])
        assert 2 < len(found) <= 2 + BY_CHANCE
        assert found == sorted(set(found))
        assert sample_of(session, send, 7) == found
        assert sample_of(session, send, 8) != found
        assert neighbours_in(found, found[0]) == (None, found[1])
        assert neighbours_in(found, found[-1]) == (found[-2], None)


def test_the_sample_is_rendered_as_it_will_be_sent(approver: FlaskClient, office: Office) -> None:
    office.ask()
    first = approver.get(f"/sends/{office.send_id}/approval/look").text
    assert "What p0@example.com gets" in words(first)
    assert "Hello Person 0" in first
    with office.database.reading() as session:
        last = session.query(Recipient).filter_by(email="p4@example.com").one().id
    look = f"/sends/{office.send_id}/approval/look"
    assert "Next person" not in approver.get(f"{look}?person={last}").text
    framed = approver.get(f"{look}/page?person={last}")
    assert "Dear Person 4, you live in City 4." in framed.text
    office.take_back()
    assert approver.get(look).status_code == 409


def test_what_is_different_from_last_time_is_named(approver: FlaskClient, office: Office) -> None:
    office.rule(ApprovalScope.NEVER)
    with office.database.writing() as session:
        release(session, office.asker, office.send_id, seen=office.seen, again_confirmed=True, undo_seconds=0)
        before = session.get_one(Send, office.send_id)
        template = before.template_version.template  # type: ignore[union-attr]
    with office.database.writing() as session:
        draft = content_of("Goodbye {{ name }}", "<p>Bye {{ name }}</p>", "Bye", ())
        number = session.get_one(type(template), template.id).draft_number
        save_draft(session, office.admin, template.id, draft, number=number)
        version = publish(session, office.admin, template.id)
        people = a_list(session, office.admin, people=some_people(8), name="Everybody")
        send = a_draft_send(
            session,
            office.asker,
            version=version,
            people=people,
            from_name="Mayor",
            headers=[["X-Kind", "news"]],
        )
        change_values(session, office.asker, send.id, {"due": "May"})
        number = send.id
    office.rule(ApprovalScope.ALWAYS)
    seen_mark = reviewed(office.database, office.renderer, office.asker, number).review_fingerprint
    with office.database.writing() as session:
        approving.ask(session, office.asker, number, seen=seen_mark, again_confirmed=True)
    seen = words(approver.get(f"/sends/{number}/approval").text)
    for said in (
        f"Last time was send {office.send_id}",
        "Now there are 3 people more.",
        "It was version 1 of the template, and now it is version 2.",
        "Compare the two versions",
        "Subject : 1 line changed",
        "People Members Everybody",
        "From Office &lt;office@example.com&gt; Mayor &lt;office@example.com&gt;",
        "Header X-Kind none news",
        "Value due none May",
    ):
        assert said in seen, said
