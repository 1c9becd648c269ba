"""Layouts and snippets made in one step: written, and published so that templates can take them in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.emails.bundle import BundledPiece
from app.emails.files import store
from app.emails.models import PIECE_WORDS, Piece, PieceKind, PieceVersion
from app.words import _


def make_piece(session: Session, actor: Actor, piece: BundledPiece, *, publish: bool) -> Piece:
    """Make a layout or snippet, and publish it as version 1 so that templates can take it in."""
    for content in piece.bytes_of.values():
        store(session, content)
    made = Piece(
        workspace_id=actor.workspace_id,
        kind=piece.kind,
        name=piece.name,
        draft_format=piece.format,
        draft_body=piece.body,
        draft_text=piece.text,
        draft_images=piece.images,
        draft_saved_by=actor.id,
    )
    session.add(made)
    session.flush()
    note(
        session,
        actor,
        "piece.created",
        _("%(kind)s “%(name)s” made", kind=PIECE_WORDS[piece.kind], name=piece.name),
        subject_id=made.id,
    )
    if publish:
        session.add(
            PieceVersion(
                piece_id=made.id,
                number=1,
                format=piece.format,
                body=piece.body,
                text=piece.text,
                images=piece.images,
                published_by=actor.id,
            )
        )
        session.flush()
        words = _(
            "%(kind)s “%(name)s” version %(number)s published",
            kind=PIECE_WORDS[piece.kind],
            name=piece.name,
            number="1",
        )
        note(session, actor, "piece.published", words, subject_id=made.id)
    return made


def piece_named(session: Session, actor: Actor, kind: PieceKind, name: str) -> Piece | None:
    """Find the layout or snippet of a name."""
    return session.scalar(
        select(Piece).where(Piece.workspace_id == actor.workspace_id, Piece.kind == kind, Piece.name == name)
    )
