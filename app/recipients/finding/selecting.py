"""Whom an act on a list is about: people ticked one by one, or all that a search and a filter find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.recipients.finding import keying
from app.recipients.finding.filtering import NO_FILTER, Filter, clauses, key_column, words_of
from app.recipients.finding.keys import NAME, text_key
from app.recipients.finding.walking import Stream
from app.recipients.models import Recipient, RecipientList
from app.refusals import Refused
from app.words import _, _n, in_a_row

MOST_TICKED = 500
"""People that can be ticked one by one."""
COUNTED = 10_000
"""People that are counted at once; beyond, a page says “more than”."""


@dataclass(frozen=True, slots=True)
class Selection:
    """People of one list: those with `ids`, or, without any, all that `search` and `wanted` find."""

    ids: tuple[int, ...] = ()
    search: str = ""
    wanted: Filter = NO_FILTER

    @property
    def is_everybody(self) -> bool:
        """Whether the whole list is meant."""
        return not self.ids and not self.search and not self.wanted

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` makes the same selection of."""
        return {"ids": list(self.ids), "search": self.search, "filter": self.wanted.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Selection:
        """Make a selection of what `to_json` gave."""
        wanted = Filter.from_json(stored.get("filter", {}))
        return cls(tuple(stored.get("ids", ())), stored.get("search", ""), wanted)


EVERYBODY = Selection()
"""The whole list."""


def search_clause(search: str) -> ColumnElement[bool]:
    """Give the clause for an address, or a word of a name, that begins with `search`."""
    name, word = key_column(NAME), text_key(search)
    address = Recipient.email_key.startswith(search.lower(), autoescape=True)
    if not word:  # nothing of it is compared, such as an accent alone: every name would begin with it
        return address
    return or_(address, name.startswith(word, autoescape=True), name.contains(f" {word}", autoescape=True))


def people_of(session: Session, found_list: RecipientList, selection: Selection) -> list[ColumnElement[bool]]:
    """Give the conditions on `Recipient` that the selected people meet.

    Raises Refused for a filter that does not fit the list, or while the list has no keys to filter by.
    """
    if selection.ids:
        return [Recipient.list_id == found_list.id, Recipient.id.in_(selection.ids)]
    if selection.wanted or selection.search:
        keying.require_ready(session, found_list)
    met = clauses(found_list, selection.wanted)
    return [*met, search_clause(selection.search)] if selection.search else met


def stream_of(session: Session, found_list: RecipientList, selection: Selection) -> Stream:
    """Give the selected people for a count that takes its time. Raises Refused as `people_of` does."""
    return Stream(found_list.id, tuple(people_of(session, found_list, selection)))


def count_people(session: Session, found_list: RecipientList, selection: Selection) -> tuple[int, bool]:
    """Count the selected people; the second value is False when there are more than were counted.

    Raises Refused as `people_of` does, and when nobody is selected.
    """
    if selection.is_everybody:
        return found_list.recipient_count, True
    some = select(Recipient.id).where(*people_of(session, found_list, selection)).limit(COUNTED + 1).subquery()
    count = session.scalar(select(func.count()).select_from(some)) or 0
    return min(count, COUNTED), count <= COUNTED


def selection_words(found_list: RecipientList, selection: Selection) -> str:
    """Say who is meant: `that are ticked`, `with city is Leeds`; empty for the whole list."""
    if selection.ids:
        return "ticked"
    parts = [words_of(selection.wanted, found_list.column_kinds)] if selection.wanted else []
    if selection.search:
        parts.insert(0, _("address or name begins with %(search)s", search=selection.search))
    return in_a_row(parts, _("%(first)s and %(second)s"))


def people_words(count: int, is_exact: bool) -> str:
    """Say how many: `1 person`, `12 people`, `more than 10,000 people`."""
    if not is_exact:
        return _("more than %(count)s people", count=count)
    return _n("%(count)s person", "%(count)s people", count)


def check_ticked(ids: tuple[int, ...]) -> tuple[int, ...]:
    """Give the ids. Raises Refused when nobody or too many are ticked."""
    if not ids:
        raise Refused(_("Tick the people first, or choose all that are found."))
    if len(ids) > MOST_TICKED:
        raise Refused(
            _("At most %(most_ticked)s people can be ticked; use a filter for more.", most_ticked=MOST_TICKED)
        )
    return ids
