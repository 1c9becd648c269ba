"""Migrations: the schema they make is the one the models describe, up and down, on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from app.audit.models import AuditEntry
from app.db import Base, Database
from app.emails.bundle import BundledPiece
from app.emails.content import Format
from app.emails.models import PieceKind
from app.emails.piece_making import make_piece
from app.emails.templates import create_template
from app.migrating import import_all_tables, is_current, migrate, migrate_back
from app.people.accounts import add_person, first_workspace
from app.people.approval_models import ApprovalRequest
from app.people.roles import Role
from app.recipients.models import Recipient, RecipientList
from app.words import _
from tests.conftest import PASSWORD

import_all_tables()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite3'}")
        migrate(database)
    else:
        database = Database(request.getfixturevalue("postgres_url"))
    request.addfinalizer(database.close)
    return database


def test_the_migrated_schema_is_what_the_models_say(migrated: Database) -> None:
    assert is_current(migrated)
    with migrated.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing_and_down_leaves_nothing(migrated: Database) -> None:
    migrate(migrated)
    assert is_current(migrated)
    migrate_back(migrated, "base")
    assert set(inspect(migrated.engine).get_table_names()) <= {"alembic_version"}
    migrate(migrated)
    assert is_current(migrated)


FIRST_ROWS = (
    "INSERT INTO workspace (id, name, is_live, created_at) VALUES (1, 'W', true, '2026-01-01 00:00:00')",
    "INSERT INTO person (id, workspace_id, email, name, role, password_hash, session_key, created_at) "
    "VALUES (1, 1, 'a@example.com', 'A', 'staff', 'x', 'y', '2026-01-01 00:00:00')",
    "INSERT INTO template (id, workspace_id, name, draft_subject, draft_html, draft_text, draft_headers, sample_data, "
    "draft_number, draft_saved_at, is_archived, created_at) VALUES (1, 1, 'T', 'Hi {{ name }}', '<p>draft</p>', 'own', "
    """'[["X-A", "1"]]', '{"name": "Anna"}', 3, '2026-01-01 00:00:00', false, '2026-01-01 00:00:00')""",
    "INSERT INTO template_version (id, workspace_id, template_id, number, subject, html, text, headers, prepared_html, "
    "prepared_text, variables, note, published_at) VALUES (1, 1, 1, 1, 'Hi', '<p>v1</p>', '', '[]', '<p>ready</p>', "
    "'ready', '[]', '', '2026-01-01 00:00:00')",
    "INSERT INTO preview_page (id, template_id, person_id, html, made_at) VALUES (1, 1, 1, 'p', '2026-01-01 00:00:00')",
    "INSERT INTO send (id, workspace_id, kind, state, pause_reason, template_version_id, list_name, columns, "
    'from_address, from_name, reply_to, headers, "values", "to", cc, bcc, review_state, review_fingerprint, '
    "review_total, review_done, review_problems, created_at, total) VALUES (1, 1, 'direct', 'finished', '', 1, '', "
    "'[]', 'o@example.com', '', '', '[]', '{}', '[]', '[]', '[]', 'done', '', 1, 1, 0, '2026-01-01 00:00:00', 1)",
    *(
        "INSERT INTO send_attachment (id, send_id, file_name, media_type, size, sha256, content) "
        f"VALUES ({number}, 1, 'f{number}.txt', 'text/plain', 5, 'same', CAST('bytes' AS BLOB))"
        for number in (1, 2)
    ),
)


def with_first_rows(migrated: Database) -> None:
    """Bring a database with data of the first schema up to the newest."""
    migrate_back(migrated, "0001")
    with migrated.engine.begin() as connection:
        for row in FIRST_ROWS:
            connection.exec_driver_sql(row if migrated.is_sqlite else row.replace("AS BLOB", "AS bytea"))
    migrate(migrated)


def test_data_comes_through_the_template_studio_and_back(migrated: Database) -> None:
    with_first_rows(migrated)
    with migrated.engine.connect() as connection:
        draft = connection.scalar(text("SELECT draft FROM template"))
        draft = json.loads(draft) if isinstance(draft, str) else draft
        assert draft["variants"]["en"] == {
            "subject": "Hi {{ name }}",
            "preheader": "",
            "body": "<p>draft</p>",
            "text": "own",
        }
        assert draft["headers"] == [["X-A", "1"]]
        assert draft["hints"]["name"]["example"] == "Anna"
        assert connection.scalar(text("SELECT count(*) FROM stored_file")) == 1, "the same bytes are kept once"
        assert connection.scalar(text("SELECT count(*) FROM send_attachment")) == 2
    migrate_back(migrated, "0001")
    with migrated.engine.connect() as connection:
        assert connection.execute(text("SELECT draft_subject, draft_html, draft_text FROM template")).one() == (
            "Hi {{ name }}",
            "<p>draft</p>",
            "own",
        )
        version = connection.execute(text("SELECT html, prepared_html, prepared_text FROM template_version")).one()
        assert version == ("<p>v1</p>", "<p>ready</p>", "ready")
        assert connection.scalar(text("SELECT count(*) FROM preview_page")) == 0, "previews are not kept any more"
        contents = connection.scalars(text("SELECT content FROM send_attachment")).all()
        assert [bytes(one) for one in contents] == [b"bytes"] * 2
    migrate(migrated)


def test_what_waits_for_approval_comes_through_the_approval_of_pieces_and_back(migrated: Database) -> None:
    with migrated.writing() as session:
        person = add_person(
            session, first_workspace(session), email="a@example.com", name="A", password=PASSWORD, role=Role.EDITOR
        )
        layout = BundledPiece(PieceKind.LAYOUT, "Letter", Format.HTML, "{{ content }}", "")
        of = {"template_id": create_template(session, person, "Notice").id}
        of_piece = {"piece_id": make_piece(session, person, layout, publish=False).id}
        session.flush()
        for key in (of, of_piece):
            asked = ApprovalRequest(
                **key, workspace_id=person.workspace_id, asked_by=person.id, fingerprint="x", reasons=[_("Why")]
            )
            session.add(asked)
        trail = session.query(AuditEntry).count()
    migrate_back(migrated, "0027")
    with migrated.engine.connect() as connection:
        rows = connection.execute(text("SELECT template_id, state, fingerprint FROM approval_request")).all()
        assert rows == [(of["template_id"], "waiting", "x")], "what only the newer one knows is gone, the rest stays"
        assert connection.scalar(text("SELECT count(*) FROM piece")) == 1
    migrate(migrated)
    with migrated.writing() as session:
        (asked,) = session.query(ApprovalRequest).all()
        assert (asked.template_id, asked.piece_id, asked.reasons) == (of["template_id"], None, ["Why"])
        session.add(ApprovalRequest(**of_piece, workspace_id=1, asked_by=asked.asked_by, fingerprint="y"))
        session.flush()
        session.execute(text("DELETE FROM piece"))
        assert session.query(ApprovalRequest).count() == 1, "with a layout go its requests"
        assert session.query(AuditEntry).count() == trail


def test_images_of_pieces_come_and_go_and_what_is_published_keeps_them(migrated: Database) -> None:
    """Down, a published template has the images that it shows as files of its own; nothing else changes."""
    with_first_rows(migrated)
    logo = {"name": "l.png", "media_type": "image/png", "sha256": "x", "size": 1, "content_id": "logo"}

    def read(query: str) -> Any:
        with migrated.engine.connect() as connection:
            found = connection.scalar(text(query))
        return json.loads(found) if isinstance(found, str) else found

    with migrated.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM template_version")) == 1
        connection.execute(
            text(
                "INSERT INTO template_version (id, workspace_id, template_id, number, content, prepared, pins, "
                "variables, note, published_at, piece_images) SELECT 2, workspace_id, template_id, 2, content, "
                "prepared, pins, variables, note, published_at, :images FROM template_version"
            ),
            {"images": json.dumps([logo])},
        )
    assert read("SELECT piece_images FROM template_version WHERE id = 1") == []
    before = read("SELECT content FROM template_version WHERE id = 1")
    migrate_back(migrated, "0027")
    assert read("SELECT content FROM template_version WHERE id = 1") == before
    assert read("SELECT content FROM template_version WHERE id = 2") == {**before, "files": [logo]}
    migrate(migrated)
    assert read("SELECT piece_images FROM template_version WHERE id = 2") == []
    assert is_current(migrated)


def test_keys_of_long_cells_are_made_again_and_no_others(migrated: Database) -> None:
    short, long = {"name": "ann", "city": "x" * 119}, {"name": "bo", "city": "x" * 120}
    migrate_back(migrated, "0031")
    with migrated.writing() as session:
        made = RecipientList(workspace_id=first_workspace(session).id, name="Members", columns=["city"])
        session.add(made)
        session.flush()
        for email, keys in (("ann@example.com", short), ("bo@example.com", long), ("cy@example.com", None)):
            session.add(Recipient(list_id=made.id, email=email, email_key=email, keys=keys))
    migrate(migrated)
    with migrated.reading() as session:
        kept = {one.email: one.keys for one in session.query(Recipient)}
    assert kept == {"ann@example.com": short, "bo@example.com": None, "cy@example.com": None}
