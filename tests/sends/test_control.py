"""Pause, resume and cancel: each once, each refused in words when it is too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.audit.models import AuditEntry
from app.db import Database, now
from app.people.models import Person
from app.refusals import NotThere, Refused
from app.sends.control import cancel, pause, pause_by_program, resume
from app.sends.models import Message, Outcome, Send, SendState
from app.sends.tallies import counts, move, open_tallies
from tests.factories import a_draft_send, a_template_version, messages_of


@pytest.fixture
def send_id(database: Database, actor: Person) -> int:
    """A send under way with ten messages: two going out, one delivered, seven waiting."""
    with database.writing() as session:
        send = a_draft_send(session, actor, version=a_template_version(session, actor), state=SendState.SENDING)
        states = [Outcome.SENDING] * 2 + [Outcome.DELIVERED] + [Outcome.PENDING] * 7
        for number, state in enumerate(states):
            email = f"p{number}@example.com"
            session.add(
                Message(send_id=send.id, reference=f"{send.id}-{number}", email=email, email_key=email, state=state)
            )
        send.total = 10
        open_tallies(session, send.id, pending=10)
        move(
            session,
            send.id,
            {(Outcome.PENDING, Outcome.SENDING): 2, (Outcome.PENDING, Outcome.DELIVERED): 1},
        )
        return send.id


def state_of(database: Database, send_id: int) -> SendState:
    with database.reading() as session:
        return session.get_one(Send, send_id).state


def set_state(database: Database, send_id: int, state: SendState) -> None:
    with database.writing() as session:
        session.execute(update(Send).where(Send.id == send_id).values(state=state))


def test_a_paused_send_goes_on_when_resumed(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        pause(session, actor, send_id)
    assert state_of(database, send_id) is SendState.PAUSED
    with database.writing() as session:
        resume(session, actor, send_id)
    assert state_of(database, send_id) is SendState.SENDING
    with database.reading() as session:
        acts = [
            (one.action, one.actor_id)
            for one in session.query(AuditEntry).filter_by(subject_id=send_id).order_by(AuditEntry.id)
        ]
    assert ("send.paused", actor.id) in acts
    assert ("send.resumed", actor.id) in acts


def test_a_pause_does_not_bring_the_start_forward(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        send = session.get_one(Send, send_id)
        send.state, send.start_at = SendState.PAUSED, now() + timedelta(minutes=5)
    with database.writing() as session:
        resume(session, actor, send_id)
    with database.reading() as session:
        assert session.get_one(Send, send_id).state is SendState.SCHEDULED


def test_a_pause_by_the_program_keeps_its_reason_until_it_is_resumed(
    database: Database, actor: Person, send_id: int
) -> None:
    with database.writing() as session:
        pause_by_program(session, send_id, "The access key is not valid. Put in a new one, then resume.")
    with database.reading() as session:
        assert "access key" in session.get_one(Send, send_id).pause_reason
    with database.writing() as session:
        resume(session, actor, send_id)
    with database.reading() as session:
        assert session.get_one(Send, send_id).pause_reason == ""


def test_the_program_does_not_pause_what_a_person_cancelled(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        cancel(session, actor, send_id)
        pause_by_program(session, send_id, "too late")
    assert state_of(database, send_id) is SendState.CANCELLED


def test_cancelling_stops_what_waits_and_leaves_what_is_going_out(
    database: Database, actor: Person, send_id: int
) -> None:
    with database.writing() as session:
        assert cancel(session, actor, send_id) == 7
    states = [one.state for one in messages_of(database, send_id)]
    assert states == [Outcome.SENDING] * 2 + [Outcome.DELIVERED] + [Outcome.CANCELLED] * 7
    with database.reading() as session:
        tally = counts(session, send_id)
        assert session.get_one(Send, send_id).finished_at is not None
    assert {outcome: count for outcome, count in tally.items() if count} == {
        Outcome.SENDING: 2,
        Outcome.DELIVERED: 1,
        Outcome.CANCELLED: 7,
    }


Act = Callable[..., object]


@pytest.mark.parametrize(
    ("act", "states"),
    [
        (pause, set(SendState) - {SendState.SCHEDULED, SendState.SENDING}),
        (resume, set(SendState) - {SendState.PAUSED}),
        (cancel, {SendState.DRAFT, SendState.FINISHED, SendState.CANCELLED}),
    ],
)
def test_too_late_or_too_early_is_refused_and_changes_nothing(
    database: Database, actor: Person, send_id: int, act: Act, states: set[SendState]
) -> None:
    for state in states:
        set_state(database, send_id, state)
        with pytest.raises(Refused, match="nothing to"), database.writing() as session:
            act(session, actor, send_id)
        assert state_of(database, send_id) is state
        assert {one.state for one in messages_of(database, send_id)} >= {Outcome.PENDING}


@pytest.mark.parametrize("act", [pause, resume, cancel])
def test_another_workspace_cannot_touch_it(database: Database, actor: Person, send_id: int, act: Act) -> None:
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with pytest.raises(NotThere), database.writing() as session:
        act(session, stranger, send_id)
