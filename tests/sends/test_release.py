"""A release happens once and whole, of what was reviewed, and to nobody else."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients.changes import running as changes
from app.recipients.changes.models import ChangeKind
from app.recipients.checking import NewRecipient
from app.recipients.lists import rename_list
from app.refusals import NotThere, Refused
from app.sends import release as releasing
from app.sends.models import Outcome, Send, SendState
from app.sends.release import SentBefore, release
from app.sends.review import request_review
from app.sends.tallies import counts
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, reviewed, some_people
from tests.statements import statements


def release_it(
    database: Database, actor: Person, send_id: int, seen: str, *, again: bool = False, undo_seconds: float = 10.0
) -> Send:
    with database.writing() as session:
        return release(session, actor, send_id, seen=seen, again_confirmed=again, undo_seconds=undo_seconds)


def a_reviewed_send(
    database: Database, actor: Person, renderer: LimitedRenderer, people: list[NewRecipient], **fields: object
) -> Send:
    with database.writing() as session:
        version = a_template_version(session, actor)
        send_id = a_draft_send(
            session, actor, version=version, people=a_list(session, actor, people=people), **fields
        ).id
    return reviewed(database, renderer, actor, send_id)


def a_reviewed_direct_send(database: Database, actor: Person, renderer: LimitedRenderer, **fields: object) -> Send:
    with database.writing() as session:
        version = a_template_version(session, actor, html="<p>Hi</p>", text="Hi")
        send_id = a_draft_send(session, actor, version=version, **fields).id
    return reviewed(database, renderer, actor, send_id)


def go_to_trial_mode(database: Database, actor: Person) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).is_live = False


def tallies(database: Database, send_id: int) -> dict[Outcome, int]:
    with database.reading() as session:
        return {outcome: count for outcome, count in counts(session, send_id).items() if count}


def test_everybody_on_the_list_becomes_a_message_with_their_own_data(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(30))
    before = now()
    send = release_it(database, actor, draft.id, draft.review_fingerprint, undo_seconds=10)
    messages = messages_of(database, draft.id)
    assert [one.email for one in messages] == [f"p{n}@example.com" for n in range(30)]
    assert [one.data for one in messages] == [{"city": f"City {n}"} for n in range(30)]
    assert {one.state for one in messages} == {Outcome.PENDING}
    assert len({one.reference for one in messages}) == 30
    assert tallies(database, draft.id) == {Outcome.PENDING: 30}
    assert (send.state, send.total, send.columns, send.released_by) == (SendState.SCHEDULED, 30, ["city"], actor.id)
    assert send.list_name.startswith("Members")
    assert send.start_at is not None
    assert 9.5 < (send.start_at - before).total_seconds() < 15


def test_the_trail_names_who_released_it_and_how_many(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(3))
    release_it(database, actor, draft.id, draft.review_fingerprint)
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "send.released")).one()
    assert (entry.actor_id, entry.subject_id) == (actor.id, draft.id)
    assert "3 e-mails" in entry.words


def test_people_with_problems_are_left_out_with_the_problems_words(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    people = some_people(5)
    people[2] = NewRecipient("p2@example.com", "Two\nlines", {"city": "Leeds"})
    draft = a_reviewed_send(database, actor, renderer, people)
    release_it(database, actor, draft.id, draft.review_fingerprint)
    left_out = [one for one in messages_of(database, draft.id) if one.state is Outcome.SKIPPED]
    assert [(one.email, one.reason) for one in left_out] == [("p2@example.com", "left_out_at_review")]
    assert "line" in left_out[0].detail
    assert tallies(database, draft.id) == {Outcome.PENDING: 4, Outcome.SKIPPED: 1}


def test_a_second_release_gives_the_send_and_makes_nothing(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(4))
    release_it(database, actor, draft.id, draft.review_fingerprint)
    again = release_it(database, actor, draft.id, draft.review_fingerprint)
    assert again.id == draft.id
    assert len(messages_of(database, draft.id)) == 4
    assert tallies(database, draft.id) == {Outcome.PENDING: 4}


def test_of_two_releases_at_the_same_moment_one_makes_the_messages(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(200))
    both, failures = threading.Barrier(6), []

    def press() -> None:
        both.wait()
        try:
            release_it(database, actor, draft.id, draft.review_fingerprint)
        except Exception as error:  # collected: an exception in a thread would pass unseen
            failures.append(error)

    presses = [threading.Thread(target=press) for _ in range(6)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert failures == []
    assert len(messages_of(database, draft.id)) == 200
    assert tallies(database, draft.id) == {Outcome.PENDING: 200}


def test_a_send_that_was_not_reviewed_is_refused(database: Database, actor: Person) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor)
        send_id = a_draft_send(session, actor, version=version, people=a_list(session, actor, people=some_people(1))).id
    with pytest.raises(Refused, match="not reviewed"):
        release_it(database, actor, send_id, "")


def test_a_list_that_changed_since_the_review_is_refused(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(3))
    with database.writing() as session:
        rename_list(session, actor, draft.list_id or 0, "Renamed")
    with pytest.raises(Refused, match="changed since the review"):
        release_it(database, actor, draft.id, draft.review_fingerprint)
    assert messages_of(database, draft.id) == []


def test_a_list_that_is_being_changed_is_neither_released_nor_reviewed(
    database: Database, actor: Person, renderer: LimitedRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 5)
    monkeypatch.setattr("app.recipients.changes.doing.CHUNK", 4)
    draft = a_reviewed_send(database, actor, renderer, some_people(30))
    assert draft.list_id is not None
    with database.writing() as session:
        change = changes.begin(session, actor, draft.list_id, ChangeKind.REMOVE)
        assert changes.step(session, change.id), "some people are gone, and some will go"
    with pytest.raises(Refused, match="being changed just now"):
        release_it(database, actor, draft.id, draft.review_fingerprint)
    with database.writing() as session, pytest.raises(Refused, match="being changed just now"):
        request_review(session, actor, draft.id)
    with database.writing() as session:
        changes.stop(session, actor, draft.list_id, change.id)
    with pytest.raises(Refused, match="Something changed since the review"):
        release_it(database, actor, draft.id, draft.review_fingerprint)
    assert messages_of(database, draft.id) == []


def test_a_list_cannot_change_between_the_check_and_the_snapshot(
    database: Database, actor: Person, renderer: LimitedRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(3))
    renamed = threading.Event()

    def rename() -> None:
        with database.writing() as session:
            rename_list(session, actor, draft.list_id or 0, "Renamed")
        renamed.set()

    renaming = threading.Thread(target=rename)
    original = releasing._snapshot

    def snapshot_while_somebody_renames(session: Session, send: Send) -> tuple[int, int]:
        renaming.start()
        assert not renamed.wait(0.5), "the list changed after it was checked"
        return original(session, send)

    monkeypatch.setattr(releasing, "_snapshot", snapshot_while_somebody_renames)
    assert release_it(database, actor, draft.id, draft.review_fingerprint).list_name != "Renamed"
    renaming.join(30)
    assert renamed.is_set()


def test_a_review_that_the_person_did_not_see_is_refused(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(3))
    with database.writing() as session:
        session.get_one(Send, draft.id).from_name = "Somebody else"
    newer = reviewed(database, renderer, actor, draft.id)
    with pytest.raises(Refused, match="changed since the review"):
        release_it(database, actor, draft.id, draft.review_fingerprint)
    assert release_it(database, actor, draft.id, newer.review_fingerprint).total == 3


def test_going_to_trial_mode_asks_for_another_review(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(3))
    go_to_trial_mode(database, actor)
    with pytest.raises(Refused, match="changed since the review"):
        release_it(database, actor, draft.id, draft.review_fingerprint)


def test_a_problem_of_the_whole_send_is_refused_with_its_words(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(3), headers=[["X-Code", "{{ code }}"]])
    with pytest.raises(Refused, match="There is no value for code"):
        release_it(database, actor, draft.id, draft.review_fingerprint)


def test_nobody_left_is_refused(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    people = [NewRecipient(f"p{n}@example.com", "Two\nlines", {}) for n in range(3)]
    draft = a_reviewed_send(database, actor, renderer, people)
    assert draft.review_problems == 3
    with pytest.raises(Refused, match="Nobody is left"):
        release_it(database, actor, draft.id, draft.review_fingerprint)


def test_in_trial_mode_only_the_team_is_written_to(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    go_to_trial_mode(database, actor)
    people = [*some_people(3), NewRecipient("ADA@Example.com", "Ada", {"city": "Leeds"})]
    with database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        add_person(session, other, email="p1@example.com", name="P", password="another long password", role=Role.SENDER)
    draft = a_reviewed_send(database, actor, renderer, people)
    release_it(database, actor, draft.id, draft.review_fingerprint)
    states = {one.email: (one.state, one.reason) for one in messages_of(database, draft.id)}
    skipped = (Outcome.SKIPPED, "trial_mode")
    assert states.pop("ADA@Example.com") == (Outcome.PENDING, "")
    assert set(states.values()) == {skipped}
    assert tallies(database, draft.id) == {Outcome.PENDING: 1, Outcome.SKIPPED: 3}


def test_a_send_with_nobody_to_write_to_in_trial_mode_is_finished_at_once(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    go_to_trial_mode(database, actor)
    draft = a_reviewed_send(database, actor, renderer, some_people(3))
    send = release_it(database, actor, draft.id, draft.review_fingerprint)
    assert send.state is SendState.FINISHED
    assert send.finished_at is not None
    assert tallies(database, draft.id) == {Outcome.SKIPPED: 3}


def test_a_direct_send_is_one_message(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    draft = a_reviewed_direct_send(
        database,
        actor,
        renderer,
        to=[["Anna@example.com", "Anna"], ["bo@example.com", ""]],
        bcc=[["c@example.com", ""]],
    )
    send = release_it(database, actor, draft.id, draft.review_fingerprint)
    (message,) = messages_of(database, draft.id)
    assert (message.email, message.email_key, message.name) == ("Anna@example.com", "anna@example.com", "Anna")
    assert send.total == 1


def test_a_direct_send_with_one_outsider_is_left_out_as_a_whole_in_trial_mode(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    go_to_trial_mode(database, actor)
    draft = a_reviewed_direct_send(
        database, actor, renderer, to=[["ada@example.com", ""]], bcc=[["outside@example.net", ""]]
    )
    release_it(database, actor, draft.id, draft.review_fingerprint)
    (message,) = messages_of(database, draft.id)
    assert (message.state, message.reason) == (Outcome.SKIPPED, "trial_mode")


def test_the_same_list_and_version_within_a_day_asks_first(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    first = a_reviewed_send(database, actor, renderer, some_people(2))
    release_it(database, actor, first.id, first.review_fingerprint)
    with database.writing() as session:
        earlier = session.get_one(Send, first.id)
        second_id = a_draft_send(session, actor, version=earlier.template_version, people=earlier.recipient_list).id
    second = reviewed(database, renderer, actor, second_id)
    with pytest.raises(SentBefore, match=f"send {first.id}"):
        release_it(database, actor, second.id, second.review_fingerprint)
    assert messages_of(database, second.id) == []
    assert release_it(database, actor, second.id, second.review_fingerprint, again=True).total == 2


def test_another_workspace_cannot_release(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(1))
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with pytest.raises(NotThere):
        release_it(database, stranger, draft.id, draft.review_fingerprint)


def test_five_thousand_people_are_released_at_once(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    draft = a_reviewed_send(database, actor, renderer, some_people(5000))
    with statements() as said:
        release_it(database, actor, draft.id, draft.review_fingerprint)
    assert len(said) < 100, said
    assert tallies(database, draft.id) == {Outcome.PENDING: 5000}
