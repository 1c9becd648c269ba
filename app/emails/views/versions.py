"""Pages of publishing and of versions: publish, list, compare, restore; and a template's folder and copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for

from app.emails import approving, comparing, publishing, showing, standing, templates, versions
from app.emails.approval_marks import Subject, key_of
from app.emails.checks.finding import Finding, Severity
from app.emails.checks.findings_of_problems import REMEDIES
from app.emails.findings import findings_in_all
from app.emails.models import Template, TemplateVersion
from app.emails.pieces import pieces_for
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.checks import place_words
from app.emails.views.preview import examples_of
from app.emails.views.version_forms import FolderForm, PublishForm
from app.people.approval import approvers_of, refusal_to_decide, rule_of, story_of, waiting_request
from app.people.roles import Permission
from app.refusals import Refused
from app.sends.usage import draft_sends_using
from app.sends.views.approval_forms import SendBackForm
from app.web.frames import foreign_html
from app.web.numbers import row_number
from app.web.request import db, may, me, services
from app.words import _, joined

PAGE = 25
MOST_CHOICES = 200
"""Versions offered for comparing."""


def findings_of(template: Template) -> list[Finding]:
    """Give what the checks found in a template's draft, in all its languages, shown with the examples."""
    draft = template.draft
    taken_in = pieces_for(db(), template.workspace_id, draft)
    found = findings_in_all(services().renderer, draft, taken_in, examples_of(draft))
    # Problems of rendering and of headers are named by the page already, by the rules that refuse them.
    return [one for one in found if one.code not in REMEDIES and not one.code.startswith("E_")]


@blueprint.route("/<int:template_id>/publish", methods=["GET", "POST"])
@may(Permission.WRITE)
def publish(template_id: int) -> Page:
    """Show what publishing would change and what keeps the draft from it; POST publishes."""
    form = PublishForm()
    if request.method == "GET":
        return _publish_page(templates.find_template(db(), me(), template_id), form)
    template = templates.held_template(db(), me(), template_id)
    if problem := _not_as_seen(template, form):
        form.form_errors.append(problem)
        return _publish_page(template, form), 422
    if any(one.severity is Severity.ERROR for one in findings_of(template)):
        form.form_errors.append(_("Mend what must be mended first; it is listed below."))
        return _publish_page(template, form), 422
    try:
        if rule_of(db(), template.workspace_id).of_templates:
            approving.ask(db(), me(), template_id, form.note.data or "", services().renderer)
            flash(_("Put up for approval. It is published when somebody else approves it."))
            return redirect(url_for("emails.publish", template_id=template_id))
        version = publishing.publish(db(), me(), template_id, form.note.data or "", services().renderer)
    except publishing.CannotPublish:  # the page names the problems
        return _publish_page(template, form), 422
    except Refused as refusal:
        form.show(refusal)
        return _publish_page(template, form), 422
    db().flush()
    flash(_("Published as version %(number)s. New sends use it.", number=str(version.number)))
    return redirect(url_for("emails.version", version_id=version.id))


@blueprint.get("/<int:template_id>/versions")
@may(Permission.LOOK)
def version_list(template_id: int) -> Page:
    """List the published versions, newest first."""
    template = templates.find_template(db(), me(), template_id)
    found = versions.versions_page(db(), template, before=request.args.get("before", type=row_number), limit=PAGE + 1)
    next_url = None
    if len(found) > PAGE:
        next_url = url_for("emails.version_list", template_id=template_id, before=found[PAGE - 1].number)
    newest = templates.newest_of(db(), [template_id]).get(template_id)
    return render_template(
        "emails/versions.html",
        template=template,
        versions=found[:PAGE],
        newest=newest,
        choices=_choices(template),
        is_unpublished=newest is not None and not versions.same_words(newest.content, template.draft),
        next_url=next_url,
    )


@blueprint.get("/<int:template_id>/compare")
@may(Permission.LOOK)
def compare(template_id: int) -> Page:
    """Show two states of a template beside each other: words, source, and as they look."""
    template = templates.find_template(db(), me(), template_id)
    newest = templates.newest_of(db(), [template_id]).get(template_id)
    old = _side(template, request.args.get("a") or (str(newest.id) if newest else ""))
    new = _side(template, request.args.get("b") or showing.DRAFT)
    tags = list(dict.fromkeys([*new.content.variants, *old.content.variants]))
    language = request.args.get("language", "")
    language = language if language in tags else new.content.language
    texts = [showing.text_of_side(db(), services().renderer, template, one, language) for one in (old, new)]
    parts = comparing.changed_parts(
        comparing.parts_of(old.content, old.layout), comparing.parts_of(new.content, new.layout)
    )
    return render_template(
        "emails/compare.html",
        template=template,
        old=old,
        new=new,
        tags=tags,
        language=language,
        words=comparing.words_changed(*texts),
        parts=parts,
        choices=_choices(template),
        most=comparing.MOST_ROWS,
    )


