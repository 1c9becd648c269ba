"""Who changes a list and its uploads at once takes them in one order, so that nobody waits in a ring (PostgreSQL)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.db import Database
from app.people.models import Person
from app.recipients import lists
from app.recipients.imports import choosing, uploads
from app.recipients.imports.job import run_import
from app.recipients.imports.run import ImportRun
from app.recipients.models import ImportWay
from app.refusals import NotThere, Refused
from app.sends import bad_addresses, erasing
from app.sends.bad_address_models import BadAddress, BadAddressKind
from tests.recipients.imports import imported, uploaded

ANN = "ann@example.com"
Way = tuple[object, str, Callable[[], None]]
"""What takes the second lock of a change, and the change itself."""


def erases(session: Session, actor: Person, list_id: int) -> None:
    erasing.erase(session, actor, ANN)


def deletes(session: Session, actor: Person, list_id: int) -> None:
    lists.delete_list(session, actor, list_id, unfinished_sends=0)


def applies(database: Database, actor: Person, list_id: int) -> Way:
    upload_id = uploaded(database, actor, "email\nnew@example.com\n", list_id=list_id)
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id)
    return ImportRun, "upload", lambda: run_import(database, upload_id)


def takes_back(database: Database, actor: Person, list_id: int) -> Way:
    upload_id = imported(database, actor, "email\nnew@example.com\n", list_id=list_id).id
    with database.writing() as session:
        uploads.undo_upload(session, actor, upload_id, unfinished_sends=0)
    return ImportRun, "upload", lambda: run_import(database, upload_id)


def takes_the_list_away(database: Database, actor: Person, list_id: int) -> Way:
    with database.reading() as session:
        upload_id = uploads.imports_of_list(session, actor, list_id)[0].id
    with database.writing() as session:
        uploads.undo_upload(session, actor, upload_id, unfinished_sends=0)
    return ImportRun, "upload", lambda: run_import(database, upload_id)


def begins_an_undo(database: Database, actor: Person, list_id: int) -> Way:
    upload_id = imported(database, actor, "email\nnew@example.com\n", list_id=list_id).id

    def undo() -> None:
        with database.writing() as session:
            uploads.undo_upload(session, actor, upload_id, unfinished_sends=0)

    return uploads, "find_import", undo


def chooses_a_list(database: Database, actor: Person, list_id: int) -> Way:
    upload_id = uploaded(database, actor, "email\nnew@example.com\n", name="Others")

    def choose() -> None:
        with database.writing() as session:
            uploads.choose_way(session, actor, upload_id, ImportWay.ADD, list_id=list_id)

    return uploads, "find_upload", choose


def saves_with_another_list(database: Database, actor: Person, list_id: int) -> Way:
    upload_id = uploaded(database, actor, "email\nnew@example.com\n", name="Others")
    with database.reading() as session:
        counted = choosing.as_counted(uploads.find_upload(session, actor, upload_id))

    def save() -> None:
        with database.writing() as session:
            chosen = replace(counted, way=ImportWay.ADD, list_id=list_id, list_name="")
            choosing.save(session, database, actor, upload_id, chosen)

    return choosing, "find_upload", save


def mends_an_address(database: Database, actor: Person, list_id: int) -> Way:
    with database.writing() as session:
        session.add(BadAddress(workspace_id=actor.workspace_id, email=ANN, email_key=ANN, kind=BadAddressKind.BOUNCED))

    def mend() -> None:
        with database.writing() as session:
            bad_id = session.scalars(select(BadAddress.id)).one()
            bad_addresses.mend(session, actor, bad_id, email="anne@example.com", list_ids=[list_id])

    return bad_addresses, "find_bad", mend


@pytest.mark.parametrize("act", [erases, deletes])
@pytest.mark.parametrize(
    "change",
    [
        applies,
        takes_back,
        takes_the_list_away,
        begins_an_undo,
        chooses_a_list,
        saves_with_another_list,
        mends_an_address,
    ],
)
def test_two_who_change_a_list_and_what_belongs_to_it_never_wait_for_each_other(
    database: Database,
    actor: Person,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Database, Person, int], Way],
    act: Callable[[Session, Person, int], None],
) -> None:
    list_id = imported(database, actor, f"email\n{ANN}\nbo@example.com\n").list_id
    assert list_id is not None
    place, name, begin = change(database, actor, list_id)
    failed: list[Exception] = []
    held, real = threading.Event(), getattr(place, name)

    def at_once(do: Callable[[], None]) -> None:
        try:
            do()
        except (Refused, NotThere):  # as well as one after the other
            pass
        except OperationalError as error:
            failed.append(error)

    def do_the_other() -> None:
        held.wait(20)
        with database.writing() as session:
            act(session, actor, list_id)

    other = threading.Thread(target=at_once, args=(do_the_other,))

    def hold_and_wait(*given: Any, lock: bool = False, **more: Any) -> Any:
        found = real(*given, lock=lock, **more)
        if lock:  # the first change holds this, and takes whatever comes next
            held.set()
            other.join(1.5)
        return found

    monkeypatch.setattr(place, name, hold_and_wait)
    other.start()
    at_once(begin)
    assert held.is_set()
    other.join(20)
    assert not failed, failed[0]
