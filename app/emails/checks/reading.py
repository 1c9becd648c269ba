"""An e-mail taken apart once, for all the checks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import css_inline
from lxml import etree
from lxml import html as lxml_html

from app.emails.checks.checked import CheckedEmail
from app.emails.checks.finding import Severity
from app.emails.checks.looks import Layers, Run, runs
from app.emails.checks.source import Source
from app.emails.checks.styles import dark_rules, is_dark, plain_rules, rules

_MARK = "data-element"
"""Attribute by which an element is known again after the inliner."""
_EVERYWHERE = frozenset({"", "all", "screen"})


@dataclass(frozen=True, slots=True)
class Observed:
    """What a check has seen: a finding whose line is not yet looked up.

    `excerpts` are what to look for in the author's source, the best first; they count where `place` is `body`.
    """

    code: str
    severity: Severity
    words: str
    remedy: str
    excerpts: tuple[str, ...] = ()
    place: str = "body"
    line: int | None = None


class Reading:
    """An e-mail as the checks read it; everything is worked out when it is first asked for."""

    def __init__(self, email: CheckedEmail) -> None:
        self.email = email
        self.source = Source(email.body)

    @cached_property
    def root(self) -> Any | None:
        """The `html` element; None when there is no HTML."""
        return parsed(self.email.html)

    @cached_property
    def elements(self) -> list[Any]:
        """Every element in its order; nothing of what stands in comments, such as what only Outlook sees."""
        return [] if self.root is None else list(self.root.iter(etree.Element))

    @cached_property
    def is_mjml(self) -> bool:
        """Whether the author wrote MJML, so that the HTML is not the author's."""
        return self.source.has("<mjml")

    @cached_property
    def written_elements(self) -> list[Any]:
        """The elements of the author's own source, as far as it holds HTML; their `sourceline` is its line."""
        root = parsed(self.email.body) if "<" in self.email.body else None
        return [] if root is None else list(root.iter(etree.Element))

    def tagged(self, *tags: str) -> Iterator[Any]:
        """Give the elements with one of these names."""
        return (one for one in self.elements if one.tag in tags)

    @cached_property
    def sheets(self) -> list[list[Any]]:
        """The style sheets within the e-mail that hold on every screen, each as its rules."""
        return [rules(one.text or "") for one in self.tagged("style") if _media(one) in _EVERYWHERE]

    @cached_property
    def runs(self) -> list[Run]:
        """Every text with its look."""
        return [] if self.root is None else list(runs(self.root, self._plain_layers))

    @cached_property
    def dark_runs(self) -> list[Run]:
        """Every text with its look in dark mode; nothing when the e-mail has no rules for that."""
        sheets = [dark_rules(one) for one in self.sheets]
        sheets += [plain_rules(rules(one.text or "")) for one in self.tagged("style") if is_dark(_media(one))]
        css = "\n".join(one for one in sheets if one)
        if not css:
            return []
        dark = self._styles_by(css)
        layers = dict(self._plain_layers)
        for element, style in dark.items():
            layers[element] = (style, *layers.get(element, (element.get("style") or "",)))
        return [] if self.root is None else list(runs(self.root, layers))

    @cached_property
    def seen_text(self) -> str:
        """The words that a reader of the HTML sees."""
        return " ".join(run.text for run in self.runs if run.look.is_seen)

    @cached_property
    def _plain_layers(self) -> dict[Any, Layers]:
        """What rules that could not be inlined give to elements; as a rule there are none."""
        css = "\n".join(plain_rules(one) for one in self.sheets)
        found = self._styles_by(css) if css.strip() else {}
        return {element: (style, element.get("style") or "") for element, style in found.items()}

    def _styles_by(self, css: str) -> dict[Any, str]:
        """Let the inliner say which elements a style sheet meets, and what it gives them."""
        if self.root is None:
            return {}
        bare = copy.deepcopy(self.root)
        for number, element in enumerate(bare.iter(etree.Element)):
            element.attrib.pop("style", None)
            element.set(_MARK, str(number))
        # Written by lxml, so never nested deeper than it reads: css_inline cannot take any depth.
        html = etree.tostring(bare, method="html", encoding="unicode")
        inliner = css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False, extra_css=css)
        try:
            done = parsed(inliner.inline(html))
        except css_inline.InlineError:
            return {}
        if done is None:
            return {}
        return {
            self.elements[int(one.get(_MARK))]: str(one.get("style"))
            for one in done.iter(etree.Element)
            if one.get("style") and (one.get(_MARK) or "").isdecimal()
        }


def parsed(html: str) -> Any | None:
    """Parse HTML, however broken; None when nothing is in it."""
    parser = lxml_html.HTMLParser(encoding="utf-8")
    try:
        return lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # an empty document
        return None


def words_of(element: Any) -> str:
    """Give the words that an element holds, on one line."""
    return " ".join(str(element.text_content()).split())


def _media(element: Any) -> str:
    return str(element.get("media") or "").strip().lower()
