"""E-mails of Postroom itself about approval: to approvers when asked and once more, to the asker when decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import now
from app.emails.approval_marks import subject_of
from app.emails.approval_marks import title_of as title_of_draft
from app.people import own_mail
from app.people.approval import approvers_of, rule_of
from app.people.approval_models import ApprovalRequest, ApprovalState
from app.people.models import Person
from app.sends.models import Send
from app.sends.results import title_of
from app.settings import Settings
from app.words import _, _n, joined


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
            _tell_approvers(session, settings, request, _("Still to approve: %(title)s"), _since(session, request))
        return
    if request.is_told:
        return
    request.is_told = True
    if request.state is ApprovalState.WAITING:
        _tell_approvers(session, settings, request, _("To approve: %(title)s"))
    elif request.state is ApprovalState.EMERGENCY:
        _tell_of_emergency(session, settings, request)
    else:
        _tell_asker(session, settings, request)


def _is_late(session: Session, request: ApprovalRequest) -> bool:
    hours = rule_of(session, request.workspace_id).remind_hours
    return request.asked_at + timedelta(hours=hours) <= now()


def _since(session: Session, request: ApprovalRequest) -> str:
    hours = rule_of(session, request.workspace_id).remind_hours
    return _n("It has waited for %(count)s hour.", "It has waited for %(count)s hours.", hours)


def _tell_approvers(
    session: Session, settings: Settings, request: ApprovalRequest, subject: str, first: str = ""
) -> None:
    title, asker = _title(session, request), request.asker.name
    if _is_send(request):
        asks = _("%(asker)s asks you to look at a send: %(title)s.", asker=asker, title=title)
    else:
        asks = _("%(asker)s asks you to look at a draft: %(title)s.", asker=asker, title=title)
    words = [joined([first, asks]), *request.reasons]
    if _is_send(request):
        words.append(
            _n(
                "It goes to %(count)s person once approved.",
                "It goes to %(count)s people once approved.",
                request.people,
            )
        )
    if request.note:
        words.append(_("Note: %(note)s", note=request.note))
    besides = (request.asked_by, request.changed_by)
    people = approvers_of(session, request.workspace_id, besides=besides)
    _write(
        session,
        settings,
        request,
        people,
        subject=_(subject, title=title),
        words=words,
        label=_("Look at it, and decide"),
    )


def _tell_of_emergency(session: Session, settings: Settings, request: ApprovalRequest) -> None:
    title, by = _title(session, request), request.decider.name if request.decider else _("An administrator")
    words = [
        _("%(by)s released a send in an emergency, without approval: %(title)s.", by=by, title=title),
        _("Reason: %(reason)s", reason=request.words),
        _n("It was put up for %(count)s person.", "It was put up for %(count)s people.", request.people),
    ]
    people = approvers_of(session, request.workspace_id, besides=(request.decided_by,))
    _write(
        session,
        settings,
        request,
        people,
        subject=_("Released without approval: %(title)s", title=title),
        words=words,
        label=_("Open the send"),
    )


_OF_SEND: dict[ApprovalState, tuple[str, str]] = {
    ApprovalState.APPROVED: (_("Approved: %(title)s"), _("%(by)s approved a send that you put up: %(title)s.")),
    ApprovalState.SENT_BACK: (_("Sent back: %(title)s"), _("%(by)s sent back a send that you put up: %(title)s.")),
    ApprovalState.TAKEN_BACK: (_("Taken back: %(title)s"), _("%(by)s took back a send that you put up: %(title)s.")),
    ApprovalState.CANCELLED: (
        _("Approval cancelled: %(title)s"),
        _("The approval of a send that you put up is cancelled: %(title)s."),
    ),
}
_OF_DRAFT: dict[ApprovalState, tuple[str, str]] = {
    ApprovalState.APPROVED: (_("Approved: %(title)s"), _("%(by)s approved a draft that you put up: %(title)s.")),
    ApprovalState.SENT_BACK: (_("Sent back: %(title)s"), _("%(by)s sent back a draft that you put up: %(title)s.")),
    ApprovalState.TAKEN_BACK: (_("Taken back: %(title)s"), _("%(by)s took back a draft that you put up: %(title)s.")),
    ApprovalState.CANCELLED: (
        _("Approval cancelled: %(title)s"),
        _("The approval of a draft that you put up is cancelled: %(title)s."),
    ),
}
"""Subject and first sentence of what is told to whoever asked."""


def _tell_asker(session: Session, settings: Settings, request: ApprovalRequest) -> None:
    title, by = _title(session, request), request.decider.name if request.decider else ""
    subject, first = (_OF_SEND if _is_send(request) else _OF_DRAFT)[request.state]
    words = [_(first, by=by, title=title)]
    if request.state is ApprovalState.SENT_BACK:
        words.append(_("Reason: %(reason)s", reason=request.words))
    elif request.state is not ApprovalState.APPROVED:
        words.append(request.words)
    if request.state is ApprovalState.CANCELLED:
        words.append(_("Nothing went out."))
    _write(
        session,
        settings,
        request,
        [request.asker],
        subject=_(subject, title=title),
        words=words,
        label=_("Open it"),
    )


def _write(
    session: Session,
    settings: Settings,
    request: ApprovalRequest,
    people: Iterable[Person],
    *,
    subject: str,
    words: Sequence[str],
    label: str,
) -> None:
    """Write to each in the language of their account."""
    if _is_send(request):
        place = f"sends/{request.send_id}"
    else:
        draft = f"pieces/{request.piece_id}" if request.piece_id else request.template_id
        place = f"templates/{draft}/publish"
    said, link = [one for one in words if one], (label, f"{settings.url}/{place}")
    for one in people:
        to = (request.workspace_id, one.email)
        own_mail.write(session, settings, *to, subject, said, language=one.language, link=link)


def _is_send(request: ApprovalRequest) -> bool:
    return request.send_id is not None


def _title(session: Session, request: ApprovalRequest) -> str:
    if request.send_id is not None:
        return title_of(session.get_one(Send, request.send_id))
    return title_of_draft(subject_of(session, request))
