"""What each column of a file becomes: the address, the name, a data column with a name and a kind, or nothing."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from app.recipients.checking import clean_address
from app.recipients.columns import ColumnKind, kind_of
from app.recipients.files.grid import LOOKS_LIKE_ADDRESS, Row
from app.recipients.finding.keys import NO, YES, fits
from app.recipients.naming import EMAIL_HEADERS, MAYBE_EMAIL_HEADERS, NAME_HEADERS, plain, variable_names
from app.refusals import Refused
from app.words import LANGUAGES, _, in_a_row, speaking

EXAMPLES = 3
"""Different cells that are shown of a column."""
MOST_EXAMPLE = 80
"""Characters of one."""
BAD_ROW_HEADERS = (_("line in the file"), _("what is wrong"))
"""What stands above the two columns that a download of bad rows has in front; left out when the file comes back."""


class ColumnRole(enum.StrEnum):
    """What a column is used for."""

    EMAIL = "email"
    NAME = "name"
    DATA = "data"
    OUT = "out"


ROLE_WORDS: Mapping[ColumnRole, str] = {
    ColumnRole.EMAIL: _("E-mail address"),
    ColumnRole.NAME: _("Name"),
    ColumnRole.DATA: _("Data"),
    ColumnRole.OUT: _("Left out"),
}
"""What people read for each role."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One column of the file and what it becomes. `position` counts from 0."""

    position: int
    header: str
    role: ColumnRole
    variable: str = ""
    """What templates call a data column."""
    kind: ColumnKind = ColumnKind.TEXT
    examples: Sequence[str] = ()
    may_be_email: bool = False

    @property
    def title(self) -> str:
        """What people read in place of the header; a column without one is called by its number."""
        if self.header == _nameless(self.position):
            return _("(column %(number)s)", number=str(self.position + 1))
        return self.header

    def as_json(self) -> dict[str, Any]:
        """Give it as the database keeps it."""
        return asdict(self)


def mapping_of(stored: Sequence[Mapping[str, Any]]) -> list[Mapped]:
    """Give a mapping from what the database keeps."""
    return [
        Mapped(**{**one, "role": ColumnRole(one["role"]), "kind": ColumnKind(one["kind"]), "examples": one["examples"]})
        for one in stored
    ]


@dataclass(frozen=True, slots=True)
class ListColumns:
    """Columns that the list has already, with their kinds."""

    columns: Sequence[str] = ()
    kinds: Mapping[str, str] | None = None

    def named_like(self, header: str) -> str | None:
        """Give the list's column of this name, whatever its case and spaces."""
        wanted = plain(header)
        return next((column for column in self.columns if plain(column) == wanted), None) if wanted else None

    def kind(self, column: str) -> ColumnKind:
        """Give a column's kind."""
        return kind_of(self.kinds or {}, column)


def guess_mapping(header: Row, sample: Sequence[Row], there: ListColumns | None = None) -> list[Mapped]:
    """Guess what each column is. Without an e-mail column among several candidates none is chosen.

    Raises Refused when no column holds e-mail addresses.
    """
    headers = _headers(header, sample)
    maybe = [position for position in headers if _may_be_email(headers[position], _cells(sample, position))]
    emails = [position for position in maybe if _cells(sample, position)] or maybe
    if not emails:
        raise _no_addresses(headers, sample)
    email = emails[0] if len(emails) == 1 else None
    columns = [
        Mapped(
            position,
            shown or _nameless(position),
            _role(shown, _cells(sample, position)),
            examples=[one[:MOST_EXAMPLE] for one in dict.fromkeys(_cells(sample, position))][:EXAMPLES],
            may_be_email=position in emails,
        )
        for position, shown in headers.items()
    ]
    named = [replace(column, variable=headers[column.position]) for column in columns]
    there = there or ListColumns()
    guessed = with_roles(named, email, _name_position(headers, email, there), there)
    return [
        replace(one, kind=_guessed_kind(_cells(sample, one.position)))
        if one.role is ColumnRole.DATA and one.variable not in there.columns
        else one
        for one in guessed
    ]


