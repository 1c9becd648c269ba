"""Changes of the people of a list, which can be undone, and the order of large lists."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Words, now


class ChangeKind(enum.StrEnum):
    """What a change does to the people of a list."""

    ADD = "add"
    EDIT = "edit"
    REMOVE = "remove"
    SET = "set"
    """Every person gets the same text in one column."""
    RENAME_COLUMN = "rename_column"
    REMOVE_COLUMN = "remove_column"


class ChangeState(enum.StrEnum):
    """Where a change stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """Stopped by a person half-way; what was done can be undone."""
    UNDOING = "undoing"
    UNDONE = "undone"


GOING = (ChangeState.RUNNING, ChangeState.UNDOING)
"""States in which there is work to do."""
_GOES = text("state IN ('running', 'undoing')")


class ListChange(Base):
    """One change of people of a list, done a chunk at a time."""

    __tablename__ = "list_change"
    __table_args__ = (
        Index("ix_list_change_newest", "list_id", "id"),
        Index("ix_list_change_going", "state", sqlite_where=_GOES, postgresql_where=_GOES),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recipient_list.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[ChangeKind] = mapped_column(Words(ChangeKind))
    state: Mapped[ChangeState] = mapped_column(Words(ChangeState), default=ChangeState.RUNNING)
    selection: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Whom it is about, as `selecting.Selection.to_json` gives it."""
    act: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What is done: `column`, `value`, `to` as the kind needs them. Never people's data."""
    done: Mapped[int] = mapped_column(default=0)
    """People changed so far; while it is undone, put back so far."""
    kept: Mapped[int] = mapped_column(default=0)
    """People an undo left as they were, because they had been changed since."""
    last_id: Mapped[int] = mapped_column(default=0)
    """The recipient up to whom it went."""
    at: Mapped[datetime] = mapped_column(default=now)


class ListChangeRow(Base):
    """What one recipient was before a change, for its undo. Deleted with the undo's time, and on erasing."""

    __tablename__ = "list_change_row"
    __table_args__ = (Index("ix_list_change_row_email_key", "email_key"),)

    change_id: Mapped[int] = mapped_column(ForeignKey("list_change.id", ondelete="CASCADE"), primary_key=True)
    recipient_id: Mapped[int] = mapped_column(primary_key=True)
    email_key: Mapped[str] = mapped_column(String(254))
    was: Mapped[dict[str, Any]] = mapped_column(default=dict)
    became: Mapped[dict[str, Any]] = mapped_column(default=dict)


class SortedColumn(Base):
    """A column of a large list whose order is kept in `RecipientKey`."""

    __tablename__ = "sorted_column"
    __table_args__ = (UniqueConstraint("list_id", "column"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(index=True)
    """No foreign key: a list that goes does not wait for its millions of keys; the worker clears them."""
    column: Mapped[str] = mapped_column(String(200))
    is_ready: Mapped[bool] = mapped_column(default=False)


class RecipientKey(Base):
    """A recipient's place in the order of a column. A hint: the recipient's own keys have the last word."""

    __tablename__ = "recipient_key"
    __table_args__ = {"sqlite_with_rowid": False}

    sorted_column_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(
        String(300).with_variant(String(300, collation="C"), "postgresql"), primary_key=True
    )
    recipient_id: Mapped[int] = mapped_column(primary_key=True)


class KeyText(Base):
    """The keys of some recipients in one sorted column, run together (`key_texts.py`). A hint, as `RecipientKey` is."""

    __tablename__ = "key_text"
    __table_args__ = (Index("ix_key_text_order", "sorted_column_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sorted_column_id: Mapped[int]
    first_id: Mapped[int]
    last_id: Mapped[int]
    """No recipient in it has a smaller or a larger id."""
    keys: Mapped[str] = mapped_column(Text)
    """A line each."""
    recipient_ids: Mapped[bytes] = mapped_column(LargeBinary)
    """Whose the lines are, in their order, as `array("q")` packs them."""
    has_long: Mapped[bool] = mapped_column(default=False)
    """One of the keys is only the beginning of its cell."""
