"""Layouts and snippets: what they may hold, who uses them, and publishing them with the templates that do."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.db import Database
from app.emails import piece_drafts, piece_publishing, pieces, publishing, templates
from app.emails.content import Content, Format, content_of
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind, PieceVersion, Template, TemplateVersion
from app.emails.piece_drafts import Written
from app.emails.publishing import CannotPublish
from app.people.models import Person
from app.refusals import NotThere, Refused

LAYOUT, SNIPPET = PieceKind.LAYOUT, PieceKind.SNIPPET


class Press:
    """Makes and publishes pieces and templates, by the same rules as the pages."""

    def __init__(self, database: Database, actor: Person, renderer: LimitedRenderer) -> None:
        self.database, self.actor, self.renderer = database, actor, renderer

    def piece(self, kind: PieceKind, name: str, body: str, text: str = "", *, publish: bool = True) -> int:
        with self.database.writing() as session:
            piece_id = piece_drafts.create_piece(session, self.actor, kind, name).id
        self.write(piece_id, body, text)
        if publish:
            self.publish(piece_id)
        return piece_id

    def write(self, piece_id: int, body: str, text: str = "", *, name: str | None = None) -> None:
        with self.database.writing() as session:
            piece = session.get_one(Piece, piece_id)
            written = Written(body, text)
            piece_drafts.save_piece(
                session, self.actor, piece_id, name or piece.name, written, number=piece.draft_number
            )

    def plan(self, piece_id: int, *with_templates: int) -> piece_publishing.Plan:
        with self.database.reading() as session:
            number = session.get_one(Piece, piece_id).draft_number
            return piece_publishing.plan(
                session, self.actor, self.renderer, piece_id, set(with_templates), number=number
            )

    def publish(self, piece_id: int, *with_templates: int) -> PieceVersion:
        made = self.plan(piece_id, *with_templates)
        with self.database.writing() as session:
            return piece_publishing.carry_out(session, self.actor, made, "a note")

    def template(self, name: str, content: Content, *, publish: bool = True) -> int:
        with self.database.writing() as session:
            template = templates.create_template(session, self.actor, name, content)
            session.flush()
            if publish:
                publishing.publish(session, self.actor, template.id)
            return template.id

    def newest(self, template_id: int) -> TemplateVersion:
        with self.database.reading() as session:
            version = templates.newest_of(session, [template_id])[template_id]
            assert version.prepared and version.content
            return version

    def html(self, template_id: int) -> str:
        return str(self.newest(template_id).prepared["en"]["html"])


@pytest.fixture
def press(database: Database, actor: Person, renderer: LimitedRenderer) -> Press:
    return Press(database, actor, renderer)


FRAME = "<html><body><h1>Harbour</h1>{{ content }}</body></html>"


def in_layout(layout_id: int, body: str = "<p>Hello {{ name }}</p>") -> Content:
    return replace(content_of("Hello", body), layout_id=layout_id)


# What may stand in one


@pytest.mark.parametrize(
    ("kind", "body", "text", "words"),
    [
        (LAYOUT, "<p>no slot</p>", "", "Body: write {{ content }} where the e-mail goes."),
        (LAYOUT, "{{ content }}{{content}}", "", "Body: {{ content }} stands here 2 times"),
        (LAYOUT, "{# {{ content }} #}", "", "Body: write {{ content }} where"),
        (LAYOUT, "{# {{ content }} #}{{ content }}", "", "stands here 2 times"),
        (LAYOUT, "{{ content }}", "{{ content }} {{ content }}", "Text: {{ content }} stands here 2 times"),
        (LAYOUT, "{{ content }}", "only a footer", "Text: write {{ content }} where the e-mail's text goes."),
        (LAYOUT, "{{ content }}\n{% if x %}", "", "Body, line 2: the template cannot be read"),
        (LAYOUT, '{{ content }}\n{% include "Nobody" %}', "", "Body, line 2: there is no published snippet “Nobody”."),
        (SNIPPET, "{{ x", "", "Body, line 1: the template cannot be read"),
        (SNIPPET, " ", "", "Body: write something first."),
        (SNIPPET, '<p>{% include "Me" %}</p>', "", "“Me” cannot take in itself."),
    ],
)
def test_what_cannot_be_published_is_said(press: Press, kind: PieceKind, body: str, text: str, words: str) -> None:
    piece_id = press.piece(kind, "Me", body, text, publish=False)
    with pytest.raises(CannotPublish) as refusal:
        press.publish(piece_id)
    assert words in " ".join(refusal.value.problems)


def test_a_snippet_that_takes_in_itself_through_others_is_found(press: Press) -> None:
    inner = press.piece(SNIPPET, "Inner", "<p>x</p>")
    press.piece(SNIPPET, "Middle", '{% include "Inner" %}')
    press.piece(SNIPPET, "Outer", '{% include "Middle" %}')
    press.write(inner, '{% include "Outer" %}')
    with pytest.raises(CannotPublish) as refusal:
        press.publish(inner)
    assert refusal.value.problems == ["Body: “Inner” would take in itself through “Middle”."]


def test_a_draft_that_never_ends_is_a_problem_and_no_outage(press: Press) -> None:
    piece_id = press.piece(SNIPPET, "Slow", "{% raw %}" + "{{" * 120_000 + "{% endraw %}", publish=False)
    with pytest.raises(CannotPublish) as refusal:
        press.publish(piece_id)
    assert "takes too long" in refusal.value.problems[0]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, 'with "quotes"', "it's", "{{ x }}", "OFFICE HOURS"])
def test_names_that_cannot_be_are_refused(press: Press, name: str) -> None:
    press.piece(SNIPPET, "Office hours", "<p>9 to 5</p>")
    with pytest.raises(Refused) as refusal:
        press.piece(SNIPPET, name, "")
    assert refusal.value.field == "name"


def test_a_layout_and_a_snippet_may_have_one_name(press: Press) -> None:
    press.piece(SNIPPET, "Letter", "<p>x</p>")
    press.piece(LAYOUT, "Letter", FRAME)


def test_a_layout_is_html_only(database: Database, press: Press, actor: Person) -> None:
    piece_id = press.piece(LAYOUT, "Letter", FRAME)
    with database.writing() as session, pytest.raises(Refused):
        piece_drafts.save_piece(session, actor, piece_id, "Letter", Written("# x", format=Format.MARKDOWN), number=2)


def test_a_save_over_somebody_elses_is_refused(database: Database, press: Press, actor: Person) -> None:
    piece_id = press.piece(SNIPPET, "Hours", "<p>theirs</p>")
    with database.writing() as session, pytest.raises(templates.SavedMeanwhile):
        piece_drafts.save_piece(session, actor, piece_id, "Hours", Written("<p>mine</p>"), number=1)


# Who uses it


def test_templates_are_offered_only_what_is_published_and_not_put_away(
    database: Database, press: Press, actor: Person
) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    press.piece(LAYOUT, "Draft", FRAME, publish=False)
    old = press.piece(LAYOUT, "Old", FRAME)
    press.piece(SNIPPET, "Hours", "<p>9</p>")
    with database.writing() as session:
        piece_drafts.archive_piece(session, actor, old, archived=True)
        assert pieces.layout_choices(session, actor) == [(letter, "Letter")]
        assert pieces.snippet_names(session, actor) == ["Hours"]


def test_what_is_put_away_can_no_longer_be_taken_in(database: Database, press: Press, actor: Person) -> None:
    hours = press.piece(SNIPPET, "Hours", "<p>9</p>")
    with database.writing() as session:
        piece_drafts.archive_piece(session, actor, hours, archived=True)
    with pytest.raises(CannotPublish) as refusal:
        press.template("Notice", content_of("Hi", '{% include "Hours" %}'))
    assert "no published snippet “Hours”" in refusal.value.problems[0]


def test_a_snippet_in_use_keeps_its_name_and_stays(database: Database, press: Press, actor: Person) -> None:
    hours = press.piece(SNIPPET, "Hours", "<p>9</p>")
    press.piece(LAYOUT, "Letter", FRAME + '{% include "Hours" %}')
    press.template("Notice", content_of("Hi", '{% include "Hours" %}'))
    with pytest.raises(Refused) as refusal:
        press.write(hours, "<p>9</p>", name="Opening hours")
    assert "the template “Notice”, the layout “Letter”" in refusal.value.words
    with database.writing() as session, pytest.raises(Refused) as refusal:
        piece_drafts.archive_piece(session, actor, hours, archived=True)
    assert "the template “Notice”" in refusal.value.words


def test_a_use_through_another_snippet_counts(database: Database, press: Press) -> None:
    inner = press.piece(SNIPPET, "Inner", "<p>x</p>")
    press.piece(SNIPPET, "Outer", '{% include "Inner" %}')
    press.template("Notice", content_of("Hi", '{% include "Outer" %}'))
    with database.reading() as session:
        found = pieces.templates_using(session, session.get_one(Piece, inner))
    assert [one.name for one in found] == ["Notice"]


def test_a_layout_that_is_not_there_is_no_failure(client: FlaskClient, session: Session, actor: Person) -> None:
    template = templates.create_template(session, actor, "Notice")
    session.commit()
    data = {"number": "1", "subject": "Hi", "body": "<p>x</p>", "layout": "12345"}
    assert client.post(f"/templates/{template.id}", data=data).status_code == 302
    answer = client.post(
        f"/templates/{template.id}", data={**data, "number": "2", "action": "publish"}, follow_redirects=True
    )
    assert "The layout is not published" in answer.text


# Publishing


def test_a_template_keeps_the_version_it_was_published_with(press: Press) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    template = press.template("Notice", in_layout(letter))
    press.write(letter, FRAME.replace("Harbour", "Town"))
    press.publish(letter)
    assert "Harbour" in press.html(template)


def test_a_change_is_published_with_new_versions_of_the_templates(press: Press) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    first, second = (press.template(name, in_layout(letter)) for name in ("First", "Second"))
    press.write(letter, FRAME.replace("Harbour", "Town"))
    version = press.publish(letter, first)
    newest = press.newest(first)
    assert (newest.number, newest.note, newest.pins) == (2, "Layout “Letter” version 2", [version.id])
    assert "Town" in press.html(first)
    assert "Harbour" in press.html(second)
    assert press.newest(second).number == 1
    # The other one can have it later; the layout itself is not published again for that.
    assert press.publish(letter, second).id == version.id
    assert press.newest(second).pins == [version.id]
    with pytest.raises(Refused) as refusal:
        press.publish(letter, first, second)
    assert "nothing to publish" in refusal.value.words


def test_what_is_published_is_the_newest_versions_content_and_not_the_draft(
    database: Database, press: Press, actor: Person
) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    template = press.template("Notice", in_layout(letter))
    with database.writing() as session:
        draft = in_layout(letter, "<p>half-done {{ oops }}</p>")
        templates.save_draft(session, actor, template, draft, number=1)
    press.write(letter, FRAME.replace("Harbour", "Town"))
    press.publish(letter, template)
    assert "half-done" not in press.html(template)
    with database.reading() as session:
        assert "half-done" in session.get_one(Template, template).draft.main.body


def test_a_template_that_would_break_is_named_with_why_and_holds_back_everything(press: Press) -> None:
    begin, end = "{% if 1 %}" * 60, "{% endif %}" * 60
    inner = press.piece(SNIPPET, "Inner", "x")
    fine = press.template("Fine", content_of("Hi", '<p>{% include "Inner" %}</p>'))
    deep = press.template("Deep", content_of("Hi", f'{begin}{{% include "Inner" %}}{end}'))
    press.write(inner, f"{begin}y{end}")
    with pytest.raises(piece_publishing.WouldBreak) as refusal:
        press.publish(inner, fine, deep)
    assert refusal.value.problems == ["Deep: Body: the template is nested too deeply."]
    assert (press.newest(fine).number, press.newest(deep).number) == (1, 1)
    assert press.publish(inner, fine).number == 2
    assert (press.newest(fine).number, press.newest(deep).number) == (2, 1)


@pytest.mark.parametrize("what", ["piece", "template"])
def test_a_change_in_between_publishes_nothing(database: Database, press: Press, actor: Person, what: str) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    template = press.template("Notice", in_layout(letter))
    press.write(letter, FRAME.replace("Harbour", "Town"))
    made = press.plan(letter, template)
    if what == "piece":
        press.write(letter, FRAME.replace("Harbour", "Sea"))
    else:
        with database.writing() as session:
            publishing.publish(session, actor, template)
    before = press.newest(template).number
    with pytest.raises(Refused) as refusal, database.writing() as session:
        piece_publishing.carry_out(session, actor, made)
    assert "Nothing was published" in refusal.value.words
    assert press.newest(template).number == before
    with database.reading() as session:
        assert len(session.get_one(Piece, letter).versions) == 1


def test_new_variables_of_a_change_are_known(database: Database, press: Press) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    template = press.template("Notice", in_layout(letter))
    press.write(letter, FRAME.replace("Harbour", "{{ office }}"))
    (change,) = press.plan(letter, template).changes
    assert change.new_variables == ["office"]


def test_an_older_version_can_be_put_back(database: Database, press: Press, actor: Person) -> None:
    hours = press.piece(SNIPPET, "Hours", "9 to 5")
    press.write(hours, "10 to 6")
    press.publish(hours)
    with database.writing() as session:
        first = session.get_one(Piece, hours).versions[-1]
        piece_drafts.restore_version(session, actor, first.id)
    with database.reading() as session:
        piece = session.get_one(Piece, hours)
        assert (piece.draft_body, [one.number for one in piece.versions]) == ("9 to 5", [2, 1])


def test_another_workspace_sees_nothing(database: Database, press: Press) -> None:
    class Stranger:
        id, workspace_id = 1, 999

    letter = press.piece(LAYOUT, "Letter", FRAME)
    with database.reading() as session:
        assert pieces.layout_choices(session, Stranger()) == []
        with pytest.raises(NotThere):
            pieces.find_piece(session, Stranger(), letter)
        with pytest.raises(NotThere):
            pieces.find_piece_version(session, Stranger(), session.get_one(Piece, letter).versions[0].id)


# Pages


def test_the_pages_from_the_first_layout_to_the_republished_template(client: FlaskClient, press: Press) -> None:
    assert "No layouts yet" in client.get("/templates/layouts").text
    answer = client.post("/templates/layouts/new", data={"name": "Letter"})
    letter = int(answer.location.rsplit("/", 1)[1])
    edit = client.get(f"/templates/pieces/{letter}")
    assert 'data-editor="html"' in edit.text and "No problems." in edit.text
    form = {"name": "Letter", "number": "1", "format": "html", "body": FRAME, "text": "", "action": "publish"}
    assert client.post(f"/templates/pieces/{letter}", data=form).location.endswith("/publish")
    assert "Publish version 1" in client.get(f"/templates/pieces/{letter}/publish").text
    assert client.post(f"/templates/pieces/{letter}/publish", data={"number": "2", "note": "first"}).status_code == 302
    template = press.template("Notice", in_layout(letter))
    listed = client.get("/templates/layouts").text
    assert "Version 1" in listed and "1 template" in listed

    form |= {"number": "2", "body": FRAME.replace("Harbour", "Town")}
    client.post(f"/templates/pieces/{letter}", data=form)
    page = client.get(f"/templates/pieces/{letter}/publish").text
    assert "Publish version 2 of “Notice”" in page
    assert "Harbour" in client.get(f"/templates/pieces/{letter}/publish/{template}/old").text
    new = client.get(f"/templates/pieces/{letter}/publish/{template}/new")
    assert "Town" in new.text
    assert new.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    client.post(f"/templates/pieces/{letter}/publish", data={"number": "3", "template": str(template)})
    assert "Town" in press.html(template)
    edit = client.get(f"/templates/pieces/{letter}").text
    assert "Who uses it" in edit and "Notice" in edit
    assert "every template has it" in client.get(f"/templates/pieces/{letter}/publish").text
    version = re.search(r"/templates/pieces/versions/(\d+)", edit)
    assert version
    assert "Town" in client.get(f"{version.group()}/page").text
    assert "As it was written" in client.get(version.group()).text
    assert client.post(f"{version.group()}/restore").status_code == 302


def test_publishing_what_was_not_looked_at_is_refused(client: FlaskClient, press: Press) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME, publish=False)
    answer = client.post(f"/templates/pieces/{letter}/publish", data={"number": "1"})
    assert answer.status_code == 422
    assert "Somebody changed this meanwhile" in answer.text


def test_a_refused_save_keeps_what_was_typed(client: FlaskClient, press: Press) -> None:
    hours = press.piece(SNIPPET, "Hours", "<p>theirs</p>")
    data = {"name": "Hours", "number": "1", "format": "html", "body": "<p>my long text</p>", "text": ""}
    answer = client.post(f"/templates/pieces/{hours}", data=data)
    assert answer.status_code == 422
    assert "Somebody else saved this snippet meanwhile" in answer.text and "my long text" in answer.text
    number = re.search(r'name="number"[^>]*value="(\d+)"', answer.text)
    assert number
    assert client.post(f"/templates/pieces/{hours}", data={**data, "number": number[1]}).status_code == 302


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        (SNIPPET, "<p>{{ city }}</p>", "No problems."),
        (SNIPPET, "<p>{{ city </p>", "Body, line 1: the template cannot be read"),
        (SNIPPET, "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}x{% endfor %}{% endfor %}"
         "{% endfor %}", "There is nothing to show"),
        (LAYOUT, "<p>no slot</p>", "write {{ content }} where the e-mail goes"),
    ],
)  # fmt: skip
def test_the_preview_says_what_is_wrong(
    client: FlaskClient, press: Press, kind: PieceKind, body: str, words: str
) -> None:
    piece_id = press.piece(kind, "Me", "{{ content }}", publish=False)
    data = {"name": "Me", "number": "1", "format": "html", "body": body, "text": ""}
    answer = client.post(f"/templates/pieces/{piece_id}/preview", data=data)
    assert answer.status_code == 200
    assert words in answer.text.replace("&#34;", '"')


def test_a_layout_is_previewed_around_a_template(client: FlaskClient, press: Press) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    template = press.template(
        "Notice", content_of("Hi", "<p>Dear {{ first_name }}</p>", examples={"first_name": "Ada"})
    )
    data = {"name": "Letter", "number": "1", "format": "html", "body": FRAME.replace("Harbour", "Town"), "text": ""}
    shown = unescape(client.post(f"/templates/pieces/{letter}/preview", data={**data, "around": str(template)}).text)
    assert "<h1>Town</h1><p>Dear Ada</p>" in shown


def test_lists_are_searched_and_paged(client: FlaskClient, database: Database, actor: Person) -> None:
    with database.writing() as session:
        for number in range(30):
            piece_drafts.create_piece(session, actor, SNIPPET, f"Part {number:02}")
    first = client.get("/templates/snippets").text
    assert "Part 24" in first and "Part 25" not in first
    next_url = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert next_url
    assert "Part 29" in client.get(next_url[1].replace("&amp;", "&")).text
    found = client.get("/templates/snippets?q=part+07").text
    assert "Part 07" in found and "Part 08" not in found


def test_archiving_and_bringing_back(client: FlaskClient, press: Press) -> None:
    letter = press.piece(LAYOUT, "Letter", FRAME)
    client.post(f"/templates/pieces/{letter}/archive", data={"archived": "yes"})
    assert "Letter" in client.get("/templates/layouts?archived=yes").text
    client.post(f"/templates/pieces/{letter}/archive", data={"archived": "no"})
    press.template("Notice", in_layout(letter))
    refused = client.post(f"/templates/pieces/{letter}/archive", data={"archived": "yes"}, follow_redirects=True)
    assert "used by the template “Notice”" in refused.text


def test_many_templates_are_paged(client: FlaskClient, press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_publishing, "MOST_AT_ONCE", 2)
    letter = press.piece(LAYOUT, "Letter", FRAME)
    for name in ("A", "B", "C"):
        press.template(name, in_layout(letter))
    press.write(letter, FRAME.replace("Harbour", "Town"))
    page = client.get(f"/templates/pieces/{letter}/publish").text
    assert "This page shows 2 of them" in page and "“C”" not in page
    assert "“C”" in client.get(f"/templates/pieces/{letter}/publish?after=B").text
