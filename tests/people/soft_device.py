"""A device that makes passkeys and signs with them, in software: also wrongly, when a test asks for it."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


@dataclass
class SoftDevice:
    """One device with one passkey."""

    origin: str
    rp_id: str
    verifies: bool = True
    count: int = 0
    handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(16))

    def create(self, question: dict[str, Any]) -> str:
        """Answer `navigator.credentials.create`."""
        self.handle = question["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self._data(HAS_KEY) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            clientDataJSON=text(self._client("webauthn.create", question)),
            attestationObject=text(attestation),
            transports=["internal", "nonsense", {}],
        )

    def get(self, question: dict[str, Any]) -> str:
        """Answer `navigator.credentials.get`."""
        self.count += 1
        data, client = self._data(), self._client("webauthn.get", question)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=text(client),
            authenticatorData=text(data),
            signature=text(signature),
            userHandle=self.handle,
        )

    def _data(self, more: int = 0) -> bytes:
        flags = PRESENT | more | (VERIFIED if self.verifies else 0)
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, question: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": question["challenge"], "origin": self.origin}).encode()

    def _answer(self, **response: Any) -> str:
        return json.dumps({"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response})


def text(value: bytes) -> str:
    """Bytes as base64url without its end."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def plain(value: str) -> bytes:
    """Bytes of a base64url text."""
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))
