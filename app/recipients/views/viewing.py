"""What the address of a list page says: search, filter, sort and place; and the links that say it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from app.recipients.finding.browsing import Place, View
from app.recipients.finding.filtering import NO_FILTER, columns_of
from app.recipients.finding.keys import EMAIL
from app.recipients.models import RecipientList
from app.recipients.views.filter_form import ADD, REMOVE, FilterForm, filter_arguments, read_filter_form
from app.web.numbers import row_number


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list page as it was asked for."""

    view: View
    form: FilterForm
    after: Place | None
    is_editing: bool
    """A row of the filter was just added or removed, or something in it is wrong: the filter is not applied."""

    def arguments(self, **changed: Any) -> dict[str, Any]:
        """Give the parts of an address that show the same people in the same order, from the first page on."""
        view = self.view
        kept: dict[str, Any] = {
            "q": view.search or None,
            "sort": view.sort or None,
            "down": "yes" if view.descending else None,
            **filter_arguments(view.wanted),
        }
        return {name: value for name, value in {**kept, **changed}.items() if value is not None}

    def here(self, **changed: Any) -> dict[str, Any]:
        """Give the parts of this very page's address, for the pages that come back to it."""
        after, after_id = self.after or (None, None)
        return self.arguments(after=after, after_id=after_id, **changed)

    def next_arguments(self, place: Place) -> dict[str, Any]:
        """Give the parts of the next page's address."""
        return self.arguments(after=place[0], after_id=place[1])

    def sort_arguments(self, column: str) -> dict[str, Any]:
        """Give the parts of an address that sorts by a column; by the one that is sorted already, the other way."""
        down = column == self.sorted_by and not self.view.descending
        return self.arguments(sort=column, down="yes" if down else None)

    @property
    def sorted_by(self) -> str:
        """The column that the page is sorted by; empty: in the order in which people are found."""
        return self.view.sort or ("" if self.view.search or self.view.wanted else EMAIL)

    def sorted_words(self, column: str) -> str:
        """Give `aria-sort` of a column's head."""
        if column != self.sorted_by:
            return "none"
        return "descending" if self.view.descending else "ascending"


def read_wanted(found: RecipientList, values: MultiDict[str, str]) -> Wanted:
    """Read what a page, a download or a bulk change is asked for."""
    form = read_filter_form(values, found)
    was_pressed = ADD in values or REMOVE in values
    wanted = NO_FILTER if was_pressed else form.checked(found)
    sort = values.get("sort", "")
    view = View(
        search=_text(values, "q")[:254],
        wanted=wanted or NO_FILTER,
        sort=sort if sort in columns_of(found) else "",
        descending=values.get("down") == "yes",
    )
    number = values.get("after_id", type=row_number)
    after = None if number is None else (_text(values, "after"), number)
    return Wanted(view, form, after, is_editing=was_pressed or wanted is None)


def way_back(found: RecipientList, values: MultiDict[str, str]) -> str:
    """Give the address of the list page that a page was opened from. Only what such a page takes is read of `values`,
    which are the address or the form of the request, so it leads to this list and nowhere else."""
    return url_for("recipients.show", list_id=found.id, **read_wanted(found, values).here())


def hidden_fields(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the parts of an address as names and values of hidden fields."""
    return [
        (name, str(one)) for name, value in arguments.items() for one in (value if isinstance(value, list) else [value])
    ]


def _text(values: MultiDict[str, str], name: str) -> str:
    """Give a part of the address, without the one sign that no database takes in a text."""
    text = values.get(name, "").replace("\0", "")
    return text if name == "after" else text.strip()
