"""what each column of a list holds: text, number, date, yes or no, file name

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recipient_list", sa.Column("column_kinds", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("recipient_list", "column_kinds")
