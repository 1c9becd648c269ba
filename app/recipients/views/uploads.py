"""Pages of an upload: give it, say how it is read, mend rows, import, undo, forget."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, session, url_for

from app.emails.templates import find_version, newest_versions
from app.people.roles import Permission
from app.recipients import lists
from app.recipients.checking import PROBLEM_WORDS, ProblemKind
from app.recipients.columns import KIND_WORDS, ColumnKind
from app.recipients.example_file import example_csv
from app.recipients.files.grid import Choices
from app.recipients.files.reading import MAX_COLUMNS, MAX_UPLOAD
from app.recipients.files.reading_text import DELIMITER_TITLES, DELIMITERS, ENCODING_NAMES, encoding_name
from app.recipients.imports import problems, uploads
from app.recipients.imports.counting import effect_words
from app.recipients.imports.job import AT_WORK
from app.recipients.imports.mapping import ROLE_WORDS, ColumnRole, Mapped, mapping_of
from app.recipients.imports.words import STATE_WORDS, WAY_WORDS
from app.recipients.models import ImportState, ImportWay, ListUpload
from app.recipients.views.blueprint import Page, blueprint, csv_response
from app.recipients.views.forms import NameForm, NewListForm
from app.refusals import NotThere, Refused
from app.sends.usage import unfinished_sends_of_list
from app.web.looks import note_download
from app.web.numbers import row_number
from app.web.request import TOKEN, db, is_htmx, may, me, only_reads, services
from app.words import _

ROWS_ON_A_PAGE = 50
_ROOM = 1024 * 1024
"""Bytes of a request besides the file, and room for a clear answer to one that is a little too large."""
_ROLE, _VARIABLE, _KIND, _CELL = "role-", "variable-", "kind-", "cell-"
"""Begin the names of form fields; the position of a column follows."""


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
    return _page(uploads.find_import(db(), me(), upload_id))


@blueprint.post("/uploads/<int:upload_id>/reading")
@may(Permission.WRITE)
def choose_reading(upload_id: int) -> Page:
    """Read the file in another way."""
    form = request.form
    choices = Choices(
        form.get("encoding", ""),
        form.get("delimiter", ""),
        form.get("sheet", ""),
        form.get("header_line", 0, type=row_number),
    )
    try:
        uploads.choose_reading(db(), services().database, me(), upload_id, choices)
    except Refused as refusal:
        return _page(uploads.find_upload(db(), me(), upload_id), {"reading": refusal.words}), 422
    return _to_work(upload_id)


@blueprint.post("/uploads/<int:upload_id>/columns")
@may(Permission.WRITE)
def choose_columns(upload_id: int) -> Page:
    """Say what each column becomes."""
    upload = uploads.find_upload(db(), me(), upload_id)
    given = _given_mapping(mapping_of(upload.mapping))
    try:
        uploads.choose_columns(db(), me(), upload_id, given)
    except Refused as refusal:
        return _page(upload, {refusal.field or "mapping": refusal.words}, list(given.values())), 422
    return _to_work(upload_id)


@blueprint.post("/uploads/<int:upload_id>/way")
@may(Permission.WRITE)
def choose_way(upload_id: int) -> Page:
    """Choose what becomes of the list."""
    given = request.form.get("way", "")
    way = ImportWay(given) if given in list(ImportWay) else ImportWay.NEW
    try:
        uploads.choose_way(db(), me(), upload_id, way, list_id=request.form.get("list", type=row_number))
    except Refused as refusal:
        return _page(uploads.find_upload(db(), me(), upload_id), {refusal.field or "way": refusal.words}), 422
    return _to_work(upload_id)


@blueprint.post("/uploads/<int:upload_id>/save")
@may(Permission.WRITE)
def save(upload_id: int) -> Page:
    """Change the list as it was counted; a second press changes nothing."""
    name_form = NameForm()
    try:
        uploads.save_upload(db(), me(), upload_id, list_name=name_form.name.data or "")
    except Refused as refusal:
        name_form.show(refusal)
        return _page(uploads.find_upload(db(), me(), upload_id), name_form=name_form), 422
    return _to_work(upload_id)


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
        return _page(upload, {"way": refusal.words}), 409
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


@blueprint.route("/uploads/<int:upload_id>/rows/<int:line>", methods=["GET", "POST"])
@may(Permission.WRITE)
def mend(upload_id: int, line: int) -> Page:
    """Mend one row, in its place or on a page of its own."""
    upload = uploads.find_upload(db(), me(), upload_id)
    if request.method == "GET":
        row = problems.bad_row(db(), upload, line)
        template = "recipients/_mend_row.html" if is_htmx() else "recipients/mend.html"
        return render_template(template, upload=upload, row=row, columns=_shown_columns(upload))
    try:
        left = problems.mend_row(db(), me(), upload_id, line, _given_cells(), keep="keep" in request.form)
    except NotThere:
        words = _("Line %(line)s is good already.", line=line)
    else:
        words = (
            _("Line %(line)s is good now.", line=line)
            if left is None
            else _("Line %(line)s is still bad: %(words)s", line=line, words=left.words)
        )
    db().commit()
    if upload.state in AT_WORK:
        services().queue.import_list(upload_id)
    if is_htmx():
        return _page(upload, mended=words)
    flash(words)
    return redirect(url_for(".check", upload_id=upload_id, kind=_kind()))


@blueprint.post("/uploads/<int:upload_id>/suggestions")
@may(Permission.WRITE)
def use_suggestions(upload_id: int) -> Page:
    """Use the suggestions for all bad rows, or for those of one kind."""
    kind = request.form.get("kind", "")
    uploads.use_suggestions(db(), me(), upload_id, [kind] if kind in list(ProblemKind) else list(ProblemKind))
    return _to_work(upload_id)


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
    return redirect(url_for(".check", upload_id=upload_id))  # type: ignore[return-value]


def _given_mapping(columns: list[Mapped]) -> dict[int, Mapped]:
    """Read the menus of the columns; what is no choice stays as it was."""
    given = {}
    for one in columns:
        role = request.form.get(f"{_ROLE}{one.position}", one.role)
        kind = request.form.get(f"{_KIND}{one.position}", one.kind)
        given[one.position] = Mapped(
            one.position,
            one.header,
            ColumnRole(role) if role in list(ColumnRole) else one.role,
            request.form.get(f"{_VARIABLE}{one.position}", one.variable).strip(),
            ColumnKind(kind) if kind in list(ColumnKind) else one.kind,
            one.examples,
            one.may_be_email,
        )
    return given


def _given_cells() -> list[str | None]:
    """Give the cells that were typed, by position; browsers post line breaks as CR LF."""
    given = [request.form.get(f"{_CELL}{position}") for position in range(MAX_COLUMNS)]
    while given and given[-1] is None:
        given.pop()
    return [None if one is None else one.replace("\r\n", "\n") for one in given]


def _shown_columns(upload: ListUpload) -> list[Mapped]:
    return [one for one in mapping_of(upload.mapping) if one.role is not ColumnRole.OUT]


def _kind() -> ProblemKind | None:
    """Give the kind of problem that is shown; None: all."""
    kind = request.args.get("kind", "")
    return ProblemKind(kind) if kind in list(ProblemKind) else None


def _page(
    upload: ListUpload,
    errors: dict[str, str] | None = None,
    mapping: list[Mapped] | None = None,
    *,
    name_form: NameForm | None = None,
    mended: str = "",
) -> str:
    kind = _kind()
    rows: list[problems.BadRow] = []
    if upload.state is ImportState.READY:
        rows = problems.bad_rows(
            db(),
            upload,
            kind=kind,
            after=request.args.get("after", -1, type=row_number),
            limit=ROWS_ON_A_PAGE + 1,
        )
    shown, more = rows[:ROWS_ON_A_PAGE], len(rows) > ROWS_ON_A_PAGE
    if name_form is None:
        name_form = NameForm(formdata=None, data={"name": upload.list_name})
        if upload.state is ImportState.READY and uploads.taken_name(db(), me(), upload):
            name_form.show(Refused(_("There is a list with this name already. Choose another name."), field="name"))
    heading, lead = STATE_WORDS[upload.state]
    return render_template(
        "recipients/_import.html" if is_htmx() else "recipients/check.html",
        upload=upload,
        heading=heading,
        lead=lead,
        is_at_work=upload.state in AT_WORK,
        is_changeable=upload.state in uploads.CHANGEABLE and upload.state not in AT_WORK,
        errors=errors or {},
        columns=mapping or mapping_of(upload.mapping),
        rows=shown,
        kind=kind,
        next_url=url_for(".check", upload_id=upload.id, kind=kind, after=shown[-1].line) if more else None,
        name_form=name_form,
        mended=mended,
        lists=lists.all_lists(db(), me()),
        effect=effect_words(upload.counts) if upload.counts else "",
        encoding=encoding_name(upload.found.get("encoding", "")) if upload.found.get("encoding") else "",
        delimiter=DELIMITERS.get(upload.found.get("delimiter", ""), upload.found.get("delimiter", "")),
        **_MENUS,
    )


_MENUS: dict[str, Any] = {
    "encodings": ENCODING_NAMES,
    "delimiters": DELIMITER_TITLES,
    "roles": ROLE_WORDS,
    "kinds": KIND_WORDS,
    "ways": WAY_WORDS,
    "problem_words": PROBLEM_WORDS,
}
