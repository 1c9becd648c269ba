"""The sync of suppressions with the simulator over real HTTP: reading, paging, handing over, conflicts, refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import delete, select, update

from app.db import now
from app.delivery import suppression_sync
from app.delivery.models import RateBudget
from app.delivery.suppression_sync import SuppressionSyncJob
from app.people.models import Connection
from app.recipients.models import Conflict, Handing, Suppression, SuppressionReason
from app.recipients.suppressions.models import SuppressionLease, SuppressionSync, TheirSuppression
from app.recipients.suppressions.rules import change_rules
from app.recipients.suppressions.who import not_to_write
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.delivery.ground import Ground, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator

LIST = f"/accounts/{DEFAULT_ACCOUNT}/email/sending/suppressions"
TOKEN = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
LATER = datetime(2031, 5, 1, tzinfo=UTC)


def theirs(simulator: RunningSimulator, rows: Sequence[dict[str, Any]]) -> None:
    """Let Cloudflare's list be these entries."""
    answer = requests.put(f"{simulator.url}/api/v1/suppressions", json=list(rows), timeout=60)
    assert answer.ok, answer.text


def listed(simulator: RunningSimulator) -> dict[str, dict[str, Any]]:
    """What Cloudflare's list holds, by address."""
    answer = requests.get(f"{simulator.base_url}{LIST}", params={"per_page": 1000}, headers=TOKEN, timeout=10)
    return {one["email"]: one for one in answer.json()["result"]}


@pytest.fixture(autouse=True)
def _empty(simulator: RunningSimulator) -> None:
    theirs(simulator, [])


def job(ground: Ground, stop: threading.Event | None = None, owner: str = "syncer") -> SuppressionSyncJob:
    return SuppressionSyncJob(ground.settings, ground.database, owner, stop or threading.Event())


def sync(ground: Ground) -> SuppressionSync:
    """Let a sync be due, do it, and give how it went."""
    with ground.database.writing() as session:
        session.execute(update(SuppressionSync).values(asked_at=now(), not_before=None, is_paused=False))
        session.execute(update(SuppressionLease).values(lease_until=now()))
    job(ground).look()
    with ground.database.reading() as session:
        return session.get_one(SuppressionSync, ground.actor.workspace_id)


def mirror(ground: Ground) -> dict[str, TheirSuppression]:
    with ground.database.reading() as session:
        return {one.email_key: one for one in session.scalars(select(TheirSuppression))}


def add(ground: Ground, email: str, reason: SuppressionReason = SuppressionReason.OPT_OUT, **fields: Any) -> int:
    with ground.database.writing() as session:
        row = Suppression(
            workspace_id=ground.actor.workspace_id, email=email, email_key=email.lower(), reason=reason, **fields
        )
        session.add(row)
        session.flush()
        return row.id


def ours(ground: Ground, suppression_id: int) -> Suppression:
    with ground.database.reading() as session:
        return session.get_one(Suppression, suppression_id)


def hand_over(ground: Ground, *reasons: SuppressionReason) -> None:
    with ground.database.writing() as session:
        change_rules(
            session, ground.actor, adds_bounces=True, adds_complaints=True, syncs=True, hands_over=list(reasons)
        )


# Reading


