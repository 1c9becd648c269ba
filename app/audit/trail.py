"""Writing to and reading from the trail. What is committed also makes a line of the log, without its words."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.audit.chain import add_to_chain
from app.audit.models import AuditEntry
from app.audit.origin import here
from app.db import after_commit, now
from app.words import Said, _, _p, kept, listed

log = logging.getLogger(__name__)


class Actor(Protocol):
    """Whoever acts: a person of a workspace."""

    @property
    def id(self) -> int:
        """Number of the person."""

    @property
    def workspace_id(self) -> int:
        """Workspace the person acts in."""


Changes = Mapping[str, tuple[object, object]]
"""What changed, in words, to what it was before and is since. Never recipients' addresses or secrets."""
MOST_LETTERS = 500
"""Letters kept of words, and of a value before or after."""


def note(
    session: Session,
    actor: Actor,
    action: str,
    words: str,
    *,
    subject_id: int | None = None,
    changes: Changes | None = None,
    **details: Any,
) -> None:
    """Add an entry to the trail, in the same transaction as the act itself.

    `changes` tells what a reader would ask for: `{"Name": (old, new)}`, in words; what stayed the same is left out.
    """
    details = _with_changes(details, changes)
    _add(
        session,
        AuditEntry(workspace_id=actor.workspace_id, actor_id=actor.id, details=details, subject_id=subject_id),
        action,
        words,
    )


def note_program(
    session: Session,
    workspace_id: int,
    action: str,
    words: str,
    *,
    subject_id: int | None = None,
    changes: Changes | None = None,
    **details: Any,
) -> None:
    """Add an act of the program itself, for example a send paused after a refused token."""
    details = _with_changes(details, changes)
    _add(session, AuditEntry(workspace_id=workspace_id, details=details, subject_id=subject_id), action, words)


def in_words(value: object) -> str:
    """Give a value before or after an act for people: yes and no, lists with commas, and nothing as `none`."""
    if isinstance(value, Said):
        return value  # each reader gets it in their own language
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value in ("", [], ()):
        return _p("value", "none")
    if isinstance(value, int):
        return _("%(number)s", number=value)
    if isinstance(value, datetime):
        return _("%(at)s UTC", at=value.astimezone(UTC))
    if isinstance(value, list | tuple | set | frozenset):
        return listed([in_words(one) for one in value], "unit")
    return value if isinstance(value, Said) else str(value)


def _with_changes(details: dict[str, Any], changes: Changes | None) -> dict[str, Any]:
    told = {kept(what): [_short(in_words(one)) for one in pair] for what, pair in (changes or {}).items()}
    told = {what: pair for what, pair in told.items() if pair[0] != pair[1]}
    return {**details, "changes": told} if told else details


def _short(words: str) -> str:
    """Give words as they are kept; what somebody wrote is cut."""
    return kept(words) if isinstance(words, Said) else words[:MOST_LETTERS]


def _add(session: Session, entry: AuditEntry, action: str, words: str) -> None:
    origin = here()
    entry.at, entry.action = now(), action
    entry.words = words if isinstance(words, Said) else words[:MOST_LETTERS]
    entry.via, entry.address, entry.browser = origin.via, origin.address[:45], origin.browser[:100]
    add_to_chain(session, entry)
    subject = {"send": "send_id", "recipient": "message_id"}.get(action.partition(".")[0], "subject_id")
    numbers: dict[str, object] = {
        "workspace_id": entry.workspace_id,
        "by": "program" if entry.actor_id is None else "person",
    }
    if entry.subject_id is not None:
        numbers[subject] = entry.subject_id
    after_commit(session, partial(_log, entry, numbers))


def _log(entry: AuditEntry, numbers: dict[str, object]) -> None:
    # The log is kept elsewhere: it proves later how far the trail went, whatever becomes of the database.
    log.info(entry.action, extra={**numbers, "position": entry.position, "digest": entry.digest})


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
