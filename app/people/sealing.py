"""Encrypting secrets at rest with Fernet (the `cryptography` library), under keys made from the secret keys.

What is sealed is kept in a column whose name ends in `_sealed`: so `rotating.py` finds it, and the check command tells
when it cannot be read any more. New secrets are sealed with the first key; every key opens what it sealed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Keys = str | Sequence[str]
"""The secret key, or it and earlier ones as `Settings.secret_keys` gives them."""


class CannotUnseal(Exception):
    """The stored secret was sealed under another secret key."""


def seal(secret: str, keys: Keys) -> str:
    """Encrypt a secret for the database, with the first key."""
    return _fernets(keys).encrypt(secret.encode()).decode()


def unseal(sealed: str, keys: Keys) -> str:
    """Decrypt with whichever key sealed it. Raises CannotUnseal when none did."""
    try:
        return _fernets(keys).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotUnseal from error


def is_sealed_with(sealed: str, key: str) -> bool:
    """Whether this very key opens it."""
    try:
        _fernet(key).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def reseal(sealed: str, keys: Keys) -> str:
    """Encrypt anew with the first key what any of them sealed. Raises CannotUnseal when none did."""
    try:
        return _fernets(keys).rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotUnseal from error


def _fernets(keys: Keys) -> MultiFernet:
    return MultiFernet([_fernet(key) for key in ([keys] if isinstance(keys, str) else keys)])


@lru_cache(maxsize=32)
def _fernet(secret_key: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"postroom stored secrets").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