@blueprint.get("/<int:template_id>/rendered")
@may(Permission.LOOK)
def rendered(template_id: int) -> Response:
    """Give the HTML of the draft (`of=draft`) or a version with its examples, for a sandboxed frame."""
    template = templates.find_template(db(), me(), template_id)
    side = _side(template, request.args.get("of", showing.DRAFT))
    language = request.args.get("language") or side.content.language
    return foreign_html(showing.html_of_side(db(), services().renderer, template, side, language))


@blueprint.post("/<int:template_id>/restore")
@may(Permission.WRITE)
def restore(template_id: int) -> Page:
    """Put the draft back to a version."""
    version_id = request.form.get("version", 0, type=row_number)
    number = request.form.get("number", 0, type=row_number)
    try:
        template = versions.restore(db(), me(), template_id, version_id, number=number)
    except templates.SavedMeanwhile:
        flash(
            _("The draft was saved after you opened this page, so it was not replaced. Look at it, then try again."),
            "warn",
        )
        return redirect(url_for("emails.version_list", template_id=template_id))
    version = templates.find_version(db(), me(), version_id)
    flash(
        _(
            "The draft of “%(name)s” is version %(number)s again. Nothing is published by that.",
            name=template.name,
            number=str(version.number),
        )
    )
    return redirect(url_for("emails.edit", template_id=template_id))


@blueprint.post("/<int:template_id>/duplicate")
@may(Permission.WRITE)
def duplicate(template_id: int) -> Page:
    """Make a copy of the draft as a template of its own."""
    made = versions.duplicate(db(), me(), template_id)
    db().flush()
    flash(_("“%(name)s” is made. Give it a name of its own at the end of this page.", name=made.name))
    return redirect(url_for("emails.edit", template_id=made.id))


@blueprint.post("/<int:template_id>/folder")
@may(Permission.WRITE)
def move(template_id: int) -> Page:
    """Put a template into a folder."""
    form = FolderForm()
    try:
        template = versions.move(db(), me(), template_id, form.folder.data or "")
    except Refused as refusal:
        flash(joined([_("The folder was not changed."), refusal.words]), "bad")
    else:
        flash(
            _("It is in the folder “%(folder)s”.", folder=template.folder)
            if template.folder
            else _("It is in no folder.")
        )
    return redirect(url_for("emails.edit", template_id=template_id))


def _not_as_seen(template: Template, form: PublishForm) -> str:
    """Say what happened since the page was opened; empty when nothing did."""
    newest = templates.newest_of(db(), [template.id]).get(template.id)
    number = newest.number or 0 if newest else 0
    if form.version.data not in {None, number + 1}:
        return _(
            "Version %(number)s was published after you opened this page. Look at what it changed before you go on.",
            number=str(number),
        )
    if form.number.data not in {None, template.draft_number}:
        return _("The draft was saved after you opened this page. Look at what changed, then publish.")
    return ""


def publish_page(template: Template, problems: Sequence[str] = (), back_form: SendBackForm | None = None) -> str:
    """Give the page of publishing with what was refused on it."""
    form = PublishForm(formdata=None)
    form.form_errors.extend(problems)
    return _publish_page(template, form, back_form)


def approval_of(subject: Subject, back_form: SendBackForm | None = None) -> dict[str, Any]:
    """Give what a page of publishing shows of approval: `emails/_approval.html` and `emails/_ask.html` expect it."""
    asked = waiting_request(db(), **key_of(subject))
    besides = (asked.asked_by, asked.changed_by) if asked else (me().id, subject.draft_saved_by)
    return {
        "asked": asked,
        "needs_approval": rule_of(db(), subject.workspace_id).of_templates,
        "refusal": refusal_to_decide(me(), asked) if asked else "",
        "approvers": approvers_of(db(), subject.workspace_id, besides=besides),
        "back_form": back_form or SendBackForm(formdata=None),
        "story": story_of(db(), limit=5, **key_of(subject)),
    }


def _publish_page(template: Template, form: PublishForm, back_form: SendBackForm | None = None) -> str:
    newest = templates.newest_of(db(), [template.id]).get(template.id)
    found = standing.standing(db(), template, newest, services().renderer)
    form.number.data, form.number.raw_data = template.draft_number, None
    form.version.data, form.version.raw_data = found.number, None
    uses = draft_sends_using(db(), me(), template.id, found.variables.added) if newest else []
    return render_template(
        "emails/publish.html",
        template=template,
        **approval_of(template, back_form),
        form=form,
        newest=newest,
        standing=found,
        findings=findings_of(template),
        place_words=place_words,
        uses=uses,
        lacking=[one for one in uses if one.lacks],
    )


def _side(template: Template, value: str) -> showing.Side:
    return showing.side_of(db(), me(), template, value)


def _choices(template: Template) -> list[tuple[str, str]]:
    """Give what may be compared: the draft and the newest versions, as value and words."""
    found = versions.versions_page(db(), template, limit=MOST_CHOICES)
    return [(showing.DRAFT, _("The draft")), *((str(one.id), _words(one)) for one in found)]


def _words(version: TemplateVersion) -> str:
    number = str(version.number)
    if version.note:
        return _("Version %(number)s: %(note)s", number=number, note=version.note[:60])
    return _("Version %(number)s", number=number)
