"""The work list of bad addresses: looking, mending and writing again, taking out, putting aside; in two windows."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.recipients.models import Recipient, RecipientList, SuppressionReason
from app.refusals import NotThere, Refused
from app.sends import bad_addresses, following
from app.sends.bad_address_models import BadAddress, BadAddressKind, BadAddressState
from app.sends.bad_addresses import Found, note_bad
from app.sends.models import Message, Outcome, Send, SendKind, SendState
from app.sends.results import title_of
from app.sends.tallies import move
from app.sends.writing_again import write_again
from tests.conftest import signed_in
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people
from tests.recipients.test_suppressions import ours


def bounced_send(database: Database, renderer: LimitedRenderer, actor: Person, **fields: Any) -> tuple[int, int, int]:
    """A finished send to three people of a list, of whom the second bounced; gives send, list and bad address."""
    with database.writing() as session:
        people = a_list(session, actor, people=some_people(3), name=fields.pop("name", "Members"))
        send_id = a_draft_send(session, actor, version=a_template_version(session, actor), people=people, **fields).id
        list_id = people.id
    released(database, renderer, actor, send_id)
    with database.writing() as session:
        message = session.scalars(
            select(Message).where(Message.send_id == send_id, Message.email_key.like("p1@%"))
        ).one()
        message.state = Outcome.BOUNCED
        move(session, send_id, {(Outcome.PENDING, Outcome.BOUNCED): 1})
        session.get_one(Send, send_id).state = SendState.FINISHED
        found = Found(message.email, BadAddressKind.BOUNCED, send_id, message.id, message.name, "550 no such user")
        note_bad(session, actor.workspace_id, [found])
        bad_id = session.scalars(select(BadAddress.id)).one()
    return send_id, list_id, bad_id


def people_of(database: Database, list_id: int) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Recipient.email).where(Recipient.list_id == list_id).order_by(Recipient.id)))


def state_of(database: Database, bad_id: int) -> BadAddress:
    with database.reading() as session:
        return session.get_one(BadAddress, bad_id)


def test_mending_puts_the_right_address_into_the_lists_and_a_draft_goes_there(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    send_id, list_id, bad_id = bounced_send(database, renderer, actor)
    with database.writing() as session:
        bad_addresses.mend(session, actor, bad_id, email=" right@example.com ", list_ids=[list_id])
    assert people_of(database, list_id) == ["p0@example.com", "right@example.com", "p2@example.com"]
    assert (state_of(database, bad_id).state, state_of(database, bad_id).settled_by) == ("mended", actor.id)
    with database.writing() as session:
        draft_id = write_again(session, actor, bad_id).id
        assert write_again(session, actor, bad_id).id == draft_id, "pressed twice it is one draft"
    draft = released(database, renderer, actor, draft_id)
    assert (draft.kind, draft.to, draft.follows_send_id) == (
        SendKind.DIRECT,
        [["right@example.com", "Person 1"]],
        send_id,
    )
    (message,) = messages_of(database, draft_id)
    assert message.state is Outcome.PENDING
    assert draft.values["city"] == "City 1", "with the person's own data"


def test_many_mended_ones_count_as_added_for_a_follow_up(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    send_id, list_id, bad_id = bounced_send(database, renderer, actor)
    with database.writing() as session:
        bad_addresses.mend(session, actor, bad_id, email="right@example.com", list_ids=[list_id])
        assert following.added_since(session, session.get_one(Send, send_id)) == 1


@pytest.mark.parametrize(
    ("email", "field", "words"),
    [
        ("no address", "email", "has an @"),
        ("P1@example.com", "email", "the same address"),
        ("p0@example.com", "email", "is in the list already"),
        ("said-no@example.com", "email", "unsubscribed on"),
    ],
)
def test_a_wrong_mending_changes_nothing(
    database: Database, renderer: LimitedRenderer, actor: Person, email: str, field: str, words: str
) -> None:
    _, list_id, bad_id = bounced_send(database, renderer, actor)
    with database.writing() as session:
        other = a_list(session, actor, people=some_people(2), name="Another list")
        ours(session, actor.workspace_id, "said-no@example.com", SuppressionReason.OPT_OUT)
    with pytest.raises(Refused) as refusal, database.writing() as session:
        bad_addresses.mend(session, actor, bad_id, email=email, list_ids=[list_id, other.id])
    assert refusal.value.field == field and words in refusal.value.words
    assert people_of(database, list_id) == ["p0@example.com", "p1@example.com", "p2@example.com"]
    assert state_of(database, bad_id).state is BadAddressState.OPEN


def test_only_the_lists_chosen_change_and_none_is_no_choice(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    _, list_id, bad_id = bounced_send(database, renderer, actor)
    with database.writing() as session:
        other_id = a_list(session, actor, people=some_people(2), name="Another list").id
    for lists in ([], [999]):
        with pytest.raises(Refused, match="Choose at least one list"), database.writing() as session:
            bad_addresses.take_out(session, actor, bad_id, list_ids=lists)
    with database.writing() as session:
        bad_addresses.take_out(session, actor, bad_id, list_ids=[other_id])
    assert people_of(database, other_id) == ["p0@example.com"]
    assert people_of(database, list_id) == ["p0@example.com", "p1@example.com", "p2@example.com"]
    with database.reading() as session:
        assert session.get_one(RecipientList, other_id).recipient_count == 1


def test_what_is_not_mended_or_gone_cannot_be_written_again(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    _, list_id, bad_id = bounced_send(database, renderer, actor)
    with pytest.raises(Refused, match="Mend the address first"), database.writing() as session:
        write_again(session, actor, bad_id)
    with database.writing() as session:
        bad_addresses.mend(session, actor, bad_id, email="right@example.com", list_ids=[list_id])
        session.get_one(BadAddress, bad_id).message_id = None
    with pytest.raises(Refused, match="no longer kept"), database.writing() as session:
        write_again(session, actor, bad_id)


def test_another_workspace_finds_nothing(session: Session, actor: Person) -> None:
    other = Workspace(name="Other")
    session.add(other)
    session.flush()
    session.add(
        BadAddress(workspace_id=other.id, email="a@example.net", email_key="a@example.net", kind=BadAddressKind.BOUNCED)
    )
    session.flush()
    bad_id = session.scalars(select(BadAddress.id)).one()
    assert bad_addresses.bad_addresses(session, actor, BadAddressState.OPEN) == []
    with pytest.raises(NotThere):
        bad_addresses.find_bad(session, actor, bad_id)


# The pages


def test_the_page_shows_what_the_server_said_and_the_lists(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    send_id, _, bad_id = bounced_send(database, renderer, actor)
    page = client.get("/suppressions/bad-addresses").text
    with database.reading() as session:
        title = title_of(session.get_one(Send, send_id))
    for words in ("p1@example.com", "Person 1", "550 no such user", "Members", f"{title}</a>"):
        assert words in page
    assert "Nothing found" in client.get("/suppressions/bad-addresses?q=zz").text
    assert "p1@example.com" in client.get("/suppressions/bad-addresses?q=P1").text
    one = client.get(f"/suppressions/bad-addresses/{bad_id}").text
    assert "550 no such user" in one and "Take 1 person out" in one
    assert "did not take their last e-mail" in client.get("/suppressions").text


def test_two_windows_settle_it_once(
    app: Flask, database: Database, renderer: LimitedRenderer, actor: Person, staff: Person
) -> None:
    _, list_id, bad_id = bounced_send(database, renderer, actor)
    first, second = signed_in(app, actor), signed_in(app, staff)
    data = {"email": "right@example.com", "lists": [list_id]}
    assert first.post(f"/suppressions/bad-addresses/{bad_id}/mend", data=data).status_code == 302
    for path in ("take-out", "aside"):
        late = second.post(f"/suppressions/bad-addresses/{bad_id}/{path}", data={"lists": [list_id]})
        assert late.status_code == 409 and "Somebody saw to this address already" in late.text
    assert second.post(f"/suppressions/bad-addresses/{bad_id}/mend", data=data).status_code == 422
    assert people_of(database, list_id) == ["p0@example.com", "right@example.com", "p2@example.com"]
    answer = second.post(f"/suppressions/bad-addresses/{bad_id}/write-again")
    assert answer.status_code == 302 and answer.location.endswith("/review")
    assert client_sees(second, "state=mended", "now right@example.com")


def test_a_right_address_that_looks_mistyped_is_doubted(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    _, list_id, bad_id = bounced_send(database, renderer, actor)
    url, data = f"/suppressions/bad-addresses/{bad_id}/mend", {"email": "rosa@gmial.com", "lists": [list_id]}
    doubted = client.post(url, data=data)
    assert doubted.status_code == 422 and "It is right as typed" in doubted.text
    assert "“gmial.com” looks like a slip for “gmail.com”. Did you mean “rosa@gmail.com”?" in doubted.text
    assert "rosa@gmial.com" not in people_of(database, list_id)
    assert client.post(url, data={**data, "as_typed": "y"}).status_code == 302
    assert "rosa@gmial.com" in people_of(database, list_id)


def test_put_aside_and_back(client: FlaskClient, database: Database, renderer: LimitedRenderer, actor: Person) -> None:
    _, _, bad_id = bounced_send(database, renderer, actor)
    client.post(f"/suppressions/bad-addresses/{bad_id}/aside")
    assert "Nothing to do" in client.get("/suppressions/bad-addresses").text
    assert client_sees(client, "state=aside", "p1@example.com")
    client.post(f"/suppressions/bad-addresses/{bad_id}/open")
    assert client_sees(client, "", "p1@example.com")
    wrong = client.post(f"/suppressions/bad-addresses/{bad_id}/mend", data={"email": "nonsense", "lists": []})
    assert wrong.status_code == 422 and 'value="nonsense"' in wrong.text


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: FlaskClient, database: Database, session: Session, actor: Person, app: Flask
) -> None:
    def queries(path: str) -> int:
        counted = []
        engine = app.extensions["postroom"].database.engine
        listen = lambda *arguments: counted.append(1)  # noqa: E731
        event.listen(engine, "before_cursor_execute", listen)
        assert client.get(path).status_code == 200
        event.remove(engine, "before_cursor_execute", listen)
        return len(counted)

    def add(start: int, count: int) -> None:
        found = [
            Found(f"p{start + number}@example.com", BadAddressKind.BOUNCED, None, None, f"Person {number}")  # type: ignore[arg-type]
            for number in range(count)
        ]
        note_bad(session, actor.workspace_id, found)
        for number in range(count):
            ours(session, actor.workspace_id, f"p{start + number}@example.com", SuppressionReason.BOUNCE)
        session.commit()

    add(0, 2)
    with database.writing() as other:
        a_list(other, actor, people=some_people(60))
    paths = ("/suppressions/bad-addresses", "/suppressions")
    before = [queries(path) for path in paths]
    add(2, 45)
    assert [queries(path) for path in paths] == before


def client_sees(client: FlaskClient, query: str, words: str) -> bool:
    return words in client.get(f"/suppressions/bad-addresses?{query}").text
