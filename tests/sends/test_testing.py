"""Test e-mails: a real e-mail to a few people, with a chosen recipient's data, that says it is a test."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import Database
from app.emails import publishing, templates
from app.emails.content import Content, TemplateFile, Variant, content_of
from app.emails.files import store
from app.emails.limits import LimitedRenderer
from app.emails.models import TemplateVersion
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients.checking import NewRecipient
from app.recipients.models import RecipientList
from app.refusals import NotThere, Refused
from app.sends import compose, results, testers, testing
from app.sends.looking import look_after
from app.sends.models import Message, Outcome, Send, SendKind, SendState, TestGroup
from app.sends.release import sent_before
from app.sends.testing import CannotTest, Choice, Specimen, What
from app.settings import Settings
from tests.delivery.conftest import simulator, simulator_of_this_process  # noqa: F401
from tests.delivery.ground import Ground
from tests.factories import a_draft_send, a_list, a_sender, messages_of
from tests.simulator_process import RunningSimulator

DRAFT = content_of(
    "Hello {{ name }}",
    "<p>Dear {{ name }} of {{ city }}, {{ email }}</p>",
    headers=(("X-City", "{{ city }}"),),
    examples={"city": "Leeds"},
)


class Desk:
    """A template, a sender and a list; sends tests by the rule."""

    def __init__(self, database: Database, actor: Person, renderer: LimitedRenderer, draft: Content) -> None:
        self.database, self.actor, self.renderer = database, actor, renderer
        people = [NewRecipient("anna@example.net", "Anna Abbott", {"city": "York", "language": "fr"})]
        with database.writing() as session:
            self.template = templates.create_template(session, actor, "Notice", draft).id
            self.sender = a_sender(session, actor).id
            self.list = a_list(session, actor, people=people, name="Members", columns=["city", "language"]).id

    def choice(self, *emails: str, **fields: Any) -> Choice:
        found = [(email, "") for email in emails] or [("ada@example.com", "Ada Admin")]
        return Choice(self.template, self.sender, found, **fields)

    def send(self, *emails: str, **fields: Any) -> Send:
        with self.database.writing() as session:
            return testing.send_test(session, self.actor, self.renderer, self.choice(*emails, **fields))

    def recipient(self, **how: Any) -> Specimen:
        with self.database.reading() as session:
            return testing.recipient(session, self.actor, self.list, **how)

    def save(self, draft: Content) -> None:
        with self.database.writing() as session:
            number = templates.find_template(session, self.actor, self.template).draft_number
            templates.save_draft(session, self.actor, self.template, draft, number=number)

    def publish(self) -> TemplateVersion:
        with self.database.writing() as session:
            return publishing.publish(session, self.actor, self.template)

    def snapshots(self) -> int:
        with self.database.reading() as session:
            query = select(func.count()).where(TemplateVersion.number.is_(None))
            return session.scalar(query.select_from(TemplateVersion)) or 0

    def shown(self, send: Send) -> Any:
        """The request of a test's first message, as its page shows it."""
        (message, *_) = messages_of(self.database, send.id)
        with self.database.reading() as session:
            found = look_after(session, self.renderer, session.get_one(Send, send.id), message).request
        assert found is not None
        return found


@pytest.fixture
def desk(database: Database, actor: Person, renderer: LimitedRenderer) -> Desk:
    return Desk(database, actor, renderer, DRAFT)


def nothing_is_queued(database: Database) -> bool:
    with database.reading() as session:
        return not any(session.scalar(select(func.count()).select_from(one)) for one in (Send, Message))


