"""What is pressed on a page of publishing when it needs approval: publish, send back, take back."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, url_for

from app.emails import approving
from app.emails.approval_marks import subject_of
from app.emails.models import Piece, PieceVersion
from app.emails.publishing import CannotPublish
from app.emails.views import piece_publish, versions
from app.emails.views.blueprint import Page, blueprint
from app.people.approval import OVER_WORDS, find_request
from app.people.approval_models import ApprovalRequest, ApprovalState
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.sends.views.approval_forms import SendBackForm
from app.web.request import db, may, me, roll_back, services
from app.words import _, joined


@blueprint.post("/approval/<int:request_id>/publish")
@may(Permission.APPROVE)
def publish_approved(request_id: int) -> Page:
    """Publish what somebody else put up; of a layout or snippet with new versions of the ticked templates."""
    asked = _find(request_id)
    try:
        made = piece_publish.planned(asked.piece_id) if asked.piece_id is not None else None
        asked, version = approving.approve(db(), me(), request_id, services().renderer, made=made)
    except Refused as refusal:
        roll_back()
        problems = refusal.problems if isinstance(refusal, CannotPublish) else [refusal.words]
        return _page(_find(request_id), problems), 422
    if version is None:
        flash(joined([asked.words, _("Nothing was published: the approval is cancelled.")]), "warn")
        return redirect(_address(asked))
    if isinstance(version, PieceVersion):
        return piece_publish.published(version, len(made.changes) if made else 0)
    flash(_("Published as version %(number)s. New sends use it.", number=str(version.number)))
    return redirect(url_for("emails.version", version_id=version.id))


@blueprint.post("/approval/<int:request_id>/send-back")
@may(Permission.APPROVE)
def send_back_draft(request_id: int) -> Page:
    """Send a draft back with a reason."""
    asked, form = _find(request_id), SendBackForm()
    try:
        approving.send_back(db(), me(), request_id, form.reason.data or "")
    except Refused as refusal:
        form.show(refusal)
        return _page(asked, back_form=form), 422
    flash(_("Sent back. %(name)s sees your reason.", name=asked.asker.name))
    return redirect(url_for("web.home"))


@blueprint.post("/approval/<int:request_id>/take-back")
@may(Permission.WRITE)
def take_back_draft(request_id: int) -> Page:
    """Put a draft up no longer."""
    asked = approving.take_back(db(), me(), request_id)
    if asked.state is ApprovalState.TAKEN_BACK:
        flash(_("Taken back. Nothing is published."))
    else:
        flash(OVER_WORDS[asked.state], "warn")
    return redirect(_address(asked))


def _find(request_id: int) -> ApprovalRequest:
    asked = find_request(db(), me(), request_id)
    if asked.send_id is not None:
        raise NotThere("request")
    return asked


def _page(asked: ApprovalRequest, problems: Sequence[str] = (), back_form: SendBackForm | None = None) -> str:
    subject = subject_of(db(), asked)
    if isinstance(subject, Piece):
        return piece_publish.publish_page(subject, problems, back_form)
    return versions.publish_page(subject, problems, back_form)


def _address(asked: ApprovalRequest) -> str:
    if asked.piece_id is not None:
        return url_for("emails.publish_piece", piece_id=asked.piece_id)
    return url_for("emails.publish", template_id=asked.template_id)
