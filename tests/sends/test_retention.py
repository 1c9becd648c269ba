"""The retention rule: after its days what e-mails said about people goes; who got them and the counts stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.refusals import Refused
from app.sends import retention
from app.sends.bad_address_models import BadAddress, BadAddressKind
from app.sends.bad_addresses import Found, note_bad
from app.sends.looking import look_after
from app.sends.models import Message, Outcome, Send, SendState
from app.sends.retrying import reasons_of
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people
from tests.recipients.test_views import words
from tests.sends.outcomes import settle, tally_of


@pytest.fixture
def sent_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A send of 30 days ago to seven people, one of whom it failed to reach."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(7), name="Members")
        draft_id = a_draft_send(session, actor, version=version, people=people).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, ["p0@example.com"], Outcome.FAILED, reason="retries_used_up")
    settle(database, send_id, [f"p{n}@example.com" for n in range(1, 7)], Outcome.DELIVERED)
    with database.writing() as session:
        send = session.get_one(Send, send_id)
        send.state, send.finished_at = SendState.FINISHED, now() - timedelta(days=30)
        session.execute(text("UPDATE attempt SET raw_answer = 'City 0'"))
    return send_id


def keep(database: Database, actor: Person, days: int | None) -> None:
    with database.writing() as session:
        retention.keep_for(session, actor, days)


def test_without_a_rule_everything_is_kept(database: Database, sent_id: int) -> None:
    assert retention.take_away(database) == 0
    assert messages_of(database, sent_id)[0].data == {"city": "City 0"}


def test_data_go_after_the_days_and_counts_outcomes_and_addresses_stay(
    database: Database, actor: Person, renderer: LimitedRenderer, sent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 3)
    before = tally_of(database, sent_id)
    keep(database, actor, 31)
    assert retention.take_away(database) == 0, "its time is not over"
    keep(database, actor, 29)
    assert retention.take_away(database) == 1
    assert retention.take_away(database) == 0, "once is enough"
    assert tally_of(database, sent_id) == before
    messages = messages_of(database, sent_id)
    assert [one.email for one in messages] == [f"p{n}@example.com" for n in range(7)]
    assert all(one.data == {} and one.name == "" and one.erased_at for one in messages)
    with database.reading() as session:
        assert set(session.scalars(text("SELECT raw_answer FROM attempt"))) == {""}
        send = session.get_one(Send, sent_id)
        look = look_after(session, renderer, send, messages[1])
        assert look.request is None
        assert "cannot be shown again" in look.problems[0]
        assert not reasons_of(session, send, Outcome.FAILED)


def test_a_rule_that_is_broken_off_goes_on_where_it_was(
    database: Database, actor: Person, sent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    keep(database, actor, 7)
    rounds = iter([False, False, True])
    retention.take_away(database, stops=lambda: next(rounds))
    with database.reading() as session:
        assert len(session.scalars(select(Message.id).where(Message.erased_at.is_not(None))).all()) == 4
        assert session.get_one(Send, sent_id).data_erased_at is None
    assert retention.take_away(database) == 1


@pytest.mark.parametrize("state", [SendState.SENDING, SendState.PAUSED, SendState.SCHEDULED])
def test_a_send_that_is_not_over_is_left_alone(
    database: Database, actor: Person, sent_id: int, state: SendState
) -> None:
    with database.writing() as session:
        session.get_one(Send, sent_id).state = state
    keep(database, actor, 7)
    assert retention.take_away(database) == 0


def test_the_rule_is_set_on_its_page_by_administrators(
    client: FlaskClient, staff_client: FlaskClient, database: Database, actor: Person
) -> None:
    assert staff_client.get("/sends/retention").status_code == 403
    assert "for ever" in client.get("/sends/retention").text
    answer = client.post("/sends/retention", data={"keep": "days", "days": "90"}, follow_redirects=True)
    assert "The retention rule is saved." in answer.text
    with database.reading() as session:
        assert session.get_one(Workspace, actor.workspace_id).keep_message_days == 90
    for days in ("", "3", "x", "99999"):
        answer = client.post("/sends/retention", data={"keep": "days", "days": days})
        assert answer.status_code == 422, days
    client.post("/sends/retention", data={"keep": "ever", "days": ""})
    with database.reading() as session:
        assert session.get_one(Workspace, actor.workspace_id).keep_message_days is None
    assert "Data of sent e-mails are kept for 90 days" in words(client.get("/activity").text)


def test_days_outside_of_reason_are_refused(database: Database, actor: Person) -> None:
    with pytest.raises(Refused):
        keep(database, actor, 0)


def test_names_go_from_e_mails_written_by_hand_and_from_the_bad_addresses_and_the_addresses_stay(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, name="By hand", html="<p>x</p>", text="x", subject="s")
        ids = [
            a_draft_send(
                session,
                actor,
                version=version,
                to=[[f"boss{number}@example.com", "Bob Bossman"]],
                cc=[[f"cc{number}@example.com", "Cy Okafor"]],
                bcc=[[f"bcc{number}@example.com", "Di Okafor"]],
            ).id
            for number in range(2)
        ]
    for number, send_id in enumerate(released(database, renderer, actor, one).id for one in ids):
        settle(database, send_id, [f"boss{number}@example.com"], Outcome.BOUNCED)
    with database.writing() as session:
        for message in session.scalars(select(Message)):
            found = Found(
                message.email, BadAddressKind.BOUNCED, message.send_id, message.id, "Bob Bossman", "No Bob Bossman"
            )
            note_bad(session, actor.workspace_id, [found])
        send = session.get_one(Send, ids[0])
        send.state, send.finished_at = SendState.FINISHED, now() - timedelta(days=60)
    keep(database, actor, 30)
    assert retention.take_away(database) == 1
    with database.reading() as session:
        gone, stays = (session.get_one(Send, one) for one in ids)
        assert (gone.to, gone.cc, gone.bcc) == (
            [["boss0@example.com", ""]],
            [["cc0@example.com", ""]],
            [["bcc0@example.com", ""]],
        )
        assert stays.to == [["boss1@example.com", "Bob Bossman"]]
        bad = session.execute(select(BadAddress.email, BadAddress.name, BadAddress.words).order_by(BadAddress.email))
        assert [tuple(one) for one in bad] == [
            ("boss0@example.com", "", ""),
            ("boss1@example.com", "Bob Bossman", "No Bob Bossman"),
        ]
