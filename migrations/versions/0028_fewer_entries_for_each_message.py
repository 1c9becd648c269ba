"""each e-mail touches fewer indexes: a lane's messages are found by their send and state

Revision ID: 0028
Revises: 0027
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_message_lane", table_name="message")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE attempt SET (fillfactor = 25)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE attempt RESET (fillfactor)")
    op.create_index("ix_message_lane", "message", ["lane_id"])
