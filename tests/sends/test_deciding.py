"""Messages in doubt: left, marked as sent or sent again, by one person, once; and Home asks until it is decided."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.audit.models import AuditEntry
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import suppress
from app.refusals import NotThere, Refused
from app.sends import results
from app.sends.deciding import Decision, decide, doubt_of, known_of
from app.sends.models import Message, Outcome, Send, SendState
from app.sends.retrying import last_attempt
from app.sends.words import why_words
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people
from tests.sends.outcomes import ATTEMPTED_AT, at_once, settle, tally_of


@pytest.fixture
def send_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A finished send: four in doubt, two delivered."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(6))
        draft_id = a_draft_send(session, actor, version=version, people=people).id
    send_id = released(database, renderer, actor, draft_id).id
    in_doubt = [f"p{n}@example.com" for n in range(4)]
    settle(database, send_id, in_doubt, Outcome.UNKNOWN, reason="timeout", lane_id=7, lane_generation=3)
    settle(database, send_id, ["p4@example.com", "p5@example.com"], Outcome.DELIVERED)
    return send_id


def decide_it(
    database: Database,
    actor: Person,
    send_id: int,
    decision: Decision,
    *,
    seen: int = 4,
    left: bool = False,
    message_id: int | None = None,
    upto: int | None = None,
) -> int:
    with database.writing() as session:
        upto = last_attempt(session) if upto is None else upto
        return decide(
            session,
            actor,
            send_id,
            decision,
            seen=seen,
            upto=upto,
            left=left,
            message_id=message_id,
        )


def home(database: Database, actor: Person) -> list[str]:
    with database.reading() as session:
        return [one.words for one in results.needing_attention(session, actor)]


def test_left_in_doubt_they_stay_listed_and_home_asks_no_more(database: Database, actor: Person, send_id: int) -> None:
    assert home(database, actor) == ["4 e-mails may or may not have gone out. Decide what to do."]
    assert decide_it(database, actor, send_id, Decision.LEAVE) == 4
    assert home(database, actor) == []
    assert tally_of(database, send_id) == {Outcome.UNKNOWN: 4, Outcome.DELIVERED: 2}
    with database.reading() as session:
        listed = results.people_of_group(session, session.get_one(Send, send_id), Outcome.UNKNOWN)
        assert len(listed) == 4
        assert why_words(listed[0]).startswith("Left in doubt by decision. We do not know")
        assert session.get_one(Send, send_id).state is SendState.FINISHED
        assert doubt_of(session, session.get_one(Send, send_id)).left == 4


def test_marked_as_sent_they_are_accepted(database: Database, actor: Person, send_id: int) -> None:
    assert decide_it(database, actor, send_id, Decision.MARK_SENT) == 4
    assert tally_of(database, send_id) == {Outcome.ACCEPTED: 4, Outcome.DELIVERED: 2}
    first = messages_of(database, send_id)[0]
    assert first.reason == "marked_as_sent"
    assert "a person marked it as sent" in why_words(first)
    assert home(database, actor) == []


def test_sent_again_they_wait_and_the_send_goes_on(database: Database, actor: Person, send_id: int) -> None:
    assert decide_it(database, actor, send_id, Decision.SEND_AGAIN) == 4
    assert tally_of(database, send_id) == {Outcome.PENDING: 4, Outcome.DELIVERED: 2}
    with database.reading() as session:
        assert session.get_one(Send, send_id).state is SendState.SENDING
    assert home(database, actor) == []


@pytest.mark.parametrize("decision", list(Decision))
def test_a_worker_taken_for_dead_does_not_write_over_a_decision(
    database: Database, actor: Person, send_id: int, decision: Decision
) -> None:
    decide_it(database, actor, send_id, decision)
    assert {one.lane_id for one in messages_of(database, send_id)[:4]} == {None}


@pytest.mark.parametrize("decision", list(Decision))
def test_one_message_alone(database: Database, actor: Person, send_id: int, decision: Decision) -> None:
    second = messages_of(database, send_id)[1]
    assert decide_it(database, actor, send_id, decision, seen=1, message_id=second.id) == 1
    assert home(database, actor) == ["3 e-mails may or may not have gone out. Decide what to do."]
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == f"send.doubt_{decision}")).one()
    assert (entry.actor_id, entry.subject_id, entry.details["message_id"]) == (actor.id, send_id, second.id)


@pytest.mark.parametrize("decision", list(Decision))
def test_of_windows_at_the_same_moment_one_decides(
    database: Database, actor: Person, send_id: int, decision: Decision
) -> None:
    found = at_once(lambda: decide_it(database, actor, send_id, decision))
    assert [one for one in found if not isinstance(one, Refused)] == [4]
    tally_of(database, send_id)


def test_different_decisions_at_the_same_moment_do_not_mix(database: Database, actor: Person, send_id: int) -> None:
    ways = iter([*Decision, *Decision])
    found = at_once(lambda: decide_it(database, actor, send_id, next(ways)))
    assert [one for one in found if not isinstance(one, Refused)] == [4]
    assert len({one.state for one in messages_of(database, send_id)[:4]}) == 1
    tally_of(database, send_id)


def test_more_than_the_person_saw_is_refused(database: Database, actor: Person, send_id: int) -> None:
    for decision in Decision:
        with pytest.raises(Refused, match="Meanwhile there are 4 e-mails instead of 3"):
            decide_it(database, actor, send_id, decision, seen=3)
    assert tally_of(database, send_id) == {Outcome.UNKNOWN: 4, Outcome.DELIVERED: 2}
    assert home(database, actor) != []


def test_those_left_are_no_part_of_a_decision_on_the_others(database: Database, actor: Person, send_id: int) -> None:
    first = messages_of(database, send_id)[0]
    decide_it(database, actor, send_id, Decision.LEAVE, seen=1, message_id=first.id)
    assert decide_it(database, actor, send_id, Decision.SEND_AGAIN, seen=3) == 3
    assert messages_of(database, send_id)[0].state is Outcome.UNKNOWN


def test_those_left_may_be_decided_anew(database: Database, actor: Person, send_id: int) -> None:
    decide_it(database, actor, send_id, Decision.LEAVE)
    assert decide_it(database, actor, send_id, Decision.SEND_AGAIN, left=True) == 4
    assert {one.decided_at for one in messages_of(database, send_id)} == {None}


def test_in_doubt_again_after_another_try_it_needs_another_decision(
    database: Database, actor: Person, send_id: int
) -> None:
    decide_it(database, actor, send_id, Decision.LEAVE)
    decide_it(database, actor, send_id, Decision.SEND_AGAIN, left=True)
    settle(database, send_id, ["p0@example.com"], Outcome.UNKNOWN, reason="timeout")
    assert home(database, actor) == ["1 e-mail may or may not have gone out. Decide what to do."]


def test_of_a_cancelled_send_doubts_are_settled_but_nothing_is_sent(
    database: Database, actor: Person, send_id: int
) -> None:
    with database.writing() as session:
        session.execute(update(Send).where(Send.id == send_id).values(state=SendState.CANCELLED))
    with pytest.raises(Refused, match="cancelled"):
        decide_it(database, actor, send_id, Decision.SEND_AGAIN)
    assert decide_it(database, actor, send_id, Decision.MARK_SENT) == 4


def test_who_unsubscribed_since_is_not_written_to_again(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "p1@example.com", SuppressionReason.OPT_OUT)
    with database.reading() as session:
        doubt = doubt_of(session, session.get_one(Send, send_id))
    assert (doubt.undecided, doubt.can_go_again) == (4, 3)
    assert decide_it(database, actor, send_id, Decision.SEND_AGAIN, seen=3) == 3
    assert messages_of(database, send_id)[1].state is Outcome.UNKNOWN


def test_what_is_known_is_told(database: Database, actor: Person, send_id: int) -> None:
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        known = known_of(session, send, limit=3)
        rest = known_of(session, send, after=known[-1].message.id)
    assert [one.message.email for one in (*known, *rest)] == [f"p{n}@example.com" for n in range(4)]
    assert (known[0].attempted_at, known[0].error) == (ATTEMPTED_AT, "timeout")


def test_a_doubt_whose_worker_never_came_back_has_no_attempts_words(
    database: Database, actor: Person, send_id: int
) -> None:
    with database.writing() as session:
        first = messages_of(database, send_id)[0]
        session.execute(update(Message).where(Message.id == first.id).values(reason="no_answer"))
    with database.reading() as session:
        (known,) = known_of(session, session.get_one(Send, send_id), message_id=first.id)
    assert "nobody can say whether it left" in why_words(known.message)


def test_another_workspace_cannot_decide(database: Database, actor: Person, send_id: int) -> None:
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with pytest.raises(NotThere):
        decide_it(database, stranger, send_id, Decision.LEAVE)
    assert home(database, stranger) == []


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_on_an_older_doubt_does_not_count_for_a_newer_one(
    database: Database, actor: Person, send_id: int, decision: Decision
) -> None:
    with database.reading() as session:
        shown = last_attempt(session)
    decide_it(database, actor, send_id, Decision.SEND_AGAIN, upto=shown)
    settle(database, send_id, [f"p{n}@example.com" for n in range(4)], Outcome.UNKNOWN, reason="timeout")
    with pytest.raises(Refused, match="Somebody did this already"):
        decide_it(database, actor, send_id, decision, upto=shown)
    assert home(database, actor) == ["4 e-mails may or may not have gone out. Decide what to do."]
