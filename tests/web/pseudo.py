"""A language in which every word of the program stands in brackets: whatever does not is not in the catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from gettext import NullTranslations

from lxml import html

TAG = "xx"
MARK = "¤"
"""Stands around the data that a test makes."""
_PIECES = re.compile(r"(<[^>]*>|%\(\w+\)s|%%)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SAID = re.compile(r"⟦[^⟦⟧]*⟧")
_DATA = re.compile(
    rf"{MARK}[^{MARK}]*{MARK}"  # data of the test
    r"|\([a-z]{2,3}(?:-[A-Za-z]+)*\)"  # tags of languages
    r"|[^\s<>@]+@[^\s<>@]+"  # addresses
    r"|https?://\S+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # references of e-mails
    r"|%\(\w+\)s"  # filled in by a script
    r"|\{\{[^{}]*\}\}"  # gaps of e-mails
    r"|\b\d{1,2} [A-Z][a-z]+ \d{4}"  # dates are written by Babel
    r"|^\s*[A-Z(][^⟦⟧]* \([a-z]{2}(?:-[A-Z][A-Za-z]+)?\)\s*$"  # so are names of languages, here with their tags
    r"|\b(?:UTC|KiB|MiB|Postroom|Cloudflare|HTML|CSV|[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)+)\b"
)
_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "data-label", "aria-description", "label")
_SKIPPED = {"script", "style", "code", "pre", "kbd", "time", "textarea", "iframe", "svg"}


class Pseudo(NullTranslations):
    """Puts every text between its values and elements into brackets."""

    def gettext(self, message: str) -> str:
        return "".join(
            piece if _PIECES.fullmatch(piece) or not piece.strip() else f"⟦{piece}⟧" for piece in _PIECES.split(message)
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self.ngettext(msgid1, msgid2, n)


def unsaid(page: str, data: Iterable[str] = ()) -> list[str]:
    """Give the words of a page that are neither said through the catalogue nor data of the test."""
    found: dict[str, None] = {}
    own = re.compile("|".join(sorted(map(re.escape, data), key=len, reverse=True)) or r"\Z.")
    for place, text in _words_of(page):
        rest = _DATA.sub(" ", own.sub(" ", _SAID.sub(" ", text)))
        if _WORD.search(rest):
            found[f"{place}: {' '.join(text.split())[:120]}"] = None
    return list(found)


def _words_of(page: str) -> Iterator[tuple[str, str]]:
    for element in html.fromstring(page or "<p></p>").iter():
        if not isinstance(element.tag, str):
            continue
        for name in _ATTRIBUTES:
            if name in element.attrib:
                yield f"{element.tag}[{name}]", element.attrib[name]
        if element.tag == "meta" and element.get("name") == "description":
            yield "meta", element.get("content", "")
        if "data-words" in element.attrib:
            for name, text in json.loads(element.attrib["data-words"]).items():
                yield f"data-words[{name}]", text
        skipped = any(_is_skipped(one) for one in (element, *element.iterancestors()))
        if not skipped and element.text:
            yield element.tag, element.text
        parent = element.getparent()
        if (
            element.tail
            and parent is not None
            and not any(_is_skipped(one) for one in (parent, *parent.iterancestors()))
        ):
            yield str(parent.tag), element.tail


def _is_skipped(element: html.HtmlElement) -> bool:
    """Whether an element holds code, or names that are the same in every language, such as those of headers."""
    return element.tag in _SKIPPED or element.get("translate") == "no"
