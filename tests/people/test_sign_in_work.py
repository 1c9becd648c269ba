"""What a worker clears: sign-ins and links that ended long ago, and nothing that still counts."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.db import Database, now
from app.people.models import Person
from app.people.sign_in_models import SignIn
from app.people.sign_in_work import work_on_sign_ins
from app.settings import Settings
from tests.conftest import signed_in
from tests.people.conftest import is_in
from tests.statements import statements


def test_sign_ins_that_ended_long_ago_are_cleared(
    app: Flask, client: FlaskClient, actor: Person, database: Database, settings: Settings
) -> None:
    lately = signed_in(app, actor)
    for ended_days, number in ((31, 1), (29, 2)):
        with database.writing() as session:
            ended = now() - timedelta(days=ended_days)
            session.execute(update(SignIn).where(SignIn.id == number).values(ended_at=ended))
    third = signed_in(app, actor)
    work_on_sign_ins(database, settings)
    with database.reading() as session:
        assert session.scalars(select(SignIn.id).order_by(SignIn.id)).all() == [2, 3]
    assert is_in(third) and not is_in(lately) and not is_in(client)


def test_with_nothing_to_do_a_worker_writes_nothing(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    with statements() as said:
        work_on_sign_ins(database, settings)
    assert not [one for one in said if not one.lstrip().startswith(("SELECT", "BEGIN"))]
