"""what a send's lists are called is words too, which are longer as they are kept

Revision ID: 0027
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("send") as table:
        table.alter_column("list_name", existing_type=sa.String(200), type_=sa.Text(), existing_nullable=False)


def downgrade() -> None:
    cut = "CASE WHEN list_name LIKE 'words:[%' THEN '' ELSE substr(list_name, 1, 200) END"
    op.execute(f"UPDATE send SET list_name = {cut}")
    with op.batch_alter_table("send") as table:
        table.alter_column("list_name", existing_type=sa.Text(), type_=sa.String(200), existing_nullable=False)
