"""Layouts and snippets: finding them, what a template takes in, and who uses what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Select, delete, func, insert, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from app.audit.trail import Actor
from app.emails.assembling import Pieces, PieceSource, html_of, included, sources_of
from app.emails.content import Content
from app.emails.models import Piece, PieceKind, PieceUse, PieceVersion, Template, TemplateVersion
from app.refusals import NotThere

WITHOUT_WORDS = (defer(PieceVersion.body), defer(PieceVersion.text))
"""Options of a query for a piece's versions that shows only which there are."""
MOST_PIECES = 100
"""Other pieces that are named as taking one in; more are not looked for."""


def find_piece(session: Session, actor: Actor, piece_id: int) -> Piece:
    """Find a layout or snippet of the actor's workspace. Raises NotThere."""
    piece = session.get(Piece, piece_id)
    if piece is None or piece.workspace_id != actor.workspace_id:
        raise NotThere("piece")
    return piece


def held_piece(session: Session, actor: Actor, piece_id: int) -> Piece:
    """Find a piece as it is now, and let nobody else change it before this is committed. Raises NotThere."""
    find_piece(session, actor, piece_id)
    session.flush()
    return session.get_one(Piece, piece_id, with_for_update=True, populate_existing=True)


def find_piece_version(session: Session, actor: Actor, version_id: int) -> PieceVersion:
    """Find a published layout or snippet of the actor's workspace. Raises NotThere."""
    version = session.get(PieceVersion, version_id)
    if version is None or version.piece.workspace_id != actor.workspace_id:
        raise NotThere("version")
    return version


def pieces_of_kind(
    session: Session,
    actor: Actor,
    kind: PieceKind,
    *,
    search: str = "",
    after: str = "",
    archived: bool = False,
    limit: int = 25,
) -> Sequence[Piece]:
    """Give layouts or snippets by name, without their drafts; `after` a name for the next page."""
    name = func.lower(Piece.name)
    query = select(Piece).where(
        Piece.workspace_id == actor.workspace_id, Piece.kind == kind, Piece.is_archived.is_(archived)
    )
    if search:
        query = query.where(name.contains(search.strip().lower(), autoescape=True))
    if after:
        query = query.where(name > func.lower(after))
    without = (defer(Piece.draft_body), defer(Piece.draft_text))
    return session.scalars(query.order_by(name).limit(limit).options(*without)).all()


def layout_choices(session: Session, actor: Actor) -> list[tuple[int, str]]:
    """Give the layouts a template may choose, id and name, by name: published and not archived."""
    rows = session.execute(_published(actor, PieceKind.LAYOUT).with_only_columns(Piece.id, Piece.name))
    return [(row.id, row.name) for row in rows]


def snippet_names(session: Session, actor: Actor) -> list[str]:
    """Give the names of the snippets a template may take in: published and not archived."""
    return list(session.scalars(_published(actor, PieceKind.SNIPPET).with_only_columns(Piece.name)))


def versions_of(session: Session, piece: Piece, *, limit: int = 50) -> Sequence[PieceVersion]:
    """Give a piece's versions, newest first, without their words."""
    query = select(PieceVersion).where(PieceVersion.piece_id == piece.id).order_by(PieceVersion.number.desc())
    return session.scalars(query.limit(limit).options(*WITHOUT_WORDS, joinedload(PieceVersion.publisher))).all()


def newest_of_pieces(session: Session, piece_ids: Iterable[int]) -> dict[int, PieceVersion]:
    """Give the newest version of each piece that has one, without its words."""
    newest = (
        select(func.max(PieceVersion.id))
        .where(PieceVersion.piece_id.in_(list(piece_ids)))
        .group_by(PieceVersion.piece_id)
    )
    found = session.scalars(select(PieceVersion).where(PieceVersion.id.in_(newest)).options(*WITHOUT_WORDS))
    return {one.piece_id: one for one in found}


def use_counts(session: Session, piece_ids: Iterable[int]) -> dict[int, int]:
    """Count the templates that use each piece; a piece nobody uses is not among them."""
    rows = session.execute(
        select(PieceUse.piece_id, func.count())
        .where(PieceUse.piece_id.in_(list(piece_ids)))
        .group_by(PieceUse.piece_id)
    )
    return {row[0]: row[1] for row in rows}


def templates_using(session: Session, piece: Piece, *, after: str = "", limit: int = 50) -> Sequence[Template]:
    """Give the templates whose draft or newest version uses a piece, by name; `after` a name for the next page."""
    name = func.lower(Template.name)
    query = select(Template).join(PieceUse, PieceUse.template_id == Template.id).where(PieceUse.piece_id == piece.id)
    if after:
        query = query.where(name > func.lower(after))
    return session.scalars(query.order_by(name).limit(limit).options(defer(Template.draft))).all()


def pieces_including(session: Session, piece: Piece) -> list[Piece]:
    """Give the other layouts and snippets that take a snippet in, in their draft or their newest version, by name."""
    if piece.kind is not PieceKind.SNIPPET:
        return []
    newest = (
        select(func.max(PieceVersion.id))
        .join(PieceVersion.piece)
        .where(Piece.workspace_id == piece.workspace_id)
        .group_by(PieceVersion.piece_id)
    )
    draft, published = Piece.draft_body + Piece.draft_text, PieceVersion.body + PieceVersion.text
    rows = session.execute(
        select(Piece, published)
        .outerjoin(PieceVersion, (PieceVersion.piece_id == Piece.id) & PieceVersion.id.in_(newest))
        .where(
            Piece.workspace_id == piece.workspace_id,
            Piece.id != piece.id,
            Piece.is_archived.is_(False),
            or_(*(words.contains(piece.name, autoescape=True) for words in (draft, published))),
        )
        .order_by(func.lower(Piece.name))
        .limit(MOST_PIECES)
    ).all()
    return [one for one, words in rows if piece.name in included(one.draft_body, one.draft_text, words or "")]


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
    in_draft = (Piece.id == template.draft.layout_id) | (
        (Piece.kind == PieceKind.SNIPPET) & Piece.name.in_(included(*sources_of(template.draft)))
    )
    pieces = set(session.scalars(select(Piece.id).where(Piece.workspace_id == template.workspace_id, in_draft)))
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
        .where(
            Piece.workspace_id == workspace_id,
            Piece.is_archived.is_(False),
            PieceVersion.piece_id.in_(list(piece_ids)),
        )
        .group_by(PieceVersion.piece_id)
    )
    versions = session.scalars(select(PieceVersion).where(PieceVersion.id.in_(newest)))
    return {one.piece_id: PieceSource(html_of(one.format, one.body), one.text, one.id, one.images) for one in versions}


def _published(actor: Actor, kind: PieceKind) -> Select[Piece]:
    return (
        select(Piece)
        .where(
            Piece.workspace_id == actor.workspace_id,
            Piece.kind == kind,
            Piece.is_archived.is_(False),
            select(PieceVersion.id).where(PieceVersion.piece_id == Piece.id).exists(),
        )
        .order_by(func.lower(Piece.name))
    )
