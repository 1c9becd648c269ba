"""Postroom's own e-mails to its staff, and who they come from

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "own_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("letter_sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", TIME, nullable=False),
        sa.Column("retry_until", TIME, nullable=True),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_own_mail_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_mail")),
    )
    op.create_index("ix_own_mail_newest", "own_mail", ["workspace_id", "id"])
    op.create_index("ix_own_mail_due", "own_mail", ["state", "next_try_at"])
    op.add_column("workspace", sa.Column("own_mail_sender_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspace", "own_mail_sender_id")
    op.drop_table("own_mail")
