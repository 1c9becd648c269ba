"""keys of recipients, to compare and sort by

Revision ID: 0013
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

WITHOUT_KEYS = sa.text("keys IS NULL")


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


def downgrade() -> None:
    op.drop_column("recipient_list", "rekey_after")
    op.drop_index("ix_recipient_without_keys", "recipient")
    op.drop_column("recipient", "keys")
