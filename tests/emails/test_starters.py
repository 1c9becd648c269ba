"""A new template begins with an entry of the gallery or empty, and its layout comes with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.emails import publishing, starters, templates
from app.emails.bundle import Bundle, BundledPiece, BundledTemplate, write_files
from app.emails.content import Content, Format, Hint, Variant
from app.emails.models import Piece, PieceKind, PieceVersion, Template
from app.people.models import Person

LETTER = BundledPiece(PieceKind.LAYOUT, "Letter", body='<html><body>{{ content }}{% include "Foot" %}</body></html>')
FOOT = BundledPiece(PieceKind.SNIPPET, "Foot", body='<p>Quayside</p>{% include "Phone" %}')
PHONE = BundledPiece(PieceKind.SNIPPET, "Phone", body="<p>0123</p>")
CLOSURE = BundledTemplate(
    "Closure",
    Content(
        Format.MARKDOWN,
        variants={"en": Variant("We close", body="Dear {{ first_name }}, we close.")},
        hints={"first_name": Hint(example="Anna")},
    ),
    layout="Letter",
    words="When you close for a day.",
)


@pytest.fixture(autouse=True)
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small gallery of the tests' own."""
    for path, content in write_files(Bundle((CLOSURE,), (LETTER, FOOT, PHONE))).items():
        file = tmp_path / "gallery" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    monkeypatch.setattr(starters, "FOLDER", tmp_path / "gallery")
    starters.gallery.cache_clear()
    yield
    starters.gallery.cache_clear()


def made(session: Session) -> Template:
    return session.scalars(select(Template)).one()


def test_the_page_shows_every_choice(client: FlaskClient) -> None:
    page = client.get("/templates/new").text
    for words in ("Closure", "When you close for a day.", "An empty e-mail (Write)", "Empty HTML", "Empty MJML"):
        assert words in page
    frame = client.get("/templates/gallery/Closure")
    assert "Dear Anna, we close." in frame.text
    assert "Quayside" in frame.text
    assert "0123" in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert client.get("/templates/gallery/Nothing").status_code == 404


def test_an_entry_brings_its_layout_and_snippets_published(
    client: FlaskClient, session: Session, actor: Person
) -> None:
    answer = client.post("/templates/new", data={"name": "Quay closes", "starter": "gallery:Closure"})
    assert answer.status_code == 302
    template = made(session)
    assert (template.name, template.draft.main.body) == ("Quay closes", "Dear {{ first_name }}, we close.")
    assert sorted(session.scalars(select(Piece.name))) == ["Foot", "Letter", "Phone"]
    assert set(session.scalars(select(PieceVersion.number))) == {1}
    version = publishing.publish(session, actor, template.id)
    assert "0123" in version.source().html
    assert version.variables == ["first_name"]


def test_a_layout_that_is_here_is_used_and_not_changed(client: FlaskClient, session: Session, actor: Person) -> None:
    mine = Piece(
        workspace_id=actor.workspace_id, kind=PieceKind.LAYOUT, name="Letter", draft_body="<i>{{ content }}</i>"
    )
    session.add(mine)
    session.commit()
    client.post("/templates/new", data={"name": "A", "starter": "gallery:Closure"})
    assert made(session).draft.layout_id == mine.id
    assert (
        session.scalars(select(Piece).where(Piece.kind == PieceKind.LAYOUT)).one().draft_body == "<i>{{ content }}</i>"
    )


@pytest.mark.parametrize(
    ("starter", "format"), [("markdown", "markdown"), ("html", "html"), ("mjml", "mjml"), ("", "html")]
)
def test_an_empty_one_can_be_published_at_once(
    client: FlaskClient, session: Session, actor: Person, starter: str, format: str
) -> None:
    client.post("/templates/new", data={"name": "A", "starter": starter})
    template = made(session)
    assert template.draft.format == format
    assert (template.draft.layout_id is not None) == (starter == "markdown")
    assert publishing.publish(session, actor, template.id).variables == ["first_name"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": "", "starter": "gallery:Closure"}, "Give the template a name."),
        ({"name": "Taken", "starter": "gallery:Closure"}, "of this name already"),
        ({"name": "New", "starter": "gallery:Nothing"}, "Choose one of these."),
        ({"name": "New", "starter": "word"}, "Choose one of these."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    client: FlaskClient, session: Session, actor: Person, data: dict[str, str], words: str
) -> None:
    templates.create_template(session, actor, "Taken")
    session.commit()
    answer = client.post("/templates/new", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert session.scalars(select(Piece)).all() == []
    if data["starter"] == "gallery:Closure":
        assert 'value="gallery:Closure" checked' in answer.text


def test_without_a_gallery_the_empty_ones_are_there(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starters, "FOLDER", tmp_path / "nothing")
    starters.gallery.cache_clear()
    assert "Empty HTML" in client.get("/templates/new").text
    assert client.post("/templates/new", data={"name": "A", "starter": "markdown"}).status_code == 302
