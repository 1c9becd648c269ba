"""The preview beside the editor: what is typed at the moment, as one person would get it."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for

from app.emails import preview as previews
from app.emails import templates
from app.emails.assembling import files_of
from app.emails.content import Content
from app.emails.dark import has_dark_colours, in_dark_mode
from app.emails.inline_images import html_with_files
from app.emails.models import Template
from app.emails.pieces import pieces_for
from app.emails.preview import FRAMED, View
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.forms import EXAMPLES, DraftForm
from app.people.roles import Permission
from app.recipients.cells import cells_of
from app.recipients.models import Recipient
from app.recipients.people import recipient_near
from app.refusals import NotThere
from app.sends.composition import SPECIMEN_REFERENCE, own_values, unsubscribe_link
from app.web.frames import paper
from app.web.numbers import LARGEST
from app.web.request import db, may, me, only_reads, services
from app.words import _

STEPS = {"next": 1, "previous": -1}


@blueprint.post("/<int:template_id>/preview")
@may(Permission.WRITE)
@only_reads
def preview(template_id: int) -> Page:
    """Answer with the preview part for what is typed at the moment."""
    template = templates.find_template(db(), me(), template_id)
    form = DraftForm()
    return render_template("emails/_preview.html", **preview_context(template, form, form.content(template.draft)))


@blueprint.get("/paper")
@may(Permission.LOOK)
def blank_paper() -> Response:
    """Give the blank page on which the browser lays what is previewed."""
    return paper(images="images" in request.args, old="old" in request.args)


def preview_context(template: Template, form: DraftForm, draft: Content) -> dict[str, Any]:
    """Render what is typed and give what `_preview.html` shows."""
    data, who, person = preview_data(form, draft)
    pieces = pieces_for(db(), template.workspace_id, draft)
    db().commit()  # rendering may take a while; nobody waits for our write lock meanwhile
    view = View(form.view.data) if form.view.data in list(View) else View.DESKTOP
    language = form.language(draft)
    with_text = view is View.TEXT
    shown = previews.preview(services().renderer, draft, language, pieces, data, with_text=with_text)
    html = shown.email.html if shown.email and view in FRAMED else ""
    dark = view is View.DARK
    return {
        "template": template,
        "preview": shown,
        "view": view,
        "html": html_with_files(db(), in_dark_mode(html) if dark else html, files_of(draft, pieces)),
        "paper": url_for("emails.blank_paper", images="yes" if request.form.get("images") == "yes" else None),
        "has_dark_colours": not dark or has_dark_colours(html),
        "who": who,
        "person": person,
    }


def preview_data(form: DraftForm, draft: Content) -> tuple[dict[str, Any], str, Recipient | None]:
    """Give the values to preview with, whose they are, and the recipient if they are one's."""
    examples = examples_of(draft)
    list_id = form.preview_list.data or EXAMPLES
    if list_id == EXAMPLES:
        return examples, _("the examples"), None
    try:
        person = recipient_near(
            db(),
            me(),
            min(list_id, LARGEST),
            min(max(form.preview_person.data or 0, 0), LARGEST),
            step=STEPS.get(request.form.get("step", ""), 0),
            find=request.form.get("preview_find", ""),
        )
    except NotThere:  # deleted meanwhile: no reason to lose what is typed
        return examples, _("the examples, because the list is no longer there"), None
    if person is None:
        return examples, _("the examples, because nobody like that is on the list"), None
    links = unsubscribe_link(me().workspace.public_url, SPECIMEN_REFERENCE)
    own = own_values(person.email, person.name, cells_of(db(), person))
    return {**own, **links}, person.email, person


def examples_of(draft: Content) -> dict[str, Any]:
    """Give the examples of the variables, with what every message has."""
    links = unsubscribe_link(me().workspace.public_url, SPECIMEN_REFERENCE)
    examples = {name: hint.example for name, hint in draft.hints.items() if hint.example}
    return {**own_values("someone@example.com", "", examples), **links}
