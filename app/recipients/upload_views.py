"""Pages of an upload: give it, see what was understood, save it as a list or cancel it."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for

from app.recipients import lists, uploads
from app.recipients.blueprint import Page, blueprint, csv_response
from app.recipients.forms import EmailColumnForm, NameForm, NewListForm
from app.recipients.models import ListUpload
from app.refusals import NotThere, Refused
from app.web.request import db, me

BAD_ROWS_SHOWN = 100
"""More are in the download."""


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Page:
    """Upload or paste people for a new list."""
    form = NewListForm()
    if form.validate_on_submit():
        try:
            upload = _kept(form)
        except Refused as refusal:
            form.show(refusal)
        else:
            return redirect(url_for(".check", upload_id=upload.id))
    return render_template("recipients/new.html", form=form), 422 if form.errors else 200


@blueprint.get("/uploads/<int:upload_id>")
def check(upload_id: int) -> Page:
    """Show what was understood of an upload, before it is saved."""
    return _check_page(uploads.find_upload(db(), me(), upload_id))


@blueprint.post("/uploads/<int:upload_id>/email-column")
def choose_email_column(upload_id: int) -> Page:
    """Choose the e-mail column when a file has several."""
    form = EmailColumnForm()
    try:
        uploads.choose_email_column(db(), me(), upload_id, form.email_column.data)
    except Refused as refusal:
        form.validate()
        form.email_column.errors = [refusal.words]
        return _check_page(uploads.find_upload(db(), me(), upload_id), column_form=form), 422
    return redirect(url_for(".check", upload_id=upload_id))


@blueprint.post("/uploads/<int:upload_id>/save")
def save(upload_id: int) -> Page:
    """Save the good rows as a list; a second press shows the list that the first one made."""
    session, person, form = db(), me(), NameForm()
    try:
        upload = uploads.find_upload(session, person, upload_id, lock=True)
    except NotThere:
        return _saved_before(form.name.data or "")
    if form.validate_on_submit():
        try:
            made = uploads.save_upload(session, person, upload_id, list_name=form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            words = "1 person" if made.recipient_count == 1 else f"{made.recipient_count:,} people"
            flash(f"Saved “{made.name}” with {words}.")
            return redirect(url_for(".show", list_id=made.id))
    return _check_page(upload, name_form=form), 422


@blueprint.post("/uploads/<int:upload_id>/cancel")
def cancel(upload_id: int) -> Page:
    """Forget an upload."""
    try:
        uploads.cancel_upload(db(), me(), upload_id)
    except NotThere:
        flash("This upload is no longer there: it was saved or cancelled before.", "info")
    else:
        flash("The upload is cancelled. No list was made.")
    return redirect(url_for(".index"))


@blueprint.get("/uploads/<int:upload_id>/rows-with-problems.csv")
def bad_rows(upload_id: int) -> Response:
    """The bad rows with the reason in front, to be mended in a spreadsheet."""
    upload = uploads.find_upload(db(), me(), upload_id)
    return csv_response(uploads.bad_rows_as_csv(*uploads.read_upload(upload)), f"{upload.list_name} rows with problems")


def _kept(form: NewListForm) -> ListUpload:
    """Keep the file or the paste. Raises Refused, with the field it came in."""
    content, file_name = form.content()
    pasted = (form.pasted.data or "").strip()
    if file_name and pasted:
        raise Refused(
            "There are a file and pasted rows. Use one of them: choose the file again, or leave it out.", field="pasted"
        )
    if not file_name and not pasted:
        raise Refused("Choose a CSV file, or paste rows below.", field="file")
    try:
        return uploads.keep_upload(db(), me(), list_name=form.name.data or "", content=content, file_name=file_name)
    except Refused as refusal:
        raise Refused(refusal.words, field=refusal.field or ("file" if file_name else "pasted")) from refusal


def _saved_before(name: str) -> Page:
    made = lists.list_by_name(db(), me(), name)
    if made is None:
        raise NotThere("upload")
    flash(f"“{made.name}” is saved already.")
    return redirect(url_for(".show", list_id=made.id))


def _check_page(
    upload: ListUpload, *, name_form: NameForm | None = None, column_form: EmailColumnForm | None = None
) -> str:
    table, understood = uploads.read_upload(upload)
    if name_form is None:
        name_form = NameForm(formdata=None, data={"name": upload.list_name})
        if lists.list_by_name(db(), me(), upload.list_name) is not None:
            name_form.show(Refused("There is a list with this name already. Choose another name.", field="name"))
    if column_form is None:
        chosen = understood.email_column.position if understood.email_column else None
        column_form = EmailColumnForm(formdata=None, data={"email_column": chosen})
    column_form.offer(understood.candidates)
    return render_template(
        "recipients/check.html",
        upload=upload,
        table=table,
        understood=understood,
        shown=understood.bad_rows[:BAD_ROWS_SHOWN],
        name_form=name_form,
        column_form=column_form,
    )
