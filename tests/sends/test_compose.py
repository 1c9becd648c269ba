"""Composing a draft: what is taken, what is refused and in which words."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.cloudflare.contract import MAX_MESSAGE_BYTES, encoded_size
from app.people.models import Person, SenderIdentity, Workspace
from app.refusals import NotThere, Refused
from app.sends import compose
from app.sends.models import ReviewState, Send, SendAttachment, SendKind
from app.web.header_rows import UNSUBSCRIBE_EXAMPLE
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, some_people

HTTPS = ("List-Unsubscribe", "<https://example.com/u/{{ email }}>")
ONE_CLICK = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def a_direct_send(session: Session, actor: Person, **addresses: str) -> Send:
    version = a_template_version(session, actor, html="<p>Hi</p>", text="Hi")
    return compose.start_send(session, actor, version_id=version.id, kind=SendKind.DIRECT, addresses=addresses)


def a_list_send(session: Session, actor: Person, **version: object) -> Send:
    made = a_template_version(session, actor, **version)  # type: ignore[arg-type]
    people = a_list(session, actor, people=some_people(2))
    return compose.start_send(session, actor, version_id=made.id, kind=SendKind.LIST, list_id=people.id)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("anna@example.com", [["anna@example.com", ""]]),
        ("Anna Smith <anna@example.com>", [["anna@example.com", "Anna Smith"]]),
        ('"Smith, Anna" <anna@example.com>', [["anna@example.com", "Smith, Anna"]]),
        ("a@example.com, b@example.com;c@example.com", [[f"{one}@example.com", ""] for one in "abc"]),
        ("\na@example.com,\n\n b@example.com \n", [[f"{one}@example.com", ""] for one in "ab"]),
        ("Zoë  Ångström <zoe@example.com>", [["zoe@example.com", "Zoë Ångström"]]),
        ("Anna\0 <anna@example.com>", [["anna@example.com", "Anna"]]),
        ("", []),
        (" ,\n", []),
    ],
)
def test_addresses_are_read_as_people_type_them(typed: str, read: list[list[str]]) -> None:
    assert compose.parse_addresses("to", typed) == read
    assert compose.parse_addresses("to", compose.as_typed(read)) == read


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("anna@example.com bo@example.com", "“anna@example.com bo@example.com” cannot be read"),
        ("anna@example.com\nnot an address", "“not an address” cannot be read"),
        ("Smith, Anna <anna@example.com>", "“Smith, Anna <anna@example.com>” cannot be read"),
        ("<>", "“<>” cannot be read"),
        ("zoë@example.com", "letters that the mail service cannot write to"),
        ("anna@example", "is not an e-mail address"),
        ("A" * 201 + " <anna@example.com>", "more than 200 characters"),
    ],
)
def test_what_is_no_address_is_refused_beside_its_field(typed: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        compose.parse_addresses("cc", typed)
    assert words in refused.value.words
    assert refused.value.field == "cc"


def test_an_address_twice_is_written_to_once(session: Session, actor: Person) -> None:
    send = a_direct_send(session, actor, to="anna@example.com, ANNA@example.com", cc="Anna@example.com, bo@example.com")
    assert send.to == [["anna@example.com", ""]]
    assert send.cc == [["bo@example.com", ""]]


def test_fifty_addresses_are_possible_and_51_are_not(session: Session, actor: Person) -> None:
    fifty = ", ".join(f"p{n}@example.com" for n in range(50))
    assert len(a_direct_send(session, actor, to=fifty).to) == 50
    with pytest.raises(Refused, match="51 addresses over To, Cc and Bcc; at most 50") as refused:
        a_direct_send(session, actor, to=fifty, bcc="one-more@example.com")
    assert refused.value.field == "to"


def test_a_direct_send_needs_somebody_in_to(session: Session, actor: Person) -> None:
    with pytest.raises(Refused) as refused:
        a_direct_send(session, actor, cc="anna@example.com")
    assert refused.value.field == "to"


def test_an_empty_list_is_refused(session: Session, actor: Person) -> None:
    version = a_template_version(session, actor)
    empty = a_list(session, actor, people=[], name="Empty")
    with pytest.raises(Refused, match="Nobody is on the list “Empty”") as refused:
        compose.start_send(session, actor, version_id=version.id, kind=SendKind.LIST, list_id=empty.id)
    assert refused.value.field == "list"


@pytest.mark.parametrize("missing", ["version", "list"])
def test_what_is_not_chosen_is_asked_for_beside_its_field(session: Session, actor: Person, missing: str) -> None:
    version = a_template_version(session, actor)
    people = a_list(session, actor, people=some_people(1))
    with pytest.raises(Refused) as refused:
        compose.start_send(
            session,
            actor,
            version_id=0 if missing == "version" else version.id,
            kind=SendKind.LIST,
            list_id=0 if missing == "list" else people.id,
        )
    assert refused.value.field == missing


def test_another_workspaces_list_version_and_sender_cannot_be_chosen(session: Session, actor: Person) -> None:
    send = a_list_send(session, actor)
    sender = a_sender(session, actor)
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    for version_id, list_id in ((send.template_version_id, send.list_id), (0, send.list_id)):
        with pytest.raises(Refused):
            compose.start_send(session, stranger, version_id=version_id or 0, kind=SendKind.LIST, list_id=list_id)
    with pytest.raises(NotThere):
        compose.change_sender(session, stranger, send.id, sender_id=sender.id, reply_to="", headers=[])
    other = Workspace(name="Other")
    session.add(other)
    session.flush()
    foreign = SenderIdentity(workspace_id=other.id, address="boss@example.com")
    session.add(foreign)
    session.flush()
    with pytest.raises(Refused, match="Choose a sender"):
        compose.change_sender(session, actor, send.id, sender_id=foreign.id, reply_to="", headers=[])


def test_a_send_begins_with_its_versions_headers(session: Session, actor: Person) -> None:
    send = a_list_send(session, actor, headers=(("X-Office", "North"),))
    assert send.headers == [["X-Office", "North"]]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([("List-Unsubscribe", "<http://example.com/u>")], "must begin with https://"),
        ([("X-Note", "one\r\nBcc: thief@example.net")], "must be one line"),
        ([("X-Note", "one\ntwo")], "must be one line"),
        ([("Sender", "boss@example.com")], "does not take the header Sender"),
        ([("Subject", "Other")], "cannot be set as a custom header"),
        ([("Message-ID", "<1@example.com>")], "the mail service sets it by itself"),
        ([("X-Note", "")], "needs a value"),
        ([("", "value")], "A header needs a name"),
        ([("X-Note", "a"), ("x-note", "{{ email }}")], "is there twice"),
        ([ONE_CLICK], "needs a List-Unsubscribe header"),
        ([("X-Note", "{{ name")], "cannot be read"),
        ([("X-Postroom-Message", "mine")], "Postroom's own header"),
        ([("X-Note", "ü" * 1025)], "too long"),
    ],
)
def test_headers_the_service_would_refuse_are_refused_here(
    session: Session, actor: Person, headers: list[tuple[str, str]], words: str
) -> None:
    assert any(words in one for one in compose.header_words(headers))
    send, sender = a_list_send(session, actor), a_sender(session, actor)
    with pytest.raises(compose.BadHeaders) as refused:
        compose.change_sender(session, actor, send.id, sender_id=sender.id, reply_to="", headers=headers)
    assert any(words in one for one in refused.value.problems)
    assert send.headers == []


def test_headers_with_variables_are_taken_where_they_may_turn_out_right() -> None:
    assert compose.header_words([HTTPS, ONE_CLICK, ("X-Note", "{{ name }}"), ("Importance", "{{ how }}")]) == []


def test_what_add_unsubscribe_headers_puts_in_is_right() -> None:
    assert compose.header_words([("List-Unsubscribe", UNSUBSCRIBE_EXAMPLE), ONE_CLICK]) == []


def test_sender_and_reply_to_are_kept(session: Session, actor: Person) -> None:
    send, sender = a_list_send(session, actor), a_sender(session, actor)
    compose.change_sender(session, actor, send.id, sender_id=sender.id, reply_to=" help@example.com ", headers=[HTTPS])
    assert (send.from_address, send.from_name, send.reply_to) == ("office@example.com", "Office", "help@example.com")
    assert send.headers == [list(HTTPS)]


def test_a_reply_to_that_is_no_address_is_refused(session: Session, actor: Person) -> None:
    send, sender = a_list_send(session, actor), a_sender(session, actor)
    with pytest.raises(Refused) as refused:
        compose.change_sender(session, actor, send.id, sender_id=sender.id, reply_to="nobody", headers=[])
    assert refused.value.field == "reply_to"


def test_values_are_asked_for_that_nothing_else_gives(session: Session, actor: Person) -> None:
    send = a_list_send(session, actor, html="<p>{{ name }} {{ city }} {{ due }}</p>", text="{{ email }}")
    send.headers = [["X-Case", "{{ case }}"]]
    assert compose.common_variables(session, send) == ["case", "due"]


ONE_FILE = 3_000_000


def test_a_file_is_kept_with_its_type_and_fingerprint(session: Session, actor: Person) -> None:
    send = a_list_send(session, actor)
    made = compose.add_attachment(session, actor, send.id, "C:\\docs\\Agenda\0 May.txt", b"abc")
    assert (made.file_name, made.media_type, made.size) == ("Agenda May.txt", "text/plain", 3)
    assert made.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    unknown = compose.add_attachment(session, actor, send.id, "data.zzz", b"abc")
    assert unknown.media_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.txt", b"", "“empty.txt” is empty"),
        ("", b"abc", "Choose a file"),
        ("plan.pdf", b"x" * (6 * 1024 * 1024), "“plan.pdf” does not fit"),
    ],
)
def test_a_file_that_cannot_go_is_refused_and_the_others_stay(
    session: Session, actor: Person, name: str, content: bytes, words: str
) -> None:
    send = a_list_send(session, actor)
    kept = compose.add_attachment(session, actor, send.id, "kept.txt", b"kept")
    with pytest.raises(Refused, match=words) as refused:
        compose.add_attachment(session, actor, send.id, name, content)
    assert refused.value.field == "file"
    assert [one.id for one in compose.attachments_of(session, send.id)] == [kept.id]


def test_files_are_counted_together_as_they_are_sent(session: Session, actor: Person) -> None:
    send = a_list_send(session, actor)
    compose.add_attachment(session, actor, send.id, "one.bin", b"x" * ONE_FILE)
    size = compose.attachments_size(session, send.id)
    assert encoded_size(ONE_FILE) <= size.used < MAX_MESSAGE_BYTES == size.limit
    with pytest.raises(Refused, match="5 MiB is the most"):
        compose.add_attachment(session, actor, send.id, "two.bin", b"x" * ONE_FILE)


def test_a_file_is_removed_only_from_its_own_send(session: Session, actor: Person) -> None:
    first, second = a_list_send(session, actor), a_list_send(session, actor)
    file = compose.add_attachment(session, actor, first.id, "a.txt", b"a")
    with pytest.raises(NotThere):
        compose.remove_attachment(session, actor, second.id, file.id)
    compose.remove_attachment(session, actor, first.id, file.id)
    session.flush()
    assert session.get(SendAttachment, file.id) is None


def test_every_change_asks_for_a_new_review(session: Session, actor: Person) -> None:
    send, sender = a_list_send(session, actor), a_sender(session, actor)
    file = compose.add_attachment(session, actor, send.id, "a.txt", b"a")
    changes = (
        lambda: compose.change_values(session, actor, send.id, {"due": "May"}),
        lambda: compose.change_sender(session, actor, send.id, sender_id=sender.id, reply_to="", headers=[]),
        lambda: compose.add_attachment(session, actor, send.id, "b.txt", b"b"),
        lambda: compose.remove_attachment(session, actor, send.id, file.id),
        lambda: compose.change_what(
            session, actor, send.id, version_id=send.template_version_id or 0, list_id=send.list_id, addresses={}
        ),
    )
    for change in changes:
        send.review_state = ReviewState.DONE
        change()
        assert send.review_state is ReviewState.NONE


def test_a_released_send_cannot_be_changed(session: Session, actor: Person) -> None:
    version = a_template_version(session, actor)
    send = a_draft_send(session, actor, version=version, to=[["a@example.com", ""]], state="sending")
    with pytest.raises(Refused, match="released already"):
        compose.change_values(session, actor, send.id, {"due": "May"})
    with pytest.raises(Refused, match="released already"):
        compose.delete_draft(session, actor, send.id)


def test_a_deleted_draft_takes_its_files_along(session: Session, actor: Person) -> None:
    send = a_list_send(session, actor)
    compose.add_attachment(session, actor, send.id, "a.txt", b"a")
    compose.delete_draft(session, actor, send.id)
    session.flush()
    assert session.query(SendAttachment).count() == 0
