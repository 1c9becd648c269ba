"""Files of a template: only what a mail may carry, stored once, shown where the text asks for them."""

from __future__ import annotations

import base64
import io
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.cloudflare.inline_images import with_images
from app.emails import templates
from app.emails.content import content_of
from app.emails.file_kinds import check_file, clean_name
from app.emails.inline_images import content_id_for
from app.emails.models import StoredFile, Template
from app.emails.publishing import publish
from app.emails.template_files import add_template_file, change_file_kind, remove_template_file
from app.people.models import Person
from app.refusals import NotThere, Refused
from app.sends.composition import compose, plan_of
from tests.factories import a_draft_send, a_list, some_people
from tests.files import a_docx, a_pdf, a_png, a_zip, an_ods

JSON = {"Accept": "application/json"}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.fixture
def template(session: Session, actor: Person) -> Template:
    made = templates.create_template(session, actor, "Reminder", content_of("Hi", '<p><img src="cid:logo"></p>'))
    session.commit()
    return made


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("logo.png", a_png(), "image/png"),
        ("photo.JPEG", b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        ("a.gif", b"GIF89a" + bytes(20), "image/gif"),
        ("terms.pdf", a_pdf(), "application/pdf"),
        ("terms.txt", b"The terms.", "text/plain"),
        ("bmw.txt", b"BMW is three letters, and MZ are two", "text/plain"),
        ("latin.csv", "Zoë;1".encode("cp1252"), "text/csv"),
        ("utf16.csv", "Zoë;1".encode("utf-16"), "text/csv"),
        ("plan.ics", b"BEGIN:VCALENDAR", "text/calendar"),
        ("letter.docx", a_docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("table.ods", an_ods(), "application/vnd.oasis.opendocument.spreadsheet"),
        ("old.doc", OLE, "application/msword"),
        ("locked.xlsx", OLE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("all.zip", a_zip({"a.txt": b"a"}), "application/zip"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        ("data.zzz", b"abc", "application/octet-stream"),
        ("no ending", b"abc", "application/octet-stream"),
    ],
)
def test_a_file_that_is_what_its_name_says_is_taken(name: str, content: bytes, media_type: str) -> None:
    assert check_file(name, content) == media_type


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("invoice.pdf", a_png(), "“invoice.pdf” is really a PNG picture. Rename it, or choose another file."),
        ("logo.png", a_pdf(), "is really a PDF"),
        ("logo.png", b"<html>", "does not hold a PNG picture, as its name says"),
        ("terms.txt", a_png(), "is really a PNG picture"),
        ("terms.txt", a_pdf(), "is really a PDF"),
        ("terms.txt", b"\0\1\2\3", "does not hold text, as its name says"),
        ("letter.docx", a_zip({"a.txt": b"a"}), "is really a ZIP file"),
        ("table.xlsx", a_docx(), "is really a Word document"),
        ("photo.xyz", a_png(), "is really a PNG picture"),
        ("photo", a_png(), "is really a PNG picture"),
        ("drawing.svg", b"hello", "is no SVG drawing"),
        ("setup.exe", b"hello", "is a program or script"),
        ("invoice.pdf.js", b"alert(1)", "is a program or script"),
        ("setup.pdf", b"MZ" + bytes(100), "is a program or script"),
        ("tool", b"\x7fELF" + bytes(100), "is a program or script"),
        ("notes.txt", b"#!/bin/sh\nrm -r /", "is a program or script"),
        ("app.zip", a_zip({"META-INF/MANIFEST.MF": b"a"}), "is a program or script"),
        ("all.zip", a_zip({"x/setup.exe": b"a"}), "holds a program, “setup.exe”"),
        ("all.zip", a_zip({"a.txt": b"a"})[:-30], "is damaged"),
        ("empty.txt", b"", "“empty.txt” is empty"),
        ("", b"abc", "Choose a file first"),
    ],
)
def test_what_must_not_be_sent_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(Refused) as refused:
        check_file(name, content)
    assert words in refused.value.words
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("C:\\docs\\Agenda\0 May.pdf", "Agenda May.pdf"),
        ("../../etc/passwd", "passwd"),
        ("two\r\nlines.txt", "two lines.txt"),
        ("folder/", ""),
        ("a" * 300 + ".pdf", "a" * 251 + ".pdf"),
        ("\ud800.txt", "?.txt"),
    ],
)
def test_names_are_cleaned(given: str, cleaned: str) -> None:
    assert clean_name(given) == cleaned


def test_a_cid_is_made_of_the_name_and_is_there_once() -> None:
    assert content_id_for("Our Logo (1).png", ()) == "our-logo-1"
    assert content_id_for("Zoë.png", ()) == "zoe"
    assert content_id_for("图.png", ()) == "picture"
    assert content_id_for("logo.png", {"logo", "logo-2"}) == "logo-3"


