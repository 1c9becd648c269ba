"""kinds of notice, who stopped which, service notices, the look of the unsubscribe page, links that outlive their data

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_topic_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("key", name=op.f("uq_topic_key")),
    )
    op.create_index(op.f("ix_topic_workspace_id"), "topic", ["workspace_id"])
    op.create_table(
        "topic_opt_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_topic_opt_out_workspace_id_workspace")
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_opt_out_topic_id_topic")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_opt_out")),
        sa.UniqueConstraint("topic_id", "email_key", name=op.f("uq_topic_opt_out_topic_id_email_key")),
    )
    op.create_index("ix_topic_opt_out_person", "topic_opt_out", ["workspace_id", "email_key"])
    op.create_table(
        "opt_out_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("link_digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_opt_out_answer_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out_answer")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_opt_out_answer_link_digest")),
    )
    op.create_index("ix_opt_out_answer_newest", "opt_out_answer", ["workspace_id", "id"])
    op.create_table(
        "unsubscribe_look",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(7), nullable=False),
        sa.Column("logo_type", sa.String(32), nullable=False),
        sa.Column("logo_sha256", sa.String(64), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("mailbox", sa.String(254), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_unsubscribe_look_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_unsubscribe_look")),
    )
    op.create_index(op.f("ix_unsubscribe_look_logo_sha256"), "unsubscribe_look", ["logo_sha256"])
    for table in ("template", "send"):
        op.add_column(table, sa.Column("topic_id", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("service_scope", sa.String(32), nullable=False, server_default="none"))
        op.add_column(table, sa.Column("service_reason", sa.Text(), nullable=False, server_default=""))
    op.add_column("template", sa.Column("service_version_id", sa.Integer(), nullable=True))
    op.add_column("send", sa.Column("public_url", sa.String(300), nullable=False, server_default=""))
    op.add_column("send", sa.Column("link_key", sa.String(16), nullable=True))
    # What is released keeps its links, by reference. Its address was read at delivery: today's is the best guess.
    op.execute(
        "UPDATE send SET link_key = '', public_url = "
        "(SELECT workspace.public_url FROM workspace WHERE workspace.id = send.workspace_id) "
        "WHERE released_at IS NOT NULL"
    )


def downgrade() -> None:
    for name in ("link_key", "public_url"):
        op.drop_column("send", name)
    op.drop_column("template", "service_version_id")
    for table in ("send", "template"):
        for name in ("service_reason", "service_scope", "topic_id"):
            op.drop_column(table, name)
    op.drop_index(op.f("ix_unsubscribe_look_logo_sha256"), "unsubscribe_look")
    op.drop_table("unsubscribe_look")
    op.drop_index("ix_opt_out_answer_newest", "opt_out_answer")
    op.drop_table("opt_out_answer")
    op.drop_index("ix_topic_opt_out_person", "topic_opt_out")
    op.drop_table("topic_opt_out")
    op.drop_index(op.f("ix_topic_workspace_id"), "topic")
    op.drop_table("topic")
