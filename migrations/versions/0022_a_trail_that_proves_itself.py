"""the trail: from where, chained and protected; its own time of keeping; values hidden after sending

Revision ID: 0022
Revises: 0021
"""

import hashlib
import json
import secrets
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
CHUNK = 1_000
REFUSAL = "the trail cannot be changed"
UNTOUCHED = ("id", "workspace_id", "actor_id", "at", "action", "subject_id", "via")
CONTENT = ("words", "details", "address", "browser", "salt")
SEAL = ("content_digest", "position", "before_digest", "digest")
LEAST_AGE = "360 days"
"""Younger entries keep their words in any case; the shortest rule is a year."""


def upgrade() -> None:
    with op.batch_alter_table("audit_entry") as table:  # before there are triggers, which a new table would not have
        table.alter_column("words", existing_type=sa.String(500), type_=sa.Text())
    _columns()
    op.create_table(
        "audit_head",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_audit_head_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_look",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_audit_look_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "action", "subject_id", "day", name=op.f("pk_audit_look")),
    )
    op.execute("UPDATE audit_entry SET via = 'unknown'")
    _chain_what_is_there()
    op.create_index("ix_audit_entry_place", "audit_entry", ["workspace_id", "position"], unique=True)
    op.create_index("ix_audit_entry_actor", "audit_entry", ["workspace_id", "actor_id", "position"])
    op.create_index("ix_audit_entry_time", "audit_entry", ["workspace_id", "at"])
    for statement in _protection(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("audit_entry", "audit_head"):
            for act in ("update", "delete", "truncate"):
                op.execute(f"DROP TRIGGER IF EXISTS {table}_{act} ON {table}")
        op.execute("DROP FUNCTION trail_refuses()")
    else:
        for table in ("audit_entry", "audit_head"):
            for act in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_{act}")
    op.drop_index("ix_audit_entry_time", "audit_entry")
    op.drop_index("ix_audit_entry_actor", "audit_entry")
    op.drop_index("ix_audit_entry_place", "audit_entry")
    op.drop_table("audit_look")
    op.drop_table("audit_head")
    op.drop_index("ix_send_hiding", "send")
    for table, names in (
        ("audit_entry", ("via", "address", "browser", "salt", *SEAL, "erased_at")),
        ("workspace", ("keep_trail_years",)),
        ("send", ("hides", "hide_at")),
        ("message", ("hidden_at",)),
        ("stored_file", ("unused_since",)),
    ):
        for name in names:
            op.drop_column(table, name)
    op.execute("UPDATE audit_entry SET words = substr(words, 1, 500)")
    with op.batch_alter_table("audit_entry") as table:
        table.alter_column("words", existing_type=sa.Text(), type_=sa.String(500))


def _columns() -> None:
    lengths = {"via": 32, "address": 45, "browser": 100, "salt": 32}
    lengths |= {name: 64 for name in SEAL if name != "position"}
    for name, length in lengths.items():
        op.add_column("audit_entry", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    op.add_column("audit_entry", sa.Column("position", sa.Integer(), nullable=True))
    op.add_column("audit_entry", sa.Column("erased_at", TIME, nullable=True))
    op.add_column("workspace", sa.Column("keep_trail_years", sa.Integer(), nullable=True))
    op.add_column("send", sa.Column("hides", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("send", sa.Column("hide_at", TIME, nullable=True))
    due = sa.text("hide_at IS NOT NULL")
    op.create_index("ix_send_hiding", "send", ["hide_at"], sqlite_where=due, postgresql_where=due)
    op.add_column("stored_file", sa.Column("unused_since", TIME, nullable=True))
    op.add_column("message", sa.Column("hidden_at", TIME, nullable=True))


def _chain_what_is_there() -> None:
    """Seal the entries that are there, in the order of their ids; format 1 of `app/audit/chain.py`."""
    connection = op.get_bind()
    entry = sa.table(
        "audit_entry",
        *(sa.column(name, sa.Integer()) for name in ("id", "workspace_id", "actor_id", "subject_id", "position")),
        sa.column("at", TIME),
        sa.column("details", sa.JSON()),
        *(sa.column(name, sa.String()) for name in ("action", "words", "via", "address", "browser", "salt")),
        *(sa.column(name, sa.String()) for name in ("content_digest", "before_digest", "digest")),
    )
    update = (
        sa.update(entry)
        .where(entry.c.id == sa.bindparam("row"))
        .values({name: sa.bindparam(f"new_{name}") for name in ("salt", *SEAL)})
    )
    for workspace_id in connection.scalars(sa.text("SELECT id FROM workspace ORDER BY id")).all():
        position, digest, last = 0, "", 0
        while True:
            rows = connection.execute(
                sa.select(entry)
                .where(entry.c.workspace_id == workspace_id, entry.c.id > last)
                .order_by(entry.c.id)
                .limit(CHUNK)
            ).all()
            if not rows:
                break
            sealed = []
            for row in rows:
                position, before, salt = position + 1, digest, secrets.token_hex(16)
                content, digest = _digests(row, position, before, salt)
                values = {"salt": salt, "content_digest": content, "position": position}
                values |= {"before_digest": before, "digest": digest}
                sealed.append({"row": row.id, **{f"new_{name}": value for name, value in values.items()}})
            connection.execute(update, sealed)
            last = rows[-1].id
        connection.execute(
            sa.text("INSERT INTO audit_head (workspace_id, position, digest) VALUES (:workspace, :position, :digest)"),
            {"workspace": workspace_id, "position": position, "digest": digest},
        )


def _digests(row: sa.Row, position: int, before: str, salt: str) -> tuple[str, str]:
    content = {"address": "", "browser": "", "details": row.details, "salt": salt, "words": row.words}
    of_content = hashlib.sha256(_canonical(content)).hexdigest()
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    body = {
        "action": row.action,
        "actor": row.actor_id,
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "before": before,
        "content": of_content,
        "format": 1,
        "position": position,
        "subject": row.subject_id,
        "via": row.via,
        "workspace": row.workspace_id,
    }
    return of_content, hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _protection(dialect: str) -> list[str]:
    """Give the triggers: no entry is changed or deleted, but sealed once, and its words taken away in time."""
    same = "IS" if dialect == "sqlite" else "IS NOT DISTINCT FROM"

    def kept(*names: str) -> str:
        pairs = []
        for name in names:
            old, new = f"OLD.{name}", f"NEW.{name}"
            if name == "details":  # PostgreSQL compares no JSON
                old, new = f"CAST({old} AS text)", f"CAST({new} AS text)"
            pairs.append(f"{old} {same} {new}")
        return " AND ".join(pairs)

    long_ago = f"datetime('now', '-{LEAST_AGE}')" if dialect == "sqlite" else f"now() - interval '{LEAST_AGE}'"
    sealed = f"OLD.digest = '' AND NEW.digest <> '' AND {kept(*UNTOUCHED, *CONTENT, 'erased_at')}"
    gone = " AND ".join(f"NEW.{name} = ''" for name in CONTENT if name != "details")
    nothing = "CAST(NEW.details AS text) = '{}'"
    erased = (
        f"OLD.digest <> '' AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND {gone} AND {nothing} "
        f"AND OLD.at < {long_ago} AND {kept(*UNTOUCHED, *SEAL)}"
    )
    wrong = {
        "audit_entry": f"NOT (({sealed}) OR ({erased}))",
        "audit_head": f"NOT (NEW.position > OLD.position AND {kept('workspace_id')})",
    }
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        return [
            statement
            for table, condition in wrong.items()
            for statement in (
                f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} WHEN {condition} {refuse}",
                f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}",
            )
        ]
    made = [
        "CREATE FUNCTION trail_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    ]
    for table, condition in wrong.items():
        run = "EXECUTE FUNCTION trail_refuses()"
        made += [
            f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition}) {run}",
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW {run}",
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
        ]
    return made
