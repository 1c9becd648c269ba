"""A cell that nobody filled is the same to an e-mail, however its column came to be."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.cells import whole_cells, whole_cells_clause
from app.recipients.changes.columns import add_column
from app.recipients.checking import NewRecipient
from app.recipients.columns import ColumnKind
from app.recipients.models import ImportWay, Recipient, RecipientList
from app.sends import choosing, testing
from app.sends.looking import look_before
from app.sends.models import ReviewProblem, Send
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, reviewed
from tests.recipients.imports import imported


def problems_of(database: Database, renderer: LimitedRenderer, actor: Person, list_id: int, text: str) -> set[str]:
    """Review an e-mail to a list; gives whom it cannot go to."""
    with database.writing() as session:
        members = session.get_one(RecipientList, list_id)
        version = a_template_version(session, actor, html=f"<p>{text}</p>", text=text)
        draft_id = a_draft_send(session, actor, version=version, people=members).id
    reviewed(database, renderer, actor, draft_id)
    with database.reading() as session:
        return set(session.scalars(select(ReviewProblem.email).where(ReviewProblem.send_id == draft_id)))


@pytest.fixture
def list_id(database: Database, actor: Person) -> int:
    made = imported(database, actor, "email,city\nann@example.com,Leeds\nbo@example.com,\n").list_id
    assert made is not None
    return made


def test_a_column_that_was_added_is_empty_as_a_cell_of_a_file_is(
    database: Database, actor: Person, renderer: LimitedRenderer, list_id: int
) -> None:
    assert problems_of(database, renderer, actor, list_id, "{{ city }}") == set()
    with database.writing() as session:
        add_column(session, actor, list_id, "plan", ColumnKind.TEXT)
    assert problems_of(database, renderer, actor, list_id, "{{ plan }}") == set()


def test_a_column_that_an_import_brought_is_empty_for_those_whom_it_left(
    database: Database, actor: Person, renderer: LimitedRenderer, list_id: int
) -> None:
    rows = "email,plan\nann@example.com,gold\nbo@example.com,\n"
    imported(database, actor, rows, list_id=list_id, way=ImportWay.UPDATE)
    assert problems_of(database, renderer, actor, list_id, "{{ plan }}") == set()


def test_preview_test_and_message_have_the_empty_cell_of_a_column_that_was_added(
    database: Database, actor: Person, renderer: LimitedRenderer, list_id: int
) -> None:
    with database.writing() as session:
        add_column(session, actor, list_id, "plan", ColumnKind.TEXT)
        members = session.get_one(RecipientList, list_id)
        version = a_template_version(session, actor, html="<p>[{{ plan }}]</p>", text="[{{ plan }}]")
        send = a_draft_send(session, actor, version=version, people=members)
        look = look_before(session, renderer, send, None)
        assert look.request is not None and look.request.text == "[]"
        assert testing.recipient(session, actor, list_id, find="ann").data["plan"] == ""
    released(database, renderer, actor, send.id)
    assert [one.data for one in messages_of(database, send.id)] == [
        {"city": "Leeds", "plan": ""},
        {"city": "", "plan": ""},
    ]


def test_a_column_of_one_list_is_empty_for_its_people_and_missing_for_those_of_another(
    database: Database, actor: Person, renderer: LimitedRenderer, list_id: int
) -> None:
    with database.writing() as session:
        add_column(session, actor, list_id, "plan", ColumnKind.TEXT)
        others = a_list(session, actor, name="Others", people=[NewRecipient("cy@example.com", "Cy", {"city": "Bath"})])
        version = a_template_version(session, actor, html="<p>{{ plan }}</p>", text="[{{ plan }}]")
        draft = a_draft_send(session, actor, version=version, people=session.get_one(RecipientList, list_id))
        choosing.add_part(session, actor, draft.id, list_id=others.id, segment_id=None, is_excluded=False)
    reviewed(database, renderer, actor, draft.id)
    with database.writing() as session:
        assert set(session.scalars(select(ReviewProblem.email))) == {"cy@example.com"}
        session.get_one(Send, draft.id).values = {"plan": "none"}
    released(database, renderer, actor, draft.id)
    assert [one.data.get("plan") for one in messages_of(database, draft.id)] == ["", "", None]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"city": "Leeds"},
        {"plan": "", "city": 'Zoë “’"\\ \n'},
        {"город": "Омск"},
        {"gone": "left over", "also": "so", "more": "still"},
        {"plan": "a", "город": "b", "city": "c"},
    ],
)
def test_the_database_makes_cells_whole_as_the_program_does(
    database: Database, actor: Person, data: dict[str, Any]
) -> None:
    columns = ["plan", "город", "city"]
    with database.writing() as session:
        a_list(session, actor, people=[NewRecipient("ann@example.com", "Ann", data)], columns=columns)
        assert session.scalar(select(whole_cells_clause(columns))) == whole_cells(columns, data)
        assert session.scalar(select(whole_cells_clause([])).select_from(Recipient)) == data
