"""Keys of a large list run together in large texts: “contains” looks through megabytes instead of a million rows.

Each text has the keys of some thousand recipients in one column. It stands for where they were when it was written; the
page looks at the recipient itself, so that a key too many does no harm, and none may be missing.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.orm import Session

from app.db import Database
from app.recipients.changes.models import KeyText, SortedColumn
from app.recipients.finding.keys import LONGEST

LINES = 2_000
"""Recipients of one text, as it is built."""
AT_ONCE = 40
"""Texts that are taken from the database together, and cleared together."""

Line = tuple[str, int]
"""A key, and whose it is."""


def containing(session: Session, sorted_id: int, value: str, most: int) -> Sequence[int] | None:
    """Give whose key in a column contains a value, or may, because it is cut; None when they are more than `most`."""
    place_of = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos  # quicker than LIKE
    query = (
        select(KeyText.id, KeyText.keys, KeyText.recipient_ids, KeyText.has_long)
        .where(KeyText.sorted_column_id == sorted_id, or_(KeyText.has_long, place_of(KeyText.keys, value) > 0))
        .order_by(KeyText.id)
        .limit(AT_ONCE)
    )
    found: set[int] = set()
    last = 0
    while len(found) <= most:
        rows = session.execute(query.where(KeyText.id > last)).all()
        for row in rows:
            ids = array("q", row.recipient_ids)
            found.update(ids[number] for number in _lines_with(row.keys, value, has_long=row.has_long))
        if len(rows) < AT_ONCE:
            return sorted(found) if len(found) <= most else None
        last = rows[-1].id
    return None


def add_text(session: Session, sorted_id: int, lines: Sequence[Line]) -> None:
    """Keep the keys of recipients who have none in this column yet. Empty keys contain nothing and are left out."""
    if lines := [one for one in lines if one[0]]:
        numbers = [number for _, number in lines]
        text = KeyText(sorted_column_id=sorted_id, first_id=min(numbers), last_id=max(numbers))
        _put(text, lines)
        session.add(text)


def change_texts(
    session: Session, sorted_ids: Collection[int], ids: Collection[int], fresh: Iterable[tuple[int, Line]] = ()
) -> None:
    """Put `fresh` keys, each with its column's number, in the place of all that these recipients had there."""
    if not ids:
        return
    waiting: dict[int, list[Line]] = defaultdict(list)
    for sorted_id, line in fresh:
        waiting[sorted_id].append(line)
    going = frozenset(ids)
    touched = select(KeyText).where(
        KeyText.sorted_column_id.in_(sorted_ids), KeyText.first_id <= max(going), KeyText.last_id >= min(going)
    )
    for text in session.scalars(touched):
        before = list(_lines_of(text))
        stay = [one for one in before if one[1] not in going]
        new = waiting[text.sorted_column_id]
        here = [one for one in new if text.first_id <= one[1] <= text.last_id and one[0]]
        if here or len(stay) < len(before):
            _put(text, [*stay, *here])
            waiting[text.sorted_column_id] = [one for one in new if not text.first_id <= one[1] <= text.last_id]
    for sorted_id, lines in waiting.items():
        add_text(session, sorted_id, lines)


def clear_texts_left_over(database: Database) -> bool:
    """Delete some texts of columns whose order was given up; False when there are none."""
    gone = select(KeyText.id).where(~exists().where(SortedColumn.id == KeyText.sorted_column_id)).limit(AT_ONCE)
    with database.writing() as session:
        if ids := session.scalars(gone).all():
            session.execute(delete(KeyText).where(KeyText.id.in_(ids)).execution_options(synchronize_session=False))
        return bool(ids)


def _lines_of(text: KeyText) -> Iterator[Line]:
    numbers = array("q", text.recipient_ids)
    return zip(text.keys.split("\n"), numbers, strict=True) if numbers else iter(())


def _put(text: KeyText, lines: Sequence[Line]) -> None:
    text.keys = "\n".join(key for key, _ in lines)
    text.recipient_ids = array("q", [number for _, number in lines]).tobytes()
    text.has_long = any(len(key) >= LONGEST for key, _ in lines)


def _lines_with(keys: str, value: str, *, has_long: bool) -> Iterator[int]:
    """Give the numbers of the lines in which a value stands, or may stand."""
    if has_long:
        lines = enumerate(keys.split("\n"))
        yield from (number for number, key in lines if value in key or len(key) >= LONGEST)
        return
    number, begin = 0, 0
    while (place := keys.find(value, begin)) >= 0:
        number += keys.count("\n", begin, place)
        yield number
        end = keys.find("\n", place)
        if end < 0:
            return
        number, begin = number + 1, end + 1
