"""The ways in which a rule says no. Views turn them into a page; nothing below the views knows HTTP."""

from __future__ import annotations


class NotThere(LookupError):
    """The thing does not exist, or belongs to another workspace: the answer is the same (404)."""


class Refused(Exception):
    """A rule refuses an act. `words` say why and what to do; `field` names the form field it belongs to."""

    def __init__(self, words: str, *, field: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.field = field


class Doubted(Refused):
    """A rule takes what somebody typed for a mistake; it is taken when they say that it is right."""
