"""why an own e-mail did not go out, kept in no language

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Words that are kept in no language are longer than what they say.
    with op.batch_alter_table("own_mail") as table:
        table.alter_column("words", existing_type=sa.String(500), type_=sa.Text(), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("own_mail") as table:
        table.alter_column("words", existing_type=sa.Text(), type_=sa.String(500), existing_nullable=False)
