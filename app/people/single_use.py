"""Things that work once: what was used is remembered until it would be too old anyway."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db import now
from app.people.factor_models import SpentToken

REMEMBERED = timedelta(hours=1)
"""Longer than anything that is spent here is good for."""


def spend(session: Session, kind: str, value: str) -> bool:
    """Use something up. False when it was used before; it stays used when this transaction is committed."""
    session.execute(delete(SpentToken).where(SpentToken.spent_at < now() - REMEMBERED))
    digest = sha256(f"{kind}:{value}".encode()).hexdigest()
    try:
        with session.begin_nested():
            session.add(SpentToken(digest=digest))
    except IntegrityError:
        return False
    return True
