"""Recipient lists, recipients, suppressions, and uploads on their way into a list."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, SaidText, Words, now


def _where(condition: str) -> dict[str, Any]:
    """Give the options of an index on a part of a table, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class RecipientList(Base):
    """People with one e-mail address each and data columns."""

    __tablename__ = "recipient_list"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True, nullable=True)
    """None while a worker fills or empties the list: no page, no send and no other list knows of it then."""
    name: Mapped[str] = mapped_column(String(200))
    columns: Mapped[list[str]] = mapped_column(default=list)
    """Data columns in the order of the file, as variable names (`first_name`); without the e-mail column."""
    column_kinds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Column to `ColumnKind`, of those that are not text; read by `columns.kind_of`."""
    recipient_count: Mapped[int] = mapped_column(default=0)
    """Kept with every change, never counted on a page."""
    rekey_after: Mapped[int | None]
    """The kind of a column was changed: keys of recipients with a greater id are to be made again; None: none are."""
    sorted_change: Mapped[int] = mapped_column(default=0)
    """The change number up to which `SortedColumn` is kept in step; behind `change_number`: to be sorted again."""
    change_number: Mapped[int] = mapped_column(default=1)
    """Grows with every change, so that a review made before it is known to be old (P7)."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


WITHOUT_KEYS = text("keys IS NULL")
"""Recipients whose keys are not made yet: the rows of an index, so that the worker finds them among millions."""


