"""What sends keep in words is in no language: whoever reads it gets it in their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.audit.models import AuditEntry
from app.audit.trail import in_words
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.approval_models import ApprovalRequest
from app.people.models import Person
from app.recipients.finding import segments
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.people import change_recipient
from app.sends import choosing, restored, results
from app.sends.control import pause_by_program
from app.sends.erasing import ERASED_DETAIL
from app.sends.models import ReviewProblem, Send
from app.sends.scheduling import moment_words
from app.sends.waves import wave_words
from app.words import Said, _, speaking
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, reviewed, some_people
from tests.sends.approval_ground import Office


@pytest.fixture
def draft_id(database: Database, actor: Person) -> int:
    """A draft to Members and to those in Leeds of Friends, made by somebody who speaks German."""
    with database.writing() as session, speaking("de"):
        members = a_list(session, actor, people=some_people(3), name="Members")
        friends = a_list(session, actor, people=some_people(5), name="Friends")
        leeds = Filter((Condition("city", Operator.IS, "Leeds"),))
        segment = segments.make_segment(session, actor, friends.id, name="Leeds", wanted=leeds)
        version = a_template_version(session, actor, name="Notice", text="{{ name }} {{ due }}")
        send = a_draft_send(session, actor, version=version, people=members)
        choosing.add_part(session, actor, send.id, list_id=friends.id, segment_id=segment.id, is_excluded=False)
        send.values = {"due": "May"}
        return send.id


def test_what_its_lists_are_called(database: Database, renderer: LimitedRenderer, actor: Person, draft_id: int) -> None:
    with database.reading() as session:
        send = session.get_one(Send, draft_id)
        assert results.title_of(send) == "Notice to Members, and “Leeds” of Friends"
    with database.reading() as session, speaking("de"):
        assert str(results.title_of(session.get_one(Send, draft_id))) == "Notice an Members und „Leeds“ aus Friends"
    with speaking("de"):
        released(database, renderer, actor, draft_id)
    with database.reading() as session:
        assert results.title_of(session.get_one(Send, draft_id)) == "Notice to Members, and “Leeds” of Friends"


def test_why_it_is_paused_before_and_after_a_restore(
    database: Database, renderer: LimitedRenderer, actor: Person, draft_id: int
) -> None:
    released(database, renderer, actor, draft_id)
    with database.writing() as session:
        words = wave_words(session, session.get_one(Send, draft_id))
        pause_by_program(session, draft_id, words, code="wave")
    with database.reading() as session, speaking("de"):
        reason = str(session.get_one(Send, draft_id).pause_reason)
        said = str(session.query(AuditEntry).order_by(AuditEntry.id.desc()).first().words)  # type: ignore[union-attr]
    assert reason.startswith("Die Welle ist hinaus ()."), "nothing went out in it"
    assert said == f"Versand {draft_id} angehalten: {reason}"
    with database.writing() as session:
        restored.put_in_doubt(session, datetime(2026, 3, 2, 9, tzinfo=UTC))
    with database.reading() as session:
        send = session.get_one(Send, draft_id)
        assert send.pause_reason.startswith("Postroom was restored from a backup made on 2026-03-02 at 09:00 UTC.")
        assert " It had paused before: The wave is out (). " in send.pause_reason
    with database.reading() as session, speaking("de"):
        assert str(session.get_one(Send, draft_id).pause_reason).endswith(reason)


def test_why_somebody_is_left_out(database: Database, renderer: LimitedRenderer, actor: Person, draft_id: int) -> None:
    with database.writing() as session:
        list_id = session.get_one(Send, draft_id).list_id or 0
        first = session.execute(text("SELECT id FROM recipient WHERE list_id = :id LIMIT 1"), {"id": list_id}).scalar()
        session.get_one(Send, draft_id).values = {}
        change_recipient(session, actor, list_id, first or 0, email="p0@example.com", name="P", data={"city": "York"})
    with speaking("de"):
        reviewed(database, renderer, actor, draft_id)
    with database.reading() as session:
        problem = session.query(ReviewProblem).first()
        assert problem is not None
        assert problem.words == "There is no value for due: neither the list nor this send gives one."
    with database.reading() as session, speaking("de"):
        problem = session.query(ReviewProblem).first()
        assert problem is not None
        assert str(problem.words).startswith("Für due gibt es keinen Wert")


def test_a_detail_of_a_message(database: Database, sent: int) -> None:
    message_id = messages_of(database, sent)[0].id
    with database.writing() as session:
        session.execute(text("UPDATE message SET detail = 'said by a server' WHERE id = :id"), {"id": message_id})
        found = results.people_of_group(session, session.get_one(Send, sent), None)
        assert found[0].detail == "said by a server"
        found[1].detail = ERASED_DETAIL
    with database.reading() as session, speaking("de"):
        assert str(messages_of(database, sent)[1].detail) == "Die Daten der Person wurden auf Antrag gelöscht."
        headings = next(results.download(session, session.get_one(Send, sent)))
    assert "Ergebnis,Grund,Nachrichten-ID des Maildienstes,Versuche,letzte Änderung (UTC)" in headings


def test_why_approval_was_needed_and_why_it_was_cancelled(office: Office) -> None:
    with speaking("de"):
        request_id = office.ask()
    with office.database.reading() as session:
        assert session.get_one(ApprovalRequest, request_id).reasons == ["Every send needs approval here."]
        kept = session.execute(text("SELECT reasons FROM approval_request")).scalar()
    kept = json.loads(kept) if isinstance(kept, str) else kept  # PostgreSQL's driver reads JSON by itself
    assert kept == ['words:["Every send needs approval here."]']
    with office.database.reading() as session, speaking("de"):
        reasons = session.get_one(ApprovalRequest, request_id).reasons
        assert [str(one) for one in reasons] == ["Jeder Versand braucht hier eine Freigabe."]


def test_a_point_in_time_with_its_day_of_the_week() -> None:
    words = moment_words(datetime(2026, 3, 2, 9, tzinfo=UTC), "Europe/London")
    assert words == "Monday 2 March 2026, 09:00 (Europe/London)"
    with speaking("de"):
        assert str(words).startswith("Montag, 2. März 2026, 09:00 Uhr (")


def test_words_before_and_after_an_act_stay_words() -> None:
    assert isinstance(in_words(_("Paused")), Said)
