"""Reading afterwards: who is delivered, queued, bounced, refused or in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.audit.trail import Actor
from app.db import now
from app.emails.models import TemplateVersion
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.refusals import NotThere
from app.sends import audience
from app.sends.control import find_send
from app.sends.deciding import COUNTED, undecided_sends
from app.sends.hiding import shown_data
from app.sends.models import AT_WORK, UNDER_WAY, Attempt, Message, Outcome, Send, SendState, SendTally
from app.sends.pauses import ASKING
from app.sends.tallies import counts
from app.sends.words import OUTCOMES, Wording, why_words
from app.words import _, _n, _p

API_GROUPS = (Outcome.DELIVERED, Outcome.BOUNCED, Outcome.QUEUED)
"""The grouping that the API answers."""
OWN_GROUPS = (
    Outcome.ACCEPTED,
    Outcome.REJECTED,
    Outcome.FAILED,
    Outcome.SKIPPED,
    Outcome.UNKNOWN,
    Outcome.CANCELLED,
)
"""What the API does not group."""
CHUNK = 1000
"""Messages read at once for the download."""
_OF_PERSON = (_p("column", "email"), _p("column", "name"))
_OF_MESSAGE = (
    _p("column", "outcome"),
    _p("column", "reason"),
    _p("column", "vendor message id"),
    _p("column", "attempts"),
    _p("column", "last change (UTC)"),
)
"""Headings of the download; between them are the list's own columns."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a send's messages."""

    outcome: Outcome
    count: int
    wording: Wording


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a send is. `groups` add up to `total` (P1)."""

    total: int
    done: int
    groups: tuple[Group, ...]

    @property
    def is_over(self) -> bool:
        """Whether every message has an outcome."""
        return self.done == self.total


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs a person."""

    send_id: int
    badge: str
    tone: str
    title: str
    words: str
    link: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None
    """When it goes on by itself."""


def progress(session: Session, send: Send) -> Progress:
    """Give the counts of every group, the API's first, then ours, then what is under way."""
    tally = counts(session, send.id)
    order = (*API_GROUPS, *OWN_GROUPS, *UNDER_WAY)
    groups = tuple(Group(outcome, tally[outcome], OUTCOMES[outcome]) for outcome in order)
    return Progress(send.total, send.total - sum(tally[outcome] for outcome in UNDER_WAY), groups)


def is_followed(send: Send, seen: Progress) -> bool:
    """Whether the page must be brought up to date while it is looked at."""
    going = send.state in AT_WORK
    return going or (send.state is SendState.CANCELLED and not seen.is_over)


def poll_seconds(send: Send) -> int:
    """Say how often the page asks for progress: seldom while a scheduled send waits for its time (P6)."""
    waits = send.state is SendState.SCHEDULED and send.start_at is not None
    return 30 if waits and send.start_at - now() > timedelta(minutes=1) else 2  # type: ignore[operator]


def latest_sends(
    session: Session, actor: Actor, *, before: int | None = None, state: SendState | None = None, limit: int = 25
) -> Sequence[Send]:
    """Give sends newest first, `before` a send's id for the next page; `state`: only those that stand there."""
    query = select(Send).where(Send.workspace_id == actor.workspace_id)
    if state is not None:
        query = query.where(Send.state == state)
    if before is not None:
        query = query.where(Send.id < before)
    of_title = (
        selectinload(Send.template_version).load_only(TemplateVersion.template_id).joinedload(TemplateVersion.template),
        selectinload(Send.recipient_list),
    )
    return session.scalars(query.order_by(Send.id.desc()).limit(limit).options(*of_title)).all()


def done_of(session: Session, sends: Sequence[Send]) -> dict[int, int]:
    """Give how many messages of each send have an outcome, with one query for all."""
    rows = session.execute(
        select(SendTally.send_id, func.sum(SendTally.count))
        .where(SendTally.send_id.in_([send.id for send in sends]), SendTally.outcome.not_in(UNDER_WAY))
        .group_by(SendTally.send_id)
    )
    return {send_id: int(done) for send_id, done in rows}


