"""What of a template is put up for approval: its draft, with the layout and the snippets it takes in."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.emails.models import Template
from app.emails.pieces import pieces_for, pinned
from app.people.approval import settle, waiting_request
from app.people.approval_models import ApprovalRequest, ApprovalState
from app.words import _


def fingerprint_of_draft(session: Session, template: Template) -> str:
    """Give a digest of what a version published now would be made of."""
    return _digest({"draft": template.draft.to_json(), "pieces": _pieces(session, template)})


def marks_of_draft(session: Session, template: Template) -> dict[str, str]:
    """Give a short digest of each part, so that it can be said what changed."""
    return {"draft": _digest(template.draft.to_json())[:16], "pieces": _digest(_pieces(session, template))[:16]}


def changes_of_draft(session: Session, template: Template, request: ApprovalRequest) -> str:
    """Say what is another one than what was put up; empty when it is the same."""
    if fingerprint_of_draft(session, template) == request.fingerprint:
        return ""
    fresh = marks_of_draft(session, template)
    if fresh["draft"] != request.marks.get("draft"):
        return _("Since approval was asked for, the draft was changed.")
    return _("Since approval was asked for, its layout or a snippet in it was published anew.")


def cancel_when_changed(session: Session, template: Template) -> bool:
    """Cancel the approval that waits for a draft that changed; tells whether it did. The caller holds the template."""
    session.flush()
    request = waiting_request(session, template_id=template.id)
    words = changes_of_draft(session, template, request) if request is not None else ""
    if request is None or not words:
        return False
    settle(session, request, ApprovalState.CANCELLED, words=words)
    said = _("Approval of template “%(template_name)s” cancelled. %(words)s", template_name=template.name, words=words)
    note_program(session, template.workspace_id, "template.approval_cancelled", said, subject_id=template.id)
    return True


def _pieces(session: Session, template: Template) -> list[int]:
    return pinned(pieces_for(session, template.workspace_id, template.draft))


def _digest(seen: object) -> str:
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
