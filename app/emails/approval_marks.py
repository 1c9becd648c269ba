"""What is put up for approval: the draft of a template, a layout or a snippet, with the layout and snippets in it."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.emails.models import PIECE_WORDS, Piece, Template
from app.emails.pieces import pieces_for, pinned
from app.people.approval import settle, waiting_request
from app.people.approval_models import ApprovalRequest, ApprovalState
from app.words import _

Subject = Template | Piece
"""Whose draft is put up."""


def subject_of(session: Session, request: ApprovalRequest, *, held: bool = False) -> Subject:
    """Give what a request is about; `held`: as it is now, and nobody else changes it before this is committed."""
    session.flush()
    if request.piece_id is not None:
        return session.get_one(Piece, request.piece_id, with_for_update=held or None, populate_existing=held)
    return session.get_one(Template, request.template_id, with_for_update=held or None, populate_existing=held)


def key_of(subject: Subject) -> dict[str, int]:
    """Give the column in which its requests name it."""
    return {"piece_id" if isinstance(subject, Piece) else "template_id": subject.id}


def act_of(subject: Subject, verb: str) -> str:
    """Give what the trail calls an act on it."""
    return f"piece.{verb}" if isinstance(subject, Piece) else f"template.{verb}"


def title_of(subject: Subject) -> str:
    """Give its kind and its name."""
    kind = PIECE_WORDS[subject.kind] if isinstance(subject, Piece) else _("Template")
    return _("%(kind)s “%(name)s”", kind=kind, name=subject.name)


def fingerprint_of_draft(session: Session, subject: Subject) -> str:
    """Give a digest of what a version published now would be made of."""
    return _digest({"draft": subject.draft.to_json(), "pieces": _pieces(session, subject)})


def marks_of_draft(session: Session, subject: Subject) -> dict[str, str]:
    """Give a short digest of each part, so that it can be said what changed."""
    return {"draft": _digest(subject.draft.to_json())[:16], "pieces": _digest(_pieces(session, subject))[:16]}


def changes_of_draft(session: Session, subject: Subject, request: ApprovalRequest) -> str:
    """Say what is another one than what was put up; empty when it is the same."""
    if fingerprint_of_draft(session, subject) == request.fingerprint:
        return ""
    fresh = marks_of_draft(session, subject)
    if fresh["draft"] != request.marks.get("draft"):
        return _("Since approval was asked for, the draft was changed.")
    return _("Since approval was asked for, its layout or a snippet in it was published anew.")


def cancel_when_changed(session: Session, subject: Subject) -> bool:
    """Cancel the approval that waits for a draft that changed; tells whether it did. The caller holds the subject."""
    session.flush()
    request = waiting_request(session, **key_of(subject))
    words = changes_of_draft(session, subject, request) if request is not None else ""
    if request is None or not words:
        return False
    settle(session, request, ApprovalState.CANCELLED, words=words)
    said = _("%(draft)s: its approval is cancelled. %(words)s", draft=title_of(subject), words=words)
    note_program(session, subject.workspace_id, act_of(subject, "approval_cancelled"), said, subject_id=subject.id)
    return True


def _pieces(session: Session, subject: Subject) -> list[int]:
    return pinned(pieces_for(session, subject.workspace_id, subject.draft))


def _digest(seen: object) -> str:
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
