"""What is wrong with sources as they are written, before anything is put together from them."""

from __future__ import annotations

from app.emails.assembling import INCLUDE, SLOT, as_written, html_of
from app.emails.bundle import BundledPiece
from app.emails.content import Content, Format
from app.emails.models import PieceKind
from app.emails.rendering import EmailSource, RenderError, check_source
from app.words import _


def content_problems(content: Content) -> list[str]:
    """Give what is wrong with a content as it is written; runs in a limited process."""
    found = [str(one) for tag in content.variants for one in check_source(as_written(content, tag))]
    if content.format is Format.MJML and not found:
        for variant in content.variants.values():
            try:
                html_of(content.format, variant.body)
            except RenderError as error:
                found += [str(one) for one in error.problems]
    return list(dict.fromkeys(found))


def piece_problems(piece: BundledPiece) -> list[str]:
    """Give why a piece cannot be published; runs in a limited process."""
    try:
        html = html_of(piece.format, piece.body)
    except RenderError as error:
        return [str(one) for one in error.problems]
    if not piece.body.strip():
        return [_("It is empty.")]
    if piece.kind is PieceKind.LAYOUT and not SLOT.search(html):
        return [_("It has no {{ content }}, the place for the e-mail.")]
    return [str(one) for one in check_source(EmailSource("", INCLUDE.sub("", html), INCLUDE.sub("", piece.text)))]
