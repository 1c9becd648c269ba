"""Erasing: what must not be left of a person, nor bring them back, and what of other people stays."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cloudflare.events import EventKind
from app.db import Base, Database, now
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients import new_lists, people
from app.recipients.changes import running as changes
from app.recipients.checking import NewRecipient
from app.recipients.files import stored_file
from app.recipients.imports import job, uploads
from app.recipients.imports.job import open_imports, run_import
from app.recipients.imports.mapping import ColumnRole, mapping_of
from app.recipients.imports.run import ImportRun
from app.recipients.models import ImportState, ImportWay, ListUpload, RecipientList, StagedRow, SuppressionReason
from app.recipients.suppressions import who as suppressions
from app.refusals import NotThere, Refused
from app.sends import bad_addresses, erasing
from app.sends.bad_address_models import BadAddress, BadAddressKind
from app.sends.bad_addresses import Found, note_bad
from app.sends.event_models import MessageEvent
from app.sends.models import Attempt, Message, Outcome, Send, SendState
from tests.conftest import PASSWORD
from tests.factories import a_draft_send, a_list, a_template_version, released, some_people
from tests.recipients.imports import imported, people_of, save, undo, upload_of, uploaded
from tests.recipients.test_views import words
from tests.sends.outcomes import settle

ANN = "p0@example.com"
SECRET = "Secret Street 12"


@pytest.fixture
def sent_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    with database.writing() as session:
        folk = [NewRecipient(ANN, "Ann Okafor", {"city": SECRET}), *some_people(3)[1:]]
        version = a_template_version(session, actor, name="Notice")
        members = a_list(session, actor, people=folk, name="Members")
        draft_id = a_draft_send(session, actor, version=version, people=members).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, [f"p{n}@example.com" for n in range(3)], Outcome.DELIVERED)
    return send_id


def everywhere(database: Database, *needles: str) -> set[str]:
    found = set()
    with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                if any(needle.lower() in str(list(row)).lower() for needle in needles):
                    found.add(table.name)
    return found


def members_of(session: Session) -> RecipientList:
    return session.scalars(select(RecipientList).where(RecipientList.name == "Members")).one()


def erase(database: Database, actor: Person, email: str = ANN) -> None:
    with database.writing() as session:
        erasing.erase(session, actor, email)


def wait_for_the_worker(database: Database) -> None:
    """Let a worker do what uploads wait for."""
    with database.reading() as session:
        waiting = [one for one, _, _ in open_imports(session)]
    for upload_id in waiting:
        run_import(database, upload_id)


def state_of(database: Database, upload_id: int) -> ListUpload | None:
    with database.reading() as session:
        return session.get(ListUpload, upload_id)


def test_a_file_that_waits_to_be_imported_brings_nobody_back_who_was_erased(
    database: Database, actor: Person, sent_id: int
) -> None:
    upload_id = uploaded(database, actor, f"email,name\n{ANN},Ann Okafor\nx@example.com,X\n", name="Others")
    erase(database, actor)
    assert everywhere(database, ANN, "Okafor") == {"upload_chunk"}, "a worker clears the file away"
    with database.writing() as session, pytest.raises(NotThere):
        uploads.choose_columns(session, actor, upload_id, {})
    wait_for_the_worker(database)
    assert everywhere(database, ANN, "Okafor") == set()
    assert state_of(database, upload_id) is None


@pytest.mark.parametrize(
    "content",
    [
        f"email,email 2\nx@example.com,{ANN}\ny@example.com,y2@example.com\n",
        f"email,other\nx@example.com,X\n{ANN} or so,Ann\n",
        f"email,other\nx@example.com,X\n{ANN.replace('@', '@@')},Ann\n",
        f"email,other\nx@example.com,X\nz@@example.com,Ann <{ANN.upper()}>\n",
        f"Questions to {ANN}\nemail,other\nx@example.com,X\n",
    ],
)
def test_an_upload_is_forgotten_that_could_give_the_address_in_any_way(
    database: Database, actor: Person, sent_id: int, content: str
) -> None:
    upload_id = uploaded(database, actor, content, name="Others")
    if "email 2" in content:
        with database.writing() as session:
            mapping = mapping_of(uploads.find_upload(session, actor, upload_id).mapping)
            roles = {0: ColumnRole.EMAIL, 1: ColumnRole.DATA}
            uploads.choose_columns(session, actor, upload_id, {n: replace(mapping[n], role=roles[n]) for n in roles})
        run_import(database, upload_id)
    assert upload_of(database, actor, upload_id).state is ImportState.READY
    erase(database, actor)
    wait_for_the_worker(database)
    assert state_of(database, upload_id) is None
    assert everywhere(database, ANN) == set()


def test_an_upload_that_was_not_read_whole_is_forgotten_because_nobody_can_say(
    database: Database, actor: Person, sent_id: int
) -> None:
    rows = "email,name\nx@example.com,X\n"
    unread = uploads.keep_upload(database, actor, list_name="Unread", file=io.BytesIO(rows.encode()))
    two_columns = "email,email 2\nx@example.com,x2@example.com\n"
    unsure = uploads.keep_upload(database, actor, list_name="Unsure", file=io.BytesIO(two_columns.encode()))
    left_out = uploaded(database, actor, two_columns, name="Left out")
    with database.writing() as session:
        mapping = mapping_of(uploads.find_upload(session, actor, left_out).mapping)
        roles = {0: ColumnRole.EMAIL, 1: ColumnRole.OUT}
        uploads.choose_columns(session, actor, left_out, {n: replace(mapping[n], role=roles[n]) for n in roles})
    run_import(database, left_out)
    read = uploaded(database, actor, rows, name="Read")
    with database.writing() as session:
        assert erasing.erase(session, actor, ANN).uploads == [unread, unsure, left_out]
    wait_for_the_worker(database)
    assert [state_of(database, one) for one in (unread, unsure, left_out)] == [None] * 3
    assert upload_of(database, actor, read).state is ImportState.READY


def test_an_upload_that_waits_without_them_stays_as_it_is(database: Database, actor: Person, sent_id: int) -> None:
    rows = f"email,name,city\nx@example.com,X,Leeds\n{ANN}.au z,Third,York\njo{ANN},Jo,Ely\n"
    upload_id = uploaded(database, actor, rows, name="Others")
    before = upload_of(database, actor, upload_id)
    erase(database, actor)
    after = upload_of(database, actor, upload_id)
    assert (after.state, after.mapping, after.found, after.run) == (
        ImportState.READY,
        before.mapping,
        before.found,
        before.run,
    )
    save(database, actor, upload_id)
    assert set(people_of(database, upload_of(database, actor, upload_id).list_id)) == {"x@example.com", f"jo{ANN}"}


def test_an_upload_of_another_department_stays(database: Database, actor: Person, sent_id: int) -> None:
    with database.writing() as session:
        other = Workspace(name="Another department")
        session.add(other)
        session.flush()
        zoe = add_person(
            session, other, email="zoe@example.org", name="Zoe", password=PASSWORD, role=Role.ADMINISTRATOR
        )
    theirs = uploaded(database, zoe, f"email\n{ANN}\n{ANN} x\n", name="Theirs")
    before = upload_of(database, zoe, theirs)
    erase(database, actor)
    after = upload_of(database, zoe, theirs)
    assert (after.state, after.mapping, after.found) == (ImportState.READY, before.mapping, before.found)
    with database.reading() as session:
        assert len(session.scalars(select(StagedRow.line).where(StagedRow.upload_id == theirs)).all()) == 2


def test_a_file_that_is_still_coming_in_is_forgotten_and_not_taken_up_again(
    database: Database, actor: Person, sent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = stored_file.store

    def store_and_erase(database: Database, upload_id: int, file: BinaryIO) -> None:
        stored(database, upload_id, file)
        erase(database, actor)

    def erase_and_store(database: Database, upload_id: int, file: BinaryIO) -> None:
        erase(database, actor, "p1@example.com")
        wait_for_the_worker(database)
        stored(database, upload_id, file)

    for store in (store_and_erase, erase_and_store):
        monkeypatch.setattr(stored_file, "store", store)
        with pytest.raises(Refused, match="Upload it again"):
            uploads.keep_upload(database, actor, list_name="Others", file=io.BytesIO(f"email\n{ANN}\n".encode()))
        wait_for_the_worker(database)
        assert everywhere(database, ANN) == set()


def test_a_reading_that_fails_takes_no_forgotten_upload_up_again(
    database: Database, actor: Person, sent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erase_and_fail(run: ImportRun) -> None:
        erase(database, actor)
        raise Refused("It cannot be read.")

    monkeypatch.setitem(job._STEPS, ImportState.READING, erase_and_fail)
    upload_id = uploads.keep_upload(database, actor, list_name="Others", file=io.BytesIO(f"email\n{ANN}\n".encode()))
    run_import(database, upload_id)
    wait_for_the_worker(database)
    assert state_of(database, upload_id) is None


def test_rows_of_the_beginning_are_forgotten_where_the_address_is_not_among_the_first_cells(
    database: Database, actor: Person, sent_id: int
) -> None:
    imported(
        database, actor, f"a,b,c,d,e,name,email\n1,2,3,4,5,Ann Okafor,{ANN}\n1,2,3,4,5,X,x@example.com\n", name="Others"
    )
    erase(database, actor)
    assert everywhere(database, "Okafor") == set()


BAD = {
    "x{ann} y": False,
    "{ann}.au z": False,
    "jo.{ann} y": False,
    "o'{ann} y": False,
    "{ann} y": True,
    "Ann <{ann}>": True,
    "mailto:{ann}": True,
    "bo@example.com/{ann}": True,
    "bo@example.com;{ann}.": True,
    "“{ann}”": True,
}
"""Cells to whether they name the address."""


def test_nobody_elses_bad_rows_go(database: Database, actor: Person, sent_id: int) -> None:
    rows = "".join(f'"{cell.format(ann=ANN)}",{number}\n' for number, cell in enumerate(BAD))
    upload_id = imported(database, actor, f"email,name\nx@example.com,X\n{rows}", name="Others").id
    erase(database, actor)
    with database.reading() as session:
        left = session.scalars(
            select(StagedRow.name)
            .where(StagedRow.upload_id == upload_id, StagedRow.problem.is_not(None))
            .order_by(StagedRow.line)
        ).all()
    assert left == [str(number) for number, goes in enumerate(BAD.values()) if not goes]


def test_a_word_beyond_plain_letters_is_found_in_bad_rows(database: Database, actor: Person, sent_id: int) -> None:
    rows = "email,name\nx@example.com,X\nZoÉ@example.com,Zoë\n"
    imported(database, actor, rows, name="Others")
    assert everywhere(database, "zoë") == {"staged_row", "list_upload"}
    erase(database, actor, "zoé@example.com")
    assert everywhere(database, "zoë") == set()


def test_what_an_import_keeps_of_others_stays_and_its_undo_still_works(
    database: Database, actor: Person, sent_id: int
) -> None:
    with database.writing() as session:
        members = members_of(session)
    rows = f"email,name,city\n{ANN},Ann,Ely\np1@example.com,Bo,Ely\nnew@example.com,New,Ely\n"
    upload = imported(database, actor, rows, list_id=members.id, way=ImportWay.REPLACE)
    erase(database, actor)
    undo(database, actor, upload.id)
    found = people_of(database, members.id)
    assert set(found) == {"p1@example.com", "p2@example.com"}
    assert found["p1@example.com"][1]["city"] == "City 1"
    with database.reading() as session:
        assert members_of(session).recipient_count == 2


def test_undoing_an_edit_brings_no_erased_address_back(database: Database, actor: Person, sent_id: int) -> None:
    with database.writing() as session:
        members = members_of(session)
        one = people.recipients_page(session, actor, members.id, search="p0")[0]
        people.change_recipient(
            session, actor, members.id, one.id, email="new@example.com", name="Ann Okafor", data=dict(one.data)
        )
    erase(database, actor)
    assert everywhere(database, ANN) == set()


def test_undoing_an_edit_brings_no_erased_address_back_into_the_list(
    database: Database, actor: Person, sent_id: int
) -> None:
    with database.writing() as session:
        members = members_of(session)
        one = people.recipients_page(session, actor, members.id, search="p0")[0]
        people.change_recipient(
            session, actor, members.id, one.id, email="new@example.com", name="Ann Okafor", data=dict(one.data)
        )
        change = changes.latest_changes(session, members.id)[0].id
    erase(database, actor)
    with database.writing() as session:
        changes.undo(session, actor, members.id, change)
    assert ANN not in people_of(database, members.id)


def test_the_list_of_bad_addresses_forgets_what_was_mended_to(database: Database, actor: Person, sent_id: int) -> None:
    with database.writing() as session:
        message_id = session.scalars(select(Message.id).where(Message.email == ANN)).one()
        note_bad(session, actor.workspace_id, [Found(ANN, BadAddressKind.BOUNCED, sent_id, message_id, "Ann Okafor")])
        bad = session.scalars(select(BadAddress)).one()
        bad_addresses.mend(session, actor, bad.id, email="ann.right@example.com", list_ids=[members_of(session).id])
    erase(database, actor, "ann.right@example.com")
    assert everywhere(database, "ann.right@example.com") == set()


def test_somebody_who_was_only_taken_out_of_a_list_can_be_erased(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    with database.writing() as session:
        made = a_list(session, actor, people=[NewRecipient(ANN, "Ann Okafor", {"city": SECRET})], name="Members")
        one = people.recipients_page(session, actor, made.id)[0]
        people.remove_recipient(session, actor, made.id, one.id)
    page = words(client.get(f"/sends/person?email={ANN}").text)
    assert "The address is kept all the same" in page
    assert "goes for good" in words(client.get(f"/sends/person/erase?email={ANN}").text)
    client.post("/sends/person/erase", data={"email": ANN})
    assert everywhere(database, ANN, "Okafor", SECRET) == set()
    assert client.get(f"/sends/person?email={ANN}").status_code == 404


def test_somebody_who_is_only_in_an_upload_can_be_erased(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    uploaded(database, actor, f"email,name\n{ANN} x,Ann Okafor\nx@example.com,X\n", name="Others")
    uploaded(database, actor, f"email,name\n{ANN},Ann Okafor\nx@example.com,X\n", name="More")
    uploaded(database, actor, "email,name\nx@example.com,X\n", name="Without")
    page = words(client.get(f"/sends/person/erase?email={ANN}").text)
    assert "2 uploads that wait to be imported hold this person" in page
    answer = client.post("/sends/person/erase", data={"email": ANN}, follow_redirects=True)
    assert "2 uploads that waited were forgotten" in words(answer.text)
    assert everywhere(database, ANN, "Okafor") <= {"upload_chunk"}
    wait_for_the_worker(database)
    assert everywhere(database, ANN, "Okafor") == set()
    with database.reading() as session:
        assert [one.list_name for one in uploads.waiting_uploads(session, actor)] == ["Without"]


def test_nobody_is_asked_for_by_an_empty_address(client: FlaskClient, database: Database, actor: Person) -> None:
    uploaded(database, actor, "email,name\n,Nameless\nx@example.com,X\n", name="Others")
    answer = client.get("/sends/person?email=")
    assert answer.status_code == 404
    assert "The address is kept all the same" not in words(answer.text)


def test_somebody_who_is_only_among_the_bad_addresses_can_be_erased(database: Database, actor: Person) -> None:
    with database.writing() as session:
        session.add(BadAddress(workspace_id=actor.workspace_id, email=ANN, email_key=ANN, kind=BadAddressKind.BOUNCED))
    erase(database, actor)
    assert everywhere(database, ANN) == set()


def test_of_somebody_who_is_only_suppressed_it_is_said_that_this_stays(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    with database.writing() as session:
        suppressions.suppress(session, actor.workspace_id, ANN, SuppressionReason.OPT_OUT)
    said = "Only what keeps others from writing to this address is kept, and that stays."
    assert said in words(client.get(f"/sends/person/erase?email={ANN}").text)
    with database.writing() as session, pytest.raises(Refused, match=said):
        erasing.erase(session, actor, ANN)
    assert everywhere(database, ANN) == {"suppression"}
    assert "Nothing is kept of this address." in words(client.get("/sends/person/erase?email=nobody@example.com").text)


def test_copies_are_forgotten_in_direct_sends(
    database: Database, actor: Person, renderer: LimitedRenderer, sent_id: int
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, name="By hand", html="<p>x</p>", text="x", subject="s")
        draft_id = a_draft_send(
            session,
            actor,
            version=version,
            to=[["boss@example.com", "Bob Bossman"]],
            cc=[["P0@Example.com", "Ann Okafor"]],
            bcc=[["p1@example.com", ""]],
        ).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, ["boss@example.com"], Outcome.DELIVERED)
    with database.writing() as session:
        message = session.scalars(select(Message).where(Message.send_id == send_id)).one()
        message.addresses = {"boss@example.com": "delivered", "P0@example.com": "bounced", "p1@example.com": "queued"}
        message.detail = f"One server refused {ANN}."
        session.execute(
            update(Attempt)
            .where(Attempt.message_id == message.id)
            .values(raw_answer='{"delivered": ["boss@example.com", "p0@example.com"]}', error_message=f"{ANN} is odd")
        )
        for key, recipient, detail in (
            ("1", "P0@example.com", "Okafor is away"),
            ("2", "boss@example.com", f"told {ANN} as well"),
            ("3", "boss@example.com", f"told jo{ANN}"),
        ):
            session.add(
                MessageEvent(
                    message_id=message.id,
                    event_key=key,
                    at=now(),
                    kind=EventKind.BOUNCED,
                    recipient=recipient,
                    detail=detail,
                )
            )
    erase(database, actor)
    assert everywhere(database, "Okafor") == set()
    with database.reading() as session:
        send, message = session.get_one(Send, send_id), session.get_one(Message, message.id)
        assert (send.to, send.cc) == ([["boss@example.com", "Bob Bossman"]], [["erased", ""]])
        assert message.addresses == {"boss@example.com": "delivered", "erased": "bounced", "p1@example.com": "queued"}
        assert (message.email, message.detail) == ("boss@example.com", erasing.ERASED_DETAIL)
        told = session.execute(select(MessageEvent.recipient, MessageEvent.detail).order_by(MessageEvent.event_key))
        assert [tuple(one) for one in told] == [
            ("erased", ""),
            ("boss@example.com", ""),
            ("boss@example.com", f"told jo{ANN}"),
        ]
    erase(database, actor, "p1@example.com")
    with database.reading() as session:
        addresses = session.get_one(Message, message.id).addresses
    assert list(addresses.values()) == ["delivered", "bounced", "queued"], "each keeps its outcome"
    assert everywhere(database, "p1@example.com") == set()


def test_while_an_import_that_holds_them_is_applied_nobody_is_erased(
    client: FlaskClient, database: Database, actor: Person, sent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = uploaded(database, actor, f"email,name\n{ANN},Ann Okafor\nx@example.com,X\n", name="Others")
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id, list_name="Others")
    filled, refused = new_lists._fill, []

    def fill_and_erase(run: ImportRun, list_id: int) -> bool:
        more = filled(run, list_id)
        with pytest.raises(Refused, match="changes a list just now"):
            erase(database, actor)
        refused.append(words(client.get(f"/sends/person/erase?email={ANN}").text))
        return more

    monkeypatch.setattr(new_lists, "_fill", fill_and_erase)
    run_import(database, upload_id)
    assert "An import that holds this person changes a list just now." in refused[0]
    made = upload_of(database, actor, upload_id).list_id
    assert ANN in people_of(database, made)
    erase(database, actor)
    assert set(people_of(database, made)) == {"x@example.com"}
    assert everywhere(database, ANN, "Okafor") == set()
    with database.reading() as session:
        assert session.get_one(RecipientList, made).recipient_count == 1


def test_while_an_import_that_holds_them_is_undone_nobody_is_erased(
    database: Database, actor: Person, sent_id: int
) -> None:
    with database.writing() as session:
        members = members_of(session)
    upload = imported(database, actor, "email\np1@example.com\n", list_id=members.id, way=ImportWay.REPLACE)
    with database.writing() as session:
        uploads.undo_upload(session, actor, upload.id, unfinished_sends=0)
    with pytest.raises(Refused, match="changes a list just now"):
        erase(database, actor)
    run_import(database, upload.id)
    erase(database, actor)
    assert set(people_of(database, members.id)) == {"p1@example.com", "p2@example.com"}


def test_an_import_without_them_goes_on_while_somebody_is_erased(
    database: Database, actor: Person, sent_id: int
) -> None:
    upload_id = uploaded(database, actor, "email,name\nx@example.com,X\n", name="Others")
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id, list_name="Others")
    erase(database, actor)
    run_import(database, upload_id)
    assert upload_of(database, actor, upload_id).state is ImportState.DONE


@pytest.mark.parametrize("is_new", [True, False])
def test_whoever_is_erased_between_count_and_import_makes_no_count_wrong(
    database: Database, actor: Person, sent_id: int, is_new: bool
) -> None:
    with database.writing() as session:
        other = a_list(session, actor, people=[NewRecipient("bo@example.com", "Bo", {"city": "York"})], name="Friends")
    list_id = None if is_new else other.id
    rows = "email,City\n{}new@example.com,Ely\n"
    upload_id = uploaded(database, actor, rows.format(f"{ANN},Ely\n"), name="Others", list_id=list_id)
    erase(database, actor)
    with pytest.raises(NotThere):
        save(database, actor, upload_id)
    wait_for_the_worker(database)
    made = imported(database, actor, rows.format(""), name="Others", list_id=list_id).list_id
    found = people_of(database, made)
    assert ANN not in found
    with database.reading() as session:
        assert session.get_one(RecipientList, made).recipient_count == len(found)


def erase_while(database: Database, actor: Person, does: Callable[[Session], None]) -> object:
    """Erase while somebody else is in the middle of something; gives what comes of it."""
    ends: list[object] = []

    def erase_meanwhile() -> None:
        try:
            with database.writing() as session:
                ends.append(erasing.erase(session, actor, ANN))
        except Refused as refusal:
            ends.append(refusal)

    other = threading.Thread(target=erase_meanwhile)
    with database.writing() as session:
        does(session)
        session.flush()
        other.start()
        other.join(1)
        assert not ends, "it waits"
    other.join(20)
    return ends[0]


def test_an_undo_that_is_under_way_brings_nobody_back(database: Database, actor: Person) -> None:
    """Lists of changes that hold the address are held, too, though the person is in none of them."""
    with database.writing() as session:
        made = a_list(session, actor, people=[NewRecipient(ANN, "Ann")], columns=[], name="Members")
        people.remove_recipient(session, actor, made.id, people.recipients_page(session, actor, made.id)[0].id)
        change = changes.latest_changes(session, made.id)[0].id

    def undo_removal(session: Session) -> None:
        changes.undo(session, actor, made.id, change)

    end = erase_while(database, actor, undo_removal)
    assert isinstance(end, erasing.ToErase)
    assert end.lists == 1
    assert people_of(database, made.id) == {}


def test_an_e_mail_that_is_being_tried_again_is_not_written_to_nobody(
    database: Database, actor: Person, sent_id: int
) -> None:
    def try_again(session: Session) -> None:
        session.get_one(Send, sent_id, with_for_update=True).state = SendState.SENDING
        session.execute(update(Message).where(Message.email == ANN).values(state=Outcome.PENDING))

    end = erase_while(database, actor, try_again)
    assert isinstance(end, Refused)
    assert "An unfinished send is to this person" in end.words
    with database.reading() as session:
        assert session.scalars(select(Message.email).where(Message.state == Outcome.PENDING)).all() == [ANN]
