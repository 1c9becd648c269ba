"""Pages of templates: the list, new ones, names, versions."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for

from app.emails import templates
from app.emails.inline_images import html_with_files
from app.emails.views.blueprint import Page, blueprint
from app.people.roles import Permission
from app.web.frames import foreign_html
from app.web.request import db, may, me
from app.words import _

PAGE = 25


@blueprint.get("/")
@may(Permission.LOOK)
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
    ids = [one.id for one in found]
    return render_template(
        "emails/index.html",
        templates=found[:PAGE],
        newest=templates.newest_of(db(), ids),
        layouts=templates.layouts_of(db(), ids),
        folders=templates.folder_counts(db(), me()),
        folder=folder,
        search=search,
        archived=archived,
        next_url=next_url,
    )


@blueprint.post("/<int:template_id>/archive")
@may(Permission.WRITE)
def archive(template_id: int) -> Page:
    """Put a template away or bring it back."""
    archived = request.form.get("archived") == "yes"
    template = templates.archive_template(db(), me(), template_id, archived=archived)
    flash(
        _("“%(name)s” is put away.", name=template.name) if archived else _("“%(name)s” is back.", name=template.name)
    )
    return redirect(url_for("emails.index"))


@blueprint.get("/versions/<int:version_id>")
@may(Permission.LOOK)
def version(version_id: int) -> Page:
    """Show one published version."""
    found = templates.find_version(db(), me(), version_id)
    return render_template("emails/version.html", version=found, source=found.source())


@blueprint.get("/versions/<int:version_id>/page")
@may(Permission.LOOK)
def version_page(version_id: int) -> Response:
    """Give the HTML of a version as it was published, for the sandboxed frame."""
    found = templates.find_version(db(), me(), version_id)
    return foreign_html(html_with_files(db(), found.source().html, found.files))
