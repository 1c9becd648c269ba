"""Where something stands in the source that the author wrote."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from functools import cached_property

MIN_STEM = 4
"""Characters before a tag of Jinja that are enough to know a text or an address by."""
WORDS = 8
"""Words of a text that are looked for."""
_TAG = re.compile(r"\{\{")
_EDGE = re.compile(r"[<>{}\"'()\[\]\n]")
"""What a text or an address begins behind."""
STEM = 200
"""Characters before a tag that are looked at."""


class Source:
    """The author's source, to be searched for what the rendered e-mail shows."""

    def __init__(self, body: str) -> None:
        self._body = body

    def has(self, excerpt: str) -> bool:
        """Whether these characters stand in the source, case and all."""
        return bool(excerpt) and (excerpt in self._body or html.escape(excerpt, quote=False) in self._body)

    def line_of(self, excerpt: str) -> int | None:
        """Give the line, from 1, where an excerpt of the rendered e-mail begins; None when it is not in the source."""
        if not excerpt.strip():
            return None
        for wanted in (excerpt, html.escape(excerpt, quote=False)):
            at = self._lower.find(wanted.lower())
            if at >= 0:
                return self._line_at(at)
        return self._line_of_words(excerpt) or self._line_of_stem(excerpt)

    @cached_property
    def _lower(self) -> str:
        return self._body.lower()

    @cached_property
    def _line_ends(self) -> list[int]:
        return [at for at, sign in enumerate(self._lower) if sign == "\n"]

    def _line_at(self, position: int) -> int:
        return bisect_left(self._line_ends, position) + 1

    @cached_property
    def _stems(self) -> dict[str, int]:
        """What stands before tags of Jinja, with its line: the value behind it differs in the rendered e-mail."""
        found: dict[str, int] = {}
        for tag in _TAG.finditer(self._lower):
            stem = _EDGE.split(self._lower[max(0, tag.start() - STEM) : tag.start()])[-1].lstrip()
            if len(stem.strip()) >= MIN_STEM:
                found.setdefault(stem, self._line_at(tag.start()))
        return found

    def _line_of_words(self, excerpt: str) -> int | None:
        """Look for a text whose lines are broken elsewhere."""
        words = excerpt.lower().split()[:WORDS]
        if len(words) < 2:
            return None
        found = re.search(r"\s+".join(re.escape(word) for word in words), self._lower)
        return self._line_at(found.start()) if found else None

    def _line_of_stem(self, excerpt: str) -> int | None:
        """Look for the longest of the stems with which an excerpt begins."""
        begins = excerpt.lower().lstrip()[:STEM]
        lengths = range(len(begins), MIN_STEM - 1, -1)
        return next((self._stems[begins[:length]] for length in lengths if begins[:length] in self._stems), None)
