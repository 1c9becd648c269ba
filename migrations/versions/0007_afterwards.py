"""deciding doubts, trying again, following up

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNDECIDED = sa.text("state = 'unknown' AND decided_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("send") as table:
        table.add_column(sa.Column("audience", sa.String(32), nullable=False, server_default="everybody"))
        table.add_column(sa.Column("follows_send_id", sa.Integer()))
        table.add_column(sa.Column("follow_groups", sa.JSON(), nullable=False, server_default="[]"))
        table.create_foreign_key(
            op.f("fk_send_follows_send_id_send"), "send", ["follows_send_id"], ["id"], ondelete="SET NULL"
        )
        table.create_index(op.f("ix_send_follows_send_id"), ["follows_send_id"])
    with op.batch_alter_table("send") as table:
        table.alter_column("audience", existing_type=sa.String(32), server_default=None)
        table.alter_column("follow_groups", existing_type=sa.JSON(), server_default=None)
    # The default stays: without it SQLite would write a million messages anew.
    op.add_column("message", sa.Column("tries_before", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("message", sa.Column("decided_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_message_undecided", "message", ["send_id", "state"], sqlite_where=UNDECIDED, postgresql_where=UNDECIDED
    )


def downgrade() -> None:
    op.drop_index("ix_message_undecided", "message")
    op.drop_column("message", "decided_at")
    op.drop_column("message", "tries_before")
    with op.batch_alter_table("send") as table:
        table.drop_index(op.f("ix_send_follows_send_id"))
        table.drop_constraint(op.f("fk_send_follows_send_id_send"), type_="foreignkey")
        table.drop_column("follow_groups")
        table.drop_column("follows_send_id")
        table.drop_column("audience")
