"""lists that are worked on: keys to filter and sort by, changes with their undo, erasing and retention

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from app.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WITHOUT_KEYS = sa.text("keys IS NULL")
GOES = sa.text("state IN ('running', 'undoing')")


def upgrade() -> None:
    op.add_column("recipient", sa.Column("keys", sa.JSON(), nullable=True))
    op.create_index(
        "ix_recipient_without_keys",
        "recipient",
        ["list_id"],
        sqlite_where=WITHOUT_KEYS,
        postgresql_where=WITHOUT_KEYS,
    )
    op.add_column("recipient_list", sa.Column("rekey_after", sa.Integer(), nullable=True))
    op.add_column("recipient_list", sa.Column("sorted_change", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("workspace", sa.Column("keep_message_days", sa.Integer(), nullable=True))
    op.add_column("message", sa.Column("erased_at", UtcDateTime(), nullable=True))
    op.add_column("send", sa.Column("data_erased_at", UtcDateTime(), nullable=True))
    op.create_index("ix_audit_entry_subject", "audit_entry", ["workspace_id", "subject_id", "id"])
    _changes()
    _order()


def _changes() -> None:
    op.create_table(
        "list_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("act", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["recipient_list.id"], name="fk_list_change_list_id_recipient_list", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_list_change_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_list_change"),
    )
    op.create_index("ix_list_change_newest", "list_change", ["list_id", "id"])
    op.create_index("ix_list_change_going", "list_change", ["state"], sqlite_where=GOES, postgresql_where=GOES)
    op.create_table(
        "list_change_row",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("was", sa.JSON(), nullable=False),
        sa.Column("became", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["list_change.id"], name="fk_list_change_row_change_id_list_change", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("change_id", "recipient_id", name="pk_list_change_row"),
    )
    op.create_index("ix_list_change_row_email_key", "list_change_row", ["email_key"])


def _order() -> None:
    op.create_table(
        "sorted_column",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(200), nullable=False),
        sa.Column("is_ready", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sorted_column"),
        sa.UniqueConstraint("list_id", "column", name="uq_sorted_column_list_id_column"),
    )
    op.create_index("ix_sorted_column_list_id", "sorted_column", ["list_id"])
    key = sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql")
    op.create_table(
        "recipient_key",
        sa.Column("sorted_column_id", sa.Integer(), nullable=False),
        sa.Column("key", key, nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sorted_column_id", "key", "recipient_id", name="pk_recipient_key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("recipient_key", "sorted_column", "list_change_row", "list_change"):
        op.drop_table(table)
    op.drop_index("ix_audit_entry_subject", "audit_entry")
    op.drop_column("send", "data_erased_at")
    op.drop_column("message", "erased_at")
    op.drop_column("workspace", "keep_message_days")
    op.drop_column("recipient_list", "sorted_change")
    op.drop_column("recipient_list", "rekey_after")
    op.drop_index("ix_recipient_without_keys", "recipient")
    op.drop_column("recipient", "keys")
