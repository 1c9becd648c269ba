"""Settling `queued`, `accepted` and `unknown` by later events, a page in one transaction (design, section 4).

Events, outcomes, counts and the mark up to which the zone is read are written together, so a worker may be killed at
any time: the next one reads from the mark on, and an event that comes twice changes nothing. Rows are locked in the
order that recording and a person's decisions have: sends, messages by id, tallies.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.cloudflare.events import DeliveryEvent, EventKind, EventPage
from app.db import now
from app.delivery.matching import Match, match
from app.delivery.unreachable import keep_told_later
from app.delivery.waiting import WAITING
from app.sends.erasing import ERASED
from app.sends.event_models import EventZone, MessageEvent, SendEventTally
from app.sends.models import Message, Outcome, Send, SendKind
from app.sends.tallies import move
from app.sends.words import INFERRED, REASONS
from app.words import _, joined, kept

BECOMES: Mapping[EventKind, Outcome] = {
    EventKind.DELIVERED: Outcome.DELIVERED,
    EventKind.COMPLAINED: Outcome.DELIVERED,
    EventKind.DEFERRED: Outcome.QUEUED,
    EventKind.BOUNCED: Outcome.BOUNCED,
    EventKind.SOFT_BOUNCED: Outcome.FAILED,
    EventKind.FAILED: Outcome.FAILED,
    EventKind.REJECTED: Outcome.REJECTED,
}
"""What a waiting message becomes."""
_WORST_FIRST = (
    Outcome.BOUNCED,
    Outcome.FAILED,
    Outcome.REJECTED,
    Outcome.QUEUED,
    Outcome.UNKNOWN,
    Outcome.ACCEPTED,
    Outcome.DELIVERED,
    Outcome.SKIPPED,
)
"""Of an e-mail to several people: what needs a look goes before what does not."""


@dataclass(slots=True)
class _Row:
    """A locked message, with what changes."""

    id: int
    send_id: int
    is_direct: bool
    email_key: str
    message_id: str
    before: Outcome
    reason: str
    detail: str
    addresses: dict[str, Any]
    copies: frozenset[str]
    """Who gets a copy of every e-mail of the send, in lower case."""
    state: Outcome = field(init=False)
    touched: bool = False
    keys: set[str] = field(default_factory=set)
    kinds: set[EventKind] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin where the message stands."""
        self.state = self.before


@dataclass(frozen=True, slots=True)
class _News:
    """An event that is new."""

    key: str
    match: Match
    is_of_erased: bool
    """It is about somebody who was erased since: neither their address nor words about it are kept."""


def settle_page(session: Session, zone: EventZone, send_ids: Sequence[int], page: EventPage) -> None:
    """Write down one page of a zone's events; the caller holds the lease and commits."""
    matches = match(session, zone.workspace_id, send_ids, page.events, ids_match=zone.ids_match)
    zone.ids_match = matches.ids_match
    zone.read_until = page.read_until
    rows = _lock(session, {one.message_id for one in matches.found})
    news: list[_News] = []
    counted: Counter[tuple[int, EventKind]] = Counter()
    for one in sorted(matches.found, key=lambda found: found.event.at):
        row = rows.get(one.message_id)
        if row is None or one.event.key in row.keys or not _tells(row, one.event):
            continue
        row.keys.add(one.event.key)
        told = _News(one.event.key, *_without_erased(row, one))
        news.append(told)
        if one.event.kind not in row.kinds:
            row.kinds.add(one.event.kind)
            counted[row.send_id, one.event.kind] += 1
        _apply(row, told)
    _write(session, rows.values())
    if news:
        session.execute(insert(MessageEvent), [_event_row(one) for one in news])
    _move(session, rows.values())
    _count(session, counted)
    keep_told_later(session, zone.workspace_id, [one.match for one in news if not one.is_of_erased])


def after(state: Outcome, kind: EventKind) -> Outcome:
    """Say what a message becomes by an event; whatever does not wait stays as it is."""
    if state not in WAITING:
        return state
    if kind is EventKind.OTHER:  # the service knows it, so it did go out
        return Outcome.ACCEPTED if state is Outcome.UNKNOWN else state
    return BECOMES[kind]


def _tells(row: _Row, event: DeliveryEvent) -> bool:
    """Whether an event says more than the answer to the POST said."""
    if event.kind is not EventKind.DELIVERED or row.kinds:
        return True
    known = row.addresses.get(event.recipient, row.state) if row.is_direct else row.state
    return bool(known != Outcome.DELIVERED)


def _without_erased(row: _Row, found: Match) -> tuple[Match, bool]:
    """Give an event with what stands in the place of an erased address, and whether it is about an erased person."""
    recipient = found.event.recipient.lower()
    there = [row.email_key, *row.addresses] if row.is_direct else [row.email_key]
    stand_in = next((one for one in there if one.startswith(ERASED) and "@" not in one), "")
    if not stand_in or recipient in row.copies or recipient in {one.lower() for one in there}:
        return found, False
    return replace(found, event=replace(found.event, recipient=stand_in)), True


