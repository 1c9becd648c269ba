"""The page on which the people of a draft are chosen from several lists and segments, and how they are counted."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from wtforms import RadioField, SelectField

from app.people.roles import Permission
from app.recipients.finding.walking import Counted, count_on
from app.recipients.views.counts import counted_so_far, next_step
from app.refusals import Refused
from app.sends import audience, choosing, compose
from app.sends.audience_parts import parts_of, words_of
from app.sends.control import find_send
from app.sends.models import ReviewState, Send, SendKind
from app.sends.views.blueprint import STEPS, Page, blueprint
from app.web.forms import Form
from app.web.numbers import row_number
from app.web.request import db, is_htmx, may, me
from app.words import _, _n, in_a_row


class PartForm(Form):
    """One more list or segment."""

    part = SelectField(_("List or segment"), validate_choice=False)
    how = RadioField(
        _("What to do with them"),
        choices=[("include", _("Write to them")), ("exclude", _("Leave them out"))],
        default="include",
        validate_choice=False,
    )


@blueprint.app_context_processor
def _whom() -> dict[str, object]:
    return {"whom": whom, "is_combined": lambda send: audience.is_combined(db(), send)}


@blueprint.get("/<int:send_id>/people")
@may(Permission.SEND)
def people(send_id: int) -> Page:
    """Show which lists and segments a draft goes to, and which it leaves out."""
    return _people_page(_list_draft(send_id), PartForm(formdata=None))


@blueprint.post("/<int:send_id>/people/add")
@may(Permission.SEND)
def add_part(send_id: int) -> Page:
    """Write also to a list or segment, or leave its people out; it is kept at once."""
    form = PartForm()
    try:
        list_id, segment_id = _part(form.part.data)
        is_excluded = form.how.data == "exclude"
        replaced = choosing.add_part(
            db(), me(), send_id, list_id=list_id, segment_id=segment_id, is_excluded=is_excluded
        )
    except Refused as refusal:
        form.show(refusal)
        return _people_page(_list_draft(send_id), form), 422
    if replaced:
        flash(
            _(
                "It takes the place of %(these)s: both together would be the whole list.",
                these=in_a_row(replaced, _("%(first)s and %(second)s")),
            )
        )
    return redirect(url_for("sends.people", send_id=send_id))


@blueprint.post("/<int:send_id>/people/remove")
@may(Permission.SEND)
def remove_part(send_id: int) -> Page:
    """Take a list or segment away again."""
    form = PartForm(formdata=None)
    try:
        list_id, segment_id = _part(request.form.get("part"))
        choosing.remove_part(db(), me(), send_id, list_id=list_id, segment_id=segment_id)
    except Refused as refusal:
        form.form_errors.append(refusal.words)
        return _people_page(_list_draft(send_id), form), 409
    return redirect(url_for("sends.people", send_id=send_id))


@blueprint.post("/<int:send_id>/people/first")
@may(Permission.SEND)
def put_first(send_id: int) -> Page:
    """Let a list's data go before that of the others."""
    find_send(db(), me(), send_id)
    list_id, segment_id = _part(request.form.get("part"))
    choosing.put_first(db(), me(), send_id, list_id=list_id, segment_id=segment_id)
    return redirect(url_for("sends.people", send_id=send_id))


@blueprint.get("/<int:send_id>/people/count")
@may(Permission.SEND)
def count_people(send_id: int) -> Page:
    """Count the people for a moment, from where the last answer ended; htmx asks until everybody was looked at."""
    send = find_send(db(), me(), send_id)
    try:
        audience.check(db(), send)
        counted = count_on(db(), audience.streams(db(), send), counted_so_far())
    except Refused as refusal:
        return render_template("recipients/_count.html", refusal=refusal.words)
    if is_htmx():
        return render_template("recipients/_count.html", counted=counted, **_counting(send, counted))
    return _people_page(_list_draft(send_id), PartForm(formdata=None), counted)


def whom(send: Send) -> dict[str, Any]:
    """Say for a page whom a list send goes to: in words, and how many if that is known without counting people."""
    parts = parts_of(db(), send)
    if not parts:
        return {}
    several = audience.is_combined(db(), send)
    known = send.review_total if several and send.review_state is ReviewState.DONE else None
    return {
        "words": words_of(parts),
        "count": known if several else audience.size(db(), send),
        "is_several": len(parts) > 1,
        **_counting(send, None),
    }


def _list_draft(send_id: int) -> Send:
    """Find a draft to lists. Raises Refused."""
    send = compose.draft_of(db(), me(), send_id)
    if send.kind is not SendKind.LIST:
        raise Refused(_("Only a send to lists has several of them."))
    return send


def _part(value: str | None) -> tuple[int, int | None]:
    """Read a chosen list and segment: `3-0` is a whole list. Raises Refused."""
    try:
        list_id, segment_id = (row_number(one) for one in (value or "").split("-"))
    except ValueError as error:
        raise Refused(_("Choose a list or a segment."), field="part") from error
    return list_id, segment_id or None


def _counting(send: Send, counted: Counted | None) -> dict[str, Any]:
    step = next_step(counted) if counted is not None else {}
    where: dict[str, Any] = {"send_id": send.id, **(step or {})}
    return {
        "next_url": None if step is None else url_for("sends.count_people", **where),
        "total": audience.most(parts_of(db(), send)),
    }


def _people_page(send: Send, form: PartForm, counted: Counted | None = None) -> str:
    form.part.choices = {
        one.name: [
            (
                f"{one.id}-0",
                _n(
                    "Everybody on %(list_name)s (%(count)s person)",
                    "Everybody on %(list_name)s (%(count)s people)",
                    one.recipient_count,
                    list_name=one.name,
                ),
            ),
            *(
                (
                    f"{one.id}-{segment.id}",
                    _("“%(segment)s” of %(of_list)s", segment=segment.name, of_list=one.name),
                )
                for segment in segments
            ),
        ]
        for one, segments in choosing.choices(db(), me())
    }
    parts = parts_of(db(), send)
    return render_template(
        "sends/people.html",
        send=send,
        steps=STEPS,
        form=form,
        parts=parts,
        words=words_of(parts),
        counted=counted,
        **_counting(send, counted),
    )
