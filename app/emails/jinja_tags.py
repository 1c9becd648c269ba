"""Jinja's tags in a source, hidden from libraries that read something else: HTML, CSS or Markdown."""

from __future__ import annotations

import re

TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
WORD = re.compile(r"jinja-(\d+)-x")
"""The plain word that stands in the place of a tag, with the tag's number."""
_HIDDEN = re.compile(f"{TAG.pattern}|{WORD.pattern}", re.DOTALL)
"""Tags, and words of the author's that look like ours."""


def hide(source: str) -> tuple[str, list[str]]:
    """Put a plain word in the place of each tag; gives the source and the tags in their order."""
    tags: list[str] = []

    def put(found: re.Match[str]) -> str:
        tags.append(found.group())
        return f"jinja-{len(tags) - 1}-x"

    return _HIDDEN.sub(put, source), tags


def show(text: str, tags: list[str]) -> str:
    """Put the tags back where their words stand."""
    return WORD.sub(lambda found: tags[int(found[1])] if int(found[1]) < len(tags) else found[0], text)
