"""What a layout or a snippet looks like: alone, around an e-mail, and in the templates that use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.emails.assembling import PieceSource, files_of
from app.emails.content import Content, Format, TemplateFile, content_of
from app.emails.inline_images import html_with_files
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind, PieceUse, Template, TemplateVersion
from app.emails.piece_drafts import Written, alone, check, source_of
from app.emails.pieces import pieces_for
from app.emails.preview import Preview, preview
from app.emails.publishing import CannotPublish, get_ready, with_defaults
from app.emails.rendering import EmailSource, RenderedEmail, RenderError, RenderProblem, render, variables_of
from app.words import _

EXAMPLES_FROM = 10
"""Templates whose examples a piece is shown with."""
SAMPLE = content_of(
    "Your appointment on 3 March",
    """## Your appointment

Dear Anna Smith,

this is **sample content**, so that you see the layout around it. Your appointment:

- Tuesday, 3 March, 10:30
- Room 7, Quay Street

[Change the appointment](https://example.com/appointment "button")

| Bring along | Why |
|---|---|
| This letter | It has your number |
| A photo | For your card |

Yours sincerely
""",
    written_in=Format.MARKDOWN,
)
"""What a layout is shown around when no template is chosen."""
SAMPLE_TEXT = "Dear Anna Smith,\n\nthis is sample content, so that you see the layout's text around it."


def preview_piece(
    session: Session, renderer: LimitedRenderer, piece: Piece, written: Written, around: Template | None = None
) -> Preview:
    """Show what is written: a snippet alone, a layout around sample content or a template's draft. Never fails."""
    try:
        check(session, piece, written, renderer)
        problems: tuple[RenderProblem, ...] = ()
    except RenderError as error:
        problems = error.problems
    if around is not None and around.draft.format is Format.MJML:
        words = _(
            "“%(name)s” is written in MJML, which brings its own frame. No layout is put around it.", name=around.name
        )
        problems = (*problems, RenderProblem("mjml", "body", None, words))
    try:
        source = source_of(written, renderer)
    except RenderError as error:
        return Preview(None, error.problems)
    content = _content_to_show(piece, written, around)
    pieces = pieces_for(session, piece.workspace_id, content, instead={piece.id: source})
    shown = preview(renderer, content, content.language, pieces, examples_for(session, piece, around))
    if shown.email is not None:  # what is missing there is the template's, and shows in its place
        html = html_with_files(session, shown.email.html, files_of(content, pieces))
        return replace(shown, email=replace(shown.email, html=html), problems=problems)
    return replace(shown, problems=problems or shown.problems)


def examples_for(session: Session, piece: Piece, around: Template | None = None) -> dict[str, Any]:
    """Give the examples of a template, or of the first templates that use a piece."""
    if around is not None:
        return examples_of(around.draft)
    drafts = session.scalars(
        select(Template.draft)
        .join(PieceUse, PieceUse.template_id == Template.id)
        .where(PieceUse.piece_id == piece.id)
        .order_by(Template.id)
        .limit(EXAMPLES_FROM)
    )
    return {name: value for draft in drafts for name, value in examples_of(draft).items()} or examples_of(SAMPLE)


def examples_of(content: Content) -> dict[str, Any]:
    """Give the values that a content is shown with when no recipient is chosen."""
    examples = {name: hint.example for name, hint in content.hints.items() if hint.example}
    return {"email": "someone@example.com", "name": "", **examples}


def show_version(session: Session, renderer: LimitedRenderer, version: TemplateVersion) -> str:
    """Give the HTML of a published version with its examples; what is missing shows in its place."""
    return _shown(session, renderer, version.source(), version.content, version.files)


def show_with(
    session: Session, renderer: LimitedRenderer, version: TemplateVersion, instead: Mapping[int, PieceSource]
) -> str:
    """Give the HTML that a published version's content would have with drafts in the place of their pieces."""
    try:
        ready = get_ready(session, version.workspace_id, version.content, renderer, instead=instead)
    except CannotPublish as refusal:
        return _in_paragraphs(refusal.problems)
    files = (*version.content.files, *ready.piece_images)
    return _shown(session, renderer, ready.sources[version.content.language], version.content, files)


def render_with_stand_ins(source: EmailSource, data: Mapping[str, Any]) -> RenderedEmail:
    """Render with a stand-in for each value that is not given; runs in a limited process. Raises RenderError."""
    stand_ins = {name: f"[{name}]" for name in variables_of(source) if name not in data}
    return render(source, {**stand_ins, **data})


def _content_to_show(piece: Piece, written: Written, around: Template | None) -> Content:
    if piece.kind is PieceKind.SNIPPET:
        return alone(piece.kind, written)
    if around is not None:
        return replace(around.draft, layout_id=piece.id)
    text = SAMPLE_TEXT if written.text.strip() else ""
    return replace(SAMPLE.with_variant(SAMPLE.language, replace(SAMPLE.main, text=text)), layout_id=piece.id)


def _shown(
    session: Session, renderer: LimitedRenderer, source: EmailSource, content: Content, files: Sequence[TemplateFile]
) -> str:
    data = with_defaults(examples_of(content), content.hints)
    try:
        return html_with_files(session, renderer.run(render_with_stand_ins, source, data).html, files)
    except RenderError as error:
        return _in_paragraphs([str(one) for one in error.problems])


def _in_paragraphs(problems: Sequence[str]) -> str:
    return "".join(f"<p>{escape(one)}</p>" for one in problems)