class Recipient(Base):
    """One person of one list."""

    __tablename__ = "recipient"
    __table_args__ = (
        UniqueConstraint("list_id", "email_key"),
        Index("ix_recipient_list_id", "list_id", "id"),  # people of a list in order, a stretch at a time
        Index("ix_recipient_without_keys", "list_id", sqlite_where=WITHOUT_KEYS, postgresql_where=WITHOUT_KEYS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recipient_list.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case: one person once."""
    name: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Column to text, as typed."""
    keys: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Column (and `name`) to what it is compared and sorted by (`keys.keys_of`); whoever writes a recipient writes
    these, or leaves None (also when changing `data` or `name`): then the worker makes them (`keying`)."""


class SuppressionReason(enum.StrEnum):
    """Why an address must not be written to; the first of several counts."""

    OPT_OUT = "opt_out"
    """The person unsubscribed."""
    COMPLAINT = "complaint"
    """The person marked an e-mail as spam."""
    BOUNCE = "bounce"
    """The recipient's server refused an e-mail for good."""
    BY_HAND = "by_hand"
    IMPORTED = "imported"


class Handing(enum.StrEnum):
    """Whether a suppression is handed to Cloudflare."""

    BY_RULE = "by_rule"
    """As the workspace's rules say for its reason."""
    WANTED = "wanted"
    """A person wants it there."""
    WHOLE_ACCOUNT = "whole_account"
    """A person wants it there although a sending domain holds the address back already."""
    HERE_ONLY = "here_only"
    """A person wants it here alone."""


class Conflict(enum.StrEnum):
    """How ours and Cloudflare's entry of one address differ; a person chooses."""

    NONE = ""
    GONE_THERE = "gone_there"
    """Handed over before, and taken away there."""
    READ_ONLY_THERE = "read_only_there"
    """Cloudflare has an entry of its own that nobody can change."""
    SCOPE_DIFFERS = "scope_differs"
    """There it counts for one sending domain only."""


class Suppression(Base):
    """An address that a workspace must not write to, for one reason; several reasons are several rows."""

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("workspace_id", "email_key", "reason"),
        Index("ix_suppression_newest", "workspace_id", "created_at"),
        Index("ix_suppression_batch", "workspace_id", "batch"),
        Index("ix_suppression_conflict", "workspace_id", "conflict", "email_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address in lower case."""
    reason: Mapped[SuppressionReason] = mapped_column(Words(SuppressionReason))
    message_id: Mapped[int | None]
    """The message whose unsubscribe link was used, or that bounced or was complained about."""
    until: Mapped[datetime | None]
    """From then on it counts no more; None: for ever."""
    note: Mapped[str] = mapped_column(Text, default="")
    """A person's words, or those of the recipient's server."""
    added_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None: the program, or the recipient."""
    batch: Mapped[str | None] = mapped_column(String(36))
    """Names what was added together, so that it can be undone together."""
    handing: Mapped[Handing] = mapped_column(Words(Handing), default=Handing.BY_RULE)
    handed_at: Mapped[datetime | None]
    """When Cloudflare took it; None: it is not there by us."""
    conflict: Mapped[Conflict] = mapped_column(Words(Conflict), default=Conflict.NONE)
    created_at: Mapped[datetime] = mapped_column(default=now)


class ImportState(enum.StrEnum):
    """Where an upload stands."""

    CHOOSING = "choosing"
    """A person must say how it is read or which column has the addresses."""
    READING = "reading"
    """A worker reads and checks the rows, and counts what an import would change."""
    READY = "ready"
    """Counted; a person mends rows, and imports or forgets it."""
    APPLYING = "applying"
    """A worker changes the list."""
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    """It cannot be read; `words` say why."""
    FORGOTTEN = "forgotten"
    """A worker clears it away."""


class ImportWay(enum.StrEnum):
    """What an import does to a list."""

    NEW = "new"
    ADD = "add"
    UPDATE = "update"
    REPLACE = "replace"


UNDONE_BY = "undone_by"
"""Where `ListUpload.counts` has the person who undoes it."""


class ListUpload(Base):
    """A file or paste on its way into a list, and afterwards what an undo needs to know."""

    __tablename__ = "list_upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    list_name: Mapped[str] = mapped_column(String(200))
    """Name of the list that a new one gets; for a list that is there already, its name at the time."""
    file_name: Mapped[str] = mapped_column(String(255), default="")
    """Empty for a paste."""
    size: Mapped[int] = mapped_column(default=0)
    """Bytes."""
    list_id: Mapped[int | None] = mapped_column(ForeignKey("recipient_list.id", ondelete="SET NULL"), index=True)
    """The list to change; of a new one, when it is made."""
    way: Mapped[ImportWay] = mapped_column(Words(ImportWay), default=ImportWay.NEW)
    state: Mapped[ImportState] = mapped_column(Words(ImportState), default=ImportState.CHOOSING)
    words: Mapped[str] = mapped_column(SaidText, default="")
    """Why it failed, or what a person should know."""
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What a person said about reading it (see `reading.Choices`), and of its rows (see `imports.mended`)."""
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was found at the beginning of it: see `beginning.beginning_of`."""
    mapping: Mapped[list[Any]] = mapped_column(default=list)
    """What each column becomes: see `mapping.Mapped`."""
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What an import does: see `counting.count`."""
    run: Mapped[int] = mapped_column(default=0)
    """Grows with every run of its job and every stop: a run that is not the newest writes nothing more."""
    is_staged: Mapped[bool] = mapped_column(default=False)
    """Whether every row was read and checked with the present mapping."""
    needs_clearing: Mapped[bool] = mapped_column(default=False)
    """Whether rows of an earlier mapping must go first."""
    progress: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    list_change_number: Mapped[int | None]
    """The list's own number when the effect was counted; after the import, the one it gave the list."""
    columns_before: Mapped[list[Any]] = mapped_column(default=list)
    """Columns of the list before the import."""
    kinds_before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What these columns held, as `RecipientList.column_kinds` has it."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def undone_by(self) -> int:
        """Who takes it back: whoever imported it, or a colleague."""
        return int(self.counts.get(UNDONE_BY, self.person_id))


class UploadChunk(Base):
    """A piece of an uploaded file, so that nobody holds all of it in memory."""

    __tablename__ = "upload_chunk"

    upload_id: Mapped[int] = mapped_column(ForeignKey("list_upload.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 0; each but the last has the same size."""
    content: Mapped[bytes] = mapped_column(LargeBinary)


class StagedRow(Base):
    """A row of an upload that was read and checked, waiting to change the list; afterwards what an undo takes back."""

    __tablename__ = "staged_row"
    __table_args__ = (
        Index("ix_staged_row_problem", "upload_id", "problem", "line", **_where("problem IS NOT NULL")),
        Index("ix_staged_row_line_of_problem", "upload_id", "line", **_where("problem IS NOT NULL")),
        {"sqlite_with_rowid": False},
    )

    upload_id: Mapped[int] = mapped_column(ForeignKey("list_upload.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Line or row of the file; below 0: a person of the list whom the import takes out, by their id."""
    email: Mapped[str] = mapped_column(String(254), default="")
    email_key: Mapped[str] = mapped_column(String(254), default="")
    name: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    change: Mapped[str | None] = mapped_column(String(8))
    """What it does to the list: change, same, remove; none: it adds somebody."""
    recipient_id: Mapped[int | None]
    """Who it changes or removes."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Email, name and data of somebody changed, as they were."""
    problem: Mapped[str | None] = mapped_column(String(32))
    """Kind of problem (`checking.ProblemKind`); none: the row is good."""
    place: Mapped[str | None] = mapped_column(String(210))
    """The column with the problem: email, name or a variable; empty: the whole row."""
    words: Mapped[str | None] = mapped_column(SaidText)
    suggestion: Mapped[str | None] = mapped_column(SaidText)
    better: Mapped[str | None] = mapped_column(Text)
    """The value that the suggestion would put there."""
    cells: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """The cells of a bad row, as typed."""
