"""What makes one recipient fit to be kept: the same rules for a row of a file and for a person typed in."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import idna

from app.cloudflare.contract import check_address
from app.recipients.files.grid import LOOKS_LIKE_ADDRESS
from app.recipients.typing_slips import meant_domain
from app.refusals import Doubted
from app.words import _, joined

MAX_CELL = 10_000
"""Characters of one cell."""
MAX_NAME = 200
"""Characters of a name; the table's width."""

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Zero-width signs that copying from web pages leaves around addresses."""


class ProblemKind(enum.StrEnum):
    """What is wrong with a row, to filter by."""

    NO_ADDRESS = "no_address"
    NO_AT = "no_at"
    SPACES = "spaces"
    SEVERAL = "several"
    LETTERS = "letters"
    DOMAIN_LETTERS = "domain_letters"
    SLIP = "slip"
    NOT_AN_ADDRESS = "not_an_address"
    DUPLICATE = "duplicate"
    IN_LIST = "in_list"
    SUPPRESSED = "suppressed"
    NAME = "name"
    CELL = "cell"
    WIDTH = "width"
    VALUE = "value"


PROBLEM_WORDS: Mapping[ProblemKind, str] = {
    ProblemKind.NO_ADDRESS: _("No address"),
    ProblemKind.NO_AT: _("No @ in the address"),
    ProblemKind.SPACES: _("Spaces in the address"),
    ProblemKind.SEVERAL: _("Several addresses in a cell"),
    ProblemKind.LETTERS: _("Letters that addresses cannot have"),
    ProblemKind.DOMAIN_LETTERS: _("Domain with accents"),
    ProblemKind.SLIP: _("Domain that looks mistyped"),
    ProblemKind.NOT_AN_ADDRESS: _("Not an address"),
    ProblemKind.DUPLICATE: _("Twice in the file"),
    ProblemKind.IN_LIST: _("Already in the list"),
    ProblemKind.SUPPRESSED: _("Must not be written to"),
    ProblemKind.NAME: _("Name that cannot be kept"),
    ProblemKind.CELL: _("Cell that cannot be kept"),
    ProblemKind.WIDTH: _("More cells than columns"),
    ProblemKind.VALUE: _("Not the kind of its column"),
}
"""What people read for each kind."""
KEEPABLE = frozenset({ProblemKind.SLIP, ProblemKind.VALUE})
"""Doubts: a person may say that the row is right as it is."""


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
    kind: ProblemKind = ProblemKind.CELL
    better: str = ""
    """The value that the suggestion would put there."""


def clean_address(text: str) -> str:
    """Take spaces and invisible signs off both ends."""
    return text.strip().strip(_INVISIBLE).strip()


def fault_of(person: NewRecipient, *, is_short: bool = False) -> Fault | None:
    """Check one recipient; None when they may be kept. `is_short`: it is known already that every cell is text and
    none is too long."""
    return (None if is_short else _cell_fault(person)) or address_fault(person.email) or _name_fault(person.name)


def _cell_fault(person: NewRecipient) -> Fault | None:
    for column, value in (("email", person.email), ("name", person.name), *person.data.items()):
        if len(value) > MAX_CELL:
            words = _("The cell has %(length)s characters; %(most)s are the most.", length=len(value), most=MAX_CELL)
            return Fault(column, words, _("Shorten it; a quotation mark may lack its partner."))
        if "\0" in value:
            return Fault(column, _("The cell holds a NUL character, which is no text."), _("Type it again."))
    return None


def _name_fault(name: str) -> Fault | None:
    if len(name) > MAX_NAME:
        words = _("The name has %(length)s characters; %(most)s are the most.", length=len(name), most=MAX_NAME)
        return Fault("name", words, _("Shorten it."), ProblemKind.NAME)
    if "\n" in name or "\r" in name:
        one_line = " ".join(name.split())
        return Fault("name", _("The name holds a line break."), _("Write it in one line."), ProblemKind.NAME, one_line)
    return None


def address_fault(address: str) -> Fault | None:
    """Check the form of an address; gives the kind of problem and a suggestion."""
    if not address:
        words, advice = _("The e-mail address is missing."), _("Fill it in, or leave the row out.")
        return Fault("email", words, advice, ProblemKind.NO_ADDRESS)
    if _is_common(address):
        return None
    problem = check_address(address)
    if problem is None:
        return None
    meant = _meant(address)
    return Fault("email", problem.words, _advice(address, meant), _kind_of(address), meant)


_COMMON_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*\Z")


def _is_common(address: str) -> bool:
    """Whether an address is of the shape that nearly all have, at a domain that was checked before; saves time."""
    local, _at, domain = address.rpartition("@")
    if len(local) > 64 or len(address) > 254 or not _COMMON_LOCAL.match(local):
        return False
    return _domain_is_good(domain)


@lru_cache(maxsize=20_000)
def _domain_is_good(domain: str) -> bool:
    return check_address(f"a@{domain}") is None


def slip_of(address: str) -> Fault | None:
    """Doubt an address whose domain looks mistyped, such as gmial.com."""
    local, _at, domain = address.rpartition("@")
    meant = meant_domain(domain.lower())
    if not meant:
        return None
    better = f"{local}@{meant}"
    words = _("“%(domain)s” looks like a slip for “%(meant)s”.", domain=domain, meant=meant)
    return Fault("email", words, _("Did you mean “%(meant)s”?", meant=better), ProblemKind.SLIP, better)


def require_no_slip(address: str, *, as_typed: bool) -> None:
    """Raise Doubted with the field `email` for a domain that looks mistyped, unless somebody said that it is right."""
    slip = None if as_typed else slip_of(address)
    if slip is not None:
        raise Doubted(joined([slip.words, slip.suggestion]), field="email")


def _kind_of(address: str) -> ProblemKind:
    if len(_several(address)) > 1:
        return ProblemKind.SEVERAL
    if "@" not in address:
        return ProblemKind.NO_AT
    local, _at, domain = address.rpartition("@")
    if not local.isascii():
        return ProblemKind.LETTERS
    if not domain.isascii():
        return ProblemKind.DOMAIN_LETTERS
    return ProblemKind.SPACES if re.search(r"\s", address) else ProblemKind.NOT_AN_ADDRESS


def _several(address: str) -> list[str]:
    return [part for part in re.split(r"[\s;,/]+", address) if LOOKS_LIKE_ADDRESS.match(part)]


def suggest(address: str) -> str:
    """Guess what was meant by an address that is none."""
    return _advice(address, _meant(address))


def _advice(address: str, meant: str) -> str:
    several = _several(address)
    if len(several) > 1:
        return _("Keep one address in a row, for example “%(address)s”.", address=several[0])
    if meant:
        return _("Did you mean “%(meant)s”?", meant=meant)
    if "@" not in address:
        return _("An address has an @ in it, such as “jo@example.com”.")
    return _("Ask the person for their address, or leave them out.")


def _meant(address: str) -> str:
    """Give the first guess that is an address; empty when none is."""
    several = _several(address)
    guesses = several if len(several) > 1 else dict.fromkeys(_guesses(address))
    return next((guess for guess in guesses if guess != address and check_address(guess) is None), "")


def _guesses(address: str) -> list[str]:
    inside = re.search(r"<([^<>]+)>", address)
    bare = re.sub(r"\s+", "", (inside[1] if inside else address).strip("\"'<>()[].,; ").removeprefix("mailto:"))
    bare = "".join(sign for sign in bare if sign not in _INVISIBLE)
    local, _at, domain = bare.rpartition("@")
    return [
        bare,
        re.sub(r"\.{2,}", ".", bare),
        bare.replace(",", "."),
        re.sub(r"@{2,}", "@", bare),
        re.sub(r"\((at|a)\)|\[at\]", "@", bare, flags=re.IGNORECASE),
        f"{local}@{domain}.com" if local and domain in {"gmail", "hotmail", "outlook", "yahoo", "icloud"} else bare,
        f"{local}@{_punycode(domain)}",
    ]


def _punycode(domain: str) -> str:
    """Give a domain as the mail service takes it: münchen.de becomes xn--mnchen-3ya.de."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain
