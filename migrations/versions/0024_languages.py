"""the language in which an account reads the pages

Revision ID: 0024
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("language", sa.String(16), nullable=False, server_default=""))
    with op.batch_alter_table("account") as table:
        table.alter_column("language", existing_type=sa.String(16), server_default=None)


def downgrade() -> None:
    op.drop_column("account", "language")
