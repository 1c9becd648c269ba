"""The page of a template on which kind of notice it is, and whether it is a service notice."""

from __future__ import annotations

from functools import partial

from flask import flash, redirect, render_template, request, url_for

from app.emails import notices, templates
from app.emails.models import Template
from app.emails.templates import newest_of
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.notice_forms import NoticeForm
from app.people.roles import Permission
from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.topics import topics
from app.refusals import Refused
from app.web.request import db, may, me, roll_back
from app.words import _


@blueprint.route("/<int:template_id>/notice", methods=["GET", "POST"])
@may(Permission.WRITE)
def notice(template_id: int) -> Page:
    """Choose the kind of notice; who may approve also declares a service notice."""
    template = templates.find_template(db(), me(), template_id)
    if request.method == "GET":
        return _page(template, NoticeForm.of(template.topic_id, template.service_scope, template.service_reason))
    form = NoticeForm()
    try:
        form.save(
            template.service_scope,
            template.service_reason,
            partial(notices.change_topic, db(), me(), template_id),
            partial(notices.declare, db(), me(), template_id),
        )
    except Refused as refusal:
        roll_back()
        form.show(refusal)
        return _page(template, form), 422
    flash(_("Saved. It holds for sends that are begun from now on."))
    return redirect(url_for("emails.notice", template_id=template_id))


def _page(template: Template, form: NoticeForm) -> str:
    present = db().get(Topic, template.topic_id) if template.topic_id else None
    form.offer(topics(db(), me().workspace_id), present)
    newest = newest_of(db(), [template.id]).get(template.id)
    return render_template(
        "emails/notice.html",
        template=template,
        form=form,
        newest=newest,
        is_covered=newest is not None and newest.id == template.service_version_id,
    )
