"""The CSS of an e-mail, read by tinycss2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import tinycss2

CACHED_STYLES = 1024
"""Style attributes whose declarations are kept: an e-mail has the same few many times."""


@lru_cache(maxsize=CACHED_STYLES)
def declarations(style: str) -> tuple[Any, ...]:
    """Give the declarations of a style attribute, or of the inside of a rule's braces."""
    parsed = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    return tuple(one for one in parsed if one.type == "declaration")


def rules(sheet: str) -> list[Any]:
    """Give the rules and at-rules of a style sheet."""
    parsed = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    return [one for one in parsed if one.type in {"qualified-rule", "at-rule"}]


def written(tokens: Sequence[Any] | None) -> str:
    """Write tokens as CSS again; empty where they are nested deeper than Python can follow."""
    try:
        return str(tinycss2.serialize(tokens or ()))
    except RecursionError:
        return ""


def tokens_within(tokens: Sequence[Any]) -> Iterator[Any]:
    """Give every token, those within functions and brackets too."""
    waiting = list(reversed(tokens))
    while waiting:
        token = waiting.pop()
        yield token
        waiting.extend(reversed(getattr(token, "arguments", None) or getattr(token, "content", None) or ()))


def plain_rules(sheet: Sequence[Any]) -> str:
    """Write the rules of a sheet that hold everywhere."""
    return "\n".join(_rule(one) for one in sheet if one.type == "qualified-rule")


def dark_rules(sheet: Sequence[Any]) -> str:
    """Write the rules of a sheet that hold only in dark mode."""
    return "\n".join(
        written(one.content)
        for one in sheet
        if one.type == "at-rule" and one.lower_at_keyword == "media" and is_dark(written(one.prelude))
    )


def is_dark(media: str) -> bool:
    """Whether a media query asks for dark mode."""
    query = "".join(media.lower().split())
    return "prefers-color-scheme:dark" in query and "not" not in query


def _rule(rule: Any) -> str:
    return f"{written(rule.prelude)}{{{written(rule.content)}}}"
