"""The page of a draft send on which kind of notice it is, and whether it is a service notice."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.emails.views.notice_forms import NoticeForm
from app.people.roles import Permission
from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.notices import SCOPE_WORDS
from app.recipients.unsubscribing.topics import topics
from app.refusals import Refused
from app.sends import compose, notices
from app.sends.models import Send
from app.sends.views.blueprint import Page, blueprint
from app.web.request import db, may, me
from app.words import _


@blueprint.app_context_processor
def _notice_words() -> dict[str, object]:
    return {"SCOPE_WORDS": SCOPE_WORDS, "topic_of": _topic_of}


@blueprint.route("/<int:send_id>/notice", methods=["GET", "POST"])
@may(Permission.SEND)
def notice(send_id: int) -> Page:
    """Choose the kind of notice."""
    send = compose.draft_of(db(), me(), send_id)
    if request.method == "GET":
        return _page(send, NoticeForm.of(send.topic_id, send.service_scope, send.service_reason))
    form = NoticeForm()
    try:
        notices.change_topic(db(), me(), send_id, form.topic.data or 0)
    except Refused as refusal:
        form.show(refusal)
        return _page(send, form), 422
    flash(_("The kind of notice is saved."))
    return redirect(url_for("sends.review", send_id=send_id))


@blueprint.post("/<int:send_id>/notice/service")
@may(Permission.ADMINISTER)
def declare_service(send_id: int) -> Page:
    """Declare a service notice, or take it back."""
    send = compose.draft_of(db(), me(), send_id)
    form = NoticeForm()
    try:
        notices.declare(db(), me(), send_id, form.chosen_scope(), form.reason.data or "")
    except Refused as refusal:
        form.topic.data = send.topic_id or 0
        form.show(refusal)
        return _page(send, form), 422
    flash(_("Saved. It stands in the activity."))
    return redirect(url_for("sends.review", send_id=send_id))


def _page(send: Send, form: NoticeForm) -> str:
    form.offer(topics(db(), me().workspace_id), _topic_of(send.topic_id))
    return render_template("sends/notice.html", send=send, form=form)


def _topic_of(topic_id: int | None) -> Topic | None:
    return db().get(Topic, topic_id) if topic_id else None
