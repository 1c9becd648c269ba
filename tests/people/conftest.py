"""What the tests of people share: another workspace, and a workspace that can write e-mails of its own."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.people import connection, own_mail, senders
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.own_mail_models import OwnMail
from app.people.roles import Role
from app.people.sign_in_work import work_on_sign_ins
from app.settings import Settings
from tests.conftest import PASSWORD

LINK = re.compile(r"/(?:invitation|new-password)/[\w-]{43}")


def link_in(text: str) -> str:
    """The path of the one link in a page or an e-mail."""
    found = set(LINK.findall(text))
    assert len(found) == 1, found
    return found.pop()


def letter_to(database: Database, settings: Settings, email: str) -> tuple[str, str]:
    """Subject and path of the link of the newest own e-mail to an address."""
    with database.reading() as session:
        query = select(OwnMail).where(OwnMail.email == email).order_by(OwnMail.id.desc())
        mail = session.scalars(query.limit(1)).first()
    assert mail is not None, email
    letter = own_mail.letter_of(mail, settings)
    return mail.subject, link_in(letter.link[1]) if letter.link else ""


def ask_for_password(app: Flask, database: Database, settings: Settings, email: str) -> str:
    """Ask for a new password as a stranger and let a worker answer; gives the page."""
    answer = app.test_client().post("/forgot-password", data={"email": email})
    assert answer.status_code == 200
    work_on_sign_ins(database, settings)
    return answer.text


@pytest.fixture
def other_admin(database: Database, actor: Person) -> Person:
    """An administrator of another workspace."""
    with database.writing() as session:
        workspace = Workspace(name="Library", is_live=True)
        session.add(workspace)
        session.flush()
        return add_person(
            session,
            workspace,
            email="olive@example.com",
            name="Olive Other",
            password=PASSWORD,
            role=Role.ADMINISTRATOR,
        )


@pytest.fixture
def writes_mail(database: Database, settings: Settings, actor: Person) -> None:
    """The actor's workspace has a connection and a sender for own e-mails."""
    with database.writing() as session:
        made = connection.save_connection(
            session,
            actor,
            settings,
            account_id="1",
            token="t",
            base_url="http://127.0.0.1:9/client/v4",
            calls_per_5_minutes=1200,
        )
        made.domains = ["example.com"]
        session.flush()
        sender = senders.add_sender(session, actor, local_part="office", domain="example.com", name="", reply_to="")
        own_mail.choose_sender(session, actor, sender.id)


def is_in(client: FlaskClient) -> bool:
    """Whether a client is signed in."""
    return client.get("/you").status_code == 200
