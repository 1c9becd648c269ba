"""The trail: who did what, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class AuditEntry(Base):
    """One act of one person (or of the program, when there is no actor). Never changed or deleted."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_newest", "workspace_id", "id"),
        Index("ix_audit_entry_subject", "workspace_id", "subject_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    action: Mapped[str] = mapped_column(String(64))
    """What was done, as `subject.verb`, for example `send.released`."""
    subject_id: Mapped[int | None]
    words: Mapped[str] = mapped_column(String(500))
    """What was done, for people."""
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
