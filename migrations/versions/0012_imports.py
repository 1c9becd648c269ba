"""imports as jobs: uploads in chunks, rows staged before they change a list

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def added() -> tuple[sa.Column, ...]:
    return (
        sa.Column("size", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("way", sa.String(length=32), nullable=False, server_default="new"),
        sa.Column("state", sa.String(length=32), nullable=False, server_default="choosing"),
        sa.Column("words", sa.Text(), nullable=False, server_default=""),
        sa.Column("choices", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("found", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("mapping", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("counts", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("run", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_staged", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("needs_clearing", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("progress", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("progress_total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("list_change_number", sa.Integer(), nullable=True),
        sa.Column("columns_before", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default="2026-01-01 00:00:00"),
    )


def upgrade() -> None:
    op.create_table(
        "upload_chunk",
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["list_upload.id"],
            name=op.f("fk_upload_chunk_upload_id_list_upload"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_chunk")),
    )
    op.create_table(
        "staged_row",
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("change", sa.String(length=8), nullable=True),
        sa.Column("recipient_id", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("problem", sa.String(length=32), nullable=True),
        sa.Column("place", sa.String(length=210), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("suggestion", sa.Text(), nullable=True),
        sa.Column("better", sa.Text(), nullable=True),
        sa.Column("cells", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["list_upload.id"], name=op.f("fk_staged_row_upload_id_list_upload"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "line", name=op.f("pk_staged_row")),
        sqlite_with_rowid=False,
    )
    for name, columns in (
        ("ix_staged_row_problem", ["upload_id", "problem", "line"]),
        ("ix_staged_row_line_of_problem", ["upload_id", "line"]),
    ):
        where = sa.text("problem IS NOT NULL")
        op.create_index(name, "staged_row", columns, sqlite_where=where, postgresql_where=where)
    # A list that a worker fills belongs to nobody yet.
    with op.batch_alter_table("recipient_list") as table:
        table.alter_column("workspace_id", existing_type=sa.Integer(), nullable=True)
    # An upload that waits for its answer keeps its content, as its first chunk; a person looks at it anew.
    op.execute("INSERT INTO upload_chunk (upload_id, number, content) SELECT id, 0, content FROM list_upload")
    with op.batch_alter_table("list_upload") as table:
        for column in added():
            table.add_column(column)
        table.add_column(sa.Column("list_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_list_upload_list_id_recipient_list"), "recipient_list", ["list_id"], ["id"], ondelete="SET NULL"
        )
        table.drop_column("email_column")
        table.drop_column("content")
    op.create_index(op.f("ix_list_upload_list_id"), "list_upload", ["list_id"])
    op.execute(
        "UPDATE list_upload SET size = coalesce((SELECT length(content) FROM upload_chunk WHERE upload_id = id), 0)"
    )


def downgrade() -> None:
    op.drop_table("staged_row")
    op.execute("DELETE FROM recipient WHERE list_id IN (SELECT id FROM recipient_list WHERE workspace_id IS NULL)")
    op.execute("DELETE FROM recipient_list WHERE workspace_id IS NULL")
    with op.batch_alter_table("recipient_list") as table:
        table.alter_column("workspace_id", existing_type=sa.Integer(), nullable=False)
    op.drop_index(op.f("ix_list_upload_list_id"), "list_upload")
    # Files of several chunks cannot go back into one cell that earlier versions would read.
    op.execute(
        "DELETE FROM list_upload WHERE state NOT IN ('choosing', 'reading', 'ready') "
        "OR (SELECT count(*) FROM upload_chunk WHERE upload_id = list_upload.id) <> 1"
    )
    with op.batch_alter_table("list_upload") as table:
        table.drop_constraint(op.f("fk_list_upload_list_id_recipient_list"), type_="foreignkey")
        table.drop_column("list_id")
        for column in added():
            table.drop_column(column.name)
        table.add_column(sa.Column("email_column", sa.String(length=200), nullable=True))
        table.add_column(sa.Column("content", sa.LargeBinary(), nullable=False, server_default=""))
    op.execute(
        "UPDATE list_upload SET content = "
        "(SELECT content FROM upload_chunk WHERE upload_id = list_upload.id AND number = 0)"
    )
    op.drop_table("upload_chunk")
