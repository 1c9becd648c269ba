"""Two pairs of eyes: a workspace's rule, and what was put up for approval, with what became of it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, SaidText, SaidTexts, Words, now
from app.people.models import Person
from app.words import _


class ApprovalScope(enum.StrEnum):
    """Which sends need approval."""

    NEVER = "never"
    ALWAYS = "always"
    SOME = "some"
    """Those with more than so many people, to named lists or segments, or from named senders."""


SCOPE_WORDS: dict[ApprovalScope, str] = {
    ApprovalScope.NEVER: _("No send"),
    ApprovalScope.ALWAYS: _("Every send"),
    ApprovalScope.SOME: _("Some sends, as chosen below"),
}


class ApprovalState(enum.StrEnum):
    """What became of something that was put up for approval."""

    WAITING = "waiting"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    TAKEN_BACK = "taken_back"
    """By whoever asked, or by a colleague, before or after the approval."""
    CANCELLED = "cancelled"
    """By the program, because something changed (P7)."""
    EMERGENCY = "emergency"
    """Released by an administrator without approval."""


STATE_WORDS: dict[ApprovalState, tuple[str, str]] = {
    ApprovalState.WAITING: (_("Waits for approval"), "warn"),
    ApprovalState.APPROVED: (_("Approved"), "good"),
    ApprovalState.SENT_BACK: (_("Sent back"), "bad"),
    ApprovalState.TAKEN_BACK: (_("Taken back"), "plain"),
    ApprovalState.CANCELLED: (_("Approval cancelled"), "bad"),
    ApprovalState.EMERGENCY: (_("Released in an emergency, without approval"), "bad"),
}
"""What a state is called, and its tone."""
IN_FORCE = (ApprovalState.APPROVED, ApprovalState.EMERGENCY)
"""States with which a send may go out."""
REMIND_HOURS = 4
"""Approvers are reminded once after so many hours, unless the rule says another number."""


class ApprovalRule(Base):
    """What needs a second person in a workspace. Without a row nothing does."""

    __tablename__ = "approval_rule"

    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    scope: Mapped[ApprovalScope] = mapped_column(Words(ApprovalScope), default=ApprovalScope.NEVER)
    above: Mapped[int | None]
    """With `ApprovalScope.SOME`: sends to more people than this need approval; None: their number does not matter."""
    of_templates: Mapped[bool] = mapped_column(default=False)
    """Publishing a template, a layout or a snippet needs approval as well."""
    remind_hours: Mapped[int] = mapped_column(default=REMIND_HOURS)


class ApprovalSubject(Base):
    """A list, a segment or a sender whose sends need approval, with `ApprovalScope.SOME`."""

    __tablename__ = "approval_subject"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    list_id: Mapped[int | None] = mapped_column(ForeignKey("recipient_list.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("sender_identity.id", ondelete="CASCADE"))


class ApprovalRequest(Base):
    """Somebody asked for approval of a send, or of publishing a draft. One at a time waits for each."""

    __tablename__ = "approval_request"
    __table_args__ = (
        Index("ix_approval_request_of_send", "send_id", "id"),
        Index("ix_approval_request_of_template", "template_id", "id"),
        Index("ix_approval_request_of_piece", "piece_id", "id"),
        Index("ix_approval_request_state", "state", "workspace_id"),
        Index("ix_approval_request_told", "is_told"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    send_id: Mapped[int | None] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("template.id", ondelete="CASCADE"))
    piece_id: Mapped[int | None] = mapped_column(ForeignKey("piece.id", ondelete="CASCADE"))
    """One of the three is set."""
    asked_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """Who changed it last before it was put up: does not approve it either."""
    note: Mapped[str] = mapped_column(Text, default="")
    """For the approver."""
    reasons: Mapped[list[str]] = mapped_column(SaidTexts, default=list)
    """Why approval was needed, in words."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Digest of what was put up: exactly that may be approved."""
    marks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The digest's parts, so that it can be said which of them changed."""
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """As chosen by whoever asked: of a send time, pace and wave; of a layout or snippet the templates that get it."""
    people: Mapped[int] = mapped_column(default=0)
    """E-mails that would have gone out when it was put up."""
    state: Mapped[ApprovalState] = mapped_column(Words(ApprovalState), default=ApprovalState.WAITING)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(SaidText, default="")
    """The reason: of sending back, of an emergency, or what changed."""
    is_told: Mapped[bool] = mapped_column(default=False)
    """Whom its state concerns was told by mail, or need not be."""
    reminded_at: Mapped[datetime | None]

    asker: Mapped[Person] = relationship(foreign_keys=asked_by)
    decider: Mapped[Person | None] = relationship(foreign_keys=decided_by)


class ApprovalLease(Base):
    """The right to look after requests: one worker at a time. One row."""

    __tablename__ = "approval_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(100), default="")
    generation: Mapped[int] = mapped_column(default=0)
    """Fencing number: what a worker with an older one does is thrown away."""
    lease_until: Mapped[datetime]
    next_look_at: Mapped[datetime]
