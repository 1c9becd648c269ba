"""What each kind of answer makes of a message: over real HTTP, from the database to the outcome."""

from __future__ import annotations

import hashlib

import pytest

from app.sends.models import Outcome, SendKind, SendState
from app.simulator.settings import DEFAULT_ACCOUNT
from tests.delivery.ground import Ground, people, wait_for
from tests.simulator_process import RunningSimulator, free_port


def test_a_send_ends_with_everybody_in_the_group_the_answer_named(ground: Ground, simulator: RunningSimulator) -> None:
    wanted = {
        Outcome.DELIVERED: people(40),
        Outcome.BOUNCED: people(3, "bounce"),
        Outcome.QUEUED: people(4, "queued"),
        Outcome.ACCEPTED: people(2, "nolist"),
        Outcome.SKIPPED: [*people(2, "suppressed"), "dropped-1@example.net"],
    }
    send_id = ground.send([one for group in wanted.values() for one in group])
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {outcome: len(group) for outcome, group in wanted.items()}
    for outcome, group in wanted.items():
        assert {message.email for message in ground.messages(send_id) if message.state is outcome} == set(group)
    captured = {mail["Reference"]: mail for mail in simulator.messages()}
    delivered = ground.message("person-7@example.net")
    assert captured[delivered.reference]["To"][0]["Address"] == delivered.email
    assert delivered.message_id.strip("<>") == captured[delivered.reference]["MessageID"]


def test_what_was_posted_is_proven_by_its_digest(ground: Ground, simulator: RunningSimulator) -> None:
    ground.deliver(ground.send(["anna@example.net"]))
    (request,) = simulator.requests()
    assert ground.message("anna@example.net").body_sha256 == request["sha256"]
    assert request["sha256"] != hashlib.sha256(b"").hexdigest()


def test_an_attempt_keeps_the_answer(ground: Ground) -> None:
    ground.deliver(ground.send(["anna@example.net"]))
    (attempt,) = ground.attempts("anna@example.net")
    assert (attempt.number, attempt.http_status, attempt.was_sent) == (1, 200, "yes")
    assert '"delivered"' in attempt.raw_answer and attempt.ended_at is not None


