"""An example file to fill in: the columns that a template takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.own_variables import OWN_VARIABLES
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines


def example_csv(variables: Sequence[str], examples: Mapping[str, str]) -> str:
    """Write a CSV file with a header row and one person, from a template's variables and their examples."""
    names = [name for name in variables if name not in OWN_VARIABLES]
    person = ["ann@example.com", "Ann Example", *(examples.get(name, "") for name in names)]
    return BYTE_ORDER_MARK + csv_lines([["email", "name", *names], person])
