"""A draft or a version as it looks with the examples of its variables, for comparing and for the gallery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.emails.assembling import Pieces, assemble, files_of
from app.emails.content import Content
from app.emails.inline_images import html_with_files
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceVersion, Template, TemplateVersion
from app.emails.pieces import pieces_for
from app.emails.preparing import text_of
from app.emails.preview import preview
from app.emails.publishing import with_defaults
from app.emails.rendering import EmailSource, RenderError, render, variables_of
from app.emails.versions import version_of
from app.refusals import NotThere
from app.words import _, language

DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two states that are compared."""

    value: str
    """`draft`, or the id of a version."""
    title: str
    title_inside: str
    """The same within a sentence: `the draft`."""
    content: Content
    layout: str = ""
    version: TemplateVersion | None = None


def side_of(session: Session, actor: Actor, template: Template, value: str) -> Side:
    """Give the draft, or the version whose id is given. Raises NotThere."""
    if value == DRAFT:
        return Side(DRAFT, _("The draft"), _("the draft"), template.draft, layout_words(session, template.draft))
    if not value.isdecimal() or len(value) > 9:
        raise NotThere("version")
    version = version_of(session, actor, template, int(value))
    layout = layout_words(session, version.content, version)
    number = str(version.number)
    title, inside = _("Version %(number)s", number=number), _("version %(number)s", number=number)
    return Side(value, title, inside, version.content, layout, version)


def layout_words(session: Session, content: Content, version: TemplateVersion | None = None) -> str:
    """Give the layout's name and version: the one that is in a version, or the newest one for a draft."""
    if content.layout_id is None:
        return ""
    name = session.scalar(select(Piece.name).where(Piece.id == content.layout_id)) or _("a layout that is gone")
    query = select(func.max(PieceVersion.number)).where(PieceVersion.piece_id == content.layout_id)
    if version is not None:
        query = query.where(PieceVersion.id.in_([int(one) for one in version.pins]))
    number = session.scalar(query)
    return _("%(name)s, version %(number)s", name=name, number=str(number)) if number else name


def html_of_side(session: Session, renderer: LimitedRenderer, template: Template, side: Side, language: str) -> str:
    """Give a side's HTML in one language, with the examples in its gaps; a page in words where there is none."""
    if language not in side.content.variants:
        return _page(_("It is not written in this language."))
    if side.version is None:
        pieces = pieces_for(session, template.workspace_id, side.content)
        html, files = shown_html(renderer, side.content, language, pieces), files_of(side.content, pieces)
    else:
        source, files = side.version.source(language), side.version.files
        try:
            missing = str(_("[%(name)s missing]"))
            html = renderer.run(render_with_examples, source, examples_of(side.content), missing)
            html = html or _page(_("It has no HTML."))
        except RenderError as error:
            return _page(*(str(one) for one in error.problems))
    return html_with_files(session, html, files)


def text_of_side(session: Session, renderer: LimitedRenderer, template: Template, side: Side, language: str) -> str:
    """Give a side's text part in one language, gaps as they are written; empty when it cannot be made."""
    if language not in side.content.variants:
        return ""
    if side.version is not None:
        return side.version.source(language).text
    pieces = pieces_for(session, template.workspace_id, side.content)
    try:
        return renderer.run(assembled_text, side.content, language, pieces)
    except RenderError:
        return side.content.variants[language].text


def shown_html(renderer: LimitedRenderer, content: Content, language: str, pieces: Pieces) -> str:
    """Give the HTML of a content with its examples; its problems in words when it cannot be put together."""
    shown = preview(renderer, content, language, pieces, examples_of(content), with_text=False)
    if shown.email is None:
        return _page(*(str(one) for one in shown.problems))
    return shown.email.html or _page(_("It has no HTML."))


def examples_of(content: Content) -> dict[str, Any]:
    """Give the values to show a content with: the examples, and an address."""
    examples = {name: hint.example for name, hint in content.hints.items() if hint.example}
    return with_defaults({"email": "someone@example.com", "name": "", **examples}, content.hints)


def render_with_examples(source: EmailSource, data: Mapping[str, Any], missing: str) -> str:
    """Render the HTML, what is missing named by `missing`; runs in a limited process, which speaks only English."""
    bare = EmailSource("-", source.html, "", language=source.language)
    stand_ins = {name: missing % {"name": name} for name in variables_of(bare) if name not in data}
    return render(bare, {**stand_ins, **data}).html


def assembled_text(content: Content, language: str, pieces: Pieces) -> str:
    """Give the text part as publishing makes it; runs in a limited process."""
    source = assemble(content, language, pieces)
    return source.text if source.text.strip() else text_of(source.html)


def _page(*lines: str) -> str:
    words = "".join(f"<p>{escape(line)}</p>" for line in lines)
    head = f'<meta charset="utf-8"><title>{escape(_("Nothing to show"))}</title>'
    return f'<!doctype html><html lang="{language()}"><head>{head}</head><body>{words}</body></html>'
