"""What a check says."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How much a finding matters, the worst first."""

    ERROR = "error"
    """Keeps a draft from being published."""
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend or to think about."""

    code: str
    severity: Severity
    place: str
    """`subject`, `preheader`, `body`, `text`, `headers.NAME`, `files`, or `layout`: not in the author's own text."""
    words: str
    remedy: str
    line: int | None = None
    """Line of that place, as the author wrote it."""
    excerpt: str = ""
    """Text by which the line is found in the body."""


def warning(code: str, words: str, remedy: str, excerpt: str = "", place: str = "body") -> Finding:
    """Give something to look at before publishing."""
    return Finding(code, Severity.WARNING, place, words, remedy, None, excerpt)


def hint(code: str, words: str, remedy: str, excerpt: str = "", place: str = "body") -> Finding:
    """Give something that could be better."""
    return Finding(code, Severity.HINT, place, words, remedy, None, excerpt)


def error(code: str, words: str, remedy: str, excerpt: str = "", place: str = "body") -> Finding:
    """Give something that must be mended."""
    return Finding(code, Severity.ERROR, place, words, remedy, None, excerpt)
