"""Sends, their messages, attempts, counts, attachments and review."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, SaidText, Words, now
from app.emails.models import TemplateVersion
from app.recipients.models import RecipientList
from app.recipients.unsubscribing.notices import ServiceScope


class SendKind(enum.StrEnum):
    """To whom a send goes."""

    LIST = "list"
    DIRECT = "direct"
    """One e-mail to one or several addresses typed in by hand."""
    TEST = "test"
    """An e-mail to each of a few testers, with a chosen recipient's data, marked as a test."""


class SendState(enum.StrEnum):
    """Where a send stands (design, section 4)."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    """Put up for approval: nobody changes it, but for taking it back."""
    SCHEDULED = "scheduled"
    """Released; the first message leaves at `start_at`."""
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Audience(enum.StrEnum):
    """Which people of its list a send goes to; the rule is `sends/audience.py`."""

    EVERYBODY = "everybody"
    ADDED = "added"
    """Those who came into the list since the send that it follows, and since that one's other follow-ups."""
    NOT_REACHED = "not_reached"
    """Those whose e-mail of the send that it follows ended in one of `follow_groups`."""


UNRELEASED = (SendState.DRAFT, SendState.AWAITING_APPROVAL)
"""States in which a send has no messages yet."""
AT_WORK = (SendState.SCHEDULED, SendState.SENDING)
"""States in which the engine works on a send."""


