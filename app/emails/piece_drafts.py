"""Drafts of layouts and snippets: make, save, put away, and what may stand in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.emails import starter
from app.emails.approval_marks import cancel_when_changed
from app.emails.assembling import SLOT, Pieces, PieceSource, assemble, check_written, html_of, included
from app.emails.content import Content, Format, TemplateFile, content_of
from app.emails.jinja_tags import TAG
from app.emails.limits import LimitedRenderer
from app.emails.models import PIECE_WORDS, PIECE_WORDS_INSIDE, Piece, PieceKind, PieceVersion
from app.emails.pieces import (
    find_piece,
    find_piece_version,
    held_piece,
    pieces_for,
    pieces_including,
    templates_using,
)
from app.emails.publishing import CannotPublish
from app.emails.rendering import RenderError, RenderProblem, variables_of
from app.emails.templates import MOST_CHARACTERS, SavedMeanwhile
from app.refusals import Refused
from app.words import _, _n, with_commas

MOST_OF_A_NAME = 100
"""Characters."""
NOT_IN_NAMES = "\"'{}"
"""Signs that would end the name where a snippet is taken in."""
NAMED = 10
"""Templates that a refusal names; the others are counted."""
FORMATS = {PieceKind.LAYOUT: (Format.HTML,), PieceKind.SNIPPET: (Format.MARKDOWN, Format.HTML)}
"""How each kind may be written."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a person wrote for a layout or a snippet."""

    body: str
    text: str = ""
    format: Format = Format.HTML
    images: tuple[TemplateFile, ...] = ()

    @classmethod
    def of(cls, source: Piece | PieceVersion) -> Written:
        """Give what stands in a piece's draft, or in one of its versions."""
        if isinstance(source, PieceVersion):
            return cls(source.body, source.text, source.format, source.images)
        return cls(source.draft_body, source.draft_text, source.draft_format, source.draft_images)


def create_piece(session: Session, actor: Actor, kind: PieceKind, name: str) -> Piece:
    """Make a layout or snippet whose draft is the starter's. Raises Refused when the name is bad or taken."""
    is_layout = kind is PieceKind.LAYOUT
    piece = Piece(
        workspace_id=actor.workspace_id,
        kind=kind,
        name=_free_name(session, actor, kind, name),
        draft_format=Format.HTML if is_layout else Format.MARKDOWN,
        draft_body=starter.LAYOUT if is_layout else "",
        draft_saved_by=actor.id,
    )
    session.add(piece)
    session.flush()
    note(
        session,
        actor,
        "piece.created",
        _("%(kind)s “%(name)s” made", kind=PIECE_WORDS[kind], name=piece.name),
        subject_id=piece.id,
    )
    return piece


def save_piece(session: Session, actor: Actor, piece_id: int, name: str, written: Written, *, number: int) -> Piece:
    """Save name and draft, written on top of draft `number`. Raises Refused, SavedMeanwhile when somebody saved since.

    A snippet that is used keeps its name: it is taken in by it.
    """
    piece = held_piece(session, actor, piece_id)
    if piece.draft_number != number:
        raise SavedMeanwhile(
            _(
                "Somebody else saved this %(kind)s meanwhile. Your text is kept below; compare it with theirs in "
                "another window, then save again to put yours in its place.",
                kind=PIECE_WORDS_INSIDE[piece.kind],
            )
        )
    _check_storable(piece.kind, written)
    _rename(session, actor, piece, name)
    put_into_draft(session, actor, piece, written)
    return piece


def put_into_draft(session: Session, actor: Actor, piece: Piece, written: Written) -> None:
    """Put what is written, and checked, in the place of a draft, which cancels its approval."""
    piece.draft_body, piece.draft_text, piece.draft_format = written.body, written.text, written.format
    piece.draft_images = written.images
    piece.draft_number += 1
    piece.draft_saved_at, piece.draft_saved_by = now(), actor.id
    cancel_when_changed(session, piece)


