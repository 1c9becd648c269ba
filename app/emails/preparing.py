"""What is done once, at publish: CSS inlined, text made from the HTML, with Jinja kept as it is (design, section 5).

Jinja tags are hidden from the HTML parser: those between elements as comments, which no parser moves out of a table,
and those within an element or a style as plain words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import css_inline
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

from app.emails.jinja_tags import WORD, hide, show
from app.words import _

_WHOLE = re.compile(
    r"<!--.*?-->|<(style|title|textarea|script|mj-title|mj-preview|mj-style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE
)
"""What the parser takes as one piece, so that a comment put into it would end or change it (`<!--[if mso]>` too)."""
_BEGINS_ELEMENT = re.compile(r"<[a-zA-Z/!]")
_WHOLE_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OPEN_TAG = re.compile(r"<[a-zA-Z][^<>]*?jinja-\d+-x[^<>]*>")
"""An element with a tag of the template in it."""
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_SELECTOR = re.compile(r"([^{}]+)\{")
_BY_PLACE = re.compile(r":(?:first|last|nth|only|empty)|[+~](?!=)")
"""Selectors that depend on what stands beside an element: with blocks, that is known only when rendered."""
_FLATTEN = (
    (re.compile(r"</t[dh]\s*>", re.IGNORECASE), " "),
    (re.compile(r"</tr\s*>", re.IGNORECASE), "<br>"),
    (re.compile(r"</?(table|thead|tbody|tfoot|tr|td|th|caption)\b[^<>]*>", re.IGNORECASE), ""),
)
_BARE_ROWS = re.compile(r"(<table\b[^<>]*>)((?:\s|<!--jinja-\d+-->)*)(?=<tr\b)", re.IGNORECASE)
"""A table whose rows have no tbody: the parser would begin one behind the tag of a loop, so it is put before it."""
_STAND_IN = re.compile(r"<!--jinja-(\d+)-->|jinja-(\d+)-x")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Sources as they are rendered for every recipient."""

    html: str
    text: str
    note: str = ""
    """Why something was left as it was written; for the author."""


def prepare(html: str, text: str) -> Prepared:
    """Prepare a template's HTML and text. Never fails: what cannot be prepared safely stays as written, with a note."""
    if not html.strip():
        return Prepared("", text)
    prepared, note = prepare_html(html)
    return Prepared(prepared, text if text.strip() else text_of(html), note)


def prepare_html(html: str) -> tuple[str, str]:
    """Give the HTML with its styles inlined, or as written with a note that says why."""
    if "<style" not in html.lower():
        return html, ""
    inlined = inline(html)
    if inlined is None:
        return html, _("The styles were kept as written, because which of them apply depends on tags of the template.")
    return inlined, ""


def inline(html: str) -> str | None:
    """Write the styles into the elements; media queries stay in the head.

    None when a tag would be lost, or when the styles of an element depend on the recipient's data.
    """
    hidden, tags = hide_for_html(html)
    if _depends_on_data(hidden, has_blocks=any(tag.startswith("{%") for tag in tags)):
        return None
    hidden = _BARE_ROWS.sub(r"\1<tbody>\2", hidden)
    try:
        inliner = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
        done = inliner.inline(hidden)
    except css_inline.InlineError:
        return None
    return _show(done, tags)


def text_of(html: str) -> str:
    """Make the plain text of an HTML e-mail; links keep their address, tags of the template stay in their order.

    Tables are flattened first, a line for each row: tags between rows and cells would otherwise lose their place.
    """
    flat, tags = hide(html)
    for pattern, stand_in in _FLATTEN:
        flat = pattern.sub(stand_in, flat)
    text = get_text(flat, ParserConfig(display_links=True))
    lines = (" ".join(line.split()) for line in text.splitlines())
    neat = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return show(neat, tags) + "\n"


def hide_for_html(html: str) -> tuple[str, list[str]]:
    """Put stand-ins in the place of Jinja's tags, such that an HTML parser moves and drops none."""
    words, tags = hide(html)
    # Those that an HTML parser would see as part of an element stay words, all others become comments.
    wholes = _WHOLE.finditer(words)
    begin = end = 0

    def stand_in(found: re.Match[str]) -> str:
        nonlocal begin, end
        while end <= found.start() and (whole := next(wholes, None)) is not None:
            begin, end = whole.span()
        stays = begin <= found.start() < end or _is_in_element(words, *found.span())
        return found.group() if stays else f"<!--jinja-{found[1]}-->"

    return WORD.sub(stand_in, words), tags


def _is_in_element(html: str, begin: int, end: int) -> bool:
    """Whether a place is between `<` and `>` of an element. Asked for each tag of Jinja: elements there are more of."""
    opened, closed = html.rfind("<", 0, begin), html.find(">", end)
    if opened < 0 or closed < 0 or html.rfind(">", opened, begin) >= 0 or html.find("<", end, closed) >= 0:
        return False
    return _BEGINS_ELEMENT.match(html, opened) is not None


def show_all(html: str, tags: list[str]) -> str:
    """Put the tags back wherever their stand-ins are, also where there are more or fewer of them than before."""
    return _shown(html, tags)[0]


def _show(html: str, tags: list[str]) -> str | None:
    """Put the tags back; None when one is missing, there twice, or no longer in its order."""
    shown, met = _shown(html, tags)
    return shown if met == list(range(len(tags))) else None


def _shown(html: str, tags: list[str]) -> tuple[str, list[int]]:
    """Put the tags back; gives also their numbers as they were met."""
    met: list[int] = []

    def tag_of(found: re.Match[str]) -> str:
        met.append(int(found[1] or found[2]))
        return tags[met[-1]] if met[-1] < len(tags) else found.group()

    return _STAND_IN.sub(tag_of, html), met


def _depends_on_data(hidden: str, *, has_blocks: bool) -> bool:
    """Whether the styles of an element can be known only when it is rendered; `hidden` has its tags as stand-ins."""
    selectors = " ".join(" ".join(_SELECTOR.findall(style)) for style in _STYLE.findall(hidden))
    if has_blocks and _BY_PLACE.search(selectors):
        return True
    changing: set[str] = set()
    for found in _OPEN_TAG.finditer(_WHOLE_COMMENT.sub("", hidden)):
        if WORD.search(_ATTRIBUTE.sub("", found.group())):  # a tag that makes whole attributes
            return True
        changing |= {name.lower() for name, value in _ATTRIBUTE.findall(found.group()) if WORD.search(value)}
    chosen_by = {name.lower() for name in re.findall(r"\[\s*([\w-]+)", selectors)}
    chosen_by |= {name for name, mark in (("class", "."), ("id", "#")) if mark in selectors}
    return bool(changing & chosen_by)
