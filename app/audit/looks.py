"""Noting that somebody looked at the data of many people: a download always, an open page once a day."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit.acts import LOOKED
from app.audit.models import AuditLook
from app.audit.trail import Actor, note
from app.db import now


def was_noted_today(session: Session, actor: Actor, what: str, subject_id: int) -> bool:
    """Whether this look is in the trail already; a question by key, that costs a page next to nothing."""
    return session.get(AuditLook, (actor.id, f"{LOOKED}.{what}", subject_id, now().date())) is not None


def note_first_look(session: Session, actor: Actor, what: str, words: str, subject_id: int) -> None:
    """Note the first look of a person at a subject on a day (UTC); two at once are noted once."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"person_id": actor.id, "action": f"{LOOKED}.{what}", "subject_id": subject_id, "day": now().date()}
    made = insert(AuditLook).values(values).on_conflict_do_nothing().returning(AuditLook.person_id)
    if session.scalar(made) is not None:
        note_look(session, actor, what, words, subject_id)


def note_look(session: Session, actor: Actor, what: str, words: str, subject_id: int | None = None) -> None:
    """Note a look, however often: a download."""
    note(session, actor, f"{LOOKED}.{what}", words, subject_id=subject_id)


def forget_old(session: Session) -> None:
    """Take away which looks were noted on days that are over; the trail keeps the looks."""
    session.execute(delete(AuditLook).where(AuditLook.day < now().date() - timedelta(days=2)))
