"""Whether a list is at rest: no change of many people, and no undo of an import, is half-way through it.

Who changes a list, reviews it or releases a send to it asks first, holding the list: so two large changes never mix,
and nobody is written to out of half a change (P7).
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from app.recipients.changes.models import GOING, ListChange
from app.recipients.models import ImportState, ListUpload, RecipientList
from app.refusals import Refused
from app.words import _


def require_rest(session: Session, found: RecipientList) -> None:
    """Raise Refused while a large change of the list, or the undo of an import, is under way."""
    change = exists().where(ListChange.list_id == found.id, ListChange.state.in_(GOING))
    if session.scalar(select(or_(change, _undo_of_import(found)))):
        raise Refused(
            _("The list “%(name)s” is being changed just now. Wait until that is done, or stop it.", name=found.name)
        )


def undoes_import(session: Session, found: RecipientList) -> bool:
    """Whether an import into a list is being undone."""
    return bool(session.scalar(select(_undo_of_import(found))))


def _undo_of_import(found: RecipientList) -> ColumnElement[bool]:
    return exists().where(ListUpload.list_id == found.id, ListUpload.state == ImportState.UNDOING)