def restore_version(session: Session, actor: Actor, version_id: int) -> Piece:
    """Put what an earlier version says into the draft."""
    version = find_piece_version(session, actor, version_id)
    piece = version.piece
    save_piece(session, actor, piece.id, piece.name, Written.of(version), number=piece.draft_number)
    words = _(
        "Version %(number)s of the %(kind)s “%(name)s” put back into its draft",
        number=str(version.number),
        kind=PIECE_WORDS_INSIDE[piece.kind],
        name=piece.name,
    )
    note(session, actor, "piece.draft_restored", words, subject_id=piece.id)
    return piece


def archive_piece(session: Session, actor: Actor, piece_id: int, *, archived: bool) -> Piece:
    """Put a layout or snippet away, or bring it back. Raises Refused while something uses it."""
    piece = find_piece(session, actor, piece_id)
    if archived and (users := _users(session, piece)):
        raise Refused(
            _(
                "“%(name)s” stays, because it is used by %(users)s. Take it out there first.",
                name=piece.name,
                users=_listed(users),
            )
        )
    piece.is_archived = archived
    words = _("%(kind)s “%(name)s” archived") if archived else _("%(kind)s “%(name)s” brought back")
    words = _(words, kind=PIECE_WORDS[piece.kind], name=piece.name)
    action = "piece.archived" if archived else "piece.restored"
    changes = {_("Archived"): (not archived, archived)}
    note(session, actor, action, words, subject_id=piece.id, changes=changes)
    return piece


def checked_draft(session: Session, piece: Piece, renderer: LimitedRenderer) -> PieceSource:
    """Check a draft as it is, under limits, and give it as it is taken in. Raises CannotPublish with every problem."""
    written = Written.of(piece)
    try:
        check(session, piece, written, renderer)
        return source_of(written, renderer)
    except RenderError as error:
        raise CannotPublish([str(one) for one in error.problems]) from error


def check(session: Session, piece: Piece, written: Written, renderer: LimitedRenderer) -> None:
    """Check what is written for a piece, under limits. Raises RenderError with every problem."""
    content = alone(piece.kind, written)
    pieces = pieces_for(session, piece.workspace_id, content)
    circle = [_circle(piece, written, pieces)] if piece.kind is PieceKind.SNIPPET else []
    renderer.run(check_written_piece, piece.kind, written, pieces, [one for one in circle if one is not None])


def check_written_piece(
    kind: PieceKind, written: Written, pieces: Pieces, problems: Sequence[RenderProblem] = ()
) -> None:
    """Check the rules of a kind, syntax and what is taken in; runs in a limited process. Raises RenderError."""
    content = alone(kind, written)
    found = [*problems, *(_slot_problems(written) if kind is PieceKind.LAYOUT else _empty_problems(written))]
    if not problems:
        found += check_written(content, content.language, pieces)
    if found:
        raise RenderError(tuple(found))
    variables_of(assemble(content, content.language, pieces))


def source_of(written: Written, renderer: LimitedRenderer) -> PieceSource:
    """Give a draft as it is taken in; Markdown is read under limits. Raises RenderError."""
    html = written.body if written.format is Format.HTML else renderer.run(html_of, written.format, written.body)
    return PieceSource(html, written.text, images=written.images)


def alone(kind: PieceKind, written: Written) -> Content:
    """Give what is written for a piece as a content of its own; a layout has nothing in its slot."""
    if kind is PieceKind.LAYOUT:
        return content_of(kind.title(), SLOT.sub("", written.body), SLOT.sub("", written.text))
    return content_of(kind.title(), written.body, written.text, written_in=written.format, files=written.images)


def _slot_problems(written: Written) -> Iterator[RenderProblem]:
    no_slot, no_slot_of_text = (
        _("write {{ content }} where the e-mail goes."),
        _("write {{ content }} where the e-mail's text goes."),
    )
    for place, source, missing in (("body", written.body, no_slot), ("text", written.text, no_slot_of_text)):
        # One in a comment of Jinja's is none, but would be filled in its place.
        real = sum(SLOT.fullmatch(tag) is not None for tag in TAG.findall(source))
        count = len(SLOT.findall(source))
        if count > 1:
            words = _("{{ content }} stands here %(times)s times; an e-mail goes in only once.", times=count)
            yield RenderProblem("many_slots", place, None, words)
        elif real == 0 and (place == "body" or source.strip()):
            yield RenderProblem("no_slot", place, None, missing)


