"""Which message an event belongs to: by message id, with and without brackets; else by recipient, subject and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cloudflare.events import DeliveryEvent, bare
from app.emails.rendering import RenderError, render
from app.sends.composition import TEST_MARK, MessagePlan, data_for, plan_of, source_for
from app.sends.event_models import MessageEvent
from app.sends.models import Attempt, Message, Outcome, Send

EARLIEST = timedelta(minutes=2)
"""How far our clock and the service's may differ."""
LATEST = timedelta(days=3)
"""How long after the POST an event may still be inferred to belong to it."""
NEVER_HANDED_OVER = (Outcome.PENDING, Outcome.CANCELLED, Outcome.REJECTED, Outcome.FAILED, Outcome.SKIPPED)
"""States in which no event of the service can be about the message."""


@dataclass(frozen=True, slots=True)
class Match:
    """An event with the message it is about."""

    message_id: int
    event: DeliveryEvent
    is_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """The matches of one page."""

    found: tuple[Match, ...]
    ids_match: bool
    """Ids of events were seen to be those of answers."""


def match(
    session: Session, workspace_id: int, send_ids: Sequence[int], events: Sequence[DeliveryEvent], *, ids_match: bool
) -> Matches:
    """Find the messages of a page of events, with a handful of queries for all of them."""
    by_id = _by_answer(session, workspace_id, events)
    by_event = _by_former_event(session, workspace_id, [one for one in events if one.bare_id not in by_id])
    found: list[Match] = []
    rest: list[DeliveryEvent] = []
    for event in events:
        if event.bare_id in by_id:
            found.append(Match(by_id[event.bare_id], event))
        elif event.bare_id in by_event:
            message_id, is_inferred = by_event[event.bare_id]
            found.append(Match(message_id, event, is_inferred))
        else:
            rest.append(event)
    ids_match = ids_match or bool(by_id)
    found += _inferred(session, send_ids, rest, ids_match=ids_match)
    return Matches(tuple(found), ids_match)


def _by_answer(session: Session, workspace_id: int, events: Sequence[DeliveryEvent]) -> dict[str, int]:
    bare_ids = {event.bare_id for event in events} - {""}
    both = [*bare_ids, *(f"<{one}>" for one in bare_ids)]
    rows = session.execute(
        select(Message.message_id, Message.id)
        .join(Send, Send.id == Message.send_id)
        .where(Message.message_id.in_(both), Message.message_id != "", Send.workspace_id == workspace_id)
    )
    return {bare(message_id): row for message_id, row in rows}


def _by_former_event(
    session: Session, workspace_id: int, events: Sequence[DeliveryEvent]
) -> dict[str, tuple[int, bool]]:
    """Find what was inferred from an earlier event: later ones of the same id belong to the same message."""
    bare_ids = {event.bare_id for event in events} - {""}
    if not bare_ids:
        return {}
    rows = session.execute(
        select(MessageEvent.vendor_id, MessageEvent.message_id, MessageEvent.is_inferred)
        .join(Message, Message.id == MessageEvent.message_id)
        .join(Send, Send.id == Message.send_id)
        .where(MessageEvent.vendor_id.in_(bare_ids), Send.workspace_id == workspace_id)
    )
    return {vendor_id: (message_id, is_inferred) for vendor_id, message_id, is_inferred in rows}


@dataclass(slots=True)
class _Candidate:
    message: Message
    started_at: datetime


def _inferred(
    session: Session, send_ids: Sequence[int], events: Sequence[DeliveryEvent], *, ids_match: bool
) -> list[Match]:
    """Match the rest by recipient, subject and time, where exactly one message fits: two would be a guess."""
    candidates = _candidates(session, send_ids, {event.recipient.lower() for event in events}, ids_match=ids_match)
    if not candidates:
        return []
    subjects = _Subjects(session)
    found = []
    for event in events:
        fitting = [
            one
            for one in candidates.get(event.recipient.lower(), ())
            if one.started_at - EARLIEST <= event.at <= one.started_at + LATEST
            and subjects.of(one.message) == " ".join(event.subject.split())
        ]
        if len(fitting) == 1:
            found.append(Match(fitting[0].message.id, event, is_inferred=True))
    return found


def _candidates(
    session: Session, send_ids: Sequence[int], recipients: Collection[str], *, ids_match: bool
) -> Mapping[str, list[_Candidate]]:
    """Give the messages that were, or may have been, handed over, by address.

    Where ids are known to match, a message that has an id would have been found by it.
    """
    if not recipients or not send_ids:
        return {}
    query = (
        select(Message, func.max(Attempt.started_at))
        .join(Attempt, Attempt.message_id == Message.id)
        .where(
            Message.send_id.in_(send_ids),
            Message.email_key.in_(recipients),
            Message.state.not_in(NEVER_HANDED_OVER),
        )
        .group_by(Message.id)
        .order_by(Message.send_id, Message.id)
    )
    if ids_match:
        query = query.where(Message.message_id == "")
    found: dict[str, list[_Candidate]] = defaultdict(list)
    for message, started_at in session.execute(query):
        found[message.email_key].append(_Candidate(message, started_at))
    return found


class _Subjects:
    """Subjects of messages, put together again from what was kept."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._plans: dict[int, MessagePlan] = {}
        self._known: dict[int, str | None] = {}

    def of(self, message: Message) -> str | None:
        """Give the subject as it was posted; None when it cannot be put together."""
        if message.id not in self._known:
            self._known[message.id] = self._render(message)
        return self._known[message.id]

    def _render(self, message: Message) -> str | None:
        plan = self._plan(message.send_id)
        values = data_for(plan, message.email, message.name, message.data, message.reference)
        source = replace(source_for(plan, values), html="", text=" ", headers=(), preheader="")
        try:
            subject = render(source, values).subject
        except RenderError:
            return None
        return " ".join(f"{TEST_MARK if plan.is_test else ''}{subject}".split())

    def _plan(self, send_id: int) -> MessagePlan:
        if send_id not in self._plans:
            plan = plan_of(self._session, self._session.get_one(Send, send_id))
            self._plans[send_id] = replace(plan, attachments=())  # files would only take up memory here
        return self._plans[send_id]
