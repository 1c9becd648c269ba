"""No column of a list stands in for what every e-mail has of Postroom itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.db import Database
from app.people.models import Person
from app.recipients.changes.columns import add_column
from app.recipients.checking import NewRecipient
from app.recipients.columns import ColumnKind
from app.recipients.models import RecipientList
from app.recipients.naming import variable_names
from app.recipients.unsubscribing.links import LinkSealer, link_keys
from app.refusals import Refused
from app.sends.composition import data_for, plan_of
from tests.conftest import SECRET_KEY
from tests.factories import a_draft_send, a_list, a_template_version
from tests.recipients.imports import imported, people_of

REFERENCE = "6f1f6c1e-6f0a-4b6e-8f57-0d6a2c1b1a10"


def test_a_column_of_a_file_never_becomes_the_unsubscribe_link(database: Database, actor: Person) -> None:
    rows = "email,Unsubscribe URL\nann@example.com,https://elsewhere.example/gone\nbo@example.com,\n"
    list_id = imported(database, actor, rows).list_id
    with database.writing() as session:
        members = session.get_one(RecipientList, list_id)
        version = a_template_version(
            session, actor, html="<a href='{{ unsubscribe_url }}'>x</a>", text="{{ unsubscribe_url }}"
        )
        plan = plan_of(session, a_draft_send(session, actor, version=version, people=members))
    sealer = LinkSealer(link_keys([SECRET_KEY]).current, actor.workspace_id)
    plan = replace(plan, public_url="https://post.example.org", sealer=sealer)
    for email, (name, data) in people_of(database, list_id).items():
        given = data_for(plan, email, name, data, REFERENCE)
        assert given["unsubscribe_url"].startswith("https://post.example.org/u/"), given


def test_no_column_is_called_as_the_unsubscribe_link(database: Database, actor: Person) -> None:
    assert variable_names(["Unsubscribe URL"]) != ["unsubscribe_url"]
    list_id = imported(database, actor, "email\nann@example.com\n").list_id
    with database.writing() as session, pytest.raises(Refused):
        assert list_id is not None
        add_column(session, actor, list_id, "unsubscribe_url", ColumnKind.TEXT)


def test_without_a_public_address_a_column_is_no_unsubscribe_link_either(database: Database, actor: Person) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, text="{{ unsubscribe_url }}")
        cells = {"unsubscribe_url": "https://elsewhere.example/gone"}
        members = a_list(
            session, actor, people=[NewRecipient("ann@example.com", "Ann", cells)], columns=["unsubscribe_url"]
        )
        plan = plan_of(session, a_draft_send(session, actor, version=version, people=members))
        given = data_for(replace(plan, public_url=""), "ann@example.com", "Ann", cells, REFERENCE)
        assert "unsubscribe_url" not in given
        own = data_for(replace(plan, public_url="https://post.example.org"), "a@example.com", "Ann", cells, REFERENCE)
        assert own["unsubscribe_url"] == f"https://post.example.org/u/{REFERENCE}"
