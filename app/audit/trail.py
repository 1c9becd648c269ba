"""Writing to and reading from the trail. What is committed also makes a line of the log, without its words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import after_commit

log = logging.getLogger(__name__)


class Actor(Protocol):
    """Whoever acts: a person of a workspace."""

    @property
    def id(self) -> int:
        """Number of the person."""

    @property
    def workspace_id(self) -> int:
        """Workspace the person acts in."""


def note(
    session: Session, actor: Actor, action: str, words: str, *, subject_id: int | None = None, **details: Any
) -> None:
    """Add an entry to the trail, in the same transaction as the act itself."""
    entry = AuditEntry(
        workspace_id=actor.workspace_id,
        actor_id=actor.id,
        action=action,
        words=words[:500],
        subject_id=subject_id,
        details=details,
    )
    _add(session, entry)


def note_program(
    session: Session, workspace_id: int, action: str, words: str, *, subject_id: int | None = None, **details: Any
) -> None:
    """Add an act of the program itself, for example a send paused after a refused token."""
    _add(
        session,
        AuditEntry(
            workspace_id=workspace_id,
            actor_id=None,
            action=action,
            words=words[:500],
            subject_id=subject_id,
            details=details,
        ),
    )


def _add(session: Session, entry: AuditEntry) -> None:
    session.add(entry)
    subject = {"send": "send_id", "recipient": "message_id"}.get(entry.action.partition(".")[0], "subject_id")
    numbers = {"workspace_id": entry.workspace_id, "by": "program" if entry.actor_id is None else "person"}
    if entry.subject_id is not None:
        numbers[subject] = entry.subject_id
    after_commit(session, partial(log.info, entry.action, extra=numbers))


def latest(session: Session, workspace_id: int, *, before: int | None = None, limit: int = 50) -> Sequence[AuditEntry]:
    """Give entries newest first, `before` an entry's id for the next page."""
    query = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()


def of_list(
    session: Session, workspace_id: int, list_id: int, *, before: int | None = None, limit: int = 50
) -> Sequence[AuditEntry]:
    """Give what was done to a recipient list and its people, newest first, `before` an entry's id for the next page."""
    query = select(AuditEntry).where(
        AuditEntry.workspace_id == workspace_id,
        AuditEntry.subject_id == list_id,
        or_(AuditEntry.action.startswith("list."), AuditEntry.action.in_(_OF_PEOPLE)),
    )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()


_OF_PEOPLE = ("recipient.added", "recipient.changed", "recipient.removed")
"""Acts on people whose subject is their list; those of a message are none."""
