"""two pairs of eyes: the rule, what is put up for approval, who changed a send last

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "approval_rule",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("above", sa.Integer(), nullable=True),
        sa.Column("of_templates", sa.Boolean(), nullable=False),
        sa.Column("remind_hours", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_approval_rule_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_approval_rule")),
    )
    op.create_table(
        "approval_subject",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("sender_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_approval_subject_workspace_id_workspace")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["recipient_list.id"],
            name=op.f("fk_approval_subject_list_id_recipient_list"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segment.id"], name=op.f("fk_approval_subject_segment_id_segment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"],
            ["sender_identity.id"],
            name=op.f("fk_approval_subject_sender_id_sender_identity"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_subject")),
    )
    op.create_index(op.f("ix_approval_subject_workspace_id"), "approval_subject", ["workspace_id"])
    op.create_table(
        "approval_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("send_id", sa.Integer(), nullable=True),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("reminded_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_approval_request_workspace_id_workspace")
        ),
        sa.ForeignKeyConstraint(
            ["send_id"], ["send.id"], name=op.f("fk_approval_request_send_id_send"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_approval_request_template_id_template"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_approval_request_asked_by_person")),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_approval_request_changed_by_person")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_approval_request_decided_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
    )
    op.create_index("ix_approval_request_of_send", "approval_request", ["send_id", "id"])
    op.create_index("ix_approval_request_of_template", "approval_request", ["template_id", "id"])
    op.create_index("ix_approval_request_state", "approval_request", ["state", "workspace_id"])
    op.create_index("ix_approval_request_told", "approval_request", ["is_told"])
    op.create_table(
        "approval_lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("next_look_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_lease")),
    )
    op.add_column("send", sa.Column("changed_by", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Sends that wait for approval are drafts again."""
    op.execute("UPDATE send SET state = 'draft' WHERE state = 'awaiting_approval'")
    with op.batch_alter_table("send") as table:
        table.drop_column("changed_by")
    for name in ("approval_lease", "approval_request", "approval_subject", "approval_rule"):
        op.drop_table(name)
