"""The first run: `postroom setup` prints a link that makes one administrator, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from app import cli
from app.db import Database
from app.people.models import Account, Person
from app.people.roles import Role
from app.settings import Settings
from tests.people.conftest import LINK, is_in, link_in

CHOSEN = {"name": "Fay First", "email": "Fay@example.com", "password": "violet anchor seldom rain"}


@pytest.fixture
def setup(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `postroom setup`; gives what it prints."""

    def run(**environment: str) -> str:
        for name, value in {
            "POSTROOM_DATA": str(settings.data),
            "POSTROOM_SECRET_KEY": settings.secret_key,
            "DATABASE_URL": settings.database_url.replace("+psycopg", ""),
            "POSTROOM_URL": "https://postroom.example.com",
            **environment,
        }.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(cli.main, ["setup"])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_the_link_makes_the_first_administrator_once(setup: Callable[..., str], app: Flask, database: Database) -> None:
    printed = setup()
    link = link_in(printed)
    assert f"https://postroom.example.com{link}" in printed
    client = app.test_client()
    assert "You are the first administrator" in client.get(link).text
    wrong = client.post(link, data={**CHOSEN, "email": "no address"})
    assert (wrong.status_code, "This is not an e-mail address" in wrong.text) == (422, True)
    assert client.post(link, data=CHOSEN).status_code == 302
    assert is_in(client)
    with database.reading() as session:
        account = session.scalars(select(Account)).one()
        assert (account.email, account.runs_installation) == ("fay@example.com", True)
        assert session.scalars(select(Person.role)).one() is Role.ADMINISTRATOR
    assert app.test_client().post(link, data={**CHOSEN, "email": "eve@example.com"}).status_code == 404
    assert not LINK.search(setup()), "somebody can sign in already"


def test_a_later_link_replaces_an_earlier_one(setup: Callable[..., str], app: Flask) -> None:
    first, second = link_in(setup()), link_in(setup())
    assert app.test_client().get(first).status_code == 404
    assert app.test_client().get(second).status_code == 200


def test_the_link_is_worth_nothing_once_somebody_can_sign_in(
    setup: Callable[..., str], app: Flask, request: pytest.FixtureRequest
) -> None:
    link = link_in(setup())
    request.getfixturevalue("actor")
    answer = app.test_client().post(link, data=CHOSEN)
    assert (answer.status_code, "This invitation was used" in answer.text) == (422, True)


def test_with_a_password_in_the_settings_there_is_no_link(setup: Callable[..., str], app: Flask) -> None:
    password = "violet anchor seldom rain"
    printed = setup(POSTROOM_ADMIN_PASSWORD=password)
    assert not LINK.search(printed) and password not in printed
    fields = {"email": "admin@example.com", "password": password}
    assert app.test_client().post("/sign-in", data=fields).status_code == 302
