"""Files that e-mails carry: stored once by content."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from app.emails.models import StoredFile


def store(session: Session, content: bytes) -> StoredFile:
    """Keep a file's bytes; the same bytes are kept only once."""
    sha256 = hashlib.sha256(content).hexdigest()
    stored = session.get(StoredFile, sha256)
    if stored is None:
        stored = StoredFile(sha256=sha256, size=len(content), content=content)
        session.add(stored)
        session.flush()
    return stored
