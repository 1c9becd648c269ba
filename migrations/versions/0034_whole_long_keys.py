"""keys of long cells keep the whole text, for “contains”: the worker makes those of the people who have long cells

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

LONGEST = 120
"""Letters of a key that may be only the beginning of its cell (`keys.LONGEST`)."""


def upgrade() -> None:
    each = "json_each_text" if op.get_bind().dialect.name == "postgresql" else "json_each"
    long = f"SELECT 1 FROM {each}(recipient.keys) AS one WHERE length(one.value) = :longest"
    statement = f"UPDATE recipient SET keys = NULL WHERE keys IS NOT NULL AND EXISTS ({long})"
    op.execute(sa.text(statement).bindparams(longest=LONGEST))


def downgrade() -> None:
    """Nothing reads the whole texts then."""
