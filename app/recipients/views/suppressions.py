"""Pages of addresses that are not written to: ours and Cloudflare's, the sync, the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.db import Database
from app.delivery import suppression_changes
from app.delivery.worker import worker_alive
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.people.models import Person
from app.people.roles import Permission
from app.recipients.models import SuppressionReason
from app.recipients.suppressions import adding as suppression_adding
from app.recipients.suppressions import listing as suppression_list
from app.recipients.suppressions.listing import OURS, Entry, Wanted
from app.recipients.suppressions.rules import change_rules, rules_of
from app.recipients.suppressions.who import find_suppression
from app.recipients.suppressions.words import CONFLICTS, READ_ONLY
from app.recipients.views.blueprint import csv_response
from app.recipients.views.suppression_forms import (
    AddForm,
    AddManyForm,
    ChangeForm,
    FilterForm,
    RulesForm,
    last_day_words,
)
from app.refusals import Refused
from app.sends.bad_addresses import has_open, lists_with
from app.web.looks import note_download
from app.web.request import db, is_htmx, may, me, roll_back, services
from app.words import _, _n, joined

blueprint = Blueprint("suppressions", __name__, url_prefix="/suppressions")
Page = str | Answer | tuple[str, int]
PAGE = 50
BAD_ROWS_SHOWN = 100
FIRST_CONFLICTS = 5
"""Conflicts that stand above the list; the others are a filter away."""


@blueprint.context_processor
def _words() -> dict[str, object]:
    return {"last_day_words": last_day_words}


@blueprint.get("")
@may(Permission.LOOK)
def index() -> Page:
    """Ours and theirs by address."""
    form, wanted = FilterForm(request.args), _wanted()
    found = suppression_list.entries(db(), me(), wanted, after=request.args.get("after", ""), limit=PAGE + 1)
    page = found[:PAGE]
    conflicts = (
        suppression_list.entries(db(), me(), Wanted(conflicts=True), limit=FIRST_CONFLICTS)
        if not wanted.conflicts and suppression_list.has_conflicts(db(), me())
        else []
    )
    after = page[-1].place if len(found) > PAGE else None
    return render_template(
        "suppressions/index.html",
        form=form,
        wanted=wanted,
        entries=page,
        conflicts=conflicts,
        is_first="after" not in request.args,
        is_filtered=wanted != Wanted(),
        has_bad=has_open(db(), me()),
        arguments=_arguments(),
        next_url=url_for(".index", after=after, **_arguments()) if after else None,
        **_sync_words(),
    )


@blueprint.get("/sync")
@may(Permission.LOOK)
def sync() -> Page:
    """Give the part of the page that changes while a sync runs."""
    if not is_htmx():
        return redirect(url_for(".index"))
    return render_template("suppressions/_sync.html", **_sync_words())


@blueprint.post("/sync")
@may(Permission.WRITE)
def sync_now() -> Page:
    """Sync at once."""
    if _parameters() is None:
        flash(_("The mail service is not connected, so there is nothing to sync."), "warn")
    else:
        suppression_adding.sync_now(db(), me())
        flash(_("The sync begins in a moment.") if worker_alive(db()) else _("The sync begins when a worker runs."))
    return redirect(url_for(".index"))


@blueprint.get("/download.csv")
@may(Permission.WRITE)
def download() -> Response:
    """The list as it is filtered, safe to open in a spreadsheet program; written while it is read."""
    wanted = _wanted()
    note_download("suppressions_downloaded", "Suppressions downloaded")
    return csv_response(_streamed(services().database, me(), wanted), "suppressions")


@blueprint.route("/add", methods=["GET", "POST"])
@may(Permission.WRITE)
def add() -> Page:
    """Add one address by hand."""
    form = AddForm(formdata=request.form if request.method == "POST" else None, email=request.args.get("email", ""))
    if form.validate_on_submit():
        try:
            added = suppression_adding.add_one(
                db(),
                me(),
                email=form.email.data or "",
                words=form.note.data or "",
                until=form.until_moment(),
                at_cloudflare=form.at_cloudflare.data,
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("%(email)s gets no e-mail any more.", email=added.email))
            return redirect(url_for(".address", email=added.email))
    there = find_suppression(db(), me().workspace_id, form.email.data or "", SuppressionReason.BY_HAND)
    page = render_template("suppressions/add.html", form=form, is_connected=_parameters() is not None, there=there)
    return page, 422 if form.errors else 200


@blueprint.route("/add-many", methods=["GET", "POST"])
@may(Permission.WRITE)
def add_many() -> Page:
    """Add the addresses of a file or a paste."""
    form = AddManyForm()
    if form.validate_on_submit():
        content = form.content()
        try:
            if not content.strip():
                raise Refused(_("Choose a file, or paste addresses below."), field="file")
            added = suppression_adding.add_many(
                db(), me(), content=content, words=form.note.data or "", at_cloudflare=form.at_cloudflare.data
            )
        except Refused as refusal:
            roll_back()
            form.show(refusal)
        else:
            return render_template("suppressions/added.html", added=added, shown=added.bad_rows[:BAD_ROWS_SHOWN])
    page = render_template("suppressions/add_many.html", form=form, is_connected=_parameters() is not None)
    return page, 422 if form.errors else 200


@blueprint.post("/undo")
@may(Permission.WRITE)
def undo() -> Page:
    """Take away what was added together a moment ago."""
    gone = suppression_adding.undo_batch(db(), me(), request.form.get("batch", "").replace("\0", ""))
    words = _n("%(count)s address is taken away again.", "%(count)s addresses are taken away again.", gone)
    flash(words if gone else _("Nothing is left of that to take away."))
    return redirect(url_for(".index"))


@blueprint.get("/address")
@may(Permission.LOOK)
def address() -> Page:
    """Everything that stands against one address, and what may be done about it."""
    return _address_page(_email())


@blueprint.post("/ours/<int:suppression_id>/change")
@may(Permission.WRITE)
def change_ours(suppression_id: int) -> Page:
    """Change the note and the end of one of ours."""
    found, form = suppression_adding.find_ours(db(), me(), suppression_id), ChangeForm()
    if form.validate_on_submit():
        try:
            suppression_adding.change_ours(
                db(),
                me(),
                suppression_id,
                words=form.note.data or "",
                until=form.until_moment(),
                is_administrator=me().is_administrator,
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("Saved."))
            return redirect(url_for(".address", email=found.email))
    return _address_page(found.email, changed=(OURS, suppression_id, form)), 422


@blueprint.post("/ours/<int:suppression_id>/remove")
@may(Permission.WRITE)
def remove_ours(suppression_id: int) -> Page:
    """Take one of ours away."""
    found = suppression_adding.find_ours(db(), me(), suppression_id)
    email = found.email
    try:
        suppression_adding.remove_ours(db(), me(), suppression_id, is_administrator=me().is_administrator)
    except Refused as refusal:
        return _address_page(email, problems=[refusal.words]), 409
    left = suppression_list.entries_of_address(db(), me(), email)
    flash(_("Taken away. %(rest)s", rest=_left_words(email, left)))
    return redirect(url_for(".address", email=email))


@blueprint.post("/stopped/<int:opt_out_id>/remove")
@may(Permission.ADMINISTER)
def remove_stopped(opt_out_id: int) -> Page:
    """Let a person get a kind of notice again that they stopped."""
    email = suppression_adding.resume_kind(db(), me(), opt_out_id)
    left = suppression_list.entries_of_address(db(), me(), email)
    flash(_("Taken away. %(rest)s", rest=_left_words(email, left)))
    return redirect(url_for(".address", email=email))


@blueprint.post("/ours/<int:suppression_id>/conflict")
@may(Permission.WRITE)
def resolve_conflict(suppression_id: int) -> Page:
    """Settle a difference with Cloudflare."""
    email = suppression_adding.find_ours(db(), me(), suppression_id).email
    try:
        suppression_adding.resolve_conflict(
            db(), me(), suppression_id, request.form.get("choice", ""), is_administrator=me().is_administrator
        )
    except Refused as refusal:
        return _address_page(email, problems=[refusal.words]), 409
    flash(_("The difference about %(email)s is settled.", email=email))
    return redirect(url_for(".index"))


@blueprint.post("/theirs/<int:entry_id>/change")
@may(Permission.ADMINISTER)
def change_theirs(entry_id: int) -> Page:
    """Change the note and the end of an entry of Cloudflare's."""
    session, person, form = db(), me(), ChangeForm()
    parameters = _parameters()
    email = suppression_list.email_of_theirs(session, person, entry_id)
    session.commit()
    if form.validate_on_submit():
        try:
            suppression_changes.change_theirs(
                services().database,
                person,
                _connected(parameters),
                entry_id,
                words=form.note.data or "",
                until=form.until_moment(),
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("Saved at Cloudflare. It may take some minutes until it counts there."))
            return redirect(url_for(".address", email=email))
    return _address_page(email, changed=("theirs", entry_id, form)), 422


