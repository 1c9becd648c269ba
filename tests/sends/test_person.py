"""One person across a workspace: everything about them, to take along, and to erase."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.db import Base, Database, now
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients import lists, people
from app.recipients.changes import running as changes
from app.recipients.changes.models import ListChangeRow
from app.recipients.checking import NewRecipient
from app.recipients.models import Recipient, RecipientList, SuppressionReason
from app.recipients.suppressions import who as suppressions
from app.recipients.unsubscribing.topics import add_topic, stop_topic
from app.refusals import Refused
from app.sends import erasing, whole_person
from app.sends.bad_address_models import BadAddressKind
from app.sends.bad_addresses import Found, note_bad
from app.sends.models import Attempt, Message, Outcome, Send, SendKind, SendState
from app.sends.retrying import reasons_of
from tests.conftest import PASSWORD
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people
from tests.recipients.imports import imported
from tests.recipients.test_suppressions import ours
from tests.recipients.test_suppressions import theirs as at_cloudflare
from tests.recipients.test_views import words
from tests.sends.outcomes import at_once, settle, tally_of

ANN = "p0@example.com"
SECRET = "Secret Street 12"


@pytest.fixture
def sent_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A finished send to three people, of whom p0 is in two lists and was written to once more by hand."""
    with database.writing() as session:
        folk = [NewRecipient(ANN, "Ann Okafor", {"city": SECRET}), *some_people(3)[1:]]
        version = a_template_version(session, actor, name="Notice")
        members = a_list(session, actor, people=folk, name="Members")
        a_list(session, actor, people=[NewRecipient("P0@Example.com", "Ann", {"city": "Leeds"})], name="Friends")
        draft_id = a_draft_send(session, actor, version=version, people=members).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, [ANN], Outcome.FAILED, reason="retries_used_up", detail=f"{ANN} timed out")
    settle(database, send_id, ["p1@example.com", "p2@example.com"], Outcome.DELIVERED)
    with database.writing() as session:
        first = session.scalar(select(Message.id).where(Message.send_id == send_id, Message.email_key == ANN))
        session.execute(
            update(Attempt).where(Attempt.message_id == first).values(raw_answer=f"{ANN} was told", error_message=ANN)
        )
    return send_id


def everywhere(database: Database, *needles: str) -> set[str]:
    """The tables in which a text still stands, whatever the column."""
    found = set()
    with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                if any(needle.lower() in str(list(row)).lower() for needle in needles):
                    found.add(table.name)
    return found


def test_the_page_shows_every_list_every_e_mail_and_the_opt_out(
    client: FlaskClient, database: Database, actor: Person, sent_id: int
) -> None:
    with database.writing() as session:
        suppressions.suppress(session, actor.workspace_id, ANN, SuppressionReason.OPT_OUT)
    page = words(client.get("/sends/person?email=P0@example.com").text)
    for part in ("Ann", "Members", "Friends", SECRET, f"{ANN} unsubscribed on", "Notice to Members Failed"):
        assert part in page, part
    assert "p1@example.com" not in page
    for question in ("", "?email=%00"):
        answer = client.get(f"/sends/person{question}")
        assert answer.status_code == 404 and "Type the whole address" in answer.text


def test_an_unknown_address_is_answered_with_the_field_filled(client: FlaskClient, database: Database) -> None:
    answer = client.get("/sends/person?email=Nobody@example.com")
    assert answer.status_code == 404
    assert "Nobody with this address" in answer.text and 'value="nobody@example.com"' in answer.text
    assert "in no list, no e-mail and no suppression" in words(answer.text)


def test_who_is_only_held_back_is_found_too(client: FlaskClient, database: Database, actor: Person) -> None:
    over = now() - timedelta(days=1)
    with database.writing() as session:
        stop_topic(session, add_topic(session, actor, {"en": ("Opening hours", "")}), "cy@example.net")
        ours(session, actor.workspace_id, "dan@example.net", SuppressionReason.BY_HAND)
        ours(session, actor.workspace_id, "eve@example.net", SuppressionReason.BY_HAND, until=over)
        at_cloudflare(
            session, actor.workspace_id, "fay@example.net", scope_type="sending_domain", scope_value="example.org"
        )
    for name in ("cy", "dan", "eve", "fay"):
        answer = client.get(f"/sends/person?email={name}@example.net")
        assert answer.status_code == 200 and "In no list." in answer.text, name
        offered = f"/suppressions/add?email={name}@example.net" in answer.text
        assert offered is (name != "dan"), "who is held back from everything already needs no more"


