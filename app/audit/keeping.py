"""Taking the words, details and addresses of old entries away, as a workspace's rule says; the chain stays whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.audit.trail import note_program
from app.audit.verifying import ERASED
from app.db import Database, now
from app.words import _n

CHUNK = 1_000
"""Entries of one transaction."""


def take_words_away(
    database: Database, workspace_id: int, before: datetime, *, stops: Callable[[], bool] = lambda: False
) -> int:
    """Take the words of entries from before a time away; gives of how many. Each chunk is itself noted."""
    count = 0
    while not stops():
        with database.writing() as session:
            taken = _chunk(session, workspace_id, before)
        if not taken:
            break
        count += taken
    return count


def _chunk(session: Session, workspace_id: int, before: datetime) -> int:
    rows = session.execute(
        select(AuditEntry.id, AuditEntry.position)
        .where(
            AuditEntry.workspace_id == workspace_id,
            AuditEntry.at < before,
            AuditEntry.erased_at.is_(None),
            AuditEntry.position.is_not(None),
        )
        .order_by(AuditEntry.position)
        .limit(CHUNK)
    ).all()
    if not rows:
        return 0
    session.execute(
        update(AuditEntry)
        .where(AuditEntry.id.in_([row.id for row in rows]))
        .values(words="", details={}, address="", browser="", salt="", erased_at=now())
        .execution_options(synchronize_session=False)
    )
    words = _n(
        "Words and addresses of %(count)s old entry of the trail taken away by the retention rule",
        "Words and addresses of %(count)s old entries of the trail taken away by the retention rule",
        len(rows),
    )
    note_program(session, workspace_id, ERASED, words, up_to=max(row.position for row in rows))
    return len(rows)
