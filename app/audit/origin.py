"""From where something is done: known to whoever begins the work (a request, a command), asked for by the trail."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass

from app.words import _


class Via(enum.StrEnum):
    """The way by which an act came in."""

    PAGES = "pages"
    COMMAND_LINE = "command_line"
    PROGRAM = "program"
    """A worker, in the background."""
    UNKNOWN = "unknown"
    """Written down before the trail kept it."""


VIA_WORDS = {
    Via.PAGES: _("In the browser"),
    Via.COMMAND_LINE: _("On the command line"),
    Via.PROGRAM: _("In the background"),
    Via.UNKNOWN: _("Not written down then"),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """From where something is done."""

    via: Via = Via.PROGRAM
    address: str = ""
    """IP address; empty: no request."""
    browser: str = ""
    """In words; empty: none, or an unknown program."""


_BACKGROUND = Origin()
_origin: ContextVar[Origin] = ContextVar("postroom_origin", default=_BACKGROUND)


def here() -> Origin:
    """Give from where the work at hand is done."""
    return _origin.get()


def begin(origin: Origin) -> Token[Origin]:
    """Say from where the work that begins now is done, until `end`."""
    return _origin.set(origin)


def end(token: Token[Origin]) -> None:
    """Forget what `begin` said."""
    _origin.reset(token)


@contextmanager
def acting_from(origin: Origin) -> Iterator[None]:
    """Say from where the work of a block is done."""
    token = begin(origin)
    try:
        yield
    finally:
        end(token)


_UNNAMED = {"Another program": _("Another program"), "Unknown browser": _("Unknown browser")}


def said_browser(words: str) -> str:
    """Say a browser in the reader's language. It is kept in English: `Firefox on Windows`, also in old rows."""
    name, on, system = words.partition(" on ")
    if on:
        return _("%(browser)s on %(system)s", browser=_UNNAMED.get(name, name), system=system)
    return _UNNAMED.get(words, words)
