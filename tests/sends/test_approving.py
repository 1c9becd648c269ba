"""Approval: who may, who wins, and that exactly what was put up goes out (P7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database, now
from app.delivery import lanes
from app.emails.content import content_of
from app.emails.publishing import publish
from app.emails.templates import archive_template, save_draft
from app.people.accounts import add_person
from app.people.approval import approvers_of, request_in_force, to_decide
from app.people.approval_models import ApprovalRequest, ApprovalScope, ApprovalState
from app.people.models import Connection, Person, SenderIdentity, Workspace
from app.people.roles import Role
from app.recipients.people import add_recipient
from app.refusals import NotThere, Refused
from app.sends import approving, compose, control, review, scheduling, staleness, testing
from app.sends.approval_home import for_person
from app.sends.deciding import Decision, decide
from app.sends.models import Message, Outcome, ReviewState, Send, SendState
from app.sends.pace import Pace, pace_of
from app.sends.release import NeedsApproval, Options, SentBefore, release
from app.sends.retrying import last_attempt, retry
from app.sends.tallies import move
from tests.factories import a_draft_send, a_template_version, messages_of, reviewed
from tests.sends.approval_ground import Office, a_person

SOON = timedelta(hours=2)


def entries(office: Office) -> list[str]:
    with office.database.reading() as session:
        entries = select(AuditEntry.action).filter_by(subject_id=office.send_id).order_by(AuditEntry.id)
        return list(session.scalars(entries))


def release_it(office: Office, person: Person) -> Send:
    with office.database.writing() as session:
        return release(session, person, office.send_id, seen=office.seen, again_confirmed=True, undo_seconds=0)


# Asking and approving


def test_a_send_that_needs_approval_cannot_be_released_by_anybody_alone(office: Office) -> None:
    for person in (office.asker, office.approver, office.admin):
        with pytest.raises(NeedsApproval, match="Every send needs approval here"):
            release_it(office, person)
    assert office.send().state is SendState.DRAFT
    assert messages_of(office.database, office.send_id) == []


def test_what_is_approved_goes_out_as_it_was_asked_for(office: Office) -> None:
    start_at = now() + SOON
    request_id = office.ask(options=Options(start_at, Pace(100, 3600), 2), note="For the meeting.")
    asked = office.request(request_id)
    assert (asked.state, asked.people, asked.note) == (ApprovalState.WAITING, 5, "For the meeting.")
    assert asked.reasons == ["Every send needs approval here."]
    assert office.send().state is SendState.AWAITING_APPROVAL
    assert messages_of(office.database, office.send_id) == []
    assert office.approve(request_id).state is ApprovalState.APPROVED
    send = office.send()
    assert (send.state, send.start_at, send.is_timed, send.wave_left) == (SendState.SCHEDULED, start_at, True, 2)
    assert (send.released_by, len(messages_of(office.database, office.send_id))) == (office.approver.id, 5)
    with office.database.reading() as session:
        assert pace_of(session, send.id) == Pace(100, 3600)
    assert entries(office)[-3:] == ["send.approval_asked", "send.released", "send.approved"]


def test_a_second_press_asks_once_and_approves_once(office: Office) -> None:
    first = office.ask()
    assert office.ask() == first
    office.approve(first)
    assert office.approve(first).state is ApprovalState.APPROVED
    assert len(messages_of(office.database, office.send_id)) == 5


def test_asking_is_refused_when_nothing_needs_approval_or_the_review_is_old(office: Office) -> None:
    office.rule(ApprovalScope.NEVER)
    with pytest.raises(Refused, match="needs no approval"):
        office.ask()
    office.rule(ApprovalScope.ALWAYS)
    with office.database.writing() as session:
        add_somebody(session, office)
    with pytest.raises(Refused, match="changed since the review"):
        office.ask()


def test_asking_asks_first_about_the_same_version_to_the_same_list_within_a_day(office: Office) -> None:
    office.approve(office.ask())
    with office.database.writing() as session:
        draft = session.get_one(Send, office.send_id)
        again = a_draft_send(session, office.asker, version=draft.template_version, people=draft.recipient_list).id  # type: ignore[arg-type]
    seen = reviewed(office.database, office.renderer, office.asker, again).review_fingerprint
    with pytest.raises(SentBefore), office.database.writing() as session:
        approving.ask(session, office.asker, again, seen=seen, again_confirmed=False)


# Nobody approves their own


def test_nobody_approves_or_sends_back_what_they_asked_for_whatever_their_role(office: Office) -> None:
    for person in (office.approver, office.admin):
        request_id = office.ask(person=person)
        for act in (office.approve, office.send_back):
            with pytest.raises(Refused, match="You asked for this approval"):
                act(request_id, person)
        office.take_back(person)


def test_nobody_approves_what_they_changed_last(office: Office) -> None:
    with office.database.writing() as session:
        compose.change_values(session, office.approver, office.send_id, {"city": "York"})
    seen = reviewed(office.database, office.renderer, office.asker, office.send_id).review_fingerprint
    with office.database.writing() as session:
        request_id = approving.ask(session, office.asker, office.send_id, seen=seen, again_confirmed=True).id
    with pytest.raises(Refused, match="You changed this last"):
        office.approve(request_id)
    assert office.approve(request_id, office.admin).state is ApprovalState.APPROVED


CHANGES: dict[str, Callable[[Session, Person, Office], Any]] = {
    "what": lambda session, person, office: compose.change_what(
        session, person, office.send_id, version_id=office.version_id, list_id=office.list_id, addresses={}
    ),
    "sender": lambda session, person, office: compose.change_sender(
        session, person, office.send_id, sender_id=office.sender_id, reply_to="", headers=()
    ),
    "values": lambda session, person, office: compose.change_values(session, person, office.send_id, {"city": "York"}),
    "file": lambda session, person, office: compose.add_attachment(session, person, office.send_id, "a.txt", b"Hello"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_kind_of_change_makes_its_author_one_who_may_not_approve(
    office: Office, change: Callable[[Session, Person, Office], Any]
) -> None:
    with office.database.writing() as session:
        change(session, office.approver, office)
    assert office.send().changed_by == office.approver.id


def test_whoever_began_a_draft_that_nobody_changed_does_not_approve_it(office: Office) -> None:
    with office.database.writing() as session:
        session.execute(update(Send).where(Send.id == office.send_id).values(created_by=office.approver.id))
    with pytest.raises(Refused, match="You changed this last"):
        office.approve(office.ask())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.SENDER])
def test_only_approvers_and_administrators_approve(office: Office, role: Role) -> None:
    person = a_person(office.database, office.admin, f"{role.title()} Person", role)
    request_id = office.ask()
    for act in (office.approve, office.send_back):
        with pytest.raises(Refused, match="Only approvers"):
            act(request_id, person)
    assert office.send().state is SendState.AWAITING_APPROVAL


def test_another_workspace_sees_nothing_of_it(office: Office) -> None:
    with office.database.writing() as session:
        workspace = Workspace(name="Elsewhere", is_live=True)
        session.add(workspace)
        session.flush()
        stranger = add_person(
            session,
            workspace,
            email="olga@example.com",
            name="Olga Other",
            password="a long password for tests",
            role=Role.ADMINISTRATOR,
        )
    request_id = office.ask()
    for act in (
        lambda: office.approve(request_id, stranger),
        lambda: office.send_back(request_id, stranger),
        lambda: office.take_back(stranger),
        lambda: emergency(office, request_id, stranger),
    ):
        with pytest.raises(NotThere):
            act()
    with office.database.reading() as session:
        assert to_decide(session, stranger) == []


def test_it_is_found_by_those_who_may_decide_and_by_whoever_asked(office: Office) -> None:
    office.ask()
    with office.database.reading() as session:
        assert [one.badge for one in for_person(session, office.approver)] == ["To approve"]
        assert [one.badge for one in for_person(session, office.admin)] == ["To approve"]
        assert [one.badge for one in for_person(session, office.asker)] == ["Waits for approval"]
        besides = (office.asker.id, office.admin.id)
        assert [one.name for one in approvers_of(session, office.admin.workspace_id, besides=besides)] == [
            "April Approver"
        ]


# While it waits


def test_nobody_changes_what_waits(office: Office) -> None:
    office.ask()
    for change in CHANGES.values():
        with pytest.raises(Refused, match="waits for approval"), office.database.writing() as session:
            change(session, office.admin, office)
    for act in (
        lambda session: compose.delete_draft(session, office.admin, office.send_id),
        lambda session: review.request_review(session, office.admin, office.send_id),
    ):
        with pytest.raises(Refused, match="waits for approval"), office.database.writing() as session:
            act(session)
    for control_it in (control.pause, control.cancel, control.resume):
        with pytest.raises(Refused), office.database.writing() as session:
            control_it(session, office.admin, office.send_id)
    assert release_it(office, office.admin).state is SendState.AWAITING_APPROVAL
    assert office.send().state is SendState.AWAITING_APPROVAL


def test_taken_back_it_is_a_draft_and_the_old_request_is_worth_nothing(office: Office) -> None:
    request_id = office.ask()
    office.take_back()
    assert office.send().state is SendState.DRAFT
    with pytest.raises(Refused, match="taken back"):
        office.approve(request_id)
    again = office.ask()
    with pytest.raises(Refused, match="taken back"):
        office.approve(request_id)
    assert office.approve(again).state is ApprovalState.APPROVED


def test_sent_back_with_a_reason_it_is_a_draft_whose_review_still_holds(office: Office) -> None:
    request_id = office.ask()
    with pytest.raises(Refused) as refused:
        office.send_back(request_id, reason=" \n")
    assert refused.value.field == "reason"
    office.send_back(request_id, reason="The date is wrong.")
    assert (office.send().state, office.send().review_state) == (SendState.DRAFT, ReviewState.DONE)
    with office.database.reading() as session:
        (item,) = for_person(session, office.asker)
    assert (item.badge, item.asked.words, item.words) == (
        "Sent back",
        "The date is wrong.",
        "April Approver sent it back",
    )
    office.approve(office.ask())
    with office.database.reading() as session:
        assert for_person(session, office.asker) == []


# Every kind of change cancels


def add_somebody(session: Session, office: Office) -> None:
    add_recipient(session, office.admin, office.list_id, email="new@example.com", name="New", data={"city": "Leeds"})


def publish_again(session: Session, office: Office) -> None:
    template = session.get_one(Send, office.send_id).template_version.template  # type: ignore[union-attr]
    save_draft(session, office.admin, template.id, content_of("S", "<p>x</p>", "x", ()), number=template.draft_number)
    publish(session, office.admin, template.id)


def archive(session: Session, office: Office) -> None:
    template_id = session.get_one(Send, office.send_id).template_version.template_id  # type: ignore[union-attr]
    archive_template(session, office.admin, template_id, archived=True)


def set_send(**values: Any) -> Callable[[Session, Office], None]:
    """Change the row itself: no rule lets anybody, so this stands for whatever may go wrong."""
    return lambda session, office: (
        session.execute(update(Send).where(Send.id == office.send_id).values(**values)) and None
    )


def set_row(table: Any, **values: Any) -> Callable[[Session, Office], None]:
    def change(session: Session, office: Office) -> None:
        session.execute(update(table).values(**values))

    return change


OUTSIDE: dict[str, tuple[Callable[[Session, Office], None], str]] = {
    "somebody joins the list": (add_somebody, "the list has changed"),
    "a newer version": (publish_again, "a newer version of the template was published"),
    "template archived": (archive, "the template was archived"),
    "sender renamed": (set_row(SenderIdentity, name="Another office"), "the sender was changed or removed"),
    "sender removed": (set_row(SenderIdentity, is_retired=True), "the sender was changed or removed"),
    "trial mode": (set_row(Workspace, is_live=False), "trial mode"),
    "address of links": (set_row(Workspace, public_url="https://example.com"), "the address of unsubscribe links"),
    "connection": (set_row(Connection, account_id="another"), "connected to the mail service in another way"),
}
INSIDE: dict[str, tuple[Callable[[Session, Office], None], str]] = {
    "headers": (set_send(headers=[["X-Kind", "news"]]), "the headers have changed"),
    "values": (set_send(values={"city": "York"}), "the values have changed"),
    "Reply-To": (set_send(reply_to="a@example.com"), "the Reply-To"),
    "From": (set_send(from_name="Somebody"), "the sender"),
    "addresses": (set_send(to=[["a@example.com", ""]]), "the addresses have changed"),
    "kind of notice": (set_send(topic_id=1), "the kind of notice"),
    "another list": (set_send(list_id=None), "the list has changed"),
}


def make_connection(office: Office) -> None:
    with office.database.writing() as session:
        session.add(
            Connection(workspace_id=office.admin.workspace_id, account_id="one", base_url="http://127.0.0.1:1/")
        )


@pytest.mark.parametrize(("change", "words"), [*OUTSIDE.values(), *INSIDE.values()], ids=[*OUTSIDE, *INSIDE])
@pytest.mark.parametrize("who", ["approver", "worker"])
def test_any_change_while_it_waits_cancels_and_says_what_changed(
    office: Office, change: Callable[[Session, Office], None], words: str, who: str
) -> None:
    make_connection(office)
    request_id = office.ask()
    with office.database.writing() as session:
        change(session, office)
    if who == "approver":
        assert office.approve(request_id).state is ApprovalState.CANCELLED
    else:
        with office.database.writing() as session:
            assert approving.cancel_when_changed(session, office.send_id)
    asked = office.request(request_id)
    assert asked.words.startswith("Since approval was asked for, ")
    assert words in asked.words
    assert office.send().state is SendState.DRAFT
    assert messages_of(office.database, office.send_id) == []
    assert entries(office)[-1] == "send.approval_cancelled"
    with office.database.reading() as session:
        assert [one.badge for one in for_person(session, office.asker)] == ["Approval cancelled"]


def test_a_template_version_that_is_another_one_cancels(office: Office) -> None:
    request_id = office.ask()
    with office.database.writing() as session:
        other = a_template_version(session, office.admin, name="Another")
        session.execute(update(Send).where(Send.id == office.send_id).values(template_version_id=other.id))
    assert "the template of this send is another one" in office.approve(request_id).words


@pytest.mark.parametrize(("change", "words"), OUTSIDE.values(), ids=OUTSIDE)
@pytest.mark.parametrize("who", ["worker", "start"])
def test_any_change_after_the_approval_cancels_it_before_it_begins(
    office: Office, change: Callable[[Session, Office], None], words: str, who: str
) -> None:
    make_connection(office)
    request_id = office.ask(options=Options(now() + SOON))
    office.approve(request_id)
    with office.database.writing() as session:
        change(session, office)
    with office.database.writing() as session:
        if who == "worker":
            assert approving.cancel_when_changed(session, office.send_id)
        else:
            send = session.get_one(Send, office.send_id)
            send.start_at = now()
            session.flush()
            lanes.begin(session, send)
    asked = office.request(request_id)
    assert asked.state is ApprovalState.CANCELLED
    assert asked.words.startswith("Since it was approved, ")
    assert words in asked.words
    assert (office.send().state, office.send().total) == (SendState.DRAFT, 0)
    assert messages_of(office.database, office.send_id) == []


def test_what_did_not_change_begins_and_is_not_cancelled(office: Office) -> None:
    request_id = office.ask(options=Options(now() + SOON))
    office.approve(request_id)
    with office.database.writing() as session:
        assert not approving.cancel_when_changed(session, office.send_id)
        send = session.get_one(Send, office.send_id)
        send.start_at = now()
        session.flush()
        lanes.begin(session, send)
    assert office.send().state is SendState.SENDING
    with office.database.writing() as session:
        add_somebody(session, office)
        assert not approving.cancel_when_changed(session, office.send_id)
    assert office.request(request_id).state is ApprovalState.APPROVED


# Afterwards


def test_undone_it_needs_another_approval(office: Office) -> None:
    request_id = office.ask()
    office.approve(request_id)
    with office.database.writing() as session:
        scheduling.undo(session, office.asker, office.send_id)
    assert office.request(request_id).state is ApprovalState.TAKEN_BACK
    with pytest.raises(NeedsApproval):
        release_it(office, office.asker)
    with office.database.reading() as session:
        assert request_in_force(session, office.send_id) is None


def test_an_approved_time_is_changed_only_by_who_could_have_approved_it(office: Office) -> None:
    office.approve(office.ask(options=Options(now() + SOON)))
    for postpone in (
        lambda session, person: scheduling.send_now(session, person, office.send_id, undo_seconds=3600),
        lambda session, person: scheduling.reschedule(session, person, office.send_id, now() + 2 * SOON),
    ):
        with pytest.raises(Refused, match="approved together with the send"), office.database.writing() as session:
            postpone(session, office.asker)
        with office.database.writing() as session:
            postpone(session, office.approver)


def test_a_send_released_before_the_rule_is_asked_about_when_it_needs_another_decision(office: Office) -> None:
    office.rule(ApprovalScope.NEVER)
    with office.database.writing() as session:
        options = Options(now() + SOON)
        release(
            session,
            office.asker,
            office.send_id,
            seen=office.seen,
            again_confirmed=True,
            undo_seconds=0,
            options=options,
        )
        add_somebody(session, office)
        send = session.get_one(Send, office.send_id)
        send.start_at = now()
        session.flush()
        lanes.begin(session, send)
        assert send.state is SendState.PAUSED
    office.rule(ApprovalScope.ALWAYS)
    with pytest.raises(Refused, match="without approval"), office.database.writing() as session:
        staleness.send_as_released(session, office.asker, office.send_id)


def test_more_people_than_the_approver_read_of_are_not_written_to(office: Office) -> None:
    request_id = office.ask()
    with pytest.raises(Refused, match="Meanwhile it would be 5 e-mails instead of 4"):
        office.approve(request_id, people=4)
    assert office.send().state is SendState.AWAITING_APPROVAL


# A time that passed


def test_a_time_that_passed_while_it_waited_is_never_a_silent_late_send(office: Office) -> None:
    request_id = office.ask(options=Options(now() + SOON))
    with office.database.writing() as session:
        asked = session.get_one(ApprovalRequest, request_id)
        asked.options = {**asked.options, "start_at": (now() - timedelta(minutes=5)).isoformat()}
    with pytest.raises(Refused) as refused:
        office.approve(request_id)
    assert refused.value.field == "when"
    later = now() + SOON
    office.approve(request_id, start=Options(later))
    assert (office.send().start_at, office.send().is_timed) == (later, True)
    with office.database.reading() as session:
        words = session.query(AuditEntry).filter_by(action="send.approved").one().words
    assert "the approver chose another one" in words


def test_now_may_be_chosen_for_a_time_that_passed_and_another_time_is_no_choice_before(office: Office) -> None:
    start_at = now() + SOON
    request_id = office.ask(options=Options(start_at, Pace(5, 60)))
    office.approve(request_id, start=Options(None))
    assert office.send().start_at == start_at, "the time did not pass: it is kept whatever is sent along"
    with office.database.writing() as session:
        scheduling.undo(session, office.asker, office.send_id)
    again = office.ask(options=Options(now() + SOON, Pace(5, 60)))
    with office.database.writing() as session:
        asked = session.get_one(ApprovalRequest, again)
        asked.options = {**asked.options, "start_at": (now() - timedelta(minutes=5)).isoformat()}
    office.approve(again, start=Options())
    assert not office.send().is_timed
    with office.database.reading() as session:
        assert pace_of(session, office.send_id) == Pace(5, 60)


# Emergency


def emergency(office: Office, request_id: int, person: Person, reason: str = "The dam breaks.") -> ApprovalRequest:
    with office.database.writing() as session:
        return approving.release_in_emergency(session, person, request_id, reason=reason, people=5, undo_seconds=10.0)


def test_an_administrator_releases_in_an_emergency_with_a_reason_that_stays(office: Office) -> None:
    request_id = office.ask(person=office.admin)
    with pytest.raises(Refused) as refused:
        emergency(office, request_id, office.admin, reason="  ")
    assert refused.value.field == "reason"
    assert emergency(office, request_id, office.admin).state is ApprovalState.EMERGENCY
    assert office.send().state is SendState.SCHEDULED
    assert len(messages_of(office.database, office.send_id)) == 5
    with office.database.reading() as session:
        words = session.query(AuditEntry).filter_by(action="send.emergency_released").one().words
    assert "without approval, because: The dam breaks.: 5 e-mails" in words
    with office.database.writing() as session:
        scheduling.undo(session, office.admin, office.send_id)
    assert "released in an emergency: The dam breaks." in office.request(request_id).words, "for ever"


def test_only_an_administrator_releases_in_an_emergency(office: Office) -> None:
    request_id = office.ask()
    for person in (office.asker, office.approver):
        with pytest.raises(Refused, match="Only an administrator"):
            emergency(office, request_id, person)
    assert office.send().state is SendState.AWAITING_APPROVAL


def test_an_emergency_is_no_way_round_what_changed(office: Office) -> None:
    request_id = office.ask(person=office.admin)
    with office.database.writing() as session:
        add_somebody(session, office)
    assert emergency(office, request_id, office.admin).state is ApprovalState.CANCELLED
    assert office.send().state is SendState.DRAFT


# Races


def together(*acts: Callable[[], object]) -> list[object]:
    """Do several things at the same moment, each in a thread; gives what each gave, or why it was refused."""
    ready = threading.Barrier(len(acts))
    found: list[object] = [None] * len(acts)

    def run(number: int) -> None:
        ready.wait()
        try:
            found[number] = acts[number]()
        except Refused as refusal:
            found[number] = refusal

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


@pytest.mark.parametrize("times", range(5))
def test_of_two_approvers_at_the_same_moment_one_wins(office: Office, times: int) -> None:
    request_id = office.ask()
    found = together(lambda: office.approve(request_id), lambda: office.approve(request_id, office.admin))
    assert len([one for one in found if isinstance(one, Refused)]) == 1
    assert len(messages_of(office.database, office.send_id)) == 5
    assert entries(office).count("send.approved") == entries(office).count("send.released") == 1


@pytest.mark.parametrize("times", range(5))
def test_of_approve_and_take_back_at_the_same_moment_one_wins(office: Office, times: int) -> None:
    request_id = office.ask()
    approved, taken = together(lambda: office.approve(request_id), office.take_back)
    refused = [isinstance(one, Refused) for one in (approved, taken)]
    assert sorted(refused) == [False, True]
    state = office.send().state
    assert state is (SendState.DRAFT if refused[0] else SendState.SCHEDULED)
    assert len(messages_of(office.database, office.send_id)) == (0 if refused[0] else 5)
    expected = ApprovalState.TAKEN_BACK if refused[0] else ApprovalState.APPROVED
    assert office.request(request_id).state is expected


@pytest.mark.parametrize("times", range(3))
def test_of_approve_send_back_and_an_emergency_at_the_same_moment_one_wins(office: Office, times: int) -> None:
    request_id = office.ask()
    found = together(
        lambda: office.approve(request_id),
        lambda: office.send_back(request_id, office.admin),
        lambda: emergency(office, request_id, office.admin),
    )
    assert len([one for one in found if isinstance(one, Refused)]) == 2
    is_draft = office.send().state is SendState.DRAFT
    assert len(messages_of(office.database, office.send_id)) == (0 if is_draft else 5)


@pytest.mark.parametrize("times", range(3))
def test_of_two_who_ask_at_the_same_moment_one_request_waits(office: Office, times: int) -> None:
    found = together(office.ask, lambda: office.ask(person=office.admin))
    assert found[0] == found[1]
    with office.database.reading() as session:
        assert session.query(ApprovalRequest).count() == 1


# What needs none


def test_retries_and_sending_again_what_was_in_doubt_need_no_new_approval(office: Office, database: Database) -> None:
    office.approve(office.ask())
    with database.writing() as session:
        first, second = session.query(Message).order_by(Message.id).limit(2)
        first.state, first.reason, second.state = Outcome.FAILED, "retries_used_up", Outcome.UNKNOWN
        move(session, office.send_id, {(Outcome.PENDING, Outcome.FAILED): 1, (Outcome.PENDING, Outcome.UNKNOWN): 1})
        session.get_one(Send, office.send_id).state = SendState.SENDING
        upto = last_attempt(session)
        reasons = ["retries_used_up"]
        assert retry(session, office.asker, office.send_id, Outcome.FAILED, reasons=reasons, seen=1, upto=upto) == 1
        assert decide(session, office.asker, office.send_id, Decision.SEND_AGAIN, seen=1, upto=upto) == 1


def test_a_test_e_mail_goes_out_without_approval(office: Office) -> None:
    with office.database.writing() as session:
        template_id = session.get_one(Send, office.send_id).template_version.template_id  # type: ignore[union-attr]
        chosen = testing.Choice(template_id, office.sender_id, [("sam@example.com", "Sam")], values={"city": "York"})
        assert testing.send_test(session, office.asker, office.renderer, chosen).state is SendState.SCHEDULED
