"""The page of an upload: what was chosen on it, and how it is shown, whole or in part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import render_template, request, url_for

from app.recipients import lists
from app.recipients.checking import PROBLEM_WORDS, ProblemKind
from app.recipients.columns import KIND_WORDS, ColumnKind
from app.recipients.files.grid import Choices
from app.recipients.files.reading_text import DELIMITER_TITLES, DELIMITERS, ENCODING_NAMES, encoding_name
from app.recipients.imports import mended, problems, uploads
from app.recipients.imports.choosing import Chosen, as_counted
from app.recipients.imports.counting import done_words, effect_words
from app.recipients.imports.job import AT_WORK
from app.recipients.imports.mapping import ROLE_WORDS, ColumnRole, Mapped
from app.recipients.imports.words import STATE_WORDS, WAY_WORDS
from app.recipients.models import ImportState, ImportWay, ListUpload
from app.recipients.views.forms import NameForm
from app.refusals import Refused
from app.web.numbers import row_number
from app.web.request import db, is_htmx, me, roll_back
from app.words import _

ROWS_ON_A_PAGE = 50
ROWS = "bad-rows"
"""Id of the part of the page with the problems: htmx asks for it alone to show others."""
_ROLE, _VARIABLE, _KIND = "role-", "variable-", "kind-"
"""Begin the names of form fields; the position of a column follows."""


def chosen_on_page(upload: ListUpload) -> Chosen:
    """Read the form of the page; what it does not ask, or is no choice, stays as it was counted."""
    form, before = request.form, as_counted(upload)
    reading, way = before.reading, form.get("way", "")
    return Chosen(
        reading=Choices(
            form.get("encoding", reading.encoding),
            form.get("delimiter", reading.delimiter),
            form.get("sheet", reading.sheet),
            form.get("header_line", reading.header_line, type=row_number),
        ),
        columns={position: _given(one) for position, one in before.columns.items()},
        way=ImportWay(way) if way in list(ImportWay) else before.way,
        list_id=form.get("list", type=row_number) if "list" in form else before.list_id,
        list_name=form["name"].strip() if "name" in form else before.list_name,
    )


def kind_shown() -> ProblemKind | None:
    """Give the kind of problem that is shown, or to be shown; None: all."""
    kind = request.values.get("kind", "")
    return ProblemKind(kind) if kind in list(ProblemKind) else None


def shown_columns(upload: ListUpload) -> list[Mapped]:
    """Give the columns of a row that can be mended."""
    return [one for one in as_counted(upload).columns.values() if one.role is not ColumnRole.OUT]


def refused_page(upload_id: int, chosen: Chosen, refusal: Refused, status: int = 422) -> tuple[str, int]:
    """Show the page again as it was filled in, with why it was refused; nothing of it is taken over."""
    roll_back()
    upload = uploads.find_import(db(), me(), upload_id)
    return import_page(upload, chosen=chosen, errors={refusal.field: refusal.words}), status


def import_page(upload: ListUpload, *, chosen: Chosen | None = None, errors: Mapping[str, str] | None = None) -> str:
    """Show the page. `chosen`: what it is filled in with, in place of what was counted."""
    rows: list[problems.BadRow] = []
    if upload.state is ImportState.READY:
        after = request.args.get("after", -1, type=row_number)
        rows = problems.bad_rows(db(), upload, kind=kind_shown(), after=after, limit=ROWS_ON_A_PAGE + 1)
    template = "recipients/_import.html" if is_htmx() else "recipients/check.html"
    if request.headers.get("HX-Target") == ROWS and upload.state is ImportState.READY:
        template = "recipients/_bad_rows.html"
    heading, lead = STATE_WORDS[upload.state]
    return render_template(
        template,
        heading=heading,
        lead=lead,
        is_at_work=upload.state in AT_WORK,
        is_changeable=upload.state in uploads.CHANGEABLE and upload.state not in AT_WORK,
        rows=rows[:ROWS_ON_A_PAGE],
        after=rows[ROWS_ON_A_PAGE - 1].line if len(rows) > ROWS_ON_A_PAGE else None,
        lists=lists.all_lists(db(), me()),
        encoding=encoding_name(upload.found.get("encoding", "")) if upload.found.get("encoding") else "",
        delimiter=DELIMITERS.get(upload.found.get("delimiter", ""), upload.found.get("delimiter", "")),
        **shown(upload, chosen, errors or {}),
        **_MENUS,
    )


def shown(upload: ListUpload, chosen: Chosen | None = None, errors: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Give what the page and the parts of it that change with a row show."""
    given, counts = chosen or as_counted(upload), upload.counts
    name_form = NameForm(formdata=None, data={"name": given.list_name})
    wrong = dict(errors or {})
    if "name" in wrong:
        name_form.show(Refused(wrong.pop("name"), field="name"))
    elif chosen is None and upload.state is ImportState.READY and uploads.taken_name(db(), me(), upload):
        taken = _("There is a list with this name already. Choose another name.")
        name_form.show(Refused(taken, field="name"))
    return {
        "upload": upload,
        "chosen": given,
        "columns": list(given.columns.values()),
        "errors": wrong,
        "name_form": name_form,
        "counts": counts,
        "bad": sum(counts.get("problems", {}).values()),
        "effect": effect_words(counts) if counts else "",
        "done": done_words(counts) if counts else "",
        "mended_rows": mended.mended_rows(upload),
        "has_accepted": mended.ACCEPTED in upload.choices,
        "kind": kind_shown(),
        "problem_words": PROBLEM_WORDS,
    }


def address_of(upload_id: int, *, after: int | None = None) -> str:
    """Give the address of the page with the problems that are shown."""
    return url_for(".check", upload_id=upload_id, kind=kind_shown(), after=after)


def _given(column: Mapped) -> Mapped:
    role = request.form.get(f"{_ROLE}{column.position}", column.role)
    kind = request.form.get(f"{_KIND}{column.position}", column.kind)
    return replace(
        column,
        role=ColumnRole(role) if role in list(ColumnRole) else column.role,
        variable=request.form.get(f"{_VARIABLE}{column.position}", column.variable).strip(),
        kind=ColumnKind(kind) if kind in list(ColumnKind) else column.kind,
    )


_MENUS: dict[str, Any] = {
    "encodings": ENCODING_NAMES,
    "delimiters": DELIMITER_TITLES,
    "roles": ROLE_WORDS,
    "kinds": KIND_WORDS,
    "ways": WAY_WORDS,
}
