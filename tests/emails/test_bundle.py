"""Export and import: what goes out comes back byte for byte, and a wrong file changes nothing and is named."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import warnings
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import Database
from app.emails import exporting, importing, publishing, templates
from app.emails.bundle import Bundle, BundledPiece, BundledTemplate, path_name, read_files, write_files
from app.emails.bundle_zip import MOST_BYTES, pack, unpack
from app.emails.content import Content, Format, Hint, TemplateFile, Variant, content_of
from app.emails.files import store
from app.emails.foreign import read_single
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind, PieceVersion, Template, WaitingImport
from app.people.models import Person
from app.recipients.unsubscribing import topics
from app.refusals import NotThere, Refused
from tests.emails.real import REAL, RealTemplate
from tests.files import a_png, a_zip

# -- Out and in again

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=40),
    st.sampled_from(["a\r\nb\r\n", "end  \n\n", "\ufeffmark", "😀 مرحبا بكم {{ name }}", "\n", "e\u0301 \u00e9", "\r"]),
)
ODD_NAMES = [
    "CON",
    "a/b\\c:d*?",
    "..",
    ".hidden",
    "50 %",
    "x" * 100,
    "e\u0301",
    "\u00e9",
    "Ω",
    "a",
    "A",
    "dot.",
    "a\tb",
]
NAMES = st.one_of(st.text(CHARACTERS, min_size=1, max_size=60), st.sampled_from(ODD_NAMES)).filter(
    lambda name: name.strip()
)
LANGUAGES = ["en", "fr", "ar", "pt-BR", "zh-Hans"]


def tidy(name: str) -> str:
    return " ".join(name.split())


@st.composite
def contents(draw: st.DrawFn) -> tuple[Content, dict[str, bytes]]:
    tags = draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True))
    files, bytes_of = [], {}
    for name in draw(st.lists(NAMES.filter(lambda name: "/" not in name and "\\" not in name), max_size=3)):
        content = draw(st.binary(max_size=20))
        sha256 = hashlib.sha256(content).hexdigest()
        bytes_of[sha256] = content
        files.append(TemplateFile(name, "image/png", sha256, len(content), draw(st.sampled_from(["", "logo@x"]))))
    variants = {tag: Variant(*draw(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS))) for tag in tags}
    content = Content(
        format=draw(st.sampled_from(Format)),
        language=tags[0],
        variants=variants,
        language_column=draw(TEXTS),
        headers=tuple(draw(st.lists(st.tuples(TEXTS, TEXTS), max_size=2))),
        hints=draw(st.dictionaries(TEXTS, st.builds(Hint, TEXTS, TEXTS, TEXTS), max_size=2)),
        files=tuple(files),
    )
    return content, bytes_of


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    made = []
    for name in draw(st.lists(NAMES.map(tidy), min_size=1, max_size=3, unique=True)):
        content, bytes_of = draw(contents())
        layout = draw(st.none() | NAMES)
        made.append(BundledTemplate(name, content, layout, tidy(draw(TEXTS)), draw(TEXTS), bytes_of))
    pieces = [
        BundledPiece(kind, name, draw(st.sampled_from(Format)), draw(TEXTS), draw(TEXTS))
        for kind in PieceKind
        for name in draw(st.lists(NAMES.map(tidy), max_size=2, unique=True))
    ]
    return Bundle(tuple(made), tuple(pieces))


@given(bundles())
def test_what_is_written_is_read_byte_for_byte(bundle: Bundle) -> None:
    files = write_files(bundle)
    again = read_files(unpack(pack(files)))
    assert sorted(again.templates, key=lambda one: one.name) == sorted(bundle.templates, key=lambda one: one.name)
    assert sorted(again.pieces, key=repr) == sorted(bundle.pieces, key=repr)
    assert sorted(write_files(again).values()) == sorted(files.values())


@given(bundles())
def test_paths_can_lie_on_any_file_system(bundle: Bundle) -> None:
    paths = list(write_files(bundle))
    assert len({path.casefold() for path in paths}) == len(paths)
    for part in {part for path in paths for part in path.split("/")}:
        assert part not in {"", ".", ".."}
        assert len(part.encode()) < 220
        assert not set(part) & set('<>:"\\|?*')
        assert not part.endswith((".", " "))


def test_a_path_shows_the_name_as_far_as_file_systems_take_it() -> None:
    assert path_name("Rückruf: Termin / Büro?") == "Rückruf%3A Termin %2F Büro%3F"
    assert path_name("CON") == "%43ON"
    assert path_name("..") == "%2E%2E"


def test_the_same_templates_make_the_same_zip_file() -> None:
    bundle = Bundle((BundledTemplate("A", content_of("s", "<p>x</p>")),))
    assert pack(write_files(bundle)) == pack(write_files(bundle))


# -- Files that are wrong

GOOD = {
    "templates/A/template.json": b'{"name": "A"}',
    "templates/A/subject.txt": b"Hello",
    "templates/A/body.html": b"<p>x</p>",
}


def with_json(**change: Any) -> dict[str, bytes]:
    return {**GOOD, "templates/A/template.json": json.dumps({"name": "A", **change}).encode()}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no template in it"),
        ({"readme.txt": b"x"}, "no template in it"),
        ({"templates/A/body.html": b"x"}, "“templates/A” has no template.json"),
        ({**GOOD, "templates/A/template.json": b'{"name": }'}, "“templates/A/template.json” is not JSON"),
        ({**GOOD, "templates/A/template.json": b"[" * 100_000}, "“templates/A/template.json” is not JSON"),
        ({**GOOD, "templates/A/template.json": b"[1]"}, "“templates/A/template.json”"),
        ({**GOOD, "templates/A/template.json": b"{}"}, "“templates/A/template.json”: name"),
        ({**GOOD, "templates/A/template.json": b'{"name": "A\\u0000"}'}, "null character"),
        ({**GOOD, "templates/A/template.json": b'{"name": "A\\ud800"}'}, "half of a character"),
        ({**GOOD, "templates/A/template.json": b'{"name": "A", "x": ' + b"9" * 5000 + b"}"}, "is not JSON"),
        (with_json(name=7), "“templates/A/template.json”: name"),
        (with_json(name="x" * 201), "“templates/A/template.json”: name"),
        (with_json(folder="x" * 101), "“templates/A/template.json”: folder"),
        (with_json(format="docx"), "the format “docx” is none of markdown, html, mjml"),
        (with_json(language="klingon!"), "is no language"),
        (with_json(headers=[["X-A"]]), "each of the headers must be a name and a value"),
        (with_json(variables={"a": {"kind": 1}}), "variables → a → kind"),
        (with_json(files=[{"name": "a.png"}]), "“templates/A/files/a.png” is not there"),
        (with_json(files=[{"name": "../../secret"}]), "files → 0 → name"),
        ({**GOOD, "templates/A/body.html": b"ok\n\xff"}, "“templates/A/body.html” is not written in UTF-8 (line 2)"),
        ({**GOOD, "templates/A/body.html": b"a\0b"}, "“templates/A/body.html” has a null character"),
        ({**GOOD, "templates/A/body.html": b"x" * 1_000_001}, "“templates/A/body.html” is longer than 1,000,000"),
        ({**GOOD, "templates/A/languages/en/subject.txt": b"x"}, "“templates/A/languages/en” is not the folder"),
        ({**GOOD, "templates/A/languages/x1/subject.txt": b"x"}, "“templates/A/languages/x1” is not the folder"),
        ({**GOOD, **{path.replace("/A/", "/B/"): content for path, content in GOOD.items()}}, "two with the name “A”"),
        ({"layouts/L/layout.json": b'{"kind": "snippet", "name": "L"}'}, "it lies among the layouts"),
        ({"layouts/L/body.html": b"x"}, "“layouts/L” has no layout.json"),
    ],
)
def test_what_cannot_be_read_is_named(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(Refused) as refused:
        read_files(files)
    assert words in refused.value.words


def zip_of(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # about names that are there twice
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def a_link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("templates/A/link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def locked() -> bytes:
    content = bytearray(zip_of(("templates/A/body.html", b"x")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


def lying_bomb() -> bytes:
    """60 MiB of nothing, whose headers say that it is one byte."""
    content = bytearray(zip_of(("templates/A/body.html", bytes(60 * 1024 * 1024))))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + offset
        content[at : at + 4] = (60 * 1024 * 1024 + 1).to_bytes(4, "little")
    return bytes(content)


def damaged() -> bytes:
    content = bytearray(zip_of(("templates/A/body.html", b"hello " * 100), method=zipfile.ZIP_STORED))
    content[content.index(b"hello") + 3] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zip_of(("../x", b"")), "“../x” would lie outside"),
        (zip_of(("templates/../../x", b"")), "would lie outside"),
        (zip_of(("/etc/passwd", b"")), "“/etc/passwd” would lie outside"),
        (zip_of(("C:/x", b"")), "“C:/x” would lie outside"),
        (zip_of(("templates\\A\\x", b"")), "would lie outside"),
        (zip_of((a_link(), b"/etc/passwd")), "“templates/A/link” is a link"),
        (zip_of(("templates/A/x", b"1"), ("templates/A/x", b"2")), "“templates/A/x” is in it twice"),
        (zip_of(*((f"templates/A/{number}", b"") for number in range(2_001))), "2,001 files in it"),
        (
            zip_of(*((f"templates/A/{number}", bytes(11 * 1024 * 1024)) for number in range(5))),
            "too much at “templates/A/4”",
        ),
        (lying_bomb(), "templates/A/body.html"),
        (locked(), "“templates/A/body.html” is locked"),
        (damaged(), "“templates/A/body.html” is damaged"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (zip_of(("templates/A/x", b"x" * 500))[:-30], "damaged"),
    ],
)
def test_harmful_zip_files_are_refused_and_named(content: bytes, words: str) -> None:
    with pytest.raises(Refused) as refused:
        unpack(content)
    assert words in refused.value.words
    assert MOST_BYTES == 50 * 1024 * 1024


@given(st.binary(max_size=300))
def test_no_bytes_are_a_fault(content: bytes) -> None:
    for begin in (b"", b"PK\x03\x04"):
        with pytest.raises(Refused):
            importing.read_bundle("x.zip", begin + content)


def test_what_systems_add_by_themselves_is_left_out() -> None:
    inside = zip_of(
        *((f"my templates/{path}", content) for path, content in GOOD.items()),
        ("__MACOSX/my templates/._x", b"x"),
        ("my templates/templates/.DS_Store", b"x"),
    )
    assert read_files(unpack(inside)).templates[0].content.main.body == "<p>x</p>"


# -- Single files of other programs

GERMAN = "<p>Viele Grüße aus Köln, schöne Tage für Dich und Deine Nächsten</p>\r\n"


@pytest.mark.parametrize(
    ("name", "content", "body"),
    [
        ("a.html", "<p>Grüße</p>\r\n".encode(), "<p>Grüße</p>\r\n"),
        ("a.html", GERMAN.encode("cp1252"), GERMAN),
        ("a.md", "\ufeffHello".encode(), "Hello"),
        ("a.HTM", "<p>x</p>".encode("utf-16"), "<p>x</p>"),
    ],
)  # fmt: skip
def test_a_single_file_is_read_whatever_it_was_saved_as(name: str, content: bytes, body: str) -> None:
    assert read_single(name, content).content.main.body == body


def test_a_single_file_lends_its_name_and_title() -> None:
    made = read_single(
        "C:\\mail\\order_shipped.mjml", b"<mjml><mj-head><mj-title>Your  order</mj-title></mj-head></mjml>"
    )
    assert (made.name, made.content.format, made.content.main.subject) == ("order shipped", Format.MJML, "Your order")


@pytest.mark.parametrize(
    ("name", "content"), [("a.exe", b"MZ"), ("a", b"x"), ("a.html", b"a\0b"), ("a.html", b"x" * 1_000_001)]
)
def test_other_files_are_refused(name: str, content: bytes) -> None:
    with pytest.raises(Refused):
        read_single(name, content)


def test_foreign_braces_can_be_kept() -> None:
    source = "<p>{{#if paid}}{{> thanks}}{{/if}} {{{raw}}} {% tag %}</p>"
    body = read_single("a.html", source.encode(), keep_braces=True).content.main.body
    ready = publishing.make_ready(content_of("s", body), publishing.Pieces())
    assert ready.variables == ()
    from app.emails.rendering import render

    assert source in render(ready.sources["en"], {}).html
    with pytest.raises(Refused):
        read_single("a.html", b"{% raw %}x{% endraw %}{{#if}}", keep_braces=True)


# -- Pages


def a_layout(session: Session, actor: Person, name: str = "Letter", body: str = "<b>{{ content }}</b>") -> Piece:
    made = Piece(workspace_id=actor.workspace_id, kind=PieceKind.LAYOUT, name=name, draft_body=body)
    session.add(made)
    session.flush()
    session.add(PieceVersion(piece_id=made.id, number=1, format=Format.HTML, body=body, text=""))
    session.flush()
    return made


def a_template(session: Session, actor: Person, name: str = "Closure") -> Template:
    layout = a_layout(session, actor)
    snippet = Piece(
        workspace_id=actor.workspace_id, kind=PieceKind.SNIPPET, name="Hours", draft_body="<p>9 to 5</p>\r\n"
    )
    session.add(snippet)
    session.flush()
    session.add(PieceVersion(piece_id=snippet.id, number=1, format=Format.HTML, body="<p>9 to 5</p>\r\n", text="9-5"))
    image = store(session, a_png())
    draft = Content(
        format=Format.MARKDOWN,
        variants={
            "en": Variant("Closed ", "soon", 'Hello {{ name }}  \r\n{% include "Hours" %}\n', ""),
            "ar": Variant("مغلق", body="مرحبا\r\n"),
        },
        layout_id=layout.id,
        language_column="language",
        headers=(("Auto-Submitted", "auto-generated"),),
        hints={"name": Hint("text", "Anna", "friend")},
        files=(TemplateFile("logo: 1.png", "image/png", image.sha256, image.size, "logo"),),
    )
    made = templates.create_template(session, actor, name, draft)
    made.folder = "Autumn"
    session.commit()
    return made


def upload(client: FlaskClient, content: bytes, name: str = "templates.zip", **more: str) -> str:
    data = {"file": (io.BytesIO(content), name), **more}
    answer = client.post("/templates/import", data=data, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def count(session: Session, table: type = Template) -> int:
    session.expire_all()
    found = session.scalar(select(func.count()).select_from(table)) or 0
    session.commit()  # a writing session would keep the pages waiting
    return found


def test_a_template_comes_back_whole_in_another_workspace(
    client: FlaskClient, session: Session, actor: Person, database: Database
) -> None:
    made = a_template(session, actor)
    made.topic_id = topics.add_topic(session, actor, {"en": ("Closures", "Rooms that are closed")}).id
    topic_id = made.topic_id
    session.commit()
    before = client.get(f"/templates/{made.id}/download")
    assert before.headers["Content-Disposition"] == "attachment; filename=Closure.zip"
    for kind in (Template, PieceVersion, Piece):
        session.query(kind).delete()
    session.commit()
    check = upload(client, before.data)
    page = client.get(check).text
    assert page.count(">New<") == 3
    assert count(session) == 0
    answer = client.post(check, follow_redirects=True)
    assert "Imported: 3 made." in answer.text
    again = session.scalars(select(Template)).one()
    session.commit()
    assert (again.name, again.folder, again.topic_id) == ("Closure", "Autumn", topic_id)
    assert session.get_one(Piece, again.draft.layout_id).name == "Letter"
    assert client.get(f"/templates/{again.id}/download").data == before.data
    assert client.get("/templates/download").data == before.data
    assert publishing.publish(session, actor, again.id).number == 1
    assert count(session, WaitingImport) == 0


def test_what_is_here_already_is_left_alone(client: FlaskClient, session: Session, actor: Person) -> None:
    made = a_template(session, actor)
    check = upload(client, client.get(f"/templates/{made.id}/download").data)
    assert client.get(check).text.count(">Same<") == 3
    assert "left as it was" in client.post(check, follow_redirects=True).text
    assert (count(session), count(session, Piece)) == (1, 2)


def changed(client: FlaskClient, session: Session, actor: Person) -> tuple[Template, str]:
    """A template that was exported, then changed, and is imported again; with its layout."""
    made = a_template(session, actor)
    exported = client.get(f"/templates/{made.id}/download").data
    session.refresh(made)
    templates.save_draft(session, actor, made.id, content_of("Mine", "<p>mine</p>"), number=made.draft_number)
    layout = session.scalars(select(PieceVersion).join(Piece).where(Piece.name == "Letter")).one()
    layout.body = "<i>{{ content }}</i>"
    session.commit()
    return made, upload(client, exported)


def test_a_taken_name_asks_and_makes_a_copy(client: FlaskClient, session: Session, actor: Person) -> None:
    made, check = changed(client, session, actor)
    page = client.get(check).text
    assert page.count("Name taken") == 2
    choices = {"template-1": f"copy:{made.draft_number}", "piece-1": "copy:1"}
    assert client.post(check, data=choices).status_code == 302
    session.expire_all()
    copy = session.scalars(select(Template).where(Template.id != made.id)).one()
    assert copy.name == "Closure (2)"
    assert session.get_one(Piece, copy.draft.layout_id).name == "Letter (2)"
    assert session.get_one(Template, made.id).draft.main.subject == "Mine"


def test_a_taken_name_can_replace_the_draft(client: FlaskClient, session: Session, actor: Person) -> None:
    made, check = changed(client, session, actor)
    choices = {"template-1": f"replace:{made.draft_number}", "piece-1": "replace:1"}
    assert client.post(check, data=choices).status_code == 302
    session.expire_all()
    assert count(session) == 1
    assert session.get_one(Template, made.id).draft.main.subject == "Closed "
    layout = session.scalars(select(Piece).where(Piece.name == "Letter")).one()
    assert (layout.draft_body, layout.draft_number) == ("<b>{{ content }}</b>", 2)
    assert "<i>" in session.scalars(select(PieceVersion.body).where(PieceVersion.piece_id == layout.id)).one()


def test_nothing_is_half_done(client: FlaskClient, session: Session, actor: Person) -> None:
    made, check = changed(client, session, actor)
    for choices in (
        {"piece-1": "copy:1"},
        {"piece-1": "copy:1", "template-1": f"replace:{made.draft_number - 1}"},
        {"piece-1": "copy:1", "template-1": "nonsense"},
    ):
        answer = client.post(check, data=choices)
        assert answer.status_code == 422
        assert "Nothing was imported" in answer.text
        assert (count(session), count(session, Piece)) == (1, 2)
    assert client.post(check, data={"template-1": "leave", "piece-1": "leave"}).status_code == 302


def test_a_second_press_makes_no_second_copy(client: FlaskClient, session: Session) -> None:
    check = upload(client, pack(GOOD))
    assert client.post(check).status_code == 302
    assert "done or cancelled before" in client.post(check, follow_redirects=True).text
    assert count(session) == 1
    assert client.get(check).status_code == 404


def test_an_import_can_be_cancelled(client: FlaskClient, session: Session) -> None:
    check = upload(client, pack(GOOD))
    assert "Nothing was imported." in client.post(f"{check}/cancel", follow_redirects=True).text
    assert (count(session), count(session, WaitingImport)) == (0, 0)


def test_an_import_is_ones_own(client: FlaskClient, staff_client: FlaskClient, session: Session, staff: Person) -> None:
    check = upload(client, pack(GOOD))
    assert staff_client.get(check).status_code == 404
    staff_client.post(check)
    assert count(session) == 0
    with pytest.raises(NotThere):
        importing.find_import(session, staff, int(check.rpartition("/")[2]))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.zip", "empty"),
        (b"x" * (10 * 1024 * 1024 + 1), "a.html", "10 MiB"),
        (pack({**GOOD, "templates/A/body.html": b"\xff"}), "a.zip", "“templates/A/body.html” is not written in UTF-8"),
        (b"hello", "a.docx", "ends in .html, .mjml or .md"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_beside_its_field(
    client: FlaskClient, session: Session, content: bytes, name: str, words: str
) -> None:
    data = {"file": (io.BytesIO(content), name)}
    answer = client.post("/templates/import", data=data, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert words in answer.text
    assert 'id="file-error"' in answer.text
    assert count(session, WaitingImport) == 0


def test_no_file_is_said(client: FlaskClient) -> None:
    assert "Choose a file first." in client.post("/templates/import", data={}).text


def test_foreign_braces_are_a_draft_with_its_problem(client: FlaskClient, session: Session) -> None:
    check = upload(client, b"<p>{{#if paid}}x{{/if}}</p>", "order_paid.html")
    page = client.get(check).text
    assert "cannot be published before this is mended" in page
    assert "Body, line 1" in page
    assert client.post(check).status_code == 302
    made = session.scalars(select(Template)).one()
    session.commit()
    assert (made.name, made.draft.main.body) == ("order paid", "<p>{{#if paid}}x{{/if}}</p>")
    kept = upload(client, b"<p>{{#if paid}}x{{/if}}</p>", "kept.html", keep_braces="y")
    assert "Body, line 1" not in client.get(kept).text


def test_a_layout_that_is_nowhere_is_said(client: FlaskClient, session: Session) -> None:
    check = upload(client, pack(with_json(layout="Gone")))
    assert "There is no layout “Gone”" in client.get(check).text
    client.post(check)
    assert session.scalars(select(Template)).one().draft.layout_id is None


def test_a_layout_without_a_place_for_the_e_mail_is_not_published(client: FlaskClient, session: Session) -> None:
    layout = {"layouts/L/layout.json": b'{"kind": "layout", "name": "L"}', "layouts/L/body.html": b"<p>x</p>"}
    check = upload(client, pack({**GOOD, **layout}))
    assert "no {{ content }}" in client.get(check).text
    client.post(check)
    assert (count(session, Piece), count(session, PieceVersion)) == (1, 0)


def test_a_bundle_that_takes_for_ever_to_check_does_not_stop_the_page(
    session: Session, actor: Person, renderer: LimitedRenderer
) -> None:
    slow = "{% raw %}" + "{{" * 120_000 + "{% endraw %}"
    bundle = Bundle(tuple(BundledTemplate(f"T{number}", content_of("s", slow)) for number in range(2)))
    lines = importing.plan(session, actor, bundle, renderer)
    assert [line.fate for line in lines] == ["new", "new"]


def test_all_templates_of_a_folder_are_downloaded(client: FlaskClient, session: Session, actor: Person) -> None:
    made = a_template(session, actor)
    templates.create_template(session, actor, "Elsewhere")
    templates.create_template(session, actor, "Old").is_archived = True
    session.commit()
    names = [one.name for one in read_files(unpack(client.get("/templates/download").data)).templates]
    assert names == ["Closure", "Elsewhere"]
    inside = read_files(unpack(client.get("/templates/download?folder=Autumn").data))
    assert [one.name for one in inside.templates] == [made.name]
    assert exporting.export_all(session, actor, "Nothing").templates == ()


# -- Names that meet, and files that must not be sent


def file_of(*templates: BundledTemplate, pieces: tuple[BundledPiece, ...] = ()) -> bytes:
    """A ZIP file in the order given, as one that a person packed again may have it."""
    return a_zip(write_files(Bundle(templates, pieces)))


def names(session: Session, table: type[Template] | type[Piece] = Template) -> list[str]:
    session.expire_all()
    found = [one.name for one in session.scalars(select(table).order_by(table.name))]
    session.commit()
    return found


PLAIN = content_of("s", "<p>x</p>")


def test_a_copy_takes_no_name_that_the_file_needs(client: FlaskClient, session: Session, actor: Person) -> None:
    templates.create_template(session, actor, "Notice")
    session.commit()
    check = upload(client, file_of(BundledTemplate("Notice", PLAIN), BundledTemplate("Notice (2)", PLAIN)))
    assert client.post(check, data={"template-1": "copy:1"}).status_code == 302
    assert names(session) == ["Notice", "Notice (2)", "Notice (3)"]


def test_a_layouts_copy_takes_no_name_that_the_file_needs(client: FlaskClient, session: Session, actor: Person) -> None:
    a_layout(session, actor, body="<i>{{ content }}</i>")
    session.commit()
    pieces = tuple(
        BundledPiece(PieceKind.LAYOUT, name, body=f"<b>{name} {{{{ content }}}}</b>")
        for name in ("Letter", "Letter (2)")
    )
    check = upload(client, file_of(BundledTemplate("Notice", PLAIN, layout="Letter"), pieces=pieces))
    assert client.post(check, data={"piece-1": "copy:1"}).status_code == 302
    assert names(session, Piece) == ["Letter", "Letter (2)", "Letter (3)"]
    layout_id = session.scalars(select(Template)).one().draft.layout_id
    assert session.get_one(Piece, layout_id).draft_body == "<b>Letter {{ content }}</b>"


def test_names_that_differ_only_in_capitals_come_in_both(client: FlaskClient, session: Session, actor: Person) -> None:
    content = file_of(BundledTemplate("Note", PLAIN), BundledTemplate("note", PLAIN))
    assert client.post(upload(client, content)).status_code == 302
    assert names(session) == ["Note", "note (2)"]
    one = session.scalars(select(Template).where(Template.name == "Note")).one()
    templates.save_draft(session, actor, one.id, content_of("Mine", "<p>mine</p>"), number=one.draft_number)
    session.commit()
    both = {"template-1": f"replace:{one.draft_number}", "template-2": f"replace:{one.draft_number}"}
    answer = client.post(upload(client, content), data=both)
    assert answer.status_code == 422
    assert "Two templates of the file would replace the draft of “Note”" in answer.text
    assert session.get_one(Template, one.id, populate_existing=True).draft.main.subject == "Mine"


@pytest.mark.parametrize(
    ("name", "content", "content_id", "words"),
    [
        ("setup.exe", b"MZ\x90\0" * 20, "", "“setup.exe” is a program"),
        ("logo.png", b"%PDF-1.4\n", "", "“logo.png”"),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo", "“logo.svg” is an SVG drawing"),
        ("large.txt", b"x" * (5 * 1024 * 1024), "", "“large.txt” does not fit"),
        ("  ", b"x", "", "A file of “Notice” has no name."),
    ],
)
def test_files_obey_the_rules_of_files_added_by_hand(
    client: FlaskClient, session: Session, name: str, content: bytes, content_id: str, words: str
) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    file = TemplateFile(name, "image/png", sha256, len(content), content_id)
    template = BundledTemplate("Notice", replace(PLAIN, files=(file,)), bytes_of={sha256: content})
    data = {"file": (io.BytesIO(file_of(template)), "a.zip")}
    answer = client.post("/templates/import", data=data, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert words in answer.text
    assert count(session, WaitingImport) == 0


def test_a_file_has_the_type_that_it_really_is(client: FlaskClient, session: Session) -> None:
    content = a_png()
    sha256 = hashlib.sha256(content).hexdigest()
    file = TemplateFile("logo.png", "text/html", sha256, len(content), "logo")
    template = BundledTemplate("Notice", replace(PLAIN, files=(file,)), bytes_of={sha256: content})
    assert client.post(upload(client, file_of(template))).status_code == 302
    assert session.scalars(select(Template)).one().draft.files == (replace(file, media_type="image/png"),)


# -- A pasted source


@pytest.mark.parametrize(
    ("pasted_as", "source", "written_in"),
    [
        ("html", "<p>Dear {{ name }} 😀  </p>", Format.HTML),
        ("mjml", "<mjml><mj-body></mj-body></mjml>", Format.MJML),
        ("markdown", "Dear **{{ name }}**", Format.MARKDOWN),
        ("nonsense", "<p>x</p>", Format.HTML),
    ],
)
def test_a_pasted_source_becomes_a_template(
    client: FlaskClient, session: Session, pasted_as: str, source: str, written_in: Format
) -> None:
    answer = client.post("/templates/import", data={"pasted": source, "pasted_as": pasted_as})
    assert client.post(answer.location).status_code == 302
    made = session.scalars(select(Template)).one()
    assert (made.name, made.draft.format, made.draft.main.body) == ("Pasted e-mail", written_in, source)


def test_a_file_and_a_paste_are_one_too_many_and_the_paste_is_kept(client: FlaskClient, session: Session) -> None:
    data = {"file": (io.BytesIO(b"<p>x</p>"), "a.html"), "pasted": "<p>my long text</p>"}
    answer = client.post("/templates/import", data=data, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a file or paste a source, not both." in answer.text
    assert "my long text" in answer.text
    assert count(session, WaitingImport) == 0


# -- Published e-mails of other programs


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.name)
def test_a_published_e_mail_comes_back_byte_for_byte(client: FlaskClient, session: Session, real: RealTemplate) -> None:
    source = real.path.read_bytes()
    check = upload(client, source, real.path.name, **({"keep_braces": "y"} if real.wrap_raw else {}))
    page = client.get(check).text
    assert "cannot be published before this is mended" not in page
    assert client.post(check).status_code == 302
    made = session.scalars(select(Template)).one()
    session.commit()
    files = unpack(client.get(f"/templates/{made.id}/download").data)
    (body,) = [value for path, value in files.items() if "/body." in path]
    assert body == (b"{% raw %}" + source + b"{% endraw %}" if real.wrap_raw else source)


@pytest.mark.parametrize("real", [real for real in REAL if real.wrap_raw], ids=lambda real: real.name)
def test_foreign_tags_come_in_as_they_are_with_their_problem(
    client: FlaskClient, session: Session, real: RealTemplate
) -> None:
    source = real.path.read_bytes()
    check = upload(client, source, real.path.name)
    page = client.get(check).text
    # Tags of Django read as Jinja's; there nothing is wrong before values are missing.
    assert ("cannot be published before this is mended" in page) == (real.name != "mailing-base")
    assert client.post(check).status_code == 302
    assert session.scalars(select(Template)).one().draft.main.body.encode() == source