def test_pictures_go_into_the_text_and_all_else_is_attached(
    session: Session, actor: Person, template: Template
) -> None:
    logo = add_template_file(session, actor, template.id, "logo.png", a_png())
    terms = add_template_file(session, actor, template.id, "terms.pdf", a_pdf())
    scan = add_template_file(session, actor, template.id, "scan.png", a_png(99), inline=False)
    assert [one.content_id for one in (logo, terms, scan)] == ["logo", "", ""]
    assert template.draft.files == (logo, terms, scan)
    assert template.draft_number == 1, "nobody who has the editor open is behind now"
    notes = session.scalars(
        select(AuditEntry.words).where(AuditEntry.action == "template.file_added").order_by(AuditEntry.id)
    ).all()
    assert notes[0] == "“logo.png” added to template “Reminder”"


def test_the_same_bytes_are_stored_and_listed_once(session: Session, actor: Person, template: Template) -> None:
    first = add_template_file(session, actor, template.id, "logo.png", a_png())
    again = add_template_file(session, actor, template.id, "copy.png", a_png(), inline=False)
    assert again == first
    other = templates.create_template(session, actor, "Other")
    add_template_file(session, actor, other.id, "logo.png", a_png())
    assert session.scalar(select(func.count()).select_from(StoredFile)) == 1


def test_two_pictures_of_one_name_are_both_kept(session: Session, actor: Person, template: Template) -> None:
    ids = [add_template_file(session, actor, template.id, "image.png", a_png(shade)).content_id for shade in (1, 2)]
    assert ids == ["image", "image-2"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("drawing.svg", b"<svg></svg>", "which mail programs do not show"),
        ("scan.tif", b"II*\0" + bytes(20), "cannot be shown in the text"),
        ("terms.pdf", a_pdf(), "cannot be shown in the text"),
    ],
)
def test_what_mail_programs_do_not_show_is_not_put_into_the_text(
    session: Session, actor: Person, template: Template, name: str, content: bytes, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        add_template_file(session, actor, template.id, name, content, inline=True)
    attached = add_template_file(session, actor, template.id, name, content, inline=False)
    with pytest.raises(Refused, match=words):
        change_file_kind(session, actor, template.id, attached.sha256, inline=True)
    assert template.draft.files == (attached,)


def test_a_file_that_does_not_fit_is_refused_and_the_others_stay(
    session: Session, actor: Person, template: Template
) -> None:
    kept = add_template_file(session, actor, template.id, "one.txt", b"x" * 3_000_000)
    with pytest.raises(Refused, match="5 MiB is the most"):
        add_template_file(session, actor, template.id, "two.txt", b"y" * 3_000_000)
    assert template.draft.files == (kept,)


def test_a_file_is_changed_and_removed_and_a_version_keeps_it(
    session: Session, actor: Person, template: Template
) -> None:
    logo = add_template_file(session, actor, template.id, "logo.png", a_png())
    version = publish(session, actor, template.id)
    assert change_file_kind(session, actor, template.id, logo.sha256, inline=False).content_id == ""
    assert change_file_kind(session, actor, template.id, logo.sha256, inline=True) == logo
    remove_template_file(session, actor, template.id, logo.sha256)
    assert template.draft.files == ()
    assert version.content.files == (logo,)
    with pytest.raises(NotThere):
        remove_template_file(session, actor, template.id, logo.sha256)


def test_another_workspaces_template_takes_no_file(session: Session, actor: Person, template: Template) -> None:
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with pytest.raises(NotThere):
        add_template_file(session, stranger, template.id, "logo.png", a_png())


def test_a_send_carries_the_pictures_and_files_of_its_version(
    session: Session, actor: Person, template: Template
) -> None:
    add_template_file(session, actor, template.id, "logo.png", a_png())
    add_template_file(session, actor, template.id, "terms.pdf", a_pdf())
    version = publish(session, actor, template.id)
    send = a_draft_send(session, actor, version=version, people=a_list(session, actor, people=some_people(1)))
    request = compose(plan_of(session, send), "anna@example.com", "", {}, "reference")
    assert [(one.filename, one.disposition, one.content_id) for one in request.attachments] == [
        ("logo.png", "inline", "logo"),
        ("terms.pdf", "attachment", None),
    ]
    assert request.attachments[0].content == a_png()


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<img src="cid:logo">', '<img src="[logo]">'),
        ("<img alt='' SRC = 'CID:logo'>", "<img alt='' SRC = '[logo]'>"),
        ("<img src=cid:logo>", "<img src=[logo]>"),
        ('<td background="cid:logo">', '<td background="[logo]">'),
        ("<style>p{background:url('cid:logo')}</style>", "<style>p{background:url('[logo]')}</style>"),
        ('<p style="background:url(cid:logo)">', '<p style="background:url([logo])">'),
        ('<p style="background:url(&quot;cid:logo&quot;)">', '<p style="background:url(&quot;[logo]&quot;)">'),
        ('<img src="cid:unknown">', '<img src="cid:unknown">'),
        ("<p>Write cid:logo for it.</p>", "<p>Write cid:logo for it.</p>"),
        ('<a href="cid:logo">', '<a href="cid:logo">'),
    ],
)
def test_only_pictures_that_are_there_are_put_into_the_html(html: str, shown: str) -> None:
    assert with_images(html, {"logo": "[logo]"}.get) == shown


