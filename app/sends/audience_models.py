"""The parts of an audience: which lists and segments a send goes to, and which it leaves out."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, SaidText


class AudiencePart(Base):
    """A list or a segment that a send includes or leaves out.

    A send to one whole list has none of these, only its `list_id`. A send that has some goes to them, and its
    `list_id` is the list of the first one that is included.
    """

    __tablename__ = "audience_part"
    __table_args__ = (
        Index("ix_audience_part_of_send", "send_id", "position"),
        Index("ix_audience_part_list", "list_id"),
        Index("ix_audience_part_segment", "segment_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"))
    position: Mapped[int]
    """Whoever is in several parts is written to with the data of the first one."""
    list_id: Mapped[int | None] = mapped_column(ForeignKey("recipient_list.id", ondelete="SET NULL"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="SET NULL"))
    is_segment: Mapped[bool] = mapped_column(default=False)
    """Only a segment of the list is meant, also when the segment is gone: then nobody can say who."""
    is_excluded: Mapped[bool] = mapped_column(default=False)
    words: Mapped[str] = mapped_column(SaidText, default="")
    """What it was called at the release, kept when it goes."""
