"""The step “Values and files” of a send: values for all, files for all, a file for each person."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for

from app.people.roles import Permission
from app.refusals import Refused
from app.sends import compose, person_files
from app.sends.archives import MAX_ARCHIVE, BadArchive, check_archive
from app.sends.models import Send
from app.sends.views.blueprint import STEPS, Page, blueprint
from app.sends.views.forms import FileForm, PersonFilesForm
from app.web.request import TOKEN, db, may, me, services
from app.words import _, _n

_ROOM = 1024 * 1024
"""Bytes of a request besides the ZIP file, and room for a clear answer to one that is a little too large."""


@blueprint.url_value_preprocessor
def _let_archives_in(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Allow this one address a large request, before anything reads its form. The server keeps it in a file."""
    if endpoint == "sends.add_person_files" and TOKEN in session:
        request.max_content_length = MAX_ARCHIVE + _ROOM


@blueprint.route("/<int:send_id>/values", methods=["GET", "POST"])
@may(Permission.SEND)
def values(send_id: int) -> Page:
    """Set common values; files are added and removed beside them."""
    send = compose.draft_of(db(), me(), send_id)
    if request.method == "POST":
        names = compose.common_variables(db(), send)
        given = {name: request.form.get(f"value_{name}", "").strip() for name in names}
        compose.change_values(db(), me(), send_id, given)
        return redirect(url_for("sends.review", send_id=send_id))
    return _values_page(send)


@blueprint.post("/<int:send_id>/files")
@may(Permission.SEND)
def add_file(send_id: int) -> Page:
    """Attach a file; it is kept at once."""
    send = compose.draft_of(db(), me(), send_id)
    form = FileForm()
    upload = form.file.data
    try:
        attachment = compose.add_attachment(
            db(), me(), send_id, upload.filename if upload else "", upload.read() if upload else b""
        )
    except Refused as refusal:
        form.validate()
        form.show(refusal)
        return _values_page(send, form=form), 422
    flash(_("“%(file_name)s” is attached.", file_name=attachment.file_name))
    return redirect(url_for("sends.values", send_id=send_id))


@blueprint.post("/<int:send_id>/files/<int:attachment_id>/remove")
@may(Permission.SEND)
def remove_file(send_id: int, attachment_id: int) -> Page:
    """Take a file away."""
    compose.remove_attachment(db(), me(), send_id, attachment_id)
    flash(_("The file is removed."))
    return redirect(url_for("sends.values", send_id=send_id))


@blueprint.post("/<int:send_id>/person-files")
@may(Permission.SEND)
def add_person_files(send_id: int) -> Page:
    """Take a ZIP file with a file for each person, in the place of those before."""
    send = compose.draft_of(db(), me(), send_id)
    form = PersonFilesForm()
    try:
        upload = form.archive.data
        if not upload or not upload.filename:
            raise Refused(_("Choose a ZIP file first."), field="archive")
        column = form.file_column.data or ""
        person_files.check_column(db(), send, column)
        db().commit()  # looking at the files takes a while; nobody waits for our write lock meanwhile
        packed = check_archive(upload.stream)
        person_files.store_contents(services().database, upload.stream, packed)
        person_files.keep_person_files(db(), me(), send_id, upload.stream, packed, column)
    except BadArchive as refusal:
        db().rollback()
        form.validate()
        form.archive.errors = refusal.problems
        return _values_page(compose.draft_of(db(), me(), send_id), person_form=form), 422
    except Refused as refusal:
        form.validate()
        form.show(refusal)
        return _values_page(send, person_form=form), 422
    flash(_n("%(count)s file is kept.", "%(count)s files are kept.", len(packed)))
    return redirect(url_for("sends.values", send_id=send_id, _anchor="person-files"))


@blueprint.post("/<int:send_id>/person-files/column")
@may(Permission.SEND)
def change_file_column(send_id: int) -> Page:
    """Choose the column that names each person's file."""
    send = compose.draft_of(db(), me(), send_id)
    form = PersonFilesForm()
    try:
        person_files.change_file_column(db(), me(), send_id, form.file_column.data or "")
    except Refused as refusal:
        form.validate()
        form.show(refusal)
        return _values_page(send, person_form=form), 422
    flash(_("The column is chosen."))
    return redirect(url_for("sends.values", send_id=send_id, _anchor="person-files"))


@blueprint.post("/<int:send_id>/person-files/remove")
@may(Permission.SEND)
def remove_person_files(send_id: int) -> Page:
    """Take everybody's own file away."""
    person_files.remove_person_files(db(), me(), send_id)
    flash(_("The people's own files are removed."))
    return redirect(url_for("sends.values", send_id=send_id, _anchor="person-files"))


def _values_page(send: Send, *, form: FileForm | None = None, person_form: PersonFilesForm | None = None) -> str:
    columns = person_files.columns_of(db(), send)
    person_form = person_form or PersonFilesForm(formdata=None, file_column=send.file_column or _likely(columns))
    person_form.file_column.choices = [("", _("Choose a column")), *((one, one) for one in columns)]
    return render_template(
        "sends/values.html",
        send=send,
        steps=STEPS,
        form=form or FileForm(formdata=None),
        person_form=person_form,
        columns=columns,
        own=person_files.summary_of(db(), send),
        names=compose.common_variables(db(), send),
        template_files=send.template_version.files if send.template_version else (),
        attachments=compose.attachments_of(db(), send.id),
        size=compose.attachments_size(db(), send.id),
    )


def _likely(columns: list[str]) -> str:
    """Give a column that by its name may hold files' names."""
    marks = ("file", "attachment", "document", "pdf")
    return next((one for one in columns if any(mark in one.lower() for mark in marks)), "")
