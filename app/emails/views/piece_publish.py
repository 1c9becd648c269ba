"""Publishing a layout or snippet: what becomes of the templates that use it, seen before it is done."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, flash, redirect, render_template, request, url_for

from app.emails import approving, comparing, piece_drafts, piece_preview, piece_publishing, pieces, templates
from app.emails.models import Piece, PieceVersion
from app.emails.piece_publishing import Change, Plan
from app.emails.piece_words import PIECE_WORDS
from app.emails.publishing import CannotPublish
from app.emails.views.blueprint import Page, blueprint
from app.emails.views.pieces import SECTIONS
from app.emails.views.versions import approval_of
from app.people.approval import rule_of
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.sends.views.approval_forms import SendBackForm
from app.web.frames import foreign_html
from app.web.numbers import row_number
from app.web.request import db, may, me, services
from app.words import _, _n, joined


@blueprint.route("/pieces/<int:piece_id>/publish", methods=["GET", "POST"])
@may(Permission.WRITE)
def publish_piece(piece_id: int) -> Page:
    """Show every template with the change; POST publishes the piece and new versions of the ticked ones, or asks."""
    piece = pieces.find_piece(db(), me(), piece_id)
    if request.method == "GET":
        return publish_page(piece)
    note = request.form.get("note", "")
    try:
        made = planned(piece_id)
        if rule_of(db(), me().workspace_id).of_templates:
            approving.ask_for_piece(db(), me(), made, note)
            flash(_("Put up for approval. It is published when somebody else approves it."))
            return redirect(url_for("emails.publish_piece", piece_id=piece_id))
        version = piece_publishing.carry_out(db(), me(), made, note)
    except CannotPublish as refusal:
        return publish_page(piece, refusal.problems), 422
    except Refused as refusal:
        return publish_page(piece, [refusal.words]), 422
    return published(version, len(made.changes))


def planned(piece_id: int) -> Plan:
    """Look at what the form wants to publish. Raises CannotPublish and Refused."""
    number, images = request.form.get("number", 0, type=row_number), request.form.getlist("image")
    db().commit()  # e-mails are put together first; nobody waits for our write lock meanwhile
    with services().database.reading() as session:
        return piece_publishing.plan(
            session, me(), services().renderer, piece_id, _ticked(), number=number, images=images
        )


def published(version: PieceVersion, count: int) -> Page:
    """Say what was published, with `count` templates, and go on to the editor."""
    db().commit()
    words = _("“%(name)s”, version %(number)s, is published.", name=version.piece.name, number=str(version.number))
    with_it = _n(
        "%(count)s template has a new version with it.", "%(count)s templates have a new version with it.", count
    )
    flash(joined([words, with_it]) if count else words)
    return redirect(url_for("emails.edit_piece", piece_id=version.piece_id))


@blueprint.get("/pieces/<int:piece_id>/publish/<int:template_id>/<any(old, new):side>")
@may(Permission.LOOK)
def piece_change_page(piece_id: int, template_id: int, side: str) -> Response:
    """Give a template's newest version as it is, or as the piece's draft makes it, for the sandboxed frame."""
    piece = pieces.find_piece(db(), me(), piece_id)
    template = templates.find_template(db(), me(), template_id)
    version = templates.newest_of(db(), [template.id]).get(template.id)
    if version is None:
        raise NotThere("version")
    if side == "old":
        return foreign_html(piece_preview.show_version(db(), services().renderer, version))
    source = piece_drafts.checked_draft(db(), piece, services().renderer)
    return foreign_html(piece_preview.show_with(db(), services().renderer, version, {piece.id: source}))


def publish_page(piece: Piece, problems: Sequence[str] = (), back_form: SendBackForm | None = None) -> str:
    """Give the page with what was refused on it."""
    after, limit = request.args.get("after", ""), piece_publishing.MOST_AT_ONCE
    changes: list[Change] = []
    draft_problems: list[str] = []
    with services().database.reading() as session:
        users = pieces.templates_using(session, piece, after=after, limit=limit + 1)
        newest = pieces.newest_of_pieces(session, [piece.id]).get(piece.id)
        is_new = piece_publishing.has_changes(piece, newest)
        parts = (
            comparing.changed_parts(comparing.parts_of(newest.content), comparing.parts_of(piece.draft))
            if newest
            else []
        )
        count = pieces.use_counts(session, [piece.id]).get(piece.id, 0)
        try:
            source = piece_drafts.checked_draft(session, piece, services().renderer)
            changes = piece_publishing.changes(session, piece, source, services().renderer, users[:limit])
        except CannotPublish as refusal:
            draft_problems = refusal.problems
    next_url = None
    if len(users) > limit:
        next_url = url_for("emails.publish_piece", piece_id=piece.id, after=users[limit - 1].name)
    approval = approval_of(piece, back_form)
    asked, has_chosen = approval["asked"], "number" in request.form
    return render_template(
        "emails/pieces/publish.html",
        **approval,
        piece=piece,
        section=SECTIONS[piece.kind],
        said=PIECE_WORDS[piece.kind],
        newest=newest,
        is_new=is_new,
        parts=parts,
        most=comparing.MOST_ROWS,
        draft_problems=draft_problems,
        problems=[] if draft_problems else problems,
        changed=[one for one in changes if one.is_behind],
        in_draft=[one.template for one in changes if one.version is None],
        up_to_date=[one.template for one in changes if one.version is not None and not one.is_behind],
        ticked=_ticked() if has_chosen else asked.options.get("templates", ()) if asked else None,
        user_count=count,
        limit=limit,
        next_url=next_url,
    )


def _ticked() -> set[int]:
    return set(request.form.getlist("template", type=row_number))