@pytest.mark.parametrize(
    ("email", "outcome", "reason", "was_sent"),
    [
        ("drop-1@example.net", Outcome.UNKNOWN, "connection_lost", "unknown"),
        ("gateway-1@example.net", Outcome.UNKNOWN, "gateway", "unknown"),
        ("notjson-1@example.net", Outcome.UNKNOWN, "unreadable", "unknown"),
        ("error-invalid_request_schema@example.net", Outcome.REJECTED, "invalid_request_schema", "no"),
        ("error-email.too_big@example.net", Outcome.REJECTED, "email.too_big", "no"),
        ("error-email.invalid@example.net", Outcome.REJECTED, "email.invalid", "no"),
        ("error-not_implemented@example.net", Outcome.REJECTED, "not_implemented", "no"),
    ],
)
def test_what_must_not_be_tried_again_is_posted_once(
    ground: Ground, simulator: RunningSimulator, email: str, outcome: Outcome, reason: str, was_sent: str
) -> None:
    send_id = ground.send([email, "anna@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    message = ground.message(email)
    assert (message.state, message.reason) == (outcome, reason)
    assert message.detail
    assert [attempt.was_sent for attempt in ground.attempts(email)] == [was_sent]
    assert [request["reference"] for request in simulator.requests()].count(message.reference) == 1
    assert ground.message("anna@example.net").state is Outcome.DELIVERED


@pytest.mark.parametrize("cause", ["internal_server", "authentication.upstream", "throttled"])
def test_what_promises_that_nothing_was_sent_is_tried_again(
    ground: Ground, simulator: RunningSimulator, cause: str
) -> None:
    email = f"once-{cause}-1@example.net"
    assert ground.deliver(ground.send([email])) is SendState.FINISHED
    assert ground.message(email).state is Outcome.DELIVERED
    assert [attempt.was_sent for attempt in ground.attempts(email)] == ["no", "yes"]
    assert len(simulator.messages()) == 1


def quick(ground: Ground) -> None:
    """Let the hours in which retries are made be a few seconds."""
    ground.settings = ground.settings.model_copy(update={"retry_scale": 0.0005})


def test_retries_of_a_500_are_used_up_when_their_time_is_over(ground: Ground) -> None:
    quick(ground)
    email = "error-internal_server@example.net"
    send_id = ground.send([email, "anna@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    message = ground.message(email)
    assert (message.state, message.reason) == (Outcome.FAILED, "retries_used_up")
    assert message.tries > 3
    assert f"Tried {message.tries} times" in message.detail
    assert ground.tally(send_id) == {Outcome.FAILED: 1, Outcome.DELIVERED: 1}


def test_a_retry_after_is_obeyed_by_the_whole_account(ground: Ground, simulator: RunningSimulator) -> None:
    email = "once-throttled-1@example.net"
    assert ground.deliver(ground.send([email, *people(60)])) is SendState.FINISHED
    refused, *rest = (request["at"] for request in simulator.requests())
    # What was under way beside it may still arrive; nothing begins before the second is over.
    assert not [at for at in rest if refused + 0.3 < at < refused + 0.95]
    assert ground.message(email).state is Outcome.DELIVERED


def test_a_time_out_leaves_doubt_and_no_second_try(ground: Ground, simulator: RunningSimulator) -> None:
    ground.settings = ground.settings.model_copy(update={"read_timeout": 0.5})
    email = "slow-1.5-anna@example.net"
    send_id = ground.send([email, "quick@example.net"])
    assert ground.deliver(send_id) is SendState.FINISHED
    message = ground.message(email)
    assert (message.state, message.reason, message.tries) == (Outcome.UNKNOWN, "timeout", 1)
    assert ground.tally(send_id) == {Outcome.UNKNOWN: 1, Outcome.DELIVERED: 1}
    # The doubt was justified: it went out after all.
    wait_for(lambda: message.reference in {mail["Reference"] for mail in simulator.messages()})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token": "wrong"}, "new API token"),
        ({"account_id": DEFAULT_ACCOUNT[::-1]}, "account id"),
    ],
)
def test_a_refused_key_pauses_the_whole_send_and_loses_nobody(
    ground: Ground, simulator: RunningSimulator, change: dict[str, str], words: str
) -> None:
    ground.connection(**change)
    send_id = ground.send(people(50))
    assert ground.deliver(send_id) is SendState.PAUSED
    assert words in ground.the_send(send_id).pause_reason
    assert "Nothing was sent" in ground.the_send(send_id).pause_reason
    assert ground.tally(send_id) == {Outcome.PENDING: 50}
    assert not simulator.messages()


def test_after_the_key_is_mended_a_resumed_send_reaches_everybody(ground: Ground, simulator: RunningSimulator) -> None:
    from app.sends.control import resume

    ground.connection(token="wrong")
    send_id = ground.send(people(30))
    assert ground.deliver(send_id) is SendState.PAUSED
    ground.connection(token="simulator")
    with ground.database.writing() as session:
        resume(session, ground.actor, send_id)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 30}
    assert len({mail["Reference"] for mail in simulator.messages()}) == len(simulator.messages()) == 30


def test_a_domain_that_is_not_set_up_pauses_the_send(ground: Ground, simulator: RunningSimulator) -> None:
    simulator.configure(domains=["example.org"])
    send_id = ground.send(people(5))
    assert ground.deliver(send_id) is SendState.PAUSED
    assert "not set up for sending" in ground.the_send(send_id).pause_reason


def test_without_a_connection_the_send_pauses_with_words(ground: Ground) -> None:
    ground.connection(account_id="")
    send_id = ground.send(people(2))
    assert ground.deliver(send_id) is SendState.PAUSED
    assert "not connected" in ground.the_send(send_id).pause_reason
    assert ground.tally(send_id) == {Outcome.PENDING: 2}


def test_a_service_out_of_reach_pauses_the_send_instead_of_using_everybody_up(ground: Ground) -> None:
    quick(ground)
    ground.connection(base_url=f"http://127.0.0.1:{free_port()}/client/v4")
    send_id = ground.send(people(100))
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.PENDING: 100}
    assert "could not be reached" in ground.the_send(send_id).pause_reason


