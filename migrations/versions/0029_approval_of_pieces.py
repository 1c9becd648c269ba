"""layouts and snippets can be put up for approval

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KEY = "fk_approval_request_piece_id_piece"


def upgrade() -> None:
    with op.batch_alter_table("approval_request") as table:
        table.add_column(sa.Column("piece_id", sa.Integer(), nullable=True))
        table.create_foreign_key(KEY, "piece", ["piece_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_approval_request_of_piece", "approval_request", ["piece_id", "id"])


def downgrade() -> None:
    """What was put up of layouts and snippets is gone: nothing could name it."""
    op.execute("DELETE FROM approval_request WHERE piece_id IS NOT NULL")
    op.drop_index("ix_approval_request_of_piece", "approval_request")
    with op.batch_alter_table("approval_request") as table:
        table.drop_constraint(KEY, type_="foreignkey")
        table.drop_column("piece_id")
