"""Addresses that e-mail did not reach, over all sends: kept where the outcome is recorded, never searched for."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, SaidText, Words, now


class BadAddressKind(enum.StrEnum):
    """What happened to the last e-mail."""

    BOUNCED = "bounced"
    """The recipient's server refused it for good."""
    REFUSED = "refused"
    """The mail service refused it because of the address."""


class BadAddressState(enum.StrEnum):
    """What a person did about it."""

    OPEN = "open"
    MENDED = "mended"
    TAKEN_OUT = "taken_out"
    ASIDE = "aside"


class BadAddress(Base):
    """One address of a workspace whose last e-mail was refused."""

    __tablename__ = "bad_address"
    __table_args__ = (
        UniqueConstraint("workspace_id", "email_key"),
        Index("ix_bad_address_of_state", "workspace_id", "state", "email_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case."""
    name: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[BadAddressKind] = mapped_column(Words(BadAddressKind))
    words: Mapped[str] = mapped_column(SaidText, default="")
    """What the server said, when it is known."""
    send_id: Mapped[int | None] = mapped_column(ForeignKey("send.id", ondelete="SET NULL"), index=True)
    message_id: Mapped[int | None]
    """The last e-mail to it."""
    at: Mapped[datetime] = mapped_column(default=now)
    state: Mapped[BadAddressState] = mapped_column(Words(BadAddressState), default=BadAddressState.OPEN)
    mended_to: Mapped[str] = mapped_column(String(254), default="")
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    settled_at: Mapped[datetime | None]
