"""segments: saved filters over a list's columns; sends to several lists and segments

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("change_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["recipient_list.id"],
            name=op.f("fk_segment_list_id_recipient_list"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_segment_created_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("list_id", "name", name=op.f("uq_segment_list_id_name")),
    )
    op.create_table(
        "audience_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("is_segment", sa.Boolean(), nullable=False),
        sa.Column("is_excluded", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["send_id"], ["send.id"], name=op.f("fk_audience_part_send_id_send"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["recipient_list.id"],
            name=op.f("fk_audience_part_list_id_recipient_list"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segment.id"], name=op.f("fk_audience_part_segment_id_segment"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience_part")),
    )
    op.create_index("ix_audience_part_of_send", "audience_part", ["send_id", "position"])
    op.create_index("ix_audience_part_list", "audience_part", ["list_id"])
    op.create_index("ix_audience_part_segment", "audience_part", ["segment_id"])
    op.drop_index("ix_recipient_list_id", "recipient")
    op.create_index("ix_recipient_list_id", "recipient", ["list_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_recipient_list_id", "recipient")
    op.create_index("ix_recipient_list_id", "recipient", ["list_id"])
    op.drop_table("audience_part")
    op.drop_table("segment")
