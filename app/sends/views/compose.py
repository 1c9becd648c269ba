"""Composing, a page a step: template and people, sender and headers; values and files are in `files`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.emails.templates import newest_versions
from app.people.roles import Permission
from app.people.senders import senders
from app.recipients.finding.models import Segment
from app.recipients.finding.segments import find_segment
from app.recipients.lists import all_lists
from app.refusals import NotThere, Refused
from app.sends import compose
from app.sends.audience import is_combined
from app.sends.choosing import only_segment
from app.sends.models import Send, SendKind
from app.sends.views.blueprint import STEPS, Page, blueprint
from app.sends.views.forms import SenderForm, WhatForm, chosen_row, list_choices
from app.web.header_rows import Composer, answer, composer, given_headers, is_header_action
from app.web.numbers import row_number
from app.web.request import db, may, me
from app.words import _


@blueprint.route("/new", methods=["GET", "POST"])
@may(Permission.SEND)
def new() -> Page:
    """Begin a send."""
    form = WhatForm()
    if request.method == "GET":
        form.version.data = request.args.get("version", type=row_number) or 0
        form.list.data = request.args.get("list", type=row_number) or 0
        form.segment.data = request.args.get("segment", "")
        return _what_page(form, None)
    if form.validate():
        try:
            segment = _segment(form)
            send = compose.start_send(
                db(),
                me(),
                version_id=form.version.data or 0,
                kind=SendKind(form.kind.data),
                list_id=segment.list_id if segment else form.list.data,
                addresses=form.addresses(),
            )
            if segment is not None and send.kind is SendKind.LIST:
                only_segment(db(), me(), send.id, segment.id)
        except Refused as refusal:
            form.show(refusal)
        else:
            _tell_of_twins(send, form)
            return _behind_what(send)
    return _what_page(form, None), 422


@blueprint.route("/<int:send_id>/what", methods=["GET", "POST"])
@may(Permission.SEND)
def what(send_id: int) -> Page:
    """Change template or people."""
    send = compose.draft_of(db(), me(), send_id)
    if request.method == "GET":
        form = WhatForm(formdata=None, version=send.template_version_id, kind=str(send.kind), list=send.list_id or 0)
        for name in ("to", "cc", "bcc"):
            form[name].data = compose.as_typed(getattr(send, name))
        return _what_page(form, send)
    form = WhatForm()
    if form.validate():
        try:
            compose.change_what(
                db(),
                me(),
                send_id,
                version_id=form.version.data or 0,
                list_id=send.list_id if is_combined(db(), send) else form.list.data,
                addresses=form.addresses(),
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            _tell_of_twins(send, form)
            return _behind_what(send)
    return _what_page(form, send), 422


@blueprint.route("/<int:send_id>/sender", methods=["GET", "POST"])
@may(Permission.SEND)
def sender(send_id: int) -> Page:
    """Choose sender, Reply-To and headers."""
    send = compose.draft_of(db(), me(), send_id)
    if request.method == "GET":
        form = SenderForm(formdata=None, sender=send.sender_identity_id or 0, reply_to=send.reply_to)
        return _sender_page(form, send, _pairs(send.headers))
    form, headers = SenderForm(), _given_headers(send)
    if is_header_action() or _wants_template_headers():
        return _sender_page(form, send, headers)
    if form.validate():
        try:
            compose.change_sender(
                db(), me(), send_id, sender_id=form.sender.data or 0, reply_to=form.reply_to.data or "", headers=headers
            )
        except compose.BadHeaders:
            pass  # each is said beside its header
        except Refused as refusal:
            form.show(refusal)
        else:
            return redirect(url_for("sends.values", send_id=send_id))
    return _sender_page(form, send, headers), 422


@blueprint.post("/<int:send_id>/headers")
@may(Permission.SEND)
def check_headers(send_id: int) -> Page:
    """Answer with what is wrong with the headers typed so far; with the composer when one of its buttons asks."""
    send = compose.draft_of(db(), me(), send_id)
    return answer(_composer(send, _given_headers(send)))


@blueprint.post("/<int:send_id>/delete")
@may(Permission.SEND)
def delete(send_id: int) -> Page:
    """Throw a draft away."""
    compose.delete_draft(db(), me(), send_id)
    flash(_("The draft is deleted. Nothing was sent."))
    return redirect(url_for("sends.index"))


def _behind_what(send: Send) -> Page:
    """Go on to the sender; before that to the people, when somebody wants several lists or a part of one."""
    several = "several" in request.form and send.kind is SendKind.LIST
    return redirect(url_for("sends.people" if several else "sends.sender", send_id=send.id))


def _segment(form: WhatForm) -> Segment | None:
    """Give the segment that a new send begins with; None for most."""
    segment_id = chosen_row(form.segment.data)
    try:
        return find_segment(db(), me(), None, segment_id) if segment_id else None
    except NotThere:
        return None


def _tell_of_twins(send: Send, form: WhatForm) -> None:
    twins = compose.left_out_twins(send, form.addresses()) if send.kind is SendKind.DIRECT else 0
    if twins:
        flash(_("An address typed more than once is written to only once."))


def _what_page(form: WhatForm, send: Send | None) -> str:
    versions = newest_versions(db(), me())
    form.version.choices = [(one.id, one.title) for one in versions]
    if send is not None and send.template_version is not None and send.template_version not in versions:
        form.version.choices.insert(0, (send.template_version.id, send.template_version.title))
    lists = all_lists(db(), me())
    form.list.choices = list_choices(lists)
    return render_template(
        "sends/what.html",
        form=form,
        send=send,
        steps=STEPS,
        has_versions=bool(versions),
        has_lists=bool(lists),
        segment=_segment(form),
    )


def _sender_page(form: SenderForm, send: Send, headers: Sequence[tuple[str, str]]) -> str:
    offered = senders(db(), me().workspace_id)
    form.sender.choices = [(one.id, one.title) for one in offered]
    return render_template(
        "sends/sender.html",
        form=form,
        send=send,
        steps=STEPS,
        has_senders=bool(offered),
        **_composer(send, headers),
    )


def _composer(send: Send, headers: Sequence[tuple[str, str]]) -> dict[str, Composer]:
    check_url = url_for("sends.check_headers", send_id=send.id)
    return composer(headers, check_url=check_url, from_template=_template_headers(send))


def _given_headers(send: Send) -> list[tuple[str, str]]:
    return _template_headers(send) if _wants_template_headers() else given_headers()


def _wants_template_headers() -> bool:
    return request.form.get("action", "").startswith("template-headers")


def _template_headers(send: Send) -> list[tuple[str, str]]:
    return _pairs(send.template_version.content.headers) if send.template_version is not None else []


def _pairs(headers: Iterable[Any]) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers]
