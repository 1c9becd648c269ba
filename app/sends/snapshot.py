"""The snapshot: a send's people become its messages, set by set in the database, and who gets none is marked.

No person passes through this process but those who are left out, a few at a time: memory does not grow with the list.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from app.db import table_of
from app.recipients.cells import whole_cells_clause
from app.recipients.models import Recipient
from app.sends import audience
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import Part, own_parts, parts_of, short_words_of, united_columns
from app.sends.models import Message, Outcome, ReviewProblem, Send
from app.sends.stopped import must_not, who_must_not
from app.words import joined, kept

ROOM_KIB, USUAL_KIB = 65_536, 2_000
"""Pages of the database that SQLite keeps in memory while it writes a snapshot, and else."""
CHUNK = 1000
"""People who are left out that are written at once."""
COLUMNS = ("send_id", "reference", "recipient_id", "email", "email_key", "name", "data", "state", "reason")
"""What the snapshot writes of each person; the other columns of a message get their defaults."""


def take_snapshot(session: Session, send: Send, team: set[str] | None) -> tuple[int, int]:
    """Write the messages of a list send; gives how many there are, and how many of them are skipped.

    In trial mode everybody outside of the `team` is skipped; None: the workspace is live.
    """
    parts = parts_of(session, send)
    _keep_words(session, send, parts)
    reference = _reference(session)
    with _room(session):
        for stream in audience.streams(session, send, parts):
            rows = _rows(send, team, reference, stream.columns).where(*stream.where).order_by(Recipient.id)
            session.execute(insert(Message).from_select(COLUMNS, rows))
    _skip_who_must_not(session, send)
    _skip_left_out(session, send)
    session.flush()
    return _counted(session, send)


def _keep_words(session: Session, send: Send, parts: Sequence[Part]) -> None:
    """Keep what the lists and segments are called now, and their columns, for the time when they are gone."""
    send.list_name, send.columns = short_words_of(parts), united_columns(parts)
    for one in own_parts(session, send):
        session.execute(update(AudiencePart).where(AudiencePart.id == one.id).values(words=one.words))


def _reference(session: Session) -> ColumnElement[str]:
    """Give the expression of a message's reference, which nobody may guess: it opens the unsubscribe page."""
    if session.get_bind().dialect.name == "sqlite":
        return func.gen_random_uuid()
    # A digest with a key that is thrown away afterwards: PostgreSQL's own random numbers take ten times as long.
    keyed = literal(secrets.token_hex(32)) + cast(Recipient.id, String)
    digest = func.encode(func.sha256(func.convert_to(keyed, "UTF8")), "hex")
    return cast(cast(func.substr(digest, 1, 32), Uuid(native_uuid=True)), String(36))


@contextmanager
def _room(session: Session) -> Iterator[None]:
    """Let SQLite keep more pages meanwhile: the indexes are written in no order, and each page again and again."""
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    session.execute(text(f"PRAGMA cache_size = -{ROOM_KIB}"))
    try:
        yield
    finally:
        session.execute(text(f"PRAGMA cache_size = -{USUAL_KIB}"))


def _rows(send: Send, team: set[str] | None, reference: ColumnElement[str], columns: Sequence[str]) -> Any:
    """Select the messages of people as rows; the state is pending, or skipped for who is outside of the team.

    `columns` are those of the people's list: a message keeps an empty cell, too, because it is rendered from what it
    keeps alone (P4).
    """
    outside = false() if team is None else Recipient.email_key.not_in(sorted(team))
    return select(
        literal(send.id),
        reference,
        Recipient.id,
        Recipient.email,
        Recipient.email_key,
        Recipient.name,
        whole_cells_clause(columns),
        case((outside, str(Outcome.SKIPPED)), else_=str(Outcome.PENDING)),
        case((outside, "trial_mode"), else_=""),
    )


def _skip_who_must_not(session: Session, send: Send) -> None:
    """Skip whoever must not be written to, with the reason in words."""
    after = 0
    query = select(Message.id, Message.email).where(
        Message.send_id == send.id, Message.state == Outcome.PENDING, must_not(send, Message.email_key)
    )
    while rows := session.execute(query.where(Message.id > after).order_by(Message.id).limit(CHUNK)).all():
        reasons = who_must_not(session, send, [email for _, email in rows])
        found = [(message_id, reasons[email.lower()]) for message_id, email in rows if email.lower() in reasons]
        for code in dict.fromkeys(one.code for _, one in found):
            _skip(session, ((message_id, one.words) for message_id, one in found if one.code == code), reason=code)
        after = rows[-1].id


def _skip_left_out(session: Session, send: Send) -> None:
    """Skip whom the review found problems with, with the problems' words."""
    words: defaultdict[int, list[str]] = defaultdict(list)
    after = 0
    query = (
        select(ReviewProblem.id, Message.id, ReviewProblem.words)
        .join(Recipient, Recipient.id == ReviewProblem.recipient_id)
        .join(Message, and_(Message.send_id == send.id, Message.email_key == Recipient.email_key))
        .where(
            ReviewProblem.send_id == send.id,
            Message.recipient_id == ReviewProblem.recipient_id,
            Message.state == Outcome.PENDING,
        )
        .order_by(ReviewProblem.id)
        .limit(CHUNK)
    )
    while rows := session.execute(query.where(ReviewProblem.id > after)).all():
        for _, message_id, one in rows:
            words[message_id].append(one)
        after = rows[-1][0]
    left_out = ((message_id, joined(of_one)) for message_id, of_one in words.items())
    _skip(session, left_out, reason="left_out_at_review")


def _skip(session: Session, left_out: Iterable[tuple[int, str]], *, reason: str) -> None:
    """Mark messages as skipped, each with its words."""
    messages = table_of(Message)
    statement = (
        update(messages)
        .where(messages.c.id == bindparam("skipped_id"))
        .values(state=Outcome.SKIPPED, reason=reason, detail=bindparam("words"))
    )
    waiting = iter(left_out)
    while rows := [{"skipped_id": message_id, "words": kept(words)} for message_id, words in islice(waiting, CHUNK)]:
        session.execute(statement, rows)


def _counted(session: Session, send: Send) -> tuple[int, int]:
    """Give how many messages there are, and how many of them are skipped."""
    rows = session.execute(
        select(Message.state, func.count()).where(Message.send_id == send.id).group_by(Message.state)
    )
    counts = dict(rows.all())
    return sum(counts.values()), counts.get(Outcome.SKIPPED, 0)
