"""Later truth: what events make of queued, accepted and unknown e-mails, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import event as engine_event
from sqlalchemy import func, select, update

from app.cloudflare.client import Client
from app.cloudflare.events import QUERY_SPACING_SECONDS, DeliveryEvent, EventKind, EventPage
from app.db import now
from app.delivery import settling
from app.delivery.event_reading import EventReadingJob
from app.delivery.job_lease import LeaseLost
from app.delivery.settling import settle_page
from app.delivery.waiting import what_waits
from app.recipients.models import Suppression
from app.sends.bad_address_models import BadAddress
from app.sends.erasing import erase
from app.sends.event_models import EventLease, EventReading, EventZone, MessageEvent, SendEventTally
from app.sends.models import Attempt, Message, Outcome, Send, SendKind, SendState
from app.sends.tallies import move
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator

AT_ONCE = {"after_seconds": 0, "lag_seconds": 0}
EXPECTED = {
    "anna@example.net": Outcome.DELIVERED,
    "queued-ben@example.net": Outcome.DELIVERED,
    "queued-bounce-cleo@example.net": Outcome.BOUNCED,
    "queued-soft-dora@example.net": Outcome.FAILED,
    "queued-stays-emil@example.net": Outcome.QUEUED,
    "nolist-fay@example.net": Outcome.DELIVERED,
    "nolist-stays-gus@example.net": Outcome.ACCEPTED,
    "drop-hal@example.net": Outcome.DELIVERED,
    "drop-bounce-ida@example.net": Outcome.BOUNCED,
    "refuse-drop-jo@example.net": Outcome.UNKNOWN,
    "complain-kim@example.net": Outcome.DELIVERED,
    "bounce-lee@example.net": Outcome.BOUNCED,
}


def job(ground: Ground, owner: str = "reader", **changes: Any) -> EventReadingJob:
    settings = ground.settings.model_copy(update={"events_seconds": 0.001, **changes})
    return EventReadingJob(settings, ground.database, owner, threading.Event())


def queries(simulator: RunningSimulator) -> int:
    return int(requests.get(f"{simulator.url}/api/v1/settings", timeout=10).json()["graphql_queries"])


def events_of(ground: Ground, email: str) -> Sequence[MessageEvent]:
    with ground.database.reading() as session:
        query = select(MessageEvent).join(Message, Message.id == MessageEvent.message_id).where(Message.email == email)
        return session.scalars(query.order_by(MessageEvent.at, MessageEvent.id)).all()


def reading(ground: Ground) -> EventReading | None:
    with ground.database.reading() as session:
        return session.get(EventReading, ground.actor.workspace_id)


def kinds(ground: Ground, send_id: int) -> dict[str, int]:
    with ground.database.reading() as session:
        rows = session.execute(select(SendEventTally).where(SendEventTally.send_id == send_id)).scalars()
        return {str(row.kind): row.count for row in rows}


def undue(ground: Ground) -> None:
    """Let the next look be due at once."""
    with ground.database.writing() as session:
        session.execute(update(EventReading).values(looked_at=now() - timedelta(days=1), not_before=None))


# With the real simulator


@pytest.mark.parametrize("form", ["brackets", "bare"])
def test_every_waiting_e_mail_becomes_what_the_events_say(
    ground: Ground, simulator: RunningSimulator, form: str
) -> None:
    simulator.configure(events={**AT_ONCE, "message_ids": form})
    send_id = ground.send(list(EXPECTED))
    assert ground.deliver(send_id) is SendState.FINISHED
    job(ground).look()
    assert {one.email: one.state for one in ground.messages(send_id)} == EXPECTED
    ground.tally(send_id)  # adds up
    # Not counted: what the answer said already of those that were delivered at once.
    expected = {"delivered": 3, "deferred": 4, "bounced": 3, "soft_bounced": 1, "complained": 1}
    assert kinds(ground, send_id) == expected
    bounced = ground.message("queued-bounce-cleo@example.net")
    assert "550 5.1.1 The mailbox does not exist" in bounced.detail
    assert [one.kind for one in events_of(ground, "queued-bounce-cleo@example.net")] == ["deferred", "bounced"]
    assert "550 5.1.1" in ground.message("bounce-lee@example.net").detail, "the server's words for what bounced at once"
    assert not any(one.is_inferred for one in events_of(ground, "queued-ben@example.net"))


def test_an_unknown_one_is_found_by_recipient_subject_and_time_and_marked_so(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(events=AT_ONCE)
    send_id = ground.send(["drop-anna@example.net", "anna@example.net"])
    ground.deliver(send_id)
    assert ground.message("drop-anna@example.net").state is Outcome.UNKNOWN
    job(ground).look()
    found = ground.message("drop-anna@example.net")
    assert found.state is Outcome.DELIVERED
    assert found.reason == "event_delivered" and "recipient, subject and time" in found.detail
    assert found.message_id.startswith("<"), "its id is known from now on"
    assert [one.is_inferred for one in events_of(ground, "drop-anna@example.net")] == [True]


def test_ids_of_another_shape_are_bridged_by_the_first_event(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(events={**AT_ONCE, "message_ids": "other"})
    send_id = ground.send(["queued-soft-anna@example.net", "complain-ben@example.net"])
    ground.deliver(send_id)
    job(ground).look()
    assert ground.message("queued-soft-anna@example.net").state is Outcome.FAILED
    assert all(one.is_inferred for one in events_of(ground, "queued-soft-anna@example.net"))
    assert kinds(ground, send_id)["complained"] == 1


def test_what_another_program_sent_to_the_same_person_is_not_taken_for_ours(
    ground: Ground, simulator: RunningSimulator
) -> None:
    from app.cloudflare.types import Address
    from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
    from tests.contract.test_rules import a_request

    simulator.configure(events=AT_ONCE)
    send_id = ground.send(["refuse-drop-anna@example.net"])
    ground.deliver(send_id)
    with Client(simulator.base_url, DEFAULT_ACCOUNT, DEFAULT_TOKEN) as client:  # the same recipient is refused there
        client.send(a_request(to=(Address("drop-anna@example.net"),), sender=Address("x@example.com")))
    with ground.database.writing() as session:
        session.execute(update(Message).values(email="drop-anna@example.net", email_key="drop-anna@example.net"))
    job(ground).look()
    assert ground.message("drop-anna@example.net").state is Outcome.UNKNOWN


def test_nothing_is_asked_when_nothing_waits(ground: Ground, simulator: RunningSimulator) -> None:
    before = queries(simulator)
    job(ground).look()
    send_id = ground.send(["anna@example.net"])
    ground.deliver(send_id)
    with ground.database.writing() as session:  # long over, even for complaints
        old = now() - timedelta(days=8)
        session.execute(update(Message).values(changed_at=old))
        session.execute(update(Send).values(finished_at=old, first_post_at=old))
    job(ground).look()
    assert queries(simulator) == before
    with ground.database.reading() as session:
        assert session.get(EventLease, 1) is None, "not even the lease was taken"
        assert what_waits(session) == {}


def test_after_the_service_s_own_time_nothing_is_asked_any_more(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(["refuse-drop-anna@example.net", "queued-ben@example.net"])
    ground.deliver(send_id)
    for days, waits in ((30, True), (32, False)):
        old = now() - timedelta(days=days)
        with ground.database.writing() as session:
            session.execute(update(Message).values(changed_at=old))
            session.execute(update(Send).values(finished_at=old, first_post_at=old))
        with ground.database.reading() as session:
            assert bool(what_waits(session)) is waits


def test_old_ones_are_asked_for_more_seldom(ground: Ground) -> None:
    send_id = ground.send(["queued-ben@example.net"])
    ground.deliver(send_id)
    for age, factor in ((timedelta(0), 1), (timedelta(hours=2), 5), (timedelta(days=2), 60)):
        with ground.database.writing() as session:
            session.execute(update(Message).values(changed_at=now() - age))
        with ground.database.reading() as session:
            assert what_waits(session)[ground.actor.workspace_id].interval_factor == factor


def test_a_missing_permission_is_told_in_words_and_harms_no_send(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(tokens={"simulator": ["send", "read"]}, events=AT_ONCE)
    send_id = ground.send(["queued-anna@example.net", "ben@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    job(ground, retry_scale=1).look()
    row = reading(ground)
    assert row is not None and row.cause == "no_permission" and "Analytics: Read" in row.words
    assert row.not_before is not None and row.not_before > now() + timedelta(minutes=50)
    assert ground.state(send_id) is SendState.FINISHED
    before = queries(simulator)
    job(ground, retry_scale=1).look()
    assert queries(simulator) == before, "not asked again and again"
    simulator.configure(tokens={"simulator": ["send", "read", "analytics"]})
    undue(ground)
    job(ground).look()
    row = reading(ground)
    assert row is not None and (row.cause, row.words, row.failures) == ("", "", 0)
    assert ground.message("queued-anna@example.net").state is Outcome.DELIVERED


def test_a_429_is_obeyed_and_failures_wait_longer_each_time(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(graphql_limit=1, rate_window=200, events=AT_ONCE)
    ground.deliver(ground.send(["queued-anna@example.net"]))
    job(ground).look()
    undue(ground)
    job(ground).look()
    row = reading(ground)
    assert row is not None and row.cause == "throttled" and row.not_before is not None
    assert row.not_before > now() + timedelta(seconds=150)
    waits = []
    ground.connection(base_url="http://127.0.0.1:9/client/v4")
    for _ in range(3):
        with ground.database.writing() as session:
            session.execute(update(EventReading).values(not_before=None, looked_at=None))
        job(ground, retry_scale=1).look()
        row = reading(ground)
        assert row is not None and row.cause == "unreachable" and row.not_before is not None
        waits.append((row.not_before - now()).total_seconds())
    assert waits[0] < waits[1] < waits[2]


def test_the_budget_of_queries_is_kept_over_looks_and_workers(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(events=AT_ONCE)
    ground.deliver(ground.send(["queued-anna@example.net"]))
    job(ground, retry_scale=1).look()
    with ground.database.reading() as session:
        lease = session.get_one(EventLease, 1)
    wait = (lease.next_query_at - now()).total_seconds()
    assert QUERY_SPACING_SECONDS - 2 < wait <= QUERY_SPACING_SECONDS
    assert lease.lease_until <= now(), "given back, so that another worker need not wait"


def test_only_the_holder_of_the_lease_reads(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(events=AT_ONCE)
    ground.deliver(ground.send(["queued-anna@example.net"]))
    at = now()
    with ground.database.writing() as session:
        session.add(
            EventLease(id=1, owner="other", generation=7, lease_until=at + timedelta(seconds=60), next_query_at=at)
        )
    before = queries(simulator)
    job(ground).look()
    assert queries(simulator) == before
    with ground.database.writing() as session:
        session.execute(update(EventLease).values(lease_until=at - timedelta(seconds=1)))
    job(ground).look()
    assert queries(simulator) > before


def test_a_worker_that_lost_its_lease_writes_nothing(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(events=AT_ONCE)
    ground.deliver(ground.send(["queued-anna@example.net"]))
    frozen = job(ground, "frozen")
    generation = frozen._lease.take()
    assert generation is not None
    with ground.database.writing() as session:
        waiting = what_waits(session)[ground.actor.workspace_id]
        session.execute(update(EventLease).values(lease_until=now() - timedelta(seconds=1)))
    assert job(ground, "other")._lease.take() == generation + 1
    with pytest.raises(LeaseLost):
        frozen._look_for(ground.actor.workspace_id, waiting, generation)
    assert ground.message("queued-anna@example.net").state is Outcome.QUEUED
    assert events_of(ground, "queued-anna@example.net") == []


def test_a_crash_in_the_middle_of_a_page_loses_nothing_and_counts_nothing_twice(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(events=AT_ONCE)
    send_id = ground.send(list(EXPECTED))
    ground.deliver(send_id)

    def die(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "INTO send_event_tally" in statement:  # the last write of a page
            raise RuntimeError("killed")

    engine_event.listen(ground.database.engine, "before_cursor_execute", die)
    with pytest.raises(RuntimeError):
        job(ground).look()
    engine_event.remove(ground.database.engine, "before_cursor_execute", die)
    assert ground.message("queued-ben@example.net").state is Outcome.QUEUED
    with ground.database.writing() as session:
        session.execute(update(EventLease).values(lease_until=now() - timedelta(seconds=1)))
    for _ in range(3):
        job(ground).look()
        undue(ground)
    assert {one.email: one.state for one in ground.messages(send_id)} == EXPECTED
    ground.tally(send_id)
    assert kinds(ground, send_id)["bounced"] == 3
    assert len(events_of(ground, "queued-bounce-cleo@example.net")) == 2


def test_thousands_of_events_cost_a_handful_of_statements_a_page(ground: Ground, simulator: RunningSimulator) -> None:
    # At most 1,000 events in one second, two for each e-mail: more than one question gives are known to be left out.
    simulator.configure(events=AT_ONCE, chaos={"latency_ms": 20, "fault_share": 0})
    send_id = ground.send(people(900, "queued"))
    ground.deliver(send_id)
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    before = queries(simulator)
    engine_event.listen(ground.database.engine, "before_cursor_execute", note)
    try:
        job(ground).look()
    finally:
        engine_event.remove(ground.database.engine, "before_cursor_execute", note)
    pages = queries(simulator) - before
    assert ground.tally(send_id) == {Outcome.DELIVERED: 900}
    assert pages <= 4
    assert len(statements) < 40 + pages * 25, "never one for each event"


# Without it: events as they may come


def a_zone(ground: Ground) -> EventZone:
    with ground.database.writing() as session:
        zone = EventZone(workspace_id=ground.actor.workspace_id, zone_id="z", name="example.com")
        session.add(zone)
    return zone


def waiting_send(ground: Ground, outcome: Outcome, email: str = "anna@example.net", **fields: Any) -> int:
    """A finished send to one person in this state, tried a minute ago."""
    message_id = fields.pop("message_id", "<one@example.com>")
    addresses = fields.pop("addresses", {})
    send_id = ground.send([email], state=SendState.FINISHED, **fields)
    with ground.database.writing() as session:
        message = session.scalars(select(Message).where(Message.send_id == send_id)).one()
        message.state, message.message_id, message.addresses = outcome, message_id, addresses
        session.add(Attempt(message_id=message.id, number=1, started_at=now() - timedelta(minutes=1)))
        move(session, send_id, {(Outcome.PENDING, outcome): 1})
        session.get_one(Send, send_id).finished_at = now()
    return send_id


def an_event(status: str, *, at: datetime | None = None, **changes: Any) -> DeliveryEvent:
    given = {"message_id": "one@example.com", "recipient": "anna@example.net", "subject": "News for Person 0"}
    return DeliveryEvent(at=at or now(), status=status, **{**given, **changes})


def settle(ground: Ground, send_ids: Sequence[int], *events: DeliveryEvent) -> None:
    with ground.database.writing() as session:
        zone = session.get_one(EventZone, (ground.actor.workspace_id, "z"))
        settle_page(session, zone, send_ids, EventPage(events, now()))


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("status", ["delivered", "deferred", "deliveryFailed", "rejected", "complained", "novel"])
def test_only_what_waits_is_settled_and_the_counts_always_add_up(ground: Ground, outcome: Outcome, status: str) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, outcome)
    settle(ground, [send_id], an_event(status))
    (message,) = ground.messages(send_id)
    if outcome not in settling.WAITING:
        assert message.state is outcome
    elif status == "novel":
        assert message.state is (Outcome.ACCEPTED if outcome is Outcome.UNKNOWN else outcome)
    else:
        assert message.state is settling.BECOMES[an_event(status).kind]
    assert ground.tally(send_id) == {message.state: 1}


def test_what_a_person_decided_meanwhile_stays_and_the_event_is_still_told(ground: Ground) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.UNKNOWN)
    with ground.database.writing() as session:
        session.execute(update(Message).values(state=Outcome.PENDING))
        move(session, send_id, {(Outcome.UNKNOWN, Outcome.PENDING): 1})
    settle(ground, [send_id], an_event("delivered"))
    assert ground.tally(send_id) == {Outcome.PENDING: 1}
    assert len(events_of(ground, "anna@example.net")) == 1


def test_a_person_and_the_job_in_the_same_moment_leave_one_truth(ground: Ground) -> None:
    """Whoever is first wins; the counts add up either way."""
    a_zone(ground)
    for turn in range(12):
        email = f"anna{turn}@example.net"
        send_id = waiting_send(ground, Outcome.UNKNOWN, email, message_id=f"<{turn}@example.com>")
        ready = threading.Barrier(2)

        def person(send_id: int = send_id, ready: threading.Barrier = ready) -> None:
            ready.wait()
            with ground.database.writing() as session:
                changed = session.execute(
                    update(Message)
                    .where(Message.send_id == send_id, Message.state == Outcome.UNKNOWN)
                    .values(state=Outcome.PENDING)
                ).rowcount
                move(session, send_id, {(Outcome.UNKNOWN, Outcome.PENDING): changed})

        other = threading.Thread(target=person)
        other.start()
        ready.wait()
        settle(ground, [send_id], an_event("delivered", message_id=f"{turn}@example.com", recipient=email))
        other.join()
        assert sum(ground.tally(send_id).values()) == 1


def test_two_workers_with_the_same_page_write_it_once(ground: Ground) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.QUEUED)
    page = [an_event("deliveryFailed", detail="550 no"), an_event("complained")]
    threads = [threading.Thread(target=settle, args=(ground, [send_id], *page)) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert ground.tally(send_id) == {Outcome.BOUNCED: 1}
    assert kinds(ground, send_id) == {"bounced": 1, "complained": 1}
    assert len(events_of(ground, "anna@example.net")) == 2


def test_events_out_of_order_end_the_same(ground: Ground) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.QUEUED)
    at = now()
    settle(ground, [send_id], an_event("delivered", at=at))
    settle(ground, [send_id], an_event("deferred", at=at - timedelta(minutes=3)))
    assert ground.tally(send_id) == {Outcome.DELIVERED: 1}
    assert [one.kind for one in events_of(ground, "anna@example.net")] == [EventKind.DEFERRED, EventKind.DELIVERED]


def test_a_routine_delivery_is_not_kept_a_second_time(ground: Ground) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.DELIVERED)
    settle(ground, [send_id], an_event("delivered"))
    assert events_of(ground, "anna@example.net") == []
    assert kinds(ground, send_id) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Something else"},
        {"recipient": "ben@example.net"},
        {"at": now() - timedelta(hours=1)},
        {"at": now() + timedelta(days=4)},
    ],
)
def test_without_an_id_everything_must_fit(ground: Ground, changes: dict[str, Any]) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.UNKNOWN, message_id="")
    settle(ground, [send_id], an_event("delivered", **changes))
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 1}
    settle(ground, [send_id], an_event("delivered"))
    assert ground.tally(send_id) == {Outcome.DELIVERED: 1}


def test_of_two_that_fit_none_is_guessed(ground: Ground) -> None:
    a_zone(ground)
    first, second = (waiting_send(ground, Outcome.UNKNOWN, message_id="") for _ in range(2))
    settle(ground, [first, second], an_event("delivered"))
    assert ground.tally(first) == ground.tally(second) == {Outcome.UNKNOWN: 1}


def test_where_ids_fit_one_that_has_an_id_is_no_candidate(ground: Ground) -> None:
    a_zone(ground)
    with_id = waiting_send(ground, Outcome.DELIVERED, message_id="<known@example.com>")
    without = waiting_send(ground, Outcome.UNKNOWN, message_id="")
    settle(ground, [with_id, without], an_event("delivered", message_id="known@example.com"), an_event("delivered"))
    assert ground.tally(without) == {Outcome.DELIVERED: 1}


def test_each_address_of_an_e_mail_to_several_is_settled_by_itself(ground: Ground) -> None:
    a_zone(ground)
    addresses = {"anna@example.net": "queued", "Ben@example.net": "queued", "cleo@example.net": "delivered"}
    send_id = waiting_send(
        ground,
        Outcome.QUEUED,
        kind=SendKind.DIRECT,
        addresses=addresses,
        to=[["anna@example.net", ""]],
        cc=[["Ben@example.net", ""], ["cleo@example.net", ""]],
    )
    settle(ground, [send_id], an_event("delivered"), an_event("delivered", recipient="cleo@example.net"))
    (message,) = ground.messages(send_id)
    assert message.state is Outcome.QUEUED
    settle(ground, [send_id], an_event("deliveryFailed", recipient="ben@example.net", detail="550 gone"))
    (message,) = ground.messages(send_id)
    assert message.state is Outcome.BOUNCED
    assert message.addresses == {**addresses, "anna@example.net": "delivered", "Ben@example.net": "bounced"}
    ground.tally(send_id)


def test_a_copy_of_a_list_s_e_mail_does_not_decide_on_the_recipient_s(ground: Ground) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.QUEUED)
    settle(ground, [send_id], an_event("deliveryFailed", recipient="archive@example.com"))
    assert ground.tally(send_id) == {Outcome.QUEUED: 1}
    assert len(events_of(ground, "anna@example.net")) == 1


def test_what_is_told_of_somebody_erased_settles_their_e_mail_and_brings_nothing_back(ground: Ground) -> None:
    a_zone(ground)
    send_id = waiting_send(ground, Outcome.QUEUED, cc=[["archive@example.com", ""]])
    with ground.database.writing() as session:
        erase(session, ground.actor, "anna@example.net")
    told = [
        an_event("delivered", recipient="archive@example.com"),
        an_event("deliveryFailed", detail="550 anna@example.net is gone"),
    ]
    for _again in range(2):
        settle(ground, [send_id], *told)
    assert ground.tally(send_id) == {Outcome.BOUNCED: 1}
    assert kinds(ground, send_id) == {"delivered": 1, "bounced": 1}
    with ground.database.reading() as session:
        kept = [
            *session.scalars(select(MessageEvent)),
            *session.scalars(select(Message)),
            *session.scalars(select(BadAddress)),
        ]
        kept += session.scalars(select(Suppression))
        assert not [one for one in kept if "anna" in str(vars(one))]


def test_another_workspace_s_messages_are_left_alone(ground: Ground) -> None:
    from app.people.models import Workspace

    send_id = waiting_send(ground, Outcome.QUEUED)
    with ground.database.writing() as session:
        other = Workspace(name="Other")
        session.add(other)
        session.flush()
        zone = EventZone(workspace_id=other.id, zone_id="z", name="example.com")
        session.add(zone)
        session.flush()
        settle_page(session, zone, [], EventPage((an_event("delivered"),), now()))
    assert ground.tally(send_id) == {Outcome.QUEUED: 1}
    with ground.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(MessageEvent)) == 0
