"""The rule of a workspace how long the words of its trail are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.keeping import take_words_away
from app.audit.trail import Actor, note
from app.db import Database, now
from app.people.models import Workspace
from app.refusals import Refused
from app.words import _, _n

MOST_YEARS = 30
DAYS_OF_A_YEAR = 365.25


def keep_trail_for(session: Session, actor: Actor, years: int | None) -> None:
    """Keep the words of the trail for so many years; None: for ever. Raises Refused with the field `years`."""
    if years is not None and not 1 <= years <= MOST_YEARS:
        raise Refused(_("Give a number of years from 1 to %(most_years)s.", most_years=MOST_YEARS), field="years")
    workspace = session.get_one(Workspace, actor.workspace_id)
    before, workspace.keep_trail_years = workspace.keep_trail_years, years
    if before != years:
        if years is None:
            words = _("The words of the trail are kept for ever")
        else:
            words = _n(
                "The words of the trail are kept for %(count)s year",
                "The words of the trail are kept for %(count)s years",
                years,
            )
        ever = _("for ever")
        changes = {_("Years that the trail keeps its words"): (before or ever, years or ever)}
        note(session, actor, "workspace.trail_retention", words, changes=changes)


def take_old_words_away(database: Database, *, stops: Callable[[], bool] = lambda: False) -> int:
    """Take the words away whose time is over in every workspace with a rule; gives of how many entries."""
    with database.reading() as session:
        rules = session.execute(
            select(Workspace.id, Workspace.keep_trail_years).where(Workspace.keep_trail_years.is_not(None))
        ).all()
    return sum(
        take_words_away(database, row.id, now() - timedelta(days=DAYS_OF_A_YEAR * row.keep_trail_years), stops=stops)
        for row in rules
    )