def _no_addresses(headers: Mapping[int, str], sample: Sequence[Row]) -> Refused:
    """Say why no column holds addresses."""
    if len(headers) == 1 and any("@" in cell and "   " in cell for cell in _cells(sample, 0)):
        return Refused(
            _(
                "Its columns are kept apart by spaces alone (fixed width), so nothing says where one ends. Save it "
                "again as CSV, with commas or semicolons."
            )
        )
    return Refused(
        _("No column with e-mail addresses was found. In the first row, name the column with the addresses “email”.")
    )


def with_roles(columns: Sequence[Mapped], email: int | None, name: int | None, there: ListColumns) -> list[Mapped]:
    """Give the columns their roles and names. `variable` comes as the header that a name is made from."""
    roles = {name: ColumnRole.NAME} if name is not None else {}
    roles |= {email: ColumnRole.EMAIL} if email is not None else {}
    result = [replace(one, role=roles.get(one.position, one.role)) for one in columns]
    return _named(result, there)


def _named(columns: Sequence[Mapped], there: ListColumns) -> list[Mapped]:
    """Name the data columns: as the list calls them already, or as templates can; each name once.

    A column that the list does not have gets none of its names, so that nothing goes where it does not belong.
    """
    made: dict[int, str] = {}
    others = []
    for one in columns:
        known = there.named_like(one.variable or one.header) if one.role is ColumnRole.DATA else None
        if known is not None and known not in made.values():
            made[one.position] = known
        elif one.role is ColumnRole.DATA:
            others.append(one)
    names = variable_names([*there.columns, *(one.variable or one.header for one in others)])
    made |= dict(zip((one.position for one in others), names[len(there.columns) :], strict=True))
    named = []
    for one in columns:
        variable = made.get(one.position, "")
        kind = there.kind(variable) if variable in there.columns and one.kind is ColumnKind.TEXT else one.kind
        named.append(replace(one, variable=variable, kind=kind))
    return named


def chosen_mapping(columns: Sequence[Mapped], given: Mapping[int, Mapped], there: ListColumns) -> list[Mapped]:
    """Take over what a person chose for each position. Raises Refused, with the field `role-N` where one is wrong."""
    merged = merged_mapping(columns, given, there)
    check_roles(merged)
    return merged


def merged_mapping(columns: Sequence[Mapped], given: Mapping[int, Mapped], there: ListColumns) -> list[Mapped]:
    """Take over what a person chose for each position, right or wrong."""
    merged = [
        replace(one, role=chosen.role, variable=chosen.variable or one.header, kind=chosen.kind)
        if (chosen := given.get(one.position))
        else one
        for one in columns
    ]
    return _named(merged, there)


def fitted_to(columns: Sequence[Mapped], there: ListColumns) -> list[Mapped]:
    """Call the data columns as a list does that has them already, and let them hold what they hold there."""
    return [
        replace(one, kind=there.kind(one.variable)) if one.variable in there.columns else one
        for one in _named(columns, there)
    ]


def check_roles(columns: Sequence[Mapped]) -> None:
    """See that one column has the addresses and at most one the names. Raises Refused."""
    emails = [one for one in columns if one.role is ColumnRole.EMAIL]
    names = [one for one in columns if one.role is ColumnRole.NAME]
    if not emails:
        raise Refused(_("Choose the column with the addresses to write to."), field="mapping")
    for found, words in (
        (emails, _("%(which)s are both the e-mail address. A person has one; make the other one data.")),
        (names, _("%(which)s are both the name. A person has one; make the other one data.")),
    ):
        if len(found) > 1:
            quoted = [_("“%(words)s”", words=one.title) for one in found]
            which = in_a_row(quoted, _("%(first)s and %(second)s"))
            raise Refused(_(words, which=which), field=f"role-{found[1].position}")


