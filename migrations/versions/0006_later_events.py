"""events that the mail service tells later

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "message_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("event_key", sa.String(64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("event_type", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(300), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.String(255), nullable=False),
        sa.Column("is_inferred", sa.Boolean(), nullable=False),
        sa.Column("read_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_event_message_id_message"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_event")),
        sa.UniqueConstraint("message_id", "event_key", name=op.f("uq_message_event_message_id_event_key")),
    )
    op.create_index(op.f("ix_message_event_vendor_id"), "message_event", ["vendor_id"])
    op.create_table(
        "send_event_tally",
        sa.Column("send_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["send_id"], ["send.id"], name=op.f("fk_send_event_tally_send_id_send"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("send_id", "kind", name=op.f("pk_send_event_tally")),
    )
    op.create_table(
        "event_zone",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("zone_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(254), nullable=False),
        sa.Column("read_from", TIME),
        sa.Column("read_until", TIME),
        sa.Column("is_caught_up", sa.Boolean(), nullable=False),
        sa.Column("ids_match", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_event_zone_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("workspace_id", "zone_id", name=op.f("pk_event_zone")),
    )
    op.create_table(
        "event_reading",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("looked_at", TIME),
        sa.Column("zones_at", TIME),
        sa.Column("not_before", TIME),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_event_reading_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_event_reading")),
    )
    op.create_table(
        "event_lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("next_query_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_lease")),
    )
    has_id = sa.text("message_id <> ''")
    op.create_index("ix_message_vendor_id", "message", ["message_id"], sqlite_where=has_id, postgresql_where=has_id)


def downgrade() -> None:
    op.drop_index("ix_message_vendor_id", table_name="message")
    for table in ("event_lease", "event_reading", "event_zone", "send_event_tally", "message_event"):
        op.drop_table(table)
