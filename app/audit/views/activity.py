"""The activity page: the trail filtered, one entry, and all of it as a download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.audit.chain import head_words, heads
from app.audit.models import AuditEntry
from app.audit.origin import VIA_WORDS
from app.audit.reading import Wanted, every, find_entry, page
from app.audit.views.forms import FilterForm
from app.db import Database
from app.emails.pieces import find_piece
from app.emails.templates import find_template
from app.people.models import Person
from app.people.names import names_in
from app.people.roles import Permission
from app.recipients.lists import find_list
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.recipients.views.blueprint import csv_response
from app.refusals import NotThere
from app.sends.control import find_send
from app.web.looks import note_download
from app.web.numbers import row_number
from app.web.request import db, may, me, services
from app.words import _

blueprint = Blueprint("audit", __name__)
PAGE = 50
NOBODY = _("Postroom itself")
ERASED_WORDS = _("The words of this entry were taken away, as the workspace’s rule says.")
COLUMNS = (
    _("Number"),
    _("When (UTC)"),
    _("Who"),
    _("What"),
    _("Changed"),
    _("Before"),
    _("After"),
    _("From where"),
    _("Address"),
    _("Browser"),
)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"erased_words": ERASED_WORDS}


@dataclass(frozen=True, slots=True)
class _Subject:
    """What acts of a kind are about, and its page."""

    label: str
    find: Callable[[Session, Person, int], object]
    """Raises NotThere."""
    endpoint: str
    argument: str
    needs: Permission = Permission.LOOK


_LIST = _Subject(_("Go to the list"), find_list, "recipients.show", "list_id")
_SUBJECTS = {
    "send": _Subject(_("Go to the send"), find_send, "sends.show", "send_id"),
    "template": _Subject(_("Go to the template"), find_template, "emails.version_list", "template_id"),
    "piece": _Subject(_("Go to the layout or snippet"), find_piece, "emails.edit_piece", "piece_id", Permission.WRITE),
    "list": _LIST,
}


@blueprint.get("/activity")
@may(Permission.LOOK)
def activity() -> str:
    """Who did what, newest first."""
    session, person = db(), me()
    names = names_in(session, person.workspace_id)
    form = FilterForm(request.args)
    form.offer(names)
    wanted = form.wanted()
    before = request.args.get("before", type=row_number)
    entries = page(session, person, wanted, before=before, limit=PAGE + 1) if wanted is not None else []
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    arguments: dict[str, Any] = form.arguments()
    return render_template(
        "audit/activity.html",
        entries=entries,
        names=names,
        nobody=NOBODY,
        form=form,
        is_filtered=bool(arguments),
        is_first=before is None,
        download_url=url_for("audit.download", **arguments),
        next_url=url_for("audit.activity", **arguments, before=entries[-1].position) if more else None,
    )


@blueprint.get("/activity/<int:position>")
@may(Permission.LOOK)
def entry(position: int) -> str:
    """One entry: before and after, from where, and its place in the chain."""
    session, person = db(), me()
    found = find_entry(session, person, position)
    return render_template(
        "audit/entry.html",
        entry=found,
        who=_who(names_in(session, person.workspace_id), found),
        via=VIA_WORDS[found.via],
        subject=_subject(found),
    )


@blueprint.get("/activity/chain")
@may(Permission.LOOK)
def chain() -> str:
    """How far the trail goes, to be noted somewhere else."""
    found = heads(db(), [me().workspace_id])
    return render_template("audit/chain.html", head=head_words(found[0]) if found else "")


@blueprint.get("/activity/download.csv")
@may(Permission.ADMINISTER)
def download() -> Response:
    """The entries as they are filtered; written while they are read."""
    form = FilterForm(request.args)
    form.offer(names_in(db(), me().workspace_id))
    wanted = form.wanted()
    if wanted is None:
        raise NotThere("entries")
    note_download("trail", _("The trail downloaded"))
    return csv_response(_lines(services().database, me(), wanted), "activity")


def _lines(database: Database, person: Person, wanted: Wanted) -> Iterator[str]:
    with database.reading() as session:
        names = names_in(session, person.workspace_id)
        yield BYTE_ORDER_MARK + csv_lines([COLUMNS])
        for one in every(session, person, wanted):
            yield csv_lines(_rows(one, _who(names, one)))


def _rows(one: AuditEntry, who: str) -> Iterator[tuple[object, ...]]:
    """Give a line for each thing that an entry changed; one when it tells of none."""
    begin = (one.position, f"{one.at:%Y-%m-%d %H:%M:%S}", who, one.words)
    end = (VIA_WORDS[one.via], one.address, one.browser_words)
    for what, pair in (one.changes or {"": ["", ""]}).items():
        yield (*begin, what, *pair, *end)


def _who(names: dict[int, str], one: AuditEntry) -> str:
    return NOBODY if one.actor_id is None else names.get(one.actor_id, _("Somebody"))


def _subject(found: AuditEntry) -> tuple[str, str] | None:
    """Give label and address of what an entry is about; None when there is no page of it (any more)."""
    what = _SUBJECTS.get(found.action.partition(".")[0])
    if what is None or found.subject_id is None or not me().may(what.needs):
        return None
    try:
        what.find(db(), me(), found.subject_id)
    except NotThere:
        return None
    place: dict[str, Any] = {what.argument: found.subject_id}
    return what.label, url_for(what.endpoint, **place)
