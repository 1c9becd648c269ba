"""The page of a draft send on which kind of notice it is, and whether it is a service notice."""

from __future__ import annotations

from functools import partial

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
from app.web.request import db, may, me, roll_back
from app.words import _


@blueprint.app_context_processor
def _notice_words() -> dict[str, object]:
    return {"SCOPE_WORDS": SCOPE_WORDS, "topic_of": _topic_of}


@blueprint.route("/<int:send_id>/notice", methods=["GET", "POST"])
@may(Permission.SEND)
def notice(send_id: int) -> Page:
    """Choose the kind of notice; who may approve also declares a service notice."""
    send = compose.draft_of(db(), me(), send_id)
    if request.method == "GET":
        return _page(send, NoticeForm.of(send.topic_id, send.service_scope, send.service_reason))
    form = NoticeForm()
    try:
        form.save(
            send.service_scope,
            send.service_reason,
            partial(notices.change_topic, db(), me(), send_id),
            partial(notices.declare, db(), me(), send_id),
        )
    except Refused as refusal:
        roll_back()
        form.show(refusal)
        return _page(send, form), 422
    flash(_("Saved."))
    return redirect(url_for("sends.review", send_id=send_id))


def _page(send: Send, form: NoticeForm) -> str:
    form.offer(topics(db(), me().workspace_id), _topic_of(send.topic_id))
    return render_template("sends/notice.html", send=send, form=form)


def _topic_of(topic_id: int | None) -> Topic | None:
    return db().get(Topic, topic_id) if topic_id else None