def test_who_stopped_one_kind_of_notice_may_be_written_to_and_the_page_says_what_is_stopped(
    client: FlaskClient, database: Database, actor: Person, sent_id: int
) -> None:
    with database.writing() as session:
        stop_topic(session, add_topic(session, actor, {"en": ("Opening hours", "")}), ANN)
        at_cloudflare(session, actor.workspace_id, ANN, scope_type="sending_domain", scope_value="example.org")
    page = words(client.get(f"/sends/person?email={ANN}").text)
    assert "Gets no e-mails of the kind “Opening hours”." in page and "Gets no e-mail from example.org." in page
    assert "Must not be written to" not in page
    kept = json.loads(client.get(f"/sends/person/data.json?email={ANN}").text)
    assert kept["must_not_be_written_to"] == []
    assert len(kept["gets_not_everything"]) == 2
    assert "gets not everything,,why,Gets no e-mails of the kind “Opening hours”." in (
        client.get(f"/sends/person/data.csv?email={ANN}").text
    )


def test_e_mails_written_by_hand_count_too_also_to_the_second_address(
    database: Database, actor: Person, sent_id: int
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, name="By hand")
        send = a_draft_send(
            session, actor, version=version, to=[["boss@example.com", ""]], cc=[["P0@Example.com", "Ann"]]
        )
        send.state = SendState.FINISHED
        session.add(
            Message(send_id=send.id, reference="r" * 36, email="boss@example.com", email_key="boss@example.com")
        )
    with database.reading() as session:
        page = whole_person.written_to(session, actor, ANN)
        assert [one.send.kind for one in page.written] == [SendKind.DIRECT, SendKind.LIST]


def test_e_mails_are_paged_by_key_over_many_sends(
    database: Database, actor: Person, sent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_person, "SENDS_LOOKED", 3)
    with database.writing() as session:
        for number in range(10):
            send = Send(workspace_id=actor.workspace_id, kind=SendKind.LIST, state=SendState.FINISHED)
            session.add(send)
            session.flush()
            if number % 2:
                reference = f"{number:036}"
                session.add(Message(send_id=send.id, reference=reference, email=ANN, email_key=ANN))
    with database.reading() as session:
        seen, before = [], None
        while True:
            page = whole_person.written_to(session, actor, ANN, before=before, limit=2)
            seen += [one.send.id for one in page.written]
            before = page.before
            if before is None:
                break
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 6


def test_their_data_can_be_taken_along(client: FlaskClient, sent_id: int) -> None:
    given = json.loads(client.get(f"/sends/person/data.json?email={ANN}").data)
    assert [one["list"] for one in given["lists"]] == ["Friends", "Members"]
    assert given["emails"][0]["outcome"] == "Failed"
    assert given["emails"][0]["data"] == {"city": SECRET}
    table = client.get(f"/sends/person/data.csv?email={ANN}")
    assert SECRET in table.text
    assert table.headers["Cache-Control"] == "no-store"


def test_erasing_takes_the_person_out_of_everything_and_keeps_the_counts(
    client: FlaskClient, database: Database, actor: Person, renderer: LimitedRenderer, sent_id: int
) -> None:
    with database.writing() as session:
        suppressions.suppress(session, actor.workspace_id, ANN, SuppressionReason.OPT_OUT)
        friend = session.scalars(select(Recipient).where(Recipient.email == "P0@Example.com")).one()
        people.change_recipient(
            session, actor, friend.list_id, friend.id, email=friend.email, name="Ann", data={"city": SECRET}
        )
    before = tally_of(database, sent_id)
    page = words(client.get(f"/sends/person/erase?email={ANN}").text)
    assert f"This takes {ANN} out of 2 lists and 1 e-mail. It cannot be undone." in page
    answer = client.post("/sends/person/erase", data={"email": ANN}, follow_redirects=True)
    assert "Erased: taken out of 2 lists and 1 e-mail." in words(answer.text)
    assert everywhere(database, ANN, SECRET, "Okafor") == {"suppression"}, "an opt-out stays"
    assert tally_of(database, sent_id) == before
    with database.reading() as session:
        assert sorted(session.scalars(select(RecipientList.recipient_count))) == [0, 2]
        message = session.scalars(select(Message).where(Message.email == erasing.ERASED)).one()
        assert (message.state, message.data, message.reason) == (Outcome.FAILED, {}, "retries_used_up")
        assert session.scalars(select(Attempt.number).where(Attempt.message_id == message.id)).all() == [1]
        send = session.get_one(Send, sent_id)
        assert not reasons_of(session, send, Outcome.FAILED), "what said nothing any more is not tried again"
        assert not session.scalars(select(ListChangeRow)).all()
    page = words(client.get(f"/sends/{sent_id}/messages/{message.id}").text)
    assert "This e-mail cannot be shown again" in page
    assert "its outcome stays" in page
    assert client.get(f"/sends/{sent_id}/messages/{message.id}/page").status_code == 200
    assert "One person erased on request" in client.get("/activity").text