def email_position(columns: Sequence[Mapped]) -> int | None:
    """Give the position of the e-mail column; None when it is not chosen yet."""
    return next((one.position for one in columns if one.role is ColumnRole.EMAIL), None)


def width_of(columns: Sequence[Mapped]) -> int:
    """Give how many cells a row may have: as many as reach to the last column."""
    return 1 + max((one.position for one in columns), default=-1)


def data_columns(columns: Sequence[Mapped]) -> list[Mapped]:
    """Give those that become data of a list."""
    return [one for one in columns if one.role is ColumnRole.DATA]


def _headers(header: Row, sample: Sequence[Row]) -> dict[int, str]:
    """Position to header, trimmed; columns at the right end without a header and a cell are no columns."""
    shown = {position: " ".join(cell.split()) for position, cell in enumerate(header.cells)}
    filled = {position for row in sample for position, cell in enumerate(row.cells) if cell.strip()}
    last = max([position for position, cell in shown.items() if cell or position in filled], default=-1)
    return {position: cell for position, cell in shown.items() if position <= last}


def _nameless(position: int) -> str:
    """Give the header of a column without one; a data column's name may be made from it, so it has no language."""
    return f"(column {position + 1})"


def _cells(sample: Sequence[Row], position: int) -> list[str]:
    """Filled cells of a column in the first rows."""
    cells = (row.cells[position].strip() for row in sample if position < len(row.cells))
    return [cell for cell in cells if cell]


def _may_be_email(header: str, cells: list[str]) -> bool:
    """Most cells are addresses, or the header says so."""
    addresses = sum(bool(LOOKS_LIKE_ADDRESS.match(clean_address(cell))) for cell in cells)
    word = plain(header)
    if word in EMAIL_HEADERS:
        return True
    return addresses * 2 > len(cells) or (addresses > 0 and word in MAYBE_EMAIL_HEADERS)


def _name_position(headers: dict[int, str], email: int | None, there: ListColumns) -> int | None:
    """Find the column with the names; one that the list has as data stays data."""
    if [headers.get(0), headers.get(1)] == ["email", "name"]:  # as our own downloads begin
        return 1
    words = {
        plain(header): position
        for position, header in reversed(headers.items())
        if position != email and there.named_like(header) is None
    }
    return next((words[word] for word in NAME_HEADERS if word in words), None)


def _role(header: str, cells: list[str]) -> ColumnRole:
    """Give the role of a column that is neither the address nor the name."""
    return ColumnRole.DATA if (header or cells) and header not in _own_headers() else ColumnRole.OUT


@lru_cache
def _own_headers() -> frozenset[str]:
    """Give the headers of a download of bad rows, in every language that it may have been made in."""
    found = set()
    for tag in LANGUAGES:
        with speaking(tag):
            found |= {str(one) for one in BAD_ROW_HEADERS}
    return frozenset(found)


def _guessed_kind(cells: list[str]) -> ColumnKind:
    """Guess what a column holds from its first cells; text where it might be a number that only names something."""
    if not cells:
        return ColumnKind.TEXT
    words = {cell.casefold() for cell in cells}
    if words <= YES | NO and all(len(word) > 1 and word.isalpha() for word in words):
        return ColumnKind.YES_NO
    if all(fits(ColumnKind.DATE, cell) for cell in cells):
        return ColumnKind.TEXT if all(cell.isdigit() for cell in cells) else ColumnKind.DATE
    if all(fits(ColumnKind.NUMBER, cell) for cell in cells) and any(sign in cell for cell in cells for sign in _AMOUNT):
        return ColumnKind.NUMBER
    return ColumnKind.TEXT


_AMOUNT = ".,%£$€¥"
"""Signs that only a quantity has, no customer number and no telephone."""
