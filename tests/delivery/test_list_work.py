"""The worker's thread for lists does what waits in the database: keys, large changes, orders, and the daily tidying."""

from __future__ import annotations

import threading

import pytest

from app.db import Database
from app.delivery.list_work import ListWork
from app.people.models import Person
from app.recipients import lists
from app.recipients.changes import running as changes
from app.recipients.changes.models import ChangeKind
from app.recipients.finding import keying, sorting
from app.recipients.finding.browsing import View, people_page
from app.recipients.models import Recipient, RecipientList
from tests.factories import some_people


def test_what_waits_is_done(database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 5)
    monkeypatch.setattr(sorting, "LARGE", 20)
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=some_people(30))
        changes.begin(session, actor, made.id, ChangeKind.SET, act={"column": "city", "value": "Oban"})
        new = Recipient(list_id=made.id, email="n@example.com", email_key="n@example.com", data={"city": "Aachen"})
        session.add(new)
        session.get_one(RecipientList, made.id).recipient_count += 1
    work = ListWork(database, threading.Event())
    work.look()
    work.tidy()
    with database.reading() as session:
        found = lists.find_list(session, actor, made.id)
        assert not changes.going(session)
        assert keying.is_ready(session, found)
        page = people_page(session, found, View(sort="city"), limit=40)
        assert {one.data["city"] for one in page.people} == {"Oban"}
        assert len(page.people) == 31


def test_a_stopped_worker_leaves_the_rest_for_the_next(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 5)
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=some_people(30))
        changes.begin(session, actor, made.id, ChangeKind.REMOVE)
    stop = threading.Event()
    stop.set()
    ListWork(database, stop).look()
    with database.reading() as session:
        assert len(changes.going(session)) == 1
    ListWork(database, threading.Event()).look()
    with database.reading() as session:
        assert lists.find_list(session, actor, made.id).recipient_count == 0
