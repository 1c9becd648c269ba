"""Pages of layouts and snippets: the lists, new ones, the editor with its preview, versions."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for

from app.emails import piece_drafts, piece_preview, pieces, templates
from app.emails.models import Piece, PieceKind, Template
from app.emails.piece_drafts import Written
from app.emails.piece_publishing import has_changes
from app.emails.piece_words import KINDS_INSIDE, PIECE_WORDS
from app.emails.templates import SavedMeanwhile
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.checks import image_names
from app.emails.views.piece_forms import SAMPLE, PieceForm, PieceNameForm, piece_form
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.web.frames import foreign_html
from app.web.request import db, may, me, only_reads, services
from app.words import _

PAGE = 25
MOST_SHOWN = 50
"""Templates that are listed as using a piece."""
MOST_CHOICES = 500
"""Templates that a layout may be previewed around."""
KINDS = {"layouts": PieceKind.LAYOUT, "snippets": PieceKind.SNIPPET}
SECTIONS = {one: section for section, one in KINDS.items()}


@blueprint.get("/<any(layouts, snippets):section>")
@may(Permission.LOOK)
def piece_index(section: str) -> Page:
    """Layouts or snippets by name."""
    kind, search, archived = KINDS[section], request.args.get("q", ""), "archived" in request.args
    after = request.args.get("after", "")
    found = pieces.pieces_of_kind(db(), me(), kind, search=search, after=after, archived=archived, limit=PAGE + 1)
    next_url = None
    if len(found) > PAGE:
        kept = "yes" if archived else None
        next_url = url_for(
            "emails.piece_index", section=section, after=found[PAGE - 1].name, q=search or None, archived=kept
        )
    ids = [one.id for one in found]
    return render_template(
        "emails/pieces/index.html",
        section=section,
        said=PIECE_WORDS[kind],
        pieces=found[:PAGE],
        newest=pieces.newest_of_pieces(db(), ids),
        uses=pieces.use_counts(db(), ids),
        search=search,
        archived=archived,
        next_url=next_url,
    )


@blueprint.route("/<any(layouts, snippets):section>/new", methods=["GET", "POST"])
@may(Permission.WRITE)
def new_piece(section: str) -> Page:
    """Make a layout or a snippet."""
    form = PieceNameForm()
    if form.validate_on_submit():
        try:
            piece = piece_drafts.create_piece(db(), me(), KINDS[section], form.name.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            return redirect(url_for("emails.edit_piece", piece_id=piece.id))
    page = render_template(
        "emails/pieces/new.html", form=form, section=section, kind=KINDS[section], said=PIECE_WORDS[KINDS[section]]
    )
    return page, 422 if form.errors else 200


@blueprint.route("/pieces/<int:piece_id>", methods=["GET", "POST"])
@may(Permission.WRITE)
def edit_piece(piece_id: int) -> Page:
    """Show the editor; POST saves the draft, and goes on to publishing when asked to."""
    piece = pieces.find_piece(db(), me(), piece_id)
    if request.method == "GET":
        return _editor(piece, piece_form(piece))
    form = PieceForm()
    if form.validate():
        try:
            piece_drafts.save_piece(
                db(), me(), piece_id, form.name.data or "", form.written(piece), number=form.number.data or 0
            )
        except Refused as refusal:
            form.show(refusal)
            if isinstance(refusal, SavedMeanwhile):
                form.stands_on(piece.draft_number)
        else:
            if request.form.get("action") == "publish":
                return redirect(url_for("emails.publish_piece", piece_id=piece_id))
            flash(_("Draft saved."))
            return redirect(url_for("emails.edit_piece", piece_id=piece_id))
    return _editor(piece, form), 422


@blueprint.post("/pieces/<int:piece_id>/preview")
@may(Permission.WRITE)
@only_reads
def preview_piece(piece_id: int) -> Page:
    """Answer with the preview part for what is typed at the moment."""
    piece = pieces.find_piece(db(), me(), piece_id)
    return render_template("emails/pieces/_preview.html", **_preview(piece, PieceForm()))


@blueprint.post("/pieces/<int:piece_id>/archive")
@may(Permission.WRITE)
def archive_piece(piece_id: int) -> Page:
    """Put a layout or snippet away or bring it back."""
    archived = request.form.get("archived") == "yes"
    try:
        piece = piece_drafts.archive_piece(db(), me(), piece_id, archived=archived)
    except Refused as refusal:
        flash(refusal.words, "warn")
        return redirect(url_for("emails.edit_piece", piece_id=piece_id))
    flash(_("“%(name)s” is put away.", name=piece.name) if archived else _("“%(name)s” is back.", name=piece.name))
    return redirect(url_for("emails.piece_index", section=SECTIONS[piece.kind]))


@blueprint.get("/pieces/versions/<int:version_id>")
@may(Permission.LOOK)
def piece_version(version_id: int) -> Page:
    """Show one published layout or snippet."""
    found = pieces.find_piece_version(db(), me(), version_id)
    return render_template(
        "emails/pieces/version.html",
        version=found,
        section=SECTIONS[found.piece.kind],
        said=PIECE_WORDS[found.piece.kind],
    )


@blueprint.get("/pieces/versions/<int:version_id>/page")
@may(Permission.LOOK)
def piece_version_page(version_id: int) -> Response:
    """Give the HTML of a published piece, a layout around sample content, for the sandboxed frame."""
    found = pieces.find_piece_version(db(), me(), version_id)
    shown = piece_preview.preview_piece(db(), services().renderer, found.piece, Written.of(found))
    return foreign_html(shown.email.html if shown.email else "")


@blueprint.post("/pieces/versions/<int:version_id>/restore")
@may(Permission.WRITE)
def restore_piece(version_id: int) -> Page:
    """Put an earlier version into the draft."""
    piece = piece_drafts.restore_version(db(), me(), version_id)
    flash(_("It is the draft now. Publish it when it is right."))
    return redirect(url_for("emails.edit_piece", piece_id=piece.id))


def _editor(piece: Piece, form: PieceForm) -> str:
    offered = templates.templates(db(), me(), limit=MOST_CHOICES) if piece.kind is PieceKind.LAYOUT else []
    form.around.choices = [
        (SAMPLE, _("Sample content")),
        *((one.id, _("Template: %(name)s", name=one.name)) for one in offered),
    ]
    users = pieces.templates_using(db(), piece, limit=MOST_SHOWN)
    versions = pieces.versions_of(db(), piece, limit=MOST_SHOWN)
    newest = versions[0] if versions else None
    return render_template(
        "emails/pieces/edit.html",
        form=form,
        section=SECTIONS[piece.kind],
        said=PIECE_WORDS[piece.kind],
        kinds_inside=KINDS_INSIDE,
        users=users,
        user_count=pieces.use_counts(db(), [piece.id]).get(piece.id, 0),
        newest_of_users=templates.newest_of(db(), [one.id for one in users]),
        including=pieces.pieces_including(db(), piece),
        versions=versions,
        newest=newest,
        has_changes=has_changes(piece, newest),
        names={
            "snippets": [name for name in pieces.snippet_names(db(), me()) if name != piece.name],
            "images": image_names(piece.draft_images),
        },
        **_preview(piece, form),
    )


def _preview(piece: Piece, form: PieceForm) -> dict[str, Any]:
    """Render what is typed."""
    around = _template(form.around.data or SAMPLE) if piece.kind is PieceKind.LAYOUT else None
    db().commit()  # rendering may take a while; nobody waits for our write lock meanwhile
    with services().database.reading() as session:
        shown = piece_preview.preview_piece(session, services().renderer, piece, form.written(piece), around)
    return {"piece": piece, "preview": shown, "around": around}


def _template(template_id: int) -> Template | None:
    try:
        return templates.find_template(db(), me(), template_id) if template_id else None
    except NotThere:  # deleted meanwhile: no reason to lose what is typed
        return None
