"""sign-ins that the server keeps

Revision ID: 0019
Revises: 0018
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("account") as table:
        table.drop_column("session_key")
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(100), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id_account")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_in_digest")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"])
    op.create_index(op.f("ix_sign_in_person_id"), "sign_in", ["person_id"])


def downgrade() -> None:
    op.drop_table("sign_in")
    op.add_column("account", sa.Column("session_key", sa.String(64), nullable=False, server_default=""))
    accounts = op.get_bind().execute(sa.text("SELECT id FROM account")).scalars().all()
    for number in accounts:  # everybody signs in anew
        op.execute(
            sa.text("UPDATE account SET session_key = :key WHERE id = :id").bindparams(
                key=secrets.token_urlsafe(24), id=number
            )
        )
    with op.batch_alter_table("account") as table:
        table.alter_column("session_key", existing_type=sa.String(64), server_default=None)
