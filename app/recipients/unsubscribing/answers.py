"""Why people unsubscribed, as far as they said so: counted, and their own words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import now
from app.recipients.unsubscribing.models import OptOutAnswer, WhyOut
from app.words import _

LOOKED_BACK = timedelta(days=90)
"""Answers of this time are counted."""
SHOWN = 20
LABELS: dict[WhyOut, str] = {
    WhyOut.TOO_MANY: _("Too many e-mails"),
    WhyOut.NOT_FOR_ME: _("Not meant for them"),
    WhyOut.NOT_EXPECTED: _("They did not expect it"),
    WhyOut.OTHER_WAY: _("They prefer another way"),
    WhyOut.OTHER: _("Something else"),
}


def counts(session: Session, workspace_id: int) -> list[tuple[str, int]]:
    """Give how often each answer was given lately, the most frequent first; those never given are left out."""
    rows = session.execute(
        select(OptOutAnswer.reason, func.count())
        .where(OptOutAnswer.workspace_id == workspace_id, OptOutAnswer.created_at > now() - LOOKED_BACK)
        .group_by(OptOutAnswer.reason)
        .order_by(func.count().desc(), OptOutAnswer.reason)
    ).all()
    return [(LABELS[reason], count) for reason, count in rows]


def latest_words(session: Session, workspace_id: int) -> Sequence[OptOutAnswer]:
    """Give the newest answers in people's own words."""
    return session.scalars(
        select(OptOutAnswer)
        .where(OptOutAnswer.workspace_id == workspace_id, OptOutAnswer.words != "")
        .order_by(OptOutAnswer.id.desc())
        .limit(SHOWN)
    ).all()