@blueprint.post("/theirs/<int:entry_id>/remove")
@may(Permission.ADMINISTER)
def remove_theirs(entry_id: int) -> Page:
    """Take an entry away at Cloudflare."""
    session, person = db(), me()
    parameters = _parameters()
    email = suppression_list.email_of_theirs(session, person, entry_id)
    session.commit()
    try:
        suppression_changes.remove_theirs(services().database, person, _connected(parameters), entry_id)
    except Refused as refusal:
        return _address_page(email, problems=[refusal.words]), 409
    left = suppression_list.entries_of_address(session, person, email)
    flash(
        _(
            "Taken away at Cloudflare; it may take some minutes until it counts. %(rest)s",
            rest=_left_words(email, left),
        )
    )
    return redirect(url_for(".address", email=email))


@blueprint.get("/rules")
@may(Permission.LOOK)
def rules() -> Page:
    """What happens by itself."""
    return _rules_page(RulesForm(formdata=None, obj=rules_of(db(), me().workspace_id)))


@blueprint.post("/rules")
@may(Permission.ADMINISTER)
def save_rules() -> Page:
    """Change what happens by itself."""
    form = RulesForm()
    if not form.validate_on_submit():
        return _rules_page(form), 422
    change_rules(
        db(),
        me(),
        adds_bounces=form.adds_bounces.data,
        adds_complaints=form.adds_complaints.data,
        syncs=form.syncs.data,
        hands_over=form.reasons(),
    )
    if form.syncs.data and _parameters() is not None:
        suppression_adding.sync_now(db(), me())
    flash(_("The rules are saved."))
    return redirect(url_for(".rules"))


