"""how POSTs were answered and how fast, for the metrics

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post_time",
        sa.Column("http_status", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("up_to_ms", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("http_status", "up_to_ms", name=op.f("pk_post_time")),
    )


def downgrade() -> None:
    op.drop_table("post_time")
