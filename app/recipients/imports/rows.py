"""From a row of a file to a person: the cells that their columns name, cleaned, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.recipients.checking import MAX_CELL, Fault, NewRecipient, ProblemKind, clean_address, fault_of, slip_of
from app.recipients.columns import KIND_WORDS_INSIDE, ColumnKind
from app.recipients.files.grid import Row
from app.recipients.finding.keys import fits
from app.recipients.imports.mapping import ColumnRole, Mapped, data_columns, email_position, width_of
from app.recipients.spreadsheet_cells import unguarded
from app.words import _


class RowChecker:
    """Makes people of rows. `delimiter` is the name for people of what stands between cells.

    `also` are columns of the list that the file may lack: people have them, empty.
    """

    def __init__(self, mapping: Sequence[Mapped], delimiter: str, also: Sequence[str] = ()) -> None:
        data = data_columns(mapping)
        self._width = width_of(mapping)
        self._email = email_position(mapping) or 0
        self._name = next((one.position for one in mapping if one.role is ColumnRole.NAME), None)
        self._variables = [one.variable for one in data]
        self._positions = [one.position for one in data]
        self._kinds = [(one.variable, one.kind) for one in data if one.kind in _ADVICE]
        self._empty = dict.fromkeys(also, "")
        self._delimiter = delimiter

    def person(self, cells: Sequence[str]) -> NewRecipient:
        """Give the person of a row, without spaces around any cell. Rows may be shorter than the header."""
        clean = [unguarded(cell).strip() if cell[:1] == "'" else cell for cell in map(str.strip, cells)]
        if len(clean) < self._width:
            clean.extend([""] * (self._width - len(clean)))
        data = dict(zip(self._variables, [clean[position] for position in self._positions], strict=True))
        return NewRecipient(
            clean_address(clean[self._email]),
            "" if self._name is None else clean[self._name],
            self._empty | data if self._empty else data,
        )

    def check(self, row: Row, kept: Collection[str] = ()) -> tuple[NewRecipient, Fault | None]:
        """Give the person of a row and what is wrong. `kept`: the kinds of doubts that a person said are none."""
        person = self.person(row.cells)
        fault = self._too_wide(row) or fault_of(person, is_short=_is_short(row.cells))
        if fault is None and ProblemKind.SLIP not in kept:
            fault = slip_of(person.email)
        if fault is None and ProblemKind.VALUE not in kept:
            fault = self._other_kind(person)
        return person, fault

    def _too_wide(self, row: Row) -> Fault | None:
        if len(row.cells) <= self._width or not any(cell.strip() for cell in row.cells[self._width :]):
            return None
        words = _(
            "The row has %(cells)s cells, the header row only %(width)s.", cells=len(row.cells), width=self._width
        )
        advice = _(
            "Put quotation marks around a cell that holds a %(delimiter)s itself.",
            delimiter=self._delimiter or _("delimiter"),
        )
        return Fault("", words, advice, ProblemKind.WIDTH)

    def _other_kind(self, person: NewRecipient) -> Fault | None:
        for variable, kind in self._kinds:
            value = person.data[variable]
            if value and not fits(kind, value):
                words = _(
                    "“%(value)s” is not what the column holds (%(kind)s).",
                    value=value[:60],
                    kind=KIND_WORDS_INSIDE[kind],
                )
                return Fault(variable, words, _ADVICE[kind], ProblemKind.VALUE)
        return None


def _is_short(cells: Sequence[str]) -> bool:
    """Whether no cell can be too long or hold what is no text: quicker than to look at each."""
    together = "".join(cells)
    return len(together) <= MAX_CELL and "\0" not in together


_ADVICE = {
    ColumnKind.NUMBER: _("Write a number such as 12 or 48.50, or leave the cell empty."),
    ColumnKind.DATE: _("Write a day such as 2027-01-31, or leave the cell empty."),
    ColumnKind.YES_NO: _("Write yes or no, or leave the cell empty."),
}