def _address_page(
    email: str, *, problems: list[str] | None = None, changed: tuple[str, int, ChangeForm] | None = None
) -> str:
    found = suppression_list.entries_of_address(db(), me(), email)
    forms = {}
    for one in found:
        if changed is not None and changed[:2] == (one.source, one.id):
            forms[one.source, one.id] = changed[2]
        else:
            form = ChangeForm(formdata=None, prefix="", data={"note": one.note})
            form.show_moment(one.until)
            forms[one.source, one.id] = form
        forms[one.source, one.id].name_apart(f"{one.source}-{one.id}")
    return render_template(
        "suppressions/address.html",
        email=email,
        entries=found,
        forms=forms,
        problems=[*(problems or []), *(changed[2].form_errors if changed else [])],
        lists=lists_with(db(), me().workspace_id, [email.lower()]).get(email.lower(), []),
        CONFLICTS=CONFLICTS,
        CHOICES=suppression_adding.CHOICES,
        READ_ONLY=READ_ONLY,
    )


def _rules_page(form: RulesForm) -> str:
    return render_template("suppressions/rules.html", form=form, is_connected=_parameters() is not None)


def _left_words(email: str, left: list[Entry]) -> str:
    left = [one for one in left if not one.is_ended]
    of_all = [one for one in left if not one.only]
    if of_all:
        return _(
            "%(email)s still gets no e-mail: %(reasons)s.",
            email=email,
            reasons=", ".join(str(one.reason_inside) for one in of_all),
        )
    return joined([_("%(email)s may be written to again.", email=email), *(one.only for one in left)])


def _sync_words() -> dict[str, object]:
    is_connected = _parameters() is not None
    state = suppression_list.sync_of(db(), me().workspace_id) if is_connected else None
    is_on = is_connected and rules_of(db(), me().workspace_id).syncs and services().settings.suppressions_seconds > 0
    goes_on = state is not None and (state.is_reading or state.asked_at is not None) and not state.is_paused
    return {
        "state": state,
        "is_connected": is_connected,
        "is_on": is_on,
        "ago": suppression_list.ago_words(state.synced_at) if state is not None and state.synced_at else "",
        "is_followed": is_on and (state is None or goes_on),
    }


def _parameters() -> ConnectionParameters | None:
    try:
        return resolve(db(), services().settings, me().workspace_id)
    except NotConnected:
        return None


def _connected(parameters: ConnectionParameters | None) -> ConnectionParameters:
    if parameters is None:
        raise Refused(_("The mail service is not connected. Nothing was changed."))
    return parameters


def _wanted() -> Wanted:
    given = request.args
    return Wanted(
        given.get("q", "").strip(), given.get("source", ""), given.get("reason", ""), conflicts="conflicts" in given
    )


def _arguments() -> dict[str, Any]:
    """Give the filters of this page for links to others."""
    return {name: request.args[name] for name in ("q", "source", "reason", "conflicts") if request.args.get(name)}


def _email() -> str:
    return request.args.get("email", "").replace("\0", "").strip()[:254]


def _streamed(database: Database, person: Person, wanted: Wanted) -> Iterator[str]:
    with database.reading() as session:
        yield from suppression_list.as_csv(session, person, wanted)