def test_every_entry_comes_with_all_that_is_said_of_it(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(
        simulator,
        [
            {"email": "anna@example.net", "reason": "complaint", "note": "Marked in November"},
            {
                "email": "ben@example.net",
                "reason": "hard_bounce",
                "expires_at": LATER.isoformat(),
                "scope": {"type": "sending_domain", "value": "example.com"},
            },
            {"email": "cleo@example.net", "reason": "policy", "read_only": True},
        ],
    )
    state = sync(ground)
    found = mirror(ground)
    assert set(found) == {"anna@example.net", "ben@example.net", "cleo@example.net"}
    assert (found["anna@example.net"].reason, found["anna@example.net"].note) == ("complaint", "Marked in November")
    ben = found["ben@example.net"]
    assert (ben.scope_type, ben.scope_value, ben.expires_at) == ("sending_domain", "example.com", LATER)
    assert found["cleo@example.net"].read_only
    assert state.synced_at is not None and not state.words and not state.is_reading and state.entries_read == 3


def test_who_is_on_their_list_is_not_written_to_by_its_scope(ground: Ground, simulator: RunningSimulator) -> None:
    domain = {"type": "sending_domain", "value": "mail.example.com"}
    theirs(simulator, [{"email": "anna@example.net"}, {"email": "ben@example.net", "scope": domain}])
    sync(ground)
    both = ["Anna@example.net", "ben@example.net", "cleo@example.net"]
    with ground.database.reading() as session:
        one = not_to_write(session, ground.actor.workspace_id, both, sender_domain="example.com")
        other = not_to_write(session, ground.actor.workspace_id, both, sender_domain="mail.example.com")
    assert set(one) == {"anna@example.net"}, "a block for mail.example.com does not block example.com"
    assert set(other) == {"anna@example.net", "ben@example.net"}
    assert one["anna@example.net"].code == "suppressed_there"
    assert one["anna@example.net"].words == (
        "Anna@example.net is on Cloudflare's list of addresses that are not written to: added by hand."
    )


def test_a_list_of_several_pages_is_read_to_its_end_and_what_is_gone_goes(
    ground: Ground, simulator: RunningSimulator
) -> None:
    rows = [{"email": f"p{number}@example.net"} for number in range(2300)]
    theirs(simulator, rows)
    assert sync(ground).entries_read == 2300
    assert len(mirror(ground)) == 2300
    theirs(simulator, rows[:1100])
    sync(ground)
    assert set(mirror(ground)) == {row["email"] for row in rows[:1100]}


def test_a_pass_that_is_cut_off_goes_on_at_its_cursor_and_sees_what_changed_meanwhile(
    ground: Ground, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression_sync, "PAGE", 100)
    theirs(simulator, [{"email": f"p{number:03}@example.net"} for number in range(350)])
    stop = threading.Event()
    cut = job(ground, stop)
    keep = suppression_sync.keep_page

    def keep_and_stop(*arguments: Any) -> None:
        keep(*arguments)
        stop.set()

    monkeypatch.setattr(suppression_sync, "keep_page", keep_and_stop)
    cut.look()
    monkeypatch.setattr(suppression_sync, "keep_page", keep)
    with ground.database.reading() as session:
        half = session.get_one(SuppressionSync, ground.actor.workspace_id)
    assert half.is_reading and half.entries_read == 100 and half.synced_at is None
    there = listed(simulator)
    for email in ("p000@example.net", "p200@example.net"):
        url = f"{simulator.base_url}{LIST}/{there[email]['id']}"
        assert requests.delete(url, headers=TOKEN, timeout=10).ok
    added = {"email": "new@example.net"}
    assert requests.post(f"{simulator.base_url}{LIST}", json=added, headers=TOKEN, timeout=10).ok
    with ground.database.writing() as session:
        session.execute(update(SuppressionLease).values(lease_until=now()))  # as if its time were over
    job(ground, owner="next").look()
    found = mirror(ground)
    assert "p200@example.net" not in found and "new@example.net" in found
    assert "p000@example.net" in found, "it was seen in this pass before it went"
    sync(ground)
    assert "p000@example.net" not in mirror(ground)
    assert len(mirror(ground)) == 349


def test_another_worker_leaves_it_to_the_one_that_has_the_lease(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(simulator, [{"email": "anna@example.net"}])
    sync(ground)
    with ground.database.writing() as session:
        session.execute(update(SuppressionLease).values(lease_until=now() + timedelta(minutes=1)))
        session.execute(update(SuppressionSync).values(asked_at=now()))
    theirs(simulator, [])
    job(ground, owner="other").look()
    assert set(mirror(ground)) == {"anna@example.net"}


# Refusals


@pytest.mark.parametrize(
    ("tokens", "remedy"),
    [({"simulator": []}, "Email Sending: Edit"), ({}, "Put in a new API token under Settings")],
)
def test_a_token_that_may_not_pauses_the_sync_until_a_person_did_something(
    ground: Ground, simulator: RunningSimulator, tokens: dict[str, list[str]], remedy: str
) -> None:
    simulator.configure(tokens=tokens)
    job(ground).look()
    with ground.database.reading() as session:
        state = session.get_one(SuppressionSync, ground.actor.workspace_id)
    assert state.is_paused and state.words and remedy in state.remedy
    assert "sent" not in state.words and "resume" not in state.remedy
    simulator.configure(tokens={"simulator": ["send", "read", "analytics"]})
    time.sleep(2)  # longer than its wait
    job(ground).look()
    with ground.database.reading() as session:
        assert session.get_one(SuppressionSync, ground.actor.workspace_id).is_paused
    assert not sync(ground).is_paused


def test_too_many_calls_are_tried_again_later_and_nothing_is_lost(
    ground: Ground, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppression_sync, "PAGE", 100)
    theirs(simulator, [{"email": f"p{number}@example.net"} for number in range(350)])
    simulator.configure(rate_limit=2)
    job(ground).look()
    with ground.database.reading() as session:
        state = session.get_one(SuppressionSync, ground.actor.workspace_id)
    assert state.failures == 1 and not state.is_paused and state.not_before is not None and state.not_before > now()
    assert state.is_reading and state.entries_read == 200
    simulator.configure(rate_limit=1_000_000)
    with ground.database.writing() as session:
        session.execute(delete(RateBudget))  # as if the five minutes were over
    state = sync(ground)
    assert state.failures == 0 and len(mirror(ground)) == 350


def test_it_disappears_when_there_is_no_connection_any_more(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(simulator, [{"email": "anna@example.net"}])
    handed = add(ground, "ben@example.net", handing=Handing.WANTED)
    sync(ground)
    assert ours(ground, handed).handed_at is not None
    with ground.database.writing() as session:
        session.delete(session.scalars(select(Connection)).one())
    job(ground).look()
    assert mirror(ground) == {}
    assert ours(ground, handed).handed_at is None
    with ground.database.reading() as session:
        assert session.get(SuppressionSync, ground.actor.workspace_id) is None
    job(ground).look()


def test_another_account_begins_with_nothing(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(simulator, [{"email": "anna@example.net"}])
    sync(ground)
    simulator.configure(account_id="f" * 32)
    ground.connection(account_id="f" * 32)
    theirs(simulator, [{"email": "ben@example.net"}])
    sync(ground)
    assert set(mirror(ground)) == {"ben@example.net"}


def test_switched_off_it_asks_nothing(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(simulator, [{"email": "anna@example.net"}])
    with ground.database.writing() as session:
        change_rules(session, ground.actor, adds_bounces=True, adds_complaints=True, syncs=False, hands_over=[])
    job(ground).look()
    assert mirror(ground) == {}


# Handing over


def test_nothing_of_ours_is_handed_over_unless_the_rules_say_so(ground: Ground, simulator: RunningSimulator) -> None:
    out = add(ground, "out@example.net")
    sync(ground)
    assert listed(simulator) == {}
    hand_over(ground, SuppressionReason.OPT_OUT)
    add(ground, "bounced@example.net", SuppressionReason.BOUNCE)
    add(ground, "ended@example.net", until=now() - timedelta(days=1))
    sync(ground)
    assert set(listed(simulator)) == {"out@example.net"}
    assert listed(simulator)["out@example.net"]["note"] == "Postroom: unsubscribed"
    assert ours(ground, out).handed_at is not None
    assert mirror(ground)["out@example.net"].is_ours
    sync(ground)
    assert set(listed(simulator)) == {"out@example.net"}, "once is enough"


def test_more_than_one_bulk_import_is_handed_over(ground: Ground, simulator: RunningSimulator) -> None:
    hand_over(ground, SuppressionReason.IMPORTED)
    with ground.database.writing() as session:
        session.add_all(
            Suppression(
                workspace_id=ground.actor.workspace_id,
                email=f"p{number}@example.net",
                email_key=f"p{number}@example.net",
                reason=SuppressionReason.IMPORTED,
            )
            for number in range(1200)
        )
    sync(ground)
    assert len(mirror(ground)) == 1200
    assert sync(ground).entries_read == 1200, "all of them are there"


def test_with_until_and_taken_back_when_it_is_no_longer_wanted(ground: Ground, simulator: RunningSimulator) -> None:
    one = add(ground, "anna@example.net", SuppressionReason.BY_HAND, handing=Handing.WANTED, until=LATER)
    sync(ground)
    assert datetime.fromisoformat(listed(simulator)["anna@example.net"]["expires_at"]) == LATER
    with ground.database.writing() as session:
        session.execute(update(Suppression).values(until=None, handed_at=None))
    sync(ground)
    assert listed(simulator)["anna@example.net"]["expires_at"] is None, "another until is told there"
    with ground.database.writing() as session:
        session.delete(session.get_one(Suppression, one))
    sync(ground)
    assert listed(simulator) == {} and mirror(ground) == {}


def test_an_entry_that_somebody_else_put_there_is_not_taken_back(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(simulator, [{"email": "anna@example.net"}])
    one = add(ground, "anna@example.net", SuppressionReason.BY_HAND, handing=Handing.WANTED)
    sync(ground)
    assert ours(ground, one).handed_at is not None
    with ground.database.writing() as session:
        session.delete(session.get_one(Suppression, one))
    sync(ground)
    assert set(listed(simulator)) == {"anna@example.net"}


def test_the_three_conflicts_are_found_and_end_by_themselves(ground: Ground, simulator: RunningSimulator) -> None:
    domain = {"type": "sending_domain", "value": "example.com"}
    theirs(
        simulator,
        [
            {"email": "scope@example.net", "scope": domain},
            {"email": "fixed@example.net", "reason": "policy", "read_only": True, "expires_at": LATER.isoformat()},
        ],
    )
    ids = {
        name: add(ground, f"{name}@example.net", SuppressionReason.BY_HAND, handing=Handing.WANTED)
        for name in ("scope", "fixed", "gone")
    }
    sync(ground)
    assert ours(ground, ids["scope"]).conflict is Conflict.SCOPE_DIFFERS
    assert ours(ground, ids["fixed"]).conflict is Conflict.READ_ONLY_THERE
    assert ours(ground, ids["gone"]).conflict is Conflict.NONE
    theirs(simulator, [])
    with ground.database.writing() as session:
        long_ago = now() - timedelta(hours=1)
        session.execute(update(Suppression).values(handed_at=long_ago).where(Suppression.id == ids["gone"]))
        session.execute(update(TheirSuppression).values(seen_at=long_ago))
    sync(ground)
    assert ours(ground, ids["gone"]).conflict is Conflict.GONE_THERE
    for name in ("scope", "fixed"):
        assert ours(ground, ids[name]).conflict is Conflict.NONE
        assert ours(ground, ids[name]).handed_at is not None, "nothing stands in the way any more"
    theirs(simulator, [{"email": "gone@example.net"}])
    sync(ground)
    assert ours(ground, ids["gone"]).conflict is Conflict.NONE


def test_what_went_over_a_moment_ago_is_not_taken_for_gone(ground: Ground, simulator: RunningSimulator) -> None:
    one = add(ground, "anna@example.net", SuppressionReason.BY_HAND, handing=Handing.WANTED)
    sync(ground)
    theirs(simulator, [])  # as if the change had not spread yet
    sync(ground)
    assert ours(ground, one).conflict is Conflict.NONE and "anna@example.net" in mirror(ground)


# With the worker


def test_the_worker_syncs_by_itself_and_goes_on_after_a_kill(ground: Ground, simulator: RunningSimulator) -> None:
    theirs(simulator, [{"email": f"p{number}@example.net"} for number in range(1500)])
    with RunningWorker(ground.settings, POSTROOM_SUPPRESSIONS_SECONDS="0.5") as worker:
        wait_for(lambda: len(mirror(ground)) >= 1000)
        worker.kill()
    with ground.database.writing() as session:
        session.execute(update(SuppressionLease).values(lease_until=now()))
    theirs(simulator, [{"email": "anna@example.net"}])
    with RunningWorker(ground.settings, POSTROOM_SUPPRESSIONS_SECONDS="0.5"):
        wait_for(lambda: set(mirror(ground)) == {"anna@example.net"})
