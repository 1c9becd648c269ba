"""The chain of a workspace's entries: each entry's digest covers its content and the digest of the entry before it.

Canonical form, format 1. All JSON is written with sorted keys, without white space, as UTF-8; times are UTC in ISO 8601
with microseconds; digests are SHA-256 in lower-case hexadecimal.

    content = {"address", "browser", "details", "salt", "words"}
    content_digest = SHA-256 of the content's JSON
    digest = SHA-256 of the JSON of
        {"action", "actor", "at", "before", "content": content_digest, "format": 1, "position", "subject", "via",
         "workspace"}

Words are as they are kept: in no language, with their values (`app/words.py`), or as somebody wrote them.

`before` is the digest of the entry at `position` - 1; empty for the first one. The words are behind a digest of their
own with a random salt, so that they can be taken away later without breaking the chain.

An entry is sealed at the end of the transaction that writes it, with the row of the workspace's head held. That is the
last lock a transaction takes, so writers wait for each other only while one commits, and never in a ring.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry, AuditHead
from app.words import kept

FORMAT = 1
_WAITING = "postroom_trail"


def canonical(value: object) -> bytes:
    """Write JSON in the one way that digests are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_digest_of(entry: AuditEntry) -> str:
    """Digest what may be taken away later."""
    content = {
        "address": entry.address,
        "browser": entry.browser,
        "details": plain(entry.details),
        "salt": entry.salt,
        "words": kept(entry.words),
    }
    return hashlib.sha256(canonical(content)).hexdigest()


def digest_of(entry: AuditEntry) -> str:
    """Digest an entry whose content has its digest, and which has its place and the digest of the one before."""
    body = {
        "action": entry.action,
        "actor": entry.actor_id,
        "at": _written(entry.at),
        "before": entry.before_digest,
        "content": entry.content_digest,
        "format": FORMAT,
        "position": entry.position,
        "subject": entry.subject_id,
        "via": str(entry.via),
        "workspace": entry.workspace_id,
    }
    return hashlib.sha256(canonical(body)).hexdigest()


def plain(details: dict[str, Any]) -> Any:
    """Give details as they come back from the database, where all keys are texts."""
    return json.loads(json.dumps(details))


def add_to_chain(session: Session, entry: AuditEntry) -> None:
    """Add an entry that is sealed when the session commits."""
    entry.salt = secrets.token_hex(16)
    session.add(entry)
    session.info.setdefault(_WAITING, []).append(entry)


@event.listens_for(Session, "before_commit")
def _seal_waiting(session: Session) -> None:
    if session.in_nested_transaction():
        return
    waiting: list[AuditEntry] = session.info.pop(_WAITING, [])
    entries = [one for one in waiting if one in session]  # what was rolled back is in the session no more
    if entries:
        unwritten = [one for one in entries if inspect(one).pending]
        for one in unwritten:  # they are written sealed, with the head
            session.expunge(one)
        session.flush()  # takes every other lock first
        for workspace_id in sorted({one.workspace_id for one in entries}):
            seal(session, workspace_id, [one for one in entries if one.workspace_id == workspace_id])
        session.add_all(unwritten)
        session.flush()


def seal(session: Session, workspace_id: int, entries: Sequence[AuditEntry]) -> None:
    """Put new entries at the end of the workspace's chain, in their order."""
    head = _held_head(session, workspace_id)
    for entry in entries:
        entry.position, entry.before_digest = head.position + 1, head.digest
        entry.content_digest = content_digest_of(entry)
        entry.digest = digest_of(entry)
        head.position, head.digest = entry.position, entry.digest


def _held_head(session: Session, workspace_id: int) -> AuditHead:
    query = (
        select(AuditHead)
        .where(AuditHead.workspace_id == workspace_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    head = session.scalar(query)
    if head is None:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = insert(AuditHead).values(workspace_id=workspace_id, position=0, digest="")
        session.execute(row.on_conflict_do_nothing())
        head = session.scalars(query).one()
    return head


def heads(session: Session, workspace_ids: Iterable[int] | None = None) -> Sequence[AuditHead]:
    """Give how far each chain goes; to be noted somewhere else now and then."""
    query = select(AuditHead).order_by(AuditHead.workspace_id)
    if workspace_ids is not None:
        query = query.where(AuditHead.workspace_id.in_(list(workspace_ids)))
    return session.scalars(query).all()


def head_words(head: AuditHead) -> str:
    """Give a head as one text: `workspace:position:digest`."""
    return f"{head.workspace_id}:{head.position}:{head.digest}"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
