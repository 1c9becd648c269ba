"""What a column of a recipient list is used by: said before somebody renames or removes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.audit.trail import Actor
from app.emails.models import TemplateVersion
from app.emails.templates import WITHOUT_CONTENT, newest_versions
from app.recipients.finding.segments import segments_using
from app.sends.models import Send, SendKind
from app.sends.usage import UNFINISHED, uses_list

MOST_NAMED = 50
"""Sends that are named at once."""


@dataclass(frozen=True, slots=True)
class ColumnUses:
    """Who uses a column: the newest versions of templates that ask for it, and unfinished sends to its list."""

    templates: Sequence[TemplateVersion] = ()
    sends: Sequence[Send] = ()
    segments: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.templates or self.sends or self.segments)


def uses_of_column(session: Session, actor: Actor, list_id: int, column: str) -> ColumnUses:
    """Give what uses a column of a list of the actor's workspace."""
    templates = [one for one in newest_versions(session, actor) if column in one.variables]
    sends = session.scalars(
        select(Send)
        .where(
            Send.workspace_id == actor.workspace_id,
            Send.kind != SendKind.TEST,
            uses_list(list_id),
            Send.state.in_(UNFINISHED),
        )
        .options(joinedload(Send.recipient_list), joinedload(Send.template_version).options(*WITHOUT_CONTENT))
        .order_by(Send.id.desc())
        .limit(MOST_NAMED)
    ).all()
    using = [
        one
        for one in sends
        if one.file_column == column or (one.template_version and column in one.template_version.variables)
    ]
    return ColumnUses(templates, using, [one.name for one in segments_using(session, list_id, column)])
