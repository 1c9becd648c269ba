"""Try again: only what failed or was refused, only what the person saw, once, and never to who must not get it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.audit.models import AuditEntry
from app.cloudflare.errors import KINDS
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import suppress
from app.refusals import NotThere, Refused
from app.sends.models import Attempt, Message, Outcome, Send, SendKind, SendState
from app.sends.retrying import last_attempt, reasons_of, retry
from app.sends.words import RETRY_WORDS, retry_helps
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people
from tests.sends.outcomes import at_once, settle, tally_of

ALL = ("retries_used_up", "email.invalid", "refused", "template_error", "missing_file", "email.too_big")


def addresses(*numbers: int) -> list[str]:
    return [f"p{number}@example.com" for number in numbers]


@pytest.fixture
def send_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A finished send: three failed, two refused for their content, one refused for no known reason, four delivered."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(10))
        draft_id = a_draft_send(session, actor, version=version, people=people).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, addresses(0, 1, 2), Outcome.FAILED, reason="retries_used_up")
    settle(database, send_id, addresses(3, 4), Outcome.REJECTED, reason="email.invalid")
    settle(database, send_id, addresses(5), Outcome.REJECTED, reason="refused")
    settle(database, send_id, addresses(6, 7, 8, 9), Outcome.DELIVERED)
    return send_id


def try_again(
    database: Database,
    actor: Person,
    send_id: int,
    outcome: Outcome = Outcome.FAILED,
    *,
    seen: int = 10,
    reasons: tuple[str, ...] = ALL,
    message_id: int | None = None,
    upto: int | None = None,
) -> int:
    with database.writing() as session:
        upto = last_attempt(session) if upto is None else upto
        return retry(
            session,
            actor,
            send_id,
            outcome,
            reasons=reasons,
            seen=seen,
            upto=upto,
            message_id=message_id,
        )


def state_of(database: Database, send_id: int) -> SendState:
    with database.reading() as session:
        return session.get_one(Send, send_id).state


def test_the_failed_wait_again_and_the_finished_send_goes_on(database: Database, actor: Person, send_id: int) -> None:
    assert try_again(database, actor, send_id, seen=3) == 3
    assert tally_of(database, send_id) == {Outcome.PENDING: 3, Outcome.REJECTED: 3, Outcome.DELIVERED: 4}
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        assert (send.state, send.finished_at) == (SendState.SENDING, None)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "send.retried")).one()
    assert (entry.actor_id, entry.subject_id) == (actor.id, send_id)
    assert "3 failed e-mails" in entry.words


def test_attempts_keep_their_history_and_the_limit_of_tries_begins_anew(
    database: Database, actor: Person, send_id: int
) -> None:
    try_again(database, actor, send_id)
    first = messages_of(database, send_id)[0]
    assert (first.tries, first.tries_before, first.reason, first.detail) == (1, 1, "", "")
    with database.reading() as session:
        assert [one.number for one in session.scalars(select(Attempt).where(Attempt.message_id == first.id))] == [1]


def test_only_the_ticked_reasons_are_tried_again(database: Database, actor: Person, send_id: int) -> None:
    assert try_again(database, actor, send_id, Outcome.REJECTED, seen=1, reasons=("refused",)) == 1
    waiting = [one.email for one in messages_of(database, send_id) if one.state is Outcome.PENDING]
    assert waiting == addresses(5)


def test_one_message_alone(database: Database, actor: Person, send_id: int) -> None:
    second = messages_of(database, send_id)[1]
    assert try_again(database, actor, send_id, seen=1, message_id=second.id) == 1
    assert tally_of(database, send_id)[Outcome.FAILED] == 2
    assert messages_of(database, send_id)[1].state is Outcome.PENDING


@pytest.mark.parametrize(
    "outcome", sorted(set(Outcome) - {Outcome.FAILED, Outcome.REJECTED, Outcome.PENDING, Outcome.SENDING})
)
def test_nothing_else_is_tried_again(database: Database, actor: Person, send_id: int, outcome: Outcome) -> None:
    settle(database, send_id, addresses(0), outcome, reason="retries_used_up")
    with pytest.raises(Refused, match="Only e-mails that failed or were refused"):
        try_again(database, actor, send_id, outcome)
    assert messages_of(database, send_id)[0].state is outcome


def test_more_than_the_person_saw_is_refused_and_changes_nothing(
    database: Database, actor: Person, send_id: int
) -> None:
    before = tally_of(database, send_id)
    with pytest.raises(Refused, match="Meanwhile there are 3 e-mails instead of 2"):
        try_again(database, actor, send_id, seen=2)
    assert tally_of(database, send_id) == before
    assert state_of(database, send_id) is SendState.FINISHED


def test_of_windows_at_the_same_moment_one_does_it_and_the_others_say_so(
    database: Database, actor: Person, send_id: int
) -> None:
    found = at_once(lambda: try_again(database, actor, send_id, seen=3))
    assert [one for one in found if not isinstance(one, Refused)] == [3]
    assert all("Somebody did this already" in one.words for one in found if isinstance(one, Refused))
    assert tally_of(database, send_id)[Outcome.PENDING] == 3


def test_both_groups_in_two_windows_at_once_add_up(database: Database, actor: Person, send_id: int) -> None:
    groups = iter([Outcome.FAILED, Outcome.REJECTED] * 3)
    at_once(lambda: try_again(database, actor, send_id, next(groups)))
    assert tally_of(database, send_id) == {Outcome.PENDING: 6, Outcome.DELIVERED: 4}


def test_a_paused_send_stays_paused(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        session.execute(update(Send).where(Send.id == send_id).values(state=SendState.PAUSED))
    try_again(database, actor, send_id)
    assert state_of(database, send_id) is SendState.PAUSED


def test_of_a_cancelled_send_nothing_is_tried_again(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        session.execute(update(Send).where(Send.id == send_id).values(state=SendState.CANCELLED))
    with pytest.raises(Refused, match="cancelled"):
        try_again(database, actor, send_id)
    assert tally_of(database, send_id)[Outcome.FAILED] == 3


def test_who_unsubscribed_since_is_not_tried_again(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "P1@Example.com", SuppressionReason.OPT_OUT)
    with database.reading() as session:
        (reason,) = reasons_of(session, session.get_one(Send, send_id), Outcome.FAILED)
    assert reason.count == 2
    assert try_again(database, actor, send_id, seen=2) == 2
    assert messages_of(database, send_id)[1].state is Outcome.FAILED


def test_in_trial_mode_only_the_team_is_tried_again(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).is_live = False
        session.execute(
            update(Message)
            .where(Message.send_id == send_id, Message.email == "p2@example.com")
            .values(email=actor.email, email_key=actor.email)
        )
    assert try_again(database, actor, send_id) == 1
    assert messages_of(database, send_id)[2].state is Outcome.PENDING


@pytest.mark.parametrize("obstacle", ["", "unsubscribed", "trial"])
def test_a_direct_e_mail_is_kept_back_by_one_who_must_not_get_it(
    database: Database, actor: Person, renderer: LimitedRenderer, obstacle: str
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, html="<p>Hi</p>", text="Hi")
        to, bcc = [["ada@example.com", ""]], [["Bo@example.net", ""]]
        draft_id = a_draft_send(session, actor, version=version, kind=SendKind.DIRECT, to=to, bcc=bcc).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, ["ada@example.com"], Outcome.FAILED, reason="retries_used_up")
    with database.writing() as session:
        if obstacle == "unsubscribed":
            suppress(session, actor.workspace_id, "bo@example.net", SuppressionReason.OPT_OUT)
        session.get_one(Workspace, actor.workspace_id).is_live = obstacle != "trial"
    if obstacle:
        with pytest.raises(Refused, match="nothing is left"):
            try_again(database, actor, send_id)
    else:
        assert try_again(database, actor, send_id) == 1


def test_reasons_that_another_try_helps_come_first_with_words(database: Database, actor: Person, send_id: int) -> None:
    with database.reading() as session:
        found = reasons_of(session, session.get_one(Send, send_id), Outcome.REJECTED)
    assert [(one.code, one.count, one.helps) for one in found] == [("refused", 1, True), ("email.invalid", 2, False)]
    assert "another version of the template" in found[1].words


def test_every_reason_to_fail_or_be_refused_says_whether_another_try_helps() -> None:
    settled = {cause for cause, kind in KINDS.items() if str(kind.was_sent) == "no" and not kind.stops_send}
    assert settled | {"retries_used_up", "missing_file", "template_error"} == set(RETRY_WORDS)
    assert not retry_helps("email.invalid")
    assert retry_helps("retries_used_up")


def test_another_workspace_cannot_retry(database: Database, actor: Person, send_id: int) -> None:
    with pytest.raises(NotThere):
        try_again(database, Person(id=99, workspace_id=actor.workspace_id + 1), send_id)


def test_what_failed_anew_since_the_page_was_shown_is_left_alone(
    database: Database, actor: Person, send_id: int
) -> None:
    with database.reading() as session:
        shown = last_attempt(session)
    try_again(database, actor, send_id, seen=3, upto=shown)
    settle(database, send_id, addresses(0, 1, 2), Outcome.FAILED, reason="retries_used_up")
    with pytest.raises(Refused, match="Somebody did this already"):
        try_again(database, actor, send_id, seen=3, upto=shown)
    assert tally_of(database, send_id)[Outcome.FAILED] == 3
