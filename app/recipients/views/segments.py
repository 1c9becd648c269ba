"""Pages of segments: the filters over a list that have a name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from app.people.roles import Permission
from app.recipients.finding import segments
from app.recipients.finding.filtering import Filter
from app.recipients.finding.keying import require_ready
from app.recipients.finding.models import Segment
from app.recipients.finding.walking import Counted, Stream, count_on, first_people
from app.recipients.lists import MAX_LIST_NAME, find_list
from app.recipients.models import Recipient, RecipientList
from app.recipients.views.blueprint import Page
from app.recipients.views.counts import NOT_COUNTED_YET, NOTHING_COUNTED, counted_so_far, counting_url, next_step
from app.recipients.views.filter_form import (
    ADD,
    REMOVE,
    FilterForm,
    filter_arguments,
    filter_form_of,
    read_filter_form,
)
from app.refusals import Refused
from app.sends.usage import unfinished_sends_of_segment
from app.web.forms import Form, strip
from app.web.request import db, is_htmx, may, me
from app.words import _

blueprint = Blueprint("segments", __name__, url_prefix="/lists/<int:list_id>/segments")

FIRST = 20
"""People that a segment's page shows."""


class SegmentForm(Form):
    """The name of a segment; the rows of its filter stand beside it."""

    name = StringField(
        _("Name of the segment"),
        [InputRequired(_("Give the segment a name.")), Length(max=MAX_LIST_NAME)],
        filters=[strip],
    )
    seen = IntegerField(widget=HiddenInput())
    """The change number that the person looks at; two windows must not undo each other's work."""


@blueprint.get("")
@may(Permission.LOOK)
def index(list_id: int) -> Page:
    """Every segment of a list."""
    of_list = find_list(db(), me(), list_id)
    rows = [(one, segments.filter_words(one)) for one in segments.segments_of(db(), list_id)]
    return render_template("recipients/segments.html", list=of_list, segments=rows)


@blueprint.route("/new", methods=["GET", "POST"])
@may(Permission.WRITE)
def new(list_id: int) -> Page:
    """Make a segment; a filter in the address is there already."""
    of_list = find_list(db(), me(), list_id)
    form, rows = SegmentForm(), read_filter_form(request.values, of_list)
    if request.method == "GET" or _only_rows():
        return _form_page(of_list, None, form, rows)
    wanted = rows.checked(of_list)
    if "look" in request.form:
        return _form_page(of_list, None, form, rows, wanted)
    if form.validate() and wanted is not None:
        try:
            made = segments.make_segment(db(), me(), list_id, name=form.name.data or "", wanted=wanted)
        except Refused as refusal:
            _show(form, rows, refusal)
        else:
            flash(_("The segment “%(made_name)s” is saved.", made_name=made.name))
            return redirect(url_for(".show", list_id=list_id, segment_id=made.id))
    return _form_page(of_list, None, form, rows), 422


@blueprint.get("/<int:segment_id>")
@may(Permission.LOOK)
def show(list_id: int, segment_id: int) -> Page:
    """One segment: its filter, how many people it has, and the first of them."""
    return _segment_page(segments.find_segment(db(), me(), list_id, segment_id), None)


@blueprint.get("/<int:segment_id>/count")
@may(Permission.LOOK)
def count(list_id: int, segment_id: int) -> Page:
    """Count the people for a moment, from where the last answer ended; htmx asks until everybody was looked at."""
    segment = segments.find_segment(db(), me(), list_id, segment_id)
    try:
        require_ready(db(), segment.list)
        counted = count_on(db(), [segments.stream_of(segment)], counted_so_far())
    except Refused as refusal:
        return (
            render_template("recipients/_count.html", refusal=refusal.words)
            if is_htmx()
            else _segment_page(segment, None)
        )
    if not is_htmx():
        return _segment_page(segment, counted)
    return render_template("recipients/_count.html", counted=counted, **_counting(segment, counted))


