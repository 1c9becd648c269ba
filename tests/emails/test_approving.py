"""Publishing that needs approval: exactly the draft that was put up, by somebody who did not write it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.emails import approving, piece_making, piece_publishing, template_files, templates
from app.emails.bundle import BundledPiece
from app.emails.content import Format, content_of
from app.emails.limits import LimitedRenderer
from app.emails.models import PieceKind, Template, TemplateVersion
from app.emails.publishing import CannotPublish, NeedsApproval, publish
from app.people.approval_models import ApprovalRequest, ApprovalScope, ApprovalState
from app.people.models import Person
from app.people.roles import Role
from app.refusals import NotThere, Refused
from app.sends import compose
from app.sends.approval_home import for_person
from app.sends.approval_rule import change_rule
from app.sends.models import SendKind
from tests.conftest import signed_in
from tests.factories import a_template_version
from tests.sends.approval_ground import a_person


@dataclass(frozen=True)
class Studio:
    """A workspace in which publishing needs approval, and a template with a draft that says more than version 1."""

    database: Database
    admin: Person
    writer: Person
    approver: Person
    template_id: int

    def ask(self, person: Person | None = None, note: str = "") -> int:
        with self.database.writing() as session:
            return approving.ask(session, person or self.writer, self.template_id, note).id

    def approve(self, request_id: int, person: Person | None = None) -> TemplateVersion | None:
        with self.database.writing() as session:
            return approving.approve(session, person or self.approver, request_id)[1]

    def request(self, request_id: int) -> ApprovalRequest:
        with self.database.reading() as session:
            return session.get_one(ApprovalRequest, request_id)

    def save(self, session: Session, text: str, person: Person | None = None) -> None:
        template = session.get_one(Template, self.template_id)
        draft = content_of("Hello", f"<p>{text}</p>", text, ())
        templates.save_draft(session, person or self.writer, template.id, draft, number=template.draft_number)

    def newest(self) -> int:
        with self.database.reading() as session:
            return templates.newest_of(session, [self.template_id])[self.template_id].number or 0


@pytest.fixture
def studio(database: Database, actor: Person) -> Studio:
    writer = a_person(database, actor, "Wanda Writer", Role.EDITOR)
    approver = a_person(database, actor, "April Approver", Role.APPROVER)
    with database.writing() as session:
        template_id = a_template_version(session, actor, name="Notice").template_id
        made = Studio(database, actor, writer, approver, template_id)
        made.save(session, "The second text")
        change_rule(session, actor, scope=ApprovalScope.NEVER, above=None, of_templates=True, remind_hours=4)
    return made


def test_nobody_publishes_alone(studio: Studio) -> None:
    for person in (studio.writer, studio.approver, studio.admin):
        with pytest.raises(NeedsApproval), studio.database.writing() as session:
            publish(session, person, studio.template_id)
    assert studio.newest() == 1


def test_an_approver_who_did_not_write_it_publishes_what_was_put_up(studio: Studio) -> None:
    request_id = studio.ask(note="New opening hours")
    version = studio.approve(request_id)
    assert version is not None
    assert (version.number, version.note, version.published_by) == (2, "New opening hours", studio.approver.id)
    assert "The second text" in version.prepared["en"]["html"]
    assert studio.request(request_id).state is ApprovalState.APPROVED
    with studio.database.reading() as session:
        said = [one.action for one in session.query(AuditEntry).filter_by(subject_id=studio.template_id)]
    assert [one for one in said if "appro" in one or "publ" in one][-3:] == [
        "template.approval_asked",
        "template.published",
        "template.approved",
    ]


def test_nobody_approves_their_own_draft_whether_they_asked_or_wrote_it(studio: Studio) -> None:
    for person in (studio.approver, studio.admin):
        request_id = studio.ask(person)
        with pytest.raises(Refused, match="You asked for this approval"):
            studio.approve(request_id, person)
        with pytest.raises(Refused, match="You asked"), studio.database.writing() as session:
            approving.send_back(session, person, request_id, "No.")
        with studio.database.writing() as session:
            approving.take_back(session, person, studio.template_id)
    with studio.database.writing() as session:
        studio.save(session, "The approver's own words", studio.approver)
    with pytest.raises(Refused, match="You changed this last"):
        studio.approve(studio.ask())
    assert studio.newest() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.SENDER])
def test_only_approvers_and_administrators_publish_what_was_put_up(studio: Studio, role: Role) -> None:
    person = a_person(studio.database, studio.admin, f"{role.title()} Person", role)
    request_id = studio.ask()
    with pytest.raises(Refused, match="Only approvers"):
        studio.approve(request_id, person)


def add_a_file(session: Session, studio: Studio) -> None:
    template_files.add_template_file(session, studio.writer, studio.template_id, "a.txt", b"Hello")


@pytest.mark.parametrize(
    "change", [lambda session, studio: studio.save(session, "A third text"), add_a_file], ids=["text", "file"]
)
def test_any_change_of_the_draft_cancels(studio: Studio, change: Callable[[Session, Studio], Any]) -> None:
    request_id = studio.ask()
    with studio.database.writing() as session:
        change(session, studio)
    asked = studio.request(request_id)
    assert (asked.state, asked.words) == (
        ApprovalState.CANCELLED,
        "Since approval was asked for, the draft was changed.",
    )
    with pytest.raises(Refused, match="changed meanwhile"):
        studio.approve(request_id)
    assert studio.newest() == 1


def test_saving_the_same_again_cancels_nothing(studio: Studio) -> None:
    request_id = studio.ask()
    with studio.database.writing() as session:
        studio.save(session, "The second text")
    assert studio.request(request_id).state is ApprovalState.WAITING


def test_a_draft_that_was_sent_back_says_why_and_can_be_put_up_again(studio: Studio) -> None:
    request_id = studio.ask()
    with pytest.raises(Refused) as refused, studio.database.writing() as session:
        approving.send_back(session, studio.approver, request_id, " ")
    assert refused.value.field == "reason"
    with studio.database.writing() as session:
        approving.send_back(session, studio.approver, request_id, "Say until when.")
    with studio.database.reading() as session:
        (item,) = for_person(session, studio.writer)
        assert (item.badge, item.title, item.asked.words) == ("Sent back", "Publish “Notice”", "Say until when.")
    assert studio.approve(studio.ask()) is not None
    with studio.database.reading() as session:
        assert for_person(session, studio.writer) == []


def test_what_cannot_be_published_is_not_put_up(studio: Studio) -> None:
    with studio.database.writing() as session:
        studio.save(session, "{{ broken")
    with pytest.raises(CannotPublish):
        studio.ask()


def test_asking_where_nothing_needs_it_is_refused(studio: Studio) -> None:
    with studio.database.writing() as session:
        change_rule(session, studio.admin, scope=ApprovalScope.NEVER, above=None, of_templates=False, remind_hours=4)
    with pytest.raises(Refused, match="needs no approval"):
        studio.ask()


def test_another_workspace_sees_nothing_of_it(studio: Studio) -> None:
    request_id = studio.ask()
    stranger = Person(id=99_999, account_id=1, workspace_id=99_999, role=Role.ADMINISTRATOR)
    with pytest.raises(NotThere):
        studio.approve(request_id, stranger)


def test_a_snapshot_of_a_test_is_no_way_to_send_an_unapproved_draft(studio: Studio) -> None:
    with studio.database.writing() as session:
        newest = templates.newest_of(session, [studio.template_id])[studio.template_id]
        snapshot = TemplateVersion(
            workspace_id=newest.workspace_id,
            template_id=newest.template_id,
            content=newest.content,
            prepared=newest.prepared,
        )
        session.add(snapshot)
        session.flush()
        with pytest.raises(Refused, match="published version"):
            compose.start_send(
                session,
                studio.admin,
                version_id=snapshot.id,
                kind=SendKind.DIRECT,
                addresses={"to": "one@example.com"},
            )


@pytest.mark.parametrize("times", range(3))
def test_of_an_approver_and_a_writer_who_saves_at_the_same_moment_one_wins(studio: Studio, times: int) -> None:
    request_id = studio.ask()
    ready = threading.Barrier(2)
    found: dict[str, object] = {}

    def save() -> None:
        ready.wait()
        with studio.database.writing() as session:
            studio.save(session, "In the last moment")

    def approve() -> None:
        ready.wait()
        try:
            found["version"] = studio.approve(request_id)
        except Refused:
            found["version"] = None

    threads = [threading.Thread(target=one) for one in (save, approve)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    version = found["version"]
    if version is None:
        assert studio.request(request_id).state is ApprovalState.CANCELLED
        assert studio.newest() == 1
    else:
        assert isinstance(version, TemplateVersion)
        assert "The second text" in version.prepared["en"]["html"], "what was put up, and nothing else"


# Pieces


def a_piece(studio: Studio, writer: Person) -> int:
    snippet = BundledPiece(PieceKind.SNIPPET, "hours", Format.HTML, "<p>9 to 5</p>", "")
    with studio.database.writing() as session:
        return piece_making.make_piece(session, writer, snippet, publish=False).id


def publish_piece(studio: Studio, renderer: LimitedRenderer, piece_id: int, person: Person) -> None:
    with studio.database.writing() as session:
        made = piece_publishing.plan(session, person, renderer, piece_id, [], number=1)
        piece_publishing.carry_out(session, person, made)


def test_a_snippet_is_no_way_round_it(studio: Studio, renderer: LimitedRenderer) -> None:
    piece_id = a_piece(studio, studio.approver)
    for person, words in ((studio.writer, "needs a second person"), (studio.approver, "You wrote this snippet last")):
        with pytest.raises(Refused, match=words):
            publish_piece(studio, renderer, piece_id, person)
    publish_piece(studio, renderer, piece_id, studio.admin)


# Pages


def clients(app: Flask, studio: Studio) -> tuple[FlaskClient, FlaskClient]:
    return signed_in(app, studio.writer), signed_in(app, studio.approver)


def number_of_draft(text: str) -> str:
    found = re.search(r'name="number"[^>]*value="(\d+)"', text)
    assert found
    return found[1]


def test_the_page_of_publishing_asks_shows_and_publishes(app: Flask, studio: Studio) -> None:
    writer, approver = clients(app, studio)
    page = f"/templates/{studio.template_id}/publish"
    seen = writer.get(page).text
    assert "Ask for approval of version 2" in seen
    form = {"note": "Have a look", "number": number_of_draft(seen), "version": 2}
    assert writer.post(page, data=form).status_code == 302
    seen = writer.get(page).text
    assert "You asked for this approval" in seen
    assert "April Approver may publish it" in " ".join(seen.replace("Ada Admin, ", "").split())
    assert "Approve: publish" not in seen
    seen = approver.get(page).text
    assert "Approve: publish version 2" in seen
    assert "Have a look" in seen
    assert "Compare the draft with version 1" in seen
    with studio.database.reading() as session:
        request_id = session.query(ApprovalRequest).one().id
    path = f"/templates/{studio.template_id}/approval/{request_id}"
    assert writer.post(f"{path}/publish").status_code == 403
    assert writer.post(f"{path}/send-back", data={"reason": "no"}).status_code == 403
    assert approver.post(f"/templates/999/approval/{request_id}/publish").status_code == 404
    answer = approver.post(f"{path}/send-back", data={"reason": ""})
    assert answer.status_code == 422
    assert "Write what should be mended" in answer.text
    answer = approver.post(f"{path}/publish")
    assert answer.status_code == 302
    assert studio.newest() == 2
    assert "Published as version 2" in approver.get(answer.location).text


def test_an_administrator_who_asked_is_refused_on_the_page_too(app: Flask, studio: Studio, client: FlaskClient) -> None:
    request_id = studio.ask(studio.admin)
    answer = client.post(f"/templates/{studio.template_id}/approval/{request_id}/publish")
    assert answer.status_code == 422
    assert "You asked for this approval" in answer.text
    assert studio.newest() == 1


def test_taken_back_it_can_be_put_up_again(app: Flask, studio: Studio) -> None:
    writer, _ = clients(app, studio)
    studio.ask()
    assert writer.post(f"/templates/{studio.template_id}/approval/take-back").status_code == 302
    assert "Ask for approval of version 2" in writer.get(f"/templates/{studio.template_id}/publish").text
