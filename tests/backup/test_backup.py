"""Backup and restore: one file of either database into either, whole or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from app.audit.models import AuditEntry
from app.backup.making import back_up, open_file
from app.backup.manifest import TABLE, BadBackup, Manifest, figures, read_manifest, write_manifest
from app.backup.restoring import restore
from app.db import Database, now
from app.delivery.models import Worker
from app.emails.files import store
from app.emails.models import StoredFile
from app.migrating import current_revision, migrate
from app.people.accounts import places_of
from app.people.link_models import PasswordReset
from app.people.models import Account, Connection, Person, Workspace
from app.people.own_mail_models import OwnMail, OwnMailState
from app.people.sealing import seal, unseal
from app.people.sign_in_models import SignIn, Way
from app.people.signing_in import begin_sign_in
from app.recipients.models import Recipient
from app.settings import Settings
from tests.conftest import SECRET_KEY
from tests.factories import a_list, a_template_version, some_people

CHANGED_BY_A_RESTORE = {"audit_entry", "audit_head"}
"""The trail tells of the restore; with no send under way nothing else changes."""


@pytest.fixture
def filled(database: Database, actor: Person) -> Database:
    with database.writing() as session:
        a_template_version(session, actor)
        a_list(session, actor, people=some_people(30))
        store(session, bytes(range(256)) * 100)
        session.add(Connection(workspace_id=actor.workspace_id, token_sealed=seal("a token", SECRET_KEY), base_url="x"))
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind that has not even tables, or none with rows."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
        yield made
    else:
        from tests.postgres import fresh_database

        with fresh_database(request.getfixturevalue("postgres_server")) as url:
            made = Database(url)
            yield made
            made.close()
            return
    made.close()


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of another machine with the same secret key."""
    return Settings.model_validate({"POSTROOM_DATA": tmp_path / "other", "POSTROOM_SECRET_KEY": SECRET_KEY})


