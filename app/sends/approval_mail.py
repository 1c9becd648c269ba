"""E-mails of Postroom itself about approval: to approvers when asked and once more, to the asker when decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import now
from app.emails.models import Template
from app.people import own_mail
from app.people.approval import approvers_of, rule_of
from app.people.approval_models import ApprovalRequest, ApprovalState
from app.people.models import Person
from app.sends.models import Send
from app.sends.results import title_of
from app.settings import Settings


def due(session: Session) -> list[int]:
    """Give the requests of which somebody must be told, or reminded, now."""
    untold = session.scalars(select(ApprovalRequest.id).where(ApprovalRequest.is_told.is_(False)))
    found = list(untold.all())
    waiting = select(ApprovalRequest).where(
        ApprovalRequest.state == ApprovalState.WAITING,
        ApprovalRequest.is_told.is_(True),
        ApprovalRequest.reminded_at.is_(None),
    )
    return found + [one.id for one in session.scalars(waiting) if _is_late(session, one)]


def tell(session: Session, settings: Settings, request_id: int) -> None:
    """Write to whom a request's state concerns, once; without a sender for own e-mails only Home tells."""
    request = session.get(ApprovalRequest, request_id, with_for_update=True, populate_existing=True)
    if request is None:
        return
    if request.state is ApprovalState.WAITING and request.is_told:
        if request.reminded_at is None and _is_late(session, request):
            request.reminded_at = now()
            _tell_approvers(session, settings, request, "Still to approve", f"{_since(session, request)} ")
        return
    if request.is_told:
        return
    request.is_told = True
    if request.state is ApprovalState.WAITING:
        _tell_approvers(session, settings, request, "To approve")
    elif request.state is ApprovalState.EMERGENCY:
        _tell_of_emergency(session, settings, request)
    else:
        _tell_asker(session, settings, request)


def _is_late(session: Session, request: ApprovalRequest) -> bool:
    hours = rule_of(session, request.workspace_id).remind_hours
    return request.asked_at + timedelta(hours=hours) <= now()


def _since(session: Session, request: ApprovalRequest) -> str:
    hours = rule_of(session, request.workspace_id).remind_hours
    return f"It has waited for {hours:,} {'hour' if hours == 1 else 'hours'}."


def _tell_approvers(
    session: Session, settings: Settings, request: ApprovalRequest, subject: str, first: str = ""
) -> None:
    title, what = _title(session, request), _what(request)
    words = [f"{first}{request.asker.name} asks you to look at {what}: {title}.", *request.reasons]
    if request.send_id is not None:
        words.append(f"It goes to {request.people:,} {'person' if request.people == 1 else 'people'} once approved.")
    if request.note:
        words.append(f"Note: {request.note}")
    besides = (request.asked_by, request.changed_by)
    people = approvers_of(session, request.workspace_id, besides=besides)
    _write(
        session, settings, request, people, subject=f"{subject}: {title}", words=words, label="Look at it, and decide"
    )


def _tell_of_emergency(session: Session, settings: Settings, request: ApprovalRequest) -> None:
    title, by = _title(session, request), request.decider.name if request.decider else "An administrator"
    words = [
        f"{by} released a send in an emergency, without approval: {title}.",
        f"Reason: {request.words}",
        f"It was put up for {request.people:,} {'person' if request.people == 1 else 'people'}.",
    ]
    people = approvers_of(session, request.workspace_id, besides=(request.decided_by,))
    _write(
        session,
        settings,
        request,
        people,
        subject=f"Released without approval: {title}",
        words=words,
        label="Open the send",
    )


def _tell_asker(session: Session, settings: Settings, request: ApprovalRequest) -> None:
    title, what = _title(session, request), _what(request)
    by = request.decider.name if request.decider else ""
    if request.state is ApprovalState.APPROVED:
        subject, words = f"Approved: {title}", [f"{by} approved {what} that you put up: {title}."]
    elif request.state is ApprovalState.SENT_BACK:
        subject = f"Sent back: {title}"
        words = [f"{by} sent back {what} that you put up: {title}.", f"Reason: {request.words}"]
    elif request.state is ApprovalState.TAKEN_BACK:
        subject, words = f"Taken back: {title}", [f"{by} took back {what} that you put up: {title}.", request.words]
    else:
        subject = f"Approval cancelled: {title}"
        words = [f"The approval of {what} that you put up is cancelled: {title}.", request.words, "Nothing went out."]
    _write(session, settings, request, [request.asker], subject=subject, words=words, label="Open it")


def _write(
    session: Session,
    settings: Settings,
    request: ApprovalRequest,
    people: Iterable[Person],
    *,
    subject: str,
    words: list[str],
    label: str,
) -> None:
    place = f"sends/{request.send_id}" if request.send_id else f"templates/{request.template_id}/publish"
    link = (label, f"{settings.url}/{place}")
    words = [one for one in words if one]
    for one in people:
        own_mail.write(session, settings, request.workspace_id, one.email, subject, words, link=link)


def _what(request: ApprovalRequest) -> str:
    return "a send" if request.send_id is not None else "the draft of a template"


def _title(session: Session, request: ApprovalRequest) -> str:
    if request.send_id is not None:
        return title_of(session.get_one(Send, request.send_id))
    return f"“{session.get_one(Template, request.template_id).name}”"
