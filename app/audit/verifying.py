"""Walking the chain of a workspace and saying where it breaks. Memory does not grow with the trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.audit.chain import content_digest_of, digest_of
from app.audit.models import AuditEntry, AuditHead

ERASED = "trail.words_taken_away"
"""Action by which the trail tells up to which place its words were taken away."""
BATCH = 500
"""Entries in memory at once."""


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold, in words."""

    position: int | None
    words: str


@dataclass(frozen=True, slots=True)
class NotedHead:
    """A head that somebody wrote down elsewhere."""

    workspace_id: int
    position: int
    digest: str


def noted_head(text: str) -> NotedHead:
    """Read what `head_words` wrote. Raises ValueError."""
    workspace, position, digest = text.strip().split(":")
    return NotedHead(int(workspace), int(position), digest)


def breaks(session: Session, workspace_id: int, noted: NotedHead | None = None) -> Iterator[Break]:
    """Give every place at which a workspace's chain does not hold; nothing when all is well."""
    before = AuditEntry(position=0, digest="")
    proven = noted is None or noted.position == 0
    erased_up_to = _erased_up_to(session, workspace_id)
    for entry in _entries(session, workspace_id):
        yield from _between(before, entry)
        yield from _within(entry, erased_up_to)
        if noted is not None and entry.position == noted.position:
            proven = True
            if entry.digest != noted.digest:
                yield Break(entry.position, "is not the entry whose digest was noted: the trail was written anew.")
        before = entry
        session.expunge(entry)
    yield from _at_the_end(session, workspace_id, before)
    if not proven and noted is not None:
        yield Break(noted.position, "is not there, but was noted: entries were cut off at the end.")
    for entry_id in session.scalars(_unsealed(workspace_id)):
        yield Break(None, f"The entry with the number {entry_id} was put in from outside: it is not in the chain.")


def _entries(session: Session, workspace_id: int) -> Iterator[AuditEntry]:
    yield from session.scalars(
        select(AuditEntry)
        .where(AuditEntry.workspace_id == workspace_id, AuditEntry.position.is_not(None))
        .order_by(AuditEntry.position)
        .execution_options(yield_per=BATCH, populate_existing=True)
    )


def _between(before: AuditEntry, entry: AuditEntry) -> Iterator[Break]:
    place, last = entry.position or 0, before.position or 0
    if place == last + 2:
        yield Break(last + 1, "was removed.")
    elif place > last + 2:
        yield Break(last + 1, f"and those after it up to {place - 1:,} were removed.")
    elif entry.before_digest != before.digest:
        yield Break(place, "does not follow the entry before it: one of the two was changed, or put in.")


def _within(entry: AuditEntry, erased_up_to: int) -> Iterator[Break]:
    if digest_of(entry) != entry.digest:
        yield Break(entry.position, "was changed: its digest does not fit.")
    if entry.erased_at is None:
        if content_digest_of(entry) != entry.content_digest:
            yield Break(entry.position, "was changed: its words, details or addresses do not fit its digest.")
    elif (entry.position or 0) > erased_up_to:
        yield Break(entry.position, "has lost its words, and no rule of the workspace took them away.")
    elif entry.words or entry.details or entry.address or entry.browser:
        yield Break(entry.position, "was changed: words were put in after they had been taken away.")


def _at_the_end(session: Session, workspace_id: int, last: AuditEntry) -> Iterator[Break]:
    head = session.scalar(select(AuditHead).where(AuditHead.workspace_id == workspace_id))
    place, digest = (head.position, head.digest) if head is not None else (0, "")
    held = last.position or 0
    if held < place:
        yield Break(held + 1, f"and those after it up to {place:,} were cut off at the end.")
    elif held > place:
        yield Break(place + 1, "was put in behind the end of the chain.")
    elif digest != last.digest:
        yield Break(place, "is not the entry that the end of the chain names.")


def _erased_up_to(session: Session, workspace_id: int) -> int:
    """Give up to which place the words may be missing: what the newest such entry says that still has its own words."""
    newest = session.scalar(
        select(AuditEntry)
        .where(
            AuditEntry.workspace_id == workspace_id,
            AuditEntry.action == ERASED,
            AuditEntry.erased_at.is_(None),
            AuditEntry.actor_id.is_(None),
        )
        .order_by(AuditEntry.position.desc())
        .limit(1)
    )
    told = newest.details.get("up_to") if newest is not None else None
    return told if isinstance(told, int) else 0


def _unsealed(workspace_id: int) -> Select[int]:
    return select(AuditEntry.id).where(AuditEntry.workspace_id == workspace_id, AuditEntry.position.is_(None)).limit(20)


def count_entries(session: Session, workspace_id: int) -> int:
    """Give how many entries a chain has."""
    return (
        session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.workspace_id == workspace_id)) or 0
    )
