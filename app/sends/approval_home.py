"""What Home tells about approval: to whoever approves what waits for them, and to whoever asked what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.db import now
from app.emails.approval_marks import subject_of
from app.emails.models import PieceVersion, TemplateVersion
from app.people.approval import to_decide
from app.people.approval_models import STATE_WORDS, ApprovalRequest, ApprovalState
from app.people.models import Person
from app.sends.models import Send, SendState
from app.sends.results import title_of
from app.words import _

CAME_BACK = (ApprovalState.SENT_BACK, ApprovalState.CANCELLED)
SHOWN_DAYS = 14
"""So long Home shows what came back, when nobody does anything with it."""
MOST = 20


@dataclass(frozen=True, slots=True)
class ApprovalItem:
    """One line of Home."""

    asked: ApprovalRequest
    badge: str
    tone: str
    title: str
    words: str
    """What goes before `since`."""
    since: datetime


def for_person(session: Session, person: Person) -> list[ApprovalItem]:
    """Give what this person should know: what waits for their approval first, then what they asked for."""
    found = [
        ApprovalItem(
            one,
            _("To approve"),
            "warn",
            _title(session, one),
            _("%(person)s waits since", person=one.asker.name),
            one.asked_at,
        )
        for one in to_decide(session, person, MOST)
    ]
    return [*found, *_own(session, person)]


def _own(session: Session, person: Person) -> Iterator[ApprovalItem]:
    for one in _own_requests(session, person):
        label, tone = STATE_WORDS[one.state]
        waits = one.state is ApprovalState.WAITING
        by = _("It became a draft again")
        if one.decider and one.state is ApprovalState.TAKEN_BACK:
            by = _("%(person)s took it back", person=one.decider.name)
        elif one.decider:
            by = _("%(person)s sent it back", person=one.decider.name)
        words = _("You asked for approval; it waits since") if waits else by
        since = one.asked_at if waits else one.decided_at or one.asked_at
        yield ApprovalItem(one, label, tone, _title(session, one), words, since)


def _own_requests(session: Session, person: Person) -> Sequence[ApprovalRequest]:
    """Give what this person put up and what waits still, or came back and is a draft since."""
    later = aliased(ApprovalRequest)
    asked_again = exists().where(
        or_(*(getattr(later, one) == getattr(ApprovalRequest, one) for one in ("send_id", "template_id", "piece_id"))),
        later.id > ApprovalRequest.id,
    )
    is_draft = exists().where(Send.id == ApprovalRequest.send_id, Send.state == SendState.DRAFT)
    is_published = or_(
        exists().where(
            TemplateVersion.template_id == ApprovalRequest.template_id,
            TemplateVersion.number.is_not(None),
            TemplateVersion.published_at > ApprovalRequest.decided_at,
        ),
        exists().where(
            PieceVersion.piece_id == ApprovalRequest.piece_id, PieceVersion.published_at > ApprovalRequest.decided_at
        ),
    )
    by_another = and_(
        ApprovalRequest.state == ApprovalState.TAKEN_BACK, ApprovalRequest.decided_by != ApprovalRequest.asked_by
    )
    came_back = and_(
        or_(ApprovalRequest.state.in_(CAME_BACK), by_another),
        ApprovalRequest.decided_at > now() - timedelta(days=SHOWN_DAYS),
        or_(is_draft, and_(ApprovalRequest.send_id.is_(None), ~is_published)),
        ~asked_again,
    )
    query = select(ApprovalRequest).where(
        ApprovalRequest.workspace_id == person.workspace_id,
        ApprovalRequest.asked_by == person.id,
        or_(ApprovalRequest.state == ApprovalState.WAITING, came_back),
    )
    return session.scalars(query.order_by(ApprovalRequest.id.desc()).limit(MOST)).all()


def _title(session: Session, asked: ApprovalRequest) -> str:
    if asked.send_id is not None:
        return title_of(session.get_one(Send, asked.send_id))
    return _("Publish “%(name)s”", name=subject_of(session, asked).name)
