"""What makes one recipient fit to be kept: the same rules for a row of a file and for a person typed in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.cloudflare.contract import check_address
from app.recipients.reading import LOOKS_LIKE_ADDRESS

MAX_CELL = 10_000
"""Characters of one cell."""
MAX_NAME = 200
"""Characters of a name; the table's width."""

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Zero-width signs that copying from web pages leaves around addresses."""


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """A person as they would be kept. `data` has one text for each column of the list."""

    email: str
    name: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def email_key(self) -> str:
        """The address in lower case: one person once."""
        return self.email.lower()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one recipient. `column` is `email`, `name` or a variable name; `suggestion` may be empty."""

    column: str
    words: str
    suggestion: str = ""


def clean_address(text: str) -> str:
    """Take spaces and invisible signs off both ends."""
    return text.strip().strip(_INVISIBLE).strip()


def fault_of(person: NewRecipient) -> Fault | None:
    """Check one recipient; None when they may be kept."""
    for column, value in (("email", person.email), ("name", person.name), *person.data.items()):
        if len(value) > MAX_CELL:
            words = f"The cell has {len(value):,} characters; {MAX_CELL:,} are the most."
            return Fault(column, words, "Shorten it; a quotation mark may lack its partner.")
    if not person.email:
        return Fault("email", "The e-mail address is missing.", "Fill it in, or remove the row.")
    problem = check_address(person.email)
    if problem is not None:
        return Fault("email", problem.words, suggest(person.email))
    if len(person.name) > MAX_NAME:
        return Fault("name", f"The name has {len(person.name):,} characters; {MAX_NAME} are the most.", "Shorten it.")
    if "\n" in person.name or "\r" in person.name:
        return Fault("name", "The name holds a line break.", "Write it in one line.")
    return None


def suggest(address: str) -> str:
    """Guess what was meant by an address that is none."""
    parts = [part for part in re.split(r"[\s;,/]+", address) if LOOKS_LIKE_ADDRESS.match(part)]
    if len(parts) > 1:
        return f"Keep one address in a row, for example “{parts[0]}”."
    for guess in _guesses(address):
        if guess != address and check_address(guess) is None:
            return f"Did you mean “{guess}”?"
    if "@" not in address:
        return "An address has an @ in it, such as “jo@example.com”."
    return "Ask the person for their address, or leave them out."


def _guesses(address: str) -> list[str]:
    inside = re.search(r"<([^<>]+)>", address)
    bare = re.sub(r"\s+", "", (inside[1] if inside else address).strip("\"'<>()[].,; ").removeprefix("mailto:"))
    local, _, domain = bare.rpartition("@")
    return [
        bare,
        re.sub(r"\.{2,}", ".", bare),
        bare.replace(",", "."),
        re.sub(r"@{2,}", "@", bare),
        re.sub(r"\((at|a)\)|\[at\]", "@", bare, flags=re.IGNORECASE),
        f"{local}@{domain}.com" if local and domain in {"gmail", "hotmail", "outlook", "yahoo", "icloud"} else bare,
    ]