def _empty_problems(written: Written) -> Iterator[RenderProblem]:
    if not written.body.strip() and not written.text.strip():
        yield RenderProblem("empty", "body", None, _("write something first."))


def _circle(piece: Piece, written: Written, pieces: Pieces) -> RenderProblem | None:
    """Say when a snippet would take in itself, at once or through others."""
    if piece.name in included(written.body, written.text):
        return RenderProblem("circle", "body", None, _("“%(name)s” cannot take in itself.", name=piece.name))
    through = [name for name, one in pieces.snippets.items() if piece.name in included(one.html, one.text)]
    if not through:
        return None
    words = _("“%(name)s” would take in itself through “%(through)s”.", name=piece.name, through=through[0])
    return RenderProblem("circle", "body", None, words)


def _check_storable(kind: PieceKind, written: Written) -> None:
    if written.format not in FORMATS[kind]:
        raise Refused(_("A %(kind)s cannot be written so.", kind=PIECE_WORDS_INSIDE[kind]), field="format")
    for place, text in (("body", written.body), ("text", written.text)):
        if len(text) > MOST_CHARACTERS:
            words = _(
                "This is longer than %(most_characters)s characters, which no e-mail can be.",
                most_characters=MOST_CHARACTERS,
            )
            raise Refused(words, field=place)
        if "\0" in text:
            raise Refused(_("There is a null character in it, which cannot be stored. Take it out."), field=place)


def _rename(session: Session, actor: Actor, piece: Piece, name: str) -> None:
    name = " ".join(name.split())
    if name == piece.name:
        return
    name = _free_name(session, actor, piece.kind, name, piece.id)
    if piece.kind is PieceKind.SNIPPET and (users := _users(session, piece)):
        words = _("“%(name)s” keeps its name while it is used by %(users)s.", name=piece.name, users=_listed(users))
        raise Refused(words, field="name")
    words = _("%(kind)s “%(before)s” renamed to “%(name)s”", kind=PIECE_WORDS[piece.kind], before=piece.name, name=name)
    note(session, actor, "piece.renamed", words, subject_id=piece.id, changes={_("Name"): (piece.name, name)})
    piece.name = name


def _users(session: Session, piece: Piece) -> list[str]:
    """Give what uses a piece, in words."""
    users = [_("the template “%(name)s”", name=one.name) for one in templates_using(session, piece, limit=1000)]
    return users + [
        _("the %(kind)s “%(name)s”", kind=PIECE_WORDS_INSIDE[one.kind], name=one.name)
        for one in pieces_including(session, piece)
    ]


def _listed(users: list[str]) -> str:
    more = len(users) - NAMED
    named = with_commas(users[:NAMED])
    return _n("%(named)s and %(count)s more", "%(named)s and %(count)s more", more, named=named) if more > 0 else named


def _free_name(session: Session, actor: Actor, kind: PieceKind, name: str, besides: int = 0) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise Refused(_("Give the %(kind)s a name.", kind=PIECE_WORDS_INSIDE[kind]), field="name")
    if len(name) > MOST_OF_A_NAME:
        raise Refused(_("Use at most %(most)s characters.", most=MOST_OF_A_NAME), field="name")
    if any(sign in name for sign in NOT_IN_NAMES):
        raise Refused(_("Leave out quotation marks and braces: the name is written between them."), field="name")
    taken = session.scalar(
        select(Piece.id).where(
            Piece.workspace_id == actor.workspace_id,
            Piece.kind == kind,
            func.lower(Piece.name) == func.lower(name),  # the database's idea of lower case on both sides
            Piece.id != besides,
        )
    )
    if taken is not None:
        raise Refused(_("There is a %(kind)s of this name already.", kind=PIECE_WORDS_INSIDE[kind]), field="name")
    return name
