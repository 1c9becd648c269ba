"""Reading the trail: filtered, a page by its place in the chain, never counted; one entry; all of it for a download."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.audit.acts import KINDS, LOOKED
from app.audit.models import AuditEntry
from app.audit.trail import Actor
from app.refusals import NotThere
from app.words import messages_saying

PROGRAM = 0
"""Stands for the program among the people one can ask for."""
BATCH = 500
LEAST_LETTERS = 3
MOST_MESSAGES = 60
"""Of those that say a text in the reader's language, so many are looked for: each is looked for in every entry."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for."""

    person_id: int | None = None
    """None: everybody's; `PROGRAM`: the program's own."""
    kind: str = ""
    """A key of `KINDS`; empty: all, but not who looked at people's data."""
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that no longer counts."""
    text: str = ""


def page(
    session: Session, actor: Actor, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> Sequence[AuditEntry]:
    """Give entries newest first; `before` is a place in the chain, for the next page."""
    return session.scalars(
        select(AuditEntry).where(*_conditions(actor, wanted, before)).order_by(AuditEntry.position.desc()).limit(limit)
    ).all()


def every(session: Session, actor: Actor, wanted: Wanted) -> Iterator[AuditEntry]:
    """Give all the entries, newest first, a batch in memory at a time."""
    before: int | None = None
    while found := page(session, actor, wanted, before=before, limit=BATCH):
        yield from found
        before = found[-1].position
        session.expunge_all()


def find_entry(session: Session, actor: Actor, position: int) -> AuditEntry:
    """Give the entry at a place of the workspace's chain. Raises NotThere."""
    found = session.scalar(
        select(AuditEntry).where(AuditEntry.workspace_id == actor.workspace_id, AuditEntry.position == position)
    )
    if found is None:
        raise NotThere("entry of the trail")
    return found


def _conditions(actor: Actor, wanted: Wanted, before: int | None) -> Iterator[ColumnElement[bool]]:
    yield AuditEntry.workspace_id == actor.workspace_id
    yield AuditEntry.position.is_not(None)
    if before is not None:
        yield AuditEntry.position < before
    if wanted.person_id is not None:
        yield AuditEntry.actor_id.is_(None) if wanted.person_id == PROGRAM else AuditEntry.actor_id == wanted.person_id
    if wanted.kind in KINDS:
        yield or_(*(AuditEntry.action.startswith(f"{one}.", autoescape=True) for one in KINDS[wanted.kind].subjects))
    else:
        yield ~AuditEntry.action.startswith(f"{LOOKED}.", autoescape=True)
    if wanted.since is not None:
        yield AuditEntry.at >= wanted.since
    if wanted.until is not None:
        yield AuditEntry.at < wanted.until
    if wanted.text:
        yield or_(*(AuditEntry.words.icontains(one, autoescape=True) for one in _as_kept(wanted.text)))


def _as_kept(text: str) -> Iterator[str]:
    """Give what to look for: the text itself, and the kept messages that say it in the reader's language."""
    yield text
    if len(text) >= LEAST_LETTERS:
        notes = (one for one in messages_saying(text) if not one.endswith((".", "?", ":")) and "<" not in one)
        for one in islice(notes, MOST_MESSAGES):
            yield json.dumps(one, ensure_ascii=False)
