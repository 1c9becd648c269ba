"""What is pressed on the page of publishing when it needs approval: publish, send back, take back."""

from __future__ import annotations

from flask import flash, redirect, url_for

from app.emails import approving, publishing, version_views
from app.emails.blueprint import Page, blueprint
from app.people.approval import find_request
from app.people.approval_models import ApprovalRequest
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.sends.approval_forms import SendBackForm
from app.web.request import db, may, me, roll_back, services
from app.words import _, joined


@blueprint.post("/<int:template_id>/approval/<int:request_id>/publish")
@may(Permission.APPROVE)
def publish_approved(template_id: int, request_id: int) -> Page:
    """Publish what somebody else put up."""
    _check(template_id, request_id)
    try:
        asked, version = approving.approve(db(), me(), request_id, services().renderer)
    except publishing.CannotPublish as refusal:
        roll_back()
        return version_views.publish_page(template_id, problems=refusal.problems), 422
    except Refused as refusal:
        return version_views.publish_page(template_id, problems=[refusal.words]), 422
    if version is None:
        flash(joined([asked.words, _("Nothing was published: the approval is cancelled.")]), "warn")
        return redirect(url_for("emails.publish", template_id=template_id))
    flash(_("Published as version %(number)s. New sends use it.", number=str(version.number)))
    return redirect(url_for("emails.version", version_id=version.id))


@blueprint.post("/<int:template_id>/approval/<int:request_id>/send-back")
@may(Permission.APPROVE)
def send_back_draft(template_id: int, request_id: int) -> Page:
    """Send a draft back with a reason."""
    asked = _check(template_id, request_id)
    form = SendBackForm()
    try:
        approving.send_back(db(), me(), request_id, form.reason.data or "")
    except Refused as refusal:
        form.show(refusal)
        return version_views.publish_page(template_id, back_form=form), 422
    flash(_("Sent back. %(name)s sees your reason.", name=asked.asker.name))
    return redirect(url_for("web.home"))


@blueprint.post("/<int:template_id>/approval/take-back")
@may(Permission.WRITE)
def take_back_draft(template_id: int) -> Page:
    """Put a draft up no longer."""
    approving.take_back(db(), me(), template_id)
    flash(_("Taken back. Nothing is published."))
    return redirect(url_for("emails.publish", template_id=template_id))


def _check(template_id: int, request_id: int) -> ApprovalRequest:
    asked = find_request(db(), me(), request_id)
    if asked.template_id != template_id:
        raise NotThere("request")
    return asked
