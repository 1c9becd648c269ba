"""Writing templates out, with the layouts, snippets and files that belong to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.emails.assembling import included, sources_of
from app.emails.bundle import Bundle, BundledPiece, BundledTemplate
from app.emails.files import contents_of
from app.emails.models import Piece, PieceKind, PieceVersion, Template
from app.emails.piece_drafts import Written
from app.emails.templates import find_template
from app.recipients.unsubscribing.models import Topic


def export_template(session: Session, actor: Actor, template_id: int) -> Bundle:
    """Give one template's draft, with the layout and the snippets that it takes in. Raises NotThere."""
    template = find_template(session, actor, template_id)
    pieces = _pieces(session, actor)
    wanted = {piece_id for piece_id in pieces if piece_id == template.draft.layout_id}
    names = included(*sources_of(template.draft), *(pieces[one].body for one in wanted))
    while names:
        new = {key for key, one in pieces.items() if one.kind is PieceKind.SNIPPET and one.name in names} - wanted
        wanted |= new
        names = included(*(text for key in new for text in (pieces[key].body, pieces[key].text)))
    return Bundle((_bundled(session, template, pieces),), _with_bytes(session, (pieces[one] for one in sorted(wanted))))


def export_all(session: Session, actor: Actor, folder: str | None = None) -> Bundle:
    """Give every template that is not archived, of one folder or of all, with every layout and snippet."""
    query = select(Template).where(Template.workspace_id == actor.workspace_id, Template.is_archived.is_(False))
    if folder is not None:
        query = query.where(Template.folder == folder)
    pieces = _pieces(session, actor)
    found = session.scalars(query.order_by(Template.id))
    return Bundle(
        tuple(_bundled(session, one, pieces) for one in found),
        _with_bytes(session, pieces.values()),
    )


def bundled_piece(piece: Piece, newest: PieceVersion | None) -> BundledPiece:
    """Give a piece as templates take it in, its newest version or else the draft, without its images' bytes."""
    written = Written.of(newest or piece)
    return BundledPiece(piece.kind, piece.name, written.format, written.body, written.text, written.images)


def newest_versions_of(session: Session, piece_ids: Collection[int]) -> dict[int, PieceVersion]:
    """Give the newest version of each piece that has one."""
    newest = (
        select(func.max(PieceVersion.id)).where(PieceVersion.piece_id.in_(piece_ids)).group_by(PieceVersion.piece_id)
    )
    return {one.piece_id: one for one in session.scalars(select(PieceVersion).where(PieceVersion.id.in_(newest)))}


def _pieces(session: Session, actor: Actor) -> dict[int, BundledPiece]:
    query = select(Piece).where(Piece.workspace_id == actor.workspace_id, Piece.is_archived.is_(False))
    found: Sequence[Piece] = session.scalars(query.order_by(Piece.id)).all()
    newest = newest_versions_of(session, [one.id for one in found])
    return {one.id: bundled_piece(one, newest.get(one.id)) for one in found}


def _with_bytes(session: Session, pieces: Iterable[BundledPiece]) -> tuple[BundledPiece, ...]:
    return tuple(replace(one, bytes_of=contents_of(session, (image.sha256 for image in one.images))) for one in pieces)


def _bundled(session: Session, template: Template, pieces: dict[int, BundledPiece]) -> BundledTemplate:
    topic = session.get(Topic, template.topic_id) if template.topic_id else None
    layout = pieces.get(template.draft.layout_id) if template.draft.layout_id is not None else None
    return BundledTemplate(
        name=template.name,
        content=replace(template.draft, layout_id=None),
        layout=layout.name if layout else None,
        folder=template.folder,
        kind_of_notice=topic.name if topic else "",
        bytes_of=contents_of(session, (one.sha256 for one in template.draft.files)),
    )