# The pages


def add(client: FlaskClient, template: Template, *files: tuple[str, bytes], **fields: str) -> tuple[int, str]:
    data = {"file": [(io.BytesIO(content), name) for name, content in files], **fields}
    answer = client.post(f"/templates/{template.id}/files", data=data, headers={"HX-Request": "true"})
    return answer.status_code, answer.text


def test_several_files_are_added_at_once_and_the_bad_one_is_named(client: FlaskClient, template: Template) -> None:
    files = (("logo.png", a_png()), ("bad.pdf", a_png(3)), ("terms.pdf", a_pdf()))
    status, part = add(client, template, *files, in_text="yes")
    assert status == 422
    assert "“logo.png” and “terms.pdf” are added." in part
    assert "“bad.pdf” is really a PNG picture" in part
    assert "of 5.00 MiB as sent" in part
    page = client.get(f"/templates/{template.id}").text
    assert "cid:logo" in page and "terms.pdf" in page and "bad.pdf" not in page


def test_without_javascript_a_file_is_added_and_removed(client: FlaskClient, template: Template) -> None:
    data = {"file": [(io.BytesIO(a_pdf()), "terms.pdf")]}
    page = client.post(f"/templates/{template.id}/files", data=data, follow_redirects=True).text
    assert "“terms.pdf” is added." in page
    sha256 = page.split("/remove")[0].rpartition("/")[2]
    page = client.post(f"/templates/{template.id}/files/{sha256}/remove", follow_redirects=True).text
    assert "“terms.pdf” is removed." in page
    assert client.post(f"/templates/{template.id}/files/{sha256}/remove").status_code == 404
    page = client.post(f"/templates/{template.id}/files", data={}, follow_redirects=True).text
    assert "Choose a file first." in page


def test_the_editor_gets_json_for_a_dropped_file(client: FlaskClient, template: Template) -> None:
    def drop(name: str, content: bytes) -> tuple[int, dict[str, str]]:
        data = {"file": (io.BytesIO(content), name)}
        answer = client.post(f"/templates/{template.id}/files", data=data, headers=JSON)
        return answer.status_code, answer.json or {}

    assert drop("Logo.png", a_png()) == (
        200,
        {
            "content_id": "logo",
            "name": "Logo.png",
            "media_type": "image/png",
            "words": "“Logo.png” is shown in the text.",
        },
    )
    status, answer = drop("drawing.svg", b"<svg></svg>")
    assert status == 422
    assert "mail programs do not show" in answer["words"]
    assert drop("terms.pdf", a_pdf())[1]["content_id"] == ""


def test_a_picture_is_given_as_a_picture_and_nothing_else(
    client: FlaskClient, session: Session, actor: Person, template: Template
) -> None:
    add_template_file(session, actor, template.id, "logo.png", a_png())
    add_template_file(session, actor, template.id, "terms.pdf", a_pdf())
    version = publish(session, actor, template.id)
    session.commit()
    for address in (f"/templates/{template.id}/files/logo", f"/templates/versions/{version.id}/files/logo"):
        answer = client.get(address)
        assert (answer.data, answer.mimetype) == (a_png(), "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    for unknown in ("terms", "other"):
        assert client.get(f"/templates/{template.id}/files/{unknown}").status_code == 404


def test_the_frames_hold_the_pictures(client: FlaskClient, session: Session, actor: Person, template: Template) -> None:
    add_template_file(session, actor, template.id, "logo.png", a_png())
    version = publish(session, actor, template.id)
    session.commit()
    data_url = "data:image/png;base64," + base64.b64encode(a_png()).decode()
    assert f'src="{data_url}"' in client.get(f"/templates/versions/{version.id}/page").text
    assert f'src="{data_url}"' in unescape(client.get(f"/templates/{template.id}").text)