def _apply(row: _Row, news: _News) -> None:
    """Let one event change a message. Copies of a list's e-mail have events, but do not decide on the recipient's."""
    found, event = news.match, news.match.event
    is_copy = event.recipient.lower() != row.email_key
    if not row.message_id and event.message_id:
        row.message_id, row.touched = event.message_id, True
    if is_copy and not row.is_direct:
        return
    state = after(row.state, event.kind)
    if row.is_direct and (is_copy or row.addresses):
        state = _among_all(row, event)
    same = (
        state is Outcome.BOUNCED and event.kind is EventKind.BOUNCED and not row.reason
    )  # the server's words are news
    if state is not row.state or same:
        row.reason, row.touched = f"event_{event.kind}", True
        needs_words = state is not Outcome.DELIVERED or found.is_inferred
        said = "" if news.is_of_erased else event.detail or event.cause
        row.detail = _words(event.kind, said, is_inferred=found.is_inferred) if needs_words else ""
    row.state = state


def _among_all(row: _Row, event: DeliveryEvent) -> Outcome:
    """Settle one address of an e-mail to several people; gives what the whole becomes."""
    spelt = next((one for one in row.addresses if one.lower() == event.recipient.lower()), event.recipient)
    known = Outcome(row.addresses.get(spelt, row.before if row.before in WAITING else Outcome.ACCEPTED))
    row.addresses = {**row.addresses, spelt: str(after(known, event.kind))}
    row.touched = True
    if row.state not in WAITING:
        return row.state
    return min((Outcome(one) for one in row.addresses.values()), key=_WORST_FIRST.index)


def _words(kind: EventKind, said: str, *, is_inferred: bool) -> str:
    parts = [REASONS[f"event_{kind}"]]
    if said:
        parts.append(_("It said: %(words)s", words=said))
    return joined([*parts, INFERRED] if is_inferred else parts)


def _lock(session: Session, ids: set[int]) -> dict[int, _Row]:
    """Lock the messages as they stand now, and read which events they have: what a person decided meanwhile stays."""
    if not ids:
        return {}
    sends = select(Message.send_id).where(Message.id.in_(ids))
    held = session.execute(
        select(Send.id, Send.kind, Send.cc, Send.bcc).where(Send.id.in_(sends)).order_by(Send.id).with_for_update()
    ).all()
    direct = {one.id for one in held if one.kind is SendKind.DIRECT}
    copies = {one.id: frozenset(str(address).lower() for address, _name in (*one.cc, *one.bcc)) for one in held}
    found = session.execute(
        select(
            Message.id,
            Message.send_id,
            Message.email_key,
            Message.message_id,
            Message.state,
            Message.reason,
            Message.detail,
            Message.addresses,
        )
        .where(Message.id.in_(ids))
        .order_by(Message.id)
        .with_for_update()
    ).all()
    rows = {
        one.id: _Row(
            one.id,
            one.send_id,
            one.send_id in direct,
            one.email_key,
            one.message_id,
            one.state,
            one.reason,
            one.detail,
            one.addresses,
            copies[one.send_id],
        )
        for one in found
    }
    known = select(MessageEvent.message_id, MessageEvent.event_key, MessageEvent.kind)
    for message_id, key, kind in session.execute(known.where(MessageEvent.message_id.in_(ids))):
        rows[message_id].keys.add(key)
        rows[message_id].kinds.add(kind)
    return rows


_MESSAGE = (
    update(Message)
    .where(Message.id == bindparam("row"), Message.state == bindparam("before"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        detail=bindparam("new_detail"),
        message_id=bindparam("new_message_id"),
        addresses=bindparam("new_addresses"),
        changed_at=bindparam("at"),
    )
)


def _write(session: Session, rows: Iterable[_Row]) -> None:
    at = now()
    changed = [
        {
            "row": row.id,
            "before": row.before,
            "new_state": row.state,
            "new_reason": row.reason,
            "new_detail": kept(row.detail),
            "new_message_id": row.message_id,
            "new_addresses": row.addresses,
            "at": at,
        }
        for row in rows
        if row.touched
    ]
    if changed:
        session.connection().execute(_MESSAGE, changed)


def _move(session: Session, rows: Iterable[_Row]) -> None:
    moves: dict[int, Counter[tuple[Outcome, Outcome]]] = defaultdict(Counter)
    for row in rows:
        if row.state is not row.before:
            moves[row.send_id][row.before, row.state] += 1
    for send_id in sorted(moves):
        move(session, send_id, moves[send_id])


def _count(session: Session, counted: Counter[tuple[int, EventKind]]) -> None:
    """Add to the counts of events; one row a send and kind."""
    insert_or_add = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for (send_id, kind), count in sorted(counted.items()):
        row = insert_or_add(SendEventTally).values(send_id=send_id, kind=kind, count=count)
        session.execute(
            row.on_conflict_do_update(
                index_elements=["send_id", "kind"], set_={"count": SendEventTally.count + row.excluded.count}
            )
        )


def _event_row(news: _News) -> dict[str, Any]:
    found, event = news.match, news.match.event
    return {
        "message_id": found.message_id,
        "event_key": news.key,
        "at": event.at,
        "kind": event.kind,
        "recipient": ERASED if news.is_of_erased else event.recipient,
        "status": event.status,
        "event_type": event.event_type,
        "cause": "" if news.is_of_erased else event.cause,
        "detail": "" if news.is_of_erased else event.detail,
        "vendor_id": event.bare_id,
        "is_inferred": found.is_inferred,
    }
