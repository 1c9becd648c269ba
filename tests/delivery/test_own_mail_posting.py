"""Postroom's own e-mails: they go out once, doubt is shown, and nothing that lets somebody in stays behind."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.db import now
from app.delivery.own_mail_posting import OwnMailJob
from app.people import own_mail, senders
from app.people.models import Connection, SenderIdentity
from app.people.own_mail_models import OwnMail, OwnMailState
from tests.delivery.ground import Ground
from tests.simulator_process import RunningSimulator

LINK = ("Choose a password", "https://postroom.example.com/invitation/very-secret")


@pytest.fixture
def job(ground: Ground) -> OwnMailJob:
    with ground.database.writing() as session:
        session.scalars(select(Connection)).one().domains = ["example.com"]
        sender = senders.add_sender(
            session, ground.actor, local_part="office", domain="example.com", name="The office", reply_to=""
        )
        own_mail.choose_sender(session, ground.actor, sender.id)
    return OwnMailJob(ground.settings, ground.database, threading.Event())


def write(ground: Ground, email: str) -> bool:
    with ground.database.writing() as session:
        return own_mail.write(
            session,
            ground.settings,
            ground.actor.workspace_id,
            email,
            "You are invited",
            ["Ada <invites> you.", "Good to have you."],
            link=LINK,
        )


def the_mail(ground: Ground) -> OwnMail:
    with ground.database.reading() as session:
        return session.scalars(select(OwnMail)).one()


def test_it_goes_out_with_its_words_and_link_and_leaves_nothing_secret_behind(
    ground: Ground, simulator: RunningSimulator, job: OwnMailJob
) -> None:
    assert write(ground, "new@example.net")
    assert "very-secret" not in the_mail(ground).letter_sealed
    job.look()
    job.look()
    mail = the_mail(ground)
    assert (mail.state, mail.letter_sealed, mail.words) == (OwnMailState.SENT, "", "")
    assert len(simulator.requests()) == 1
    (summary,) = requests.get(f"{simulator.url}/api/v1/messages", timeout=10).json()["messages"]
    caught = requests.get(f"{simulator.url}/api/v1/message/{summary['ID']}", timeout=10).json()
    assert caught["From"] == {"Address": "office@example.com", "Name": "The office"}
    assert caught["Subject"] == "You are invited"
    assert "Ada &lt;invites&gt; you." in caught["HTML"] and LINK[1] in caught["HTML"]
    text = caught["Text"].replace("\r\n", "\n")
    assert "Ada <invites> you.\n\nGood to have you.\n\nChoose a password:\n" + LINK[1] in text


@pytest.mark.parametrize(
    ("email", "state"),
    [
        ("bounce@example.net", OwnMailState.NOT_SENT),
        ("error-email.invalid@example.net", OwnMailState.NOT_SENT),
        ("drop-new@example.net", OwnMailState.UNKNOWN),
        ("gateway-new@example.net", OwnMailState.UNKNOWN),
    ],
)
def test_what_did_not_go_out_or_may_have_is_said_and_not_posted_again(
    ground: Ground, simulator: RunningSimulator, job: OwnMailJob, email: str, state: OwnMailState
) -> None:
    write(ground, email)
    job.look()
    posts = len(simulator.requests())
    job.look()
    mail = the_mail(ground)
    assert (mail.state, mail.letter_sealed) == (state, "")
    assert mail.words
    assert len(simulator.requests()) == posts


def test_what_is_known_not_to_have_gone_out_is_tried_again(
    ground: Ground, simulator: RunningSimulator, job: OwnMailJob
) -> None:
    write(ground, "once-internal_server@example.net")
    job.look()
    mail = the_mail(ground)
    assert mail.state is OwnMailState.WAITING and mail.letter_sealed
    with ground.database.writing() as session:
        session.execute(update(OwnMail).values(next_try_at=now()))
    job.look()
    assert the_mail(ground).state is OwnMailState.SENT
    assert the_mail(ground).tries == 2


def test_what_a_dead_worker_was_posting_is_in_doubt(
    ground: Ground, simulator: RunningSimulator, job: OwnMailJob
) -> None:
    write(ground, "new@example.net")
    left = {"state": OwnMailState.POSTING, "next_try_at": now() - timedelta(minutes=6)}
    with ground.database.writing() as session:
        session.execute(update(OwnMail).values(left))
    job.look()
    assert the_mail(ground).state is OwnMailState.UNKNOWN
    assert simulator.requests() == []


def test_two_workers_post_it_once(ground: Ground, simulator: RunningSimulator, job: OwnMailJob) -> None:
    write(ground, "new@example.net")
    other = OwnMailJob(ground.settings, ground.database, threading.Event())
    threads = [threading.Thread(target=one.look) for one in (job, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(simulator.requests()) == 1


def test_without_a_sender_or_a_connection_nothing_is_written(ground: Ground, job: OwnMailJob) -> None:
    with ground.database.writing() as session:
        senders.retire_sender(session, ground.actor, session.scalars(select(SenderIdentity.id)).one())
    assert not write(ground, "new@example.net")
    with ground.database.writing() as session:
        session.execute(update(SenderIdentity).values(is_retired=False))
        session.execute(update(Connection).values(token_sealed=None))
    assert not write(ground, "new@example.net")


def test_an_administrator_chooses_the_sender_and_reads_what_became_of_them(
    client: FlaskClient, ground: Ground, job: OwnMailJob
) -> None:
    write(ground, "bounce@example.net")
    job.look()
    page = client.get("/settings").text
    assert "bounce@example.net" in page and "The receiving server refused this address for good." in page
    assert "Somebody else" not in client.post("/settings/own-mail", data={"sender": "999"}).text
    assert client.post("/settings/own-mail", data={"sender": "999"}).status_code == 422
    assert (
        "sends no e-mails of its own"
        in client.post("/settings/own-mail", data={"sender": "0"}, follow_redirects=True).text
    )
    assert not write(ground, "new@example.net")
