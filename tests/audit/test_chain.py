"""The chain: every entry is sealed as it is written; whatever is done to the trail behind our back is found."""

from __future__ import annotations

import hashlib
import itertools
import json
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.audit.chain import head_words, heads
from app.audit.models import AuditEntry
from app.audit.origin import Origin, Via, acting_from
from app.audit.protection import lifted
from app.audit.trail import note, note_program
from app.audit.verifying import breaks, noted_head
from app.cli import main
from app.db import Database, table_of
from app.people.models import Person
from app.settings import Settings
from tests.conftest import SECRET_KEY
from tests.statements import statements


@pytest.fixture
def noted(database: Database, actor: Person) -> None:
    """Seven more entries of a workspace that has one or more already."""
    for number in range(7):
        with database.writing() as session:
            changes = {"Pace": (f"{number} a minute", f"{number + 1} a minute")}
            note(session, actor, "send.paused", f"Send {number} paused", subject_id=number, changes=changes)


def entries(database: Database) -> Sequence[AuditEntry]:
    with database.reading() as session:
        return session.scalars(select(AuditEntry).order_by(AuditEntry.position)).all()


def found(database: Database, actor: Person, head: str = "") -> list[str]:
    with database.reading() as session:
        told = breaks(session, actor.workspace_id, noted_head(head) if head else None)
        return [f"{one.position} {one.words}" for one in told]


