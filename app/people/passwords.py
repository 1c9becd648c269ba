"""Passwords: their digests, and which ones may be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from zxcvbn import zxcvbn

from app.refusals import Refused
from app.words import _

MIN_PASSWORD = 12
"""Characters; length over rules (NIST SP 800-63B, section 3.1.1.2)."""
MAX_PASSWORD = 200
"""Characters; more than anybody types, and no work for the server."""
LOOKED_AT = 72
"""Characters at the beginning that are held against the lists."""
SAFE_ENOUGH = 3
"""Of 4: about a hundred million guesses, which nobody makes on a sign-in page that makes them wait."""

EASY = _(
    "This password is easily guessed: it is on lists of known passwords, or nearly. Take a few words that have nothing "
    "to do with each other."
)

hasher = PasswordHasher()
"""Makes and checks the digests of passwords (argon2id)."""


def new_digest(password: str) -> str:
    """Give what is kept of a password."""
    return hasher.hash(password)


def is_right(digest: str | None, password: str) -> bool:
    """Whether a password fits; without a digest it takes as long, and does not."""
    try:
        hasher.verify(digest or _digest_of_nobody(hasher), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return digest is not None


def check_new_password(password: str, about: Iterable[str] = (), *, field: str = "password") -> None:
    """Refuse a password that is short, or easily guessed: `about` are the person's address, name and workspace.

    Known passwords from breaches, words, names, rows of keys and dates are looked up in lists on this machine.
    """
    if len(password) < MIN_PASSWORD:
        raise Refused(_("Use at least %(least)s characters; a sentence is good.", least=MIN_PASSWORD), field=field)
    if len(password) > MAX_PASSWORD:
        raise Refused(_("Use at most %(most)s characters.", most=MAX_PASSWORD), field=field)
    known = [part for one in ("postroom", *about) for part in (one, *one.replace("@", " ").replace(".", " ").split())]
    found = zxcvbn(password[:LOOKED_AT], user_inputs=known)
    if found["score"] < SAFE_ENOUGH:
        raise Refused(EASY, field=field)


@lru_cache(maxsize=4)
def _digest_of_nobody(made_by: PasswordHasher) -> str:
    return made_by.hash("nobody has this password")
