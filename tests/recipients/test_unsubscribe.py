"""The link in an e-mail: one press or one click (RFC 8058) and nobody writes there again, until they undo it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.emails.models import Template
from app.people.models import Person, Workspace
from app.recipients.models import RecipientList, Suppression, SuppressionReason
from app.recipients.suppressions.who import find_suppression, suppress
from app.sends.looking import look_before
from app.sends.models import Outcome, ReviewProblem, Send, SendKind
from app.sends.release import release, would_go_out
from app.sends.review import SPECIMEN_REFERENCE
from tests.factories import (
    a_draft_send,
    a_list,
    a_template_version,
    messages_of,
    released,
    reviewed,
    some_people,
)

ADDRESS = "https://mail.example.org/post"
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
HEADERS = [["List-Unsubscribe", "<{{ unsubscribe_url }}>"], ["List-Unsubscribe-Post", ONE_CLICK]]


@dataclass
class Ground:
    """A send of three e-mails that went out, and a draft to the same list."""

    sent: int
    draft: int
    reference: str
    list: int


@pytest.fixture
def ground(database: Database, actor: Person, renderer: LimitedRenderer) -> Ground:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = ADDRESS
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(3))
        first = a_draft_send(session, actor, version=version, people=people, headers=HEADERS).id
        draft = a_draft_send(session, actor, version=version, people=people, headers=HEADERS).id
        list_id = people.id
    released(database, renderer, actor, first)
    return Ground(first, draft, messages_of(database, first)[1].reference, list_id)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """Somebody at a mail program: forms are checked as in real use."""
    app.config["WTF_CSRF_ENABLED"] = True
    return app.test_client()


def out(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Suppression.email).order_by(Suppression.id)))


def test_looking_at_the_page_changes_nothing(stranger: FlaskClient, database: Database, ground: Ground) -> None:
    for method in ("GET", "HEAD", "GET"):
        answer = stranger.open(f"/u/{ground.reference}", method=method)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert "Harbour Council" in answer.text
    assert "p1@example.com" in answer.text
    assert answer.text.count("<button") == 1
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert out(database) == []


@pytest.mark.parametrize("kind", [FORM, "multipart/form-data"])
def test_one_click_is_answered_without_cookie_or_redirect(
    stranger: FlaskClient, database: Database, ground: Ground, kind: str
) -> None:
    for _ in range(2):  # a mail program may try again
        answer = stranger.post(
            f"/u/{ground.reference}", data={"List-Unsubscribe": "One-Click"}, content_type=kind, follow_redirects=False
        )
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert "Location" not in answer.headers
    assert out(database) == ["p1@example.com"]
    with database.reading() as session:
        notes = session.scalars(
            select(AuditEntry.words).where(AuditEntry.action == "recipient.unsubscribed").order_by(AuditEntry.id)
        ).all()
    assert notes == [f"Somebody unsubscribed from all e-mail, by the link in an e-mail of send {ground.sent}"]


def press(stranger: FlaskClient, url: str, **data: str) -> str:
    """Press a button and follow where it leads, as a browser does; gives the page."""
    answer = stranger.post(url, data=data)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (303, False)
    target = urljoin(f"https://mail.example.org/post{url}", answer.location)
    place, mark, query = target.partition("?")
    assert place == f"https://mail.example.org/post{url}", "also when Postroom stands below a folder"
    return stranger.get(f"{url}{mark}{query}").text


def test_a_person_presses_the_button_and_may_undo_it(stranger: FlaskClient, database: Database, ground: Ground) -> None:
    url = f"/u/{ground.reference}"
    for _ in range(2):
        assert "You get no more e-mail from Harbour Council" in press(stranger, url, do="stop-all")
        assert out(database) == ["p1@example.com"]
    for _ in range(2):
        assert "You get e-mail from Harbour Council at p1@example.com." in press(stranger, url, do="undo-all")
        assert out(database) == []


def test_a_post_that_asks_for_nothing_changes_nothing(
    stranger: FlaskClient, database: Database, ground: Ground
) -> None:
    for data in ({}, {"List-Unsubscribe": "one-click"}, {"do": "everything"}):
        press(stranger, f"/u/{ground.reference}", **data)
    assert out(database) == []


@pytest.mark.parametrize("reference", ["nobody", "x" * 300, "a%00b", "11111111-1111-4111-8111-111111111111"])
@pytest.mark.parametrize("data", [None, {"List-Unsubscribe": "One-Click"}, {"do": "undo-all"}, {}])
def test_an_unknown_link_is_a_friendly_page(
    stranger: FlaskClient, database: Database, ground: Ground, reference: str, data: dict[str, str] | None
) -> None:
    answer = stranger.get(f"/u/{reference}") if data is None else stranger.post(f"/u/{reference}", data=data)
    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert out(database) == []


def test_the_link_of_a_preview_says_that_it_is_an_example(stranger: FlaskClient, database: Database) -> None:
    url = f"/u/{SPECIMEN_REFERENCE}"
    assert "This is an example" in stranger.get(url).text
    assert stranger.post(url, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert out(database) == []


def test_the_link_of_a_test_e_mail_is_an_example_too(stranger: FlaskClient, database: Database, ground: Ground) -> None:
    with database.writing() as session:
        session.get_one(Send, ground.sent).kind = SendKind.TEST
    assert "This is an example" in stranger.get(f"/u/{ground.reference}").text
    assert stranger.post(f"/u/{ground.reference}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert out(database) == []


def test_the_address_of_the_page_stays_private(stranger: FlaskClient, ground: Ground) -> None:
    for answer in (
        stranger.get(f"/u/{ground.reference}"),
        stranger.post(f"/u/{ground.reference}", data={"List-Unsubscribe": "One-Click"}),
        stranger.get("/u/nobody"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_it_works_after_list_and_template_are_gone(stranger: FlaskClient, database: Database, ground: Ground) -> None:
    with database.writing() as session:
        session.delete(session.get_one(RecipientList, ground.list))
        for template in session.scalars(select(Template)):
            template.is_archived = True
    assert stranger.post(f"/u/{ground.reference}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert out(database) == ["p1@example.com"]


def test_nobody_else_is_taken_off_and_no_other_department(database: Database, actor: Person, ground: Ground) -> None:
    with database.writing() as session:
        other = Workspace(name="Parks")
        session.add(other)
        session.flush()
        assert suppress(session, actor.workspace_id, "P1@Example.com", SuppressionReason.OPT_OUT)
        assert not suppress(session, actor.workspace_id, "p1@example.com", SuppressionReason.OPT_OUT)
        assert find_suppression(session, other.id, "p1@example.com") is None
        assert find_suppression(session, actor.workspace_id, "p0@example.com") is None
        assert find_suppression(session, actor.workspace_id, "p1@EXAMPLE.com") is not None


def test_the_review_leaves_out_who_unsubscribed_and_says_when(
    stranger: FlaskClient, database: Database, actor: Person, renderer: LimitedRenderer, ground: Ground
) -> None:
    stranger.post(f"/u/{ground.reference}", data={"List-Unsubscribe": "One-Click"})
    send = reviewed(database, renderer, actor, ground.draft)
    with database.reading() as session:
        (problem,) = session.scalars(select(ReviewProblem).where(ReviewProblem.send_id == send.id)).all()
        at = session.scalars(select(Suppression.created_at)).one()
        assert would_go_out(session, send) == 2
    assert (problem.code, problem.email) == ("opted_out", "p1@example.com")
    assert problem.words == f"p1@example.com unsubscribed on {at:%-d %b %Y}."
    released(database, renderer, actor, ground.draft)
    states = {one.email: (one.state, one.reason) for one in messages_of(database, ground.draft)}
    assert states["p1@example.com"] == (Outcome.SKIPPED, "opted_out")
    assert [state for state, _ in states.values()].count(Outcome.PENDING) == 2


def test_who_unsubscribes_between_review_and_release_is_skipped(
    client: FlaskClient,
    stranger: FlaskClient,
    database: Database,
    actor: Person,
    renderer: LimitedRenderer,
    ground: Ground,
) -> None:
    send = reviewed(database, renderer, actor, ground.draft)
    stranger.post(f"/u/{ground.reference}", data={"List-Unsubscribe": "One-Click"})
    assert "Send 2 e-mails" in client.get(f"/sends/{send.id}/review").text
    with database.writing() as session:
        release(session, actor, send.id, seen=send.review_fingerprint, again_confirmed=True, undo_seconds=0)
    skipped = [one for one in messages_of(database, send.id) if one.state is Outcome.SKIPPED]
    assert [(one.email, one.reason) for one in skipped] == [("p1@example.com", "opted_out")]
    assert "p1@example.com unsubscribed on" in client.get(f"/sends/{send.id}/messages/{skipped[0].id}").text


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_a_direct_send_to_somebody_who_unsubscribed_is_kept_back(
    database: Database, actor: Person, renderer: LimitedRenderer, field: str
) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "gone@example.com", SuppressionReason.OPT_OUT)
        version = a_template_version(session, actor)
        addresses = {"to": [["anna@example.com", ""]], field: [["Gone@example.com", ""]]}
        send_id = a_draft_send(session, actor, version=version, values={"city": "Hull"}, **addresses).id
    send = reviewed(database, renderer, actor, send_id)
    with database.reading() as session:
        assert session.scalars(select(ReviewProblem.code).where(ReviewProblem.send_id == send_id)).all() == [
            "opted_out"
        ]
        assert would_go_out(session, send) == 0


def test_a_link_that_belongs_to_one_person_does_not_go_to_several(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = ADDRESS
        version = a_template_version(session, actor)
        several = {"to": [["anna@example.com", ""], ["ben@example.com", ""]], "values": {"city": "Hull"}}
        send_id = a_draft_send(session, actor, version=version, headers=HEADERS, **several).id
    reviewed(database, renderer, actor, send_id)
    with database.reading() as session:
        codes = session.scalars(select(ReviewProblem.code).where(ReviewProblem.send_id == send_id)).all()
    assert codes == ["shared_unsubscribe"]


def test_everybody_gets_a_link_of_their_own(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: Ground
) -> None:
    with database.reading() as session:
        look = look_before(session, renderer, session.get_one(Send, ground.draft), None)
        assert look.request is not None
        assert dict(look.request.headers)["List-Unsubscribe"].startswith(f"<{ADDRESS}/u/{SPECIMEN_REFERENCE}")
    assert {len(one.reference) for one in messages_of(database, ground.sent)} == {len(SPECIMEN_REFERENCE)}


def test_without_a_public_address_the_review_says_who_must_do_what(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: Ground
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = ""
    reviewed(database, renderer, actor, ground.draft)
    with database.reading() as session:
        words = session.scalars(select(ReviewProblem.words).where(ReviewProblem.send_id == ground.draft)).all()
    assert len(words) == 1
    assert "an administrator first gives" in words[0]
