"""Ten codes on paper, each good for one sign-in without the phone."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.db import now
from app.people.factor_models import RecoveryCode
from app.people.models import Account

NUMBER = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letters that look like others (i, l, o, 0, 1)."""
LENGTH, GROUP = 16, 4
"""79 bits of chance: so many that a plain digest can be kept, which nobody can try out."""


def make_new(session: Session, account: Account) -> Sequence[str]:
    """Make ten codes in place of all earlier ones. They can be read only here."""
    forget(session, account)
    codes = [_random_code() for _ in range(NUMBER)]
    session.add_all(RecoveryCode(account_id=account.id, digest=_digest(code)) for code in codes)
    session.flush()
    return codes


def use(session: Session, account: Account, code: str) -> bool:
    """Use a code up; False when there is none like it, or it was used before."""
    found = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account.id,
            RecoveryCode.digest == _digest(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


def is_one(session: Session, account: Account, text: str) -> bool:
    """Whether a text is one of the account's recovery codes, used or not."""
    query = select(RecoveryCode.id).where(RecoveryCode.account_id == account.id, RecoveryCode.digest == _digest(text))
    return looks_like_one(text) and session.scalar(query) is not None


def left(session: Session, account: Account) -> int:
    """Count the codes that still work."""
    query = select(func.count()).where(RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None))
    return session.scalar(query.select_from(RecoveryCode)) or 0


def forget(session: Session, account: Account) -> None:
    """Take all codes away."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))


def looks_like_one(text: str) -> bool:
    """Whether a text has the form of a recovery code, however it is written."""
    plain = _plain(text)
    return len(plain) == LENGTH and set(plain) <= set(LETTERS)


def _random_code() -> str:
    plain = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return "-".join(plain[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _digest(code: str) -> str:
    return sha256(_plain(code).encode()).hexdigest()
