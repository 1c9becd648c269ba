"""Cloudflare's suppressions as they were seen last, how the sync goes, and a workspace's rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, SaidText, now


class TheirSuppression(Base):
    """One entry of Cloudflare's list, as the last sync saw it (API.md, section 9)."""

    __tablename__ = "their_suppression"
    __table_args__ = (
        UniqueConstraint("workspace_id", "vendor_id"),
        Index("ix_their_suppression_address", "workspace_id", "email_key", "id"),
        Index("ix_their_suppression_seen", "workspace_id", "seen_in"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    vendor_id: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case."""
    reason: Mapped[str] = mapped_column(String(64))
    """Cloudflare's own word; it may have new ones."""
    scope_type: Mapped[str] = mapped_column(String(32))
    """`account`, or `sending_domain` with its name in `scope_value`."""
    scope_value: Mapped[str] = mapped_column(String(254), default="")
    added_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    """None: for ever."""
    note: Mapped[str] = mapped_column(Text, default="")
    read_only: Mapped[bool] = mapped_column(default=False)
    is_ours: Mapped[bool] = mapped_column(default=False)
    """Postroom put it there."""
    seen_in: Mapped[int] = mapped_column(default=0)
    """Number of the pass that saw it last; one that the newest whole pass did not see is gone."""
    seen_at: Mapped[datetime] = mapped_column(default=now)


class SuppressionSync(Base):
    """How the sync of a workspace goes."""

    __tablename__ = "suppression_sync"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(100), default="")
    """The account whose list is kept here; another one begins anew."""
    pass_number: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[str] = mapped_column(Text, default="")
    """Where a pass goes on that a worker left half-way; empty: at the beginning."""
    is_reading: Mapped[bool] = mapped_column(default=False)
    entries_read: Mapped[int] = mapped_column(default=0)
    """In this pass so far, or in the last one."""
    began_at: Mapped[datetime | None]
    synced_at: Mapped[datetime | None]
    """End of the last pass."""
    asked_at: Mapped[datetime | None]
    """A person wants it at once; None: nobody does."""
    not_before: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    """Failures in a row."""
    cause: Mapped[str] = mapped_column(String(64), default="")
    words: Mapped[str] = mapped_column(SaidText, default="")
    """What is the matter; empty when all is well."""
    remedy: Mapped[str] = mapped_column(SaidText, default="")
    is_paused: Mapped[bool] = mapped_column(default=False)
    """The account refused it: it waits for a person, not for time."""


class SuppressionRules(Base):
    """What a workspace does by itself; without a row, the values below."""

    __tablename__ = "suppression_rules"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    adds_bounces: Mapped[bool] = mapped_column(default=True)
    adds_complaints: Mapped[bool] = mapped_column(default=True)
    syncs: Mapped[bool] = mapped_column(default=True)
    """Read Cloudflare's list."""
    hands_over: Mapped[list[str]] = mapped_column(default=list)
    """Reasons (`SuppressionReason`) whose addresses are handed to Cloudflare. None of them unless a person says so:
    an entry there holds back every e-mail of the account, service notices and other programs' too."""


class SuppressionLease(Base):
    """The right to sync: one worker at a time. One row."""

    __tablename__ = "suppression_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(100), default="")
    generation: Mapped[int] = mapped_column(default=0)
    """Fencing number: what a worker with an older one has read is thrown away."""
    lease_until: Mapped[datetime]
    next_call_at: Mapped[datetime]
    """Not before this time: the sync's own pace, for all workers and workspaces together."""
