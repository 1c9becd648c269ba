"""The trail: who did what, when and from where; each entry chained to the one before it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.origin import Via, said_browser
from app.db import Base, SaidText, Words, now
from app.words import shown


class AuditEntry(Base):
    """One act of one person (or of the program, when there is no actor).

    Triggers of the database refuse every change and every deletion, but for two: an entry is sealed once, in the
    transaction that writes it, and its words may be taken away when the workspace's rule says so.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_newest", "workspace_id", "id"),
        Index("ix_audit_entry_subject", "workspace_id", "subject_id", "id"),
        Index("ix_audit_entry_place", "workspace_id", "position", unique=True),
        Index("ix_audit_entry_actor", "workspace_id", "actor_id", "position"),
        Index("ix_audit_entry_time", "workspace_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    action: Mapped[str] = mapped_column(String(64))
    """What was done, as `subject.verb`, for example `send.released`."""
    subject_id: Mapped[int | None]
    words: Mapped[str] = mapped_column(SaidText)
    """What was done, for people: kept in no language, read in the reader's."""
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """More of it; `changes` maps what changed, in words, to what it was before and is since."""

    via: Mapped[Via] = mapped_column(Words(Via), default=Via.PROGRAM)
    address: Mapped[str] = mapped_column(String(45), default="")
    """IP address that the request came from; empty: it was no request."""
    browser: Mapped[str] = mapped_column(String(100), default="")
    """In words, for example `Firefox on Windows`."""

    salt: Mapped[str] = mapped_column(String(32), default="")
    """Random, a part of the content's digest: once the words are gone nobody can guess them from it."""
    content_digest: Mapped[str] = mapped_column(String(64), default="")
    position: Mapped[int | None]
    """Place in the workspace's chain, from 1; None only within the transaction that writes it."""
    before_digest: Mapped[str] = mapped_column(String(64), default="")
    """Digest of the entry before."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Covers everything above and with it every earlier entry; see `app/audit/chain.py`."""
    erased_at: Mapped[datetime | None]
    """When the rule of the workspace took the words, details and addresses away."""

    @property
    def browser_words(self) -> str:
        """The browser in the reader's language."""
        return said_browser(self.browser)

    @property
    def changes(self) -> dict[str, list[str]]:
        """What changed, to what it was before and is since, in the reader's words."""
        told: dict[str, list[str]] = self.details.get("changes", {})
        return {str(shown(what)): [str(shown(one)) for one in pair] for what, pair in told.items()}


class AuditHead(Base):
    """The newest entry of a workspace's chain; its row is held while an entry is sealed."""

    __tablename__ = "audit_head"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")


class AuditLook(Base):
    """A person looked at many people's data on a day: noted already, so not noted again."""

    __tablename__ = "audit_look"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    action: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date(), primary_key=True)
