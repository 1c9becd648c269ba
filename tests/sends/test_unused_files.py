"""The bytes of files that nothing uses any more are collected, and never those that somebody is about to use."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.db import Database
from app.delivery.list_work import ListWork
from app.emails.content import TemplateFile
from app.emails.files import keep_bytes
from app.emails.models import StoredFile, Template
from app.emails.publishing import publish
from app.people.models import Person
from app.sends import unused_files
from app.sends.compose import add_attachment, remove_attachment
from app.sends.models import PersonFile
from tests.factories import a_draft_send, a_list, a_template_version, some_people


def stored(database: Database) -> set[str]:
    with database.reading() as session:
        return {one.decode() for one in session.scalars(select(StoredFile.content))}


def keep(database: Database, *contents: str) -> list[str]:
    with database.writing() as session:
        return [keep_bytes(session, one.encode()) for one in contents]


def days_later(database: Database, days: int = 2) -> None:
    """Let every mark be some days older."""
    with database.writing() as session:
        for one in session.scalars(select(StoredFile).where(StoredFile.unused_since.is_not(None))):
            assert one.unused_since is not None
            one.unused_since -= timedelta(days=days)


def test_what_nothing_uses_goes_at_the_second_look_a_day_later(database: Database) -> None:
    keep(database, "a", "b")
    assert unused_files.collect(database) == 0, "an upload may be about to use it"
    assert unused_files.collect(database) == 0, "a day is not over"
    days_later(database)
    assert unused_files.collect(database) == 2
    assert stored(database) == set()


def test_what_a_draft_a_version_a_send_or_a_person_uses_stays(database: Database, actor: Person) -> None:
    (in_draft, in_version, of_person) = keep(database, "draft", "version", "person")
    keep(database, "nobody's")
    with database.writing() as session:
        version = a_template_version(session, actor)
        template = session.get_one(Template, version.template_id)
        template.draft = replace(template.draft, files=(TemplateFile("v.txt", "text/plain", in_version, 7),))
        publish(session, actor, template.id)
        template.draft = replace(template.draft, files=(TemplateFile("d.txt", "text/plain", in_draft, 5),))
        send = a_draft_send(session, actor, version=version, people=a_list(session, actor, people=some_people(1)))
        add_attachment(session, actor, send.id, "sent.txt", b"sent")
        session.add(PersonFile(send_id=send.id, name_key="p", file_name="p", media_type="x", size=6, sha256=of_person))
    for _ in range(3):
        unused_files.collect(database)
        days_later(database)
    assert stored(database) == {"draft", "version", "person", "sent"}


def test_a_file_taken_out_of_a_send_goes_in_time(database: Database, actor: Person) -> None:
    with database.writing() as session:
        version, people = a_template_version(session, actor), a_list(session, actor, people=some_people(1))
        send = a_draft_send(session, actor, version=version, people=people)
        attachment = add_attachment(session, actor, send.id, "sent.txt", b"sent")
    unused_files.collect(database)
    days_later(database)
    assert unused_files.collect(database) == 0
    with database.writing() as session:
        remove_attachment(session, actor, send.id, attachment.id)
    unused_files.collect(database)
    days_later(database)
    assert unused_files.collect(database) == 1


def test_uploading_the_same_content_again_takes_the_mark_off(database: Database) -> None:
    keep(database, "a")
    unused_files.collect(database)
    days_later(database)
    keep(database, "a")
    assert unused_files.collect(database) == 0
    assert stored(database) == {"a"}


def test_an_upload_under_way_keeps_its_file_from_the_collector(database: Database, actor: Person) -> None:
    """The upload found the bytes there and has not committed: the collector waits for it, and leaves them alone."""
    keep(database, "a")
    unused_files.collect(database)
    days_later(database)
    gone: list[int] = []
    with database.writing() as session:
        sha256 = keep_bytes(session, b"a")
        collector = threading.Thread(target=lambda: gone.append(unused_files.collect(database)))
        collector.start()
        collector.join(0.5)
        assert not gone, "it waits"
        version = a_template_version(session, actor)
        template = session.get_one(Template, version.template_id)
        template.draft = replace(template.draft, files=(TemplateFile("a.txt", "text/plain", sha256, 1),))
    collector.join(60)
    assert gone == [0]
    assert stored(database) == {"a"}


def test_an_upload_that_comes_while_the_collector_deletes_stores_the_bytes_anew(database: Database) -> None:
    keep(database, "a")
    with database.writing() as session:
        session.execute(text("DELETE FROM stored_file"))
        uploading = threading.Thread(target=lambda: keep(database, "a"))
        uploading.start()
        uploading.join(0.3)
    uploading.join(60)
    assert stored(database) == {"a"}


def test_many_files_go_in_chunks_and_the_collector_can_be_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unused_files, "CHUNK", 3)
    keep(database, *(str(number) for number in range(10)))
    unused_files.collect(database)
    days_later(database)
    rounds = iter([False, True])
    assert unused_files.collect(database, stops=lambda: next(rounds)) == 3
    assert unused_files.collect(database) == 7


def test_the_daily_job_collects_them(database: Database) -> None:
    keep(database, "a")
    work = ListWork(database, threading.Event())
    work.tidy()
    days_later(database)
    work.tidy()
    assert stored(database) == set()
