"""accounts apart from people, so that one account works in several workspaces; five roles

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
MOVED = ("email", "name", "password_hash", "session_key", "timezone", "last_seen_at")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("session_key", sa.String(64), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("runs_installation", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    op.execute(
        "INSERT INTO account (email, name, password_hash, session_key, timezone, runs_installation, created_at, "
        "last_seen_at) SELECT email, name, password_hash, session_key, timezone, role = 'administrator', created_at, "
        "last_seen_at FROM person ORDER BY id"
    )
    op.add_column("person", sa.Column("account_id", sa.Integer(), nullable=True))
    op.execute("UPDATE person SET account_id = (SELECT account.id FROM account WHERE account.email = person.email)")
    op.execute("UPDATE person SET role = 'sender' WHERE role = 'staff'")
    with op.batch_alter_table("person") as table:
        table.alter_column("account_id", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(op.f("fk_person_account_id_account"), "account", ["account_id"], ["id"])
        table.drop_constraint(op.f("uq_person_email"), type_="unique")
        table.create_unique_constraint(op.f("uq_person_account_id_workspace_id"), ["account_id", "workspace_id"])
        for name in MOVED:
            table.drop_column(name)


def downgrade() -> None:
    """Give every person what their account has; whoever works in a second workspace signs in there by another name."""
    kinds = {"email": 254, "name": 100, "password_hash": 255, "session_key": 64, "timezone": 64}
    for name, length in kinds.items():
        op.add_column("person", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    op.add_column("person", sa.Column("last_seen_at", TIME, nullable=True))
    for name in MOVED:
        op.execute(f"UPDATE person SET {name} = (SELECT {name} FROM account WHERE account.id = person.account_id)")
    op.execute(
        "UPDATE person SET email = 'workspace-' || workspace_id || '-' || email WHERE EXISTS "
        "(SELECT 1 FROM person AS first WHERE first.account_id = person.account_id AND first.id < person.id)"
    )
    op.execute("UPDATE person SET role = 'staff' WHERE role <> 'administrator'")
    with op.batch_alter_table("person") as table:
        table.drop_constraint(op.f("uq_person_account_id_workspace_id"), type_="unique")
        table.drop_constraint(op.f("fk_person_account_id_account"), type_="foreignkey")
        table.drop_column("account_id")
        table.create_unique_constraint(op.f("uq_person_email"), ["email"])
        for name, length in kinds.items():
            table.alter_column(name, existing_type=sa.String(length), server_default=None)
    op.drop_table("account")
