"""Pages of an upload: give it, say how it is read and what it does, import, undo, forget."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, session, url_for

from app.emails.templates import find_version, newest_versions
from app.people.roles import Permission
from app.recipients import lists
from app.recipients.example_file import example_csv
from app.recipients.files.reading import MAX_UPLOAD
from app.recipients.imports import uploads
from app.recipients.imports.choosing import as_counted, take_over
from app.recipients.imports.choosing import save as save_chosen
from app.recipients.views.blueprint import Page, blueprint, csv_response
from app.recipients.views.forms import NewListForm
from app.recipients.views.import_page import address_of, chosen_on_page, import_page, kind_shown, refused_page
from app.refusals import NotThere, Refused
from app.sends.usage import unfinished_sends_of_list
from app.web.numbers import row_number
from app.web.request import TOKEN, db, may, me, only_reads, services
from app.words import _

_ROOM = 1024 * 1024
"""Bytes of a request besides the file, and room for a clear answer to one that is a little too large."""


@blueprint.url_value_preprocessor
def _let_files_in(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Allow these addresses a large request, before anything reads its form. The server keeps it in a file."""
    if endpoint in {"recipients.new", "recipients.import_into"} and TOKEN in session:
        request.max_content_length = MAX_UPLOAD + _ROOM


@blueprint.route("/new", methods=["GET", "POST"])
@may(Permission.WRITE)
@only_reads  # the file is written in short transactions of its own
def new() -> Page:
    """Upload or paste people for a new list."""
    return _given(None)


@blueprint.route("/<int:list_id>/import", methods=["GET", "POST"])
@may(Permission.WRITE)
@only_reads
def import_into(list_id: int) -> Page:
    """Upload or paste people for a list that is there already."""
    return _given(list_id)


@blueprint.get("/example.csv")
@may(Permission.WRITE)
def example() -> Response:
    """An example file with the columns that a template takes."""
    version = find_version(db(), me(), request.args.get("version", 0, type=row_number))
    examples = {name: hint.example for name, hint in version.content.hints.items()}
    return csv_response(example_csv(version.variables, examples), _("example for %(title)s", title=version.title))


@blueprint.get("/uploads/<int:upload_id>")
@may(Permission.WRITE)
def check(upload_id: int) -> Page:
    """Show an upload: how it is read, what it would do, which rows have a problem, how far it is."""
    return import_page(uploads.find_import(db(), me(), upload_id))


@blueprint.post("/uploads/<int:upload_id>")
@may(Permission.WRITE)
def choose(upload_id: int) -> Page:
    """Take over what was chosen on the page and count it; then go where the pressed button leads."""
    upload = uploads.find_upload(db(), me(), upload_id)
    chosen, form = chosen_on_page(upload), request.form
    try:
        is_to_count = take_over(db(), services().database, me(), upload_id, chosen, reads="read" in form)
    except Refused as refusal:
        return refused_page(upload_id, chosen, refusal)
    if is_to_count:
        return _to_work(upload_id)
    if line := form.get("edit", type=row_number):
        return redirect(url_for(".bad_row", upload_id=upload_id, line=line, kind=kind_shown()))
    if "show" not in form and "after" not in form:
        flash(_("All of this is counted already: nothing else was chosen."), "info")
    return redirect(address_of(upload_id, after=form.get("after", type=row_number)))


@blueprint.post("/uploads/<int:upload_id>/save")
@may(Permission.WRITE)
def save(upload_id: int) -> Page:
    """Change the list as it was counted, or count what was chosen since; a second press changes nothing."""
    chosen = chosen_on_page(uploads.find_upload(db(), me(), upload_id))
    try:
        save_chosen(db(), services().database, me(), upload_id, chosen)
    except Refused as refusal:
        return refused_page(upload_id, chosen, refusal)
    return _to_work(upload_id)


@blueprint.get("/uploads/<int:upload_id>/save")
@blueprint.get("/uploads/<int:upload_id>/undo")
@blueprint.get("/uploads/<int:upload_id>/suggestions")
@may(Permission.WRITE)
def back(upload_id: int) -> Page:
    """Go to the page: a form that was refused leaves its own address in the browser, which may be opened again."""
    return redirect(address_of(uploads.find_import(db(), me(), upload_id).id))


@blueprint.post("/uploads/<int:upload_id>/stop")
@may(Permission.WRITE)
def stop(upload_id: int) -> Page:
    """Stop checking the rows."""
    uploads.stop_upload(db(), me(), upload_id)
    return redirect(url_for(".check", upload_id=upload_id))


@blueprint.post("/uploads/<int:upload_id>/undo")
@may(Permission.WRITE)
def undo_import(upload_id: int) -> Page:
    """Take an import back as a whole."""
    upload = uploads.find_import(db(), me(), upload_id)
    unfinished = unfinished_sends_of_list(db(), me(), upload.list_id) if upload.list_id is not None else 0
    try:
        uploads.undo_upload(db(), me(), upload_id, unfinished_sends=unfinished)
    except Refused as refusal:
        return refused_page(upload_id, as_counted(upload), refusal, 409)
    return _to_work(upload_id)


@blueprint.post("/uploads/<int:upload_id>/cancel")
@may(Permission.WRITE)
def cancel(upload_id: int) -> Page:
    """Forget an upload."""
    try:
        uploads.cancel_upload(db(), me(), upload_id)
    except NotThere:
        flash(_("This upload is no longer there: it was cancelled before."), "info")
        return redirect(url_for(".index"))
    db().commit()
    services().queue.import_list(upload_id)
    flash(_("The upload is cancelled. No list was changed."))
    return redirect(url_for(".index"))


def _given(list_id: int | None) -> Page:
    target = lists.find_list(db(), me(), list_id) if list_id is not None else None
    form = NewListForm()
    if form.validate_on_submit():
        try:
            upload_id = _kept(form, list_id)
        except Refused as refusal:
            form.show(refusal)
        else:
            services().queue.import_list(upload_id)
            return redirect(url_for(".check", upload_id=upload_id))
    page = render_template("recipients/new.html", form=form, list=target, versions=newest_versions(db(), me()))
    return page, 422 if form.errors else 200


def _kept(form: NewListForm, list_id: int | None) -> int:
    """Keep the file or the paste. Raises Refused, with the field it came in."""
    file, file_name = form.content()
    if file_name and (form.pasted.data or "").strip():
        raise Refused(
            _("There are a file and pasted rows. Use one of them: choose the file again, or leave it out."),
            field="pasted",
        )
    if file is None:
        raise Refused(_("Choose a file, or paste rows below."), field="file")
    try:
        return uploads.keep_upload(
            services().database,
            me(),
            list_name=form.name.data or "",
            file=file,
            file_name=file_name,
            list_id=list_id,
        )
    except Refused as refusal:
        raise Refused(refusal.words, field=refusal.field or ("file" if file_name else "pasted")) from refusal


def _to_work(upload_id: int) -> Response:
    """Commit, wake the worker, and go to the upload's page."""
    db().commit()
    services().queue.import_list(upload_id)
    return redirect(address_of(upload_id))  # type: ignore[return-value]
