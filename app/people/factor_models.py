"""What an account has besides its password: an app that gives codes, recovery codes, passkeys, a sign-in elsewhere."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class SecondFactor(Base):
    """An account's authenticator app (TOTP), and how many wrong codes were given for the account. One each."""

    __tablename__ = "second_factor"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    totp_sealed: Mapped[str | None] = mapped_column(Text)
    """The key shared with the app, encrypted; None: no app."""
    totp_since: Mapped[datetime | None]
    pending_sealed: Mapped[str | None] = mapped_column(Text)
    """A key that was shown and waits for its first code, encrypted."""
    pending_since: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    """Time step (30 seconds each) of the last code that was taken: a code works once."""
    wrong_codes: Mapped[int] = mapped_column(default=0)
    """Wrong codes one after the other; a right one sets it to 0."""
    wait_until: Mapped[datetime | None]
    """No code is looked at before that."""
    passkey_handle: Mapped[str] = mapped_column(String(64), unique=True)
    """Random name of the account on people's passkeys, which says nothing about them."""


class RecoveryCode(Base):
    """A code on paper, for when the phone is away. Works once; only its digest is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("account_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A key pair on somebody's device; we keep the public half."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    """What the device calls it, as base64url (WebAuthn allows 1,023 bytes)."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    """How often the device says it was used; going back means a copy."""
    transports: Mapped[list[str]] = mapped_column(default=list)
    made_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class ProviderIdentity(Base):
    """An account as the identity provider knows it (OIDC). One for each account and provider."""

    __tablename__ = "provider_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("account_id", "issuer"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    """The provider's name for the person, which never changes (`sub`)."""
    linked_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class SpentToken(Base):
    """Something that worked once and must not work again: a passkey's challenge, the state of a sign-in elsewhere."""

    __tablename__ = "spent_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    spent_at: Mapped[datetime] = mapped_column(default=now, index=True)


class SignInRule(Base):
    """What a workspace asks of whoever signs in. None stored: nothing more than a password."""

    __tablename__ = "sign_in_rule"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    needs_second_factor: Mapped[bool] = mapped_column(default=False)
