"""Pages of the columns of a list."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for

from app.people.roles import Permission
from app.recipients import lists
from app.recipients.changes import columns as column_changes
from app.recipients.changes import words as change_words
from app.recipients.changes.models import GOING, ListChange
from app.recipients.columns import KIND_WORDS, KIND_WORDS_INSIDE, ColumnKind, kind_of
from app.recipients.models import RecipientList
from app.recipients.views.blueprint import Page, blueprint
from app.recipients.views.forms import ColumnForm, ColumnKindForm, ColumnNameForm
from app.refusals import NotThere, Refused
from app.sends.column_uses import uses_of_column
from app.web.request import db, may, me
from app.words import _


@blueprint.route("/<int:list_id>/columns", methods=["GET", "POST"])
@may(Permission.LOOK, to_change=Permission.WRITE)
def columns(list_id: int) -> Page:
    """The columns of a list; POST adds one."""
    found = lists.find_list(db(), me(), list_id)
    form = ColumnForm()
    if form.validate_on_submit():
        try:
            kind = ColumnKind(form.kind.data or ColumnKind.TEXT)
            column = column_changes.add_column(db(), me(), list_id, form.column_name.data or "", kind)
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("The list has a column “%(column)s” now. It is empty for everybody.", column=column))
            return redirect(url_for(".columns", list_id=list_id))
    kinds = {one: KIND_WORDS[kind_of(found.column_kinds, one)] for one in found.columns}
    page = render_template("recipients/columns.html", list=found, form=form, kinds=kinds)
    return page, 422 if form.errors or form.form_errors else 200


@blueprint.get("/<int:list_id>/columns/<column>")
@may(Permission.LOOK)
def column(list_id: int, column: str) -> Page:
    """One column: what uses it, its name, what it holds, and removing it."""
    return _column_page(lists.find_list(db(), me(), list_id), column)


@blueprint.post("/<int:list_id>/columns/<column>/rename")
@may(Permission.WRITE)
def rename_column(list_id: int, column: str) -> Page:
    """Give a column another name."""
    form = ColumnNameForm()
    try:
        change = column_changes.rename_column(db(), me(), list_id, column, form.column_name.data or "")
    except Refused as refusal:
        form.show(refusal)
        return _column_page(lists.find_list(db(), me(), list_id), column, name_form=form), 422
    found = lists.find_list(db(), me(), list_id)
    if change is not None:
        _say(found, change)
    return redirect(url_for(".columns", list_id=list_id))


@blueprint.post("/<int:list_id>/columns/<column>/kind")
@may(Permission.WRITE)
def change_kind(list_id: int, column: str) -> Page:
    """Say what a column holds."""
    form = ColumnKindForm()
    if not form.validate_on_submit():
        return _column_page(lists.find_list(db(), me(), list_id), column, kind_form=form), 422
    try:
        kind = ColumnKind(form.kind.data)
        column_changes.change_kind(db(), me(), list_id, column, kind)
    except Refused as refusal:
        form.show(refusal)
        return _column_page(lists.find_list(db(), me(), list_id), column, kind_form=form), 422
    flash(
        _(
            "The column “%(column)s” holds: %(kind)s. The cells stay as they are typed.",
            column=column,
            kind=KIND_WORDS_INSIDE[kind],
        )
    )
    return redirect(url_for(".columns", list_id=list_id))


@blueprint.post("/<int:list_id>/columns/<column>/remove")
@may(Permission.WRITE)
def remove_column(list_id: int, column: str) -> Page:
    """Remove a column with everybody's cells."""
    try:
        change = column_changes.remove_column(db(), me(), list_id, column)
    except Refused as refusal:
        flash(refusal.words, "warn")
    else:
        _say(lists.find_list(db(), me(), list_id), change)
    return redirect(url_for(".show", list_id=list_id))


def _column_page(
    found: RecipientList,
    column: str,
    *,
    name_form: ColumnNameForm | None = None,
    kind_form: ColumnKindForm | None = None,
) -> str:
    if column not in found.columns:
        raise NotThere("column")
    filled, looked = column_changes.filled(db(), found.id, column)
    kind = kind_of(found.column_kinds, column)
    return render_template(
        "recipients/column.html",
        list=found,
        column=column,
        filled=filled,
        is_all=looked < column_changes.FILLED_LOOKED or looked >= found.recipient_count,
        looked=looked,
        uses=uses_of_column(db(), me(), found.id, column),
        name_form=name_form or ColumnNameForm(formdata=None, data={"column_name": column}),
        kind_form=kind_form or ColumnKindForm(formdata=None, data={"kind": str(kind)}),
    )


def _say(found: RecipientList, change: ListChange) -> None:
    if change.state in GOING:
        flash(_("This goes on in the background; the list says how far it is."), "info")
    else:
        flash(f"{change_words.done_words(found, change)}.")
