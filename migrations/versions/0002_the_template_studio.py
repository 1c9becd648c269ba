"""the template studio: contents in languages, layouts and snippets, stored files, test groups, suppressions

Revision ID: 0002
Revises: 0001
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _make_tables()
    op.add_column("workspace", sa.Column("public_url", sa.String(300), nullable=False, server_default=""))
    op.add_column("send", sa.Column("file_column", sa.String(200), nullable=False, server_default=""))
    op.add_column("template", sa.Column("folder", sa.String(100), nullable=False, server_default=""))
    op.add_column("template", sa.Column("draft", sa.JSON(), nullable=True))
    op.add_column("template_version", sa.Column("content", sa.JSON(), nullable=True))
    op.add_column("template_version", sa.Column("prepared", sa.JSON(), nullable=True))
    op.add_column("template_version", sa.Column("pins", sa.JSON(), nullable=True))
    _contents_from_columns()
    _files_into_their_store()
    with op.batch_alter_table("template") as table:
        table.alter_column("draft", existing_type=sa.JSON(), nullable=False)
        for name in ("draft_subject", "draft_html", "draft_text", "draft_headers", "sample_data"):
            table.drop_column(name)
        table.alter_column("folder", existing_type=sa.String(100), server_default=None)
    with op.batch_alter_table("template_version") as table:
        for name in ("content", "prepared", "pins"):
            table.alter_column(name, existing_type=sa.JSON(), nullable=False)
        table.alter_column("number", existing_type=sa.Integer(), nullable=True)
        for name in ("subject", "html", "text", "headers", "prepared_html", "prepared_text"):
            table.drop_column(name)
    with op.batch_alter_table("workspace") as table:
        table.alter_column("public_url", existing_type=sa.String(300), server_default=None)
    with op.batch_alter_table("send") as table:
        table.alter_column("file_column", existing_type=sa.String(200), server_default=None)


def downgrade() -> None:
    """Back to one language, in HTML; what only the studio knows (layouts, files, tests, variants) is lost."""
    _without_tests()
    for name in ("draft_subject", "draft_html", "draft_text"):
        op.add_column("template", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("draft_headers", "sample_data"):
        op.add_column("template", sa.Column(name, sa.JSON(), nullable=True))
    for name in ("subject", "html", "text", "prepared_html", "prepared_text"):
        op.add_column("template_version", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("template_version", sa.Column("headers", sa.JSON(), nullable=True))
    _columns_from_contents()
    _files_back_into_sends()
    with op.batch_alter_table("template") as table:
        for name in ("draft_headers", "sample_data"):
            table.alter_column(name, existing_type=sa.JSON(), nullable=False)
        for name in ("draft_subject", "draft_html", "draft_text"):
            table.alter_column(name, existing_type=sa.Text(), server_default=None)
        table.drop_column("draft")
        table.drop_column("folder")
    with op.batch_alter_table("template_version") as table:
        table.alter_column("headers", existing_type=sa.JSON(), nullable=False)
        for name in ("subject", "html", "text", "prepared_html", "prepared_text"):
            table.alter_column(name, existing_type=sa.Text(), server_default=None)
        table.alter_column("number", existing_type=sa.Integer(), nullable=False)
        for name in ("content", "prepared", "pins"):
            table.drop_column(name)
    op.drop_column("send", "file_column")
    op.drop_column("workspace", "public_url")
    for table in ("person_file", "test_group", "suppression", "editing", "piece_use", "piece_version", "piece"):
        op.drop_table(table)
    op.drop_table("stored_file")


def _make_tables() -> None:
    op.create_table(
        "stored_file",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_file")),
    )
    op.create_table(
        "piece",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("draft_format", sa.String(32), nullable=False),
        sa.Column("draft_body", sa.Text(), nullable=False),
        sa.Column("draft_text", sa.Text(), nullable=False),
        sa.Column("draft_number", sa.Integer(), nullable=False),
        sa.Column("draft_saved_at", MOMENT, nullable=False),
        sa.Column("draft_saved_by", sa.Integer(), nullable=True),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_piece_workspace_id_workspace")),
        sa.ForeignKeyConstraint(["draft_saved_by"], ["person.id"], name=op.f("fk_piece_draft_saved_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_piece")),
        sa.UniqueConstraint("workspace_id", "kind", "name", name=op.f("uq_piece_workspace_id_kind_name")),
    )
    op.create_index(op.f("ix_piece_workspace_id"), "piece", ["workspace_id"])
    op.create_table(
        "piece_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("piece_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["piece_id"], ["piece.id"], name=op.f("fk_piece_version_piece_id_piece")),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_piece_version_published_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_piece_version")),
        sa.UniqueConstraint("piece_id", "number", name=op.f("uq_piece_version_piece_id_number")),
    )
    op.create_table(
        "piece_use",
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("piece_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_piece_use_template_id_template"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["piece_id"], ["piece.id"], name=op.f("fk_piece_use_piece_id_piece"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("template_id", "piece_id", name=op.f("pk_piece_use")),
    )
    op.create_index(op.f("ix_piece_use_piece_id"), "piece_use", ["piece_id"])
    op.create_table(
        "editing",
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_editing_template_id_template"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_editing_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("template_id", "person_id", name=op.f("pk_editing")),
    )
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_suppression_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint("workspace_id", "email_key", name=op.f("uq_suppression_workspace_id_email_key")),
    )
    op.create_table(
        "test_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_test_group_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_group")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_test_group_workspace_id_name")),
    )
    op.create_table(
        "person_file",
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("name_key", sa.String(255), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(127), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_person_file_send_id_send"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["stored_file.sha256"], name=op.f("fk_person_file_sha256_stored_file")),
        sa.PrimaryKeyConstraint("send_id", "name_key", name=op.f("pk_person_file")),
    )


def _contents_from_columns() -> None:
    connection = op.get_bind()
    for row in connection.execute(
        sa.text("SELECT id, draft_subject, draft_html, draft_text, draft_headers, sample_data FROM template")
    ).all():
        content = _content(row.draft_subject, row.draft_html, row.draft_text, row.draft_headers, row.sample_data)
        _set(connection, "template", row.id, draft=content)
    for row in connection.execute(
        sa.text("SELECT id, subject, html, text, headers, prepared_html, prepared_text FROM template_version")
    ).all():
        content = _content(row.subject, row.html, row.text, row.headers, {})
        prepared = {"en": {"subject": row.subject, "html": row.prepared_html, "text": row.prepared_text}}
        _set(connection, "template_version", row.id, content=content, prepared=prepared, pins=[])


def _columns_from_contents() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id, draft FROM template")).all():
        content = _json(row.draft)
        main = content["variants"][content["language"]]
        connection.execute(
            sa.text(
                "UPDATE template SET draft_subject = :subject, draft_html = :body, draft_text = :text WHERE id = :id"
            ),
            {"subject": main["subject"], "body": main["body"], "text": main["text"], "id": row.id},
        )
        samples = {name: hint["example"] for name, hint in content["hints"].items() if hint["example"]}
        _set(connection, "template", row.id, draft_headers=content["headers"], sample_data=samples)
    for row in connection.execute(sa.text("SELECT id, content, prepared FROM template_version")).all():
        content = _json(row.content)
        main, ready = content["variants"][content["language"]], _json(row.prepared)[content["language"]]
        connection.execute(
            sa.text(
                "UPDATE template_version SET subject = :subject, html = :body, text = :text, "
                "prepared_html = :html, prepared_text = :plain WHERE id = :id"
            ),
            {
                "subject": main["subject"],
                "body": main["body"],
                "text": main["text"],
                "html": ready["html"],
                "plain": ready["text"],
                "id": row.id,
            },
        )
        _set(connection, "template_version", row.id, headers=content["headers"])


def _files_into_their_store() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "INSERT INTO stored_file (sha256, size, content, created_at) "
            "SELECT sha256, size, content, CURRENT_TIMESTAMP FROM send_attachment "
            "WHERE id IN (SELECT min(id) FROM send_attachment GROUP BY sha256)"
        )
    )
    with op.batch_alter_table("send_attachment") as table:
        table.drop_column("content")
        table.create_foreign_key(op.f("fk_send_attachment_sha256_stored_file"), "stored_file", ["sha256"], ["sha256"])


def _files_back_into_sends() -> None:
    op.add_column("send_attachment", sa.Column("content", sa.LargeBinary(), nullable=True))
    op.get_bind().execute(
        sa.text(
            "UPDATE send_attachment SET content = "
            "(SELECT content FROM stored_file WHERE stored_file.sha256 = send_attachment.sha256)"
        )
    )
    with op.batch_alter_table("send_attachment") as table:
        table.drop_constraint(op.f("fk_send_attachment_sha256_stored_file"), type_="foreignkey")
        table.alter_column("content", existing_type=sa.LargeBinary(), nullable=False)


def _without_tests() -> None:
    """Take away test sends and the snapshots they were made from: the older schema has no place for them."""
    connection = op.get_bind()
    # Table names below are ours, not anybody's input.
    tests = "SELECT id FROM send WHERE kind = 'test'"
    for statement in (
        f"DELETE FROM attempt WHERE message_id IN (SELECT id FROM message WHERE send_id IN ({tests}))",
        *(
            f"DELETE FROM {table} WHERE send_id IN ({tests})"
            for table in ("message", "send_tally", "send_attachment", "review_problem", "person_file", "lane")
        ),
        "DELETE FROM send WHERE kind = 'test'",
        "UPDATE send SET template_version_id = NULL WHERE template_version_id IN "
        "(SELECT id FROM template_version WHERE number IS NULL)",
        "DELETE FROM template_version WHERE number IS NULL",
    ):
        connection.execute(sa.text(statement))


def _content(subject: str, body: str, text: str, headers: object, samples: object) -> dict[str, object]:
    examples = {name: {"kind": "", "example": value, "default": ""} for name, value in _json(samples).items()}
    return {
        "format": "html",
        "language": "en",
        "variants": {"en": {"subject": subject, "preheader": "", "body": body, "text": text}},
        "language_column": "",
        "layout_id": None,
        "headers": _json(headers),
        "hints": examples,
        "files": [],
    }


def _set(connection: sa.Connection, table: str, row_id: int, **values: object) -> None:
    names = ", ".join(f"{name} = :{name}" for name in values)
    statement = sa.text(f"UPDATE {table} SET {names} WHERE id = :id").bindparams(
        *(sa.bindparam(name, type_=sa.JSON()) for name in values)
    )
    connection.execute(statement, {**values, "id": row_id})


def _json(value: object) -> dict[str, dict[str, dict[str, str]]]:
    return json.loads(value) if isinstance(value, str) else value
