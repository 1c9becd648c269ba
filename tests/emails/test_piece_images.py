"""Images of layouts and snippets: sent with every template that shows them, each once, and kept with its version."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.emails import (
    bundle,
    exporting,
    importing,
    piece_drafts,
    piece_images,
    piece_publishing,
    pieces,
    publishing,
    versions,
)
from app.emails import templates as templates_of
from app.emails.assembling import Pieces, PieceSource, assemble, files_of
from app.emails.bundle_zip import pack
from app.emails.content import Content, Format, TemplateFile, Variant, content_of
from app.emails.importing import Choice, Chosen
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind, PieceVersion, StoredFile, Template, TemplateVersion
from app.emails.piece_drafts import Written
from app.emails.standing import standing
from app.emails.template_files import add_template_file, files_with_draft
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.refusals import NotThere, Refused
from app.sends import compose, unused_files
from app.sends.composition import plan_of
from tests.conftest import PASSWORD
from tests.factories import a_draft_send, a_list, some_people
from tests.files import a_pdf, a_png
from tests.sends.test_unused_files import days_later

JSON = {"Accept": "application/json"}
LOGO, OTHER = a_png(1), a_png(2)
FRAME = '<html><body><img src="cid:logo" alt="Harbour Council">{{ content }}</body></html>'


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


class Office:
    """Makes layouts, snippets and templates by the same rules as the pages."""

    def __init__(self, session: Session, actor: Person, renderer: LimitedRenderer) -> None:
        self.session, self.actor, self.renderer = session, actor, renderer

    def piece(self, kind: PieceKind, name: str, body: str, **images: bytes) -> Piece:
        """Make and publish one; `logo=…` is its image logo.png."""
        piece = piece_drafts.create_piece(self.session, self.actor, kind, name)
        for stem, content in images.items():
            self.add(piece, f"{stem}.png", content)
        self.write(piece, body)
        self.publish(piece)
        return piece

    def add(self, piece: Piece, name: str, content: bytes) -> TemplateFile:
        return piece_images.add_piece_image(self.session, self.actor, piece.id, name, content)

    def remove(self, piece: Piece, content: bytes) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        piece_images.remove_piece_image(self.session, self.actor, piece.id, sha256)

    def write(self, piece: Piece, body: str) -> None:
        written = replace(Written.of(piece), body=body, format=Format.HTML)
        piece_drafts.save_piece(self.session, self.actor, piece.id, piece.name, written, number=piece.draft_number)

    def plan(self, piece: Piece, *with_templates: int) -> piece_publishing.Plan:
        self.session.flush()
        number = piece.draft_number
        return piece_publishing.plan(
            self.session, self.actor, self.renderer, piece.id, set(with_templates), number=number
        )

    def publish(self, piece: Piece, *with_templates: int) -> PieceVersion:
        return piece_publishing.carry_out(self.session, self.actor, self.plan(piece, *with_templates))

    def template(self, name: str, content: Content) -> Template:
        return templates_of.create_template(self.session, self.actor, name, content)

    def version(self, template: Template) -> TemplateVersion:
        made = publishing.publish(self.session, self.actor, template.id)
        self.session.flush()
        return made

    def request(self, version: TemplateVersion) -> dict[str, bytes]:
        """Give what a send carries, by `cid:`, and see that the HTML shows nothing else."""
        people = a_list(self.session, self.actor, people=some_people(1))
        send = a_draft_send(self.session, self.actor, version=version, people=people)
        self.session.flush()
        plan = plan_of(self.session, send)
        carried = {one.content_id or one.filename: one.content for one in plan.attachments}
        assert set(re.findall(r"cid:([\w-]+)", plan.source.html)) <= set(carried)
        return carried


@pytest.fixture
def office(session: Session, actor: Person, renderer: LimitedRenderer) -> Office:
    return Office(session, actor, renderer)


@pytest.fixture
def stranger(session: Session) -> Person:
    """Somebody of another workspace."""
    workspace = Workspace(name="Elsewhere")
    session.add(workspace)
    session.flush()
    return add_person(session, workspace, email="eve@example.com", name="Eve", password=PASSWORD, role=Role.EDITOR)


def in_layout(layout: Piece, body: str = "<p>Hello</p>", **more: object) -> Content:
    return replace(content_of("Hello", body), layout_id=layout.id, **more)  # type: ignore[arg-type]


# One `cid:` for one image


def image(name: str, content_id: str, content: bytes) -> TemplateFile:
    return TemplateFile(name, "image/png", f"sha of {content!r}", len(content), content_id)


def own(content_id: str, content: bytes) -> PieceSource:
    html = f'<b><img src="cid:{content_id}"></b>{{{{ content }}}}'
    return PieceSource(html, images=(image(f"{content_id}.png", content_id, content),))


def test_one_name_for_two_images_becomes_two() -> None:
    content = replace(
        content_of("s", '<i><img src="cid:logo"></i>{% include "Foot" %}'), files=(image("logo.png", "logo", b"own"),)
    )
    pieces_taken = Pieces(
        own("logo", b"layout"), {"Foot": replace(own("logo", b"foot"), html='<u background="cid:logo">')}
    )
    html = assemble(content, "en", pieces_taken).html
    assert '<i><img src="cid:logo"></i>' in html
    assert '<b><img src="cid:logo-2"></b>' in html
    assert '<u background="cid:logo-3">' in html
    assert [(one.content_id, one.size) for one in files_of(content, pieces_taken)] == [
        ("logo", 3),
        ("logo-2", 6),
        ("logo-3", 4),
    ]


def test_two_names_for_one_image_become_one() -> None:
    content = replace(
        content_of("s", '<img src="cid:ours">{% include "Foot" %}'), files=(image("ours.png", "ours", b"same"),)
    )
    pieces_taken = Pieces(own("logo", b"same"), {"Foot": own("mark", b"same")})
    html = assemble(content, "en", pieces_taken).html
    assert html.count("cid:ours") == 3 and "cid:logo" not in html and "cid:mark" not in html
    assert files_of(content, pieces_taken) == content.files


def test_an_attachment_of_the_same_bytes_is_no_image() -> None:
    content = replace(content_of("s", "<p>x</p>"), files=(image("logo.png", "", b"same"),))
    assert [one.content_id for one in files_of(content, Pieces(own("logo", b"same")))] == ["", "logo"]


def test_words_that_only_look_like_a_picture_stay() -> None:
    layout = replace(
        own("logo", b"layout"), html='<p>cid:logo <a href="cid:logo"><img src="cid:logo"></a>{{ content }}'
    )
    content = replace(content_of("s", ""), files=(image("logo.png", "logo", b"own"),))
    content = content.with_variant("en", Variant("s", body="<p>x</p>"))
    html = assemble(content, "en", Pieces(layout)).html
    assert '<p>cid:logo <a href="cid:logo"><img src="cid:logo-2">' in html


# What may be added


def test_an_image_is_added_once_and_noted(session: Session, actor: Person, office: Office) -> None:
    piece = piece_drafts.create_piece(session, actor, PieceKind.LAYOUT, "Letter")
    first = office.add(piece, "Our Logo.png", LOGO)
    assert (first.content_id, first.media_type) == ("our-logo", "image/png")
    assert office.add(piece, "again.png", LOGO) == first
    assert office.add(piece, "Our Logo.png", OTHER).content_id == "our-logo-2"
    assert len(piece.draft_images) == 2
    assert piece.draft_number == 1, "nobody who has the editor open is behind now"
    office.remove(piece, LOGO)
    assert [one.content_id for one in piece.draft_images] == ["our-logo-2"]
    session.flush()
    noted = select(AuditEntry.words).where(AuditEntry.action.like("piece.image%")).order_by(AuditEntry.id)
    words = session.scalars(noted).all()
    assert words[0] == "“Our Logo.png” added to the layout “Letter”"
    assert words[-1] == "“Our Logo.png” removed from the layout “Letter”"
    assert session.scalar(select(func.count()).select_from(StoredFile)) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("terms.pdf", a_pdf(), "cannot be shown in the text"),
        ("drawing.svg", b"<svg></svg>", "which mail programs do not show"),
        ("logo.png", a_pdf(), "is really a PDF"),
        ("setup.exe", b"MZ", "is a program or script"),
        ("", LOGO, "Choose a file first"),
        ("big.gif", b"GIF89a" + bytes(4_000_000), "5 MiB is the most"),
    ],
)
def test_only_images_that_fit_are_taken(
    session: Session, actor: Person, office: Office, name: str, content: bytes, words: str
) -> None:
    piece = piece_drafts.create_piece(session, actor, PieceKind.SNIPPET, "Sign")
    with pytest.raises(Refused, match=words):
        office.add(piece, name, content)
    assert piece.draft_images == ()


def test_another_workspaces_piece_takes_no_image(session: Session, actor: Person, office: Office) -> None:
    piece = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with pytest.raises(NotThere):
        piece_images.add_piece_image(session, stranger, piece.id, "logo.png", OTHER)
    with pytest.raises(NotThere):
        piece_images.remove_piece_image(session, stranger, piece.id, piece.draft_images[0].sha256)


# What goes with an e-mail


def test_every_template_in_a_layout_carries_its_images(office: Office) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    version = office.version(office.template("Notice", in_layout(layout)))
    assert version.content.files == ()
    assert office.request(version) == {"logo": LOGO}


def test_snippets_within_snippets_bring_theirs(office: Office) -> None:
    office.piece(PieceKind.SNIPPET, "Mark", '<img src="cid:mark" alt="">', mark=OTHER)
    office.piece(PieceKind.SNIPPET, "Foot", '<p>Quay</p>{% include "Mark" %}')
    layout = office.piece(
        PieceKind.LAYOUT, "Letter", FRAME.replace("</body>", '{% include "Foot" %}</body>'), logo=LOGO
    )
    assert office.request(office.version(office.template("Notice", in_layout(layout)))) == {"logo": LOGO, "mark": OTHER}


def test_the_templates_own_image_of_the_same_name_is_another_one(
    session: Session, actor: Person, office: Office
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    template = office.template("Notice", in_layout(layout, '<img src="cid:logo" alt="">'))
    template.draft = replace(template.draft, files=())
    made = add_template_file(session, actor, template.id, "logo.png", OTHER)
    body = f'<i><img src="cid:{made.content_id}" alt=""></i>'
    template.draft = template.draft.with_variant("en", Variant("Hello", body=body))
    version = office.version(template)
    carried = office.request(version)
    html = version.prepared["en"]["html"]
    (of_template,) = re.findall(r'<i><img src="cid:([\w-]+)"', html)
    (of_layout,) = re.findall(r'<img src="cid:([\w-]+)" alt="Harbour Council"', html)
    assert (carried[of_template], carried[of_layout]) == (OTHER, LOGO)
    assert len(carried) == 2


def test_the_same_image_in_template_and_layout_goes_once(session: Session, actor: Person, office: Office) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    template = office.template("Notice", in_layout(layout))
    made = add_template_file(session, actor, template.id, "our sign.png", LOGO)
    template.draft = template.draft.with_variant(
        "en", Variant("Hello", body=f'<img src="cid:{made.content_id}" alt="Sign">')
    )
    assert office.request(office.version(template)) == {"our-sign": LOGO}


def test_an_image_that_is_not_shown_does_not_go(office: Office) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO, spare=OTHER)
    mjml = Content(
        Format.MJML,
        variants={"en": Variant("s", body="<mjml><mj-body></mj-body></mjml>", text="x")},
        layout_id=layout.id,
    )
    text_only = replace(mjml, format=Format.HTML, variants={"en": Variant("s", text="x")})
    assert office.request(office.version(office.template("Notice", in_layout(layout)))) == {"logo": LOGO}
    assert office.request(office.version(office.template("MJML", mjml))) == {}
    assert office.request(office.version(office.template("Text", text_only))) == {}


def test_a_version_keeps_its_images_until_a_new_one_is_published(
    session: Session, actor: Person, office: Office, renderer: LimitedRenderer
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    template = office.template("Notice", in_layout(layout))
    old = office.version(template)
    office.remove(layout, LOGO)
    assert office.add(layout, "logo.png", OTHER).content_id == "logo"
    session.flush()
    assert piece_publishing.has_changes(layout, pieces.newest_of_pieces(session, [layout.id])[layout.id])
    assert standing(session, template, old, renderer).is_same, "only the layout's draft has the other one"
    version = office.publish(layout)
    assert not standing(session, template, old, renderer).is_same, "the HTML is the same, and yet another logo shows"
    assert office.request(old) == {"logo": LOGO}
    office.publish(layout, template.id)
    new = templates_of.newest_of(session, [template.id])[template.id]
    assert version.id in new.pins and new.number == 2
    assert office.request(new) == {"logo": OTHER}
    assert office.request(old) == {"logo": LOGO}
    piece_drafts.restore_version(session, actor, layout.versions[-1].id)
    assert [one.content_id for one in layout.draft_images] == ["logo"]
    assert layout.draft_images == layout.versions[-1].images


def test_an_image_that_came_after_the_look_is_not_published_unseen(
    session: Session, actor: Person, office: Office, renderer: LimitedRenderer, client: FlaskClient
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    office.write(layout, FRAME + "<!-- -->")
    made = office.plan(layout)
    seen = [one.sha256 for one in layout.draft_images]
    office.remove(layout, LOGO)
    with pytest.raises(Refused, match="Somebody changed this meanwhile"):
        piece_publishing.carry_out(session, actor, made)
    session.commit()
    form = {"number": str(layout.draft_number), "image": seen}
    refused = client.post(f"/templates/pieces/{layout.id}/publish", data=form)
    assert refused.status_code == 422 and "Somebody changed this meanwhile" in refused.text
    form["image"] = re.findall(r'name="image" value="(\w+)"', refused.text)
    assert client.post(f"/templates/pieces/{layout.id}/publish", data=form).status_code == 302


def test_a_copy_of_a_template_and_a_snapshot_carry_them(session: Session, actor: Person, office: Office) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    template = office.template("Notice", in_layout(layout))
    copy = versions.duplicate(session, actor, template.id)
    assert office.request(office.version(copy)) == {"logo": LOGO}
    ready = publishing.get_ready(session, actor.workspace_id, template.draft)
    snapshot = publishing.version_from(actor, template, template.draft, ready)
    assert [one.content_id for one in snapshot.files] == ["logo"]


def test_their_size_counts(session: Session, actor: Person, office: Office) -> None:
    photo = b"GIF89a" + bytes(2_000_000)
    layout = piece_drafts.create_piece(session, actor, PieceKind.LAYOUT, "Letter")
    piece_images.add_piece_image(session, actor, layout.id, "photo.gif", photo)
    office.write(layout, '<img src="cid:photo" alt="Harbour">{{ content }}')
    office.publish(layout)
    template = office.template("Notice", in_layout(layout))
    assert [one.name for one in files_with_draft(session, template)] == ["photo.gif"]
    with pytest.raises(Refused, match="5 MiB is the most"):
        add_template_file(session, actor, template.id, "terms.txt", b"x" * 2_000_000)
    people = a_list(session, actor, people=some_people(1))
    send = a_draft_send(session, actor, version=office.version(template), people=people)
    session.flush()
    assert compose.attachments_size(session, send.id).used > 2_600_000
    with pytest.raises(Refused, match="5 MiB is the most"):
        compose.add_attachment(session, actor, send.id, "terms.txt", b"x" * 2_000_000)


# Kept as long as anything needs them


def test_the_collector_keeps_what_a_draft_or_a_version_needs(
    database: Database, session: Session, actor: Person, office: Office
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO, spare=OTHER)
    template = office.template("Notice", in_layout(layout))
    office.version(template)
    office.add(layout, "draft.png", a_png(3))
    office.add(layout, "gone.png", a_png(4))
    office.remove(layout, a_png(4))
    session.commit()

    def left() -> list[bytes]:
        for _ in range(2):
            unused_files.collect(database)
            days_later(database)
        with database.reading() as reading:
            return sorted(one for one in reading.scalars(select(StoredFile.content)))

    assert left() == sorted([LOGO, OTHER, a_png(3)])
    with database.writing() as writing:
        piece = writing.get_one(Piece, layout.id)
        piece.draft_images = ()
        for one in writing.scalars(select(PieceVersion)):
            one.images = ()
    assert left() == [LOGO], "the template's version shows it"


# Moving them


def in_zip(session: Session, actor: Person, template: Template) -> bytes:
    return pack(bundle.write_files(exporting.export_template(session, actor, template.id)))


def test_an_export_brings_them_into_another_workspace(
    session: Session, actor: Person, office: Office, renderer: LimitedRenderer, stranger: Person
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    office.add(layout, "Only in the draft.png", OTHER)
    template = office.template("Notice", in_layout(layout))
    content = in_zip(session, actor, template)
    read = importing.read_bundle("x.zip", content)
    assert [(one.name, [image.name for image in one.images]) for one in read.pieces] == [("Letter", ["logo.png"])]
    assert [line.fate for line in importing.plan(session, actor, read, renderer)] == [importing.Fate.SAME] * 2
    lines = importing.plan(session, stranger, read, renderer)
    done = importing.carry_out(session, stranger, read, lines, {})
    there = Office(session, stranger, renderer)
    made = session.get_one(Template, done.template_ids[0])
    assert there.request(there.version(made)) == {"logo": LOGO}
    assert in_zip(session, stranger, made) == content


def test_an_import_replaces_the_drafts_images(
    session: Session, actor: Person, office: Office, renderer: LimitedRenderer
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    content = in_zip(session, actor, office.template("Notice", in_layout(layout)))
    office.remove(layout, LOGO)
    office.add(layout, "logo.png", OTHER)
    office.publish(layout)
    read = importing.read_bundle("x.zip", content)
    lines = importing.plan(session, actor, read, renderer)
    line = next(one for one in lines if one.kind == "layout")
    assert line.fate is importing.Fate.TAKEN, "the words are the same, the logo is not"
    chosen = {line.key: Chosen(Choice.REPLACE, line.draft_number)}
    importing.carry_out(session, actor, read, lines, chosen)
    assert layout.draft_images == read.pieces[0].images
    assert office.publish(layout).images == read.pieces[0].images


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("terms.pdf", a_pdf(), "cannot be shown in the text"),
        ("logo.png", a_pdf(), "is really a PDF"),
        ("big.gif", b"GIF89a" + bytes(4_000_000), "5 MiB is the most"),
    ],
)
def test_images_of_an_import_obey_the_rules_of_those_added_by_hand(name: str, content: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        importing.read_bundle("x.zip", pack(plain(name, content)))


def plain(name: str, content: bytes, **listed: str) -> dict[str, bytes]:
    said = bundle._json({"kind": "layout", "name": "L", "files": [{"name": name, **listed}]})
    return {"layouts/L/layout.json": said, "layouts/L/body.html": FRAME.encode(), f"layouts/L/files/{name}": content}


def test_an_image_written_by_hand_gets_a_cid_and_one_that_is_missing_is_named() -> None:
    files = plain("Our Logo.png", LOGO)
    (piece,) = importing.read_bundle("x.zip", pack(files)).pieces
    assert [one.content_id for one in piece.images] == ["our-logo"]
    del files["layouts/L/files/Our Logo.png"]
    with pytest.raises(Refused, match=r"“layouts/L/layout\.json” names “Our Logo\.png”, but"):
        importing.read_bundle("x.zip", pack(files))


# The pages


def add(client: FlaskClient, piece: Piece, *files: tuple[str, bytes]) -> tuple[int, str]:
    data = {"file": [(io.BytesIO(content), name) for name, content in files]}
    answer = client.post(f"/templates/pieces/{piece.id}/images", data=data, headers={"HX-Request": "true"})
    return answer.status_code, answer.text


def test_the_editor_lists_adds_shows_and_removes(
    client: FlaskClient, session: Session, actor: Person, office: Office
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME)
    session.commit()
    status, part = add(client, layout, ("logo.png", LOGO), ("terms.pdf", a_pdf()))
    assert status == 422
    assert "“logo.png” is added." in part and "“terms.pdf” cannot be shown in the text" in unescape(part)
    assert "Attach instead" not in part and "of 5.00 MiB as sent" in part
    page = client.get(f"/templates/pieces/{layout.id}").text
    assert '<img src="cid:logo" alt="What it shows">' in unescape(page)
    assert data_url(LOGO) in unescape(page), "the preview shows it"
    answer = client.get(f"/templates/pieces/{layout.id}/images/logo")
    assert (answer.data, answer.mimetype) == (LOGO, "image/png")
    assert client.get(f"/templates/pieces/{layout.id}/images/other").status_code == 404
    assert "cid:logo" in client.get(f"/templates/pieces/{layout.id}/images", headers={"HX-Request": "true"}).text
    sha256 = re.findall(r"images/(\w+)/remove", page)[0]
    page = client.post(f"/templates/pieces/{layout.id}/images/{sha256}/remove", follow_redirects=True).text
    assert "“logo.png” is removed. Published versions keep it." in page
    assert client.post(f"/templates/pieces/{layout.id}/images/{sha256}/remove").status_code == 404
    page = client.post(f"/templates/pieces/{layout.id}/images", data={}, follow_redirects=True).text
    assert "Choose a file first." in page


def test_the_editor_gets_json_for_a_dropped_image(client: FlaskClient, session: Session, office: Office) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME)
    session.commit()

    def drop(name: str, content: bytes) -> tuple[int, dict[str, str]]:
        data = {"file": (io.BytesIO(content), name)}
        answer = client.post(f"/templates/pieces/{layout.id}/images", data=data, headers=JSON)
        return answer.status_code, answer.json or {}

    status, answer = drop("logo.png", LOGO)
    assert (status, answer["content_id"]) == (200, "logo")
    status, answer = drop("terms.pdf", a_pdf())
    assert status == 422 and "cannot be shown in the text" in answer["words"]


def test_a_save_keeps_what_was_added_meanwhile(client: FlaskClient, session: Session, office: Office) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME)
    session.commit()
    number = layout.draft_number
    add(client, layout, ("logo.png", LOGO))
    form = {"name": "Letter", "number": str(number), "format": "html", "body": FRAME + "<!-- -->"}
    assert client.post(f"/templates/pieces/{layout.id}", data={**form, "action": "save"}).status_code == 302
    session.expire_all()
    assert [one.content_id for one in layout.draft_images] == ["logo"]


def test_everything_that_shows_a_template_shows_the_layouts_logo(
    client: FlaskClient, session: Session, office: Office
) -> None:
    layout = office.piece(PieceKind.LAYOUT, "Letter", FRAME, logo=LOGO)
    template = office.template("Notice", in_layout(layout))
    version = office.version(template)
    session.commit()
    editor = client.get(f"/templates/{template.id}").text
    assert data_url(LOGO) in unescape(editor)
    assert "From the layout or a snippet: logo.png." in editor
    typed = {"variant": "en", "subject": "Hello", "body": "<p>Hello</p>", "layout": str(layout.id)}
    checks = client.post(f"/templates/{template.id}/checks", data=typed).text
    assert "is not among the files" not in checks and "not shown in it" not in checks
    assert data_url(LOGO) in unescape(client.post(f"/templates/{template.id}/preview", data=typed).text)
    for page in (
        f"/templates/versions/{version.id}/page",
        f"/templates/{template.id}/rendered?of=draft",
        f"/templates/{template.id}/rendered?of={version.id}",
        f"/templates/pieces/{layout.id}/publish/{template.id}/old",
        f"/templates/pieces/{layout.id}/publish/{template.id}/new",
        f"/templates/pieces/versions/{layout.versions[0].id}/page",
    ):
        assert data_url(LOGO) in client.get(page).text, page
    assert client.get(f"/templates/versions/{version.id}/files/logo").data == LOGO
