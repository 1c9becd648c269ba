"""the ledger of calls, the quota, retries with a limit in time, reasons of pauses

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)


def downgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)


def _columns() -> dict[str, tuple[sa.Column, ...]]:
    return {
        "rate_budget": (
            sa.Column("ledger", sa.JSON(), nullable=False, server_default="{}"),
            sa.Column("quota_value", sa.Integer(), nullable=True),
            sa.Column("quota_unit", sa.String(20), nullable=False, server_default=""),
            sa.Column("quota_sent", sa.Integer(), nullable=True),
            sa.Column("quota_since", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("quota_resets_at", MOMENT, nullable=True),
            sa.Column("quota_read_at", MOMENT, nullable=True),
            sa.Column("quota_asked_at", MOMENT, nullable=True),
            sa.Column("quota_wanted", sa.Boolean(), nullable=False, server_default=sa.false()),
        ),
        "send": (
            sa.Column("pause_code", sa.String(64), nullable=False, server_default=""),
            sa.Column("resumes_at", MOMENT, nullable=True),
            sa.Column("answered_before", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("bounced_before", sa.Integer(), nullable=False, server_default="0"),
        ),
        "send_tally": (sa.Column("retrying", sa.Integer(), nullable=False, server_default="0"),),
        "message": (sa.Column("retry_until", MOMENT, nullable=True),),
    }
