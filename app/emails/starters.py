"""What a new template begins with: an entry of the gallery, or empty in one of the three formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.emails import starter
from app.emails.assembling import Pieces, PieceSource, html_of, included, sources_of
from app.emails.bundle import Bundle, BundledTemplate, read_files
from app.emails.content import Content, Format, Hint, Variant
from app.emails.files import store
from app.emails.models import PieceKind, Template
from app.emails.piece_making import make_piece, piece_named
from app.emails.templates import create_template
from app.refusals import NotThere
from app.words import _, _p

FOLDER = Path(__file__).parent / "gallery"
"""Plain files, in the form that exports have."""
LAYOUT = "Letter"
"""The layout of the gallery that “Write” begins with."""
OF_GALLERY = "gallery:"
"""Begins the choice of a gallery's entry; its name follows."""

MARKDOWN = """# Hello {{ first_name }}

write your message here, as you would in a letter. An empty line begins a new paragraph.

- **Bold** words stand between two stars,
- a list has a line for each point.

Kind regards
"""
MJML = """<mjml>
  <mj-head>
    <mj-title>Our organisation</mj-title>
    <mj-attributes>
      <mj-all font-family="Arial, Helvetica, sans-serif" />
      <mj-text font-size="16px" line-height="1.5" color="#222222" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f4f4f4">
    <mj-section background-color="#ffffff">
      <mj-column>
        <mj-text>Dear {{ first_name }},</mj-text>
        <mj-text>write your message here.</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
_HINTS = {"first_name": Hint(example="Anna")}


@dataclass(frozen=True, slots=True)
class Starter:
    """One choice of a new template."""

    value: str
    name: str
    words: str = ""
    content: Content | None = None
    """None: an entry of the gallery."""


EMPTY = (
    Starter(
        "markdown",
        _("An empty e-mail (Write)"),
        _("Words with a few marks for bold, lists and links; a layout gives the looks."),
        Content(Format.MARKDOWN, variants={"en": Variant(starter.SUBJECT, body=MARKDOWN)}, hints=_HINTS),
    ),
    Starter("html", _("Empty HTML"), _("A plain frame in HTML. For people who write code."), starter.CONTENT),
    Starter(
        "mjml",
        _("Empty MJML"),
        _("A language for e-mail that becomes HTML which works everywhere. For people who write code."),
        Content(Format.MJML, variants={"en": Variant(starter.SUBJECT, body=MJML)}, hints=_HINTS),
    ),
)
IN_GALLERY = {
    "Appointment": (
        _p("e-mail", "Appointment"),
        _("Confirm an appointment: when, where, what to bring, and how to change it."),
    ),
    "Closure": (
        _p("e-mail", "Closure"),
        _(
            "Say that a place or service is closed for a while: from when to when, what still works, and what comes "
            "next."
        ),
    ),
    "Invoice": (
        _p("e-mail", "Invoice"),
        _("An invoice with its lines and total, when it is due, and a button to pay it."),
    ),
    "Notice": (
        _p("e-mail", "Notice"),
        _("Tell people that something is changing: what, from when, and what they need to do."),
    ),
    "Password reset": (
        _p("e-mail", "Password reset"),
        _("A link to choose a new password, with its end and what to do if it was not you."),
    ),
    "Renewal reminder": (
        _p("e-mail", "Renewal reminder"),
        _("Remind people in time that something runs out, what renewing costs, and how to do it."),
    ),
}
"""Name and words of the gallery's entries as they are chosen; what stands in the e-mails stays as it is."""
USUAL = "html"
"""What a new template begins with when nothing is chosen."""


@cache
def gallery() -> Bundle:
    """Give the gallery; empty when there is none."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file() and _is_data(path))
    return read_files({path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}) if paths else Bundle()


def starters() -> list[Starter]:
    """Give every choice, the gallery's first."""
    return [*(Starter(f"{OF_GALLERY}{one.name}", *_said(one)) for one in gallery().templates), *EMPTY]


def _said(entry: BundledTemplate) -> tuple[str, str]:
    """Give name and words of an entry as the reader's language says them; another gallery's as they are."""
    name, words = IN_GALLERY.get(entry.name, ("", ""))
    return (name, words) if words == entry.words else (entry.name, entry.words)


def in_gallery(name: str) -> BundledTemplate:
    """Find an entry of the gallery. Raises NotThere."""
    found = next((one for one in gallery().templates if one.name == name), None)
    if found is None:
        raise NotThere("starter")
    return found


def start_template(session: Session, actor: Actor, name: str, value: str = USUAL) -> Template:
    """Make a template that begins with a choice. Raises NotThere for an unknown one, Refused for the name.

    The layout and the snippets of a gallery's entry are made and published where none of their name is there.
    """
    if value.startswith(OF_GALLERY):
        entry = in_gallery(value.removeprefix(OF_GALLERY))
        return create_template(session, actor, name, _content_of_entry(session, actor, entry))
    chosen = next((one for one in EMPTY if one.value == value), None)
    if chosen is None or chosen.content is None:
        raise NotThere("starter")
    content = chosen.content
    if content.format is Format.MARKDOWN:
        content = replace(content, layout_id=_layout_id(session, actor, LAYOUT))
    return create_template(session, actor, name, content)


def pieces_of_entry(entry: BundledTemplate) -> Pieces:
    """Give the layout and the snippets of a gallery's entry, as they are in the gallery. Raises RenderError."""
    layout = gallery().piece(PieceKind.LAYOUT, entry.layout)
    snippets = {one.name: one for one in gallery().pieces if one.kind is PieceKind.SNIPPET}
    return Pieces(
        PieceSource(html_of(layout.format, layout.body), layout.text, images=layout.images) if layout else None,
        {
            name: PieceSource(html_of(one.format, one.body), one.text, images=one.images)
            for name, one in snippets.items()
        },
    )


def _content_of_entry(session: Session, actor: Actor, entry: BundledTemplate) -> Content:
    for content in entry.bytes_of.values():
        store(session, content)
    layout_id = _layout_id(session, actor, entry.layout) if entry.layout else None
    _make_snippets(session, actor, included(*sources_of(entry.content)))
    return replace(entry.content, layout_id=layout_id)


def _layout_id(session: Session, actor: Actor, name: str) -> int | None:
    """Give the layout of a name, made of the gallery's when there is none here."""
    here = piece_named(session, actor, PieceKind.LAYOUT, name)
    if here is not None:
        return here.id
    layout = gallery().piece(PieceKind.LAYOUT, name)
    if layout is None:
        return None
    _make_snippets(session, actor, included(layout.body, layout.text))
    return make_piece(session, actor, layout, publish=True).id


def _make_snippets(session: Session, actor: Actor, names: Sequence[str]) -> None:
    for name in names:
        snippet = gallery().piece(PieceKind.SNIPPET, name)
        if snippet is not None and piece_named(session, actor, PieceKind.SNIPPET, name) is None:
            make_piece(session, actor, snippet, publish=True)
            _make_snippets(session, actor, included(snippet.body, snippet.text))


def _is_data(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix != ".py" and path.parent != FOLDER
