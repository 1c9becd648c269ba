"""Undo, another time, now: each against the engine's start in the same instant; and P7 at the start."""

from __future__ import annotations

import threading
import time as time_module
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select, update

from app.db import Database, now
from app.delivery import lanes
from app.emails.limits import LimitedRenderer
from app.emails.publishing import publish
from app.people.models import Connection, Person, SenderIdentity, Workspace
from app.people.senders import retire_sender
from app.recipients.lists import rename_list
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import suppress
from app.refusals import NotThere, Refused
from app.sends import scheduling, staleness
from app.sends.compose import change_values
from app.sends.control import cancel, pause, resume
from app.sends.models import Outcome, ReviewState, Send, SendPace, SendState, SendTally
from app.sends.pace import Pace
from app.sends.pauses import STALE
from app.sends.release import Options, release, sent_before
from app.sends.tallies import counts
from tests.factories import a_draft_send, messages_of, reviewed


def released_for(
    database: Database,
    renderer: LimitedRenderer,
    actor: Person,
    ground: dict[str, int],
    *,
    after: timedelta = timedelta(hours=1),
    **options: object,
) -> Send:
    """A send to the list of seven, released for a time from now."""
    with database.writing() as session:
        draft = Send(
            workspace_id=actor.workspace_id,
            kind="list",
            template_version_id=ground["version"],
            list_id=ground["list"],
            sender_identity_id=ground["sender"],
            from_address="office@example.com",
            values={"due": "May"},
            created_by=actor.id,
        )
        session.add(draft)
        session.flush()
        draft_id = draft.id
    seen = reviewed(database, renderer, actor, draft_id).review_fingerprint
    chosen = Options(start_at=now() + after, **options)  # type: ignore[arg-type]
    with database.writing() as session:
        return release(session, actor, draft_id, seen=seen, again_confirmed=True, undo_seconds=30, options=chosen)


def the_send(database: Database, send_id: int) -> Send:
    with database.reading() as session:
        return session.get_one(Send, send_id)


def its_time_comes(database: Database, send_id: int) -> Send:
    """Let the engine begin it, as a lane does; gives the send afterwards."""
    with database.writing() as session:
        session.execute(update(Send).where(Send.id == send_id).values(start_at=now() - timedelta(seconds=1)))
    with database.writing() as session:
        lanes.begin(session, session.get_one(Send, send_id))
    return the_send(database, send_id)


def rows_of(database: Database, table: type[SendTally] | type[SendPace], send_id: int) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(table.send_id == send_id)) or 0


# Undo


def test_an_undone_send_is_a_draft_as_if_it_had_not_been_released(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground, pace=Pace(10, 60), wave=3)
    assert (len(messages_of(database, send.id)), send.is_timed, send.wave_left) == (7, True, 3)
    with database.writing() as session:
        scheduling.undo(session, actor, send.id)
    undone = the_send(database, send.id)
    assert (undone.state, undone.total, undone.start_at, undone.released_at) == (SendState.DRAFT, 0, None, None)
    assert (undone.wave_left, undone.release_marks, undone.columns) == (None, {}, [])
    assert messages_of(database, send.id) == []
    assert rows_of(database, SendTally, send.id) == rows_of(database, SendPace, send.id) == 0
    with database.reading() as session:
        assert sent_before(session, undone) is None, "it does not count as having been sent"


