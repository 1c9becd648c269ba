"""Values that are hidden after sending, such as sign-in codes and reset links.

A template names the variables (`Content.hides`); a send takes that over at its release. As soon as a message has its
outcome the worker takes the values out of it, in the same write. A message in doubt keeps them until a person has
decided on it, for `DOUBT_HOURS` at most; messages that ended otherwise (left out, cancelled) are found by a look every
few seconds. Without its values no e-mail can be sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import JSON

from app.db import Database, now, table_of
from app.emails.content import ALL_VALUES
from app.emails.models import TemplateVersion
from app.sends.models import UNDER_WAY, Message, Outcome, Send, SendKind, SendState
from app.words import _

HIDDEN = "[hidden]"
"""Stands in the place of a value."""
GONE_WORDS = _("Its values were hidden after sending, as the template says. It cannot be sent again: begin a new send.")
DOUBT_HOURS = 24
"""How long a message in doubt keeps its values when nobody decides."""
CHUNK = 1_000
"""Messages whose values are taken out in one transaction."""
CHUNKS = 20
"""Chunks of a send in one look."""
LOOK_SECONDS = 60.0
"""How often a send under way is looked through for messages that did not end at a worker."""
OVER = (SendState.FINISHED, SendState.CANCELLED)
_NOT_POSTED = (Outcome.SKIPPED, Outcome.CANCELLED, Outcome.UNKNOWN)
"""Outcomes that come about without the worker's record."""
_ENDED = tuple(one for one in Outcome if one not in UNDER_WAY)


def take_over(send: Send, version: TemplateVersion) -> None:
    """Let a send that is released hide what its template version says."""
    send.hides = list(version.content.hides)
    send.hide_at = now() if send.hides else None


def hide_values(session: Session, send: Send, outcomes: Mapping[int, Outcome], at: datetime) -> None:
    """Take the values out of messages that have their outcome just now; one statement, none for most sends."""
    if not send.hides:
        return
    ended = [number for number, outcome in outcomes.items() if outcome not in {*UNDER_WAY, Outcome.UNKNOWN}]
    if ended:
        _take_out(session, send, ended, at)
        if send.kind is SendKind.DIRECT:  # its one message is rendered with the send's values
            send.values = without(send.hides, send.values)


def look_again(send: Send) -> None:
    """See to it that a send is looked through soon: something ended, or is tried again."""
    send.hide_at = now() if send.hides else None


def hide_left(database: Database) -> None:
    """Take the values out of messages that ended without a worker's record, and out of sends that are over.

    Of one send at most `CHUNKS` chunks, so that a worker's sign of life does not wait; the next look goes on.
    """
    with database.reading() as session:
        due = session.scalars(select(Send.id).where(Send.hide_at <= now())).all()
    for send_id in due:
        for _look in range(CHUNKS):
            with database.writing() as session:
                if not _hide_chunk(session, send_id):
                    break


def without(hides: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values without those that are hidden."""
    return {} if ALL_VALUES in hides else {name: value for name, value in values.items() if name not in hides}


def shown_data(send: Send, message: Message, names: Iterable[str] = ()) -> dict[str, Any]:
    """Give a message's data with a mark in the place of each value that was hidden; `names` are all there may be."""
    if message.hidden_at is None:
        return dict(message.data)
    hidden = names if ALL_VALUES in send.hides else send.hides
    return {**message.data, **dict.fromkeys(hidden, HIDDEN)}


def names_of(version: TemplateVersion) -> set[str]:
    """Give every variable whose value a template version may show."""
    return {*version.variables, *version.content.hints}


def _hide_chunk(session: Session, send_id: int) -> bool:
    """Look through a part of a send; tells whether there may be more."""
    send = session.get(Send, send_id, with_for_update=True)
    if send is None or not send.hides:
        return False
    at, is_over = now(), send.state in OVER
    ids = session.scalars(
        select(Message.id)
        .where(
            Message.send_id == send_id,
            Message.state.in_(_ENDED if is_over else _NOT_POSTED),
            Message.hidden_at.is_(None),
            or_(
                Message.state != Outcome.UNKNOWN,
                Message.decided_at.is_not(None),
                Message.changed_at < at - timedelta(hours=DOUBT_HOURS),
            ),
        )
        .limit(CHUNK)
    ).all()
    if ids:
        _take_out(session, send, ids, at)
    if len(ids) == CHUNK:
        return True
    send.hide_at = at + timedelta(seconds=LOOK_SECONDS)
    if is_over:
        _end(session, send, at)
    return False


def _end(session: Session, send: Send, at: datetime) -> None:
    """Take the values common to a send away when no message needs them any more."""
    waits = exists().where(Message.send_id == send.id, Message.hidden_at.is_(None))
    if session.scalar(select(waits)):
        send.hide_at = at + timedelta(hours=1)  # doubts; a decision brings it forward
    else:
        send.values, send.hide_at = without(send.hides, send.values), None


def _take_out(session: Session, send: Send, ids: Sequence[int], at: datetime) -> None:
    table = table_of(Message)
    session.connection().execute(
        update(table).where(table.c.id.in_(ids)).values(data=_remaining(session, send.hides), hidden_at=at)
    )


def _remaining(session: Session, hides: Sequence[str]) -> ColumnElement[Any] | dict[str, Any]:
    """Give what stays of a message's data, worked out by the database."""
    if ALL_VALUES in hides:
        return {}
    data = table_of(Message).c.data
    if session.get_bind().dialect.name == "postgresql":
        return cast(cast(data, JSONB).op("-")(cast(list(hides), ARRAY(Text))), JSON)
    return func.json_remove(data, *(f'$."{name}"' for name in hides))
