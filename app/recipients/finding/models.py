"""Segments: saved filters over one list's columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, now
from app.recipients.models import RecipientList


class Segment(Base):
    """The people of one list who meet a filter, under a name. Who they are is asked anew each time."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("list_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recipient_list.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The filter as `filtering` writes it down."""
    change_number: Mapped[int] = mapped_column(default=1)
    """Grows with every change, so that a review made before it is known to be old (P7)."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    list: Mapped[RecipientList] = relationship()
