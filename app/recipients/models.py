"""Recipient lists, recipients, suppressions, and uploads waiting for a person's yes."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Words, now


class RecipientList(Base):
    """People with one e-mail address each and data columns."""

    __tablename__ = "recipient_list"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    columns: Mapped[list[str]] = mapped_column(default=list)
    """Data columns in the order of the file, as variable names (`first_name`); without the e-mail column."""
    column_kinds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Column to `ColumnKind`, of those that are not text; read by `columns.kind_of`."""
    recipient_count: Mapped[int] = mapped_column(default=0)
    """Kept with every change, never counted on a page."""
    rekey_after: Mapped[int | None]
    """The kind of a column was changed: keys of recipients with a greater id are to be made again; None: none are."""
    sorted_change: Mapped[int] = mapped_column(default=0)
    """The change number up to which `SortedColumn` is kept in step; behind `change_number`: to be sorted again."""
    change_number: Mapped[int] = mapped_column(default=1)
    """Grows with every change, so that a review made before it is known to be old (P7)."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


WITHOUT_KEYS = text("keys IS NULL")
"""Recipients whose keys are not made yet: the rows of an index, so that the worker finds them among millions."""


class Recipient(Base):
    """One person of one list."""

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("list_id", "email_key"),
        Index("ix_recipient_list_id", "list_id", "id"),  # people of a list in order, a stretch at a time
        Index("ix_recipient_without_keys", "list_id", sqlite_where=WITHOUT_KEYS, postgresql_where=WITHOUT_KEYS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recipient_list.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case: one person once."""
    name: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Column to text, as typed."""
    keys: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Column (and `name`) to what it is compared and sorted by (`keys.keys_of`); whoever writes a recipient writes
    these, or leaves None (also when changing `data` or `name`): then the worker makes them (`keying`)."""


class SuppressionReason(enum.StrEnum):
    """Why an address must not be written to; the first of several counts."""

    OPT_OUT = "opt_out"
    """The person unsubscribed."""
    COMPLAINT = "complaint"
    """The person marked an e-mail as spam."""
    BOUNCE = "bounce"
    """The recipient's server refused an e-mail for good."""
    BY_HAND = "by_hand"
    IMPORTED = "imported"


class Handing(enum.StrEnum):
    """Whether a suppression is handed to Cloudflare."""

    BY_RULE = "by_rule"
    """As the workspace's rules say for its reason."""
    WANTED = "wanted"
    """A person wants it there."""
    WHOLE_ACCOUNT = "whole_account"
    """A person wants it there although a sending domain holds the address back already."""
    HERE_ONLY = "here_only"
    """A person wants it here alone."""


class Conflict(enum.StrEnum):
    """How ours and Cloudflare's entry of one address differ; a person chooses."""

    NONE = ""
    GONE_THERE = "gone_there"
    """Handed over before, and taken away there."""
    READ_ONLY_THERE = "read_only_there"
    """Cloudflare has an entry of its own that nobody can change."""
    SCOPE_DIFFERS = "scope_differs"
    """There it counts for one sending domain only."""


class Suppression(Base):
    """An address that a workspace must not write to, for one reason; several reasons are several rows."""

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("workspace_id", "email_key", "reason"),
        Index("ix_suppression_newest", "workspace_id", "created_at"),
        Index("ix_suppression_batch", "workspace_id", "batch"),
        Index("ix_suppression_conflict", "workspace_id", "conflict", "email_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case."""
    reason: Mapped[SuppressionReason] = mapped_column(Words(SuppressionReason))
    message_id: Mapped[int | None]
    """The message whose unsubscribe link was used, or that bounced or was complained about."""
    until: Mapped[datetime | None]
    """From then on it counts no more; None: for ever."""
    note: Mapped[str] = mapped_column(Text, default="")
    """A person's words, or those of the recipient's server."""
    added_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None: the program, or the recipient."""
    batch: Mapped[str | None] = mapped_column(String(36))
    """Names what was added together, so that it can be undone together."""
    handing: Mapped[Handing] = mapped_column(Words(Handing), default=Handing.BY_RULE)
    handed_at: Mapped[datetime | None]
    """When Cloudflare took it; None: it is not there by us."""
    conflict: Mapped[Conflict] = mapped_column(Words(Conflict), default=Conflict.NONE)
    created_at: Mapped[datetime] = mapped_column(default=now)


class ListUpload(Base):
    """A file or paste that was read but not yet saved as a list; deleted when it is."""

    __tablename__ = "list_upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    list_name: Mapped[str] = mapped_column(String(200))
    file_name: Mapped[str] = mapped_column(String(255), default="")
    content: Mapped[bytes] = mapped_column(LargeBinary)
    email_column: Mapped[str | None] = mapped_column(String(200))
    """The column a person chose as the e-mail column, when the file has several."""
    created_at: Mapped[datetime] = mapped_column(default=now)
