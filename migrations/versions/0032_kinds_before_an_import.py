"""what the columns of a list held before an import, so that its undo gives that back

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("list_upload", sa.Column("kinds_before", sa.JSON(), nullable=False, server_default="{}"))
    op.execute(  # of imports that are done already: what the columns hold now, as their undo left it
        "UPDATE list_upload SET kinds_before = recipient_list.column_kinds FROM recipient_list "
        "WHERE recipient_list.id = list_upload.list_id"
    )


def downgrade() -> None:
    op.drop_column("list_upload", "kinds_before")