def test_every_row_of_every_table_comes_back_in_either_database(
    filled: Database, empty: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    before = back_up(filled, tmp_path / "first")
    restore(empty, elsewhere, tmp_path / "first")
    after = back_up(empty, tmp_path / "second")
    assert before.tables["recipient"].rows == 30
    differing = {name for name, figures in before.tables.items() if after.tables[name] != figures}
    assert differing == CHANGED_BY_A_RESTORE


def test_new_rows_get_numbers_after_the_restored_ones(
    filled: Database, empty: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "file")
    restore(empty, elsewhere, tmp_path / "file")
    with empty.writing() as session:
        newest = session.scalar(select(func.max(Recipient.id))) or 0
        actor = session.scalars(select(Person)).one()
        a_list(session, actor, people=some_people(1))
        session.flush()
        assert (session.scalar(select(func.max(Recipient.id))) or 0) > newest


def test_the_file_is_the_owners_alone_and_says_what_it_is(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "file"
    made = back_up(filled, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("file")] == ["file"]
    read = read_manifest(file)
    assert read == made
    assert read.revision == current_revision(filled)
    assert read.tables == figures(file)


def test_the_secret_key_is_in_it_only_when_asked_for(filled: Database, elsewhere: Settings, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "without")
    back_up(filled, tmp_path / "with", secret_keys=(SECRET_KEY,))
    assert SECRET_KEY.encode() not in (tmp_path / "without").read_bytes()
    assert read_manifest(tmp_path / "with").secret_keys == (SECRET_KEY,)


def test_a_key_in_the_backup_opens_the_secrets_elsewhere_and_takes_the_place_of_none(
    filled: Database, tmp_path: Path
) -> None:
    older = "an older key of the same house, long enough"
    back_up(filled, tmp_path / "file", secret_keys=(SECRET_KEY, older))
    new = Settings.model_validate({"POSTROOM_DATA": tmp_path / "new"})
    first = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    restore(first, new, tmp_path / "file")
    assert new.secret_keys == (SECRET_KEY, older)
    assert stat.S_IMODE(new.secret_key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(new.earlier_keys_file.stat().st_mode) == 0o600

    own = "this machine has a key of its own already, long enough"
    other = Settings.model_validate({"POSTROOM_DATA": tmp_path / "third", "POSTROOM_SECRET_KEY": own})
    second = Database(f"sqlite:///{tmp_path / 'third.sqlite3'}")
    restore(second, other, tmp_path / "file")
    assert other.secret_keys == (own, SECRET_KEY, older)
    with second.reading() as session:
        sealed = session.scalars(select(Connection.token_sealed)).one()
    assert unseal(str(sealed), other.secret_keys) == "a token"


def test_a_database_that_is_not_empty_stays_as_it_is_unless_told(
    filled: Database, empty: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "file")
    migrate(empty)
    with empty.writing() as session:
        session.add(Workspace(name="Somebody else's"))
    with pytest.raises(BadBackup, match=r"not empty\. Say --replace"):
        restore(empty, elsewhere, tmp_path / "file")
    with empty.reading() as session:
        assert session.scalars(select(Workspace.name)).all() == ["Somebody else's"]
    restore(empty, elsewhere, tmp_path / "file", replace=True)
    with empty.reading() as session:
        assert session.scalars(select(Workspace.name)).all() == ["Harbour Council"]


def test_a_damaged_backup_is_told_and_changes_nothing(
    filled: Database, empty: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    back_up(filled, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE recipient SET name = 'Somebody else' WHERE id = 7")
    with pytest.raises(BadBackup, match="the table recipient is not what was written"):
        restore(empty, elsewhere, file)
    half = tmp_path / "half"
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadBackup, match=r"damaged|cannot be read"):
        restore(empty, elsewhere, half)
    (tmp_path / "words").write_text("no backup at all, only words" * 100)
    with pytest.raises(BadBackup, match="is not a backup of Postroom"):
        restore(empty, elsewhere, tmp_path / "words")


def test_a_backup_of_a_newer_postroom_is_refused(
    filled: Database, empty: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    back_up(filled, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE {TABLE} SET value = '9999' WHERE name = 'revision'")
    with pytest.raises(BadBackup, match="newer Postroom"):
        restore(empty, elsewhere, file)


def test_an_older_backup_is_brought_up_to_date(empty: Database, elsewhere: Settings, tmp_path: Path) -> None:
    file = tmp_path / "old"
    old = open_file(file)
    migrate(old, "0016")
    with old.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO workspace (id, name, is_live, public_url, created_at) "
            "VALUES (1, 'W', true, '', '2026-01-01 00:00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO person (id, workspace_id, email, name, role, password_hash, session_key, timezone, created_at)"
            " VALUES (1, 1, 'a@example.com', 'A', 'staff', 'x', 'y', '', '2026-01-01 00:00:00')"
        )
    with old.engine.connect() as connection:
        connection.connection.execute("PRAGMA journal_mode=DELETE")
    old.close()
    write_manifest(file, Manifest(now(), "0.0.1", "0016", figures(file)))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    restore(empty, elsewhere, file)
    with empty.reading() as session:
        assert session.scalars(select(Account.email)).all() == ["a@example.com"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, "the backup itself was changed"


def test_nothing_is_restored_under_a_running_worker(filled: Database, settings: Settings, tmp_path: Path) -> None:
    from app.delivery.recovery import only_worker

    back_up(filled, tmp_path / "file")
    with filled.writing() as session:
        session.add(Worker(id="somewhere:1:abc", seen_at=now()))
    with only_worker(settings.data), pytest.raises(BadBackup, match="A worker is running"):
        restore(filled, settings, tmp_path / "file", replace=True)


def test_everybody_signs_in_anew_and_the_trail_tells(
    filled: Database, empty: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    with filled.writing() as session:
        account = session.scalars(select(Account)).first()
        assert account is not None
        begin_sign_in(session, account, Way.PASSWORD)
        session.add(PasswordReset(account_id=account.id, digest="d", expires_at=now() + timedelta(hours=1)))
        mail = {"email": "ada@example.com", "subject": "You are invited", "letter_sealed": "sealed"}
        session.add(OwnMail(workspace_id=places_of(session, account)[0].workspace_id, **mail))
    back_up(filled, tmp_path / "file")
    restore(empty, elsewhere, tmp_path / "file")
    with empty.reading() as session:
        assert session.scalars(select(SignIn.id).where(SignIn.ended_at.is_(None))).all() == []
        assert session.scalars(select(PasswordReset)).all() == []
        mail_there = session.scalars(select(OwnMail)).one()
        assert (mail_there.state, mail_there.letter_sealed) == (OwnMailState.UNKNOWN, "")
        newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert newest.action == "installation.restored"
    assert "What was done after that is not known here" in newest.words


def test_it_takes_the_memory_of_a_few_rows(filled: Database, elsewhere: Settings, tmp_path: Path) -> None:
    size, count = 1024 * 1024, 120
    with filled.writing() as session:
        for number in range(count):
            content = number.to_bytes(4) * (size // 4)
            row = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "content": content}
            session.execute(insert(StoredFile), [{**row, "created_at": now()}])
    tracemalloc.start()
    back_up(filled, tmp_path / "file")
    target = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    restore(target, elsewhere, tmp_path / "file")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    target.close()
    assert peak < count * size / 2, f"{peak / size:.0f} MiB for {count} files of 1 MiB"


def test_no_other_file_is_written_over(filled: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadBackup, match="is there already"):
        back_up(filled, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
