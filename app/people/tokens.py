"""Random tokens of sign-ins and links. Only their digests are kept, so that the database opens no door."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Make a token of 256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """Give what is kept of a token. It is random and long, so a quick digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
