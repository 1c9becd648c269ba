"""Links that let somebody in once: invitations, and links for a new password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Words, now
from app.people.models import Account, Person, Workspace
from app.people.roles import Role


class Invitation(Base):
    """Somebody may come into a workspace, by a link that works once."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    """In lower case. Empty: the first administrator, who gives their own."""
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[Role] = mapped_column(Words(Role))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """Of the link's token."""
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None: `postroom setup`, for the first administrator."""
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    workspace: Mapped[Workspace] = relationship()
    invited_by: Mapped[Person | None] = relationship()


class PasswordReset(Base):
    """A new password that was asked for on the sign-in page, or the link for one."""

    __tablename__ = "password_reset"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), default="")
    """What was typed; a worker looks whose it is, so that the page takes the same time for every address."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """None: a worker has not looked yet."""
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship()
