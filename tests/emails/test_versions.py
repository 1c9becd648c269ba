"""Publishing, versions, comparing, restoring, copies and folders: as the pages do it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.emails import notices, publishing, templates, versions
from app.emails.content import Content, Format, TemplateFile, Variant, content_of
from app.emails.files import store
from app.emails.models import Piece, PieceKind, PieceVersion, Template, TemplateVersion
from app.people.models import Person
from app.recipients.unsubscribing import topics
from app.refusals import NotThere, Refused
from tests.conftest import signed_in
from tests.factories import a_draft_send, a_list, some_people
from tests.files import a_png

pytestmark = pytest.mark.usefixtures("client")


def save(session: Session, actor: Person, template: Template, draft: Content) -> None:
    templates.save_draft(session, actor, template.id, draft, number=template.draft_number)


@pytest.fixture
def template(session: Session, actor: Person) -> Template:
    """A template with two versions and a draft that is version 2."""
    made = templates.create_template(session, actor, "Closure", content_of("Closed", "<p>We close on Friday.</p>"))
    publishing.publish(session, actor, made.id, "the first one")
    save(session, actor, made, content_of("Closed", "<p>We close on Monday, {{ name }}.</p>"))
    publishing.publish(session, actor, made.id, "another day")
    session.commit()
    return made


def ids(session: Session, template: Template) -> list[int]:
    query = select(TemplateVersion.id).where(TemplateVersion.template_id == template.id).order_by(TemplateVersion.id)
    found = list(session.scalars(query))
    session.commit()  # a writing session would keep the pages waiting
    return found


def test_the_publish_page_says_what_changed_and_publishes(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    save(session, actor, template, content_of("Closed!", "<p>We close on Monday, {{ name }}.</p>"))
    session.commit()
    page = client.get(f"/templates/{template.id}/publish").text
    assert "What changed since version 2" in page
    assert re.search(r"<strong>Subject</strong>: 1 line changed", page)
    assert "<strong>Body</strong>" not in page
    assert "Publish version 3" in page
    answer = client.post(f"/templates/{template.id}/publish", data={"note": "louder", "number": template.draft_number})
    assert answer.status_code == 302
    shown = client.get(answer.location).text
    assert "Published as version 3" in shown
    assert "louder" in shown


def test_nothing_to_publish_is_said(client: FlaskClient, template: Template) -> None:
    page = client.get(f"/templates/{template.id}/publish").text
    assert "the draft says what version 2 says" in page
    assert "Publish version 3" not in page


def test_a_draft_saved_after_the_page_was_opened_is_not_published_unseen(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    save(session, actor, template, content_of("Theirs", "<p>x</p>"))
    session.commit()
    answer = client.post(f"/templates/{template.id}/publish", data={"note": "kept", "number": "2"})
    assert answer.status_code == 422
    assert "saved after you opened this page" in answer.text
    assert 'value="kept"' in answer.text
    assert f'value="{template.draft_number}"' in answer.text
    assert len(ids(session, template)) == 2


def test_a_second_press_publishes_nothing_twice(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    save(session, actor, template, content_of("New", "<p>x</p>"))
    session.commit()
    data = {"number": template.draft_number, "version": 3}
    assert client.post(f"/templates/{template.id}/publish", data=data).status_code == 302
    again = client.post(f"/templates/{template.id}/publish", data=data)
    assert again.status_code == 422
    assert "Version 3 was published after you opened this page" in again.text
    assert len(ids(session, template)) == 3


def test_two_people_who_publish_at_once_make_one_version(
    app: Flask, session: Session, actor: Person, staff: Person, template: Template
) -> None:
    save(session, actor, template, content_of("New", "<p>x</p>"))
    session.commit()
    data = {"number": template.draft_number, "version": 3}
    people = [signed_in(app, one) for one in (actor, staff)]
    together = Barrier(2)

    def press(person: FlaskClient) -> int:
        together.wait()
        return person.post(f"/templates/{template.id}/publish", data=data).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(press, people)) == [302, 422]
    assert len(ids(session, template)) == 3


def test_a_draft_with_problems_is_not_published(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    save(session, actor, template, content_of("Closed", "<p>{% if x %}</p>"))
    session.commit()
    assert "Body, line 1" in client.get(f"/templates/{template.id}/publish").text
    answer = client.post(f"/templates/{template.id}/publish", data={"note": "kept"})
    assert answer.status_code == 422
    assert "Body, line 1" in answer.text
    assert 'value="kept"' in answer.text
    assert f'href="/templates/{template.id}"' in answer.text
    assert len(ids(session, template)) == 2


def test_new_and_dropped_things_are_named_with_the_draft_sends_that_break(
    client: FlaskClient, session: Session, actor: Person
) -> None:
    file = TemplateFile("terms.pdf", "application/pdf", "0" * 64, 3)
    first = content_of("Hi", "<p>{{ city }} {{ street }}</p>").with_variant("fr", Variant("Salut", body="<p>.</p>"))
    draft = Content(variants=first.variants, files=(file,))
    made = templates.create_template(session, actor, "Terms", draft)
    version = publishing.publish(session, actor, made.id)
    people = a_list(session, actor, people=some_people(1), name="Members", columns=["city", "street"])
    others = a_list(session, actor, people=some_people(1), name="Guests", columns=["city", "street", "fee"])
    lacking = a_draft_send(session, actor, version=version, people=people)
    fine = a_draft_send(session, actor, version=version, people=others)
    with_value = a_draft_send(session, actor, version=version, people=people, values={"fee": "3"})
    save(session, actor, made, content_of("Hi", "<p>{{ city }} {{ fee }}</p>"))
    session.commit()
    page = client.get(f"/templates/{made.id}/publish").text
    variables = page[page.index('id="variables"') : page.index('id="files"')]
    assert "<strong>fee</strong>" in variables
    assert "needs no more: street" in variables
    assert f"/sends/{lacking.id}/what" in variables
    assert "to “Members” has no fee" in re.sub(r"\s+", " ", variables)
    assert f"/sends/{fine.id}/what" not in variables
    assert f"/sends/{with_value.id}/what" not in variables
    files = page[page.index('id="files"') : page.index('id="languages"')]
    assert "terms.pdf" in files
    assert f"/sends/{fine.id}/what" in files
    assert "French" in page[page.index('id="languages"') :]


def test_versions_are_listed_with_who_when_and_why_and_test_snapshots_are_not(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    snapshot = session.get_one(TemplateVersion, ids(session, template)[0])
    session.add(
        TemplateVersion(
            workspace_id=actor.workspace_id,
            template_id=template.id,
            content=snapshot.content,
            prepared=snapshot.prepared,
            note="a trial of mine",
        )
    )
    session.commit()
    page = client.get(f"/templates/{template.id}/versions").text
    for words in ("Version 1", "Version 2", "the first one", "another day", "Ada Admin"):
        assert words in page
    assert "None" not in page
    assert page.count(">Newest<") == 1
    assert page.index("Version 2</a>") < page.index(">Newest<") < page.index("Version 1</a>")
    assert "a trial of mine" not in page
    assert "a trial of mine" not in client.get(f"/templates/{template.id}").text


def test_many_versions_come_page_by_page(session: Session, actor: Person, client: FlaskClient) -> None:
    made = templates.create_template(session, actor, "Often", content_of("s", "<p>x</p>"))
    for _ in range(27):
        publishing.publish(session, actor, made.id)
    session.commit()
    first = client.get(f"/templates/{made.id}/versions").text
    assert "Version 3<" in first
    assert ">Version 2<" not in first.split("<table")[1]
    link = re.search(r'href="([^"]*before=3)"', first)
    assert link
    second = client.get(link[1]).text.split("<table")[1]
    assert ">Version 2<" in second
    assert ">Version 1<" in second
    assert ">Version 3<" not in second


def test_restoring_asks_and_makes_the_version_the_draft(
    client: FlaskClient, session: Session, actor: Person, template: Template, database: Database
) -> None:
    first = ids(session, template)[0]
    assert "no unpublished changes" in client.get(f"/templates/{template.id}/versions").text
    save(session, actor, template, content_of("New", "<p>not published</p>"))
    session.commit()
    assert "they are replaced" in client.get(f"/templates/{template.id}/versions").text
    data = {"version": first, "number": template.draft_number}
    assert client.post(f"/templates/{template.id}/restore", data=data).status_code == 302
    with database.reading() as reading:
        now = reading.get_one(Template, template.id)
        assert "Friday" in now.draft.main.body
        assert now.draft_number == template.draft_number + 1
        assert "put back to version 1" in (reading.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()[-1])
        assert len(ids(reading, template)) == 2


def test_a_newer_draft_is_not_replaced_unseen(client: FlaskClient, session: Session, template: Template) -> None:
    data = {"version": ids(session, template)[0], "number": template.draft_number - 1}
    answer = client.post(f"/templates/{template.id}/restore", data=data, follow_redirects=True)
    assert "was not replaced" in answer.text
    session.refresh(template)
    assert "Monday" in template.draft.main.body


def test_a_version_of_another_template_cannot_be_restored(session: Session, actor: Person, template: Template) -> None:
    other = templates.create_template(session, actor, "Other")
    with pytest.raises(NotThere):
        versions.restore(session, actor, other.id, ids(session, template)[0], number=1)


def test_comparing_shows_words_source_and_looks(client: FlaskClient, session: Session, template: Template) -> None:
    first, second = ids(session, template)
    page = client.get(f"/templates/{template.id}/compare?a={first}&b={second}").text
    assert re.search(r"<del><span[^>]*>taken out: </span>Friday</del>", page)
    assert re.search(r"<ins><span[^>]*>added: </span>Monday, ", page)
    for version_id in (first, second):
        assert f"/templates/{template.id}/rendered?of={version_id}&amp;language=en" in page
    frame = client.get(f"/templates/{template.id}/rendered?of={second}")
    assert "We close on Monday, " in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_without_a_choice_the_draft_is_compared_with_the_newest(client: FlaskClient, template: Template) -> None:
    page = client.get(f"/templates/{template.id}/compare").text
    assert "The words are the same." in page
    assert "Everything that was written is the same." in page


@pytest.mark.parametrize("query", ["a=999999", "a=draft&b=x", "a=-1", "a=²", "a=" + "9" * 40])
def test_what_is_not_there_cannot_be_compared(client: FlaskClient, template: Template, query: str) -> None:
    assert client.get(f"/templates/{template.id}/compare?{query}").status_code == 404


def test_a_template_without_versions_has_nothing_to_compare(
    client: FlaskClient, session: Session, actor: Person
) -> None:
    made = templates.create_template(session, actor, "New")
    session.commit()
    assert client.get(f"/templates/{made.id}/compare").status_code == 404
    assert "Nothing is published yet" in client.get(f"/templates/{made.id}/versions").text


def test_a_draft_that_cannot_be_rendered_is_compared_all_the_same(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    draft = Content(Format.MJML, variants={"en": Variant("s", body="<mjml><broken")}, layout_id=None)
    save(session, actor, template, draft)
    session.commit()
    page = client.get(f"/templates/{template.id}/compare?b=draft")
    assert page.status_code == 200
    assert "broken" in page.text[page.text.index('id="source"') :]
    assert "cannot be read" in client.get(f"/templates/{template.id}/rendered?of=draft").text


def test_each_language_is_compared(client: FlaskClient, session: Session, actor: Person, template: Template) -> None:
    save(session, actor, template, template.draft.with_variant("fr", Variant("Fermé", body="<p>Fermé lundi.</p>")))
    session.commit()
    page = client.get(f"/templates/{template.id}/compare?language=fr").text
    assert "Fermé lundi." in page[page.index('id="words"') : page.index('id="looks"')]
    version = ids(session, template)[-1]
    assert (
        "not written in this language" in client.get(f"/templates/{template.id}/rendered?of={version}&language=fr").text
    )


def test_a_layout_that_changed_is_seen(client: FlaskClient, session: Session, actor: Person) -> None:
    layout = Piece(workspace_id=actor.workspace_id, kind=PieceKind.LAYOUT, name="Letter")
    session.add(layout)
    session.flush()
    session.add(PieceVersion(piece_id=layout.id, number=1, format=Format.HTML, body="<b>{{ content }}</b>", text=""))
    session.flush()
    draft = Content(variants={"en": Variant("s", body="<p>x</p>")}, layout_id=layout.id)
    made = templates.create_template(session, actor, "Framed", draft)
    publishing.publish(session, actor, made.id)
    session.add(PieceVersion(piece_id=layout.id, number=2, format=Format.HTML, body="<i>{{ content }}</i>", text=""))
    session.commit()
    page = client.get(f"/templates/{made.id}/compare").text
    assert "Letter, version <del>" in page
    assert "Settings" in client.get(f"/templates/{made.id}/publish").text


def test_pictures_in_the_text_are_shown(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    picture = store(session, a_png())
    draft = replace(
        content_of("s", "<p><img src='cid:logo' alt='Logo'></p>"),
        files=(TemplateFile("logo.png", "image/png", picture.sha256, picture.size, "logo"),),
    )
    save(session, actor, template, draft)
    version = publishing.publish(session, actor, template.id)
    session.commit()
    for side in ("draft", version.id):
        assert "data:image/png;base64," in client.get(f"/templates/{template.id}/rendered?of={side}").text


def test_a_copy_has_the_draft_a_free_name_and_the_folder(
    client: FlaskClient, session: Session, actor: Person, template: Template, database: Database
) -> None:
    versions.move(session, actor, template.id, "Notices")
    topic_id = topics.add_topic(session, actor, {"en": ("Closures", "Rooms that are closed")}).id
    notices.change_topic(session, actor, template.id, topic_id)
    session.commit()
    for name in ("Copy of Closure", "Copy of Closure (2)"):
        answer = client.post(f"/templates/{template.id}/duplicate")
        assert answer.status_code == 302
        with database.reading() as reading:
            made = reading.get_one(Template, int(answer.location.rpartition("/")[2]))
            assert (made.name, made.folder, made.topic_id) == (name, "Notices", topic_id)
            assert made.draft == template.draft
            assert ids(reading, made) == []


def test_a_long_name_has_a_copy_too(session: Session, actor: Person) -> None:
    made = templates.create_template(session, actor, "x" * 200)
    names = [versions.duplicate(session, actor, made.id).name for _ in range(3)]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 200


def test_folders_filter_the_list(client: FlaskClient, session: Session, actor: Person, template: Template) -> None:
    templates.create_template(session, actor, "Elsewhere")
    session.commit()
    client.post(f"/templates/{template.id}/folder", data={"folder": "  Autumn   2027 "})
    page = client.get("/templates/").text
    assert "?folder=Autumn+2027" in page or "?folder=Autumn%202027" in page
    assert "by Ada Admin" in page
    assert "Autumn 2027 (1)" in page
    assert "In no folder (1)" in page
    inside = client.get("/templates/?folder=Autumn+2027").text
    assert ">Closure<" in inside
    assert ">Elsewhere<" not in inside
    outside = client.get("/templates/?folder=").text
    assert ">Elsewhere<" in outside
    assert ">Closure<" not in outside
    assert "Nothing is in this folder" in client.get("/templates/?folder=Nothing").text
    with pytest.raises(Refused):
        versions.move(session, actor, template.id, "x" * 101)


def test_the_list_names_the_layout(client: FlaskClient, session: Session, actor: Person, template: Template) -> None:
    layout = Piece(workspace_id=actor.workspace_id, kind=PieceKind.LAYOUT, name="Letterhead")
    session.add(layout)
    session.flush()
    assert templates.layouts_of(session, [template.id]) == {}
    save(session, actor, template, replace(template.draft, layout_id=layout.id))
    session.commit()
    assert '<td data-label="Layout">Letterhead</td>' in client.get("/templates/").text


def test_another_workspace_can_do_nothing(session: Session, template: Template) -> None:
    class Stranger:
        id, workspace_id = 1, 999

    with pytest.raises(NotThere):
        versions.duplicate(session, Stranger(), template.id)
    with pytest.raises(NotThere):
        versions.restore(session, Stranger(), template.id, ids(session, template)[0], number=1)
