"""One page of a list's people: searched, filtered, sorted, by key. Quick in a list of a million.

A small list is asked with one statement. In a large one the database must not guess: when a condition finds few people,
those few are fetched by their keys and sorted; else the order of the sorted column is walked a chunk at a time, and
whoever does not meet the conditions is passed over. A walk ends after `MOST_LOOKED` people; the page offers to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, text, tuple_
from sqlalchemy.orm import Session

from app.db import among
from app.recipients.changes.models import RecipientKey
from app.recipients.finding import key_texts, sorting
from app.recipients.finding.filtering import (
    ALL,
    LAST,
    NO_FILTER,
    Condition,
    Filter,
    Operator,
    Span,
    check_filter,
    condition_key,
    key_column,
    kind_of_column,
    span_of,
    within,
)
from app.recipients.finding.keys import EMAIL, NAME, text_key
from app.recipients.finding.selecting import Selection, people_of
from app.recipients.models import Recipient, RecipientList

FEW = 5_000
"""People that are fetched and sorted when they are asked for."""
MOST_LOOKED = 24_000
"""People that one page looks at."""
FIRST_LOOK, LARGEST_LOOK = 250, 2_000
"""People that a walk looks at in one statement: first few, then more each time."""

Place = tuple[str, int]
"""Where a page ends: the key of its last person in the order, and the person's id."""


@dataclass(frozen=True, slots=True)
class View:
    """What a page of a list shows."""

    search: str = ""
    wanted: Filter = NO_FILTER
    sort: str = ""
    """A column; empty: nobody chose one, so by address, or in the order in which people are found."""
    descending: bool = False

    @property
    def selection(self) -> Selection:
        """Everybody whom the view finds."""
        return Selection((), self.search, self.wanted)


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """People of a page. `next_place` is None on the last; `is_partial`: there may be more people behind it to find."""

    people: Sequence[Recipient]
    next_place: Place | None = None
    is_partial: bool = False


def people_page(
    session: Session, found: RecipientList, view: View, *, after: Place | None = None, limit: int = 50
) -> PeoplePage:
    """Give a page of people. Raises Refused for a filter that does not fit, and NotSorted."""
    if found.recipient_count < sorting.LARGE:
        return _plain(session, view, after, limit, people_of(session, found, view.selection))
    if session.get_bind().dialect.name == "postgresql":  # it must not take a list of ids for half of the table
        session.execute(text("SET LOCAL enable_seqscan = off"))
    order = sorting.order_of(session, found)
    if order is None:
        if view != View():
            raise NotSorted
        return _walk(session, found, view, {}, after, limit)
    few = _few(session, found, view, order)
    if few is not None:
        # + 0: without figures of its own SQLite would rather look through the whole list than fetch these
        these = [
            Recipient.list_id + 0 == found.id,
            among(Recipient.id.expression, few),
            *people_of(session, found, view.selection)[1:],
        ]
        return _plain(session, view, after, limit, these) if few else PeoplePage([])
    return _walk(session, found, view, order, after, limit)


class NotSorted(Exception):
    """A large list cannot be searched, filtered or sorted yet: its order is being built."""


def sort_key(column: str) -> ColumnElement[str]:
    """Give what a column is sorted by. Addresses sort by the database's own index, whatever its order of letters."""
    return Recipient.email_key.expression if column == EMAIL else key_column(column)


def _plain(
    session: Session, view: View, after: Place | None, limit: int, conditions: Sequence[ColumnElement[bool]]
) -> PeoplePage:
    key = sort_key(view.sort or EMAIL)
    query = select(Recipient, key.label("place")).where(*conditions)
    if after is not None:
        query = query.where(_behind(key, Recipient.id.expression, after, view.descending))
    order = (key.desc(), Recipient.id.desc()) if view.descending else (key, Recipient.id)
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    page = rows[:limit]
    next_place = (page[-1].place, page[-1].Recipient.id) if len(rows) > limit else None
    return PeoplePage([row.Recipient for row in page], next_place)


@dataclass(frozen=True, slots=True)
class _Path:
    """The way a walk goes: along the order of a column, within a range of its keys."""

    column: str
    sorted_id: int | None
    """None: along the addresses, which have an index of their own."""
    span: Span = ALL
    descending: bool = False


def _path(found: RecipientList, view: View, order: dict[str, int]) -> _Path:
    """Choose the way: the sorted column's; when nobody chose one, what is searched for or a condition's own."""
    conditions = () if view.wanted.any_of else check_filter(found, view.wanted).conditions
    spans = {one.column: span for one in conditions if (span := span_of(kind_of_column(found, one.column), one))}
    if view.sort:
        span = spans.get(view.sort, ALL)
        return _Path(view.sort, order.get(view.sort), span, view.descending)
    if view.search:
        word = text_key(view.search) or view.search.lower()
        return _Path(sorting.SEARCH, order[sorting.SEARCH], Span(word, before=word + LAST))
    column = next((one for one in spans if one != EMAIL), EMAIL)
    return _Path(column, order.get(column), spans.get(column, ALL))


