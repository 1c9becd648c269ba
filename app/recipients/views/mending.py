"""Mending the bad rows of an upload: one in its place or on a page of its own, all of a kind, or in a spreadsheet."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for

from app.people.roles import Permission
from app.recipients.checking import ProblemKind
from app.recipients.files.reading import MAX_COLUMNS
from app.recipients.imports import problems, uploads
from app.recipients.imports.choosing import take_over
from app.recipients.models import ListUpload
from app.recipients.views.blueprint import Page, blueprint, csv_response
from app.recipients.views.import_page import (
    address_of,
    chosen_on_page,
    kind_shown,
    refused_page,
    shown,
    shown_columns,
)
from app.refusals import NotThere, Refused
from app.web.looks import note_download
from app.web.request import db, is_htmx, may, me, services
from app.words import _

_CELL = "cell-"
"""Begins the names of form fields; the position of a column follows."""


@blueprint.get("/uploads/<int:upload_id>/rows/<int:line>")
@may(Permission.WRITE)
def bad_row(upload_id: int, line: int) -> Page:
    """Show one row to mend; htmx puts it in its place, or (`leave`) closes it there."""
    upload = uploads.find_upload(db(), me(), upload_id)
    row = problems.bad_row(db(), upload, line)
    template = "recipients/mend.html"
    if is_htmx():
        template = "recipients/_bad_row.html" if "leave" in request.args else "recipients/_mend_row.html"
    return render_template(template, upload=upload, row=row, columns=shown_columns(upload), kind=kind_shown())


@blueprint.post("/uploads/<int:upload_id>/rows/<int:line>")
@may(Permission.WRITE)
def mend(upload_id: int, line: int) -> Page:
    """Mend one row. Without scripts its button brings along what else was chosen on the page; that is taken over."""
    upload = uploads.find_upload(db(), me(), upload_id)
    left: problems.BadRow | None = None
    try:
        left = _mended(upload, line)
    except NotThere:
        words = _("Line %(line)s is good already.", line=line)
    except Refused as refusal:
        if not is_htmx():
            raise
        return render_template("recipients/_not_mended.html", line=line, words=refusal.words)
    else:
        words = (
            _("Line %(line)s is good now.", line=line)
            if left is None
            else _("Line %(line)s is still bad: %(words)s", line=line, words=left.words)
        )
    if is_htmx():
        columns = shown_columns(upload)
        return render_template(
            "recipients/_mended.html", line=line, words=words, row=left, row_columns=columns, **shown(upload)
        )
    db().commit()
    flash(words)
    if "way" in request.form and (answer := _taken_over(upload)) is not None:
        return answer
    if left is not None:
        return redirect(url_for(".bad_row", upload_id=upload_id, line=line, kind=kind_shown()))
    return redirect(address_of(upload_id))


@blueprint.post("/uploads/<int:upload_id>/suggestions")
@may(Permission.WRITE)
def use_suggestions(upload_id: int) -> Page:
    """Use the suggestions for all bad rows, or for those of one kind, and take over what else was chosen."""
    upload = uploads.find_upload(db(), me(), upload_id)
    chosen, kind = chosen_on_page(upload), kind_shown()
    uploads.use_suggestions(db(), me(), upload_id, [kind] if kind else list(ProblemKind))
    try:
        take_over(db(), services().database, me(), upload_id, chosen)
    except Refused as refusal:
        return refused_page(upload_id, chosen, refusal)
    db().commit()
    services().queue.import_list(upload_id)
    return redirect(address_of(upload_id))


@blueprint.get("/uploads/<int:upload_id>/rows-with-problems.csv")
@may(Permission.WRITE)
def bad_rows(upload_id: int) -> Response:
    """The bad rows with the reason in front, to be mended in a spreadsheet; written while they are read."""
    upload = uploads.find_upload(db(), me(), upload_id)
    note_download(
        "bad_rows_downloaded", _("Rows with problems of “%(list_name)s” downloaded", list_name=upload.list_name)
    )
    rows = problems.bad_rows_as_csv(services().database, upload)
    return csv_response(rows, _("%(list_name)s rows with problems", list_name=upload.list_name))


def _mended(upload: ListUpload, line: int) -> problems.BadRow | None:
    """Mend a row as the pressed button says; gives it while it is bad."""
    cells = _given_cells()
    if "use" in request.form:
        row = problems.bad_row(db(), upload, line)
        cells = [*[None] * (row.position or 0), row.better] if row.better else []
    return problems.mend_row(db(), me(), upload.id, line, cells, keep="keep" in request.form)


def _taken_over(upload: ListUpload) -> Page | None:
    """Take over what was chosen beside a row; gives the page when that is refused."""
    upload_id, chosen = upload.id, chosen_on_page(upload)
    try:
        is_to_count = take_over(db(), services().database, me(), upload_id, chosen)
    except Refused as refusal:
        return refused_page(upload_id, chosen, refusal)
    if is_to_count:
        db().commit()
        services().queue.import_list(upload_id)
    return None


def _given_cells() -> list[str | None]:
    """Give the cells that were typed, by position; browsers post line breaks as CR LF."""
    given = [request.form.get(f"{_CELL}{position}") for position in range(MAX_COLUMNS)]
    while given and given[-1] is None:
        given.pop()
    return [None if one is None else one.replace("\r\n", "\n") for one in given]
