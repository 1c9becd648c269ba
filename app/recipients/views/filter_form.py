"""The form of a filter: rows of column, comparison and value, as `templates/recipients/_filter.html` shows them.

It is read from what a form or an address carries under `filter_column`, `filter_operator` and `filter_value`, one of
each a row; `filter_match` is `all` or `any`. The buttons `filter_add` and `filter_remove` change the rows, and nothing
else: the page shows itself again, or htmx puts the renewed rows in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from werkzeug.datastructures import MultiDict

from app.recipients.finding.filtering import (
    MOST_CONDITIONS,
    OPERATOR_WORDS,
    Condition,
    Filter,
    Operator,
    check_filter,
    column_words,
    columns_of,
)
from app.recipients.models import RecipientList
from app.refusals import Refused
from app.words import _

ADD, REMOVE = "filter_add", "filter_remove"
OPERATOR_GROUPS: Sequence[tuple[str, Sequence[Operator]]] = (
    (_("Text, numbers and dates"), (Operator.IS, Operator.IS_NOT)),
    (_("Text"), (Operator.CONTAINS, Operator.BEGINS_WITH)),
    (_("Dates"), (Operator.BEFORE, Operator.AFTER)),
    (_("Numbers"), (Operator.LESS_THAN, Operator.MORE_THAN)),
    (_("Yes or no"), (Operator.IS_YES, Operator.IS_NO)),
    (_("Anything"), (Operator.IS_EMPTY, Operator.IS_FILLED)),
)
"""What a row offers, whatever its column: a form without JavaScript cannot know which one is chosen."""


@dataclass(slots=True)
class FilterRow:
    """One row as typed, with what is wrong by part: `column`, `operator`, `value`."""

    column: str = ""
    operator: str = Operator.IS
    value: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed: such a row is no condition."""
        return not self.column and not self.value.strip()


@dataclass(slots=True)
class FilterForm:
    """The rows of a filter, and what the page offers for them."""

    columns: list[str]
    rows: list[FilterRow]
    any_of: bool = False
    problems: list[str] = field(default_factory=list)

    operator_groups = OPERATOR_GROUPS
    operator_words = OPERATOR_WORDS
    column_words = staticmethod(column_words)
    most = MOST_CONDITIONS

    def checked(self, found_list: RecipientList) -> Filter | None:
        """Give the filter; None when something is wrong, which then stands beside its row."""
        filled = [row for row in self.rows if not row.is_blank]
        conditions = tuple(Condition(row.column, Operator(row.operator), row.value) for row in filled)
        try:
            return check_filter(found_list, Filter(conditions, self.any_of))
        except Refused as refusal:
            part, _, number = refusal.field.partition("-")
            if number:
                filled[int(number)].errors[part] = refusal.words
            else:
                self.problems.append(refusal.words)
            return None


def read_filter_form(values: MultiDict[str, str], found_list: RecipientList) -> FilterForm:
    """Read the rows from a form or an address, with one row added or removed when its button was pressed."""
    parts = zip_longest(*(values.getlist(f"filter_{part}") for part in ("column", "operator", "value")), fillvalue="")
    rows = [
        FilterRow(column, operator if operator in OPERATOR_WORDS else Operator.IS, value.replace("\0", ""))
        for column, operator, value in parts
    ][:MOST_CONDITIONS]
    removed = values.get(REMOVE, type=int)
    if removed is not None and 0 <= removed < len(rows):
        del rows[removed]
    if not rows or (ADD in values and len(rows) < MOST_CONDITIONS):
        rows.append(FilterRow())
    return FilterForm(columns_of(found_list), rows, values.get("filter_match") == "any")


def filter_form_of(wanted: Filter, found_list: RecipientList) -> FilterForm:
    """Give the form of a filter that is kept, one row at least."""
    rows = [FilterRow(one.column, one.operator, one.value) for one in wanted.conditions]
    return FilterForm(columns_of(found_list), rows or [FilterRow()], wanted.any_of)


def filter_arguments(wanted: Filter) -> dict[str, list[str] | str]:
    """Give the parts of an address that `read_filter_form` makes the same filter of, for links."""
    if not wanted:
        return {}
    return {
        "filter_column": [one.column for one in wanted.conditions],
        "filter_operator": [str(one.operator) for one in wanted.conditions],
        "filter_value": [one.value for one in wanted.conditions],
        "filter_match": "any" if wanted.any_of else "all",
    }
