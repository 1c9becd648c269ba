"""Doing at once what people do in several steps: an app is set up, codes are read off it."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyotp
from flask import Flask
from flask.testing import FlaskClient

from app.db import Database
from app.people import second_factor
from app.people.models import Account, Person
from app.settings import Settings
from tests.conftest import PASSWORD


def set_up_app(database: Database, settings: Settings, person: Person) -> tuple[str, list[str]]:
    """Set an app up for a person, at a step that is past; gives the key and the recovery codes."""
    with database.writing() as session:
        account = session.get_one(Account, person.account_id)
        second_factor.begin_app(session, settings, account)
    with database.writing() as session:
        account = session.get_one(Account, person.account_id)
        shown = second_factor.key_to_show(session, settings, account, "Postroom")
        assert shown is not None
        key = shown.key.replace(" ", "")
        codes = second_factor.confirm_app(session, settings, account, code_of(key, -1))
    return key, list(codes)


def code_of(key: str, steps: int = 0) -> str:
    """What the app shows now, or so many steps of 30 seconds later."""
    return pyotp.TOTP(key).at(int(time.time()), counter_offset=steps)


def right_after_a_step() -> None:
    """Wait until a step has just begun, when little of it is left: what follows sees one and the same step."""
    left = 30 - time.time() % 30
    if left < 10:
        time.sleep(left + 0.05)


def with_password(app: Flask, person: Person, target: str = "/") -> FlaskClient:
    """A browser in which the password was right, and nothing more has happened."""
    client = app.test_client()
    answer = client.post("/sign-in", query_string={"next": target}, data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: FlaskClient) -> bool:
    """Whether somebody is signed in in this browser."""
    return client.get("/activity").status_code == 200


def codes_on(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    found = re.search(r'<pre[^>]*id="recovery-codes">(.*?)</pre>', page, re.S)
    assert found is not None, page
    return html.unescape(found[1]).split()


@contextmanager
def needed(database: Database, actor: Person) -> Iterator[None]:
    """In a workspace that needs a second step of everybody."""
    with database.writing() as session:
        second_factor.change_need(session, actor, True)
    yield
