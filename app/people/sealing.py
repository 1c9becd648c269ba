"""Encrypting secrets at rest with Fernet (the `cryptography` library), under a key made from the secret key."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class CannotUnseal(Exception):
    """The stored secret was sealed under another secret key."""


def seal(secret: str, secret_key: str) -> str:
    """Encrypt a secret for the database."""
    return _fernet(secret_key).encrypt(secret.encode()).decode()


def unseal(sealed: str, secret_key: str) -> str:
    """Decrypt. Raises CannotUnseal when the secret key changed since."""
    try:
        return _fernet(secret_key).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotUnseal from error


@lru_cache(maxsize=8)
def _fernet(secret_key: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"postroom stored secrets").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
