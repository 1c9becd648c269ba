"""Which people of its list a send goes to: the one rule that review, release, fingerprint and counts ask.

A person is known by their address. Whoever is no longer on the list is not written to, and what is written comes from
the list as it is now: somebody took them off, or put their data right, for a reason. Whoever is on the list under
another address than before counts as added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from app.recipients.models import Recipient, RecipientList
from app.sends.models import Audience, Message, Outcome, Send, SendTally

NOT_REACHED = (Outcome.BOUNCED, Outcome.REJECTED, Outcome.FAILED, Outcome.SKIPPED)
"""Outcomes of people who got nothing for certain."""
CAN_BE_CHOSEN = (*NOT_REACHED, Outcome.UNKNOWN)
"""Outcomes that a send to those not reached may choose; `unknown` only when a person says so."""
GOT_NOTHING = (*NOT_REACHED, Outcome.CANCELLED)
"""Outcomes after which a person may be written to again by another follow-up."""


def people_of(session: Session, send: Send) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions on `Recipient` that the people of a list send meet."""
    of_list = Recipient.list_id == send.list_id
    if send.audience is Audience.EVERYBODY:
        return (of_list,)
    if send.follows_send_id is None:  # the send that it followed is gone: nobody can say who is meant
        return of_list, false()
    others = _family(session, send)
    if send.audience is Audience.ADDED:
        return of_list, ~_has_message(others)
    in_groups = Message.state.in_([Outcome(one) for one in send.follow_groups])
    reached_since = _has_message(
        [one for one in others if one != send.follows_send_id], Message.state.not_in(GOT_NOTHING)
    )
    return of_list, _has_message([send.follows_send_id], in_groups), ~reached_since


def size(session: Session, send: Send) -> int:
    """Count the people of a list send."""
    if send.audience is Audience.EVERYBODY:
        recipient_list = session.get(RecipientList, send.list_id) if send.list_id else None
        return recipient_list.recipient_count if recipient_list else 0
    return session.scalar(select(func.count()).select_from(Recipient).where(*people_of(session, send))) or 0


def mark(session: Session, send: Send) -> list[Any]:
    """Give what changes when the audience does, for the fingerprint; the list's own changes have a number (P7).

    Cheap, because a review asks after every chunk: counts that are kept, not people.
    """
    if send.audience is Audience.EVERYBODY:
        return []
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
    return [str(send.audience), send.follows_send_id, sorted(send.follow_groups), seen]


def hold_still(session: Session, send: Send) -> None:
    """Let of two follow-ups of one send only one be released at a time, so that the later one sees the first."""
    if send.follows_send_id is not None:
        session.get(Send, root_of(session, send), with_for_update=True, populate_existing=True)


def words(send: Send) -> str:
    """Say which people of the list are meant; empty for everybody."""
    if send.audience is Audience.ADDED:
        return f"Only people added to the list since send {send.follows_send_id}."
    if send.audience is Audience.NOT_REACHED:
        return f"Only people whom send {send.follows_send_id} did not reach and who are still on the list."
    return ""


def short_words(send: Send) -> str:
    """Give what stands behind the list's name in titles; empty for everybody."""
    if send.audience is Audience.ADDED:
        return f", added since send {send.follows_send_id}"
    return f", not reached by send {send.follows_send_id}" if send.audience is Audience.NOT_REACHED else ""


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
