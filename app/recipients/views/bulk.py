"""Changing or removing many people of a list at once, and undoing what was done to a list."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for

from app.audit.trail import of_list
from app.people.accounts import team
from app.people.roles import Permission
from app.recipients import lists
from app.recipients.changes import running as changes
from app.recipients.changes import words as change_words
from app.recipients.changes.models import GOING, ChangeKind, ListChange
from app.recipients.checking import MAX_CELL
from app.recipients.finding import selecting
from app.recipients.finding.selecting import Selection
from app.recipients.imports import uploads
from app.recipients.models import RecipientList
from app.recipients.views.blueprint import Page, blueprint
from app.recipients.views.forms import SetColumnForm
from app.recipients.views.viewing import hidden_fields, read_wanted, way_back
from app.refusals import Refused
from app.web.numbers import row_number
from app.web.request import db, is_htmx, may, me
from app.words import _

ENTRIES_ON_A_PAGE = 50


@blueprint.get("/<int:list_id>/bulk")
@may(Permission.WRITE)
def bulk(list_id: int) -> Page:
    """Ask what to do with the people who are ticked, or with all that are found; says how many they are."""
    return _bulk_page(lists.find_list(db(), me(), list_id))


@blueprint.post("/<int:list_id>/bulk")
@may(Permission.WRITE)
def change_many(list_id: int) -> Page:
    """Change one column of many people, or remove them."""
    found = lists.find_list(db(), me(), list_id)
    form = SetColumnForm()
    form.offer(found.columns)
    is_removal = request.form.get("do") == "remove"
    if not is_removal and not form.validate():
        return _bulk_page(found, form)
    try:
        selection = _selection(found)
        if is_removal:
            change = changes.begin(db(), me(), list_id, ChangeKind.REMOVE, selection)
        else:
            act = {"column": form.column.data, "value": _cell(form.value.data or "")}
            change = changes.begin(db(), me(), list_id, ChangeKind.SET, selection, act)
    except Refused as refusal:
        form.show(refusal)
        return _bulk_page(found, form)
    _say(found, change)
    return redirect(way_back(found, request.values))


@blueprint.get("/<int:list_id>/history")
@may(Permission.LOOK)
def history(list_id: int) -> Page:
    """Who did what to a list, and what can still be undone."""
    found = lists.find_list(db(), me(), list_id)
    entries = of_list(
        db(),
        found.workspace_id,
        list_id,
        before=request.args.get("before", type=row_number),
        limit=ENTRIES_ON_A_PAGE + 1,
    )
    more, entries = len(entries) > ENTRIES_ON_A_PAGE, entries[:ENTRIES_ON_A_PAGE]
    return render_template(
        "recipients/history.html",
        list=found,
        entries=entries,
        changes=changes.latest_changes(db(), list_id, limit=20),
        imports=uploads.imports_of_list(db(), me(), list_id),
        what_words=change_words.what_words,
        what_title=change_words.what_title,
        names={one.id: one.name for one in team(db(), found.workspace_id)},
        next_url=url_for(".history", list_id=list_id, before=entries[-1].id) if more else None,
    )


@blueprint.post("/<int:list_id>/changes/<int:change_id>/undo")
@may(Permission.WRITE)
def undo(list_id: int, change_id: int) -> Page:
    """Undo a change."""
    found = lists.find_list(db(), me(), list_id)
    try:
        change = changes.undo(db(), me(), list_id, change_id)
    except Refused as refusal:
        flash(refusal.words, "warn")
    else:
        _say(found, change)
    return redirect(way_back(found, request.args))


@blueprint.post("/<int:list_id>/changes/<int:change_id>/stop")
@may(Permission.WRITE)
def stop_change(list_id: int, change_id: int) -> Page:
    """Stop a large change half-way."""
    found = lists.find_list(db(), me(), list_id)
    try:
        change = changes.stop(db(), me(), list_id, change_id)
    except Refused as refusal:
        flash(refusal.words, "warn")
    else:
        _say(found, change)
    return redirect(way_back(found, request.args))


@blueprint.get("/<int:list_id>/changes/<int:change_id>")
@may(Permission.LOOK)
def change_progress(list_id: int, change_id: int) -> Page:
    """How far a large change is, for htmx; without it the list's page."""
    found = lists.find_list(db(), me(), list_id)
    change = changes.find_change(db(), me(), list_id, change_id)
    if not is_htmx():
        return redirect(way_back(found, request.args))
    if change.state not in GOING:
        return Response(headers={"HX-Refresh": "true"})  # the people are others now
    return render_template(
        "recipients/_change.html",
        list=found,
        here=read_wanted(found, request.args).here(),
        change=change,
        what_words=change_words.what_words,
        names={one.id: one.name for one in team(db(), found.workspace_id)},
    )


def _selection(found: RecipientList) -> Selection:
    """Read whom the form is about. Raises Refused."""
    values = request.values
    if values.get("all") == "yes":
        wanted = read_wanted(found, values)
        if wanted.is_editing:
            raise Refused(_("Something in the filter is not right. Go back and look at it."))
        return wanted.view.selection
    ids = []
    for text in values.getlist("person"):
        try:
            ids.append(row_number(text))
        except ValueError:
            continue
    return Selection(selecting.check_ticked(tuple(dict.fromkeys(ids))))


def _bulk_page(found: RecipientList, form: SetColumnForm | None = None) -> Page:
    try:
        selection = _selection(found)
        count, is_exact = selecting.count_people(db(), found, selection)
    except Refused as refusal:
        flash(refusal.words, "warn")
        return redirect(way_back(found, request.values))
    if form is None:
        form = SetColumnForm(formdata=None)
        form.offer(found.columns)
    whom: dict[str, Any] = {"person": list(selection.ids)} if selection.ids else {"all": "yes"}
    here = read_wanted(found, request.values).here()
    page = render_template(
        "recipients/bulk.html",
        list=found,
        form=form,
        count=count,
        people_words=selecting.people_words(count, is_exact),
        who_words=selecting.selection_words(found, selection),
        hidden=hidden_fields(here | whom),
        list_url=way_back(found, request.values),
    )
    return page, 422 if form.errors or form.form_errors else 200


def _cell(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n")[:MAX_CELL]


def _say(found: RecipientList, change: ListChange) -> None:
    if change.state in GOING:
        flash(_("This goes on in the background; the list says how far it is."), "info")
    elif change.state == "undone":
        flash(f"{change_words.undone_words(found, change)}.")
    else:
        flash(f"{change_words.done_words(found, change)}.")
