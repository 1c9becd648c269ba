"""suppressions with reasons, Cloudflare's list and its sync, bad addresses

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
ADDED = (
    ("until", TIME, True, None),
    ("note", sa.Text(), False, ""),
    ("added_by", sa.Integer(), True, None),
    ("batch", sa.String(36), True, None),
    ("handing", sa.String(32), False, "by_rule"),
    ("handed_at", TIME, True, None),
    ("conflict", sa.String(32), False, ""),
)


def upgrade() -> None:
    # Nothing points to this table, so that SQLite may make it anew.
    with op.batch_alter_table("suppression") as table:
        for name, kind, nullable, default in ADDED:
            table.add_column(sa.Column(name, kind, nullable=nullable, server_default=default))
        table.create_foreign_key(op.f("fk_suppression_added_by_person"), "person", ["added_by"], ["id"])
        table.drop_constraint(op.f("uq_suppression_workspace_id_email_key"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_suppression_workspace_id_email_key_reason"), ["workspace_id", "email_key", "reason"]
        )
    op.create_index("ix_suppression_newest", "suppression", ["workspace_id", "created_at"])
    op.create_index("ix_suppression_batch", "suppression", ["workspace_id", "batch"])
    op.create_index("ix_suppression_conflict", "suppression", ["workspace_id", "conflict", "email_key"])
    _theirs()
    _bad_addresses()


def downgrade() -> None:
    for table in ("bad_address", "suppression_lease", "suppression_rules", "suppression_sync", "their_suppression"):
        op.drop_table(table)
    op.execute("DELETE FROM suppression WHERE reason <> 'opt_out'")  # nothing older knows another reason
    op.drop_index("ix_suppression_conflict", "suppression")
    op.drop_index("ix_suppression_batch", "suppression")
    op.drop_index("ix_suppression_newest", "suppression")
    with op.batch_alter_table("suppression") as table:
        table.drop_constraint(op.f("uq_suppression_workspace_id_email_key_reason"), type_="unique")
        table.create_unique_constraint(op.f("uq_suppression_workspace_id_email_key"), ["workspace_id", "email_key"])
        table.drop_constraint(op.f("fk_suppression_added_by_person"), type_="foreignkey")
        for name, _, _, _ in reversed(ADDED):
            table.drop_column(name)


def _workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f(f"fk_{table}_workspace_id_workspace"))


def _theirs() -> None:
    op.create_table(
        "their_suppression",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("vendor_id", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("scope_type", sa.String(32), nullable=False),
        sa.Column("scope_value", sa.String(254), nullable=False),
        sa.Column("added_at", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("is_ours", sa.Boolean(), nullable=False),
        sa.Column("seen_in", sa.Integer(), nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        _workspace("their_suppression"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_their_suppression")),
        sa.UniqueConstraint("workspace_id", "vendor_id", name=op.f("uq_their_suppression_workspace_id_vendor_id")),
    )
    op.create_index("ix_their_suppression_address", "their_suppression", ["workspace_id", "email_key", "id"])
    op.create_index("ix_their_suppression_seen", "their_suppression", ["workspace_id", "seen_in"])
    op.create_table(
        "suppression_sync",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(100), nullable=False),
        sa.Column("pass_number", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("is_reading", sa.Boolean(), nullable=False),
        sa.Column("entries_read", sa.Integer(), nullable=False),
        sa.Column("began_at", TIME),
        sa.Column("synced_at", TIME),
        sa.Column("asked_at", TIME),
        sa.Column("not_before", TIME),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        _workspace("suppression_sync"),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_suppression_sync")),
    )
    op.create_table(
        "suppression_rules",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("adds_bounces", sa.Boolean(), nullable=False),
        sa.Column("adds_complaints", sa.Boolean(), nullable=False),
        sa.Column("syncs", sa.Boolean(), nullable=False),
        sa.Column("hands_over", sa.JSON(), nullable=False),
        _workspace("suppression_rules"),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_suppression_rules")),
    )
    op.create_table(
        "suppression_lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("next_call_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression_lease")),
    )


def _bad_addresses() -> None:
    op.create_table(
        "bad_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("send_id", sa.Integer()),
        sa.Column("message_id", sa.Integer()),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("mended_to", sa.String(254), nullable=False),
        sa.Column("settled_by", sa.Integer()),
        sa.Column("settled_at", TIME),
        _workspace("bad_address"),
        sa.ForeignKeyConstraint(
            ["send_id"], ["send.id"], name=op.f("fk_bad_address_send_id_send"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["person.id"], name=op.f("fk_bad_address_settled_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_address")),
        sa.UniqueConstraint("workspace_id", "email_key", name=op.f("uq_bad_address_workspace_id_email_key")),
    )
    op.create_index("ix_bad_address_of_state", "bad_address", ["workspace_id", "state", "email_key"])
    op.create_index(op.f("ix_bad_address_send_id"), "bad_address", ["send_id"])
    # What bounced before stands in the work list from the first day; the last e-mail of an address counts.
    op.execute(
        "INSERT INTO bad_address (workspace_id, email, email_key, name, kind, words, send_id, message_id, at, state, "
        "mended_to) SELECT s.workspace_id, m.email, m.email_key, m.name, 'bounced', m.detail, m.send_id, m.id, "
        "m.changed_at, 'open', '' FROM message m JOIN send s ON s.id = m.send_id WHERE m.id IN (SELECT max(n.id) "
        "FROM message n JOIN send t ON t.id = n.send_id WHERE n.state = 'bounced' GROUP BY t.workspace_id, n.email_key)"
    )
