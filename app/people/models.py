"""Workspaces, accounts, people, the connection to the mail service and sender identities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Words, now
from app.people.roles import ALLOWED, Permission, Role
from app.words import shown


class Workspace(Base):
    """A department: owner of its templates, lists, senders, connection and people."""

    __tablename__ = "workspace"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    is_live: Mapped[bool] = mapped_column(default=False)
    """False: trial mode. Mail goes only to the team's own addresses until an administrator switches to live."""
    public_url: Mapped[str] = mapped_column(String(300), default="")
    """Where recipients reach Postroom (https, no slash at its end), for the hosted unsubscribe link; empty: nowhere."""
    keep_message_days: Mapped[int | None]
    """Days after which people's data of a finished send are taken away; None: never."""
    keep_trail_years: Mapped[int | None]
    """Years after which the words and addresses of the trail are taken away; None: never."""
    own_mail_sender_id: Mapped[int | None]
    """The sender identity of Postroom's own e-mails to its staff; None: it sends none."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Account(Base):
    """Somebody who signs in. `email` is kept in lower case."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(64), default="")
    """IANA name of the zone in which times are shown and typed; empty: what the browser says."""
    language: Mapped[str] = mapped_column(String(16), default="")
    """Tag of the language of the pages (`app.words.LANGUAGES`); empty: what the browser asks for."""
    runs_installation: Mapped[bool] = mapped_column(default=False)
    """May make workspaces; in each of them what its role there says."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime | None]


class Person(Base):
    """An account's place in one workspace: everything is done as a person. Who works in two workspaces is two."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("account_id", "workspace_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    role: Mapped[Role] = mapped_column(Words(Role), default=Role.SENDER)
    left_at: Mapped[datetime | None]
    """Since when the person may no longer come in here; what they did keeps their name."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)
    workspace: Mapped[Workspace] = relationship()

    @property
    def email(self) -> str:
        """Address the person signs in with."""
        return self.account.email

    @property
    def name(self) -> str:
        """Name that others see."""
        return self.account.name

    @property
    def timezone(self) -> str:
        """Zone in which the person reads times; see `Account`."""
        return self.account.timezone

    @property
    def language(self) -> str:
        """Language in which the person reads the pages; see `Account`."""
        return self.account.language

    def may(self, permission: Permission) -> bool:
        """Whether the person's role allows this; running the installation is the account's, not the role's."""
        if permission is Permission.RUN:
            return self.account.runs_installation
        return permission in ALLOWED[self.role]

    @property
    def is_administrator(self) -> bool:
        """Whether the person may change settings."""
        return self.may(Permission.ADMINISTER)


class Connection(Base):
    """How a workspace reaches the mail service. One each."""

    __tablename__ = "connection"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), unique=True)
    account_id: Mapped[str] = mapped_column(String(100), default="")
    token_sealed: Mapped[str | None] = mapped_column(Text)
    """The API token, encrypted; never shown again."""
    base_url: Mapped[str] = mapped_column(String(300))
    calls_per_5_minutes: Mapped[int] = mapped_column(default=1200)
    """Pace: calls the account may make in five minutes (API.md, section 7)."""
    checked_at: Mapped[datetime | None]
    report: Mapped[list[Any]] = mapped_column(default=list)
    """What the last check found: a list of {"ok": bool, "subject": str, "words": str}, in no language."""
    domains: Mapped[list[str]] = mapped_column(default=list)
    """Sending domains found by the last check."""

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What the last check found, in the reader's words."""
        return [{**one, "subject": shown(one["subject"]), "words": shown(one["words"])} for one in self.report]


class SenderIdentity(Base):
    """A From address and name that staff may pick, with an optional Reply-To."""

    __tablename__ = "sender_identity"
    __table_args__ = (UniqueConstraint("workspace_id", "address", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    is_retired: Mapped[bool] = mapped_column(default=False)
    """No longer offered; kept because past sends name it."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def title(self) -> str:
        """How people choose it: `The office <office@example.com>`."""
        return f"{self.name} <{self.address}>" if self.name else self.address
