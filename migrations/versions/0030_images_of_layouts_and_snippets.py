"""layouts and snippets have images of their own, and a published template keeps those that it shows

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

COLUMNS = (("piece", "draft_images"), ("piece_version", "images"), ("template_version", "piece_images"))
VERSION = sa.table(
    "template_version",
    sa.column("id", sa.Integer()),
    sa.column("content", sa.JSON()),
    sa.column("piece_images", sa.JSON()),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Give published templates the images as files of their own, so that what is sent stays the same."""
    connection = op.get_bind()
    with_images = sa.cast(VERSION.c.piece_images, sa.Text()) != "[]"
    for row in connection.execute(sa.select(VERSION).where(with_images)).all():
        content = {**row.content, "files": [*row.content["files"], *row.piece_images]}
        connection.execute(sa.update(VERSION).where(VERSION.c.id == row.id).values(content=content))
    for table, column in COLUMNS:
        op.drop_column(table, column)