class ReviewState(enum.StrEnum):
    """Where the review of a send stands."""

    NONE = "none"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Outcome(enum.StrEnum):
    """State of a message: the first two on its way, the others how it ended (design, section 4)."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    QUEUED = "queued"
    BOUNCED = "bounced"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


UNDER_WAY = (Outcome.PENDING, Outcome.SENDING)
"""States that are not yet an outcome."""
ANSWERED = (Outcome.DELIVERED, Outcome.QUEUED, Outcome.BOUNCED, Outcome.ACCEPTED)
"""Outcomes of what the service took; the share of bounces is one of these."""


class Send(Base):
    """One release of one template version to one snapshot of recipients, or to one person."""

    __tablename__ = "send"
    __table_args__ = (
        Index("ix_send_newest", "workspace_id", "id"),
        Index("ix_send_state", "state", "start_at"),
        Index(
            "ix_send_hiding",
            "hide_at",
            sqlite_where=text("hide_at IS NOT NULL"),
            postgresql_where=text("hide_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    kind: Mapped[SendKind] = mapped_column(Words(SendKind))
    state: Mapped[SendState] = mapped_column(Words(SendState), default=SendState.DRAFT)
    pause_reason: Mapped[str] = mapped_column(SaidText, default="")
    """Why it is paused or stopped and what to do, for people."""
    pause_code: Mapped[str] = mapped_column(String(64), default="")
    """Key of the reason in `sends/pauses.py`; empty: paused by a person, or not paused."""
    resumes_at: Mapped[datetime | None]
    """Paused by the program until then; None: until a person resumes it."""
    answered_before: Mapped[int] = mapped_column(default=0)
    """Answered messages when the send was resumed after too many bounces: they no longer count…"""
    bounced_before: Mapped[int] = mapped_column(default=0)
    """…and the bounced ones among them."""

    template_version_id: Mapped[int | None] = mapped_column(ForeignKey("template_version.id"))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("recipient_list.id", ondelete="SET NULL"))
    list_name: Mapped[str] = mapped_column(SaidText, default="")
    """The list's name at release, kept when the list goes."""
    columns: Mapped[list[str]] = mapped_column(default=list)
    """The list's columns at release, for the download."""
    sender_identity_id: Mapped[int | None] = mapped_column(ForeignKey("sender_identity.id"))
    from_address: Mapped[str] = mapped_column(String(254), default="")
    from_name: Mapped[str] = mapped_column(String(100), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    headers: Mapped[list[Any]] = mapped_column(default=list)
    """Custom headers: a list of [name, value source]; values may use variables."""
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Values common to the whole send; a recipient's own column goes before them."""
    to: Mapped[list[Any]] = mapped_column(default=list)
    """Direct sends: a list of [address, name]; so are `cc` and `bcc`. Not used by list sends."""
    cc: Mapped[list[Any]] = mapped_column(default=list)
    bcc: Mapped[list[Any]] = mapped_column(default=list)
    file_column: Mapped[str] = mapped_column(String(200), default="")
    """Column that names each recipient's own file among the send's `person_file`s; empty: nobody has one."""
    audience: Mapped[Audience] = mapped_column(Words(Audience), default=Audience.EVERYBODY)
    follows_send_id: Mapped[int | None] = mapped_column(ForeignKey("send.id", ondelete="SET NULL"), index=True)
    """The send that this one follows up; None for most."""
    follow_groups: Mapped[list[str]] = mapped_column(default=list)
    """Outcomes in the send that it follows, with `Audience.NOT_REACHED`."""

    topic_id: Mapped[int | None]
    """The kind of notice that it is (`topic`); None: of no kind."""
    service_scope: Mapped[ServiceScope] = mapped_column(Words(ServiceScope), default=ServiceScope.NONE)
    """Whom it reaches although they stopped it; declared by an administrator…"""
    service_reason: Mapped[str] = mapped_column(Text, default="")
    """…with this reason."""
    public_url: Mapped[str] = mapped_column(String(300), default="")
    """The workspace's public address at release: all links of one send begin alike."""
    link_key: Mapped[str | None] = mapped_column(String(16))
    """Which key seals its unsubscribe links; empty: they are the messages' references; None: nothing went out yet."""

    review_state: Mapped[ReviewState] = mapped_column(Words(ReviewState), default=ReviewState.NONE)
    review_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    """Digest of everything that was reviewed; release compares it (P7)."""
    review_total: Mapped[int] = mapped_column(default=0)
    review_done: Mapped[int] = mapped_column(default=0)
    review_problems: Mapped[int] = mapped_column(default=0)
    """People who cannot be written to as things stand."""

    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    changed_by: Mapped[int | None]
    """Person who changed the draft last; None: nobody since it was begun."""
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    start_at: Mapped[datetime | None]
    is_timed: Mapped[bool] = mapped_column(default=False)
    """A person chose `start_at`; else it is the end of the undo window."""
    release_marks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What a timed send was released with, as `staleness` compares it at its start; empty: nothing is compared."""
    wave_left: Mapped[int | None]
    """E-mails of the wave that were never claimed yet; None: everything goes out without a stop."""
    wave_size: Mapped[int] = mapped_column(default=0)
    """E-mails of the last wave; 0: there was none."""
    first_post_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    data_erased_at: Mapped[datetime | None]
    """When the retention rule took the people's data of this send away; None: they are kept."""
    hides: Mapped[list[str]] = mapped_column(default=list)
    """Variables whose values go when a message has its outcome, as its template said at release; `*`: all."""
    hide_at: Mapped[datetime | None]
    """When it is looked through next for values that still have to go; None: there are none."""
    total: Mapped[int] = mapped_column(default=0)
    """Messages of the snapshot; the tallies always add up to it (P1)."""

    template_version: Mapped[TemplateVersion | None] = relationship()
    recipient_list: Mapped[RecipientList | None] = relationship()


class SendTally(Base):
    """How many messages of a send stand in one state; kept in the transaction that moves them, never counted."""

    __tablename__ = "send_tally"

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"), primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(Words(Outcome), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    retrying: Mapped[int] = mapped_column(default=0)
    """In the row of `pending`: how many of them failed before and wait for a retry."""


class SendPace(Base):
    """How fast a send may go at most, shared by all workers; without a row as fast as the account allows."""

    __tablename__ = "send_pace"

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"), primary_key=True)
    count: Mapped[int]
    """E-mails in `seconds`."""
    seconds: Mapped[int]
    tokens: Mapped[float]
    """E-mails that may go out at `filled_at`; may be a fraction."""
    filled_at: Mapped[datetime] = mapped_column(default=now)


class SendAttachment(Base):
    """A file that goes with every message of a send."""

    __tablename__ = "send_attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_file.sha256"))


class PersonFile(Base):
    """A file for those recipients of a send whose `file_column` names it."""

    __tablename__ = "person_file"

    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"), primary_key=True)
    name_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    """The file's name in lower case: what a recipient's cell is compared with."""
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_file.sha256"))


