"""A permanent bounce or a complaint adds a suppression by rule, in the transaction that records it; soft ones never."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.db import now
from app.people.models import Workspace
from app.recipients.models import Suppression, SuppressionReason
from app.recipients.suppressions.rules import change_rules
from app.recipients.suppressions.who import suppress
from app.sends.bad_address_models import BadAddress, BadAddressKind, BadAddressState
from app.sends.models import Outcome, Send, SendKind, SendState
from app.sends.tallies import retrying
from app.sends.waves import go_on
from tests.delivery.ground import Ground
from tests.delivery.test_settling import AT_ONCE, job, undue
from tests.simulator_process import RunningSimulator


def ours(ground: Ground) -> dict[str, tuple[str, str]]:
    with ground.database.reading() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.email_key, Suppression.reason)).all()
        return {row.email_key: (str(row.reason), row.note) for row in rows}


def bad(ground: Ground) -> dict[str, BadAddress]:
    with ground.database.reading() as session:
        return {row.email_key: row for row in session.scalars(select(BadAddress)).all()}


def test_a_permanent_bounce_of_the_answer_is_written_to_no_more(ground: Ground) -> None:
    send_id = ground.send(["anna@example.net", "Bounce-Ben@example.net", "queued-soft-cleo@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ours(ground) == {"bounce-ben@example.net": ("bounce", "")}
    row = bad(ground)["bounce-ben@example.net"]
    assert (row.email, row.name, row.send_id, row.kind) == (
        "Bounce-Ben@example.net",
        "Person 1",
        send_id,
        BadAddressKind.BOUNCED,
    )
    ground.tally(send_id)


def test_later_events_bring_the_servers_words_and_complaints_but_soft_bounces_bring_nothing(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(events=AT_ONCE)
    emails = ["bounce-lee@example.net", "queued-bounce-cleo@example.net", "queued-soft-dora@example.net"]
    send_id = ground.send([*emails, "complain-kim@example.net"])
    ground.deliver(send_id)
    job(ground).look()
    assert ground.message("queued-soft-dora@example.net").state is Outcome.FAILED
    found = ours(ground)
    assert {key: reason for key, (reason, _) in found.items()} == {
        "bounce-lee@example.net": "bounce",
        "queued-bounce-cleo@example.net": "bounce",
        "complain-kim@example.net": "complaint",
    }
    assert "550 5.1.1" in found["queued-bounce-cleo@example.net"][1]
    assert "550 5.1.1" in found["bounce-lee@example.net"][1], "the words come after the entry"
    assert set(bad(ground)) == {"bounce-lee@example.net", "queued-bounce-cleo@example.net"}
    assert "550 5.1.1" in bad(ground)["bounce-lee@example.net"].words
    assert bad(ground)["queued-bounce-cleo@example.net"].name == "Person 1"
    undue(ground)
    job(ground).look()
    assert ours(ground) == found, "what comes twice is there once"


def test_what_a_person_took_away_does_not_come_back_by_the_same_event(
    ground: Ground, simulator: RunningSimulator
) -> None:
    simulator.configure(events=AT_ONCE)
    ground.deliver(ground.send(["queued-bounce-cleo@example.net", "queued-stays-emil@example.net"]))
    job(ground).look()
    with ground.database.writing() as session:
        session.delete(session.scalars(select(Suppression)).one())
    undue(ground)
    job(ground).look()
    assert ours(ground) == {}


def test_the_rules_can_be_switched_off_for_a_workspace(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(events=AT_ONCE)
    with ground.database.writing() as session:
        change_rules(session, ground.actor, adds_bounces=False, adds_complaints=True, syncs=True, hands_over=[])
    ground.deliver(ground.send(["bounce-lee@example.net", "complain-kim@example.net", "queued-bounce-a@example.net"]))
    job(ground).look()
    assert set(ours(ground)) == {"complain-kim@example.net"}
    assert set(bad(ground)) == {"bounce-lee@example.net", "queued-bounce-a@example.net"}, "the work list has them still"


def test_another_workspace_is_not_touched(ground: Ground) -> None:
    with ground.database.writing() as session:
        other = Workspace(name="Other", is_live=True)
        session.add(other)
        session.flush()
        session.add(
            Suppression(
                workspace_id=other.id,
                email="bounce-a@example.net",
                email_key="bounce-a@example.net",
                reason=SuppressionReason.BY_HAND,
            )
        )
    ground.deliver(ground.send(["bounce-a@example.net"]))
    with ground.database.reading() as session:
        rows = session.execute(select(Suppression.workspace_id, Suppression.reason).order_by(Suppression.id)).all()
    assert [tuple(row) for row in rows] == [(other.id, "by_hand"), (ground.actor.workspace_id, "bounce")]


def test_a_bounce_of_an_e_mail_to_several_people_names_the_one_who_bounced(ground: Ground) -> None:
    to = [["anna@example.net", "Anna"], ["bounce-ben@example.net", "Ben"]]
    send_id = ground.send(["anna@example.net"], kind=SendKind.DIRECT, to=to)
    ground.deliver(send_id)
    assert set(ours(ground)) == {"bounce-ben@example.net"}


def test_an_address_that_bounces_anew_is_open_again(ground: Ground) -> None:
    ground.deliver(ground.send(["bounce-a@example.net"]))
    with ground.database.writing() as session:
        session.scalars(select(BadAddress)).one().state = BadAddressState.ASIDE
        session.delete(session.scalars(select(Suppression)).one())  # somebody thinks that it works again
    second = ground.send(["bounce-a@example.net"])
    ground.deliver(second)
    row = bad(ground)["bounce-a@example.net"]
    assert (row.state, row.send_id) == (BadAddressState.OPEN, second)


def test_an_e_mail_that_alone_of_its_send_is_refused_stands_in_the_work_list(ground: Ground) -> None:
    ground.deliver(ground.send(["anna@example.net", "error-email.invalid-gus@example.net"]))
    assert bad(ground)["error-email.invalid-gus@example.net"].kind is BadAddressKind.REFUSED
    ground.deliver(ground.send(["error-email.invalid-hal@example.net"]))
    assert "error-email.invalid-hal@example.net" not in bad(ground), "all were refused: the e-mail is at fault"
    assert ours(ground) == {}


def test_a_refusal_counts_also_when_the_first_e_mail_is_taken_after_it(ground: Ground) -> None:
    refused = "error-email.invalid-gus@example.net"
    send_id = ground.send([refused, "anna@example.net"], wave_left=1, wave_size=1)  # recorded one after the other
    ground.deliver(send_id)
    assert refused not in bad(ground), "nothing was taken yet"
    with ground.database.writing() as session:
        go_on(session, ground.actor, send_id, None)
    ground.deliver(send_id)
    assert bad(ground)[refused].kind is BadAddressKind.REFUSED


def test_who_says_no_while_a_send_goes_on_gets_nothing_more_of_it(ground: Ground, simulator: RunningSimulator) -> None:
    emails = [f"person-{number}@example.net" for number in range(30)]
    send_id = ground.send(emails)
    other = ground.send(["person-7@example.net", "person-8@example.net"])
    with ground.database.writing() as session:
        session.get_one(Send, send_id).released_at = now() - timedelta(hours=1)
        suppress(session, ground.actor.workspace_id, "Person-7@example.net", SuppressionReason.OPT_OUT)
        session.add(
            Suppression(
                workspace_id=ground.actor.workspace_id,
                email="person-9@example.net",
                email_key="person-9@example.net",
                reason=SuppressionReason.BY_HAND,
                until=now() - timedelta(minutes=5),
            )
        )
    for one in (send_id, other):
        assert ground.deliver(one) is SendState.FINISHED
    left_out = [one for one in ground.messages(send_id) if one.state is Outcome.SKIPPED]
    assert [(one.email, one.reason) for one in left_out] == [("person-7@example.net", "opted_out")]
    assert "unsubscribed on" in left_out[0].detail and left_out[0].tries == 0
    assert ground.tally(send_id) == {Outcome.DELIVERED: 29, Outcome.SKIPPED: 1}
    assert ground.tally(other) == {Outcome.DELIVERED: 1, Outcome.SKIPPED: 1}
    posted = [address for one in simulator.requests() for address in one["recipients"]]
    assert not any("person-7" in str(address) for address in posted)


def test_one_that_waits_for_a_retry_is_left_out_too_and_the_counts_add_up(ground: Ground) -> None:
    send_id = ground.send(["error-internal_server-anna@example.net"])
    hand = ground.hand()
    hand.queue.wake(send_id)
    hand.work(lambda: retrying_of(ground, send_id) == 1)
    with ground.database.writing() as session:
        suppress(
            session, ground.actor.workspace_id, "error-internal_server-anna@example.net", SuppressionReason.OPT_OUT
        )
    hand.work(lambda: ground.state(send_id) is SendState.FINISHED)
    assert ground.tally(send_id) == {Outcome.SKIPPED: 1}
    assert retrying_of(ground, send_id) == 0
    hand.close()


def retrying_of(ground: Ground, send_id: int) -> int:
    with ground.database.reading() as session:
        return retrying(session, send_id)
