"""Pages of recipient lists and of their people. Uploads, columns and bulk changes have modules of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.db import Database
from app.people.accounts import team
from app.people.roles import Permission
from app.recipients import lists, people
from app.recipients.changes import running as changes
from app.recipients.changes import words as change_words
from app.recipients.finding import browsing, selecting, sorting
from app.recipients.finding.walking import Counted, count_on
from app.recipients.imports import uploads
from app.recipients.imports.words import waits_for
from app.recipients.models import Recipient, RecipientList
from app.recipients.resting import undoes_import
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.recipients.suppressions.listing import what_stands_against
from app.recipients.views.blueprint import Page, blueprint, csv_response
from app.recipients.views.counts import NOT_COUNTED_YET, NOTHING_COUNTED, counted_so_far, counting_url
from app.recipients.views.forms import COLUMN, NameForm, RecipientForm, recipient_form
from app.recipients.views.viewing import Wanted, hidden_fields, read_wanted, way_back
from app.refusals import Refused
from app.sends.usage import unfinished_sends_of_list
from app.web.looks import note_download, note_opened
from app.web.numbers import row_number
from app.web.request import db, is_htmx, may, me, services
from app.words import _

LISTS_ON_A_PAGE = 25
PEOPLE_ON_A_PAGE = 50
UPLOADS_BESIDE_LISTS = 5
"""Waiting uploads that stand above the lists; a page of their own has all of them."""
DOWNLOADED_AT_ONCE = 1_000


@blueprint.get("")
@may(Permission.LOOK)
def index() -> Page:
    """Every list, newest first, and uploads that wait for an answer."""
    search = request.args.get("q", "").replace("\0", "").strip()
    found = lists.lists_page(
        db(), me(), search=search, before=request.args.get("before", type=row_number), limit=LISTS_ON_A_PAGE + 1
    )
    page, more = found[:LISTS_ON_A_PAGE], len(found) > LISTS_ON_A_PAGE
    waiting = uploads.waiting_uploads(db(), me(), limit=UPLOADS_BESIDE_LISTS + 1)
    return render_template(
        "recipients/index.html",
        lists=page,
        search=search,
        is_first=not request.args.get("before"),
        uploads=waiting[:UPLOADS_BESIDE_LISTS],
        has_more_uploads=len(waiting) > UPLOADS_BESIDE_LISTS,
        waits_for=waits_for,
        next_url=url_for(".index", q=search or None, before=page[-1].id) if more else None,
    )


@blueprint.get("/uploads")
@may(Permission.WRITE)
def waiting() -> Page:
    """Every upload of one's own that is in no list yet."""
    before = request.args.get("before", type=row_number)
    found = uploads.waiting_uploads(db(), me(), before=before, limit=LISTS_ON_A_PAGE + 1)
    page, more = found[:LISTS_ON_A_PAGE], len(found) > LISTS_ON_A_PAGE
    return render_template(
        "recipients/waiting.html",
        uploads=page,
        waits_for=waits_for,
        next_url=url_for(".waiting", before=page[-1].id) if more else None,
    )


@blueprint.get("/<int:list_id>")
@may(Permission.LOOK)
def show(list_id: int) -> Page:
    """One list with its people."""
    found = lists.find_list(db(), me(), list_id)
    _note_opened(found)
    return _list_page(found)


@blueprint.get("/<int:list_id>/count")
@may(Permission.LOOK)
def count(list_id: int) -> Page:
    """Count whom a search and a filter find, for a moment, from where the last answer ended."""
    found = lists.find_list(db(), me(), list_id)
    wanted = read_wanted(found, request.args)
    selection = wanted.view.selection
    if not is_htmx():
        _note_opened(found)
        return _list_page(found, so_far=counted_so_far())
    if wanted.is_editing or selection.is_everybody:
        return render_template("recipients/_count.html", refusal=NOT_COUNTED_YET)
    try:
        counted = count_on(db(), [selecting.stream_of(db(), found, selection)], counted_so_far())
    except Refused as refusal:
        return render_template("recipients/_count.html", refusal=refusal.words)
    return render_template("recipients/_count.html", **_counting(found, wanted, counted))


