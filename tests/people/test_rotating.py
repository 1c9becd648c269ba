"""Rotating the secret key: stored secrets are sealed anew, links of earlier keys go on working."""

from __future__ import annotations

import threading
import uuid

from sqlalchemy import select

from app.db import Database
from app.people.models import Connection, Person
from app.people.rotating import rotate, sealed_columns
from app.people.sealing import is_sealed_with, seal, unseal
from app.recipients.unsubscribing.links import Sealed, link_keys, read_link
from app.recipients.unsubscribing.links import seal as seal_link
from tests.conftest import SECRET_KEY

NEW = "the new secret key, as long as a key must be"


def sealed(database: Database) -> str:
    with database.reading() as session:
        return str(session.scalars(select(Connection.token_sealed)).one())


def a_connection(database: Database, actor: Person, token_sealed: str | None) -> None:
    with database.writing() as session:
        session.add(Connection(workspace_id=actor.workspace_id, token_sealed=token_sealed, base_url="x"))


def test_every_sealed_secret_is_sealed_anew_once(database: Database, actor: Person) -> None:
    a_connection(database, actor, seal("a token", SECRET_KEY))
    keys = (NEW, SECRET_KEY)
    assert unseal(sealed(database), keys) == "a token", "both keys are known before the rotation"
    first = {one.name: (one.changed, one.current, one.unreadable) for one in rotate(database, keys)}
    again = {one.name: (one.changed, one.current, one.unreadable) for one in rotate(database, keys)}
    assert first["connection.token_sealed"] == (1, 0, 0)
    assert again["connection.token_sealed"] == (0, 1, 0)
    assert is_sealed_with(sealed(database), NEW)
    assert unseal(sealed(database), NEW) == "a token"


def test_what_no_key_opens_stays_as_it_is_and_is_told(database: Database, actor: Person) -> None:
    strange = seal("a token", "a key that nobody has kept, long enough though")
    a_connection(database, actor, strange)
    found = {one.name: one.unreadable for one in rotate(database, (NEW, SECRET_KEY))}
    assert found["connection.token_sealed"] == 1
    assert sealed(database) == strange


def test_nothing_stored_is_no_secret(database: Database, actor: Person) -> None:
    a_connection(database, actor, None)
    assert all((one.changed, one.current, one.unreadable) == (0, 0, 0) for one in rotate(database, (NEW,)))


def test_somebody_reads_at_every_moment_of_a_rotation(database: Database, actor: Person) -> None:
    a_connection(database, actor, seal("a token", SECRET_KEY))
    keys, stop, read = (NEW, SECRET_KEY), threading.Event(), []

    def worker() -> None:
        while not stop.is_set():
            read.append(unseal(sealed(database), keys))

    reading = threading.Thread(target=worker)
    reading.start()
    for present, other in ((NEW, SECRET_KEY), (SECRET_KEY, NEW)) * 5:
        rotate(database, (present, other))
    stop.set()
    reading.join()
    assert set(read) == {"a token"}


def test_every_column_for_a_secret_is_found_by_its_name() -> None:
    assert "connection.token_sealed" in {f"{one.table.name}.{one.name}" for one in sealed_columns()}


def test_unsubscribe_links_of_an_earlier_key_go_on_working() -> None:
    message = Sealed(7, str(uuid.uuid4()), "ada@example.com", "news", "en")
    link = seal_link(link_keys([SECRET_KEY]).current, message)
    assert read_link(link_keys([NEW, SECRET_KEY]), link) == message