@blueprint.route("/<int:segment_id>/change", methods=["GET", "POST"])
@may(Permission.WRITE)
def change(list_id: int, segment_id: int) -> Page:
    """Change a segment's name or filter."""
    segment = segments.find_segment(db(), me(), list_id, segment_id)
    if request.method == "GET":
        form = SegmentForm(formdata=None, name=segment.name, seen=segment.change_number)
        return _form_page(segment.list, segment, form, filter_form_of(segments.filter_of(segment), segment.list))
    form, rows = SegmentForm(), read_filter_form(request.form, segment.list)
    if _only_rows():
        return _form_page(segment.list, segment, form, rows)
    wanted = rows.checked(segment.list)
    if "look" in request.form:
        return _form_page(segment.list, segment, form, rows, wanted)
    if form.validate() and wanted is not None:
        name, seen = form.name.data or "", form.seen.data or 0
        try:
            segments.change_segment(db(), me(), list_id, segment_id, name=name, wanted=wanted, seen=seen)
        except Refused as refusal:
            _show(form, rows, refusal)
        else:
            flash(_("The segment “%(segment_name)s” is saved.", segment_name=segment.name))
            return redirect(url_for(".show", list_id=list_id, segment_id=segment_id))
    return _form_page(segment.list, segment, form, rows), 422


@blueprint.post("/<int:segment_id>/delete")
@may(Permission.WRITE)
def delete(list_id: int, segment_id: int) -> Page:
    """Delete a segment. Nobody leaves the list."""
    segment = segments.find_segment(db(), me(), list_id, segment_id, lock=True)
    used = unfinished_sends_of_segment(db(), me(), segment_id)
    try:
        name = segments.delete_segment(db(), me(), list_id, segment_id, unfinished_sends=used)
    except Refused as refusal:
        return _segment_page(segment, None, [refusal.words]), 409
    flash(_("The segment “%(name)s” is deleted. Nobody left the list.", name=name))
    return redirect(url_for(".index", list_id=list_id))


@blueprint.get("/filter")
@may(Permission.LOOK)
def filter_rows(list_id: int) -> Page:
    """The rows of the filter, with one added or removed."""
    rows = read_filter_form(request.args, find_list(db(), me(), list_id))
    return render_template("recipients/_filter.html", filter_form=rows, filter_rows_url=_rows_url(list_id))


def _only_rows() -> bool:
    return ADD in request.form or REMOVE in request.form


def _rows_url(list_id: int) -> str:
    return url_for("segments.filter_rows", list_id=list_id)


def _counting(segment: Segment, counted: Counted | None) -> dict[str, object]:
    step = next_step(counted)
    where: dict[str, Any] = {"list_id": segment.list_id, "segment_id": segment.id, **(step or {})}
    return {
        "next_url": None if step is None else url_for("segments.count", **where),
        "total": segment.list.recipient_count,
    }


def _segment_page(segment: Segment, counted: Counted | None, problems: list[str] | None = None) -> str:
    people, is_whole, problems = _first(segment.list, segments.filter_of(segment), problems or [])
    return render_template(
        "recipients/segment.html",
        list=segment.list,
        segment=segment,
        words=segments.filter_words(segment),
        counted=counted,
        people=people,
        here=filter_arguments(segments.filter_of(segment)),
        is_whole=is_whole,
        most=FIRST,
        problems=problems,
        used=unfinished_sends_of_segment(db(), me(), segment.id),
        **_counting(segment, counted),
    )


def _form_page(
    of_list: RecipientList, segment: Segment | None, form: SegmentForm, rows: FilterForm, look: Filter | None = None
) -> str:
    people, is_whole, problems = _first(of_list, look, []) if look else (None, True, [])
    counted = None
    if look and people is not None:
        counted = count_on(db(), [Stream(of_list.id, (segments.clause(of_list, look),))], NOTHING_COUNTED)
    here = filter_arguments(look) if look else {}
    return render_template(
        "recipients/segment_form.html",
        list=of_list,
        segment=segment,
        form=form,
        filter_form=rows,
        filter_rows_url=_rows_url(of_list.id),
        people=people,
        here=here,
        counted=counted,
        not_counted="" if counted else NOT_COUNTED_YET,
        total=of_list.recipient_count,
        next_url=counting_url(of_list, here, counted) if counted else None,
        is_whole=is_whole,
        most=FIRST,
        problems=[*form.form_errors, *problems],
    )


def _first(
    of_list: RecipientList, wanted: Filter, problems: list[str]
) -> tuple[list[Recipient] | None, bool, list[str]]:
    """Give the first people of a filter, whether there was time to look at all, and what stands in the way."""
    try:
        require_ready(db(), of_list)
        people, is_whole = first_people(db(), Stream(of_list.id, (segments.clause(of_list, wanted),)), FIRST)
    except Refused as refusal:
        return None, False, [*problems, refusal.words]
    return people, is_whole, problems


def _show(form: SegmentForm, rows: FilterForm, refusal: Refused) -> None:
    """Put a refusal beside its field; those of the filter stand above its rows."""
    if refusal.field == "filter":
        rows.problems.append(refusal.words)
    else:
        form.show(refusal)