@blueprint.get("/<int:list_id>/filter-rows")
@may(Permission.LOOK)
def filter_rows(list_id: int) -> Page:
    """The rows of a filter renewed, one more or one less: for htmx, on every page that filters this list."""
    found = lists.find_list(db(), me(), list_id)
    wanted = read_wanted(found, request.args)
    return render_template("recipients/_filter.html", filter_form=wanted.form, filter_rows_url=_rows_url(list_id))


@blueprint.post("/<int:list_id>/rename")
@may(Permission.WRITE)
def rename(list_id: int) -> Page:
    """Give a list another name."""
    form = NameForm()
    if form.validate_on_submit():
        try:
            found = lists.rename_list(db(), me(), list_id, form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("The list is called “%(name)s” now.", name=found.name))
            return redirect(url_for(".show", list_id=list_id))
    return _list_page(lists.find_list(db(), me(), list_id), name_form=form), 422


@blueprint.post("/<int:list_id>/delete")
@may(Permission.WRITE)
def delete(list_id: int) -> Page:
    """Delete a list with its people."""
    session, person = db(), me()
    try:
        name = lists.delete_list(
            session, person, list_id, unfinished_sends=unfinished_sends_of_list(session, person, list_id)
        )
    except Refused as refusal:
        return _list_page(lists.find_list(session, person, list_id), problems=[refusal.words]), 409
    flash(_("The list “%(name)s” is deleted.", name=name))
    return redirect(url_for(".index"))


@blueprint.get("/<int:list_id>/download.csv")
@may(Permission.WRITE)
def download(list_id: int) -> Page:
    """What the page shows, all of it, as CSV that is safe in a spreadsheet program; written while it is read."""
    found = lists.find_list(db(), me(), list_id)
    wanted = read_wanted(found, request.args)
    if wanted.view == browsing.View():
        note_download("list_downloaded", _("List “%(list_name)s” downloaded", list_name=found.name), found.id)
        return csv_response(_whole_list(services().database, found.id, found.columns), found.name)
    try:
        browsing.people_page(db(), found, wanted.view, limit=1)
    except (Refused, browsing.NotSorted):
        flash(_("This list is being sorted after a large change. Download again in a moment."), "warn")
        return redirect(way_back(found, request.args))
    note_download("list_downloaded", _("A part of list “%(list_name)s” downloaded", list_name=found.name), found.id)
    return csv_response(_shown_people(services().database, found.id, wanted.view), found.name)


@blueprint.route("/<int:list_id>/people/new", methods=["GET", "POST"])
@may(Permission.WRITE)
def add_person(list_id: int) -> Page:
    """Add one person."""
    found = lists.find_list(db(), me(), list_id)
    form = recipient_form(found.columns)
    if form.validate_on_submit():
        try:
            added = people.add_recipient(
                db(),
                me(),
                list_id,
                email=form.email.data or "",
                name=form.name.data or "",
                data=form.data_of_columns(),
                as_typed=form.as_typed.data,
            )
        except Refused as refusal:
            _show(form, refusal)
        else:
            flash(_("%(email)s is in the list now.", email=added.email))
            _warn(added.email)
            return redirect(way_back(found, request.args))
    return _person_page(found, form, None)


@blueprint.route("/<int:list_id>/people/<int:recipient_id>", methods=["GET", "POST"])
@may(Permission.LOOK, to_change=Permission.WRITE)
def edit_person(list_id: int, recipient_id: int) -> Page:
    """Show one person; POST changes them."""
    found = lists.find_list(db(), me(), list_id)
    recipient = people.find_recipient(db(), me(), list_id, recipient_id)
    form, before = recipient_form(found.columns, recipient), recipient.email_key
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
                as_typed=form.as_typed.data,
            )
        except Refused as refusal:
            _show(form, refusal)
        else:
            flash(_("%(email)s is saved.", email=recipient.email))
            if recipient.email_key != before:
                _warn(recipient.email)
            return redirect(way_back(found, request.args))
    return _person_page(found, form, recipient)


@blueprint.post("/<int:list_id>/people/<int:recipient_id>/remove")
@may(Permission.WRITE)
def remove_person(list_id: int, recipient_id: int) -> Page:
    """Take one person out of a list."""
    found = lists.find_list(db(), me(), list_id)
    try:
        email = people.remove_recipient(db(), me(), list_id, recipient_id)
    except Refused as refusal:
        flash(refusal.words, "warn")
    else:
        flash(_("%(email)s is no longer in the list.", email=email))
    return redirect(way_back(found, request.args))


