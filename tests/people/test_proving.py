"""Proving who one is: the same words and the same work for everybody who may not come in, and waiting after tries."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import argon2
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.audit.models import AuditEntry
from app.db import Database, now
from app.people import lockout, membership, passwords
from app.people.models import Person
from app.people.proving import WRONG, prove_password
from app.people.sign_in_models import Tries
from app.people.sign_in_work import work_on_sign_ins
from app.refusals import Refused
from app.settings import Settings
from tests.conftest import PASSWORD, an_app
from tests.statements import statements

NOBODY = "nobody@example.com"
MUST_WAIT = "Too many wrong passwords. Wait"
Try = Callable[..., TestResponse]


@pytest.fixture
def attempt(app: Flask) -> Try:
    """Try to sign in, each time as a stranger."""

    def make(email: str = "ada@example.com", password: str = "wrong", **more: object) -> TestResponse:
        return app.test_client().post("/sign-in", data={"email": email, "password": password}, **more)

    return make


@dataclass
class Cost:
    """What an answer said, without the address and the token of its form, and what it cost."""

    status: int
    page: str
    verifications: int
    statements: int


@pytest.fixture
def cost(attempt: Try, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Cost]:
    """Try to sign in, and count the checks of a digest and what is said to the database."""
    verified: list[int] = []

    class Counting(PasswordHasher):
        def verify(self, digest: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(1)
            return super().verify(digest, password)

    monkeypatch.setattr(passwords, "hasher", Counting.from_parameters(argon2.profiles.CHEAPEST))

    def count(email: str, password: str) -> Cost:
        verified.clear()
        with statements() as said:
            answer = attempt(email, password)
        page = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text.replace(email, ""))
        return Cost(answer.status_code, page, len(verified), len(said))

    return count


def forgive(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Tries).values(waits_until=now() - timedelta(seconds=1)))


def test_the_right_password_proves_it_whatever_the_case_of_the_address(session: Session, actor: Person) -> None:
    assert prove_password(session, "  ADA@example.com ", PASSWORD, "::1").id == actor.account_id
    for email, password in (("ada@example.com", PASSWORD + "x"), (NOBODY, PASSWORD), ("", ""), ("a" * 9000, "\x00")):
        with pytest.raises(Refused, match=WRONG):
            prove_password(session, email, password, "::1")


def test_wrong_unknown_and_taken_out_are_told_the_same_and_cost_the_same(
    cost: Callable[[str, str], Cost], staff: Person, actor: Person, database: Database
) -> None:
    with database.writing() as session:
        membership.take_out(session, actor, staff.id)
    for email in ("ada@example.com", NOBODY, staff.email):
        cost(email, "wrong")  # the first try of an address, whosesoever, makes a row
    wrong = cost("ada@example.com", "wrong")
    assert (wrong.status, wrong.verifications) == (422, 1)
    assert WRONG in wrong.page
    assert cost(NOBODY, "wrong") == wrong
    assert cost(staff.email, PASSWORD) == wrong, "the right password of somebody who was taken out"
    assert cost(staff.email, "wrong") == wrong


def test_who_must_wait_is_told_and_costs_the_same_whether_the_address_exists(
    attempt: Try, cost: Callable[[str, str], Cost], actor: Person
) -> None:
    for email in ("ada@example.com", NOBODY):
        for _ in range(5):
            assert WRONG in attempt(email).text
    waiting = cost("ada@example.com", "wrong")
    assert (waiting.status, waiting.verifications) == (422, 1)
    assert f"{MUST_WAIT} a minute and try again, or choose “Forgot your password?” below." in waiting.page
    assert cost(NOBODY, "wrong") == waiting
    assert cost("ada@example.com", PASSWORD) == waiting


def test_the_right_password_does_not_get_in_while_one_must_wait_and_does_afterwards(
    attempt: Try, actor: Person, database: Database
) -> None:
    for _ in range(5):
        attempt()
    assert MUST_WAIT in attempt(password=PASSWORD).text
    forgive(database)
    assert attempt(password=PASSWORD).status_code == 302
    for _ in range(4):  # the right password made it begin anew
        assert WRONG in attempt().text
    assert attempt(password=PASSWORD).status_code == 302


def test_waiting_grows_to_a_quarter_of_an_hour_and_is_forgotten_after_a_day(
    attempt: Try, actor: Person, database: Database
) -> None:
    for _ in range(5):
        attempt()
    waits = []
    for _ in range(6):
        words = attempt().text.split(MUST_WAIT)[1]
        waits.append(words.split(" and")[0].strip())
        forgive(database)
        attempt()
    assert waits == ["a minute", "2 minutes", "4 minutes", "8 minutes", "15 minutes", "15 minutes"]
    with database.writing() as session:
        session.execute(update(Tries).values(last_at=now() - timedelta(days=1, minutes=1), waits_until=None))
    assert WRONG in attempt().text
    assert WRONG in attempt().text


def test_one_account_waits_and_another_does_not(attempt: Try, staff: Person) -> None:
    for _ in range(5):
        attempt()
    assert MUST_WAIT in attempt().text
    assert attempt(staff.email, PASSWORD).status_code == 302


def test_tries_count_for_all_web_processes_together(settings: Settings, actor: Person) -> None:
    processes = [an_app(settings) for _ in range(2)]

    def attempt(number: int, password: str) -> str:
        fields = {"email": "ada@example.com", "password": password}
        return processes[number % 2].test_client().post("/sign-in", data=fields).text

    assert all(WRONG in attempt(number, "wrong") for number in range(5))
    assert MUST_WAIT in attempt(0, PASSWORD) and MUST_WAIT in attempt(1, PASSWORD)
    for app in processes:
        app.extensions["postroom"].database.close()


def test_many_tries_at_once_are_no_more_than_the_free_ones(database: Database, actor: Person) -> None:
    told: list[str] = []

    def attempt() -> None:
        with database.session(write=True) as session, pytest.raises(Refused) as refused:
            prove_password(session, "ada@example.com", "wrong", "192.0.2.1")
        told.append(refused.value.words)

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(WRONG) == 5
    assert sum(words.startswith(MUST_WAIT) for words in told) == 11


def test_one_network_address_may_not_try_many_accounts(attempt: Try, actor: Person) -> None:
    free = lockout.OF_ADDRESS.free
    for number in range(free):
        assert WRONG in attempt(f"person{number}@example.com").text
    assert MUST_WAIT in attempt(password=PASSWORD).text
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert attempt(password=PASSWORD, **elsewhere).status_code == 302


def test_right_passwords_use_up_nothing_and_forgive_the_address_nothing(attempt: Try, actor: Person) -> None:
    for number in range(lockout.OF_ADDRESS.free - 1):
        attempt(f"person{number}@example.com")
        if number % 5 == 0:
            assert attempt(password=PASSWORD).status_code == 302
    assert WRONG in attempt("last@example.com").text
    assert MUST_WAIT in attempt("more@example.com").text


def test_a_network_of_version_six_counts_as_one_address(session: Session, actor: Person) -> None:
    for number in range(lockout.OF_ADDRESS.free):
        with pytest.raises(Refused, match=WRONG):
            prove_password(session, f"person{number}@example.com", "wrong", f"2001:db8::{number:x}:1")
    with pytest.raises(Refused, match=MUST_WAIT):
        prove_password(session, "ada@example.com", PASSWORD, "2001:db8::ffff")
    assert prove_password(session, "ada@example.com", PASSWORD, "2001:db8:0:1::1")


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "192.0.2.3"), (2, "198.51.100.2")])
def test_a_proxy_is_believed_only_as_far_as_the_settings_say(
    settings: Settings, actor: Person, proxies: int, seen: str
) -> None:
    app = an_app(settings.model_copy(update={"proxies": proxies}))
    client = app.test_client()
    said = {"X-Forwarded-For": "203.0.113.9, 198.51.100.2, 192.0.2.3"}
    client.post("/sign-in", data={"email": "ada@example.com", "password": PASSWORD}, headers=said)
    page = client.get("/you").text
    assert seen in page
    assert "203.0.113.9" not in page
    app.extensions["postroom"].database.close()


def test_what_was_typed_as_an_address_is_kept_only_as_a_digest(attempt: Try, database: Database) -> None:
    attempt("my secret password")
    with database.reading() as session:
        kept = session.scalars(select(Tries)).all()
    assert len(kept) == 2
    assert all(len(row.key) == 64 and "secret" not in row.key for row in kept)


def test_the_trail_tells_once_of_an_account_that_must_wait_and_old_rows_go(
    attempt: Try, actor: Person, database: Database, settings: Settings
) -> None:
    for _ in range(5):
        attempt()
        attempt(NOBODY)
    work_on_sign_ins(database, settings)
    work_on_sign_ins(database, settings)
    with database.reading() as session:
        words = session.scalars(
            select(AuditEntry.words).where(AuditEntry.action == "person.must_wait").order_by(AuditEntry.id)
        ).all()
    assert words == ["5 wrong passwords for Ada Admin: whoever tries again must wait"]
    with database.writing() as session:
        session.execute(update(Tries).values(last_at=now() - timedelta(days=3)))
    work_on_sign_ins(database, settings)
    with database.reading() as session:
        assert session.scalars(select(Tries)).all() == []


def test_the_page_keeps_the_address_and_says_what_is_wrong(anonymous_client: FlaskClient, actor: Person) -> None:
    answer = anonymous_client.post("/sign-in", data={"email": "ada@example.com", "password": "wrong"})
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert 'value="ada@example.com"' in answer.text
    assert "wrong" not in answer.text.split("Password")[-1].split("</form>")[0].replace("field wrong", "")
