"""What a nasty file is: how it is made, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

PEOPLE = "email,first name,city\njosé@example.com,José,Málaga\nanna@example.com,Anna Öst,Ålesund\n".replace(
    "josé@", "jose@"
)
HEADER = ["email", "first name", "city"]
ROWS = [["jose@example.com", "José", "Málaga"], ["anna@example.com", "Anna Öst", "Ålesund"]]


@dataclass(frozen=True)
class NastyFile:
    """One file. Either `rows` (with `header`) or `words` is what must come of it."""

    name: str
    make: Callable[[], bytes]
    header: list[str] = field(default_factory=lambda: HEADER)
    rows: list[list[str]] | None = None
    words: str = ""
    lines: list[int] | None = None
    """Line numbers of the rows, where they are the point."""
    sheet: str = ""
    bad: dict[int, str] = field(default_factory=dict)
    """Line to kind of problem, where rows are checked."""


def text(content: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: content.encode(encoding)


def raw(content: bytes) -> Callable[[], bytes]:
    return lambda: content


TWO = [["ann@example.com", "Ann"], ["bo@example.com", "Bo"]]
NAMED = ["email", "name"]
