"""The checks beside the editor, and the table of variables that grows with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template, request

from app.emails import pieces as pieces_of
from app.emails import templates
from app.emails.assembling import Pieces
from app.emails.content import Content, Hint, TemplateFile
from app.emails.filters import FILTER_WORDS
from app.emails.findings import findings, variables_in
from app.emails.rendering import PLACES
from app.emails.variables import KIND_WORDS, Kind, match_columns
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.forms import EXAMPLES, DraftForm
from app.emails.views.preview import preview_data
from app.people.roles import Permission
from app.recipients.lists import find_list
from app.refusals import NotThere
from app.web.numbers import LARGEST
from app.web.request import db, may, me, only_reads, services
from app.words import _


@dataclass(frozen=True, slots=True)
class VariableRow:
    """One variable in the table."""

    name: str
    hint: Hint
    kind: Kind
    used: str
    """Where, in words; empty: nowhere."""
    column: str
    """The list's column that gives it; empty: none, or no list is chosen."""
    suggestions: tuple[str, ...]


@blueprint.post("/<int:template_id>/checks")
@may(Permission.WRITE)
@only_reads
def checks(template_id: int) -> Page:
    """Answer with what there is to say of what is typed at the moment, and with rows for variables that are new."""
    template = templates.find_template(db(), me(), template_id)
    form = DraftForm()
    draft = form.content(template.draft)
    data, _, _ = preview_data(form, draft)
    columns = columns_of(form)
    pieces = pieces_of.pieces_for(db(), template.workspace_id, draft)
    known = set(request.form.getlist("hint_name"))
    rows = [row for row in variable_rows(draft, pieces, columns) if row.name not in known]
    names = editor_names(draft, pieces)
    found = findings(services().renderer, draft, form.language(draft), pieces, data, columns)
    return render_template(
        "emails/_checks.html", findings=found, rows=rows, names=names, kinds=KIND_WORDS, place_words=place_words
    )


def place_words(place: str) -> str:
    """Give a place's name for people."""
    return {"layout": _("Layout"), "files": _("Files"), **PLACES}.get(place, place.removeprefix("headers."))


def columns_of(form: DraftForm) -> list[str]:
    """Give the columns of the list that the preview is shown with."""
    list_id = min(form.preview_list.data or EXAMPLES, LARGEST)
    if list_id == EXAMPLES:
        return []
    try:
        return list(find_list(db(), me(), list_id).columns)
    except NotThere:
        return []


def variable_rows(draft: Content, pieces: Pieces, columns: list[str]) -> list[VariableRow]:
    """Give a row for each variable of the draft, and for those that only the table knows."""
    found = {one.name: one for one in variables_in(draft, pieces)}
    matches = {one.variable: one for one in match_columns(list(found), columns)} if columns else {}
    rows = []
    for name in [*found, *(name for name in draft.hints if name not in found)]:
        variable, match = found.get(name), matches.get(name)
        uses = (
            dict.fromkeys(
                str(_("%(place)s, line %(line)s", place=place_words(place), line=str(line)))
                for place, line in variable.places
            )
            if variable
            else {}
        )
        shown = "; ".join(list(uses)[:3])
        rows.append(
            VariableRow(
                name=name,
                hint=draft.hints.get(name, Hint()),
                kind=variable.kind if variable else Kind.TEXT,
                used=_("%(places)s; and more", places=shown) if len(uses) > 3 else shown,
                column=(match.column or "") if match else "",
                suggestions=match.suggestions if match else (),
            )
        )
    return rows


def editor_names(draft: Content, pieces: Pieces) -> dict[str, object]:
    """Give what the editor offers to insert: variables, snippets, filters, images."""
    names = dict.fromkeys([*draft.hints, *(one.name for one in variables_in(draft, pieces)), "email", "name"])
    hints = {name: draft.hints.get(name, Hint()) for name in names}
    return {
        "variables": [{"name": name, "example": hint.example} for name, hint in hints.items()],
        "snippets": pieces_of.snippet_names(db(), me()),
        "filters": [{"name": one.name, "words": one.words} for one in FILTER_WORDS],
        "images": image_names(draft.files),
    }


def image_names(files: Iterable[TemplateFile]) -> list[dict[str, str]]:
    """Give the images that the editor offers to insert."""
    return [{"content_id": one.content_id, "name": one.name} for one in files if one.content_id]
