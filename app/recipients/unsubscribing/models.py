"""Kinds of notice, who stopped which, and what the unsubscribe page of a workspace looks like."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Words, now


class Topic(Base):
    """A kind of notice that people may stop by itself: “Appointments”. Never deleted, because links in mail name it."""

    __tablename__ = "topic"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    key: Mapped[str] = mapped_column(String(16), unique=True)
    """Random; what a link in an e-mail names it by, because numbers are given again after a restored backup."""
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Language tag to `name` and `sentence`, as readers see them; always holds `en`."""
    is_retired: Mapped[bool] = mapped_column(default=False)
    """No longer offered for new sends; who stopped it stays stopped."""
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def name(self) -> str:
        """What staff know it by."""
        return str(self.words["en"]["name"])


class TopicOptOut(Base):
    """Somebody stopped one kind of notice. Who stopped all has a `Suppression`."""

    __tablename__ = "topic_opt_out"
    __table_args__ = (
        UniqueConstraint("topic_id", "email_key"),
        Index("ix_topic_opt_out_person", "workspace_id", "email_key"),
        Index("ix_topic_opt_out_batch", "workspace_id", "batch"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case."""
    message_id: Mapped[int | None]
    """The message whose link was used; None: another way, or the message is gone."""
    added_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Who did it by hand; None: the person themself."""
    batch: Mapped[str | None] = mapped_column(String(36))
    """Names what was done by hand together, so that it can be undone together."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class WhyOut(enum.StrEnum):
    """What people may say when they unsubscribed."""

    TOO_MANY = "too_many"
    NOT_FOR_ME = "not_for_me"
    NOT_EXPECTED = "not_expected"
    OTHER_WAY = "other_way"
    OTHER = "other"


class OptOutAnswer(Base):
    """Why somebody unsubscribed, if they said so. Keeps no address."""

    __tablename__ = "opt_out_answer"
    __table_args__ = (Index("ix_opt_out_answer_newest", "workspace_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    topic_id: Mapped[int | None]
    """The kind of notice of the e-mail whose link was used."""
    link_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the link: saying it twice is saying it once."""
    reason: Mapped[WhyOut] = mapped_column(Words(WhyOut))
    words: Mapped[str] = mapped_column(Text, default="")
    """In the reader's own words."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class UnsubscribeLook(Base):
    """What a workspace's unsubscribe page looks like, and the mailbox of those who write instead. At most one each."""

    __tablename__ = "unsubscribe_look"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    colour: Mapped[str] = mapped_column(String(7), default="")
    """#rrggbb of buttons and links; empty: Postroom's own."""
    logo_type: Mapped[str] = mapped_column(String(32), default="")
    """Media type of the logo."""
    logo_sha256: Mapped[str] = mapped_column(String(64), default="", index=True)
    """Names the logo in its address; empty: there is none."""
    logo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    mailbox: Mapped[str] = mapped_column(String(254), default="")
    """Address to which people write “unsubscribe”; somebody reads it by hand. Empty: none."""
