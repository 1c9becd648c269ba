"""Which people of its lists a send goes to: the one rule that review, release, fingerprint and counts ask.

A send goes to one list, or to several *parts*: lists and segments that it includes or leaves out (`audience_parts`).

A person is known by their address. Whoever is no longer on the list is not written to, and what is written comes from
the list as it is now: somebody took them off, or put their data right, for a reason. Whoever is on the list under
another address than before counts as added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.recipients.finding.keying import require_ready
from app.recipients.finding.models import Segment
from app.recipients.finding.segments import clause_of
from app.recipients.finding.walking import Stream
from app.recipients.models import Recipient, RecipientList
from app.recipients.resting import require_rest
from app.refusals import Refused
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import Part, own_parts, parts_of
from app.sends.models import Audience, Message, Outcome, Send, SendTally
from app.words import _

NOT_REACHED = (Outcome.BOUNCED, Outcome.REJECTED, Outcome.FAILED, Outcome.SKIPPED)
"""Outcomes of people who got nothing for certain."""
CAN_BE_CHOSEN = (*NOT_REACHED, Outcome.UNKNOWN)
"""Outcomes that a send to those not reached may choose; `unknown` only when a person says so."""
GOT_NOTHING = (*NOT_REACHED, Outcome.CANCELLED)
"""Outcomes after which a person may be written to again by another follow-up."""


def streams(session: Session, send: Send, parts: Sequence[Part] | None = None) -> list[Stream]:
    """Give the people of a list send as streams, one for each part that is included, in the order of the parts.

    Every address is in one of them at most: the first part that has it goes before the others, and whoever is in a part
    that is left out is in none. Nobody when a part is gone. `parts`: others than the send's own.
    """
    parts = parts_of(session, send) if parts is None else parts
    if any(one.is_gone for one in parts):
        return []
    of_follow_up = _of_follow_up(session, send)
    apart = [one for one in parts if one.is_excluded]
    found: list[Stream] = []
    for part in parts:
        if part.of_list is None or part.is_excluded:
            continue
        others = (~_is_in(one) for one in apart)
        found.append(Stream(part.of_list.id, (*_conditions(part), *others, *of_follow_up), tuple(part.of_list.columns)))
        apart.append(part)
    return found


def check(session: Session, send: Send) -> None:
    """Raise Refused when it cannot be said whom a list send goes to: a part is gone, half changed or not ready."""
    parts = parts_of(session, send)
    for one in parts:
        if one.of_list is None or one.is_gone:
            raise Refused(
                _("%(part)s was deleted. Choose the people of this send again.", part=one.words), field="list"
            )
        require_rest(session, one.of_list)
        if one.segment is not None:
            clause_of(one.segment)
            require_ready(session, one.segment.list)


def people_of(session: Session, send: Send) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions on `Recipient` that the people of a list send meet."""
    found = [and_(*one.where) for one in streams(session, send)]
    return (or_(false(), *found),)


def is_combined(session: Session, send: Send) -> bool:
    """Whether a send goes to something else than one whole list."""
    return bool(session.scalar(select(exists().where(AudiencePart.send_id == send.id))))


def size(session: Session, send: Send, parts: Sequence[Part] | None = None) -> int:
    """Count the people of a list send. Without a count when it goes to everybody on one list."""
    parts = parts_of(session, send) if parts is None else parts
    if send.audience is Audience.EVERYBODY and len(parts) == 1 and not parts[0].is_segment:
        return most(parts)
    found = streams(session, send, parts)
    return sum(session.scalar(select(func.count()).select_from(Recipient).where(*one.where)) or 0 for one in found)


def most(parts: Sequence[Part]) -> int:
    """Say how many people there are at most, from the numbers that are kept."""
    return sum(one.of_list.recipient_count for one in parts if one.of_list and not one.is_excluded)


def _conditions(part: Part) -> tuple[ColumnElement[bool], ...]:
    return (clause_of(part.segment),) if part.segment else ()


def _is_in(part: Part) -> ColumnElement[bool]:
    """Say that somebody's address is in a part too: a look-up by list and address."""
    other = aliased(Recipient)
    conditions = (clause_of(part.segment, other),) if part.segment else ()
    of_list = other.list_id == (part.of_list.id if part.of_list else None)
    return exists().where(of_list, other.email_key == Recipient.email_key, *conditions)


