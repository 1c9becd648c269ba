"""What a check says to the author."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How much it matters. An error keeps a draft from being published."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend.

    `place` is `subject`, `preheader`, `body`, `text`, `headers.NAME`, `files` or `layout`; `line` is a line of that
    source as the author wrote it, and `excerpt` what stands there.
    """

    code: str
    severity: Severity
    place: str
    words: str
    remedy: str
    line: int | None = None
    excerpt: str = ""
