"""One thing that is wrong with a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and what to do.

    `code` names the rule (the vendor's own reason code where it has one: API.md, sections 8 and 14); `place` is a path
    such as `to[3]` or `headers.List-Unsubscribe`; `words` are for office staff.
    """

    code: str
    place: str
    words: str