def test_a_template_that_cannot_be_rendered_for_one_person_stops_only_that_message(
    ground: Ground, simulator: RunningSimulator
) -> None:
    send_id = ground.send(
        people(5), html="{{ 10 // row|int }}", data=lambda number: {"row": str(number)}
    )  # person 0 divides by zero
    assert ground.deliver(send_id) is SendState.FINISHED
    message = ground.message("person-0@example.net")
    assert (message.state, message.reason) == (Outcome.REJECTED, "template_error")
    assert "Body" in message.detail
    assert not ground.attempts("person-0@example.net")
    assert ground.tally(send_id) == {Outcome.REJECTED: 1, Outcome.DELIVERED: 4}
    assert len(simulator.requests()) == 4


def test_a_suppressed_address_is_named_with_the_reason(ground: Ground, simulator: RunningSimulator) -> None:
    from app.cloudflare.client import Client

    with Client(simulator.base_url, DEFAULT_ACCOUNT, "simulator") as client:
        assert isinstance(client.create_suppression("quiet@example.net"), str)
    ground.deliver(ground.send(["quiet@example.net"]))
    message = ground.message("quiet@example.net")
    assert (message.state, message.reason) == (Outcome.SKIPPED, "suppressed")
    assert "quiet@example.net" in message.detail and "by hand" in message.detail


def test_an_e_mail_to_several_is_judged_by_its_worst_address(ground: Ground) -> None:
    to = [["anna@example.net", "Anna"], ["bounce-bob@example.net", ""]]
    send_id = ground.send(["anna@example.net"], kind=SendKind.DIRECT, to=to, cc=[["queued-carl@example.net", "Carl"]])
    assert ground.deliver(send_id) is SendState.FINISHED
    message = ground.message("anna@example.net")
    assert message.state is Outcome.BOUNCED
    assert message.addresses == {
        "anna@example.net": "delivered",
        "bounce-bob@example.net": "bounced",
        "queued-carl@example.net": "queued",
    }


def test_a_copy_that_no_list_names_does_not_hide_the_delivery(ground: Ground) -> None:
    send_id = ground.send(
        ["anna@example.net"],
        kind=SendKind.DIRECT,
        to=[["anna@example.net", "Anna"]],
        bcc=[["nolist-archive@example.net", ""]],
    )
    ground.deliver(send_id)
    message = ground.message("anna@example.net")
    assert message.state is Outcome.DELIVERED
    assert message.addresses["nolist-archive@example.net"] == "accepted"


def test_a_message_of_a_list_is_judged_by_its_recipient_not_by_the_copy(ground: Ground) -> None:
    send_id = ground.send(people(3), cc=[["bounce-archive@example.net", ""]])
    ground.deliver(send_id)
    assert ground.tally(send_id) == {Outcome.DELIVERED: 3}
    assert ground.message("person-1@example.net").addresses["bounce-archive@example.net"] == "bounced"


def test_used_up_quota_pauses_the_send_and_keeps_the_rest(ground: Ground, simulator: RunningSimulator) -> None:
    ground.settings = ground.settings.model_copy(update={"retry_scale": 0.0002})
    simulator.configure(daily_quota=10)
    send_id = ground.send(people(40))
    assert ground.deliver(send_id) is SendState.PAUSED
    tally = ground.tally(send_id)
    assert tally[Outcome.DELIVERED] >= 10
    assert tally[Outcome.PENDING] > 0
    assert tally.get(Outcome.UNKNOWN, 0) == 0
    assert "allowance" in ground.the_send(send_id).pause_reason


def test_a_500_within_a_200_is_told_apart(ground: Ground) -> None:
    quick(ground)
    ground.deliver(ground.send(["false200-1@example.net"]))
    assert ground.message("false200-1@example.net").state is Outcome.FAILED
