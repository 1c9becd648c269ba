"""Who unsubscribes after the release is left out when their turn comes, with the reason; others get their e-mail."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.delivery import lanes
from app.delivery.claiming import claim
from app.emails.limits import LimitedRenderer
from app.people.models import Workspace
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import suppress
from app.recipients.unsubscribing.links import link_keys
from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.notices import ServiceScope
from app.recipients.unsubscribing.topics import add_topic, stop_topic
from app.sends.looking import look_after
from app.sends.models import Outcome, Send, SendKind, SendState
from app.sends.waves import go_on
from tests.delivery.ground import Ground, people
from tests.simulator_process import RunningSimulator
from tests.statements import statements

ADDRESS = "https://mail.example.org"
HEADERS = [["List-Unsubscribe", "<{{ unsubscribe_url }}>"], ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"]]
OLD_KEY = "an earlier secret key for tests, long enough"


def a_topic(ground: Ground) -> int:
    with ground.database.writing() as session:
        return add_topic(session, ground.actor, {"en": ("Appointments", "")}).id


def stop(ground: Ground, email: str, topic_id: int | None = None) -> None:
    with ground.database.writing() as session:
        if topic_id is None:
            suppress(session, ground.actor.workspace_id, email, SuppressionReason.OPT_OUT)
        else:
            stop_topic(session, session.get_one(Topic, topic_id), email)


def test_who_unsubscribed_since_the_release_is_left_out(ground: Ground, simulator: RunningSimulator) -> None:
    topic_id = a_topic(ground)
    send_id = ground.send(people(6), topic_id=topic_id)
    stop(ground, "Person-1@example.net")
    stop(ground, "person-4@example.net", topic_id)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 4, Outcome.SKIPPED: 2}
    assert len(simulator.requests()) == 4
    one, four = ground.message("person-1@example.net"), ground.message("person-4@example.net")
    assert (one.reason, four.reason) == ("opted_out", "topic_opted_out")
    assert one.detail.startswith("person-1@example.net unsubscribed on ")
    assert four.detail.startswith("person-4@example.net stopped “Appointments” on ")
    assert not ground.attempts("person-1@example.net")


def test_a_send_whose_people_all_unsubscribed_finishes(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(people(3))
    for email in people(3):
        stop(ground, email)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.SKIPPED: 3}
    assert simulator.requests() == []


def test_another_kind_stopped_changes_nothing(ground: Ground) -> None:
    with ground.database.writing() as session:
        other = add_topic(session, ground.actor, {"en": ("Parking", "")}).id
    send_id = ground.send(people(2), topic_id=a_topic(ground))
    stop(ground, "person-0@example.net", other)
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 2}


@pytest.mark.parametrize(
    ("scope", "left_out"),
    [
        (ServiceScope.NONE, {"kind", "all", "bounced"}),
        (ServiceScope.KIND, {"all", "bounced"}),
        (ServiceScope.ALL, {"bounced"}),
    ],
)
def test_a_service_notice_reaches_whom_its_scope_says_and_never_who_bounced(
    ground: Ground, scope: ServiceScope, left_out: set[str]
) -> None:
    topic_id = a_topic(ground)
    emails = [f"{one}@example.net" for one in ("kind", "all", "bounced", "nobody")]
    send_id = ground.send(emails, topic_id=topic_id, service_scope=scope, service_reason="By contract.")
    stop(ground, "kind@example.net", topic_id)
    stop(ground, "all@example.net")
    with ground.database.writing() as session:
        suppress(session, ground.actor.workspace_id, "bounced@example.net", SuppressionReason.OPT_OUT)
        suppress(session, ground.actor.workspace_id, "bounced@example.net", SuppressionReason.BOUNCE)
    assert ground.deliver(send_id) is SendState.FINISHED
    skipped = {one.email.partition("@")[0] for one in ground.messages(send_id) if one.state is Outcome.SKIPPED}
    assert skipped == left_out


def test_one_e_mail_to_several_is_kept_back_by_one_of_them(ground: Ground, simulator: RunningSimulator) -> None:
    send_id = ground.send(
        ["anna@example.net"],
        kind=SendKind.DIRECT,
        to=[["anna@example.net", ""]],
        cc=[["Ben@example.net", ""]],
    )
    stop(ground, "ben@example.net")
    assert ground.deliver(send_id) is SendState.FINISHED
    assert ground.tally(send_id) == {Outcome.SKIPPED: 1}
    assert ground.message("anna@example.net").detail.startswith("Ben@example.net unsubscribed on ")
    assert simulator.requests() == []


def test_a_wave_does_not_count_who_is_left_out(ground: Ground) -> None:
    send_id = ground.send(people(6), wave_left=3, wave_size=3)
    stop(ground, "person-0@example.net")
    assert ground.deliver(send_id) is SendState.PAUSED
    assert ground.tally(send_id) == {Outcome.DELIVERED: 3, Outcome.SKIPPED: 1, Outcome.PENDING: 2}


def test_the_check_costs_the_same_for_many(ground: Ground) -> None:
    counted = {}
    for count in (5, 200):
        send_id = ground.send(people(count, f"of-{count}"), topic_id=None)
        with ground.database.writing() as session:
            session.get_one(Send, send_id).state = SendState.SENDING
            (opened, *_) = lanes.open_lanes(session, send_id, 1, 30)
        with ground.database.writing() as session:
            lane = lanes.take(session, opened[0], opened[1], "one", 30)
            assert lane is not None
            session.get_one(Send, send_id)
            with statements() as said:
                claim(session, lane, count)
            counted[count] = len(said)
    assert counted[5] == counted[200]


def unsubscribe_links(simulator: RunningSimulator) -> list[str]:
    mails = [simulator.message(one["ID"]) for one in simulator.messages()]
    found = [str(dict(one["Headers"])["List-Unsubscribe"]).strip("<>") for one in mails]
    assert len(set(found)) == len(found)
    return found


def test_what_goes_out_carries_a_sealed_link_and_is_proven_after_the_key_was_changed(
    ground: Ground, simulator: RunningSimulator, renderer: LimitedRenderer
) -> None:
    topic_id = a_topic(ground)
    send_id = ground.send(people(2), headers=HEADERS, public_url=ADDRESS, topic_id=topic_id)
    assert ground.deliver(send_id) is SendState.FINISHED
    for link in unsubscribe_links(simulator):
        assert link.startswith(f"{ADDRESS}/u/")
        with pytest.raises(ValueError, match="UUID"):
            UUID(link.rpartition("/")[2])
    send, message = ground.the_send(send_id), ground.message("person-0@example.net")
    now_keys = link_keys([ground.settings.secret_key])
    assert send.link_key == now_keys.current.id
    rotated = link_keys(["another secret key, long enough for its check", ground.settings.secret_key])
    with ground.database.reading() as session:
        send = session.get_one(Send, send_id)
        assert look_after(session, renderer, send, message, now_keys).is_proven
        assert look_after(session, renderer, send, message, rotated).is_proven
        assert not look_after(session, renderer, send, message, link_keys([OLD_KEY])).is_proven


def test_a_new_public_address_does_not_change_what_is_left_of_a_send(
    ground: Ground, simulator: RunningSimulator
) -> None:
    send_id = ground.send(people(4), headers=HEADERS, public_url=ADDRESS, wave_left=2, wave_size=2)
    assert ground.deliver(send_id) is SendState.PAUSED
    with ground.database.writing() as session:
        session.get_one(Workspace, ground.actor.workspace_id).public_url = "https://elsewhere.example.net"
        go_on(session, ground.actor, send_id, None)
    assert ground.deliver(send_id) is SendState.FINISHED
    links = unsubscribe_links(simulator)
    assert len(links) == 4
    assert all(link.startswith(f"{ADDRESS}/u/") for link in links)
