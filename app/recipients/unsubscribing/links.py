"""The key in an unsubscribe link: what the link stands for, sealed, so that it needs no row of the database.

A link must work for years: after the message's data was erased, after a backup older than the message was restored, at
another web address, and after the secret key was changed. So it carries workspace, address, kind of notice, language
and the message's reference itself. It is sealed, not only signed: an address must not be read in the log of a proxy.
AES-SIV gives the same link for the same message each time, so that an e-mail can be proven to be what was posted (P4).

Every secret key, the present one and earlier ones, gives a link key of its own, named in the link by its first bytes.
When the key is known, the seal decides alone. When it is not (its secret was thrown away), the reference in the link is
looked up among the messages, as links before this kind were: it is random, and as hard to guess as a key.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.refusals import NotThere

VERSION = b"\x01"
_KEY_ID, _WORKSPACE, _REFERENCE, _SEAL = 4, 4, 16, 16
_HEAD = len(VERSION) + _KEY_ID + _WORKSPACE + _REFERENCE
MAX_TOKEN = 1200
"""Characters of the longest link: an address of 254 characters, all of them outside ASCII."""


@dataclass(frozen=True, slots=True)
class LinkKey:
    """One key that seals links."""

    id: str
    """Hexadecimal; says nothing of the key."""
    key: bytes


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Every key whose links are accepted; new links are sealed with the first."""

    keys: tuple[LinkKey, ...]

    @property
    def current(self) -> LinkKey:
        """The key of new links."""
        return self.keys[0]

    def find(self, key_id: str) -> LinkKey | None:
        """Give the key of this id, if it is known."""
        return next((one for one in self.keys if one.id == key_id), None)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a link stands for."""

    workspace_id: int
    reference: str
    """The message's."""
    email: str
    topic_key: str = ""
    """Empty: of no kind of notice."""
    language: str = ""
    """Tag of the language in which the e-mail was written."""
    is_own_language: bool = False
    """The language was chosen for this reader, not only because there is one."""


@dataclass(frozen=True, slots=True)
class OnlyReference:
    """A link that says no more here than which message it belongs to."""

    reference: str


@dataclass(frozen=True, slots=True)
class LinkSealer:
    """What the links of one send have in common. Can be pickled to another process."""

    key: LinkKey
    workspace_id: int
    topic_key: str = ""

    def seal(self, reference: str, email: str, language: str, *, is_own_language: bool) -> str:
        """Give the part of a link behind `/u/`. The same message has always the same."""
        message = Sealed(self.workspace_id, reference, email, self.topic_key, language, is_own_language)
        return seal(self.key, message)


def link_keys(secrets: Sequence[str]) -> LinkKeys:
    """Make the keys of the present secret key and of earlier ones."""
    return LinkKeys(tuple(_link_key(one) for one in dict.fromkeys(secrets)))


def seal(key: LinkKey, link: Sealed) -> str:
    """Give what stands behind `/u/` in a link."""
    head = b"".join(
        (
            VERSION,
            bytes.fromhex(key.id),
            link.workspace_id.to_bytes(_WORKSPACE),
            UUID(link.reference).bytes,
        )
    )
    inner = json.dumps(
        [link.email, link.topic_key, link.language, int(link.is_own_language)],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return _encode(head + AESSIV(key.key).encrypt(inner.encode(), [head]))


def sealed_length(email: str, topic_key: str, language: str) -> int:
    """Give how long a link's key will be, for a preview that has none of its own yet."""
    nobody = LinkKey("00" * _KEY_ID, bytes(64))
    return len(seal(nobody, Sealed(0, str(UUID(int=0)), email, topic_key, language)))


def read_link(keys: LinkKeys, token: str) -> Sealed | OnlyReference:
    """Say what a link stands for. Raises NotThere when nobody of us sealed it, or it is cut off or changed."""
    reference = _as_reference(token)
    if reference is not None:
        return OnlyReference(reference)
    raw = _decoded(token)
    if len(raw) < _HEAD + _SEAL or not raw.startswith(VERSION):
        raise NotThere("message")
    head, sealed = raw[:_HEAD], raw[_HEAD:]
    key_id, workspace, of_message = head[1:5], head[5:9], head[9:]
    key = keys.find(key_id.hex())
    if key is None:
        return OnlyReference(str(UUID(bytes=of_message)))
    try:  # compares in constant time
        email, topic_key, language, is_own = json.loads(AESSIV(key.key).decrypt(sealed, [head]))
    except InvalidTag:
        raise NotThere("message") from None
    return Sealed(
        int.from_bytes(workspace), str(UUID(bytes=of_message)), email, topic_key, language, is_own_language=bool(is_own)
    )


@lru_cache(maxsize=16)
def _link_key(secret: str) -> LinkKey:
    made = HKDF(algorithm=SHA256(), length=64 + _KEY_ID, salt=None, info=b"postroom unsubscribe links").derive(
        secret.encode()
    )
    return LinkKey(made[64:].hex(), made[:64])


def _as_reference(token: str) -> str | None:
    """Give a reference in its one right form; None when it is none."""
    try:
        reference = str(UUID(token))
    except ValueError:
        return None
    return reference if reference == token else None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(token: str) -> bytes:
    """Decode the one right form. Raises NotThere."""
    if len(token) > MAX_TOKEN or not token.isascii():
        raise NotThere("message")
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotThere("message") from None
    if _encode(raw) != token:
        raise NotThere("message")
    return raw
