"""Restoring a backup into an empty database, or in place of what is there; of either kind.

What had not ended when the backup was made may have gone out since. So nothing goes on by itself afterwards: every such
e-mail is in doubt, and every such send waits for a person (`app.sends.restored`). All open sign-ins end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.protection import lifted
from app.audit.trail import note_program
from app.backup.copying import copy_rows, count_on, delete_rows, is_empty
from app.backup.making import open_file
from app.backup.manifest import BadBackup, Manifest, read_manifest, verify
from app.db import Database, now
from app.delivery.recovery import AlreadyRunning, only_worker
from app.delivery.worker import worker_alive
from app.migrating import knows, migrate
from app.people.models import Workspace
from app.people.own_mail_models import OwnMail, OwnMailState
from app.sends.restored import Doubt, put_in_doubt
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore."""

    manifest: Manifest
    doubt: Doubt
    key_words: str
    """What was done with the backup's secret keys; empty: it has none."""


def restore(database: Database, settings: Settings, file: Path, *, replace: bool = False) -> Restored:
    """Restore a backup; all or nothing. `replace`: delete what is there. Raises BadBackup when it does not."""
    manifest = read_manifest(file)
    if not knows(manifest.revision):
        raise BadBackup(
            f"This backup was made by a newer Postroom ({manifest.version}). Install that one, or a newer one, first."
        )
    verify(file, manifest)
    with ExitStack() as held:
        held.enter_context(_nobody_works(database, settings))
        source = held.enter_context(_brought_up(file, settings.data))
        migrate(database)
        with database.writing() as session:
            target = session.connection()
            if not replace and not is_empty(target):
                raise BadBackup("The database is not empty. Say --replace to delete everything in it.")
            with lifted(target), source.engine.connect() as reading:
                delete_rows(target)
                copy_rows(reading, target)
            count_on(target)
            doubt = put_in_doubt(session, manifest.made_at)
            _doubt_own_mail(session)
            _note(session, manifest, doubt)
    return Restored(manifest, doubt, _keep_keys(settings, manifest.secret_keys))


@contextmanager
def _nobody_works(database: Database, settings: Settings) -> Iterator[None]:
    """Refuse while a worker is alive: it would post from what is being replaced."""
    words = (
        "A worker is running, or was a moment ago. Stop the pages and every worker, wait half a minute, and try again."
    )
    with ExitStack() as held:
        if database.is_sqlite:
            try:
                held.enter_context(only_worker(settings.data))
            except AlreadyRunning:
                raise BadBackup(words) from None
        migrate(database)
        with database.reading() as session:
            if not database.is_sqlite and worker_alive(session):
                raise BadBackup(words)
        yield


@contextmanager
def _brought_up(file: Path, folder: Path) -> Iterator[Database]:
    """Give a copy of the backup with the newest schema; the backup itself stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restoring-", dir=folder) as made:  # only its owner may look into it
        copied = Path(made) / "backup.sqlite3"
        shutil.copyfile(file, copied)
        source = open_file(copied)
        try:
            migrate(source)
            yield source
        finally:
            source.close()


def _doubt_own_mail(session: Session) -> None:
    """An e-mail to staff that had not gone out may have gone out since, too: it is not posted again."""
    underway = OwnMail.state.in_((OwnMailState.WAITING, OwnMailState.POSTING))
    words = "It may have gone out after the backup was made."
    session.execute(
        update(OwnMail)
        .where(underway)
        .values(state=OwnMailState.UNKNOWN, words=words, letter_sealed="", settled_at=now())
    )


def _note(session: Session, manifest: Manifest, doubt: Doubt) -> None:
    words = (
        f"The database was restored from a backup made on {manifest.made_at:%Y-%m-%d at %H:%M} UTC. "
        "What was done after that is not known here."
    )
    for workspace_id in session.scalars(select(Workspace.id).order_by(Workspace.id)).all():
        note_program(session, workspace_id, "installation.restored", words, sends=doubt.sends, messages=doubt.messages)


def _keep_keys(settings: Settings, keys: tuple[str, ...]) -> str:
    """Put the backup's keys where the settings look for them, when they are not known; never in place of another."""
    missing = [key for key in keys if key not in settings.known_secret_keys()]
    if not missing:
        return "The secret key is the one of the backup." if keys else ""
    if settings.secret_key_setting is None and not settings.secret_key_file.exists():
        _write_secret(settings.secret_key_file, missing.pop(0))
    if missing:
        with os.fdopen(os.open(settings.earlier_keys_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as out:
            out.writelines(f"{key}\n" for key in missing)
    return f"The backup's secret keys were put into {settings.data}."


def _write_secret(file: Path, key: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key)
