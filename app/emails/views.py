"""Pages of templates: list, editor with live preview, versions."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.cloudflare.contract import HEADER_RULES
from app.emails import preview as previews
from app.emails import publishing, templates
from app.emails.forms import NO_LIST, DraftForm, NameForm, draft_form
from app.emails.models import Template
from app.emails.rendering import EmailSource
from app.recipients.lists import all_lists
from app.recipients.people import recipient_at
from app.refusals import NotThere, Refused
from app.web.frames import foreign_html
from app.web.header_rows import given_headers, rows_to_show
from app.web.request import db, me, services

blueprint = Blueprint("emails", __name__, url_prefix="/templates")
Page = str | AnyResponse | tuple[str, int]
PAGE = 25
MOST = 2**31 - 1
"""The largest number that every database takes."""


@blueprint.get("/")
def index() -> Page:
    """Templates by name."""
    search, archived = request.args.get("q", ""), "archived" in request.args
    found = templates.templates(
        db(), me(), search=search, after=request.args.get("after", ""), archived=archived, limit=PAGE + 1
    )
    next_url = None
    if len(found) > PAGE:
        kept = "yes" if archived else None
        next_url = url_for("emails.index", after=found[PAGE - 1].name, q=search or None, archived=kept)
    return render_template(
        "emails/index.html", templates=found[:PAGE], search=search, archived=archived, next_url=next_url
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


@blueprint.route("/<int:template_id>", methods=["GET", "POST"])
def edit(template_id: int) -> Page:
    """Show the editor; POST saves the draft, and publishes it when asked to."""
    template = templates.find_template(db(), me(), template_id)
    if request.method == "GET":
        headers = [(str(name), str(value)) for name, value in template.draft_headers]
        return _editor(template, draft_form(template), headers)
    form = DraftForm()
    problems: list[str] = []
    if form.validate():
        try:
            template = templates.save_draft(db(), me(), template_id, form.draft(), number=form.number.data or 0)
            db().commit()
            form.stands_on(template.draft_number)
            if request.form.get("action") != "publish":
                flash("Draft saved.")
                return redirect(url_for("emails.edit", template_id=template_id))
            version = publishing.publish(db(), me(), template_id, request.form.get("note", ""), services().renderer)
        except publishing.CannotPublish as refusal:
            problems = refusal.problems
        except Refused as refusal:
            form.show(refusal)
            if not refusal.field:
                form.stands_on(template.draft_number)
        else:
            flash(f"Published as version {version.number}. New sends use it.")
            return redirect(url_for("emails.version", version_id=version.id))
    return _editor(template, form, given_headers(), problems), 422


@blueprint.post("/<int:template_id>/preview")
def preview(template_id: int) -> Page:
    """Answer with the preview part for what is typed at the moment."""
    template = templates.find_template(db(), me(), template_id)
    return render_template("emails/_preview.html", **_preview(template, DraftForm(), given_headers()))


@blueprint.get("/<int:template_id>/preview-page")
def preview_page(template_id: int) -> Response:
    """Give the HTML previewed last, for the sandboxed frame."""
    templates.find_template(db(), me(), template_id)
    return foreign_html(previews.page_of(db(), me(), template_id), images="images" in request.args)


@blueprint.post("/<int:template_id>/name")
def rename(template_id: int) -> Page:
    """Rename a template."""
    template = templates.find_template(db(), me(), template_id)
    form = NameForm()
    if form.validate_on_submit():
        try:
            templates.rename_template(db(), me(), template_id, form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash("Renamed.")
            return redirect(url_for("emails.edit", template_id=template_id))
    headers = [(str(name), str(value)) for name, value in template.draft_headers]
    return _editor(template, draft_form(template), headers, name_form=form), 422


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
    return render_template("emails/version.html", version=found)


@blueprint.get("/versions/<int:version_id>/page")
def version_page(version_id: int) -> Response:
    """Give the HTML of a version as it was published, for the sandboxed frame."""
    return foreign_html(templates.find_version(db(), me(), version_id).prepared_html)


def _editor(
    template: Template,
    form: DraftForm,
    headers: list[tuple[str, str]],
    problems: list[str] | None = None,
    name_form: NameForm | None = None,
) -> str:
    form.preview_list.choices = [
        (NO_LIST, "My sample values"),
        *((one.id, f"List: {one.name}") for one in all_lists(db(), me())),
    ]
    return render_template(
        "emails/edit.html",
        form=form,
        name_form=name_form or NameForm(formdata=None, name=template.name),
        headers=rows_to_show(headers),
        rules=HEADER_RULES,
        problems=problems or [],
        **_preview(template, form, headers),
    )


def _preview(template: Template, form: DraftForm, headers: list[tuple[str, str]]) -> dict[str, object]:
    """Render what is typed and keep its HTML for the frame."""
    draft = form.draft()
    data, who = _preview_data(form)
    source = EmailSource(draft.subject, draft.html, draft.text, tuple(headers))
    db().commit()  # rendering may take a while; nobody waits for our write lock meanwhile
    shown = previews.preview(services().renderer, source, data)
    with services().database.writing() as session:
        page = previews.keep_page(session, me(), template.id, shown.email.html if shown.email else "")
    header_problems = [one.words for one in publishing.header_problems(tuple(headers))]
    return {
        "template": template,
        "preview": shown,
        "header_problems": header_problems,
        "frame_stamp": f"{page.made_at:%H%M%S%f}",
        "who": who,
    }


def _preview_data(form: DraftForm) -> tuple[dict[str, object], str]:
    """Give the values to preview with, and whose they are."""
    list_id = form.preview_list.data or NO_LIST
    if list_id == NO_LIST:
        return {"email": "someone@example.com", "name": "", **form.draft().sample}, "your sample values"
    try:
        person = recipient_at(db(), me(), min(list_id, MOST), min(form.preview_at.data or 1, MOST))
    except NotThere:  # deleted meanwhile: no reason to lose what is typed
        return dict(form.draft().sample), "your sample values, because the list is no longer there"
    if person is None:
        return dict(form.draft().sample), "your sample values, because the list ends before this number"
    return {"email": person.email, "name": person.name, **person.data}, person.email
