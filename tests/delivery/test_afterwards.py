"""What a person lets be sent again really goes out, once, with new tries; on lanes driven by hand."""

from __future__ import annotations

from app.sends.deciding import Decision, decide
from app.sends.models import Outcome, SendState
from app.sends.retrying import last_attempt, retry
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator


def test_failed_e_mails_go_out_when_they_are_tried_again(ground: Ground, simulator: RunningSimulator) -> None:
    ground.settings = ground.settings.model_copy(update={"retry_scale": 0.0005})  # an hour is 1.8 s
    send_id = ground.send([*people(3), "error-internal_server-anna@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 3, Outcome.FAILED: 1}
    tries = len(ground.attempts("error-internal_server-anna@example.net"))
    assert tries > 1
    with ground.database.writing() as session:
        assert (
            retry(
                session,
                ground.actor,
                send_id,
                Outcome.FAILED,
                reasons=["retries_used_up"],
                seen=1,
                upto=last_attempt(session),
            )
            == 1
        )
    assert ground.deliver(send_id) is SendState.FINISHED
    attempts = ground.attempts("error-internal_server-anna@example.net")
    assert [one.number for one in attempts] == list(range(1, len(attempts) + 1))
    assert len(attempts) > tries + 1, "its time for tries began anew"
    assert ground.tally(send_id) == {Outcome.DELIVERED: 3, Outcome.FAILED: 1}
    delivered = [mail["To"][0]["Address"] for mail in simulator.messages()]
    assert sorted(delivered) == people(3), "nobody else was written to again"


def test_refused_e_mails_go_out_once_what_was_wrong_is_right(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(["error-email.invalid-gus@example.net", "anna@example.net"])
    ground.deliver(send_id)
    with ground.database.writing() as session:
        retry(
            session,
            ground.actor,
            send_id,
            Outcome.REJECTED,
            reasons=["email.invalid"],
            seen=1,
            upto=last_attempt(session),
        )
    assert ground.deliver(send_id) is SendState.FINISHED
    assert len(ground.attempts("error-email.invalid-gus@example.net")) == 2
    assert ground.tally(send_id) == {Outcome.DELIVERED: 1, Outcome.REJECTED: 1}
    assert len(simulator.messages()) == 1


def test_in_doubt_is_sent_again_only_when_a_person_says_so(ground: Ground, simulator: RunningSimulator) -> None:
    emails = ["drop-fay@example.net", "drop-gil@example.net", "anna@example.net"]
    send_id = ground.send(emails)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 2, Outcome.DELIVERED: 1}
    fay = ground.message("drop-fay@example.net")
    with ground.database.writing() as session:
        decide(
            session, ground.actor, send_id, Decision.SEND_AGAIN, seen=1, upto=last_attempt(session), message_id=fay.id
        )
    assert ground.deliver(send_id) is SendState.FINISHED
    times = [sum(mail["Reference"] == ground.message(one).reference for mail in simulator.messages()) for one in emails]
    assert times == [2, 1, 1]
    assert ground.message("drop-fay@example.net").decided_at is None, "in doubt again, it needs another decision"
