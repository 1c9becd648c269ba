"""Files that e-mails carry: stored once by content, and measured as the mail service measures them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.cloudflare.contract import MAX_MESSAGE_BYTES, PART_OVERHEAD, encoded_size
from app.db import now
from app.emails.models import StoredFile
from app.refusals import Refused
from app.words import _


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the vendor's limit files take up, in bytes as sent."""

    used: int
    limit: int = MAX_MESSAGE_BYTES


def store(session: Session, content: bytes) -> StoredFile:
    """Keep a file's bytes; the same bytes are kept only once."""
    return session.get_one(StoredFile, keep_bytes(session, content))


def keep_bytes(session: Session, content: bytes) -> str:
    """Keep bytes as `store` does and give only their SHA-256: nothing of them stays in the session."""
    sha256 = hashlib.sha256(content).hexdigest()
    # Two people may upload the same file at once: the second finds the first one's row.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(StoredFile).values(sha256=sha256, size=len(content), content=content, created_at=now())
    # The update holds the row, marked or not: nobody collects the bytes before this is committed.
    marked = StoredFile.unused_since.is_not(None)
    session.execute(row.on_conflict_do_update(index_elements=["sha256"], set_={"unused_since": None}, where=marked))
    return sha256


def contents_of(session: Session, hashes: Iterable[str]) -> dict[str, bytes]:
    """Give the bytes of stored files by their SHA-256."""
    wanted = sorted(set(hashes))
    if not wanted:
        return {}
    rows = session.execute(select(StoredFile.sha256, StoredFile.content).where(StoredFile.sha256.in_(wanted)))
    return dict(rows.all())


def size_as_sent(sizes: Iterable[int]) -> Size:
    """Give how much of the limit files of these sizes take up, counted as they are sent (API.md, section 4)."""
    return Size(sum(PART_OVERHEAD + encoded_size(size) for size in sizes))


def check_fits(name: str, content: bytes, beside: Sequence[int]) -> None:
    """Refuse a file that makes an e-mail too large, together with files of the sizes `beside` it."""
    after = size_as_sent([*beside, len(content)])
    if after.used > after.limit:
        raise Refused(
            _(
                "“%(name)s” does not fit: with it the e-mail would take %(size)s MiB on its way, and 5 MiB is "
                "the most. Shrink it, or link to it. Everything else is kept.",
                name=name,
                size=Decimal(f"{after.used / 1024 / 1024:.1f}"),
            ),
            field="file",
        )
