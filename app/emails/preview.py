"""The preview of a draft: what one person would get, with what is missing shown in its place."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from app.emails.assembling import Pieces, as_written, assemble, check_written
from app.emails.content import Content
from app.emails.limits import LimitedRenderer
from app.emails.parsing import line_of_name
from app.emails.preparing import prepare_html, text_of
from app.emails.publishing import with_defaults
from app.emails.rendering import RenderedEmail, RenderError, RenderProblem, render, variables_of
from app.words import _, _p

INBOX_CHARACTERS = 140
"""Of subject and preheader together; no inbox shows more."""

STAND_IN = _("[%(name)s missing]")
"""What stands in the place of a value that nobody gave."""
FIRST_OF_BODY = 8_000
"""Characters of HTML that are searched for the first words."""


class View(enum.StrEnum):
    """How the preview shows the e-mail."""

    DESKTOP = "desktop"
    PHONE = "phone"
    DARK = "dark"
    SIDE = "side"
    """Desktop and phone side by side."""
    TEXT = "text"
    HEADERS = "headers"
    SOURCE = "source"


VIEW_WORDS = {
    View.DESKTOP: _p("view", "Desktop"),
    View.PHONE: _p("view", "Phone"),
    View.DARK: _p("view", "Dark mode"),
    View.SIDE: _p("view", "Side by side"),
    View.TEXT: _p("view", "Text"),
    View.HEADERS: _p("view", "Headers"),
    View.SOURCE: _p("view", "Source"),
}
FRAMED = frozenset({View.DESKTOP, View.PHONE, View.DARK, View.SIDE})
"""Views that show the HTML as a mail program does."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A rendered draft, and what is wrong with it."""

    email: RenderedEmail | None
    problems: tuple[RenderProblem, ...] = ()
    text_is_made: bool = False
    """The text was made from the HTML."""
    note: str = ""
    """What publishing leaves as it is written, and why."""
    first_words: str = ""
    """What an inbox shows when there is no preheader."""


def preview(
    renderer: LimitedRenderer,
    content: Content,
    language: str,
    pieces: Pieces,
    data: Mapping[str, Any],
    *,
    with_text: bool = True,
) -> Preview:
    """Render a draft under the limits of time and memory. Never fails."""
    stand_in = str(STAND_IN)  # said here: the limited process speaks English
    try:
        return renderer.run(make_preview, content, language, pieces, dict(data), with_text, stand_in)
    except RenderError as error:
        return Preview(None, error.problems)


def make_preview(
    content: Content,
    language: str,
    pieces: Pieces,
    data: Mapping[str, Any],
    with_text: bool = True,
    stand_in: str = STAND_IN,
) -> Preview:
    """Assemble, prepare and render a draft; runs in a limited process.

    Without `with_text` no text is made from the HTML, which takes longer than all the rest. `stand_in` is shown where
    the value `name` is missing.
    """
    try:
        source = assemble(content, language, pieces)
    except RenderError as error:
        return Preview(None, tuple(check_written(content, language, pieces)) or error.problems)
    is_made = bool(source.html.strip()) and not source.text.strip()
    html, note = prepare_html(source.html)
    text = text_of(source.html) if is_made and with_text else source.text
    ready = replace(source, html=html, text=text)
    shown = Preview(None, text_is_made=is_made, note=note)
    given = with_defaults(data, content.hints)
    try:
        return _with_email(shown, render(ready, given))
    except RenderError as error:
        problems = _where_the_author_wrote_it(content, language, pieces, given, error.problems) or error.problems
    try:
        stand_ins = {name: str(stand_in) % {"name": name} for name in variables_of(ready) if name not in given}
        return _with_email(replace(shown, problems=problems), render(ready, {**stand_ins, **given}))
    except RenderError:
        return replace(shown, problems=problems)


def _with_email(shown: Preview, email: RenderedEmail) -> Preview:
    return replace(shown, email=email, first_words=email.preheader or _first_words(email))


def _where_the_author_wrote_it(
    content: Content, language: str, pieces: Pieces, data: Mapping[str, Any], problems: Sequence[RenderProblem]
) -> tuple[RenderProblem, ...]:
    """Give the problems with the lines of the author's own text, which are not those of the assembled e-mail."""
    written = as_written(content, language)
    if all(one.name for one in problems):  # values that nobody gave; most often, and found without reading all again
        own = dict(written.parts())
        mine = [one for one in problems if own.get(one.place, "").strip()]
        return tuple(replace(one, line=line_of_name(own[one.place], one.name)) for one in mine)
    if found := check_written(content, language, pieces):
        return tuple(found)
    try:
        render(written, data)
    except RenderError as error:
        return error.problems
    return ()


def _first_words(email: RenderedEmail) -> str:
    """Give the first words of the body, as an inbox shows them."""
    try:
        begin = max(0, email.html.find("<body"))
        head = email.html[begin : begin + FIRST_OF_BODY]
        document = lxml_html.fromstring(head) if head.strip() else None
    except (etree.ParserError, ValueError):
        document = None
    if document is None:
        return " ".join(email.text.split())[:INBOX_CHARACTERS]
    pieces: list[str] = []
    for text in document.xpath("//text()[not(ancestor::style or ancestor::title or ancestor::script)]"):
        pieces.append(" ".join(text.split()))
        if sum(map(len, pieces)) > INBOX_CHARACTERS:
            break
    return " ".join(piece for piece in pieces if piece)[:INBOX_CHARACTERS]
