"""Layouts and snippets: what a template takes in, and who uses what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session

from app.emails.assembling import Pieces, PieceSource, html_of, included, sources_of
from app.emails.content import Content
from app.emails.models import Piece, PieceKind, PieceUse, PieceVersion, Template, TemplateVersion


def pieces_for(
    session: Session, workspace_id: int, content: Content, *, instead: Mapping[int, PieceSource] | None = None
) -> Pieces:
    """Give the newest published layout and snippets that a content takes in; `instead` puts drafts in their place.

    What is not published is not there: the content then has a problem that says so.
    """
    instead = instead or {}
    layout = None
    if content.layout_id is not None:
        layout = instead.get(content.layout_id) or _newest(session, workspace_id, [content.layout_id]).get(
            content.layout_id
        )
    found: dict[str, PieceSource] = {}
    wanted = included(*sources_of(content), *((layout.html, layout.text) if layout else ()))
    while wanted:
        new = _snippets(session, workspace_id, wanted, instead)
        found |= new
        inner = included(*(text for one in new.values() for text in (one.html, one.text)))
        wanted = [name for name in inner if name not in found]
    return Pieces(layout, found)


def pinned(pieces: Pieces) -> list[int]:
    """Give the ids of the versions that are taken in, sorted."""
    used = [*pieces.snippets.values(), *([pieces.layout] if pieces.layout else [])]
    return sorted(one.version_id for one in used if one.version_id is not None)


def keep_uses(session: Session, template: Template) -> None:
    """Write down which pieces a template's draft and its newest version use."""
    session.flush()
    pieces = {template.draft.layout_id} if template.draft.layout_id is not None else set()
    names = included(*sources_of(template.draft))
    pieces |= set(session.scalars(_of_names(template.workspace_id, names).with_only_columns(Piece.id)))
    newest = session.scalar(
        select(TemplateVersion.pins)
        .where(TemplateVersion.template_id == template.id, TemplateVersion.number.is_not(None))
        .order_by(TemplateVersion.number.desc())
        .limit(1)
    )
    pieces |= set(session.scalars(select(PieceVersion.piece_id).where(PieceVersion.id.in_(newest or []))))
    session.execute(delete(PieceUse).where(PieceUse.template_id == template.id))
    if pieces:
        session.execute(
            insert(PieceUse), [{"template_id": template.id, "piece_id": piece_id} for piece_id in sorted(pieces)]
        )


def _snippets(
    session: Session, workspace_id: int, names: Collection[str], instead: Mapping[int, PieceSource]
) -> dict[str, PieceSource]:
    ids = {row.name: row.id for row in session.execute(_of_names(workspace_id, names))}
    newest = _newest(session, workspace_id, ids.values())
    sources = {name: instead.get(piece_id) or newest.get(piece_id) for name, piece_id in ids.items()}
    return {name: one for name, one in sources.items() if one is not None}


def _of_names(workspace_id: int, names: Collection[str]) -> Select[int, str]:
    return select(Piece.id, Piece.name).where(
        Piece.workspace_id == workspace_id, Piece.kind == PieceKind.SNIPPET, Piece.name.in_(list(names))
    )


def _newest(session: Session, workspace_id: int, piece_ids: Iterable[int]) -> dict[int, PieceSource]:
    newest = (
        select(func.max(PieceVersion.id))
        .join(PieceVersion.piece)
        .where(Piece.workspace_id == workspace_id, PieceVersion.piece_id.in_(list(piece_ids)))
        .group_by(PieceVersion.piece_id)
    )
    versions = session.scalars(select(PieceVersion).where(PieceVersion.id.in_(newest)))
    return {one.piece_id: PieceSource(html_of(one.format, one.body), one.text, one.id) for one in versions}
