"""The editor of one template: writing, saving, the preview beside it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for

from app.emails import preview as previews
from app.emails import publishing, templates
from app.emails.blueprint import Page, blueprint
from app.emails.content import Content
from app.emails.forms import EXAMPLES, NO_LAYOUT, DraftForm, NameForm, draft_form
from app.emails.headers import rule_problems
from app.emails.models import Template
from app.emails.pieces import pieces_for
from app.emails.preview import View
from app.recipients.lists import all_lists
from app.recipients.people import recipient_at
from app.refusals import NotThere, Refused
from app.sends.composition import unsubscribe_link
from app.sends.review import SPECIMEN_REFERENCE
from app.web.frames import foreign_html
from app.web.header_rows import composer, is_header_action
from app.web.numbers import LARGEST
from app.web.request import db, me, services


@blueprint.route("/<int:template_id>", methods=["GET", "POST"])
def edit(template_id: int) -> Page:
    """Show the editor; POST saves the draft, and publishes it when asked to."""
    template = templates.find_template(db(), me(), template_id)
    if request.method == "GET":
        language = request.args.get("variant", "")
        if language not in template.draft.variants:
            language = template.draft.language
        return _editor(template, draft_form(template, language), template.draft)
    form = DraftForm()
    problems: list[str] = []
    if is_header_action():
        return _editor(template, form, form.content(template.draft))
    if form.validate():
        try:
            draft = form.content(template.draft)
            template = templates.save_draft(db(), me(), template_id, draft, number=form.number.data or 0)
            db().commit()
            form.stands_on(template.draft_number)
            if request.form.get("action") != "publish":
                flash("Draft saved.")
                return redirect(url_for("emails.edit", template_id=template_id, variant=form.variant.data or None))
            version = publishing.publish(db(), me(), template_id, request.form.get("note", ""), services().renderer)
        except publishing.CannotPublish as refusal:
            problems = refusal.problems
        except Refused as refusal:
            form.show(refusal)
            if not refusal.field:
                form.stands_on(template.draft_number)
        else:
            db().flush()
            flash(f"Published as version {version.number}. New sends use it.")
            return redirect(url_for("emails.version", version_id=version.id))
    return _editor(template, form, form.content(template.draft), problems), 422


@blueprint.post("/<int:template_id>/preview")
def preview(template_id: int) -> Page:
    """Answer with the preview part for what is typed at the moment."""
    template = templates.find_template(db(), me(), template_id)
    form = DraftForm()
    return render_template("emails/_preview.html", **_preview(template, form, form.content(template.draft)))


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
    draft = template.draft
    return _editor(template, draft_form(template, draft.language), draft, name_form=form), 422


def _editor(
    template: Template,
    form: DraftForm,
    draft: Content,
    problems: list[str] | None = None,
    name_form: NameForm | None = None,
) -> str:
    form.preview_list.choices = [
        (EXAMPLES, "The examples below"),
        *((one.id, f"List: {one.name}") for one in all_lists(db(), me())),
    ]
    form.layout.choices = [(NO_LAYOUT, "None: the body is the whole e-mail")]
    return render_template(
        "emails/edit.html",
        form=form,
        name_form=name_form or NameForm(formdata=None, name=template.name),
        problems=problems or [],
        draft=draft,
        **composer(draft.headers, check_url=url_for("emails.check_headers", template_id=template.id)),
        **_preview(template, form, draft),
    )


def _preview(template: Template, form: DraftForm, draft: Content) -> dict[str, Any]:
    """Render what is typed and keep its HTML for the frame."""
    data, who = _preview_data(form, draft)
    pieces = pieces_for(db(), template.workspace_id, draft)
    db().commit()  # rendering may take a while; nobody waits for our write lock meanwhile
    view = View(form.view.data) if form.view.data in list(View) else View.DESKTOP
    shown = previews.preview(
        services().renderer, draft, form.language(draft), pieces, data, with_text=view not in previews.FRAMED
    )
    with services().database.writing() as session:
        page = previews.keep_page(session, me(), template.id, shown.email.html if shown.email else "")
    return {
        "template": template,
        "preview": shown,
        "view": view,
        "header_problems": [one.words for one in rule_problems(draft.headers)],
        "frame_stamp": f"{page.made_at:%H%M%S%f}",
        "who": who,
    }


def _preview_data(form: DraftForm, draft: Content) -> tuple[dict[str, Any], str]:
    """Give the values to preview with, and whose they are."""
    examples = {name: hint.example for name, hint in draft.hints.items() if hint.example}
    links = unsubscribe_link(me().workspace.public_url, SPECIMEN_REFERENCE)
    examples = {"email": "someone@example.com", "name": "", **links, **examples}
    list_id = form.preview_list.data or EXAMPLES
    if list_id == EXAMPLES:
        return examples, "the examples"
    try:
        person = recipient_at(db(), me(), min(list_id, LARGEST), 1)
    except NotThere:  # deleted meanwhile: no reason to lose what is typed
        return examples, "the examples, because the list is no longer there"
    if person is None:
        return examples, "the examples, because nobody is on the list"
    return {**links, "email": person.email, "name": person.name, **person.data}, person.email
