"""who stopped a kind of notice by hand for somebody, and what was done together, so that only that is undone

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("topic_opt_out") as table:
        table.add_column(sa.Column("added_by", sa.Integer(), nullable=True))
        table.add_column(sa.Column("batch", sa.String(length=36), nullable=True))
        table.create_foreign_key(op.f("fk_topic_opt_out_added_by_person"), "person", ["added_by"], ["id"])
        table.create_index("ix_topic_opt_out_batch", ["workspace_id", "batch"])


def downgrade() -> None:
    with op.batch_alter_table("topic_opt_out") as table:
        table.drop_index("ix_topic_opt_out_batch")
        table.drop_constraint(op.f("fk_topic_opt_out_added_by_person"), type_="foreignkey")
        table.drop_column("batch")
        table.drop_column("added_by")
