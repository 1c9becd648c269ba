"""What the engine keeps: lanes, the account's rate budget, workers' signs of life."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class Lane(Base):
    """One worker's right to work on one send: a lease with a fencing number."""

    __tablename__ = "lane"
    __table_args__ = {"sqlite_autoincrement": True}  # an id is never used again

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    """Fencing number: grows with every job; a job with an older one does nothing."""
    owner: Mapped[str] = mapped_column(String(100), default="")
    """Worker that holds the lane; empty when none does."""
    lease_until: Mapped[datetime]


class RateBudget(Base):
    """Calls an account may still make; shared by all workers."""

    __tablename__ = "rate_budget"

    account_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    tokens: Mapped[float]
    """Calls that may be made at `filled_at`; may be a fraction."""
    filled_at: Mapped[datetime] = mapped_column(default=now)
    blocked_until: Mapped[datetime | None]
    """The service told us to wait until then."""
    ledger: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Calls granted by the second, who takes turns, what the service said: see `budget.py`."""
    quota_value: Mapped[int | None]
    """E-mails the account may send in a day or hour, as the service told; None: it did not."""
    quota_unit: Mapped[str] = mapped_column(String(20), default="")
    quota_sent: Mapped[int | None]
    """E-mails of the quota that were used when it was read; None: not told."""
    quota_since: Mapped[int] = mapped_column(default=0)
    """Calls granted since then."""
    quota_resets_at: Mapped[datetime | None]
    quota_read_at: Mapped[datetime | None]
    quota_asked_at: Mapped[datetime | None]
    """When a worker last began to ask, so that only one does."""
    quota_wanted: Mapped[bool] = mapped_column(default=False)
    """Somebody needs to know now."""


class Worker(Base):
    """A worker process and when it last showed a sign of life."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)


class PostTime(Base):
    """How many POSTs were answered so, and so fast, by all workers since the database was made."""

    __tablename__ = "post_time"

    http_status: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0: no answer."""
    up_to_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Longest time that counts here, in milliseconds; 0: longer than all."""
    count: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]
    """Their times together."""
