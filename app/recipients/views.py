"""Pages of recipient lists and of their people. The pages of an upload are in `upload_views`, on the same blueprint."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, flash, redirect, render_template, request, url_for

from app.db import Database
from app.recipients import lists, people, upload_views, uploads
from app.recipients.blueprint import Page, blueprint, csv_response
from app.recipients.forms import COLUMN, NameForm, RecipientForm, recipient_form
from app.recipients.models import RecipientList
from app.refusals import Refused
from app.sends.usage import unfinished_sends_of_list
from app.web.numbers import row_number
from app.web.request import db, me, services

__all__ = ["blueprint", "upload_views"]

LISTS_ON_A_PAGE = 25
PEOPLE_ON_A_PAGE = 50


@blueprint.get("")
def index() -> Page:
    """Every list, newest first, and uploads that wait for an answer."""
    search = _argument("q")
    found = lists.lists_page(
        db(), me(), search=search, before=request.args.get("before", type=row_number), limit=LISTS_ON_A_PAGE + 1
    )
    page, more = found[:LISTS_ON_A_PAGE], len(found) > LISTS_ON_A_PAGE
    return render_template(
        "recipients/index.html",
        lists=page,
        search=search,
        is_first=not request.args.get("before"),
        uploads=uploads.waiting_uploads(db(), me()),
        next_url=url_for(".index", q=search or None, before=page[-1].id) if more else None,
    )


@blueprint.get("/<int:list_id>")
def show(list_id: int) -> Page:
    """One list with its people."""
    return _list_page(lists.find_list(db(), me(), list_id))


@blueprint.post("/<int:list_id>/rename")
def rename(list_id: int) -> Page:
    """Give a list another name."""
    form = NameForm()
    if form.validate_on_submit():
        try:
            found = lists.rename_list(db(), me(), list_id, form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(f"The list is called “{found.name}” now.")
            return redirect(url_for(".show", list_id=list_id))
    return _list_page(lists.find_list(db(), me(), list_id), name_form=form), 422


@blueprint.post("/<int:list_id>/delete")
def delete(list_id: int) -> Page:
    """Delete a list with its people."""
    session, person = db(), me()
    try:
        name = lists.delete_list(
            session, person, list_id, unfinished_sends=unfinished_sends_of_list(session, person, list_id)
        )
    except Refused as refusal:
        return _list_page(lists.find_list(session, person, list_id), problems=[refusal.words]), 409
    flash(f"The list “{name}” is deleted.")
    return redirect(url_for(".index"))


@blueprint.get("/<int:list_id>/download.csv")
def download(list_id: int) -> Response:
    """The list as CSV, safe to open in a spreadsheet program; written while it is read."""
    found = lists.find_list(db(), me(), list_id)
    return csv_response(_streamed(services().database, found.id, found.columns), found.name)


@blueprint.route("/<int:list_id>/people/new", methods=["GET", "POST"])
def add_person(list_id: int) -> Page:
    """Add one person."""
    found = lists.find_list(db(), me(), list_id)
    form = recipient_form(found.columns)
    if form.validate_on_submit():
        try:
            added = people.add_recipient(
                db(), me(), list_id, email=form.email.data or "", name=form.name.data or "", data=form.data_of_columns()
            )
        except Refused as refusal:
            _show(form, refusal)
        else:
            flash(f"{added.email} is in the list now.")
            return redirect(url_for(".show", list_id=list_id))
    return render_template("recipients/person.html", list=found, form=form, recipient=None), 422 if form.errors else 200


@blueprint.route("/<int:list_id>/people/<int:recipient_id>", methods=["GET", "POST"])
def edit_person(list_id: int, recipient_id: int) -> Page:
    """Change one person."""
    found = lists.find_list(db(), me(), list_id)
    recipient = people.find_recipient(db(), me(), list_id, recipient_id)
    form = recipient_form(found.columns, recipient)
    if form.validate_on_submit():
        try:
            people.change_recipient(
                db(),
                me(),
                list_id,
                recipient_id,
                email=form.email.data or "",
                name=form.name.data or "",
                data=form.data_of_columns(),
            )
        except Refused as refusal:
            _show(form, refusal)
        else:
            flash(f"{recipient.email} is saved.")
            return redirect(url_for(".show", list_id=list_id))
    page = render_template("recipients/person.html", list=found, form=form, recipient=recipient)
    return page, 422 if form.errors else 200


@blueprint.post("/<int:list_id>/people/<int:recipient_id>/remove")
def remove_person(list_id: int, recipient_id: int) -> Page:
    """Take one person out of a list."""
    email = people.remove_recipient(db(), me(), list_id, recipient_id)
    flash(f"{email} is no longer in the list.")
    return redirect(url_for(".show", list_id=list_id))


def _list_page(found: RecipientList, *, name_form: NameForm | None = None, problems: list[str] | None = None) -> str:
    search = _argument("q")
    rows = people.recipients_page(
        db(), me(), found.id, search=search, after=_argument("after"), limit=PEOPLE_ON_A_PAGE + 1
    )
    page, more = rows[:PEOPLE_ON_A_PAGE], len(rows) > PEOPLE_ON_A_PAGE
    return render_template(
        "recipients/list.html",
        list=found,
        people=page,
        search=search,
        is_first=not _argument("after"),
        problems=problems or [],
        name_form=name_form or NameForm(formdata=None, obj=found),
        next_url=url_for(".show", list_id=found.id, q=search or None, after=page[-1].email_key) if more else None,
    )


def _streamed(database: Database, list_id: int, columns: list[str]) -> Iterator[str]:
    with database.reading() as session:
        yield from lists.list_as_csv(session, list_id, columns)


def _show(form: RecipientForm, refusal: Refused) -> None:
    """Put a refusal beside its field; the fields of columns have a beginning of their own."""
    field = refusal.field if refusal.field in {"email", "name", ""} else COLUMN + refusal.field
    form.show(Refused(refusal.words, field=field))


def _argument(name: str) -> str:
    """Give a part of the address, without the one sign that no database takes in a text."""
    return request.args.get(name, "").replace("\0", "").strip()
