"""What other parts of the house ask before they let something go: is a send still using it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.audit.trail import Actor
from app.emails.models import TemplateVersion
from app.emails.templates import WITHOUT_CONTENT
from app.own_variables import OWN_VARIABLES
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import shared_columns_of
from app.sends.models import UNRELEASED, Send, SendKind, SendState

UNFINISHED = (*UNRELEASED, SendState.SCHEDULED, SendState.SENDING, SendState.PAUSED)
MOST_NAMED = 50
"""Draft sends that are named at once."""


@dataclass(frozen=True, slots=True)
class DraftUse:
    """A draft send with a version of a template, and the variables that neither its list nor its values give."""

    send: Send
    lacks: tuple[str, ...] = ()


def unfinished_sends_of_list(session: Session, actor: Actor, list_id: int) -> int:
    """Count the sends of the actor's workspace that use a list and are not finished or cancelled.

    A send uses also a list whose people, or a segment of them, it only leaves out.
    """
    return _unfinished(session, actor, uses_list(list_id))


def uses_list(list_id: int) -> ColumnElement[bool]:
    """Give the condition that a send includes, or leaves out, people of a list."""
    in_parts = select(AudiencePart.send_id).where(AudiencePart.list_id == list_id)
    return or_(Send.list_id == list_id, Send.id.in_(in_parts))


def unfinished_sends_of_segment(session: Session, actor: Actor, segment_id: int) -> int:
    """Count the sends of the actor's workspace that use a segment and are not finished or cancelled."""
    in_parts = select(AudiencePart.send_id).where(AudiencePart.segment_id == segment_id)
    return _unfinished(session, actor, Send.id.in_(in_parts))


def _unfinished(session: Session, actor: Actor, uses: ColumnElement[bool]) -> int:
    query = select(func.count()).where(Send.workspace_id == actor.workspace_id, uses, Send.state.in_(UNFINISHED))
    return session.scalar(query) or 0


def draft_sends_using(
    session: Session, actor: Actor, template_id: int, variables: Iterable[str] = ()
) -> list[DraftUse]:
    """Give the draft sends of a template, newest first, each with which of the variables it would lack."""
    query = (
        select(Send)
        .join(Send.template_version)
        .where(
            Send.workspace_id == actor.workspace_id,
            Send.state.in_(UNRELEASED),
            Send.kind != SendKind.TEST,
            TemplateVersion.template_id == template_id,
        )
        .options(joinedload(Send.recipient_list), joinedload(Send.template_version).options(*WITHOUT_CONTENT))
        .order_by(Send.id.desc())
        .limit(MOST_NAMED)
    )
    wanted = sorted(set(variables) - OWN_VARIABLES)
    sends = session.scalars(query).all()
    columns = shared_columns_of(session, sends)
    given = {one.id: {*one.values, *columns[one.id]} for one in sends}
    return [DraftUse(one, tuple(name for name in wanted if name not in given[one.id])) for one in sends]