def test_a_test_arrives_marked_and_proven(
    settings: Settings,
    database: Database,
    actor: Person,
    renderer: LimitedRenderer,
    simulator: RunningSimulator,  # noqa: F811
) -> None:
    ground, desk = Ground(settings, database, actor, simulator.base_url), Desk(database, actor, renderer, DRAFT)
    send = desk.send("ada@example.net", "ben@example.net", specimen=desk.recipient())
    assert (send.kind, send.state, send.start_at) == (SendKind.TEST, SendState.SCHEDULED, send.released_at)
    assert ground.deliver(send.id) is SendState.FINISHED
    assert ground.tally(send.id) == {Outcome.DELIVERED: 2}
    mails = simulator.messages()
    assert {mail["To"][0]["Address"] for mail in mails} == {"ada@example.net", "ben@example.net"}
    assert {mail["Subject"] for mail in mails} == {"[Test] Hello Anna Abbott"}
    (request, _) = simulator.requests()
    with database.reading() as session:
        for message in ground.messages(send.id):
            look = look_after(session, renderer, session.get_one(Send, send.id), message)
            assert look.is_proven and look.request is not None
            assert look.request.html == "<p>Dear Anna Abbott of York, anna@example.net</p>"
            assert dict(look.request.headers)["X-Postroom-Test"] == "yes"
            assert dict(look.request.headers)["X-City"] == "York"
    assert request["sha256"] in {message.body_sha256 for message in ground.messages(send.id)}


def test_with_the_examples_the_address_and_name_are_the_testers_own(desk: Desk) -> None:
    assert desk.shown(desk.send()).html == "<p>Dear Ada Admin of Leeds, ada@example.com</p>"


def test_the_draft_is_tested_as_it_is_saved_and_kept_as_a_snapshot_once(desk: Desk) -> None:
    desk.publish()
    desk.save(content_of("New {{ name }}", "<p>new</p>"))
    first, second = desk.send(), desk.send()
    assert desk.shown(first).subject == "[Test] New Ada Admin"
    assert first.template_version_id == second.template_version_id
    assert desk.snapshots() == 1
    desk.save(content_of("Newer", "<p>newer</p>"))
    assert desk.send().template_version_id != first.template_version_id
    assert desk.shown(first).subject == "[Test] New Ada Admin"
    with desk.database.reading() as session:
        assert [one.number for one in templates.newest_versions(session, desk.actor)] == [1]


def test_the_newest_version_is_tested_without_a_snapshot(desk: Desk) -> None:
    version = desk.publish()
    desk.save(content_of("New", "<p>new</p>"))
    assert desk.send(what=What.NEWEST).template_version_id == version.id
    assert desk.snapshots() == 0


@pytest.mark.parametrize("what", [What.DRAFT, What.NEWEST])
@pytest.mark.parametrize("column", ["", "language"])
def test_a_language_can_be_chosen(
    database: Database, actor: Person, renderer: LimitedRenderer, what: What, column: str
) -> None:
    words = {"en": Variant("Hello", body="<p>Hello</p>"), "fr": Variant("Bonjour", body="<p>Bonjour</p>")}
    desk = Desk(database, actor, renderer, Content(variants=words, language_column=column))
    desk.publish()
    assert desk.shown(desk.send(what=what)).subject == "[Test] Hello"
    assert desk.shown(desk.send(what=what, language="fr")).subject == "[Test] Bonjour"
    data_leads_to = {"": "[Test] Hello", "language": "[Test] Bonjour"}[column]
    assert desk.shown(desk.send(what=what, specimen=desk.recipient())).subject == data_leads_to
    with pytest.raises(Refused) as refusal:
        desk.send(what=what, language="de")
    assert refusal.value.field == "language"


