"""Who has a template open in the editor, so that two people know of each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from app.audit.trail import Actor
from app.db import now
from app.emails.models import Editing, Template

SEEN_FOR = timedelta(seconds=45)
"""An editor tells of itself every 15 seconds; one that was silent for so long is closed."""


def tell(session: Session, actor: Actor, template: Template) -> None:
    """Say that the actor has the template open."""
    session.merge(Editing(template_id=template.id, person_id=actor.id, seen_at=now()))
    session.execute(delete(Editing).where(Editing.template_id == template.id, Editing.seen_at < now() - SEEN_FOR))
    session.flush()


def others(session: Session, actor: Actor, template: Template) -> Sequence[str]:
    """Give the names of those who have it open besides the actor."""
    found = session.scalars(
        select(Editing)
        .where(Editing.template_id == template.id, Editing.person_id != actor.id, Editing.seen_at > now() - SEEN_FOR)
        .options(joinedload(Editing.person))
    )
    return sorted(one.person.name for one in found)
