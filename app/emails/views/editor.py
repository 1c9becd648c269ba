"""The editor of one template: writing, saving by itself, languages."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for

from app.emails import languages, pieces, presence, templates, versions
from app.emails.assembling import in_format
from app.emails.content import Content, Format
from app.emails.filters import FILTER_WORDS
from app.emails.help import HELP_EXAMPLES
from app.emails.models import Template
from app.emails.variables import KIND_WORDS
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.checks import columns_of, editor_names, variable_rows
from app.emails.views.forms import EXAMPLES, FORMAT_WORDS, NO_LAYOUT, DraftForm, NameForm, draft_form
from app.emails.views.preview import preview_context
from app.emails.views.version_forms import FolderForm
from app.people.roles import Permission
from app.recipients.lists import all_lists
from app.recipients.people import languages_of
from app.refusals import NotThere, Refused
from app.web.header_rows import composer, is_header_action
from app.web.numbers import LARGEST
from app.web.request import db, may, me, only_reads
from app.words import _


@blueprint.route("/<int:template_id>", methods=["GET", "POST"])
@may(Permission.WRITE)
def edit(template_id: int) -> Page:
    """Show the editor; POST saves the draft, and does with it what the pressed button says."""
    template = templates.find_template(db(), me(), template_id)
    if request.method == "GET":
        language = request.args.get("variant", "")
        if language not in template.draft.variants:
            language = template.draft.language
        return _editor(template, draft_form(template, language), template.draft)
    template = templates.held_template(db(), me(), template_id)
    form = DraftForm()
    if is_header_action():
        return _editor(template, form, form.content(template.draft))
    if form.validate():
        try:
            draft = form.content(template.draft)
            language = form.language(draft)
            draft, language = _with_languages(_with_format(draft), language)
            template = templates.save_draft(db(), me(), template_id, draft, number=form.number.data or 0)
            db().commit()
            form.stands_on(template.draft_number)
            if request.form.get("action") != "publish":
                flash(_("Draft saved."))
                return redirect(url_for("emails.edit", template_id=template_id, variant=language))
        except Refused as refusal:
            form.show(refusal)
            if isinstance(refusal, templates.SavedMeanwhile):
                form.stands_on(template.draft_number)
        else:
            return redirect(url_for("emails.publish", template_id=template_id))
    return _editor(template, form, form.content(template.draft)), 422


@blueprint.post("/<int:template_id>/autosave")
@may(Permission.WRITE)
def autosave(template_id: int) -> Page:
    """Save what is typed at the moment; answers with words about it, and with the number of the draft it now is."""
    template = templates.held_template(db(), me(), template_id)
    form = DraftForm()
    draft = form.content(template.draft)
    number = template.draft_number if request.form.get("mine") == "yes" else form.number.data or 0
    problem, is_theirs = "", False
    if draft != template.draft:
        try:
            templates.save_draft(db(), me(), template_id, draft, number=number)
        except templates.SavedMeanwhile as refusal:
            problem, is_theirs = refusal.words, True
        except Refused as refusal:
            problem = refusal.words
    return render_template(
        "emails/_saved.html",
        template=template,
        number=form.number.data if is_theirs else template.draft_number,
        problem=problem,
        is_theirs=is_theirs,
    )


@blueprint.post("/<int:template_id>/presence")
@may(Permission.WRITE)
def tell_presence(template_id: int) -> Page:
    """Note that the editor is open; answers with who else has it open."""
    template = templates.find_template(db(), me(), template_id)
    presence.tell(db(), me(), template)
    others = presence.others(db(), me(), template)
    number = request.form.get("number", type=int) or 0
    return render_template(
        "emails/_presence.html", template=template, others=others, is_behind=template.draft_number > number
    )


@blueprint.post("/<int:template_id>/languages")
@may(Permission.WRITE)
@only_reads
def languages_needed(template_id: int) -> Page:
    """Say which languages the people of the preview's list have, and which of them the template lacks."""
    template = templates.find_template(db(), me(), template_id)
    form = DraftForm()
    draft = form.content(template.draft)
    counts: dict[str, int] = {}
    list_id = min(form.preview_list.data or EXAMPLES, LARGEST)
    if list_id != EXAMPLES and draft.language_column:
        try:
            counts = languages_of(db(), me(), list_id, draft.language_column)
        except NotThere:
            counts = {}
    rows = [(cell, count, languages.choose(cell, draft.variants, "")) for cell, count in sorted(counts.items())]
    return render_template("emails/_languages_needed.html", draft=draft, rows=rows, has_list=list_id != EXAMPLES)


@blueprint.post("/<int:template_id>/name")
@may(Permission.WRITE)
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
            flash(_("Renamed."))
            return redirect(url_for("emails.edit", template_id=template_id))
    draft = template.draft
    return _editor(template, draft_form(template, draft.language), draft, name_form=form), 422


def _with_format(draft: Content) -> Content:
    """Change how the body is written when a format's button was pressed."""
    wanted = request.form.get("action", "").removeprefix("format-")
    return in_format(draft, Format(wanted)) if wanted in list(Format) else draft


def _with_languages(draft: Content, language: str) -> tuple[Content, str]:
    """Add or remove a language when its button was pressed; gives the draft and the language to show next."""
    action = request.form.get("action", "")
    if action == "add-language":
        added = request.form.get("new_language", "").strip()
        if not languages.is_language(added):
            raise Refused(_("“%(added)s” is no language that Postroom knows.", added=added), field="new_language")
        if added in draft.variants:
            raise Refused(
                _("%(name)s is there already.", name=languages.language_name(added)),
                field="new_language",
            )
        return draft.with_variant(added, draft.variants[language]), added
    if action == "remove-language" and language != draft.language:
        rest = {tag: words for tag, words in draft.variants.items() if tag != language}
        return replace(draft, variants=rest), draft.language
    if action == "main-language":
        return replace(draft, language=language), language
    return draft, language


def _editor(
    template: Template,
    form: DraftForm,
    draft: Content,
    name_form: NameForm | None = None,
) -> str:
    form.preview_list.choices = [
        (EXAMPLES, _("The examples")),
        *((one.id, _("List: %(name)s", name=one.name)) for one in all_lists(db(), me())),
    ]
    form.layout.choices = [(NO_LAYOUT, _("None: the body is the whole e-mail")), *pieces.layout_choices(db(), me())]
    form.new_language.choices = [
        (tag, f"{languages.language_name(tag)} ({tag})") for tag in languages.OFFERED if tag not in draft.variants
    ]
    taken_in = pieces.pieces_for(db(), template.workspace_id, draft)
    return render_template(
        "emails/edit.html",
        form=form,
        name_form=name_form or NameForm(formdata=None, name=template.name),
        folder_form=FolderForm(formdata=None, folder=template.folder),
        folders=templates.folders(db(), me()),
        versions=versions.versions_page(db(), template, limit=5),
        draft=draft,
        formats=FORMAT_WORDS,
        names=editor_names(draft, taken_in),
        variable_rows=variable_rows(draft, taken_in, columns_of(form)),
        kinds=KIND_WORDS,
        help_examples=HELP_EXAMPLES,
        filter_words=FILTER_WORDS,
        language=form.language(draft),
        newest=templates.newest_of(db(), [template.id]).get(template.id),
        **composer(draft.headers, check_url=url_for("emails.check_headers", template_id=template.id)),
        **preview_context(template, form, draft),
    )
