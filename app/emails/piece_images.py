"""The images of a layout's or snippet's draft, shown in it by `cid:`. Attachments are a matter of templates."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.emails.approval_marks import cancel_when_changed
from app.emails.content import TemplateFile
from app.emails.models import PIECE_WORDS_INSIDE, Piece
from app.emails.pieces import held_piece
from app.emails.template_files import find_file, keep_file
from app.words import _


def add_piece_image(session: Session, actor: Actor, piece_id: int, name: str, content: bytes) -> TemplateFile:
    """Add an image to the draft; the same bytes a second time give the one that is there. Raises Refused."""
    piece = held_piece(session, actor, piece_id)
    made = keep_file(session, piece.draft_images, name, content, inline=True)
    for one in piece.draft_images:
        if one.sha256 == made.sha256:
            return one
    _set_images(session, actor, piece, (*piece.draft_images, made))
    words = _("“%(image)s” added to the %(kind)s “%(name)s”", image=made.name, **_said(piece))
    note(session, actor, "piece.image_added", words, subject_id=piece.id)
    return made


def remove_piece_image(session: Session, actor: Actor, piece_id: int, sha256: str) -> TemplateFile:
    """Take an image out of the draft; published versions keep it. Raises NotThere."""
    piece = held_piece(session, actor, piece_id)
    removed = find_file(piece.draft_images, sha256)
    _set_images(session, actor, piece, tuple(one for one in piece.draft_images if one.sha256 != sha256))
    words = _("“%(image)s” removed from the %(kind)s “%(name)s”", image=removed.name, **_said(piece))
    note(session, actor, "piece.image_removed", words, subject_id=piece.id)
    return removed


def _set_images(session: Session, actor: Actor, piece: Piece, images: tuple[TemplateFile, ...]) -> None:
    """Change the images. The draft keeps its number: nobody who has the editor open is behind now."""
    piece.draft_images = images
    piece.draft_saved_at, piece.draft_saved_by = now(), actor.id
    cancel_when_changed(session, piece)


def _said(piece: Piece) -> dict[str, str]:
    return {"kind": PIECE_WORDS_INSIDE[piece.kind], "name": piece.name}