def test_an_undone_send_may_go_as_it_was_reviewed_and_after_a_change_only_reviewed_again(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    seen = send.review_fingerprint
    with database.writing() as session:
        scheduling.undo(session, actor, send.id)
    with database.writing() as session:
        again = release(session, actor, send.id, seen=seen, again_confirmed=True, undo_seconds=30)
        assert (again.state, again.total, again.is_timed) == (SendState.SCHEDULED, 7, False)
    with database.writing() as session:
        scheduling.undo(session, actor, send.id)
        change_values(session, actor, send.id, {"due": "June"})
    assert the_send(database, send.id).review_state is ReviewState.NONE
    with pytest.raises(Refused, match="Review it first"), database.writing() as session:
        release(session, actor, send.id, seen=seen, again_confirmed=True, undo_seconds=30)


def test_undo_twice_is_undo_once_and_too_late_is_refused(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    for _ in range(2):
        with database.writing() as session:
            scheduling.undo(session, actor, send.id)
    other = released_for(database, renderer, actor, ground)
    assert its_time_comes(database, other.id).state is SendState.SENDING
    with pytest.raises(Refused, match="too late"), database.writing() as session:
        scheduling.undo(session, actor, other.id)
    assert len(messages_of(database, other.id)) == 7


def test_its_time_has_come_so_it_is_too_late_even_before_a_worker_begins(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground, after=timedelta(seconds=-1))
    for act in (
        lambda session: scheduling.undo(session, actor, send.id),
        lambda session: scheduling.reschedule(session, actor, send.id, now() + timedelta(hours=1)),
        lambda session: scheduling.send_now(session, actor, send.id, undo_seconds=0),
    ):
        with pytest.raises(Refused, match="too late"), database.writing() as session:
            act(session)


@pytest.mark.parametrize("turn", range(5))
def test_undo_and_the_start_in_the_same_instant_one_wins_whole(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int], turn: int
) -> None:
    """Whoever is first: either everybody's message is there and it sends, or none is and it is a draft."""
    send = released_for(database, renderer, actor, ground, after=timedelta(milliseconds=400))
    both, failures = threading.Barrier(3), []

    def undo() -> None:
        both.wait()
        try:
            with database.writing() as session:
                scheduling.undo(session, actor, send.id)
        except Refused:
            pass
        except Exception as error:  # collected: an exception in a thread would pass unseen
            failures.append(error)

    def begin() -> None:
        both.wait()
        try:
            with database.writing() as session:
                lanes.begin(session, session.get_one(Send, send.id))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for one in (undo, begin)]
    for one in threads:
        one.start()
    assert send.start_at is not None
    wait = (send.start_at - now()).total_seconds() - 0.001 + turn / 2000
    time_module.sleep(max(0.0, wait))
    both.wait()
    for one in threads:
        one.join(30)
    assert failures == []
    after = the_send(database, send.id)
    left = len(messages_of(database, send.id))
    assert (after.state, left) in {(SendState.DRAFT, 0), (SendState.SENDING, 7), (SendState.SCHEDULED, 7)}


