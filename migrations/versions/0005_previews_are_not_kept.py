"""previews are not kept: the browser lays them on a blank page

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("piece_preview_page")
    op.drop_table("preview_page")


def downgrade() -> None:
    _make("preview_page", "template")
    _make("piece_preview_page", "piece")


def _make(name: str, subject: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(f"{subject}_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            [f"{subject}_id"], [f"{subject}.id"], name=op.f(f"fk_{name}_{subject}_id_{subject}"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f(f"fk_{name}_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint(f"{subject}_id", "person_id", name=op.f(f"uq_{name}_{subject}_id_person_id")),
    )
