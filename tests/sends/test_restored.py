"""A send after a restore: in doubt, paused, asking a person; on the page and by the rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from app.backup.checking import check_kept
from app.cli import main
from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.refusals import Refused
from app.sends import restored
from app.sends.control import cancel, resume
from app.sends.models import Message, Outcome, Send, SendState
from app.sends.pauses import RESTORED
from app.sends.tallies import counts
from app.settings import Settings
from tests.conftest import SECRET_KEY
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people

PEOPLE = 5


@pytest.fixture
def send_id(database: Database, actor: Person, renderer: LimitedRenderer, settings: Settings) -> int:
    """A send of five that was restored: one had been delivered, one was in hand, three waited."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(PEOPLE))
        send = a_draft_send(session, actor, version=version, people=people)
    released(database, renderer, actor, send.id)
    with database.writing() as session:
        from app.sends.tallies import move

        first, second = session.query(Message).order_by(Message.id).limit(2)
        first.state, second.state, second.lane_id = Outcome.DELIVERED, Outcome.SENDING, 1
        move(
            session,
            send.id,
            {(Outcome.PENDING, Outcome.DELIVERED): 1, (Outcome.PENDING, Outcome.SENDING): 1},
        )
        found = session.get_one(Send, send.id)
        found.state, found.first_post_at = SendState.SENDING, now()
    with database.writing() as session:
        doubt = restored.put_in_doubt(session, now() - timedelta(hours=1))
    assert (doubt.sends, doubt.messages) == (1, 4)
    assert all(one.ok for one in check_kept(database, settings))
    return send.id


def state(database: Database, send_id: int) -> SendState:
    with database.reading() as session:
        return session.get_one(Send, send_id).state


def test_what_waited_and_what_was_in_hand_is_in_doubt(database: Database, send_id: int) -> None:
    with database.reading() as session:
        assert {one: count for one, count in counts(session, send_id).items() if count} == {
            Outcome.DELIVERED: 1,
            Outcome.UNKNOWN: 4,
        }
        send = session.get_one(Send, send_id)
        assert (send.state, send.pause_code) == (SendState.PAUSED, RESTORED)
    assert [one.reason for one in messages_of(database, send_id)][1:] == ["no_answer", *["restored"] * 3]


def test_the_page_and_home_ask(client: FlaskClient, send_id: int) -> None:
    page = client.get(f"/sends/{send_id}").text
    assert "Restored from a backup: nothing goes out until you say so" in page
    assert "3 e-mails waited in the backup" in page
    assert "gets it for a second time: at most 3 people" in page
    assert ">Resume<" not in page
    assert "Postroom was restored from a backup made on" in client.get("/").text
    assert "may have gone out since" in client.get(f"/sends/{send_id}?group=unknown").text


def test_a_person_lets_them_go_out_once(client: FlaskClient, database: Database, send_id: int) -> None:
    answer = client.post(f"/sends/{send_id}/after-restore", data={"how": "send", "seen": "3"}, follow_redirects=True)
    assert "3 e-mails go out" in answer.text
    assert state(database, send_id) is SendState.SENDING
    assert [one.state for one in messages_of(database, send_id)] == [
        Outcome.DELIVERED,
        Outcome.UNKNOWN,
        *[Outcome.PENDING] * 3,
    ]
    again = client.post(f"/sends/{send_id}/after-restore", data={"how": "send", "seen": "3"})
    assert again.status_code == 409
    assert "Somebody gave it already" in again.text


def test_more_than_were_shown_are_not_sent(client: FlaskClient, database: Database, send_id: int) -> None:
    answer = client.post(f"/sends/{send_id}/after-restore", data={"how": "send", "seen": "2"})
    assert answer.status_code == 409
    assert state(database, send_id) is SendState.PAUSED
    assert Outcome.PENDING not in {one.state for one in messages_of(database, send_id)}


def test_leaving_them_in_doubt_ends_the_send_and_they_can_be_decided_on(
    client: FlaskClient, database: Database, send_id: int
) -> None:
    client.post(f"/sends/{send_id}/after-restore", data={"how": "leave"})
    assert state(database, send_id) is SendState.FINISHED
    assert "4 e-mails" in client.get(f"/sends/{send_id}/decide").text


def test_it_can_be_cancelled_but_not_simply_resumed(database: Database, actor: Person, send_id: int) -> None:
    with database.writing() as session:
        with pytest.raises(Refused, match="waits for another answer"):
            resume(session, actor, send_id)
        assert cancel(session, actor, send_id) == 0


def test_who_stopped_all_mail_meanwhile_stays_in_doubt(database: Database, actor: Person, send_id: int) -> None:
    from app.recipients.suppressions.who import SuppressionReason, suppress

    with database.writing() as session:
        suppress(session, actor.workspace_id, "p4@example.com", SuppressionReason.BY_HAND)
    with database.writing() as session:
        assert restored.send_after_restore(session, actor, send_id, seen=3) == 2


def test_a_time_that_was_chosen_is_kept(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(2))
        send = a_draft_send(session, actor, version=version, people=people)
    released(database, renderer, actor, send.id)
    with database.writing() as session:
        found = session.get_one(Send, send.id)
        found.is_timed, found.start_at = True, now() + timedelta(days=3)
    with database.writing() as session:
        restored.put_in_doubt(session, now())
    with database.writing() as session:
        restored.send_after_restore(session, actor, send.id, seen=2)
    assert state(database, send.id) is SendState.SCHEDULED


def test_a_draft_stays_a_draft(database: Database, actor: Person) -> None:
    with database.writing() as session:
        send = a_draft_send(session, actor, version=a_template_version(session, actor))
        restored.put_in_doubt(session, now())
    assert state(database, send.id) is SendState.DRAFT


def test_the_commands_do_the_same(
    database: Database, send_id: int, settings: Settings, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("POSTROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    file = tmp_path / "a backup"
    made = CliRunner().invoke(main, ["backup", str(file)])
    assert made.exit_code == 0, made.output
    assert "The secret key is not in it" in made.output
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'there.sqlite3'}")
    done = CliRunner().invoke(main, ["restore", str(file)])
    assert done.exit_code == 0, done.output
    assert "1 sends are paused" in done.output
    refused = CliRunner().invoke(main, ["restore", str(file)])
    assert refused.exit_code == 1
    assert "not empty" in refused.output
    checked = CliRunner().invoke(main, ["check"])
    assert "The groups of every send add up." in checked.output