def attack(database: Database, *acts: str) -> None:
    """Change tables as somebody would who holds the database itself: without its triggers."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            for table in ("audit_entry", "audit_head"):
                for act in ("update", "delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_{act}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for act in acts:
            connection.exec_driver_sql(act)


@pytest.mark.usefixtures("noted")
def test_entries_written_one_after_the_other_are_one_whole_chain(database: Database, actor: Person) -> None:
    told = entries(database)
    assert [one.position for one in told] == list(range(1, len(told) + 1))
    assert all(later.before_digest == one.digest for one, later in itertools.pairwise(told))
    assert found(database, actor) == []


@pytest.mark.usefixtures("noted")
def test_a_digest_can_be_computed_by_anybody_from_what_the_docs_say(database: Database) -> None:
    one = entries(database)[-1]

    def digest(value: object) -> str:
        written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(written.encode()).hexdigest()

    content = digest({"address": "", "browser": "", "details": one.details, "salt": one.salt, "words": "Send 6 paused"})
    body = {
        "action": "send.paused",
        "actor": one.actor_id,
        "at": f"{one.at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "before": one.before_digest,
        "content": content,
        "format": 1,
        "position": one.position,
        "subject": 6,
        "via": "program",
        "workspace": one.workspace_id,
    }
    assert one.digest == digest(body)


def test_many_writers_at_once_make_one_chain(database: Database, actor: Person) -> None:
    def write(number: int) -> None:
        with database.writing() as session:
            note_program(session, actor.workspace_id, "send.finished", f"Send {number} finished", subject_id=number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    assert found(database, actor) == []
    assert sum(one.action == "send.finished" for one in entries(database)) == 60


def test_what_is_rolled_back_leaves_no_gap(database: Database, actor: Person) -> None:
    with database.session(write=True) as session:
        note(session, actor, "send.paused", "Send 1 paused")
        session.flush()
        session.rollback()
        note(session, actor, "send.resumed", "Send 1 resumed")
        with session.begin_nested() as inner:
            note(session, actor, "send.cancelled", "Send 1 cancelled")
            session.flush()
            inner.rollback()
        session.commit()
    assert [one.action for one in entries(database)][-1] == "send.resumed"
    assert found(database, actor) == []


def test_sealing_costs_a_few_statements_however_many_entries_there_are(database: Database, actor: Person) -> None:
    counted = []
    for _ in range(2):
        with statements() as seen, database.writing() as session:
            note(session, actor, "send.paused", "Send 1 paused")
        counted.append(len([one for one in seen if "audit_" in one]))
        with database.writing() as session:
            for number in range(50):
                note(session, actor, "send.paused", f"Send {number} paused")
    assert counted[1] <= 4, counted
    assert counted[1] <= counted[0]


FORBIDDEN = (
    "UPDATE audit_entry SET words = 'nothing happened' WHERE position = 3",
    "UPDATE audit_entry SET at = '2020-01-01 00:00:00' WHERE position = 3",
    "UPDATE audit_entry SET digest = 'other' WHERE position = 3",
    "UPDATE audit_entry SET words = '', details = '{}', address = '', browser = '', salt = '', "
    "erased_at = '2026-01-01 00:00:00' WHERE position = 3",
    "DELETE FROM audit_entry WHERE position = 3",
    "UPDATE audit_head SET position = position - 1",
    "DELETE FROM audit_head",
)


@pytest.mark.parametrize("act", FORBIDDEN)
@pytest.mark.usefixtures("noted")
def test_the_database_itself_refuses_to_change_the_trail(database: Database, actor: Person, act: str) -> None:
    with pytest.raises(DBAPIError, match="the trail cannot be changed"), database.engine.begin() as connection:
        connection.exec_driver_sql(act)
    assert found(database, actor) == []


@pytest.mark.usefixtures("noted")
def test_a_restore_may_empty_and_fill_the_trail_and_is_held_to_the_chain_again_afterwards(
    database: Database, actor: Person
) -> None:
    told = entries(database)
    table = table_of(AuditEntry)
    with database.engine.begin() as connection, lifted(connection):
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        connection.execute(table.delete())
        connection.execute(table.insert(), rows)
    assert [one.digest for one in entries(database)] == [one.digest for one in told]
    assert found(database, actor) == []
    with pytest.raises(DBAPIError, match="the trail cannot be changed"), database.engine.begin() as connection:
        connection.execute(table.delete())


@pytest.mark.usefixtures("noted")
def test_postgresql_cannot_empty_the_trail_at_once(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="the trail cannot be changed"), database.engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE audit_entry")


COPY = (
    "INSERT INTO audit_entry (id, workspace_id, actor_id, at, action, subject_id, words, details, via, address, "
    "browser, salt, content_digest, position, before_digest, digest) SELECT {id}, workspace_id, actor_id, at, action, "
    "subject_id, words, details, via, address, browser, salt, content_digest, {position}, before_digest, {digest} "
    "FROM audit_entry WHERE position = 4"
)
BEHIND = COPY.format(id=9_999, position="1000", digest="digest")
ALONE = COPY.format(id=9_999, position="NULL", digest="''")
TAMPERING = {
    "words changed": (["UPDATE audit_entry SET words = 'x' WHERE position = 4"], "4 was changed: its words"),
    "details changed": (["UPDATE audit_entry SET details = '{\"a\": 1}' WHERE position = 4"], "4 was changed"),
    "address changed": (["UPDATE audit_entry SET address = '192.0.2.1' WHERE position = 4"], "4 was changed"),
    "another person": (["UPDATE audit_entry SET actor_id = NULL WHERE position = 4"], "4 was changed: its digest"),
    "another time": (["UPDATE audit_entry SET at = '2020-01-01 00:00:00' WHERE position = 4"], "4 was changed"),
    "another act": (["UPDATE audit_entry SET action = 'send.resumed' WHERE position = 4"], "4 was changed"),
    "one removed": (["DELETE FROM audit_entry WHERE position = 4"], "4 was removed"),
    "some removed": (["DELETE FROM audit_entry WHERE position IN (4, 5)"], "4 and those after it up to 5"),
    "the first removed": (["DELETE FROM audit_entry WHERE position = 1"], "1 was removed"),
    "removed and closed up": (
        [
            "DELETE FROM audit_entry WHERE position = 4",
            "UPDATE audit_entry SET position = 4 WHERE position = 5",
        ],
        "4 does not follow",
    ),
    "cut at the end": (["DELETE FROM audit_entry WHERE position >= 6"], "6 and those after it up to"),
    "put in at the end": ([BEHIND], "was put in behind the end"),
    "put in beside the chain": ([ALONE], "was put in from outside"),
    "two exchanged": (
        [
            "UPDATE audit_entry SET position = 1000 WHERE position = 4",
            "UPDATE audit_entry SET position = 4 WHERE position = 5",
            "UPDATE audit_entry SET position = 5 WHERE position = 1000",
        ],
        "4 does not follow",
    ),
    "words taken away": (
        [
            "UPDATE audit_entry SET words = '', details = '{}', salt = '', erased_at = '2026-01-01 00:00:00' "
            "WHERE position = 4"
        ],
        "4 has lost its words",
    ),
}


@pytest.mark.parametrize("kind", TAMPERING)
@pytest.mark.usefixtures("noted")
def test_each_kind_of_tampering_is_found_at_its_place(database: Database, actor: Person, kind: str) -> None:
    acts, words = TAMPERING[kind]
    attack(database, *acts)
    told = found(database, actor)
    assert any(words in one for one in told), told


@pytest.mark.usefixtures("noted")
def test_a_trail_cut_together_with_its_head_is_found_by_a_head_noted_elsewhere(
    database: Database, actor: Person
) -> None:
    with database.reading() as session:
        (known,) = (head_words(one) for one in heads(session))
    last = entries(database)[4]
    attack(
        database,
        "DELETE FROM audit_entry WHERE position > 5",
        f"UPDATE audit_head SET position = 5, digest = '{last.digest}'",
    )
    assert found(database, actor) == [], "the tables alone cannot tell"
    assert any("cut off at the end" in one for one in found(database, actor, known))


@pytest.mark.usefixtures("noted")
def test_a_trail_written_anew_is_found_by_a_head_noted_elsewhere(database: Database, actor: Person) -> None:
    with database.reading() as session:
        (known,) = (head_words(one) for one in heads(session))
    workspace, position, _ = known.split(":")
    assert any("written anew" in one for one in found(database, actor, f"{workspace}:{position}:{'0' * 64}"))
    with database.writing() as session:
        note(session, actor, "send.paused", "Send 9 paused")
    assert found(database, actor, known) == [], "the trail may well go on"


def test_verifying_takes_no_more_memory_for_a_long_trail(database: Database, actor: Person) -> None:
    def peak() -> int:
        tracemalloc.start()
        assert found(database, actor) == []
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    def add(count: int) -> None:
        with database.writing() as session:
            for number in range(count):
                note(session, actor, "send.paused", f"Send {number} paused " + "x" * 300)

    add(1_500)
    peak()
    short = peak()
    add(6_000)
    assert peak() < 2 * short


def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setenv("POSTROOM_DATA", str(settings.data))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("POSTROOM_SECRET_KEY", SECRET_KEY)
    return CliRunner().invoke(main, ["audit", *words])


@pytest.mark.usefixtures("noted")
def test_the_command_says_in_words_whether_the_trail_is_whole(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = run(settings, monkeypatch, "head").output.strip()
    good = run(settings, monkeypatch, "verify", "--head", head)
    assert (good.exit_code, "all in order" in good.output) == (0, True), good.output
    attack(database, "DELETE FROM audit_entry WHERE position = 4")
    bad = run(settings, monkeypatch, "verify")
    assert bad.exit_code == 1
    assert "the chain is broken" in bad.output and "Entry 4 was removed." in bad.output
    assert run(settings, monkeypatch, "verify", "--head", "nonsense").exit_code == 2


def test_from_where_comes_from_whoever_begins_the_work(database: Database, actor: Person) -> None:
    with acting_from(Origin(Via.PAGES, "192.0.2.7", "Firefox on Windows")), database.writing() as session:
        note(session, actor, "send.paused", "Send 1 paused")
    with acting_from(Origin(Via.COMMAND_LINE)), database.writing() as session:
        note(session, actor, "send.paused", "Send 2 paused")
    with database.writing() as session:
        note(session, actor, "send.paused", "Send 3 paused")
    told = [(one.via, one.address, one.browser) for one in entries(database)[-3:]]
    assert told == [
        (Via.PAGES, "192.0.2.7", "Firefox on Windows"),
        (Via.COMMAND_LINE, "", ""),
        (Via.PROGRAM, "", ""),
    ]


@pytest.mark.parametrize("is_whole", [True, False])
def test_changes_are_told_in_words_and_what_stayed_is_left_out(
    database: Database, actor: Person, session: Session, is_whole: bool
) -> None:
    name = "Members" if is_whole else "People"
    note(session, actor, "list.renamed", "List renamed", changes={"Name": ("Members", name), "Live": (False, True)})
    session.commit()
    told = entries(database)[-1].changes
    assert told == ({} if is_whole else {"Name": ["Members", "People"]}) | {"Live": ["no", "yes"]}
