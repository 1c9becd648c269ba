"""From a table to people: which column is the address, which the name, what others are called, which rows are bad."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.recipients.checking import Fault, NewRecipient, clean_address, fault_of
from app.recipients.naming import plain, variable_names
from app.recipients.reading import LOOKS_LIKE_ADDRESS, Row, Table
from app.recipients.spreadsheet_cells import unguarded
from app.refusals import Refused

EMAIL_HEADERS = frozenset(
    {
        *("email", "e_mail", "mail", "email_address", "e_mail_address", "mail_address", "emailaddress"),
        *("recipient_email", "emailadresse", "e_mail_adresse", "courriel", "correo", "correo_electronico"),
    }
)
MAYBE_EMAIL_HEADERS = frozenset({"address", "adresse", "contact", "recipient", "to", "user", "username", "login"})
"""Headers that often name something else; they count only when the cells are addresses."""
NAME_HEADERS = ("full_name", "fullname", "name", "display_name", "recipient_name", "contact_name")
"""By preference, the best first."""
SAMPLE_ROWS = 500
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file. `variable` is what templates call it; `position` counts from 0."""

    position: int
    header: str
    variable: str
    examples: list[str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be kept: where, which column (its header), what is wrong, what to do, and its cells."""

    line: int
    column: str
    value: str
    words: str
    suggestion: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a file was taken for. Without an e-mail column a person must choose one of `candidates` first."""

    columns: list[Column]
    candidates: list[Column] = field(default_factory=list)
    email_column: Column | None = None
    name_column: Column | None = None
    people: list[NewRecipient] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)

    @property
    def data_columns(self) -> list[Column]:
        """Columns that are neither the address nor the name."""
        roles = (self.email_column, self.name_column)
        return [column for column in self.columns if column not in roles]


def understand(table: Table, email_position: int | None = None) -> Understood:
    """Find the columns and sort the rows. `email_position` is a person's choice of the e-mail column, from 0.

    Raises Refused when no column holds e-mail addresses.
    """
    headers = _shown_headers(table)
    candidates = _email_candidates(table, headers)
    if not candidates:
        raise Refused(
            "No column with e-mail addresses was found. In the first row, name the column with the addresses “email”."
        )
    if email_position not in headers:
        email_position = candidates[0] if len(candidates) == 1 else None
    if email_position is None:
        columns = _columns(table, headers, None, None)
        return Understood(columns, [column for column in columns if column.position in candidates])
    name_position = _name_position(headers, email_position)
    columns = _columns(table, headers, email_position, name_position)
    by_position = {column.position: column for column in columns}
    understood = Understood(
        columns,
        [by_position[position] for position in candidates],
        by_position[email_position],
        None if name_position is None else by_position[name_position],
    )
    _sort_rows(table, understood)
    return understood


def _shown_headers(table: Table) -> dict[int, str]:
    """Position to header, trimmed; columns without a header and without a single cell are no columns."""
    filled = {position for row in table.rows for position, cell in enumerate(row.cells) if cell.strip()}
    headers = {position: " ".join(cell.split()) for position, cell in enumerate(table.header.cells)}
    return {position: header for position, header in headers.items() if header or position in filled}


def _cells_of(table: Table, position: int) -> list[str]:
    """Filled cells of a column in the first rows."""
    cells = (row.cells[position].strip() for row in table.rows[:SAMPLE_ROWS] if position < len(row.cells))
    return [cell for cell in cells if cell]


def _email_candidates(table: Table, headers: dict[int, str]) -> list[int]:
    """Positions that may be the e-mail column: most cells are addresses, or the header says so and it is not empty."""
    by_content, by_header = [], []
    for position, header in headers.items():
        cells = _cells_of(table, position)
        addresses = sum(bool(LOOKS_LIKE_ADDRESS.match(clean_address(cell))) for cell in cells)
        word = plain(header)
        if addresses * 2 > len(cells) or (addresses and word in EMAIL_HEADERS | MAYBE_EMAIL_HEADERS):
            by_content.append(position)
        elif word in EMAIL_HEADERS:
            by_header.append(position)
    with_cells = [position for position in by_header if _cells_of(table, position)]
    return sorted(by_content + with_cells) or by_header


def _name_position(headers: dict[int, str], email_position: int) -> int | None:
    words = {plain(header): position for position, header in reversed(headers.items()) if position != email_position}
    return next((words[word] for word in NAME_HEADERS if word in words), None)


def _columns(table: Table, headers: dict[int, str], email: int | None, name: int | None) -> list[Column]:
    roles = {email: "email", name: "name"}
    data = [position for position in headers if position not in roles]
    variables = dict(zip(data, variable_names(headers[position] for position in data), strict=True))
    return [
        Column(
            position,
            header or f"(column {position + 1})",
            roles.get(position) or variables[position],
            list(dict.fromkeys(_cells_of(table, position)))[:EXAMPLES],
        )
        for position, header in headers.items()
    ]


def _sort_rows(table: Table, understood: Understood) -> None:
    """Put every row among the people or among the bad rows."""
    width = len(table.header.cells)
    headers = {column.variable: column.header for column in understood.columns}
    first_lines: dict[str, int] = {}
    for row in table.rows:
        person = _person_of(row, understood)
        fault = _too_wide(row, width, table.delimiter) or fault_of(person) or _duplicate(person, first_lines)
        if fault is None:
            first_lines[person.email_key] = row.line
            understood.people.append(person)
        else:
            value = {"email": person.email, "name": person.name, **person.data}.get(fault.column, "")
            understood.bad_rows.append(
                BadRow(row.line, headers.get(fault.column, ""), value, fault.words, fault.suggestion, row.cells)
            )


def _person_of(row: Row, understood: Understood) -> NewRecipient:
    def cell(column: Column | None) -> str:
        if column is None or column.position >= len(row.cells):
            return ""
        return unguarded(row.cells[column.position].strip()).strip()

    return NewRecipient(
        clean_address(cell(understood.email_column)),
        cell(understood.name_column),
        {column.variable: cell(column) for column in understood.data_columns},
    )


def _too_wide(row: Row, width: int, delimiter: str) -> Fault | None:
    count = len(row.cells)
    if any(cell.strip() for cell in row.cells[width:]):
        words = f"The row has {count} cells, the header row only {width}."
        return Fault("", words, f"Put quotation marks around a cell that holds a {delimiter} itself.")
    return None


def _duplicate(person: NewRecipient, first_lines: dict[str, int]) -> Fault | None:
    first = first_lines.get(person.email_key)
    if first is None:
        return None
    return Fault(
        "email", f"The same address as in line {first:,}.", "Each person gets one e-mail; remove one of the rows."
    )
