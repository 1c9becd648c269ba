"""Publishing that needs approval: exactly the draft that was put up, by somebody who did not write it."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, fields, replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.emails import (
    approving,
    importing,
    piece_drafts,
    piece_images,
    piece_making,
    piece_publishing,
    template_files,
    templates,
)
from app.emails.bundle import Bundle, BundledPiece
from app.emails.content import Format, content_of
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind, PieceVersion, Template, TemplateVersion
from app.emails.piece_drafts import Written
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
from tests.files import a_png
from tests.sends.approval_ground import a_person


@dataclass(frozen=True)
class Studio:
    """A workspace in which publishing needs approval, and a template with a draft that says more than version 1."""

    database: Database
    renderer: LimitedRenderer
    admin: Person
    writer: Person
    approver: Person
    template_id: int

    title, of = "Notice", "template"

    @property
    def subject_id(self) -> int:
        return self.template_id

    @property
    def page(self) -> str:
        return f"/templates/{self.template_id}/publish"

    def ask(self, person: Person | None = None, note: str = "") -> int:
        with self.database.writing() as session:
            return approving.ask(session, person or self.writer, self.template_id, note).id

    def approve(self, request_id: int, person: Person | None = None) -> TemplateVersion | PieceVersion | None:
        with self.database.writing() as session:
            return approving.approve(session, person or self.approver, request_id)[1]

    def publish_alone(self, person: Person) -> None:
        with self.database.writing() as session:
            publish(session, person, self.template_id)

    def send_back(self, request_id: int, reason: str, person: Person | None = None) -> None:
        with self.database.writing() as session:
            approving.send_back(session, person or self.approver, request_id, reason)

    def request(self, request_id: int) -> ApprovalRequest:
        with self.database.reading() as session:
            return session.get_one(ApprovalRequest, request_id)

    def save(self, session: Session, text: str, person: Person | None = None) -> None:
        template = session.get_one(Template, self.template_id)
        draft = content_of("Hello", f"<p>{text}</p>", text, ())
        templates.save_draft(session, person or self.writer, template.id, draft, number=template.draft_number)

    def newest_version(self) -> TemplateVersion | PieceVersion:
        with self.database.reading() as session:
            return session.get_one(Template, self.template_id).versions[0]

    def newest(self) -> int:
        return self.newest_version().number or 0

    def words(self) -> str:
        """What the newest version says."""
        version = self.newest_version()
        assert isinstance(version, TemplateVersion)
        return str(version.prepared["en"]["html"])


@dataclass(frozen=True)
class PieceStudio(Studio):
    """The same with a layout, in which the template is."""

    piece_id: int

    title, of = "Letter", "piece"

    @property
    def subject_id(self) -> int:
        return self.piece_id

    @property
    def page(self) -> str:
        return f"/templates/pieces/{self.piece_id}/publish"

    def plan(self, *with_templates: int, person: Person | None = None) -> piece_publishing.Plan:
        with self.database.reading() as session:
            number = session.get_one(Piece, self.piece_id).draft_number
            who = person or self.writer
            return piece_publishing.plan(session, who, self.renderer, self.piece_id, with_templates, number=number)

    def ask(self, person: Person | None = None, note: str = "") -> int:
        made = self.plan(self.template_id)
        with self.database.writing() as session:
            return approving.ask_for_piece(session, person or self.writer, made, note).id

    def approve(self, request_id: int, person: Person | None = None) -> TemplateVersion | PieceVersion | None:
        made = self.plan(self.template_id)
        with self.database.writing() as session:
            return approving.approve(session, person or self.approver, request_id, made=made)[1]

    def publish_alone(self, person: Person) -> None:
        made = self.plan(self.template_id)
        with self.database.writing() as session:
            piece_publishing.carry_out(session, person, made)

    def save(self, session: Session, text: str, person: Person | None = None) -> None:
        number = session.get_one(Piece, self.piece_id).draft_number
        written = Written(text if "{{ broken" in text else f"<div>{text}</div>{{{{ content }}}}")
        piece_drafts.save_piece(session, person or self.writer, self.piece_id, self.title, written, number=number)

    def newest_version(self) -> TemplateVersion | PieceVersion:
        with self.database.reading() as session:
            return session.get_one(Piece, self.piece_id).versions[0]

    def words(self) -> str:
        version = self.newest_version()
        assert isinstance(version, PieceVersion)
        return version.body

    def in_template(self) -> str:
        """What the newest version of the template that uses it says."""
        return Studio.words(Studio(*(getattr(self, one.name) for one in fields(Studio))))


def template_studio(database: Database, actor: Person, renderer: LimitedRenderer) -> Studio:
    writer = a_person(database, actor, "Wanda Writer", Role.EDITOR)
    approver = a_person(database, actor, "April Approver", Role.APPROVER)
    with database.writing() as session:
        template_id = a_template_version(session, actor, name="Notice").template_id
        made = Studio(database, renderer, actor, writer, approver, template_id)
        made.save(session, "The second text")
        needs_approval(session, actor)
    return made


def piece_studio(database: Database, actor: Person, renderer: LimitedRenderer) -> PieceStudio:
    writer = a_person(database, actor, "Wanda Writer", Role.EDITOR)
    approver = a_person(database, actor, "April Approver", Role.APPROVER)
    with database.writing() as session:
        layout = BundledPiece(PieceKind.LAYOUT, "Letter", Format.HTML, "<div>Harbour</div>{{ content }}", "")
        piece_id = piece_making.make_piece(session, actor, layout, publish=True).id
        draft = replace(content_of("Hello", "<p>Hello</p>"), layout_id=piece_id)
        template_id = templates.create_template(session, actor, "Notice", draft).id
        publish(session, actor, template_id)
        made = PieceStudio(database, renderer, actor, writer, approver, template_id, piece_id)
        made.save(session, "The second text")
        needs_approval(session, actor)
    return made


@pytest.fixture
def of_template(database: Database, actor: Person, renderer: LimitedRenderer) -> Studio:
    return template_studio(database, actor, renderer)


@pytest.fixture
def of_piece(database: Database, actor: Person, renderer: LimitedRenderer) -> PieceStudio:
    return piece_studio(database, actor, renderer)


@pytest.fixture(params=[template_studio, piece_studio], ids=["template", "layout"])
def studio(request: pytest.FixtureRequest, database: Database, actor: Person, renderer: LimitedRenderer) -> Studio:
    """Of both: the rule is one."""
    made: Studio = request.param(database, actor, renderer)
    return made


def needs_approval(session: Session, actor: Person, *, of_templates: bool = True) -> None:
    change_rule(session, actor, scope=ApprovalScope.NEVER, above=None, of_templates=of_templates, remind_hours=4)


def test_nobody_publishes_alone(studio: Studio) -> None:
    for person in (studio.writer, studio.approver, studio.admin):
        with pytest.raises(NeedsApproval):
            studio.publish_alone(person)
    assert studio.newest() == 1


def test_an_approver_who_did_not_write_it_publishes_what_was_put_up(studio: Studio) -> None:
    request_id = studio.ask(note="New opening hours")
    version = studio.approve(request_id)
    assert version is not None
    assert (version.number, version.note, version.published_by) == (2, "New opening hours", studio.approver.id)
    assert "The second text" in studio.words()
    assert studio.request(request_id).state is ApprovalState.APPROVED
    with studio.database.reading() as session:
        told = session.query(AuditEntry).filter_by(subject_id=studio.subject_id).order_by(AuditEntry.id).all()
        told = [
            one for one in told if one.action.startswith(studio.of) and ("appro" in one.action or "publ" in one.action)
        ]
        title = f"{'Template' if studio.of == 'template' else 'Layout'} “{studio.title}”"
        assert [one.action for one in told][-3:] == [
            f"{studio.of}.approval_asked",
            f"{studio.of}.published",
            f"{studio.of}.approved",
        ]
        assert told[-3].words == f"{title}: draft put up for approval"
        assert told[-1].words == f"{title}: publishing version 2 approved"


def test_nobody_approves_their_own_draft_whether_they_asked_or_wrote_it(studio: Studio) -> None:
    for person in (studio.approver, studio.admin):
        request_id = studio.ask(person)
        with pytest.raises(Refused, match="You asked for this approval"):
            studio.approve(request_id, person)
        with pytest.raises(Refused, match="You asked"):
            studio.send_back(request_id, "No.", person)
        with studio.database.writing() as session:
            approving.take_back(session, person, request_id)
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


def test_any_change_of_the_draft_cancels(studio: Studio) -> None:
    request_id = studio.ask()
    with studio.database.writing() as session:
        studio.save(session, "A third text")
    asked = studio.request(request_id)
    assert (asked.state, asked.words) == (
        ApprovalState.CANCELLED,
        "Since approval was asked for, the draft was changed.",
    )
    with pytest.raises(Refused, match="changed meanwhile"):
        studio.approve(request_id)
    assert studio.newest() == 1


def test_a_file_more_cancels(of_template: Studio) -> None:
    request_id = of_template.ask()
    with of_template.database.writing() as session:
        template_files.add_template_file(session, of_template.writer, of_template.template_id, "a.txt", b"Hello")
    assert of_template.request(request_id).state is ApprovalState.CANCELLED


def test_an_image_more_or_less_in_a_layout_cancels(of_piece: PieceStudio) -> None:
    request_id = of_piece.ask()
    with of_piece.database.writing() as session:
        added = piece_images.add_piece_image(session, of_piece.writer, of_piece.piece_id, "logo.png", a_png(1))
    assert of_piece.request(request_id).state is ApprovalState.CANCELLED
    request_id = of_piece.ask()
    with of_piece.database.writing() as session:
        piece_images.remove_piece_image(session, of_piece.writer, of_piece.piece_id, added.sha256)
    assert of_piece.request(request_id).state is ApprovalState.CANCELLED


def test_saving_the_same_again_cancels_nothing(studio: Studio) -> None:
    request_id = studio.ask()
    with studio.database.writing() as session:
        studio.save(session, "The second text")
    assert studio.request(request_id).state is ApprovalState.WAITING


def test_a_draft_that_was_sent_back_says_why_and_can_be_put_up_again(studio: Studio) -> None:
    request_id = studio.ask()
    with pytest.raises(Refused) as refused:
        studio.send_back(request_id, " ")
    assert refused.value.field == "reason"
    studio.send_back(request_id, "Say until when.")
    with studio.database.reading() as session:
        (item,) = for_person(session, studio.writer)
        title = f"Publish “{studio.title}”"
        assert (item.badge, item.title, item.asked.words) == ("Sent back", title, "Say until when.")
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
        needs_approval(session, studio.admin, of_templates=False)
    with pytest.raises(Refused, match="needs no approval"):
        studio.ask()


def test_another_workspace_sees_nothing_of_it(studio: Studio) -> None:
    request_id = studio.ask()
    stranger = Person(id=99_999, account_id=1, workspace_id=99_999, role=Role.ADMINISTRATOR)
    with pytest.raises(NotThere):
        studio.approve(request_id, stranger)


def test_a_snapshot_of_a_test_is_no_way_to_send_an_unapproved_draft(of_template: Studio) -> None:
    studio = of_template
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
    if found["version"] is None:
        assert studio.request(request_id).state is ApprovalState.CANCELLED
        assert studio.newest() == 1
    else:
        assert "The second text" in studio.words(), "what was put up, and nothing else"


# Layouts and snippets


def test_the_template_that_the_approver_ticks_gets_the_approved_layout(of_piece: PieceStudio) -> None:
    request_id = of_piece.ask()
    assert of_piece.request(request_id).options == {"templates": [of_piece.template_id]}
    of_piece.approve(request_id)
    assert "The second text" in of_piece.in_template()


def test_a_version_that_templates_do_not_have_yet_is_put_up_for_them_too(of_piece: PieceStudio) -> None:
    with of_piece.database.writing() as session:
        needs_approval(session, of_piece.admin, of_templates=False)
    made = of_piece.plan()
    with of_piece.database.writing() as session:
        piece_publishing.carry_out(session, of_piece.admin, made)
        needs_approval(session, of_piece.admin)
    assert (of_piece.newest(), "Harbour" in of_piece.in_template()) == (2, True)
    of_piece.approve(of_piece.ask())
    assert (of_piece.newest(), "Harbour" in of_piece.in_template()) == (2, False)


def test_a_snippet_in_it_that_is_published_anew_cancels(of_piece: PieceStudio) -> None:
    hours = BundledPiece(PieceKind.SNIPPET, "hours", Format.HTML, "9 to 5", "")
    with of_piece.database.writing() as session:
        snippet = piece_making.make_piece(session, of_piece.admin, hours, publish=True)
        snippet_id = snippet.id
        of_piece.save(session, '{% include "hours" %}')
    request_id = of_piece.ask()
    with of_piece.database.writing() as session:
        session.add(PieceVersion(piece_id=snippet_id, number=2, format=Format.HTML, body="10 to 6", text=""))
    assert of_piece.approve(request_id) is None
    asked = of_piece.request(request_id)
    assert asked.state is ApprovalState.CANCELLED
    assert "a snippet in it was published anew" in asked.words
    assert of_piece.newest() == 1


def test_an_import_that_replaces_the_draft_cancels(of_piece: PieceStudio) -> None:
    request_id = of_piece.ask()
    file = Bundle((), (BundledPiece(PieceKind.LAYOUT, "Letter", Format.HTML, "<i>Imported</i>{{ content }}", ""),))
    with of_piece.database.writing() as session:
        (line,) = importing.plan(session, of_piece.writer, file, of_piece.renderer)
        chosen = {line.key: importing.Chosen(importing.Choice.REPLACE, line.draft_number)}
        importing.carry_out(session, of_piece.writer, file, [line], chosen)
    assert of_piece.request(request_id).state is ApprovalState.CANCELLED


def test_what_changed_between_the_look_and_the_asking_is_not_put_up(of_piece: PieceStudio) -> None:
    made = of_piece.plan(of_piece.template_id)
    with of_piece.database.writing() as session:
        of_piece.save(session, "A third text")
    with pytest.raises(Refused, match="changed this meanwhile"), of_piece.database.writing() as session:
        approving.ask_for_piece(session, of_piece.writer, made)


# Pages


def clients(app: Flask, studio: Studio) -> tuple[FlaskClient, FlaskClient]:
    return signed_in(app, studio.writer), signed_in(app, studio.approver)


def form_of(studio: Studio, text: str) -> dict[str, object]:
    """What the form of publishing sends, with the note and the ticks that are on it."""
    found = re.search(r'name="number"[^>]*value="(\d+)"', text)
    assert found
    ticked = re.findall(r'name="template" value="(\d+)" checked', text)
    assert ticked == ([] if studio.of == "template" else [str(studio.template_id)])
    return {"note": "Have a look", "number": found[1], "version": 2, "template": ticked}


def test_the_page_of_publishing_asks_shows_and_publishes(app: Flask, studio: Studio) -> None:
    writer, approver = clients(app, studio)
    seen = writer.get(studio.page).text
    assert "Ask for approval of version 2" in seen
    assert writer.post(studio.page, data=form_of(studio, seen)).status_code == 302
    seen = writer.get(studio.page).text
    assert "You asked for this approval" in seen
    assert "April Approver may publish it" in " ".join(seen.replace("Ada Admin, ", "").split())
    assert "Approve: publish" not in seen
    assert f'href="{studio.page}"' in approver.get("/").text, "Home leads to it"
    seen = approver.get(studio.page).text
    assert "Approve: publish version 2" in seen
    assert "Have a look" in seen
    assert "What changed since version 1" in seen
    with studio.database.reading() as session:
        request_id = session.query(ApprovalRequest).one().id
    path = f"/templates/approval/{request_id}"
    form = form_of(studio, seen) if studio.of == "piece" else {}
    assert writer.post(f"{path}/publish", data=form).status_code == 403
    assert writer.post(f"{path}/send-back", data={"reason": "no"}).status_code == 403
    answer = approver.post(f"{path}/send-back", data={"reason": ""})
    assert answer.status_code == 422
    assert "Write what should be mended" in answer.text
    answer = approver.post(f"{path}/publish", data=form)
    assert answer.status_code == 302
    assert studio.newest() == 2
    assert re.search("Published as version 2|version 2, is published", approver.get(answer.location).text)
    answer = approver.post(f"{path}/publish", data=form)
    assert answer.status_code == 422, "a second press"
    assert studio.newest() == 2


def test_an_administrator_who_asked_is_refused_on_the_page_too(app: Flask, studio: Studio, client: FlaskClient) -> None:
    request_id = studio.ask(studio.admin)
    answer = client.post(f"/templates/approval/{request_id}/publish", data={"number": "2"})
    assert answer.status_code == 422
    assert "You asked for this approval" in answer.text
    assert studio.newest() == 1


def test_taken_back_it_can_be_put_up_again(app: Flask, studio: Studio) -> None:
    writer, _ = clients(app, studio)
    request_id = studio.ask()
    assert writer.post(f"/templates/approval/{request_id}/take-back").location == studio.page
    assert "Ask for approval of version 2" in writer.get(studio.page).text
    again = studio.ask()
    writer.post(f"/templates/approval/{request_id}/take-back")
    assert studio.request(again).state is ApprovalState.WAITING, "a second press takes nothing else back"


def test_sent_back_from_the_page_the_reason_stands_on_it(app: Flask, studio: Studio) -> None:
    writer, approver = clients(app, studio)
    request_id = studio.ask()
    answer = approver.post(f"/templates/approval/{request_id}/send-back", data={"reason": "Say until when."})
    assert "Wanda Writer sees your reason" in approver.get(answer.location).text
    seen = writer.get(studio.page).text
    assert "Say until when." in seen
    assert "Ask for approval of version 2" in seen


def test_what_changed_while_the_approver_looked_is_told_and_not_published(app: Flask, studio: Studio) -> None:
    request_id = studio.ask()
    with studio.database.writing() as session:
        studio.save(session, "A third text")
    answer = clients(app, studio)[1].post(f"/templates/approval/{request_id}/publish", data={"number": "3"})
    assert answer.status_code == 422
    assert "nothing to approve any more" in answer.text
    assert studio.newest() == 1


def test_the_page_of_a_layout_shows_the_lines_that_changed_and_what_was_proposed(
    app: Flask, of_piece: PieceStudio
) -> None:
    writer, approver = clients(app, of_piece)
    form = {"number": "2", "note": "Only the layout", "template": []}
    assert writer.post(of_piece.page, data=form).status_code == 302
    seen = approver.get(of_piece.page).text
    assert 'class="changed"' in seen
    assert "second" in seen and "Harbour" in seen
    assert not re.search(r'name="template" value="\d+" checked', seen), "whoever asked ticked none"
    assert not re.search(r'name="template"[^>]* disabled', seen), "the approver may"
    assert re.search(r'name="template"[^>]* disabled', writer.get(of_piece.page).text)
