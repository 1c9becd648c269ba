"""Pages of templates: the list, new ones, names, versions."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for

from app.emails import editor_views, header_views, templates
from app.emails.blueprint import Page, blueprint
from app.emails.forms import NameForm
from app.refusals import Refused
from app.web.frames import foreign_html
from app.web.request import db, me

__all__ = ["blueprint", "editor_views", "header_views"]
PAGE = 25


@blueprint.get("/")
def index() -> Page:
    """Templates by name."""
    search, archived = request.args.get("q", ""), "archived" in request.args
    folder = request.args.get("folder")
    found = templates.templates(
        db(), me(), search=search, folder=folder, after=request.args.get("after", ""), archived=archived, limit=PAGE + 1
    )
    next_url = None
    if len(found) > PAGE:
        kept = "yes" if archived else None
        next_url = url_for("emails.index", after=found[PAGE - 1].name, q=search or None, archived=kept, folder=folder)
    return render_template(
        "emails/index.html",
        templates=found[:PAGE],
        newest=templates.newest_of(db(), [one.id for one in found]),
        folders=templates.folders(db(), me()),
        folder=folder,
        search=search,
        archived=archived,
        next_url=next_url,
    )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Page:
    """Make a template."""
    form = NameForm()
    if form.validate_on_submit():
        try:
            template = templates.create_template(db(), me(), form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            return redirect(url_for("emails.edit", template_id=template.id))
    return render_template("emails/new.html", form=form), 422 if form.errors else 200


@blueprint.post("/<int:template_id>/archive")
def archive(template_id: int) -> Page:
    """Put a template away or bring it back."""
    archived = request.form.get("archived") == "yes"
    template = templates.archive_template(db(), me(), template_id, archived=archived)
    flash(f"“{template.name}” is put away." if archived else f"“{template.name}” is back.")
    return redirect(url_for("emails.index"))


@blueprint.get("/versions/<int:version_id>")
def version(version_id: int) -> Page:
    """Show one published version."""
    found = templates.find_version(db(), me(), version_id)
    return render_template("emails/version.html", version=found, source=found.source())


@blueprint.get("/versions/<int:version_id>/page")
def version_page(version_id: int) -> Response:
    """Give the HTML of a version as it was published, for the sandboxed frame."""
    return foreign_html(templates.find_version(db(), me(), version_id).source().html)
