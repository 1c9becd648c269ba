"""From what was written to one source: format, layout, snippets, language and preheader put together.

Done before anything is rendered, on the source, so that CSS, text and checks see one whole e-mail (design, section 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import mrml
from lxml import etree
from markupsafe import escape

from app.cloudflare.inline_images import shown_ids, with_images
from app.emails.content import Content, Format, TemplateFile, Variant
from app.emails.inline_images import content_id_for
from app.emails.jinja_tags import TAG
from app.emails.languages import direction
from app.emails.markdown import markdown_to_html
from app.emails.preparing import hide_for_html, show_all, text_of
from app.emails.rendering import EmailSource, RenderError, RenderProblem, check_source
from app.refusals import Refused
from app.words import _

SLOT = re.compile(r"\{\{-?\s*content\s*-?\}\}")
"""Where a layout takes the e-mail in: `{{ content }}`."""
INCLUDE = re.compile(r"\{%[-+]?\s*include\s+(['\"])(.*?)\1\s*[-+]?%\}")
"""Where a snippet is taken in: `{% include "Office hours" %}`."""
DEEPEST = 5
"""Snippets within snippets."""
_HTML_TAG = re.compile(r"<html\b[^>]*>", re.IGNORECASE)
_BODY_TAG = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = r"""\s{}\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)"""
_HIDDEN = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all"
_FILLING = "&#847;&zwnj;&nbsp;" * 60
"""Keeps an inbox from showing the first words of the body behind a short preheader."""


@dataclass(frozen=True, slots=True)
class PieceSource:
    """A layout or snippet as it is taken in: HTML and text, and the version it comes from (None: a draft)."""

    html: str
    text: str = ""
    version_id: int | None = None
    images: tuple[TemplateFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """The layout and the snippets that a template takes in."""

    layout: PieceSource | None = None
    snippets: Mapping[str, PieceSource] = field(default_factory=dict)


def assemble(content: Content, language: str, pieces: Pieces) -> EmailSource:
    """Give the whole source in one language. Raises RenderError when the format or a snippet cannot be read."""
    variant = content.variants[language]
    pieces, _images = with_images_settled(content, pieces)
    html, text = html_of(content.format, variant.body), variant.text
    is_framed = pieces.layout is not None and content.format is not Format.MJML and bool(html.strip())
    if pieces.layout is not None and is_framed:
        html = SLOT.sub(lambda _found: html, pieces.layout.html, count=1)
        if text.strip() and pieces.layout.text.strip():
            text = SLOT.sub(lambda _found: text, pieces.layout.text, count=1)
    html = with_snippets(html, pieces.snippets, is_text=False)
    if html.strip():
        html = _with_preheader(_with_language(html, language), variant.preheader)
    return EmailSource(
        subject=with_snippets(variant.subject, pieces.snippets, is_text=True).strip(),
        html=html,
        text=with_snippets(text, pieces.snippets, is_text=True),
        headers=content.headers,
        preheader=variant.preheader,
        language=language,
    )


def with_images_settled(content: Content, pieces: Pieces) -> tuple[Pieces, tuple[TemplateFile, ...]]:
    """Give the pieces and their images such that one `cid:` is one image: templates and pieces know not of each other.

    An image that the template or another piece has, too, goes only once; one whose `cid:` is taken gets another one.
    """
    ids = {one.sha256: one.content_id for one in content.files if one.content_id}
    images: list[TemplateFile] = []

    def settled(piece: PieceSource) -> PieceSource:
        shown = shown_ids(piece.html) if piece.images else set()
        own = [one for one in piece.images if one.content_id in shown]
        for one in own:
            if one.sha256 not in ids:
                taken = ids.values()
                is_free = one.content_id not in taken
                ids[one.sha256] = one.content_id if is_free else content_id_for(one.content_id, taken)
                images.append(replace(one, content_id=ids[one.sha256]))
        urls = {one.content_id: f"cid:{ids[one.sha256]}" for one in own}
        return replace(piece, html=with_images(piece.html, urls.get)) if urls else piece

    layout = (
        settled(pieces.layout) if pieces.layout is not None and content.format is not Format.MJML else pieces.layout
    )
    snippets = {name: settled(one) for name, one in pieces.snippets.items()}
    return Pieces(layout, snippets), tuple(images)


def images_shown(content: Content, pieces: Pieces, *html: str) -> tuple[TemplateFile, ...]:
    """Give those of the layout's and the snippets' images that the assembled HTML shows."""
    there = shown_ids(*html)
    return tuple(one for one in with_images_settled(content, pieces)[1] if one.content_id in there)


def files_of(content: Content, pieces: Pieces) -> tuple[TemplateFile, ...]:
    """Give what may go with an e-mail: the template's own files, then the images of its layout and snippets."""
    return (*content.files, *with_images_settled(content, pieces)[1])


def html_of(written_in: Format, body: str) -> str:
    """Give the HTML of a body, Jinja kept. Raises RenderError when MJML cannot be read."""
    if written_in is Format.MARKDOWN:
        return markdown_to_html(body)
    if written_in is Format.MJML and body.strip():
        return _html_of_mjml(body)
    return body


