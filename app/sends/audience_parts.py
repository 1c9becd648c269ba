"""The lists and segments that a send includes or leaves out, as they stand, and how they are called.

Who these people are is the rule of `audience`; how a person chooses the parts is in `choosing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.recipients.finding.models import Segment
from app.recipients.models import RecipientList
from app.sends.audience_models import AudiencePart
from app.sends.models import Send
from app.words import _, _n, with_comma_and

MAX_SHORT_WORDS = 200
"""Characters of what stands for the list's name in titles."""


@dataclass(frozen=True, slots=True)
class Part:
    """One list, or one segment of a list, that a send includes or leaves out."""

    of_list: RecipientList | None
    segment: Segment | None = None
    is_excluded: bool = False
    is_segment: bool = False
    id: int | None = None
    """Number of its row; None for the one list of a send that has no rows."""
    kept_words: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether the list or the segment was deleted, so that nobody can say who is meant."""
        return self.of_list is None or (self.is_segment and self.segment is None)

    @property
    def words(self) -> str:
        """What it is called now; when it is gone, what it was called at the release."""
        if self.of_list is None or self.is_gone:
            return self.kept_words or _("a list that is gone")
        return segment_words(self.segment.name, self.of_list.name) if self.segment else self.of_list.name

    @property
    def mark(self) -> list[Any]:
        """What changes when its people may have changed (P7)."""
        of_list = (self.of_list.id, self.of_list.change_number) if self.of_list else (None, None)
        of_segment = (self.segment.id, self.segment.change_number) if self.segment else (None, None)
        return [*of_list, *of_segment, self.is_segment, self.is_excluded]


def segment_words(segment: str, of_list: str) -> str:
    """Say which segment of which list."""
    return _("“%(segment)s” of %(of_list)s", segment=segment, of_list=of_list)


def own_parts(session: Session, send: Send) -> list[Part]:
    """Give the parts of a send that has several, or only one segment; nothing for a send to one whole list."""
    if send.id is None:
        return []
    rows = session.execute(
        select(AudiencePart, RecipientList, Segment)
        .outerjoin(RecipientList, RecipientList.id == AudiencePart.list_id)
        .outerjoin(Segment, Segment.id == AudiencePart.segment_id)
        .where(AudiencePart.send_id == send.id)
        .order_by(AudiencePart.position, AudiencePart.id)
    )
    return [
        Part(of, segment, row.is_excluded, is_segment=row.is_segment, id=row.id, kept_words=row.words)
        for row, of, segment in rows
    ]


def parts_of(session: Session, send: Send) -> list[Part]:
    """Give every part of a list send; of most sends the one list. Nothing when no list is chosen, or it is gone."""
    own = own_parts(session, send)
    if own:
        return own
    only = session.get(RecipientList, send.list_id) if send.list_id else None
    return [Part(only)] if only else []


def included_lists(parts: Iterable[Part]) -> list[RecipientList]:
    """Give the lists whose people are written to, each once."""
    return list({one.of_list.id: one.of_list for one in parts if one.of_list and not one.is_excluded}.values())


def united_columns(parts: Iterable[Part]) -> list[str]:
    """Give the columns of all included lists, those of the first one first."""
    return list(dict.fromkeys(column for one in included_lists(parts) for column in one.columns))


def shared_columns(parts: Iterable[Part]) -> set[str]:
    """Give the columns that every included list has."""
    columns = [set(one.columns) for one in included_lists(parts)]
    return set.intersection(*columns) if columns else set()


def shared_columns_of(session: Session, sends: Sequence[Send]) -> dict[int, set[str]]:
    """Give the columns that every included list of each send has, with one query. Their one list must be loaded."""
    found = {one.id: set(one.recipient_list.columns) if one.recipient_list else set() for one in sends}
    rows = session.execute(
        select(AudiencePart.send_id, RecipientList.columns)
        .join(RecipientList, RecipientList.id == AudiencePart.list_id)
        .where(AudiencePart.send_id.in_(found), AudiencePart.is_excluded.is_(False))
    )
    for send_id, columns in rows:
        found[send_id] &= set(columns)
    return found


def words_of(parts: Sequence[Part]) -> str:
    """Say whom a send goes to: “Members, and “Leeds” of Debtors, without Staff”."""
    included = with_comma_and([one.words for one in parts if not one.is_excluded])
    excluded = with_comma_and([one.words for one in parts if one.is_excluded])
    if not excluded:
        return included
    return _("%(included)s, without %(excluded)s", included=included, excluded=excluded)


def short_words_of(parts: Sequence[Part]) -> str:
    """Say the same in as few characters as a title takes."""
    words = words_of(parts)
    if len(words) <= MAX_SHORT_WORDS:
        return words
    more = len(parts) - 1
    first = next((one.words for one in parts if not one.is_excluded), "")[: MAX_SHORT_WORDS - 40]
    return _n("%(first)s and %(count)s more part", "%(first)s and %(count)s more parts", more, first=first)