def needing_attention(session: Session, actor: Actor, *, limit: int = 20) -> list[Attention]:
    """Give what a person must look at: paused sends, and sends with e-mails in doubt that nobody decided on."""
    paused = session.scalars(
        select(Send)
        .where(Send.workspace_id == actor.workspace_id, Send.state == SendState.PAUSED)
        .order_by(Send.id.desc())
        .limit(limit)
    )
    items = [
        Attention(
            send.id,
            _("Waits for you") if send.pause_code in ASKING else _("Paused"),
            "warn",
            title_of(send),
            send.pause_reason or _("Paused by a person. Resume or cancel it."),
            until=send.resumes_at,
        )
        for send in paused
    ]
    for send, count in undecided_sends(session, actor, limit):
        if count >= COUNTED:
            words = _(
                "%(count)s or more e-mails may or may not have gone out. Decide what to do.",
                count=count,
            )
        else:
            words = _n(
                "%(count)s e-mail may or may not have gone out. Decide what to do.",
                "%(count)s e-mails may or may not have gone out. Decide what to do.",
                count,
            )
        items.append(Attention(send.id, _("In doubt"), "warn", title_of(send), words, {"group": str(Outcome.UNKNOWN)}))
    return items


def title_of(send: Send) -> str:
    """Give what a send is called: its template and its list or person; a test is called one."""
    template = send.template_version.template.name if send.template_version else _("No template yet")
    if send.kind == "direct":
        first = next((str(pair[0]) for pair in (*send.to, *send.cc, *send.bcc)), _("nobody yet"))
        return _("%(template)s to %(name)s", template=template, name=first)
    if send.kind == "test":
        return _test_title(send, template)
    name = send.list_name or (send.recipient_list.name if send.recipient_list else _("no list yet"))
    return audience.title(send, template, name)


def _test_title(send: Send, template: str) -> str:
    first, others = send.to[0][0] if send.to else _("nobody"), len(send.to) - 1
    if others < 1:
        return _("Test of %(template)s to %(first)s", template=template, first=first)
    return _n(
        "Test of %(template)s to %(first)s and %(count)s other",
        "Test of %(template)s to %(first)s and %(count)s others",
        others,
        template=template,
        first=first,
    )


def people_of_group(
    session: Session, send: Send, outcome: Outcome | None, *, search: str = "", after: int = 0, limit: int = 50
) -> Sequence[Message]:
    """Give the messages of a group (None: of all), in order, `after` a message's id; `search` begins the address."""
    query = select(Message).where(Message.send_id == send.id, Message.id > after)
    if outcome is not None:
        query = query.where(Message.state == outcome)
    if search := search.replace("\0", "").strip():
        query = query.where(Message.email_key.startswith(search.lower(), autoescape=True))
    return session.scalars(query.order_by(Message.id).limit(limit)).all()


def find_message(session: Session, actor: Actor, send_id: int, message_id: int) -> tuple[Send, Message]:
    """Find a message of a send of the actor's workspace. Raises NotThere."""
    send = find_send(session, actor, send_id)
    message = session.get(Message, message_id)
    if message is None or message.send_id != send.id:
        raise NotThere("message")
    return send, message


def attempts_of(session: Session, message: Message) -> Sequence[Attempt]:
    """Give the attempts of a message, in order."""
    return session.scalars(select(Attempt).where(Attempt.message_id == message.id).order_by(Attempt.number)).all()


def download(session: Session, send: Send) -> Iterator[str]:
    """Give the results as lines of CSV, joined with the list's own columns; memory stays flat."""
    columns = list(send.columns)
    yield BYTE_ORDER_MARK + csv_lines([[*_OF_PERSON, *columns, *_OF_MESSAGE]])
    after = 0
    while rows := people_of_group(session, send, None, after=after, limit=CHUNK):
        tried = _attempt_counts(session, rows)
        yield csv_lines(_download_row(send, row, columns, tried.get(row.id, 0)) for row in rows)
        after = rows[-1].id
        session.expunge_all()


def _download_row(send: Send, row: Message, columns: Sequence[str], attempts: int) -> list[object]:
    data = shown_data(send, row, columns)
    values = [data.get(column, "") for column in columns]
    reason = why_words(row)
    when = f"{row.changed_at:%Y-%m-%d %H:%M:%S}"
    return [row.email, row.name, *values, OUTCOMES[row.state].label, reason, row.message_id, attempts, when]


def _attempt_counts(session: Session, rows: Sequence[Message]) -> dict[int, int]:
    counted = session.execute(
        select(Attempt.message_id, func.count())
        .where(Attempt.message_id.in_([row.id for row in rows]))
        .group_by(Attempt.message_id)
    )
    return dict(counted.all())
