"""What other parts of the house ask before they let something go: is a send still using it?"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.sends.models import Send, SendState

UNFINISHED = (SendState.DRAFT, SendState.SCHEDULED, SendState.SENDING, SendState.PAUSED)


def unfinished_sends_of_list(session: Session, actor: Actor, list_id: int) -> int:
    """Count the sends of the actor's workspace that use a list and are not finished or cancelled."""
    query = select(func.count()).where(
        Send.workspace_id == actor.workspace_id, Send.list_id == list_id, Send.state.in_(UNFINISHED)
    )
    return session.scalar(query) or 0
