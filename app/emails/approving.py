"""Approval of templates, when the workspace's rule asks for it: a draft is put up, and somebody else publishes it.

Who may decide, and how a request ends, is the rule of sends as well (`people/approval.py`). Exactly the draft that was
put up is published, with the same layout and snippets; any change of it cancels.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import note
from app.emails.approval_marks import cancel_when_changed, fingerprint_of_draft, marks_of_draft
from app.emails.limits import LimitedRenderer
from app.emails.models import Template, TemplateVersion
from app.emails.publishing import get_ready, publish_content
from app.emails.templates import find_template, held_template
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

REASON = _("Publishing a template needs approval here.")


def ask(
    session: Session, person: Person, template_id: int, note_text: str = "", renderer: LimitedRenderer | None = None
) -> ApprovalRequest:
    """Put a draft up to be published by somebody else. A second press gives the request that waits.

    The note goes to the approver, and becomes that of the version. Raises CannotPublish with every problem, or Refused.
    """
    template = held_template(session, person, template_id)
    if (waiting := waiting_request(session, template_id=template_id)) is not None:
        return waiting
    if not rule_of(session, template.workspace_id).of_templates:
        raise Refused(_("Publishing needs no approval any more. You can publish it yourself."))
    note_text = checked_note(note_text)
    get_ready(session, template.workspace_id, template.draft, renderer)
    request = ApprovalRequest(
        workspace_id=template.workspace_id,
        template_id=template.id,
        asked_by=person.id,
        changed_by=template.draft_saved_by,
        note=note_text,
        reasons=[REASON],
        fingerprint=fingerprint_of_draft(session, template),
        marks=marks_of_draft(session, template),
    )
    session.add(request)
    session.flush()
    words = _("Draft of template “%(template_name)s” put up for approval", template_name=template.name)
    note(session, person, "template.approval_asked", words, subject_id=template.id)
    return request


def approve(
    session: Session, person: Person, request_id: int, renderer: LimitedRenderer | None = None
) -> tuple[ApprovalRequest, TemplateVersion | None]:
    """Publish exactly what was put up; gives the version, or None when it changed, and the request is CANCELLED.

    Raises CannotPublish and Refused.
    """
    request, template = _held(session, person, request_id)
    check_may_decide(person, request)
    if cancel_when_changed(session, template):
        return request, None
    settle(session, request, ApprovalState.APPROVED, by=person.id)
    version = publish_content(session, person, template, template.draft, request.note, renderer)
    session.flush()
    words = _(
        "Publishing version %(number)s of template “%(template_name)s” approved",
        number=str(version.number),
        template_name=template.name,
    )
    note(session, person, "template.approved", words, subject_id=template.id)
    return request, version


def send_back(session: Session, person: Person, request_id: int, reason: str) -> ApprovalRequest:
    """Do not publish it, with a reason for whoever asked. Raises Refused."""
    request, template = _held(session, person, request_id)
    check_may_decide(person, request)
    reason = checked_words(reason, field="reason", missing=_("Write what should be mended: whoever asked reads it."))
    settle(session, request, ApprovalState.SENT_BACK, by=person.id, words=reason)
    words = _("Draft of template “%(template_name)s” sent back: %(reason)s", template_name=template.name, reason=reason)
    note(session, person, "template.sent_back", words, subject_id=template.id)
    return request


def take_back(session: Session, person: Person, template_id: int) -> None:
    """Put a draft up no longer. A second press changes nothing."""
    template = held_template(session, person, template_id)
    request = waiting_request(session, template_id=template_id)
    if request is None:
        return
    settle(session, request, ApprovalState.TAKEN_BACK, by=person.id)
    words = _("Draft of template “%(template_name)s” taken back before its approval", template_name=template.name)
    note(session, person, "template.taken_back", words, subject_id=template.id)


def _held(session: Session, person: Person, request_id: int) -> tuple[ApprovalRequest, Template]:
    """Find a request and its template, and hold both, so that decisions and saves come one after the other."""
    request = find_request(session, person, request_id)
    if request.template_id is None:
        raise NotThere("request")
    template = held_template(session, person, find_template(session, person, request.template_id).id)
    session.refresh(request)
    return request, template
