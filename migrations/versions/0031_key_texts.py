"""keys of large lists run together, for “contains”; the worker builds them with the lists' order

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sorted_column_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("recipient_ids", sa.LargeBinary(), nullable=False),
        sa.Column("has_long", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_text")),
    )
    op.create_index("ix_key_text_order", "key_text", ["sorted_column_id", "id"])
    if op.get_bind().dialect.name == "postgresql":  # unpacking them would take longer than looking through them
        op.execute("ALTER TABLE key_text ALTER COLUMN keys SET STORAGE EXTERNAL")
    op.execute(sa.text("UPDATE sorted_column SET is_ready = :no").bindparams(no=False))


def downgrade() -> None:
    op.drop_table("key_text")
