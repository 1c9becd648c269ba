"""What a worker does for sign-ins: mailing links, telling the trail, clearing what is old."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from app.db import Database, now
from app.people import lockout, resets
from app.people.sign_in_models import SignIn, Tries
from app.settings import Settings

KEPT = timedelta(days=30)
"""How long a sign-in that ended is kept."""


def work_on_sign_ins(database: Database, settings: Settings) -> None:
    """Do what is to do; with nothing to do it only looks."""
    with database.reading() as session:
        if not _has_work(session, settings):
            return
    with database.writing() as session:
        resets.answer_asked(session, settings)
        lockout.note_waiting(session)
        lockout.clear_old(session)
        resets.clear_old(session)
        session.execute(delete(SignIn).where(_old(settings)))


def _has_work(session: Session, settings: Settings) -> bool:
    waiting = select(Tries.key).where(
        or_(Tries.waits_until.isnot(None) & ~Tries.is_noted, Tries.last_at < now() - lockout.KEPT)
    )
    return (
        resets.is_asked(session)
        or session.scalar(waiting.limit(1)) is not None
        or session.scalar(select(SignIn.id).where(_old(settings)).limit(1)) is not None
    )


def _old(settings: Settings) -> ColumnElement[bool]:
    """Sign-ins that ended, or ran out, so long ago."""
    ran_out = now() - KEPT - timedelta(days=settings.sign_in_days)
    return or_(SignIn.ended_at < now() - KEPT, SignIn.begun_at < ran_out)