def _of_follow_up(session: Session, send: Send) -> tuple[ColumnElement[bool], ...]:
    """Give what the people of a follow-up meet besides being in the audience."""
    if send.audience is Audience.EVERYBODY:
        return ()
    if send.follows_send_id is None:  # the send that it followed is gone: nobody can say who is meant
        return (false(),)
    others = _family(session, send)
    if send.audience is Audience.ADDED:
        return (~_has_message(others),)
    in_groups = Message.state.in_([Outcome(one) for one in send.follow_groups])
    reached_since = _has_message(
        [one for one in others if one != send.follows_send_id], Message.state.not_in(GOT_NOTHING)
    )
    return _has_message([send.follows_send_id], in_groups), ~reached_since


def marks_of_parts(session: Session, send: Send) -> list[Any]:
    """Give what changes when a part of the audience does; nothing for a send to one whole list."""
    return [one.mark for one in own_parts(session, send)]


def mark(session: Session, send: Send) -> list[Any]:
    """Give what changes when the audience does, for the fingerprint; the list's own changes have a number (P7).

    Cheap, because a review asks after every chunk: counts that are kept, not people.
    """
    of_parts = marks_of_parts(session, send)
    if send.audience is Audience.EVERYBODY:
        return of_parts
    others = _family(session, send)
    released = select(Send.id, Send.total).where(Send.id.in_(others), Send.total > 0).order_by(Send.id)
    seen: list[Any] = [list(row) for row in session.execute(released)]
    if send.audience is Audience.NOT_REACHED:
        of_others = SendTally.send_id != send.follows_send_id
        rows = session.execute(
            select(SendTally.send_id, SendTally.outcome, SendTally.count)
            .where(
                SendTally.send_id.in_(others),
                or_(SendTally.outcome.in_(send.follow_groups), and_(of_others, SendTally.outcome.in_(GOT_NOTHING))),
            )
            .order_by(SendTally.send_id, SendTally.outcome)
        )
        seen += [list(row) for row in rows]
    return [*of_parts, str(send.audience), send.follows_send_id, sorted(send.follow_groups), seen]


def hold_still(session: Session, send: Send) -> None:
    """Keep the draft and its parts from changing while it is released (P7).

    Of two follow-ups of one send only one is released at a time, so that the later one sees the first.
    """
    session.refresh(send, with_for_update=True)
    parts = parts_of(session, send)
    for table, ids in (
        (RecipientList, {one.of_list.id for one in parts if one.of_list}),
        (Segment, {one.segment.id for one in parts if one.segment}),
    ):
        rows = select(table).where(table.id.in_(ids)).order_by(table.id).with_for_update(read=True)
        session.scalars(rows.execution_options(populate_existing=True)).all()
    if send.follows_send_id is not None:
        session.get(Send, root_of(session, send), with_for_update=True, populate_existing=True)


def words(send: Send) -> str:
    """Say which people of the list are meant; empty for everybody."""
    if send.audience is Audience.ADDED:
        return _("Only people added to the list since send %(send_id)s.", send_id=str(send.follows_send_id))
    if send.audience is Audience.NOT_REACHED:
        return _(
            "Only people whom send %(send_id)s did not reach and who are still on the list.",
            send_id=str(send.follows_send_id),
        )
    return ""


def title(send: Send, template: str, name: str) -> str:
    """Give what a send to lists is called: its template, whom it goes to, and which of these people are meant."""
    send_id = str(send.follows_send_id)
    if send.audience is Audience.ADDED:
        return _(
            "%(template)s to %(name)s, added since send %(send_id)s", template=template, name=name, send_id=send_id
        )
    if send.audience is Audience.NOT_REACHED:
        return _(
            "%(template)s to %(name)s, not reached by send %(send_id)s", template=template, name=name, send_id=send_id
        )
    return _("%(template)s to %(name)s", template=template, name=name)


def root_of(session: Session, send: Send) -> int:
    """Give the send at the beginning of a chain of follow-ups; the send itself when it follows none."""
    found = send
    while found.follows_send_id is not None:
        found = session.get_one(Send, found.follows_send_id)
    return found.id


def _family(session: Session, send: Send) -> list[int]:
    """Give the chain's first send and all that follow it, near and far, but not the one in hand."""
    found: list[int] = []
    level: Sequence[int] = [root_of(session, send)]
    while level:
        found += level
        level = session.scalars(select(Send.id).where(Send.follows_send_id.in_(level)).order_by(Send.id)).all()
    return [one for one in found if one != send.id]


def _has_message(send_ids: Sequence[int], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Message.send_id.in_(send_ids), Message.email_key == Recipient.email_key, *conditions)