def _walk(
    session: Session, found: RecipientList, view: View, order: dict[str, int], after: Place | None, limit: int
) -> PeoplePage:
    path = _path(found, view, order)
    met = people_of(session, found, view.selection)[1:]  # the order holds nobody else's people
    places: list[Place] = []
    looked, at_once, place = 0, FIRST_LOOK, after
    while len(places) <= limit and looked < MOST_LOOKED:
        entries = _entries(session, found, path, place, at_once)
        places += _meeting(session, found, path, met, entries)
        looked += len(entries)
        if len(entries) < at_once:
            return _loaded(session, places, limit, None)
        place, at_once = entries[-1], min(at_once * 3, LARGEST_LOOK)
    return _loaded(session, places, limit, place)


def _loaded(session: Session, places: Sequence[Place], limit: int, end: Place | None) -> PeoplePage:
    """Load the people of a page; `end` is how far the walk came when it stopped before the end of the list."""
    page = places[:limit]
    people = {one.id: one for one in session.scalars(select(Recipient).where(Recipient.id.in_([i for _, i in page])))}
    shown = [people[number] for _, number in page]
    if len(places) > limit:
        return PeoplePage(shown, page[-1])
    return PeoplePage(shown, end, is_partial=end is not None)


def _entries(session: Session, found: RecipientList, path: _Path, after: Place | None, limit: int) -> Sequence[Place]:
    """Give the next places of the way."""
    if path.sorted_id is None:
        key, number = Recipient.email_key.expression, Recipient.id.expression
        query = select(key, number).where(Recipient.list_id == found.id)
        if after is not None:  # an address is there once, so it alone is the place
            query = query.where(key < after[0] if path.descending else key > after[0])
        query = query.order_by(key.desc() if path.descending else key)
    else:
        key, number = RecipientKey.key.expression, RecipientKey.recipient_id.expression
        query = select(key, number).where(RecipientKey.sorted_column_id == path.sorted_id, within(key, path.span))
        if after is not None:
            query = query.where(_behind(key, number, after, path.descending))
        ends = (key.desc(), number.desc()) if path.descending else (key, number)
        query = query.order_by(*ends)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def _meeting(
    session: Session, found: RecipientList, path: _Path, met: Sequence[ColumnElement[bool]], entries: Sequence[Place]
) -> Iterator[Place]:
    """Give those of the places whose people meet the conditions and still have that key, in their order."""
    is_search = path.column == sorting.SEARCH
    key = key_column(NAME) if is_search else sort_key(path.column)
    ids = [number for _, number in entries]
    of_these = select(Recipient.id, Recipient.list_id, Recipient.email_key, key).where(
        among(Recipient.id.expression, ids), *met
    )
    keys = {row[0]: (row[2], row[3]) for row in session.execute(of_these) if row[1] == found.id}
    for place in entries:
        if place[1] not in keys:
            continue
        address, own = keys[place[1]]
        if is_search:  # who is found by two words comes once
            found_by = (one for one in sorting.search_keys(address, own) if one.startswith(path.span.first or ""))
            own = min(found_by, default=place[0])  # an address with capitals or accents, which only its own key finds
        if own == place[0]:
            yield place


def _behind(key: ColumnElement[str], number: ColumnElement[int], place: Place, descending: bool) -> ColumnElement[bool]:
    here, there = tuple_(key, number), tuple_(*place)
    return here < there if descending else here > there


def _few(session: Session, found: RecipientList, view: View, order: dict[str, int]) -> Sequence[int] | None:
    """Give the ids among which everybody is whom the view finds, when they are few; None when they may be many."""
    if view.search:
        word = text_key(view.search)
        spans = {Span(one, before=one + LAST) for one in (view.search.lower(), word) if one}
        few = _ids(session, order[sorting.SEARCH], or_(*(within(RecipientKey.key.expression, one) for one in spans)))
        if few is not None:
            return few
    conditions = check_filter(found, view.wanted).conditions
    if view.wanted.any_of:
        return _few_of_any(session, found, conditions, order)
    for condition in sorted(conditions, key=lambda one: one.operator is Operator.CONTAINS):
        few = _few_of(session, found, condition, order)
        if few is not None:
            return few
    return None


def _few_of_any(
    session: Session, found: RecipientList, conditions: Sequence[Condition], order: dict[str, int]
) -> Sequence[int] | None:
    united: set[int] = set()
    for condition in conditions:
        few = _few_of(session, found, condition, order)
        if few is None or len(united) + len(few) > FEW:
            return None
        united.update(few)
    return sorted(united) if conditions else None


def _few_of(
    session: Session, found: RecipientList, condition: Condition, order: dict[str, int]
) -> Sequence[int] | None:
    key = RecipientKey.key.expression
    kind = kind_of_column(found, condition.column)
    column = sorting.SEARCH if condition.column == EMAIL else condition.column
    if condition.operator is Operator.CONTAINS:
        return key_texts.containing(session, order[column], condition_key(kind, condition), FEW)
    span = span_of(kind, condition)
    return None if span is None else _ids(session, order[column], within(key, span))


def _ids(session: Session, sorted_id: int, clause: ColumnElement[bool]) -> Sequence[int] | None:
    query = select(RecipientKey.recipient_id).where(RecipientKey.sorted_column_id == sorted_id, clause)
    ids = session.scalars(query.limit(FEW + 1)).all()
    return None if len(ids) > FEW else sorted(set(ids))