def _person_page(found: RecipientList, form: RecipientForm, recipient: Recipient | None) -> Page:
    page = render_template(
        "recipients/person.html",
        list=found,
        form=form,
        recipient=recipient,
        list_url=way_back(found, request.args),
        here=read_wanted(found, request.args).here(),
    )
    return page, 422 if form.errors else 200


def _list_page(
    found: RecipientList,
    *,
    name_form: NameForm | None = None,
    problems: list[str] | None = None,
    so_far: Counted | None = None,
) -> str:
    wanted = read_wanted(found, request.args)
    problems, is_sorting, page = list(problems or []), False, browsing.PeoplePage([])
    try:
        page = browsing.people_page(db(), found, wanted.view, after=wanted.after, limit=PEOPLE_ON_A_PAGE)
    except browsing.NotSorted:
        is_sorting = True
    except Refused as refusal:
        problems.append(refusal.words)
    following = wanted.next_arguments(page.next_place) if page.next_place else None
    shown_words = selecting.selection_words(found, wanted.view.selection)
    counting = {}
    if shown_words and not (problems or is_sorting):
        counting = _counting(found, wanted, _counted(found, wanted, page, so_far))
    return render_template(
        "recipients/list.html",
        list=found,
        people=page.people,
        is_partial=page.is_partial,
        is_sorting=is_sorting,
        wanted=wanted,
        here=wanted.here(),
        hidden=hidden_fields(wanted.here()),
        search=wanted.view.search,
        is_first=wanted.after is None,
        shown_words=shown_words,
        counting=counting,
        filter_form=wanted.form,
        filter_rows_url=_rows_url(found.id),
        problems=problems,
        name_form=name_form or NameForm(formdata=None, obj=found),
        next_url=url_for(".show", list_id=found.id, **following) if following else None,
        changes=changes.latest_changes(db(), found.id, limit=1),
        undoes_import=undoes_import(db(), found),
        what_words=change_words.what_words,
        names={one.id: one.name for one in team(db(), found.workspace_id)},
    )


def _counted(found: RecipientList, wanted: Wanted, page: browsing.PeoplePage, so_far: Counted | None) -> Counted | None:
    """Count who is found, as far as a page has time for it: of a large list, htmx or a link counts afterwards."""
    if page.next_place is None and wanted.after is None:
        return Counted(len(page.people), found.recipient_count, None)
    if so_far is None and found.recipient_count >= sorting.LARGE:
        return None
    return count_on(db(), [selecting.stream_of(db(), found, wanted.view.selection)], so_far or NOTHING_COUNTED)


def _counting(found: RecipientList, wanted: Wanted, counted: Counted | None) -> dict[str, Any]:
    url = counting_url(found, wanted.arguments(sort=None, down=None), counted)
    return {"counted": counted, "total": found.recipient_count, "next_url": url}


def _note_opened(found: RecipientList) -> None:
    note_opened("list", _("People of list “%(list_name)s” opened", list_name=found.name), found.id)


def _rows_url(list_id: int) -> str:
    return url_for("recipients.filter_rows", list_id=list_id)


def _whole_list(database: Database, list_id: int, columns: list[str]) -> Iterator[str]:
    with database.reading() as session:
        yield from lists.list_as_csv(session, list_id, columns)


def _shown_people(database: Database, list_id: int, view: browsing.View) -> Iterator[str]:
    with database.reading() as session:
        found = session.get_one(RecipientList, list_id)
        columns, after = list(found.columns), None
        yield BYTE_ORDER_MARK + csv_lines([["email", "name", *columns]])
        while True:
            page = browsing.people_page(session, found, view, after=after, limit=DOWNLOADED_AT_ONCE)
            yield csv_lines([one.email, one.name, *(one.data.get(c, "") for c in columns)] for one in page.people)
            if page.next_place is None:
                return
            after = page.next_place
            session.expunge_all()
            session.add(found)


def _show(form: RecipientForm, refusal: Refused) -> None:
    """Put a refusal beside its field; the fields of columns have a beginning of their own."""
    if refusal.field not in {"email", "name", ""}:
        refusal = Refused(refusal.words, field=COLUMN + refusal.field)
    form.show(refusal)


def _warn(email: str) -> None:
    """Say of an address that was typed why it gets no e-mail, or not every one."""
    for words in what_stands_against(db(), me(), email):
        flash(words, "warn")