def test_the_templates_files_go_along(desk: Desk) -> None:
    with desk.database.writing() as session:
        stored = store(session, b"hello")
        file = TemplateFile("a.txt", "text/plain", stored.sha256, stored.size)
    desk.save(replace(DRAFT, files=(file,)))
    assert [one.filename for one in desk.shown(desk.send()).attachments] == ["a.txt"]


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (content_of("Hi", "<p>{{ street }} {{ town }}</p>"), "Type values for street, town: the chosen data has none."),
        (content_of("Hi", "<p>{% if</p>"), "Body, line 1: the template cannot be read"),
        (content_of("", "<p>x</p>"), "Subject: write a subject."),
        (content_of("Hi", "<p>{{ ''.__class__ }}</p>"), "not allowed"),
        (
            content_of("Hi", "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}{% endfor %}"
                             "{% endfor %}{% endfor %}"), "too long"
        ),
        (content_of("x" * 999, "<p>x</p>"), "998"),
        (content_of("Hi", "<p>x</p>", headers=(("X-Long", "{{ 'x' * 3000 }}"),)), "X-Long"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_said_before_anything_is_queued(desk: Desk, draft: Content, words: str) -> None:
    desk.save(draft)
    with pytest.raises(CannotTest) as refusal:
        desk.send()
    assert words in " ".join(refusal.value.problems)
    assert nothing_is_queued(desk.database)


def test_values_can_be_given_for_what_the_data_lacks(desk: Desk) -> None:
    desk.save(content_of("Hi", "<p>{{ street }}, {{ city }}</p>"))
    choice = desk.choice(specimen=desk.recipient())
    with desk.database.reading() as session:
        assert testing.asked_for(session, desk.actor, desk.renderer, choice) == ["street"]
    values = {"street": "Quay Street", "city": "not this one"}
    assert desk.shown(desk.send(specimen=desk.recipient(), values=values)).html == "<p>Quay Street, York</p>"


def test_in_trial_mode_only_the_team_gets_it(desk: Desk) -> None:
    with desk.database.writing() as session:
        session.get_one(Workspace, desk.actor.workspace_id).is_live = False
    send = desk.send("ada@example.com", "stranger@example.net")
    assert [(one.state, one.reason) for one in messages_of(desk.database, send.id)] == [
        (Outcome.PENDING, ""),
        (Outcome.SKIPPED, "trial_mode"),
    ]
    assert desk.send("stranger@example.net").state is SendState.FINISHED


def test_a_test_is_called_one_and_does_not_count_as_sent_before(desk: Desk) -> None:
    version = desk.publish()
    send = desk.send("ada@example.com", "ben@example.com", what=What.NEWEST, specimen=desk.recipient())
    with desk.database.writing() as session:
        assert results.title_of(session.get_one(Send, send.id)) == "Test of Notice to ada@example.com and 1 other"
        real = Send(
            workspace_id=desk.actor.workspace_id, kind=SendKind.LIST, list_id=desk.list, template_version_id=version.id
        )
        session.add(real)
        session.flush()
        assert sent_before(session, real) is None


def test_a_removed_sender_sends_nothing(desk: Desk) -> None:
    with pytest.raises(Refused) as refusal, desk.database.writing() as session:
        testing.send_test(session, desk.actor, desk.renderer, replace(desk.choice(), sender_id=99))
    assert refusal.value.field == "sender"


def test_a_send_is_tested_with_its_own_headers_values_and_files(desk: Desk) -> None:
    version = desk.publish()
    with desk.database.writing() as session:
        draft = a_draft_send(
            session, desk.actor, version=version, headers=[["X-Own", "{{ room }}"]], values={"room": "7"}
        )
        draft_id = draft.id
        compose.add_attachment(session, desk.actor, draft_id, "b.txt", b"hello")
    send = desk.send(what=What.SEND, send_id=draft_id, specimen=desk.recipient())
    shown = desk.shown(send)
    assert (dict(shown.headers)["X-Own"], [one.filename for one in shown.attachments]) == ("7", ["b.txt"])
    assert send.template_version_id == version.id
    with desk.database.writing() as session:
        session.get_one(Send, draft_id).state = SendState.SENDING
    with pytest.raises(Refused):
        desk.send(what=What.SEND, send_id=draft_id)


# Testers and groups


def find(session: Session, actor: Person, **fields: Any) -> list[tuple[str, str]]:
    return testers.testers(session, actor, **{"myself": False, **fields})


def test_testers_are_myself_typed_addresses_and_a_group_each_once(session: Session, actor: Person) -> None:
    group = testers.save_group(session, actor, "Editors", "Ben Baker <ben@example.net>; cleo@example.net")
    found = find(session, actor, myself=True, typed="ADA@example.com, dora@example.net", group_id=group.id)
    assert found == [
        ("ada@example.com", "Ada Admin"),
        ("dora@example.net", ""),
        ("ben@example.net", "Ben Baker"),
        ("cleo@example.net", ""),
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Tick yourself"),
        ({"typed": "not an address"}, "cannot be read"),
        ({"typed": ",".join(f"p{n}@example.net" for n in range(11))}, "at most 10"),
        ({"typed": ",".join(f"p{n}@example.net" for n in range(10)), "myself": True}, "at most 10"),
    ],
)
def test_bad_testers_are_refused(session: Session, actor: Person, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refusal:
        find(session, actor, **fields)
    assert words in refusal.value.words


def test_groups_are_changed_and_removed(session: Session, actor: Person) -> None:
    group = testers.save_group(session, actor, "Editors", "ben@example.net")
    for name in ("", "EDITORS", "x" * 101):
        with pytest.raises(Refused):
            testers.save_group(session, actor, name, "ben@example.net")
    testers.change_group(session, actor, group.id, "Readers", "cleo@example.net")
    assert find(session, actor, group_id=group.id) == [("cleo@example.net", "")]
    assert testers.remove_group(session, actor, group.id) == "Readers"
    assert testers.groups(session, actor) == []


def test_another_workspace_sees_no_group(session: Session, actor: Person) -> None:
    class Stranger:
        id, workspace_id = 1, 999

    group = testers.save_group(session, actor, "Editors", "ben@example.net")
    assert testers.groups(session, Stranger()) == []
    with pytest.raises(NotThere):
        testers.find_group(session, Stranger(), group.id)


# Pages


def form(desk: Desk, **change: str) -> dict[str, str]:
    return {"myself": "y", "what": "draft", "whose": "examples", "sender": str(desk.sender), **change}


def test_the_page_sends_a_test_to_myself(client: FlaskClient, desk: Desk) -> None:
    page = client.get(f"/sends/test?template={desk.template}").text
    assert "Nothing is missing" in page and "checked" in page and "ada@example.com" in page
    answer = client.post(f"/sends/test?template={desk.template}", data=form(desk))
    assert answer.status_code == 302
    shown = client.get(answer.location).text
    assert "Test of Notice to ada@example.com" in shown and "Send another test" in shown
    (message,) = messages_of(desk.database, int(answer.location.rsplit("/", 1)[1]))
    seen = client.get(f"{answer.location}/messages/{message.id}").text
    assert "Test e-mail to ada@example.com" in seen and "[Test] Hello Ada Admin" in seen
    assert ">Test</span>" in client.get("/").text
    assert ">Test</span>" in client.get("/sends/").text
    assert "Test e-mail of “Notice” sent to 1" in client.get("/activity").text


def test_the_preview_leads_to_the_page_with_its_recipient_and_language(client: FlaskClient, desk: Desk) -> None:
    page = client.get(f"/sends/test?template={desk.template}&list={desk.list}&person=1&variant=en").text
    assert "With the data of anna@example.net" in page


def test_the_review_leads_to_a_test_of_the_send(client: FlaskClient, desk: Desk) -> None:
    version = desk.publish()
    with desk.database.writing() as session:
        people = session.get_one(RecipientList, desk.list)
        draft = a_draft_send(
            session,
            desk.actor,
            version=version,
            people=people,
            headers=[["X-Own", "yes"]],
            sender_identity_id=desk.sender,
        )
    review = client.get(f"/sends/{draft.id}/review").text
    link = re.search(r'href="(/sends/test[^"]*)"', review)
    assert link
    page = client.get(link[1].replace("&amp;", "&")).text
    assert "The send, with its headers, values and files" in page and "With the data of anna@example.net" in page
    answer = client.post(f"/sends/test?template={desk.template}&send={draft.id}", data=form(desk, what="send"))
    assert answer.status_code == 302
    with desk.database.reading() as session:
        assert session.get_one(Send, int(answer.location.rsplit("/", 1)[1])).headers == [["X-Own", "yes"]]


def test_missing_values_are_asked_for_and_what_was_typed_stays(client: FlaskClient, desk: Desk) -> None:
    desk.save(content_of("Hi", "<p>{{ street }}</p>"))
    assert 'name="value_street"' in client.get(f"/sends/test?template={desk.template}").text
    refused = client.post(
        f"/sends/test?template={desk.template}",
        data=form(desk, addresses="ben@example.net", value_street="", group_name="Editors"),
    )
    assert refused.status_code == 422
    assert "Type a value for street" in refused.text and "ben@example.net" in refused.text
    assert nothing_is_queued(desk.database)
    data = form(desk, addresses="ben@example.net", value_street="Quay Street", group_name="Editors")
    sent = client.post(f"/sends/test?template={desk.template}", data=data)
    assert sent.status_code == 302
    with desk.database.reading() as session:
        (group,) = session.scalars(select(TestGroup))
        assert (group.name, group.addresses) == ("Editors", ["ben@example.net"])
    assert "Editors (1)" in client.get(f"/sends/test?template={desk.template}").text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"myself": ""}, "Tick yourself"),
        ({"addresses": "nonsense"}, "cannot be read"),
        ({"group": "77"}, "This group was removed"),
        ({"sender": "77"}, "Choose a sender."),
        ({"whose": "recipient", "list": "77"}, "Choose a list."),
        ({"whose": "recipient", "find": "zzz"}, "begins with “zzz”"),
        ({"what": "newest"}, "has no version yet"),
        ({"group_name": "Editors"}, "Type at least one address for the group."),
        ({"language": "xx"}, "There is no"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_nothing_is_sent(
    client: FlaskClient, desk: Desk, change: dict[str, str], words: str
) -> None:
    data = {name: value for name, value in form(desk, list=str(desk.list)).items() if value} | change
    if not data["myself"]:
        del data["myself"]
    answer = client.post(f"/sends/test?template={desk.template}", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert nothing_is_queued(desk.database)


def test_the_values_follow_the_choice(client: FlaskClient, desk: Desk) -> None:
    desk.publish()
    desk.save(content_of("Hi", "<p>{{ street }}</p>"))
    url = f"/sends/test/values?template={desk.template}"
    assert 'name="value_street"' in client.post(url, data=form(desk)).text
    assert 'name="value_street"' not in client.post(url, data=form(desk, what="newest")).text
    with_recipient = form(desk, whose="recipient", list=str(desk.list), find="ann")
    assert "With the data of anna@example.net" in client.post(url, data=with_recipient).text
    desk.save(content_of("Hi", "<p>{% if</p>"))
    assert "cannot be read" in client.post(url, data=form(desk)).text


def test_a_group_can_be_renamed_and_removed_on_its_page(client: FlaskClient, app: Flask, desk: Desk) -> None:
    with desk.database.writing() as session:
        group = testers.save_group(session, desk.actor, "Editors", "ben@example.net").id
    data = {f"group-{group}-group_name": "Readers", f"group-{group}-addresses": "cleo@example.net"}
    assert client.post(f"/sends/test/groups/{group}", data=data).status_code == 302
    assert "Readers" in client.get("/sends/test/groups").text
    refused = client.post(f"/sends/test/groups/{group}", data={**data, f"group-{group}-group_name": ""})
    assert refused.status_code == 422 and "Give the group a name." in refused.text
    client.post(f"/sends/test/groups/{group}/remove")
    assert "No groups yet" in client.get("/sends/test/groups").text


def test_without_a_template_the_page_asks_for_one(client: FlaskClient, desk: Desk) -> None:
    assert "Notice" in client.get("/sends/test").text
    assert client.get("/sends/test?template=999").status_code == 404


def test_an_editor_tests_with_colleagues_and_with_nobody_else(session: Session, actor: Person) -> None:
    editor = add_person(
        session,
        session.merge(actor.workspace),
        email="edda@example.com",
        name="Edda",
        password="a long password for tests",
        role=Role.EDITOR,
    )
    typed = f"{actor.email.upper()}\nsomebody@example.net"
    with pytest.raises(Refused) as refused:
        testers.testers(session, editor, myself=True, typed=typed)
    assert "somebody@example.net" in refused.value.words and refused.value.field == "addresses"
    found = testers.testers(session, editor, myself=True, typed=actor.email)
    assert [address for address, _ in found] == [editor.email, actor.email]
    assert len(testers.testers(session, actor, myself=False, typed=typed)) == 2, "a sender tests with anybody"