def in_format(content: Content, wanted: Format) -> Content:
    """Give the content written another way: as HTML it looks the same, else the source stays for the author to change.

    Raises Refused when MJML that cannot be read should become HTML.
    """
    if content.format is wanted:
        return content
    if wanted is not Format.HTML:
        return replace(content, format=wanted)
    try:
        bodies = {tag: html_of(content.format, one.body) for tag, one in content.variants.items()}
    except RenderError as error:
        words = _("It cannot be made HTML yet. %(problems)s", problems=error.words)
        raise Refused(words, field="body") from error
    variants = {tag: replace(one, body=bodies[tag]) for tag, one in content.variants.items()}
    return replace(content, format=wanted, variants=variants)


def included(*sources: str) -> list[str]:
    """Give the names of the snippets that sources take in, each once."""
    return list(dict.fromkeys(found[2] for source in sources for found in INCLUDE.finditer(source)))


def sources_of(content: Content) -> Iterator[str]:
    """Give every source a person wrote, in all languages."""
    for variant in content.variants.values():
        yield from (variant.subject, variant.preheader, variant.body, variant.text)
    yield from (value for _name, value in content.headers)


def with_snippets(source: str, snippets: Mapping[str, PieceSource], *, is_text: bool, depth: int = 0) -> str:
    """Put snippets in their places, those within snippets, too. Raises RenderError for one that is not there."""

    def put(found: re.Match[str]) -> str:
        snippet = snippets.get(found[2])
        line = source.count("\n", 0, found.start()) + 1
        if snippet is None:
            raise _problem("unknown_snippet", line, _("there is no published snippet “%(snippet)s”.", snippet=found[2]))
        if depth == DEEPEST:
            raise _problem("syntax", line, _("the snippet “%(snippet)s” is taken in within itself.", snippet=found[2]))
        inner = (snippet.text or text_of(snippet.html).strip()) if is_text else snippet.html
        return with_snippets(inner, snippets, is_text=is_text, depth=depth + 1)

    return INCLUDE.sub(put, source)


def as_written(content: Content, language: str) -> EmailSource:
    """Give one language's sources as typed, snippets blanked: problems in them have the author's lines."""
    variant = content.variants[language]
    blank = Variant(*(INCLUDE.sub("", one) for one in (variant.subject, variant.preheader, variant.body, variant.text)))
    return EmailSource(blank.subject, blank.body, blank.text, content.headers, blank.preheader, language)


def check_written(content: Content, language: str, pieces: Pieces) -> list[RenderProblem]:
    """Give the problems of syntax in one language, with the lines on which the author wrote them."""
    problems = check_source(as_written(content, language))
    for place, source in _places(content.variants[language]):
        for found in INCLUDE.finditer(source):
            if found[2] not in pieces.snippets:
                line = source.count("\n", 0, found.start()) + 1
                words = _("there is no published snippet “%(snippet)s”.", snippet=found[2])
                problems.append(RenderProblem("unknown_snippet", place, line, words))
    return problems


def _places(variant: Variant) -> Iterator[tuple[str, str]]:
    yield from (("subject", variant.subject), ("preheader", variant.preheader))
    yield from (("body", variant.body), ("text", variant.text))


def _html_of_mjml(body: str) -> str:
    hidden, tags = hide_for_html(body)
    try:
        return show_all(mrml.to_html(hidden).content, tags)
    except OSError as error:
        line, words = _xml_problem(hidden)
        raise _problem("mjml", line, _("the MJML cannot be read: %(why)s.", why=words or str(error))) from error


def _xml_problem(source: str) -> tuple[int | None, str]:
    """Find where XML is broken; the MJML library does not say."""
    try:
        etree.fromstring(source.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        return error.lineno, str(error.msg).partition(", line")[0]
    return None, ""


def _problem(code: str, line: int | None, words: str) -> RenderError:
    return RenderError((RenderProblem(code, "body", line, words),))


def _with_language(html: str, language: str) -> str:
    """Say the language and the direction on `html` and `body`, where the author did not."""
    way = direction(language)
    if not _HTML_TAG.search(html) and not _BODY_TAG.search(html):
        return f'<div lang="{language}" dir="rtl">{html}</div>' if way == "rtl" else html
    html = _HTML_TAG.sub(lambda found: _with(_with(found.group(), "lang", language), "dir", way), html, count=1)
    if way == "rtl":  # some mail programs keep only what is within the body
        html = _BODY_TAG.sub(lambda found: _with(found.group(), "dir", way), html, count=1)
    return html


def _with(tag: str, name: str, value: str) -> str:
    """Give a tag with an attribute, unless it says something of its own; `und` and `auto` say nothing."""
    present = re.search(_ATTRIBUTE.format(name), tag, re.IGNORECASE)
    if present is None:
        return f'{tag[:-1]} {name}="{value}">'
    if present[1].strip("\"'").lower() not in {"und", "auto", ""}:
        return tag
    return tag[: present.start()] + f' {name}="{value}"' + tag[present.end() :]


def _with_preheader(html: str, preheader: str) -> str:
    """Put the preheader, hidden, in front of everything else in the body."""
    if not preheader.strip():
        return html
    pieces = TAG.split(preheader)
    tags = TAG.findall(preheader)
    words = "".join(str(escape(piece)) + tag for piece, tag in zip(pieces, [*tags, ""], strict=True))
    line = f'<div style="{_HIDDEN}">{words}{_FILLING}</div>'
    found = _BODY_TAG.search(html)
    at = found.end() if found else 0
    return html[:at] + line + html[at:]
