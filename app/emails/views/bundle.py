"""Downloads of templates, and imports: give a file, see what it does, say yes."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.utils import secure_filename

from app.emails import exporting, importing
from app.emails.bundle import Bundle, write_files
from app.emails.bundle_zip import pack
from app.emails.importing import Choice, Chosen
from app.emails.models import WaitingImport
from app.emails.templates import find_template
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.version_forms import ImportForm
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.web.numbers import LARGEST
from app.web.request import db, may, me, roll_back, services
from app.words import _, _n

CHOICE_WORDS = {
    Choice.COPY: _("Import it as a copy, under another name"),
    Choice.REPLACE: _("Replace the draft here; published versions stay"),
    Choice.LEAVE: _("Leave it as it is here"),
}
KIND_WORDS = {"template": _("Template"), "layout": _("Layout"), "snippet": _("Snippet")}
THERE_ALREADY = {
    "template": _("There is another template “%(name)s”"),
    "layout": _("There is another layout “%(name)s”"),
    "snippet": _("There is another snippet “%(name)s”"),
}
THERE_ALREADY_ARCHIVED = {
    "template": _("There is another template “%(name)s” (archived)"),
    "layout": _("There is another layout “%(name)s” (archived)"),
    "snippet": _("There is another snippet “%(name)s” (archived)"),
}


@blueprint.get("/<int:template_id>/download")
@may(Permission.LOOK)
def download(template_id: int) -> Response:
    """One template as a ZIP file of plain files."""
    template = find_template(db(), me(), template_id)
    return _zip(exporting.export_template(db(), me(), template_id), template.name)


@blueprint.get("/download")
@may(Permission.LOOK)
def download_all() -> Response:
    """Every template that is not archived, or those of one folder, with all layouts and snippets."""
    folder = request.args.get("folder")
    return _zip(exporting.export_all(db(), me(), folder), folder or "templates")


@blueprint.route("/import", methods=["GET", "POST"])
@may(Permission.WRITE)
def import_file() -> Page:
    """Take a file; what it does is shown before it is done."""
    form = ImportForm()
    if form.validate_on_submit():
        try:
            keep_braces = bool(form.keep_braces.data)
            waiting = importing.keep_import(db(), me(), *form.given(), keep_braces=keep_braces)
        except Refused as refusal:
            form.show(refusal)
        else:
            return redirect(url_for("emails.import_check", import_id=waiting.id))
    return render_template("emails/import.html", form=form), 422 if form.errors else 200


@blueprint.route("/imports/<int:import_id>", methods=["GET", "POST"])
@may(Permission.WRITE)
def import_check(import_id: int) -> Page:
    """Show what importing does; POST does it, with the choices made."""
    if request.method == "GET":
        return _check_page(importing.find_import(db(), me(), import_id))
    db().commit()  # looking for problems takes a while; nobody waits for our write lock meanwhile
    try:
        with services().database.reading() as reading:
            bundle = importing.read_waiting(importing.find_import(reading, me(), import_id))
            lines = importing.plan(reading, me(), bundle, services().renderer)
        waiting = importing.find_import(db(), me(), import_id, lock=True)
    except NotThere:
        return _done_before()
    try:
        done = importing.carry_out(db(), me(), bundle, lines, _chosen())
        db().delete(waiting)
    except Refused as refusal:
        roll_back()
        return _check_page(importing.find_import(db(), me(), import_id), refusal.words), 422
    flash(_words(done))
    if len(done.template_ids) == 1:
        return redirect(url_for("emails.edit", template_id=done.template_ids[0]))
    return redirect(url_for("emails.index"))


@blueprint.post("/imports/<int:import_id>/cancel")
@may(Permission.WRITE)
def import_cancel(import_id: int) -> Page:
    """Forget a file that waits."""
    try:
        db().delete(importing.find_import(db(), me(), import_id, lock=True))
    except NotThere:
        return _done_before()
    flash(_("Nothing was imported."))
    return redirect(url_for("emails.index"))


def _zip(bundle: Bundle, name: str) -> Response:
    answer = Response(pack(write_files(bundle)), mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{secure_filename(name) or 'templates'}.zip")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _done_before() -> Page:
    flash(_("This import is no longer there: it was done or cancelled before."), "info")
    return redirect(url_for("emails.index"))


def _chosen() -> dict[str, Chosen]:
    """Read the choices: each says what to do, and on which draft it was made."""
    found: dict[str, Chosen] = {}
    for key, value in request.form.items():
        choice, _, number = value.partition(":")
        if key.startswith(("template-", "piece-")) and choice in list(Choice):
            found[key] = Chosen(
                Choice(choice), min(int(number), LARGEST) if number.isdecimal() and len(number) < 12 else 0
            )
    return found


def _check_page(waiting: WaitingImport, problem: str = "") -> str:
    bundle = importing.read_waiting(waiting)
    db().commit()  # nothing is changed here, and looking for problems takes a while
    with services().database.reading() as reading:
        lines = importing.plan(reading, me(), bundle, services().renderer)
    chosen = {key: one.choice for key, one in _chosen().items()}
    return render_template(
        "emails/import_check.html",
        waiting=waiting,
        lines=lines,
        problem=problem,
        chosen=chosen,
        choice_words=CHOICE_WORDS,
        kind_words=KIND_WORDS,
        there_already=THERE_ALREADY,
        there_already_archived=THERE_ALREADY_ARCHIVED,
    )


def _words(done: importing.Done) -> str:
    said = []
    if done.made:
        said.append(_n("%(count)s made", "%(count)s made", len(done.made)))
    if done.replaced:
        said.append(_n("%(count)s draft replaced", "%(count)s drafts replaced", len(done.replaced)))
    if done.left:
        said.append(_n("%(count)s left as it was", "%(count)s left as they were", len(done.left)))
    if not said:
        return _("Imported: everything was here already.")
    return _("Imported: %(parts)s.", parts=", ".join(str(one) for one in said))
