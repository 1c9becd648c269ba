"""The words of old entries go by the workspace's rule, and the chain still proves itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit import keeping
from app.audit.models import AuditEntry
from app.audit.origin import Origin, Via, acting_from
from app.audit.trail import note
from app.audit.verifying import breaks
from app.db import Database, now
from app.people.models import Person
from app.people.trail_keeping import keep_trail_for, take_old_words_away
from app.refusals import Refused
from tests.audit.test_chain import attack


def write_long_ago(database: Database, actor: Person, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write entries of two years ago."""
    with monkeypatch.context() as patched:
        patched.setattr("app.audit.trail.now", lambda: now() - timedelta(days=730))
        with acting_from(Origin(Via.PAGES, "192.0.2.7", "Firefox")), database.writing() as session:
            for number in range(count):
                note(session, actor, "list.renamed", f"List {number} renamed", changes={"Name": ("SECRET", "B")})


def keep(database: Database, actor: Person, years: int | None) -> None:
    with database.writing() as session:
        keep_trail_for(session, actor, years)


def entries(database: Database, action: str) -> list[AuditEntry]:
    with database.reading() as session:
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.position)
        return list(session.scalars(query))


def broken(database: Database, actor: Person) -> list[str]:
    with database.reading() as session:
        return [one.words for one in breaks(session, actor.workspace_id)]


def test_without_a_rule_the_words_are_kept(database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    write_long_ago(database, actor, 3, monkeypatch)
    assert take_old_words_away(database) == 0
    assert entries(database, "list.renamed")[0].words == "List 0 renamed"


def test_old_words_go_and_the_chain_stays_whole(
    database: Database, actor: Person, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CHUNK", 2)
    write_long_ago(database, actor, 5, monkeypatch)
    with database.writing() as session:
        note(session, actor, "list.deleted", "A young entry")
    keep(database, actor, 3)
    assert take_old_words_away(database) == 0, "its time is not over"
    keep(database, actor, 1)
    assert take_old_words_away(database) == 5
    assert take_old_words_away(database) == 0, "once is enough"
    for one in entries(database, "list.renamed"):
        assert (one.words, one.details, one.address, one.browser, one.salt) == ("", {}, "", "", "")
        assert one.actor_id == actor.id and one.digest and one.erased_at
    assert entries(database, "list.deleted")[0].words == "A young entry"
    assert len(entries(database, "trail.words_taken_away")) == 3, "each chunk is noted"
    assert broken(database, actor) == []
    assert "were taken away" in client.get("/activity?kind=lists").text
    place = entries(database, "list.renamed")[0].position
    assert "were taken away" in client.get(f"/activity/{place}").text


def test_words_that_no_rule_took_away_are_a_break(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_long_ago(database, actor, 3, monkeypatch)
    keep(database, actor, 1)
    take_old_words_away(database)
    with database.writing() as session:
        note(session, actor, "list.deleted", "Done by a culprit")
    place = entries(database, "list.deleted")[0].position
    attack(
        database,
        "UPDATE audit_entry SET words = '', details = '{}', salt = '', erased_at = '2026-01-01 00:00:00' "
        f"WHERE position = {place}",
    )
    assert any("no rule of the workspace took them away" in one for one in broken(database, actor))


def test_words_put_in_afterwards_are_a_break(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_long_ago(database, actor, 3, monkeypatch)
    keep(database, actor, 1)
    take_old_words_away(database)
    attack(database, "UPDATE audit_entry SET words = 'invented' WHERE action = 'list.renamed'")
    assert any("words were put in" in one for one in broken(database, actor))


@pytest.mark.parametrize("years", [0, -1, 31])
def test_a_senseless_rule_is_refused(database: Database, actor: Person, years: int) -> None:
    with pytest.raises(Refused) as refusal:
        keep(database, actor, years)
    assert refusal.value.field == "years"


def test_the_rule_is_set_on_the_page(client: FlaskClient) -> None:
    answer = client.post("/sends/retention/trail", data={"keep_trail": "years", "years": "99"})
    assert answer.status_code == 422 and "from 1 to 30" in answer.text
    assert client.post("/sends/retention/trail", data={"keep_trail": "years", "years": "3"}).status_code == 302
    assert 'value="3"' in client.get("/sends/retention").text
