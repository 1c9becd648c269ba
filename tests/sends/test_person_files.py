"""A file for each person: each gets their own or is named as missing one, and no ZIP file harms."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.refusals import NotThere, Refused
from app.sends import archives, compose
from app.sends.archives import LARGEST_FILE, BadArchive, check_archive
from app.sends.looking import look_after, look_before
from app.sends.models import Message, PersonFile, ReviewProblem, ReviewState, Send, SendKind
from app.sends.person_files import (
    change_file_column,
    keep_person_files,
    name_key,
    own_files,
    remove_person_files,
    summary_of,
)
from app.sends.review import fingerprint
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, reviewed
from tests.files import a_pdf, a_png, a_zip
from tests.sends.pages import words

CELLS = ("inv-1.pdf", " INV-2.PDF ", "inv-17.pdf", "")
INVOICES = {"invoices/inv-1.pdf": a_pdf("one"), "Inv-2.pdf": a_pdf("two"), "nobody.pdf": a_pdf("three")}


@pytest.fixture
def draft_id(database: Database, actor: Person) -> int:
    """A draft to four people: the files of two of them are in `INVOICES`."""
    with database.writing() as session:
        people = [
            NewRecipient(f"p{n}@example.com", f"Person {n}", {"city": "Leeds", "invoice_file": cell})
            for n, cell in enumerate(CELLS)
        ]
        made = a_list(session, actor, people=people, columns=("city", "invoice_file"))
        return a_draft_send(session, actor, version=a_template_version(session, actor), people=made).id


def keep(session: Session, actor: Person, send_id: int, files: Mapping[str, bytes] = INVOICES) -> Send:
    file = io.BytesIO(a_zip(files))
    return keep_person_files(session, actor, send_id, file, check_archive(file), "invoice_file")


def check(content: bytes) -> list[str]:
    """The problems of a ZIP file."""
    with pytest.raises(BadArchive) as refused:
        check_archive(io.BytesIO(content))
    assert refused.value.field == "archive"
    return refused.value.problems


# Reading a ZIP file


def test_folders_do_not_matter_and_hidden_files_are_passed_over() -> None:
    file = a_zip(
        {
            "November/": b"",
            "November/inv-1.pdf": a_pdf(),
            "../../etc/inv-2.pdf": a_pdf(),
            "C:\\invoices\\inv-3.pdf": a_pdf(),
            "__MACOSX/._inv-1.pdf": b"x",
            "__MACOSX/inv-9.pdf": b"x",
            ".DS_Store": b"x",
            "November/Thumbs.db": b"x",
        }
    )
    assert [one.name for one in check_archive(io.BytesIO(file))] == ["inv-1.pdf", "inv-2.pdf", "inv-3.pdf"]


def test_names_with_accents_are_read_whoever_packed_them() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("Zoe\u0308.pdf", a_pdf())
    as_macos_writes = bytearray(made.getvalue())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # UTF-8 without the flag that says so
        at = as_macos_writes.index(mark) + place
        as_macos_writes[at : at + 2] = b"\0\0"
    for content in (made.getvalue(), bytes(as_macos_writes)):
        assert [one.name for one in check_archive(io.BytesIO(content))] == ["Zoë.pdf"]
    assert name_key(" ZOE\u0308.PDF ") == name_key("Zoë.pdf")


def test_every_bad_file_is_named_and_nothing_is_taken() -> None:
    problems = check(
        a_zip(
            {
                "good.pdf": a_pdf(),
                "bad.pdf": a_png(),
                "setup.exe": b"MZ",
                "empty.pdf": b"",
                "a/twice.pdf": a_pdf("one"),
                "b/TWICE.pdf": a_pdf("two"),
                "large.txt": b"x" * (LARGEST_FILE + 100),
            }
        )
    )
    for part, found in zip(
        ("really a PNG picture", "program", "is empty", "there twice", "too large"), problems, strict=True
    ):
        assert part in found


def test_the_same_file_in_two_folders_is_one_file() -> None:
    file = a_zip({"a/inv.pdf": a_pdf(), "b/inv.pdf": a_pdf()})
    assert len(check_archive(io.BytesIO(file))) == 1


@pytest.mark.parametrize("content", [b"", b"hello", a_pdf(), a_zip({"a.pdf": a_pdf()})[:-12], b"PK\x05\x06"])
def test_what_is_no_zip_file_is_refused(content: bytes) -> None:
    assert "no ZIP file" in check(content)[0]


@pytest.mark.parametrize("files", [{}, {"folder/": b""}, {"__MACOSX/x": b"x"}])
def test_a_zip_file_without_files_is_refused(files: dict[str, bytes]) -> None:
    assert "There is no file in this ZIP file" in check(a_zip(files))[0]


def test_a_locked_zip_file_is_refused() -> None:
    content = bytearray(a_zip({"a.pdf": a_pdf()}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark) + place
        content[at] |= 1
    assert "locked with a password" in check(bytes(content))[0]


def test_a_damaged_file_within_is_named() -> None:
    content = bytearray(a_zip({"a.pdf": a_pdf("one" * 50)}, zipfile.ZIP_STORED))
    content[content.index(b"oneone")] = 0
    assert check(bytes(content)) == ["“a.pdf” is damaged and cannot be unpacked. Pack the files again."]


def test_a_way_of_packing_that_is_unknown_is_said() -> None:
    content = bytearray(a_zip({"a.pdf": a_pdf()}))
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(mark) + place
        content[at : at + 2] = struct.pack("<H", 9)
    assert "packed in a way that cannot be read here" in check(bytes(content))[0]


def test_a_bomb_of_one_file_is_not_unpacked() -> None:
    content = a_zip({"bomb.txt": bytes(300 * 1024 * 1024)})
    assert len(content) < 400_000
    assert check(content) == ["“bomb.txt” is too large: an e-mail takes at most 5 MiB on its way. Shrink it."]


def test_a_bomb_of_many_files_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 5_000_000)
    content = a_zip({f"{n}.txt": b"x" * 1_000_000 for n in range(8)})
    assert len(content) < 20_000
    assert "Unpacked, the files take over" in check(content)[0]


def test_a_bomb_that_lies_about_its_size_is_stopped() -> None:
    content = bytearray(a_zip({"bomb.txt": b"x" * 50_000_000}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + place
        content[at : at + 4] = struct.pack("<L", 10)
    assert "damaged" in check(bytes(content))[0]


def test_too_many_files_are_refused_before_they_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    content = bytearray(a_zip({f"{n}.txt": b"x" for n in range(6)}))
    assert "more than 5 files" in check(bytes(content))[0]
    at = content.index(b"PK\x05\x06")
    content[at + 8 : at + 12] = struct.pack("<HH", 1, 1)  # says that there is only one
    assert "more than 5 files" in check(bytes(content))[0]
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 100)
    assert "more than 5 files" in check(bytes(content))[0]


def test_an_archive_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ARCHIVE", 50)
    assert "A ZIP file may have at most" in check(a_zip({"a.txt": b"x"}))[0]


# The rules


def test_files_are_kept_and_the_summary_says_who_misses_one(session: Session, actor: Person, draft_id: int) -> None:
    send = keep(session, actor, draft_id)
    summary = summary_of(session, send)
    assert summary is not None
    assert (summary.files, summary.found, summary.missing) == (3, 2, 2)
    assert summary.first_missing == ("inv-17.pdf (p2@example.com)", "no name (p3@example.com)")
    files = own_files(session, draft_id, [*CELLS, "", "unknown"])
    assert {key: one.content for key, one in files.items()} == {"inv-1.pdf": a_pdf("one"), "inv-2.pdf": a_pdf("two")}
    assert files["inv-2.pdf"].filename == "Inv-2.pdf"


def test_a_new_set_takes_the_place_of_the_old_one(session: Session, actor: Person, draft_id: int) -> None:
    keep(session, actor, draft_id)
    keep(session, actor, draft_id, {"inv-17.pdf": a_pdf("new")})
    assert session.scalars(select(PersonFile.name_key)).all() == ["inv-17.pdf"]
    send = remove_person_files(session, actor, draft_id)
    assert (summary_of(session, send), send.file_column) == (None, "")
    assert session.scalar(select(func.count()).select_from(PersonFile)) == 0


def test_a_column_of_the_list_must_be_chosen(session: Session, actor: Person, draft_id: int) -> None:
    file = io.BytesIO(a_zip(INVOICES))
    for column in ("", "no_such_column"):
        with pytest.raises(Refused) as refused:
            keep_person_files(session, actor, draft_id, file, check_archive(file), column)
        assert refused.value.field == "file_column"
    assert session.scalar(select(func.count()).select_from(PersonFile)) == 0


def test_only_a_send_to_a_list_has_files_for_single_people(session: Session, actor: Person) -> None:
    send = a_draft_send(session, actor, version=a_template_version(session, actor), to=[["a@example.com", ""]])
    assert send.kind is SendKind.DIRECT
    with pytest.raises(Refused, match="Only a send to a list"):
        keep(session, actor, send.id)


def test_another_workspaces_send_takes_no_files(session: Session, actor: Person, draft_id: int) -> None:
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with pytest.raises(NotThere):
        keep(session, stranger, draft_id)


def test_every_change_asks_for_a_new_review(session: Session, actor: Person, draft_id: int) -> None:
    send = keep(session, actor, draft_id)
    marks = [fingerprint(session, send)]
    changes = (
        lambda: keep(session, actor, draft_id, {**INVOICES, "Inv-2.pdf": a_pdf("changed")}),
        lambda: change_file_column(session, actor, draft_id, "city"),
        lambda: remove_person_files(session, actor, draft_id),
    )
    for change in changes:
        send.review_state = ReviewState.DONE
        change()
        assert send.review_state is ReviewState.NONE
        marks.append(fingerprint(session, send))
    assert len(set(marks)) == len(marks)


def test_a_long_list_is_not_counted_on_the_page(
    session: Session, actor: Person, draft_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sends.person_files.COUNTED_PEOPLE", 3)
    summary = summary_of(session, keep(session, actor, draft_id))
    assert summary is not None and not summary.is_counted


# Review, release, and the e-mail afterwards


def problems_of(database: Database, send_id: int) -> list[tuple[str, str, str]]:
    with database.reading() as session:
        rows = session.scalars(select(ReviewProblem).where(ReviewProblem.send_id == send_id).order_by(ReviewProblem.id))
        return [(one.email, one.code, one.words) for one in rows]


def test_who_misses_a_file_is_named_and_left_out(
    database: Database, actor: Person, renderer: LimitedRenderer, draft_id: int
) -> None:
    with database.writing() as session:
        keep(session, actor, draft_id)
    send = released(database, renderer, actor, draft_id)
    assert problems_of(database, draft_id) == [
        ("p2@example.com", "missing_file", "There is no file “inv-17.pdf” for this person."),
        ("p3@example.com", "missing_file", "No file is named for this person in “invoice_file”."),
    ]
    assert send.review_problems == 2
    assert [one.state for one in messages_of(database, draft_id)] == ["pending", "pending", "skipped", "skipped"]


def test_the_size_of_their_own_file_counts_for_each_person(
    database: Database, actor: Person, renderer: LimitedRenderer, draft_id: int
) -> None:
    with database.writing() as session:
        compose.add_attachment(session, actor, draft_id, "terms.txt", b"x" * 2_000_000)
        keep(session, actor, draft_id, {**INVOICES, "Inv-2.pdf": a_pdf("x" * 3_000_000)})

    reviewed(database, renderer, actor, draft_id)
    assert [(email, code) for email, code, _ in problems_of(database, draft_id)][:1] == [
        ("p1@example.com", "E_CONTENT_TOO_LARGE")
    ]


def test_a_column_that_went_is_said_once_for_all(
    database: Database, actor: Person, renderer: LimitedRenderer, draft_id: int
) -> None:
    with database.writing() as session:
        keep(session, actor, draft_id)
        other = a_list(session, actor, people=[NewRecipient("a@example.com", "", {"city": "York"})])
        version_id = session.get_one(Send, draft_id).template_version_id or 0
        compose.change_what(session, actor, draft_id, version_id=version_id, list_id=other.id, addresses={})
    reviewed(database, renderer, actor, draft_id)
    ((email, _, said),) = problems_of(database, draft_id)
    assert email == ""
    assert said == "The list has no column “invoice_file”. Choose the column that names each person's file."


def test_a_look_shows_the_persons_own_file(
    database: Database, actor: Person, renderer: LimitedRenderer, draft_id: int
) -> None:
    with database.writing() as session:
        keep(session, actor, draft_id)
    with database.reading() as session:
        send = session.get_one(Send, draft_id)
        look = look_before(session, renderer, send, None)
        assert look.request is not None
        assert [(one.filename, one.content) for one in look.request.attachments] == [("inv-1.pdf", a_pdf("one"))]
        assert look.problems == ()
        while look.next_id:
            look = look_before(session, renderer, send, look.next_id)
        assert look.problems == ("No file is named for this person in “invoice_file”.",)


def test_a_message_with_an_own_file_is_put_together_again_the_same(
    database: Database, actor: Person, renderer: LimitedRenderer, draft_id: int
) -> None:
    with database.writing() as session:
        keep(session, actor, draft_id)
    released(database, renderer, actor, draft_id)
    message = messages_of(database, draft_id)[1]
    with database.reading() as session:
        look = look_after(session, renderer, session.get_one(Send, draft_id), session.get_one(Message, message.id))
        assert look.request is not None
        assert look.request.attachments[0].content == a_pdf("two")


def test_a_deleted_draft_takes_the_files_along(session: Session, actor: Person, draft_id: int) -> None:
    keep(session, actor, draft_id)
    compose.delete_draft(session, actor, draft_id)
    session.flush()
    assert session.scalar(select(func.count()).select_from(PersonFile)) == 0


# The page


def upload(client: FlaskClient, send_id: int, content: bytes, column: str = "invoice_file") -> tuple[int, str]:
    data = {"archive": (io.BytesIO(content), "invoices.zip"), "file_column": column}
    answer = client.post(f"/sends/{send_id}/person-files", data=data, follow_redirects=True)
    return answer.status_code, words(answer.text)


def test_the_page_takes_a_zip_file_and_says_who_misses_a_file(client: FlaskClient, draft_id: int) -> None:
    assert "A file for each person" in client.get(f"/sends/{draft_id}/values").text
    status, page = upload(client, draft_id, a_zip(INVOICES))
    assert status == 200
    assert "3 files are kept" in page
    assert "2 people have a file, 2 people miss one and will be left out" in page
    assert "inv-17.pdf (p2@example.com)" in page
    answer = client.post(f"/sends/{draft_id}/person-files/column", data={"file_column": "city"}, follow_redirects=True)
    assert "4 people miss one" in words(answer.text)
    answer = client.post(f"/sends/{draft_id}/person-files/remove", follow_redirects=True)
    assert "files are removed" in answer.text


@pytest.mark.parametrize(
    ("content", "column", "said"),
    [
        (a_zip({"a.pdf": a_png(), "b.exe": b"x"}), "invoice_file", "“b.exe” is a program"),
        (b"no zip", "invoice_file", "This is no ZIP file"),
        (b"", "invoice_file", "This is no ZIP file"),
        (a_zip(INVOICES), "", "Choose the column that names each person"),
        (a_zip(INVOICES), "zip", "Choose the column that names each person"),
    ],
)
def test_a_bad_zip_file_is_refused_and_the_set_before_stays(
    client: FlaskClient, draft_id: int, content: bytes, column: str, said: str
) -> None:
    upload(client, draft_id, a_zip(INVOICES))
    status, page = upload(client, draft_id, content, column)
    assert status == 422
    assert said in page
    assert "3 files," in page


def test_no_zip_file_at_all_is_said(client: FlaskClient, draft_id: int) -> None:
    answer = client.post(f"/sends/{draft_id}/person-files", data={"file_column": "invoice_file"})
    assert answer.status_code == 422
    assert "Choose a ZIP file first." in answer.text


def test_only_this_page_takes_more_than_others_and_only_from_who_is_signed_in(
    client: FlaskClient, anonymous_client: FlaskClient, draft_id: int
) -> None:
    large = a_zip({f"{n}.txt": bytes(n % 7 + 48 for _ in range(3_000_000)) for n in range(7)}, zipfile.ZIP_STORED)
    assert len(large) > 20_000_000
    assert upload(client, draft_id, large)[0] == 200
    data = {"file": (io.BytesIO(large), "large.zip")}
    assert client.post(f"/sends/{draft_id}/files", data=data).status_code == 413
    data = {"archive": (io.BytesIO(large), "large.zip")}
    answer = anonymous_client.post(f"/sends/{draft_id}/person-files", data=data)
    assert answer.status_code in {302, 413}
    assert "/sign-in" in answer.headers.get("Location", "/sign-in")
