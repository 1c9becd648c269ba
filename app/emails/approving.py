"""Approval of templates, layouts and snippets, when the workspace's rule asks for it: somebody else publishes a draft.

Who may decide, and how a request ends, is the rule of sends as well (`people/approval.py`). Exactly the draft that was
put up is published, with the same layout and snippets; any change of it cancels.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.audit.trail import note
from app.emails.approval_marks import (
    Subject,
    act_of,
    cancel_when_changed,
    fingerprint_of_draft,
    key_of,
    marks_of_draft,
    subject_of,
    title_of,
)
from app.emails.limits import LimitedRenderer
from app.emails.models import PieceVersion, Template, TemplateVersion
from app.emails.piece_publishing import Plan, held_as_planned, publish_plan
from app.emails.publishing import get_ready, publish_content
from app.emails.templates import held_template
from app.people.approval import (
    check_may_decide,
    checked_note,
    checked_words,
    find_request,
    rule_of,
    settle,
    waiting_request,
)
from app.people.approval_models import ApprovalRequest, ApprovalState
from app.people.models import Person
from app.refusals import NotThere, Refused
from app.words import _

REASON = _("Publishing needs approval here.")


def ask(
    session: Session, person: Person, template_id: int, note_text: str = "", renderer: LimitedRenderer | None = None
) -> ApprovalRequest:
    """Put a template's draft up to be published by somebody else. A second press gives the request that waits.

    The note goes to the approver, and becomes that of the version. Raises CannotPublish with every problem, or Refused.
    """
    template = held_template(session, person, template_id)
    get_ready(session, template.workspace_id, template.draft, renderer)
    return _put_up(session, person, template, note_text)


def ask_for_piece(session: Session, person: Person, made: Plan, note_text: str = "") -> ApprovalRequest:
    """Put a layout's or a snippet's draft up, with the templates of the plan as a proposal. Otherwise as `ask`."""
    piece, _newest = held_as_planned(session, made)
    return _put_up(session, person, piece, note_text, {"templates": [one.template.id for one in made.changes]})


def approve(
    session: Session,
    person: Person,
    request_id: int,
    renderer: LimitedRenderer | None = None,
    *,
    made: Plan | None = None,
) -> tuple[ApprovalRequest, TemplateVersion | PieceVersion | None]:
    """Publish exactly what was put up; gives the version, or None when it changed, and the request is CANCELLED.

    `made` is the plan for a layout or snippet: the approver chooses which templates take it in. Raises CannotPublish
    and Refused; the caller rolls back.
    """
    request, subject = _held(session, person, request_id)
    check_may_decide(person, request)
    if cancel_when_changed(session, subject):
        return request, None
    settle(session, request, ApprovalState.APPROVED, by=person.id)
    version: TemplateVersion | PieceVersion
    if isinstance(subject, Template):
        version = publish_content(session, person, subject, subject.draft, request.note, renderer)
    elif made is not None and made.piece_id == subject.id:
        version = publish_plan(session, person, made, request.note)
    else:
        raise NotThere("plan")
    session.flush()
    words = _("%(draft)s: publishing version %(number)s approved", draft=title_of(subject), number=str(version.number))
    note(session, person, act_of(subject, "approved"), words, subject_id=subject.id)
    return request, version


def send_back(session: Session, person: Person, request_id: int, reason: str) -> ApprovalRequest:
    """Do not publish it, with a reason for whoever asked. Raises Refused."""
    request, subject = _held(session, person, request_id)
    check_may_decide(person, request)
    reason = checked_words(reason, field="reason", missing=_("Write what should be mended: whoever asked reads it."))
    settle(session, request, ApprovalState.SENT_BACK, by=person.id, words=reason)
    words = _("%(draft)s: draft sent back: %(reason)s", draft=title_of(subject), reason=reason)
    note(session, person, act_of(subject, "sent_back"), words, subject_id=subject.id)
    return request


def take_back(session: Session, person: Person, request_id: int) -> ApprovalRequest:
    """Put a draft up no longer. What is over already stays as it is."""
    request, subject = _held(session, person, request_id)
    if request.state is ApprovalState.WAITING:
        settle(session, request, ApprovalState.TAKEN_BACK, by=person.id)
        words = _("%(draft)s: draft taken back before its approval", draft=title_of(subject))
        note(session, person, act_of(subject, "taken_back"), words, subject_id=subject.id)
    return request


def _put_up(
    session: Session, person: Person, subject: Subject, note_text: str, options: dict[str, Any] | None = None
) -> ApprovalRequest:
    if (waiting := waiting_request(session, **key_of(subject))) is not None:
        return waiting
    if not rule_of(session, subject.workspace_id).of_templates:
        raise Refused(_("Publishing needs no approval any more. You can publish it yourself."))
    request = ApprovalRequest(
        **key_of(subject),
        workspace_id=subject.workspace_id,
        asked_by=person.id,
        changed_by=subject.draft_saved_by,
        note=checked_note(note_text),
        reasons=[REASON],
        fingerprint=fingerprint_of_draft(session, subject),
        marks=marks_of_draft(session, subject),
        options=options or {},
    )
    session.add(request)
    session.flush()
    words = _("%(draft)s: draft put up for approval", draft=title_of(subject))
    note(session, person, act_of(subject, "approval_asked"), words, subject_id=subject.id)
    return request


def _held(session: Session, person: Person, request_id: int) -> tuple[ApprovalRequest, Subject]:
    """Find a request and its subject, and hold both, so that decisions and saves come one after the other."""
    request = find_request(session, person, request_id)
    if request.send_id is not None:
        raise NotThere("request")
    subject = subject_of(session, request, held=True)
    session.refresh(request)
    return request, subject
