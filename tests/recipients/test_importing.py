"""What a table is taken for: the e-mail column, the name, variable names, and every bad row with its reason."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recipients.checking import NewRecipient, fault_of, suggest
from app.recipients.columns import ColumnKind
from app.recipients.imports.mapping import ColumnRole
from app.recipients.naming import MAX_VARIABLE, variable_names
from app.recipients.spreadsheet_cells import csv_lines, guarded, unguarded
from app.refusals import Refused
from tests.recipients.imports import Understood, read_table, understand


def taken(text: str, email_position: int | None = None) -> Understood:
    return understand(read_table(text.encode()), email_position)


def reasons(understood: Understood) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.words) for row in understood.bad_rows]


@pytest.mark.parametrize(
    "header",
    ["email", "E-Mail", "e-mail address", "Mail", "EMAIL_ADDRESS", "Address", "Courriel", "whatever it is called"],
)
def test_the_email_column_is_found_by_header_or_content(header: str) -> None:
    understood = taken(f"id,{header},street\n1,ann@example.com,Elm Street 1\n2,bo@example.com,Oak Street 2\n")
    assert understood.email_column is not None
    assert understood.email_column.header == header
    assert [person.email for person in understood.people] == ["ann@example.com", "bo@example.com"]


def test_a_street_address_is_no_email_column() -> None:
    understood = taken("Address,Kontakt\nElm Street 1,ann@example.com\n")
    assert understood.email_column is not None
    assert understood.email_column.header == "Kontakt"
    assert understood.people[0].data == {"address": "Elm Street 1"}


def test_an_email_column_full_of_mistakes_is_still_the_email_column() -> None:
    understood = taken("email,name\nann(at)example.com,Ann\nnobody,Bo\n")
    assert [row.column for row in understood.bad_rows] == ["email", "email"]


def test_no_column_with_addresses_is_said() -> None:
    with pytest.raises(Refused, match="No column with e-mail addresses"):
        taken("name,city\nAnn,Leeds\n")


def test_of_two_email_columns_a_person_chooses_and_nothing_is_lost() -> None:
    text = "Email,Work e-mail,City\nann@example.com,ann@example.org,Leeds\nbo@example.com,,York\n"
    asked = taken(text)
    assert asked.email_column is None
    assert [column.header for column in asked.columns if column.may_be_email] == ["Email", "Work e-mail"]
    assert asked.columns[1].examples == ["ann@example.org"]
    chosen = taken(text, email_position=1)
    assert chosen.people == [
        NewRecipient("ann@example.org", "", {"email_2": "ann@example.com", "city": "Leeds"}),
    ]
    assert reasons(chosen) == [(3, "Work e-mail", "The e-mail address is missing.")]


@pytest.mark.parametrize(
    ("headers", "name", "variables"),
    [
        ("email,Full name,Name", "Full name", ["name_2"]),
        ("email,NAME,first name", "NAME", ["first_name"]),
        ("email,Surname", None, ["surname"]),
    ],
)
def test_the_name_column_is_found(headers: str, name: str | None, variables: list[str]) -> None:
    understood = taken(f"{headers}\nann@example.com,Ann,A\n" if headers.count(",") > 1 else f"{headers}\na@b.com,Ann\n")
    assert (understood.name_column.header if understood.name_column else None) == name
    assert [column.variable for column in understood.of_role(ColumnRole.DATA)] == variables


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["2026-05-01", "1/6/2026", ""], ColumnKind.DATE),
        (["yes", "No", "yes"], ColumnKind.YES_NO),
        (["12.50", "7", "£3"], ColumnKind.NUMBER),
        (["00123", "00124"], ColumnKind.TEXT),
        (["1", "2", "30"], ColumnKind.TEXT),
        (["0", "1", "1"], ColumnKind.TEXT),
        (["+44 20 7946 0958"], ColumnKind.TEXT),
        (["20260501", "20260601"], ColumnKind.TEXT),
        (["2026-05-01", "soon"], ColumnKind.TEXT),
        (["", ""], ColumnKind.TEXT),
    ],
)
def test_what_a_column_holds_is_guessed_where_no_name_can_be_meant(cells: list[str], kind: ColumnKind) -> None:
    rows = "".join(f"p{n}@example.com,{cell}\n" for n, cell in enumerate(cells))
    assert understand(read_table(f"email,of them\n{rows}".encode())).columns[1].kind is kind


def test_the_two_columns_in_front_of_downloaded_bad_rows_are_left_out_again() -> None:
    for headers in ("line in the file,what is wrong", "Zeile in der Datei,Was nicht stimmt"):
        read = read_table(f"{headers},email,city\n2,no @,ann@example.com,Leeds\n".encode())
        assert [one.role for one in understand(read).columns] == ["out", "out", "email", "data"]


@pytest.mark.parametrize(
    ("header", "variable"),
    [
        ("First name", "first_name"),
        ("  Amount (£) ", "amount"),
        ("Größe/Länge", "grosse_lange"),
        ("2024 total", "column_2024_total"),
        ("class", "class_value"),
        ("Loop", "loop_value"),
        ("None", "none_value"),
        ("name", "name_2"),
        ("Город", "город"),
        ("???", "column_1"),
        ("", "column_1"),
        ("__x__", "x"),
    ],
)
def test_headers_become_variables(header: str, variable: str) -> None:
    assert variable_names([header]) == [variable]


@given(st.lists(st.text(max_size=90), max_size=30))
def test_variables_are_unique_identifiers_whatever_the_headers(headers: list[str]) -> None:
    names = variable_names(headers)
    assert len(names) == len(headers)
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and not name.startswith("_") for name in names)
    assert all(len(name) <= MAX_VARIABLE + 10 for name in names)


def test_equal_and_empty_headers_keep_their_columns_apart() -> None:
    understood = taken("email,note,note,,\na@example.com,1,2,3,\n")
    assert [(column.header, column.variable or column.role) for column in understood.columns] == [
        ("email", "email"),
        ("note", "note"),
        ("note", "note_2"),
        ("(column 4)", "column_4"),
    ]
    assert understood.people[0].data == {"note": "1", "note_2": "2", "column_4": "3"}


def test_every_bad_row_says_line_column_and_reason_and_the_good_ones_stay() -> None:
    understood = taken(
        "email,name,code\n"
        "ann@example.com,Ann,007\n"
        ",Nobody,1\n"
        "bo example.com,Bo,2\n"
        "ANN@example.com,Ann again,3\n"
        "cy@example.com,Cy,4,5,6\n"
        '"dee@example.com","Dee\nDoe",7\n'
        f"eve@example.com,Eve,{'x' * 10_001}\n"
        "flo@example.com,Flo\n"
    )
    assert [(person.email, person.data["code"]) for person in understood.people] == [
        ("ann@example.com", "007"),
        ("ANN@example.com", "3"),
        ("flo@example.com", ""),
    ]
    assert [row.line for row in understood.bad_rows] == [3, 4, 6, 7, 9]
    words = {row.line: f"{row.column}: {row.words}" for row in understood.bad_rows}
    assert words[3] == "email: The e-mail address is missing."
    assert words[4].startswith("email: “bo example.com” is not an e-mail address")
    assert words[6] == ": The row has 5 cells, the header row only 3."
    assert words[7] == "name: The name holds a line break."
    assert words[9] == "code: The cell has 10,001 characters; 10,000 are the most."
    assert all(row.suggestion for row in understood.bad_rows)


@pytest.mark.parametrize(
    ("address", "suggestion"),
    [
        ("ann @example.com", "Did you mean “ann@example.com”?"),
        ("Ann Lee <ann@example.com>", "Did you mean “ann@example.com”?"),
        ("mailto:ann@example.com", "Did you mean “ann@example.com”?"),
        ("ann@example..com", "Did you mean “ann@example.com”?"),
        ("ann@example,com", "Did you mean “ann@example.com”?"),
        ("ann(at)example.com", "Did you mean “ann@example.com”?"),
        ("ann@@example.com", "Did you mean “ann@example.com”?"),
        ("ann@gmail", "Did you mean “ann@gmail.com”?"),
        ("ann@example.com; bo@example.com", "Keep one address in a row, for example “ann@example.com”."),
        ("nobody", "An address has an @ in it, such as “jo@example.com”."),
        ("jörg@example.com", "Ask the person for their address, or leave them out."),
    ],
)
def test_a_bad_address_comes_with_a_suggestion(address: str, suggestion: str) -> None:
    assert fault_of(NewRecipient(address)) is not None
    assert suggest(address) == suggestion


def test_cells_keep_leading_zeros_and_inner_spaces_and_lose_outer_ones() -> None:
    understood = taken('email,code,text\n\u200b ann@example.com\u00a0, 00123 ,"  a   b\n c "\n')
    assert understood.people == [NewRecipient("ann@example.com", "", {"code": "00123", "text": "a   b\n c"})]


@pytest.mark.parametrize("cell", ["=1+1", "+44 20 7946", "-5", "@here", "\tx", "\rx", "'=1", "''=1"])
def test_no_download_holds_a_cell_that_a_spreadsheet_would_run(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["", "plain", "'quoted'", "1-2", "a=b", "'"])
def test_harmless_cells_are_written_as_they_are(cell: str) -> None:
    assert guarded(cell) == unguarded(cell) == cell


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40).map(str.strip)
people = st.lists(
    st.builds(
        lambda number, name, city, note: NewRecipient(f"p{number}@example.com", name, {"city": city, "note": note}),
        st.integers(0, 10_000),
        cells.map(lambda text: "".join(text.splitlines()).strip()),
        cells,
        cells,
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda person: person.email,
)


@given(people)
def test_importing_a_download_gives_the_same_people(rows: list[NewRecipient]) -> None:
    text = csv_lines([["email", "name", "city", "note"], *([one.email, one.name, *one.data.values()] for one in rows)])
    understood = understand(read_table(("\ufeff" + text).encode()), email_position=0)
    assert understood.bad_rows == []
    assert understood.people == rows


def test_ten_times_as_many_rows_take_no_more_than_about_ten_times_as_long() -> None:
    """Measured as work of this process, at its best of three, so that a busy machine changes nothing."""

    def work(count: int) -> float:
        rows = "".join(f"person{n}@example.com,Person {n},First{n},City {n % 90},{n:06}\n" for n in range(count))
        content = f"email,name,first name,city,code\n{rows}".encode()
        begin = time.process_time()
        assert len(understand(read_table(content)).people) == count
        return time.process_time() - begin

    few, many = (min(work(count) for _ in range(3)) for count in (1_000, 10_000))
    assert many < 30 * few, (few, many)
