"""time zones of people; times, paces and waves of sends

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OF_SENDS = ("is_timed", "release_marks", "wave_left", "wave_size")


def upgrade() -> None:
    op.add_column("person", sa.Column("timezone", sa.String(64), nullable=False, server_default=""))
    op.add_column("send", sa.Column("is_timed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("send", sa.Column("release_marks", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("send", sa.Column("wave_left", sa.Integer(), nullable=True))
    op.add_column("send", sa.Column("wave_size", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "send_pace",
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("fk_send_pace_send_id_send"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("send_id", name=op.f("pk_send_pace")),
    )


def downgrade() -> None:
    op.drop_table("send_pace")
    for name in OF_SENDS:
        op.drop_column("send", name)
    op.drop_column("person", "timezone")
