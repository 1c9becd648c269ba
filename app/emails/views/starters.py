"""The page of a new template, with the gallery."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for

from app.emails import starters
from app.emails.showing import shown_html
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.version_forms import StarterForm
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.web.frames import foreign_html
from app.web.request import db, may, me, services
from app.words import _


@blueprint.route("/new", methods=["GET", "POST"])
@may(Permission.WRITE)
def new() -> Page:
    """Make a template that begins with an entry of the gallery, or empty."""
    form = StarterForm()
    if form.validate_on_submit():
        try:
            template = starters.start_template(
                db(), me(), form.name.data or "", request.form.get("starter") or starters.USUAL
            )
        except NotThere:
            form.starter.errors = [_("Choose one of these.")]
        except Refused as refusal:
            form.show(refusal)
        else:
            return redirect(url_for("emails.edit", template_id=template.id))
    return render_template(
        "emails/new.html",
        form=form,
        starters=starters.starters(),
        chosen=request.form.get("starter") or starters.EMPTY[0].value,
    ), 422 if form.errors else 200


@blueprint.get("/gallery/<name>")
@may(Permission.WRITE)
def gallery_page(name: str) -> Response:
    """Give the HTML of a gallery's entry with its examples, for a sandboxed frame."""
    entry = starters.in_gallery(name)
    pieces = starters.pieces_of_entry(entry)
    return foreign_html(shown_html(services().renderer, entry.content, entry.content.language, pieces))
