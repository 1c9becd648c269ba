"""Postroom's own e-mails to its staff: invitations, links for a new password, reminders."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, SaidText, Words, now
from app.words import _


class OwnMailState(enum.StrEnum):
    """How far an own e-mail is. `posting` is committed before the POST leaves, as with every message."""

    WAITING = "waiting"
    POSTING = "posting"
    SENT = "sent"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


STATE_WORDS: dict[OwnMailState, tuple[str, str]] = {
    OwnMailState.WAITING: (_("Waiting"), "info"),
    OwnMailState.POSTING: (_("Going out"), "info"),
    OwnMailState.SENT: (_("Sent"), "good"),
    OwnMailState.NOT_SENT: (_("Not sent"), "bad"),
    OwnMailState.UNKNOWN: (_("In doubt"), "warn"),
}
"""A state's name and its tone on pages."""


class OwnMail(Base):
    """One e-mail of Postroom itself to one person who works with it. Never posted twice after a doubt."""

    __tablename__ = "own_mail"
    __table_args__ = (
        Index("ix_own_mail_newest", "workspace_id", "id"),
        Index("ix_own_mail_due", "state", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    email: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    """In the language of whoever gets it."""
    letter_sealed: Mapped[str] = mapped_column(Text)
    """Paragraphs and link, encrypted, because a link may let somebody in; emptied when it left or will not leave."""
    state: Mapped[OwnMailState] = mapped_column(Words(OwnMailState), default=OwnMailState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(default=now)
    retry_until: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(SaidText, default="")
    """Why it did not go out, for administrators."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    settled_at: Mapped[datetime | None]
