"""What Cloudflare holds of an address: computed from all of its reasons, told again when one comes, ends or goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.db import now
from app.recipients.models import Conflict, Handing, Suppression, SuppressionReason
from app.recipients.suppressions.adding import remove_ours, resolve_conflict, undo_batch
from app.recipients.suppressions.mirror import mark_handed, to_hand_over
from app.recipients.suppressions.models import SuppressionLease, SuppressionSync, TheirSuppression
from app.recipients.suppressions.rules import ByRule, add_by_rule, rules_of
from app.recipients.suppressions.who import lift_opt_out
from tests.delivery.ground import Ground
from tests.delivery.test_suppression_sync import LATER, add, hand_over, job, listed, mirror, ours, sync, theirs
from tests.simulator_process import RunningSimulator

ANNA = "anna@example.net"
BY_HAND, IMPORTED, OPT_OUT = SuppressionReason.BY_HAND, SuppressionReason.IMPORTED, SuppressionReason.OPT_OUT
WANTED = Handing.WANTED


@pytest.fixture(autouse=True)
def _empty(simulator: RunningSimulator) -> None:
    theirs(simulator, [])


def end_there(simulator: RunningSimulator) -> datetime | None:
    """When Anna's entry ends; None: never."""
    end = listed(simulator)[ANNA]["expires_at"]
    return datetime.fromisoformat(end) if end is not None else None


def test_a_second_reason_with_an_end_lets_the_first_for_ever_stay(ground: Ground, simulator: RunningSimulator) -> None:
    add(ground, ANNA, BY_HAND, handing=WANTED)
    sync(ground)
    assert end_there(simulator) is None
    second = add(ground, ANNA, IMPORTED, handing=WANTED, until=LATER)
    sync(ground)
    assert end_there(simulator) is None
    assert ours(ground, second).handed_at is not None


def _removed(session: Session, ground: Ground, long: int) -> None:
    remove_ours(session, ground.actor, long, is_administrator=True)


def _import_undone(session: Session, ground: Ground, long: int) -> None:
    session.get_one(Suppression, long).batch = "a batch"
    session.flush()
    assert undo_batch(session, ground.actor, "a batch") == 1


def _kept_here(session: Session, ground: Ground, long: int) -> None:
    session.get_one(Suppression, long).conflict = Conflict.SCOPE_DIFFERS
    session.flush()
    resolve_conflict(session, ground.actor, long, "here_only", is_administrator=True)


def _resubscribed(session: Session, ground: Ground, long: int) -> None:
    assert lift_opt_out(session, ground.actor.workspace_id, ANNA)


@pytest.mark.parametrize(
    ("reason", "goes"),
    [(IMPORTED, _removed), (IMPORTED, _import_undone), (IMPORTED, _kept_here), (OPT_OUT, _resubscribed)],
)
def test_a_shorter_end_counts_there_when_the_longer_reason_goes(
    ground: Ground,
    simulator: RunningSimulator,
    reason: SuppressionReason,
    goes: Callable[[Session, Ground, int], None],
) -> None:
    long = add(ground, ANNA, reason, handing=WANTED)
    add(ground, ANNA, BY_HAND, handing=WANTED, until=LATER)
    sync(ground)
    assert end_there(simulator) is None
    with ground.database.writing() as session:
        goes(session, ground, long)
    sync(ground)
    assert end_there(simulator) == LATER


def test_who_bounces_again_after_an_end_was_set_is_held_back_there_for_ever(
    ground: Ground, simulator: RunningSimulator
) -> None:
    add(ground, ANNA, SuppressionReason.BOUNCE, handing=WANTED, until=LATER)
    sync(ground)
    assert end_there(simulator) == LATER
    with ground.database.writing() as session:
        add_by_rule(session, ground.actor.workspace_id, [ByRule(ANNA, SuppressionReason.BOUNCE)])
    sync(ground)
    assert end_there(simulator) is None


def test_a_reason_that_is_not_handed_over_or_has_ended_keeps_nothing_there(
    ground: Ground, simulator: RunningSimulator
) -> None:
    one = add(ground, ANNA, BY_HAND, handing=WANTED)
    add(ground, ANNA, OPT_OUT)  # by rule: stays here
    add(ground, ANNA, IMPORTED, handing=WANTED, until=now() - timedelta(days=1))
    sync(ground)
    assert ANNA in listed(simulator)
    with ground.database.writing() as session:
        remove_ours(session, ground.actor, one, is_administrator=True)
    sync(ground)
    assert ANNA not in listed(simulator)