class TestGroup(Base):
    """A few addresses that test e-mails go to together."""

    __test__ = False  # for pytest, which takes it for a test
    __tablename__ = "test_group"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    name: Mapped[str] = mapped_column(String(100))
    addresses: Mapped[list[str]] = mapped_column(default=list)


class ReviewProblem(Base):
    """Something that keeps one person (or everyone, without a recipient) from being written to."""

    __tablename__ = "review_problem"
    __table_args__ = (Index("ix_review_problem_of_send", "send_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"))
    recipient_id: Mapped[int | None]
    """None: it concerns the whole send and must be mended before release."""
    email: Mapped[str] = mapped_column(String(254), default="")
    code: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(200), default="")
    words: Mapped[str] = mapped_column(SaidText)


UNDECIDED = text("state = 'unknown' AND decided_at IS NULL")
"""Messages in doubt that nobody decided on: the few rows of an index, so that Home finds them among a million."""


class Message(Base):
    """One e-mail of a send: one API call."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("send_id", "email_key"),
        Index("ix_message_work", "send_id", "state", "next_try_at", "id"),
        Index("ix_message_of_send", "send_id", "id"),
        Index(
            "ix_message_vendor_id",
            "message_id",
            sqlite_where=text("message_id <> ''"),
            postgresql_where=text("message_id <> ''"),
        ),
        Index("ix_message_undecided", "send_id", "state", sqlite_where=UNDECIDED, postgresql_where=UNDECIDED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(ForeignKey("send.id", ondelete="CASCADE"))
    reference: Mapped[str] = mapped_column(String(36), unique=True)
    """Random, sent along as `X-Postroom-Message`, so that a doubtful one can be found again at the vendor."""
    recipient_id: Mapped[int | None]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The recipient's data at release: what it was rendered with (P4)."""
    state: Mapped[Outcome] = mapped_column(Words(Outcome), default=Outcome.PENDING)
    reason: Mapped[str] = mapped_column(String(64), default="")
    """Why it ended so, as a code with words in `sends/words.py`."""
    detail: Mapped[str] = mapped_column(SaidText, default="")
    """More about the reason, for people."""
    lane_id: Mapped[int | None]
    """Lane that holds it while it is `sending`."""
    lane_generation: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    """Not before this time; None: never claimed so far, so it may go at once, and counts in a wave when it does."""
    retry_until: Mapped[datetime | None]
    """Failed before, known not to have gone out, and tried again until then; None: not so."""
    message_id: Mapped[str] = mapped_column(String(255), default="")
    """The vendor's id."""
    body_sha256: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of the body that was posted last (P4)."""
    addresses: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Direct sends: address to outcome, as the answer grouped them."""
    tries_before: Mapped[int] = mapped_column(default=0)
    """Tries made before a person let it be tried again; the limit of tries counts from there."""
    decided_at: Mapped[datetime | None]
    """When a person decided to leave it in doubt, or marked it as sent; None: nobody did, or it was tried again."""
    changed_at: Mapped[datetime] = mapped_column(default=now)
    erased_at: Mapped[datetime | None]
    """When its address and data were taken away, on request or by the retention rule; it cannot be shown again."""
    hidden_at: Mapped[datetime | None]
    """When the values that its send hides were taken away; it cannot be sent again."""


class Attempt(Base):
    """One POST of one message. Written before the POST leaves; the answer is filled in afterwards."""

    __tablename__ = "attempt"
    # Each row is written short and filled in once: room on its page spares PostgreSQL two entries in indexes.
    __table_args__ = (UniqueConstraint("message_id", "number"), {"postgresql_with": {"fillfactor": 25}})

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    """None: no answer was recorded."""
    http_status: Mapped[int | None]
    error_code: Mapped[str] = mapped_column(String(100), default="")
    error_message: Mapped[str] = mapped_column(String(300), default="")
    was_sent: Mapped[str] = mapped_column(String(10), default="")
    """`no`, `yes` or `unknown`."""
    raw_answer: Mapped[str] = mapped_column(Text, default="")
