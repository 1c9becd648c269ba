"""Kind of notice and service notice: taken from the template, changed on a draft, declared by approvers alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.db import Database
from app.emails import notices as of_templates
from app.emails.limits import LimitedRenderer
from app.emails.publishing import publish
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import suppress
from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.notices import ServiceScope
from app.recipients.unsubscribing.topics import add_topic, retire_topic, stop_topic
from app.refusals import Refused
from app.sends import compose, notices
from app.sends.models import Outcome, ReviewProblem, ReviewState, Send, SendKind
from app.sends.release import would_go_out
from tests.conftest import PASSWORD, signed_in
from tests.factories import a_list, a_template_version, messages_of, released, reviewed, some_people


@dataclass
class Ground:
    """A template of a kind, a list of four people, and a draft send begun with them."""

    template: int
    version: int
    list: int
    topic: Topic
    send: int


@pytest.fixture
def ground(database: Database, actor: Person) -> Ground:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = "https://mail.example.org"
        topic = add_topic(session, actor, {"en": ("Appointments", "")})
        version = a_template_version(session, actor)
        of_templates.change_topic(session, actor, version.template_id, topic.id)
        people = a_list(session, actor, people=some_people(4))
        send = compose.start_send(session, actor, version_id=version.id, kind=SendKind.LIST, list_id=people.id)
        send.from_address = "office@example.com"
        return Ground(version.template_id, version.id, people.id, topic, send.id)


def the_send(database: Database, send_id: int) -> Send:
    with database.reading() as session:
        return session.get_one(Send, send_id)


def another(database: Database, actor: Person, ground: Ground, version_id: int | None = None) -> Send:
    with database.writing() as session:
        return compose.start_send(
            session, actor, version_id=version_id or ground.version, kind=SendKind.LIST, list_id=ground.list
        )


def test_a_send_takes_the_kind_of_its_template_and_may_change_it(
    database: Database, actor: Person, ground: Ground
) -> None:
    assert the_send(database, ground.send).topic_id == ground.topic.id
    with database.writing() as session:
        session.get_one(Send, ground.send).review_state = ReviewState.DONE
        notices.change_topic(session, actor, ground.send, 0)
    send = the_send(database, ground.send)
    assert (send.topic_id, send.review_state) == (None, ReviewState.NONE), "a changed draft is reviewed again"


def test_a_retired_kind_stays_where_it_is_and_is_not_chosen_anew(
    database: Database, actor: Person, ground: Ground
) -> None:
    with database.writing() as session:
        retire_topic(session, actor, ground.topic.id, retired=True)
        notices.change_topic(session, actor, ground.send, ground.topic.id)
        notices.change_topic(session, actor, ground.send, 0)
        with pytest.raises(Refused):
            notices.change_topic(session, actor, ground.send, ground.topic.id)


def test_staff_cannot_declare_a_service_notice(
    database: Database, actor: Person, staff: Person, staff_client: FlaskClient, ground: Ground
) -> None:
    with database.writing() as session:
        for declare, number in ((notices.declare, ground.send), (of_templates.declare, ground.template)):
            with pytest.raises(Refused, match="Only an approver"):
                declare(session, staff, number, ServiceScope.KIND, "Because.")
    for url in (f"/sends/{ground.send}/notice", f"/templates/{ground.template}/notice"):
        page = staff_client.get(url)
        assert page.status_code == 200
        assert "Only an approver declares a service notice." in page.text
        forged = staff_client.post(url, data={"topic": "0", "scope": "all", "reason": "x"})
        assert forged.status_code == 422 and "Only an approver declares" in forged.text
    send = the_send(database, ground.send)
    assert (send.service_scope, send.topic_id) == (ServiceScope.NONE, ground.topic.id)


@pytest.mark.parametrize("role", [Role.APPROVER, Role.ADMINISTRATOR])
def test_whoever_may_approve_declares_a_service_notice(
    app: Flask, database: Database, actor: Person, ground: Ground, role: Role
) -> None:
    with database.writing() as session:
        workspace = session.get_one(Workspace, actor.workspace_id)
        add_person(session, workspace, email="appro@example.com", name="Appro", password=PASSWORD, role=role)
        person = session.scalars(select(Person).order_by(Person.id.desc()).limit(1)).one()
    client = signed_in(app, person)
    for url in (f"/sends/{ground.send}/notice", f"/templates/{ground.template}/notice"):
        assert "Is it a service notice?" in client.get(url).text
        given = {"topic": ground.topic.id, "scope": "kind", "reason": "The contract says so."}
        assert client.post(url, data=given).status_code == 302
    assert the_send(database, ground.send).service_scope is ServiceScope.KIND
    assert another(database, actor, ground).service_scope is ServiceScope.KIND


def test_kind_and_service_notice_are_saved_together_and_nothing_typed_is_dropped(
    client: FlaskClient, database: Database, actor: Person, ground: Ground
) -> None:
    with database.writing() as session:
        other = add_topic(session, actor, {"en": ("Parking", "")})
    url = f"/sends/{ground.send}/notice"
    wrong = client.post(url, data={"topic": other.id, "scope": "all", "reason": ""})
    assert wrong.status_code == 422 and f'selected value="{other.id}"' in wrong.text
    assert the_send(database, ground.send).topic_id == ground.topic.id, "all of it, or nothing"
    unsaid = client.post(url, data={"topic": other.id, "scope": "none", "reason": "A reason for nothing"})
    assert unsaid.status_code == 422 and "A reason for nothing" in unsaid.text
    assert client.post(url, data={"topic": other.id, "scope": "all", "reason": "Law."}).status_code == 302
    send = the_send(database, ground.send)
    assert (send.topic_id, send.service_scope, send.service_reason) == (other.id, ServiceScope.ALL, "Law.")
    assert client.post(url, data={"topic": 0, "scope": "all", "reason": "Law."}).status_code == 302
    assert client.post(url, data={"topic": 0, "scope": "none", "reason": "Law."}).status_code == 302
    send = the_send(database, ground.send)
    assert (send.topic_id, send.service_scope, send.service_reason) == (None, ServiceScope.NONE, "")
    with database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("send.%"))).all()
    assert (actions.count("send.topic"), actions.count("send.service_notice")) == (2, 2), "what changed, and no more"


def test_saving_the_kind_declares_no_newer_version_unless_asked(
    client: FlaskClient, database: Database, actor: Person, ground: Ground
) -> None:
    with database.writing() as session:
        of_templates.declare(session, actor, ground.template, ServiceScope.KIND, "Invoice.")
        newer = publish(session, actor, ground.template).id
    url, given = f"/templates/{ground.template}/notice", {"topic": 0, "scope": "kind", "reason": "Invoice."}
    assert "Save, and declare the newest version" in client.get(url).text
    assert client.post(url, data=given).status_code == 302
    assert another(database, actor, ground, newer).service_scope is ServiceScope.NONE
    assert client.post(url, data={**given, "again": "1"}).status_code == 302
    assert another(database, actor, ground, newer).service_scope is ServiceScope.KIND
    assert "Save, and declare the newest version" not in client.get(url).text


def test_a_declaration_needs_a_reason_and_stands_in_the_trail(
    client: FlaskClient, database: Database, ground: Ground
) -> None:
    url = f"/sends/{ground.send}/notice"
    missing = client.post(url, data={"scope": "all", "reason": "  "})
    assert missing.status_code == 422
    assert "Say why people must get this" in missing.text
    assert client.post(url, data={"scope": "everything", "reason": "x"}).status_code == 422
    assert client.post(url, data={"scope": "kind", "reason": "x" * 501}).status_code == 422
    assert client.post(url, data={"scope": "kind", "reason": "The contract says so."}).status_code == 302
    send = the_send(database, ground.send)
    assert (send.service_scope, send.service_reason) == (ServiceScope.KIND, "The contract says so.")
    with database.reading() as session:
        words = session.scalars(select(AuditEntry.words).where(AuditEntry.action == "send.service_notice")).one()
    assert "declared a service notice" in words
    assert words.endswith("The contract says so.")
    review = client.get(f"/sends/{ground.send}/review").text
    assert "A service notice: it also goes to people who stopped this kind" in review
    assert "The contract says so." in review


def test_a_declared_template_covers_what_is_published_and_nothing_later(
    database: Database, actor: Person, ground: Ground
) -> None:
    with database.writing() as session:
        of_templates.declare(session, actor, ground.template, ServiceScope.KIND, "Invoice.")
    assert another(database, actor, ground).service_scope is ServiceScope.KIND
    with database.writing() as session:
        newer = publish(session, actor, ground.template).id
    assert another(database, actor, ground, newer).service_scope is ServiceScope.NONE
    assert another(database, actor, ground).service_scope is ServiceScope.KIND
    first = another(database, actor, ground)
    with database.writing() as session:
        compose.change_what(session, actor, first.id, version_id=newer, list_id=ground.list, addresses={})
    changed = the_send(database, first.id)
    assert (changed.service_scope, changed.topic_id) == (ServiceScope.NONE, ground.topic.id)


def test_only_what_is_published_can_be_declared(database: Database, actor: Person, client: FlaskClient) -> None:
    from app.emails.templates import create_template

    with database.writing() as session:
        template_id = create_template(session, actor, "Unpublished").id
    answer = client.post(f"/templates/{template_id}/notice", data={"scope": "all", "reason": "Law."})
    assert answer.status_code == 422
    assert "Publish the template first" in answer.text


@pytest.mark.parametrize(
    ("scope", "left_out"),
    [
        (ServiceScope.NONE, {"p0@example.com": "topic_opted_out", "p1@example.com": "opted_out"}),
        (ServiceScope.KIND, {"p1@example.com": "opted_out"}),
        (ServiceScope.ALL, {}),
    ],
)
def test_review_count_and_release_agree_on_who_is_left_out(
    database: Database,
    actor: Person,
    renderer: LimitedRenderer,
    client: FlaskClient,
    ground: Ground,
    scope: ServiceScope,
    left_out: dict[str, str],
) -> None:
    with database.writing() as session:
        send = session.get_one(Send, ground.send)
        send.service_scope, send.service_reason = scope, "Reason."
        stop_topic(session, session.get_one(Topic, ground.topic.id), "P0@example.com")
        suppress(session, actor.workspace_id, "p1@example.com", SuppressionReason.OPT_OUT)
        suppress(session, actor.workspace_id, "p2@example.com", SuppressionReason.COMPLAINT)
    left_out = {**left_out, "p2@example.com": "complained"}
    send = reviewed(database, renderer, actor, ground.send)
    with database.reading() as session:
        problems = session.execute(
            select(ReviewProblem.email, ReviewProblem.code).where(ReviewProblem.send_id == send.id)
        )
        assert dict(problems.all()) == left_out
        assert would_go_out(session, send) == 4 - len(left_out)
    released(database, renderer, actor, ground.send)
    skipped = {one.email: one.reason for one in messages_of(database, send.id) if one.state is Outcome.SKIPPED}
    assert skipped == left_out
    page = client.get(f"/sends/{send.id}").text
    if "p0@example.com" in left_out:
        assert "p0@example.com stopped “Appointments” on" in page


def test_who_stops_it_between_review_and_release_is_counted_out(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: Ground
) -> None:
    send = reviewed(database, renderer, actor, ground.send)
    with database.writing() as session:
        stop_topic(session, session.get_one(Topic, ground.topic.id), "p3@example.com")
    with database.reading() as session:
        assert would_go_out(session, send) == 3


def test_the_public_address_of_the_release_is_kept(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: Ground
) -> None:
    released(database, renderer, actor, ground.send)
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = "https://elsewhere.example.net"
    assert the_send(database, ground.send).public_url == "https://mail.example.org"


def test_staff_choose_the_kind_on_the_pages(staff_client: FlaskClient, database: Database, ground: Ground) -> None:
    assert "Appointments" in staff_client.get(f"/sends/{ground.send}/review").text
    assert staff_client.post(f"/sends/{ground.send}/notice", data={"topic": "0"}).status_code == 302
    assert "none: people can only stop all" in staff_client.get(f"/sends/{ground.send}/review").text
    assert staff_client.post(f"/sends/{ground.send}/notice", data={"topic": "999"}).status_code == 422
    url = f"/templates/{ground.template}/notice"
    assert staff_client.post(url, data={"topic": "0"}).status_code == 302
    assert staff_client.post(url, data={"topic": "x"}).status_code == 302
    assert staff_client.post(url, data={"topic": "999"}).status_code == 422