def test_a_reason_that_the_rules_hand_over_no_more_is_taken_back_and_is_no_difference(
    ground: Ground, simulator: RunningSimulator
) -> None:
    out = add(ground, ANNA, OPT_OUT)
    add(ground, ANNA, BY_HAND, handing=WANTED, until=LATER)
    only = add(ground, "ben@example.net", OPT_OUT)
    hand_over(ground, OPT_OUT)
    sync(ground)
    assert set(listed(simulator)) == {ANNA, "ben@example.net"} and end_there(simulator) is None
    hand_over(ground)
    sync(ground)
    assert set(listed(simulator)) == {ANNA} and end_there(simulator) == LATER
    assert ours(ground, out).handed_at is ours(ground, only).handed_at is None
    hand_over(ground, OPT_OUT)
    sync(ground)
    assert set(listed(simulator)) == {ANNA, "ben@example.net"} and end_there(simulator) is None
    assert ours(ground, only).conflict is Conflict.NONE


def test_what_changes_while_it_is_handed_over_is_told_there_too(ground: Ground) -> None:
    one = add(ground, ANNA, BY_HAND, handing=WANTED)
    with ground.database.writing() as session:
        rules = rules_of(session, ground.actor.workspace_id)
        wishes = to_hand_over(session, rules)
        session.get_one(Suppression, one).until = LATER  # while the call is under way
        session.flush()
        mark_handed(session, rules, wishes)
        assert [wish.until for wish in to_hand_over(session, rules)] == [LATER]
        mark_handed(session, rules, to_hand_over(session, rules))
        assert to_hand_over(session, rules) == []


def test_an_entry_of_ours_that_became_fixed_there_stops_no_sync(ground: Ground, simulator: RunningSimulator) -> None:
    one = add(ground, ANNA, BY_HAND, handing=WANTED, until=LATER)
    sync(ground)
    theirs(simulator, [{**listed(simulator)[ANNA], "read_only": True}])
    with ground.database.writing() as session:
        session.get_one(TheirSuppression, mirror(ground)[ANNA].id).vendor_id = listed(simulator)[ANNA]["id"]
        session.get_one(Suppression, one).until = None
        session.get_one(Suppression, one).handed_at = None
        session.execute(update(SuppressionSync).values(asked_at=None, failures=1))  # the list is not read again
        session.execute(update(SuppressionLease).values(lease_until=now()))
    job(ground).look()
    with ground.database.reading() as session:
        state = session.get_one(SuppressionSync, ground.actor.workspace_id)
    assert not state.is_paused and not state.words
    assert mirror(ground)[ANNA].read_only and not mirror(ground)[ANNA].is_ours
    assert ours(ground, one).conflict is Conflict.READ_ONLY_THERE


def test_only_the_reason_that_differs_waits_for_a_person(ground: Ground, simulator: RunningSimulator) -> None:
    fixed = {"email": ANNA, "reason": "policy", "read_only": True, "expires_at": LATER.isoformat()}
    theirs(simulator, [fixed])
    short = add(ground, ANNA, BY_HAND, handing=WANTED, until=LATER - timedelta(days=1))
    sync(ground)
    long = add(ground, ANNA, IMPORTED, handing=WANTED)
    sync(ground)
    assert ours(ground, short).conflict is Conflict.NONE and ours(ground, short).handed_at is not None
    assert ours(ground, long).conflict is Conflict.READ_ONLY_THERE


def test_after_an_entry_came_back_the_longest_reason_counts(ground: Ground, simulator: RunningSimulator) -> None:
    """Both were handed over, the entry went there, and a person wants only the shorter one there again."""
    long = add(ground, ANNA, IMPORTED, handing=WANTED)
    short = add(ground, ANNA, BY_HAND, handing=WANTED, until=LATER)
    for one in (long, short):
        with ground.database.writing() as session:
            session.get_one(Suppression, one).conflict = Conflict.GONE_THERE
            session.get_one(Suppression, one).handed_at = now() - timedelta(hours=1)
    with ground.database.writing() as session:
        resolve_conflict(session, ground.actor, short, "again", is_administrator=False)
    sync(ground)
    assert end_there(simulator) == LATER
    sync(ground)
    assert end_there(simulator) is None
