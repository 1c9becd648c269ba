"""One thing that is wrong with a request."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_HALF = re.compile(r"[\ud800-\udfff]")


def has_half_character(text: str) -> bool:
    """Tell whether a text holds half a surrogate pair, which UTF-8 cannot carry (a JSON or Jinja escape makes one)."""
    return _HALF.search(text) is not None


def has_odd_character(text: str) -> bool:
    """Tell whether a text for one line of a message's head holds what no line can: half or control characters.

    CR and LF have words of their own, a tab may stand.
    """
    return has_half_character(text) or _CONTROL.search(text) is not None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to do.

    `code` names the rule (the vendor's own reason code where it has one: API.md, sections 8 and 14); `place` is a path
    such as `to[3]` or `headers.List-Unsubscribe`; `words` are for office staff.
    """

    code: str
    place: str
    words: str