def test_erasing_reaches_what_imports_and_bad_addresses_keep(database: Database, actor: Person, sent_id: int) -> None:
    imported(database, actor, f"email,name\n{ANN},Ann Okafor\n{ANN} twice,Ann Okafor\nx@example.com,X\n", name="Others")
    with database.writing() as session:
        message_id = session.scalars(select(Message.id).where(Message.email == ANN)).one()
        note_bad(session, actor.workspace_id, [Found(ANN, BadAddressKind.BOUNCED, sent_id, message_id, "Ann Okafor")])
    assert everywhere(database, ANN, "Okafor") >= {"staged_row", "bad_address"}
    with database.writing() as session:
        erasing.erase(session, actor, ANN)
    assert everywhere(database, ANN, "Okafor") == set()


def test_an_unfinished_send_to_the_person_forbids_erasing(
    client: FlaskClient, database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor)
        members = a_list(session, actor, people=some_people(2), name="Members")
        draft_id = a_draft_send(session, actor, version=version, people=members).id
    send_id = released(database, renderer, actor, draft_id).id
    assert "an unfinished send is to this person" in words(client.get(f"/sends/person/erase?email={ANN}").text)
    answer = client.post("/sends/person/erase", data={"email": ANN}, follow_redirects=True)
    assert f"An unfinished send is to this person (send {send_id})." in answer.text
    assert "Nothing was erased." in answer.text
    assert messages_of(database, send_id)[0].email == ANN
    settle(database, send_id, [ANN], Outcome.DELIVERED)
    with database.writing() as session:
        assert erasing.erase(session, actor, ANN).messages == 1


def test_erasing_somebody_unknown_or_twice_says_so(database: Database, actor: Person, sent_id: int) -> None:
    with database.writing() as session:
        erasing.erase(session, actor, ANN)
    with database.writing() as session, pytest.raises(Refused, match="Nothing is kept"):
        erasing.erase(session, actor, ANN)


def test_another_department_keeps_its_own_person(database: Database, actor: Person, sent_id: int) -> None:
    with database.writing() as session:
        other = Workspace(name="Another department")
        session.add(other)
        session.flush()
        zoe = add_person(
            session, other, email="zoe@example.org", name="Zoe", password=PASSWORD, role=Role.ADMINISTRATOR
        )
        theirs = lists.make_list(session, zoe, name="Theirs", columns=[], people=[NewRecipient(ANN, "Ann")])
        assert whole_person.written_to(session, zoe, ANN).written == []
        assert [one.name for one, _ in whole_person.whole_person(session, zoe, ANN).entries] == ["Theirs"]
        erasing.erase(session, actor, ANN)
        assert session.scalar(select(Recipient.email).where(Recipient.list_id == theirs.id)) == ANN


def test_staff_see_a_person_but_do_not_erase(staff_client: FlaskClient, database: Database, sent_id: int) -> None:
    page = staff_client.get(f"/sends/person?email={ANN}").text
    assert "Erase this person" not in page
    assert staff_client.get(f"/sends/person/erase?email={ANN}").status_code == 403
    assert staff_client.post("/sends/person/erase", data={"email": ANN}).status_code == 403
    assert messages_of(database, sent_id)[0].email == ANN


def test_an_undo_after_erasing_brings_nobody_back(database: Database, actor: Person, sent_id: int) -> None:
    with database.writing() as session:
        members = session.scalars(select(RecipientList).where(RecipientList.name == "Members")).one()
        one = people.recipients_page(session, actor, members.id, search="p0")[0]
        people.remove_recipient(session, actor, members.id, one.id)
        change = changes.latest_changes(session, members.id)[0]
        erasing.erase(session, actor, ANN)
        undone = changes.undo(session, actor, members.id, change.id)
        assert undone.done == 0
    assert not everywhere(database, ANN)


def test_two_windows_erase_the_same_person_and_the_counts_stay_right(
    database: Database, actor: Person, sent_id: int
) -> None:
    def erase() -> object:
        with database.writing() as session:
            return erasing.erase(session, actor, ANN)

    ends = at_once(erase, windows=3)
    assert sum(isinstance(one, erasing.ToErase) for one in ends) == 1
    assert sum(isinstance(one, Refused) for one in ends) == 2
    with database.reading() as session:
        assert sorted(session.scalars(select(RecipientList.recipient_count))) == [0, 2]