def test_two_windows_that_undo_and_move_do_no_harm_to_each_other(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    both, refused, failures = threading.Barrier(4), [], []
    acts = [
        lambda session: scheduling.undo(session, actor, send.id),
        lambda session: scheduling.undo(session, actor, send.id),
        lambda session: scheduling.reschedule(session, actor, send.id, now() + timedelta(days=2)),
        lambda session: cancel(session, actor, send.id),
    ]

    def press(number: int) -> None:
        both.wait()
        try:
            with database.writing() as session:
                acts[number](session)
        except Refused as refusal:
            refused.append(refusal)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert failures == []
    after, left = the_send(database, send.id), len(messages_of(database, send.id))
    assert (after.state, left) in {(SendState.DRAFT, 0), (SendState.CANCELLED, 7)}


# Another time


def test_times_are_checked_in_words_beside_their_field() -> None:
    today = now().date()
    for day, clock, zone, field, words in (
        (None, time(9), "UTC", "date", "Choose a day"),
        (today, None, "UTC", "time", "Enter a time"),
        (today, time(9), "Mars/Base", "zone", "Choose a time zone"),
        (today - timedelta(days=1), time(9), "UTC", "date", "has passed"),
        (today + timedelta(days=400), time(9), "UTC", "date", "within a year"),
        (date(9999, 12, 31), time(23, 59), "America/New_York", "date", "Choose another day|within a year"),
        (date(1, 1, 1), time(0, 0), "Asia/Tokyo", "date", "Choose another day|has passed"),
    ):
        with pytest.raises(Refused, match=words) as refusal:
            scheduling.chosen_start(day, clock, zone)
        assert refusal.value.field == field
    soon = now() + timedelta(days=30)
    chosen = scheduling.chosen_start(soon.date(), time(9), "Asia/Tokyo")
    assert chosen.hour == 0


def test_the_time_can_be_changed_and_brought_forward_until_it_begins(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    later = now() + timedelta(days=3)
    with database.writing() as session:
        scheduling.reschedule(session, actor, send.id, later)
    assert the_send(database, send.id).start_at == later
    with database.writing() as session:
        scheduling.send_now(session, actor, send.id, undo_seconds=30)
    moved = the_send(database, send.id)
    assert not moved.is_timed and moved.release_marks
    assert moved.start_at is not None and 0 < (moved.start_at - now()).total_seconds() <= 30


def test_a_lane_that_looks_in_the_moment_the_time_is_moved_does_not_begin(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    with database.writing() as session:
        lanes.begin(session, session.get_one(Send, send.id))
    assert the_send(database, send.id).state is SendState.SCHEDULED


def test_another_department_can_do_none_of_it(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    for act in (
        lambda session: scheduling.undo(session, stranger, send.id),
        lambda session: scheduling.reschedule(session, stranger, send.id, now() + timedelta(hours=1)),
        lambda session: scheduling.send_now(session, stranger, send.id, undo_seconds=0),
        lambda session: staleness.send_as_released(session, stranger, send.id),
    ):
        with pytest.raises(NotThere), database.writing() as session:
            act(session)


# P7 at the start


def rename(session, actor, ground):  # type: ignore[no-untyped-def]
    rename_list(session, actor, ground["list"], "Renamed")


def remove_sender(session, actor, ground):  # type: ignore[no-untyped-def]
    retire_sender(session, actor, ground["sender"])


def answer_elsewhere(session, actor, ground):  # type: ignore[no-untyped-def]
    session.get_one(SenderIdentity, ground["sender"]).reply_to = "elsewhere@example.com"


def publish_again(session, actor, ground):  # type: ignore[no-untyped-def]
    from app.emails.models import TemplateVersion

    publish(session, actor, session.get_one(TemplateVersion, ground["version"]).template_id)


def archive(session, actor, ground):  # type: ignore[no-untyped-def]
    from app.emails.models import TemplateVersion

    session.get_one(TemplateVersion, ground["version"]).template.is_archived = True


def connect_elsewhere(session, actor, ground):  # type: ignore[no-untyped-def]
    session.add(Connection(workspace_id=actor.workspace_id, account_id="other", base_url="https://api.example.com"))


def go_on_trial(session, actor, ground):  # type: ignore[no-untyped-def]
    session.get_one(Workspace, actor.workspace_id).is_live = False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (rename, "the list has changed"),
        (remove_sender, "the sender was changed or removed"),
        (answer_elsewhere, "the sender was changed or removed"),
        (publish_again, "a newer version of the template was published"),
        (archive, "the template was archived"),
        (connect_elsewhere, "connected to the mail service in another way"),
        (go_on_trial, "trial mode"),
    ],
)
def test_what_changed_since_the_release_stops_it_at_its_start_and_a_person_decides(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int], change, words: str
) -> None:  # type: ignore[no-untyped-def]
    send = released_for(database, renderer, actor, ground)
    with database.writing() as session:
        change(session, actor, ground)
    stale = its_time_comes(database, send.id)
    assert (stale.state, stale.pause_code, stale.first_post_at) == (SendState.PAUSED, STALE, None)
    assert words in stale.pause_reason
    with pytest.raises(Refused, match="another answer"), database.writing() as session:
        resume(session, actor, send.id)
    with database.writing() as session:
        staleness.send_as_released(session, actor, send.id)
    with pytest.raises(Refused), database.writing() as session:
        staleness.send_as_released(session, actor, send.id)
    assert its_time_comes(database, send.id).state is SendState.SENDING


def test_nothing_changed_so_it_begins(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        connect_elsewhere(session, actor, ground)
    send = released_for(database, renderer, actor, ground)
    with database.writing() as session:  # a new token and another pace are no other connection
        row = session.scalars(select(Connection)).one()
        row.token_sealed, row.calls_per_5_minutes = "other", 100
    begun = its_time_comes(database, send.id)
    assert (begun.state, begun.pause_code) == (SendState.SENDING, "")
    assert begun.first_post_at is not None


def test_a_pause_over_its_time_does_not_save_it_the_check(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    with database.writing() as session:
        pause(session, actor, send.id)
        rename(session, actor, ground)
        session.get_one(Send, send.id).start_at = now() - timedelta(minutes=1)
    with database.writing() as session:
        resume(session, actor, send.id)
    assert its_time_comes(database, send.id).pause_code == STALE


def test_who_unsubscribed_since_the_release_is_left_out_at_the_start(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released_for(database, renderer, actor, ground)
    with database.writing() as session:
        suppress(session, actor.workspace_id, "P5@example.com", SuppressionReason.OPT_OUT)
    assert its_time_comes(database, send.id).state is SendState.SENDING
    gone = next(one for one in messages_of(database, send.id) if one.email == "p5@example.com")
    assert (gone.state, gone.reason) == (Outcome.SKIPPED, "opted_out")
    with database.reading() as session:
        tally = counts(session, send.id)
    assert (tally[Outcome.PENDING], tally[Outcome.SKIPPED]) == (5, 2)


def test_the_words_of_a_moment_name_day_time_and_zone() -> None:
    at = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
    assert scheduling.moment_words(at, "America/New_York") == "Monday 2 March 2026, 04:00 (America/New York)"


def test_a_draft_cannot_be_moved(database: Database, actor: Person, ground: dict[str, int]) -> None:
    from app.emails.models import TemplateVersion

    with database.writing() as session:
        draft = a_draft_send(session, actor, version=session.get_one(TemplateVersion, ground["version"]))
    with pytest.raises(Refused, match="too late"), database.writing() as session:
        scheduling.reschedule(session, actor, draft.id, now() + timedelta(hours=1))
