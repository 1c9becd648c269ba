"""Segments: a filter over one list's columns, saved under a name. Who is in it is asked anew each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, func, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, contains_eager
from sqlalchemy.sql.util import ClauseAdapter

from app.audit.trail import Actor, note
from app.recipients.finding.filtering import Filter, check_filter, clauses, words_of
from app.recipients.finding.keys import EMAIL, NAME
from app.recipients.finding.models import Segment
from app.recipients.finding.walking import Stream
from app.recipients.lists import MAX_LIST_NAME, find_list
from app.recipients.models import Recipient, RecipientList
from app.refusals import NotThere, Refused
from app.words import _, _n

MOST_SEGMENTS = 100
"""Segments of one list, so that a page can show them all."""


def find_segment(
    session: Session, actor: Actor, list_id: int | None, segment_id: int, *, lock: bool = False
) -> Segment:
    """Find a segment of a list (None: of any list) of the actor's workspace, with its list. Raises NotThere.

    `lock` holds it against others who change or delete it.
    """
    query = select(Segment).join(Segment.list).options(contains_eager(Segment.list))
    query = query.where(Segment.id == segment_id, RecipientList.workspace_id == actor.workspace_id)
    if list_id is not None:
        query = query.where(Segment.list_id == list_id)
    if lock:
        query = query.with_for_update(of=Segment).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotThere("segment")
    return found


def segments_of(session: Session, list_id: int) -> Sequence[Segment]:
    """Give the segments of a list by name."""
    query = select(Segment).where(Segment.list_id == list_id)
    return session.scalars(query.order_by(func.lower(Segment.name), Segment.id)).all()


def make_segment(session: Session, actor: Actor, list_id: int, *, name: str, wanted: Filter) -> Segment:
    """Save a filter as a segment. Raises NotThere, and Refused with its field."""
    of_list = find_list(session, actor, list_id, lock=True)
    name, wanted = _check_name(name), _check_filter(of_list, wanted)
    if len(segments_of(session, list_id)) >= MOST_SEGMENTS:
        raise Refused(
            _(
                "A list has at most %(most_segments)s segments. Delete one that nobody needs.",
                most_segments=MOST_SEGMENTS,
            ),
            field="name",
        )
    made = Segment(list=of_list, list_id=of_list.id, name=name, filter=wanted.to_json(), created_by=actor.id)
    _flush_named(session, made)
    words = _("Segment “%(name)s” of “%(list_name)s” saved", name=name, list_name=of_list.name)
    note(session, actor, "segment.saved", words, subject_id=made.id, changes={_("Filter"): ("", _told(wanted))})
    return made


def change_segment(
    session: Session, actor: Actor, list_id: int, segment_id: int, *, name: str, wanted: Filter, seen: int
) -> Segment:
    """Give a segment another name or filter. `seen` is the change number that the person looked at.

    Reviews of sends that use it are old then (P7). Raises NotThere, and Refused with its field, also when somebody else
    changed it meanwhile.
    """
    found = find_segment(session, actor, list_id, segment_id, lock=True)
    name, wanted = _check_name(name), _check_filter(found.list, wanted)
    if found.change_number != seen:
        raise Refused(_("Somebody changed this segment since you opened it. Look at it again before you change it."))
    if (name, wanted.to_json()) == (found.name, found.filter):
        return found
    note(
        session,
        actor,
        "segment.changed",
        _("Segment “%(name)s” of “%(list_name)s” changed", name=found.name, list_name=found.list.name),
        subject_id=segment_id,
        changes={_("Name"): (found.name, name), _("Filter"): (_told(Filter.from_json(found.filter)), _told(wanted))},
    )
    found.name, found.filter = name, wanted.to_json()
    found.change_number += 1
    _flush_named(session, found)
    return found


def delete_segment(session: Session, actor: Actor, list_id: int, segment_id: int, *, unfinished_sends: int) -> str:
    """Delete a segment; nobody leaves the list. Gives its name. Raises Refused while `unfinished_sends` use it.

    The number comes from the caller, because lists know nothing of sends. It holds the segment before it counts.
    """
    found = find_segment(session, actor, list_id, segment_id, lock=True)
    if unfinished_sends:
        raise Refused(
            _n(
                "An unfinished send uses this segment. Finish or cancel that first, or choose others there. "
                "Nothing was deleted.",
                "%(count)s unfinished sends use this segment. Finish or cancel that first, or choose others there. "
                "Nothing was deleted.",
                unfinished_sends,
            )
        )
    note(
        session,
        actor,
        "segment.deleted",
        _("Segment “%(name)s” of “%(list_name)s” deleted", name=found.name, list_name=found.list.name),
        subject_id=segment_id,
    )
    session.delete(found)
    session.flush()
    return found.name


def _told(wanted: Filter) -> str:
    """Say a filter for the trail, which names no person: what an address or a name is compared with is left out."""
    masked = (
        replace(one, value="…") if one.column in {EMAIL, NAME} or "@" in one.value else one for one in wanted.conditions
    )
    return words_of(replace(wanted, conditions=tuple(masked)))


def segments_using(session: Session, list_id: int, column: str) -> list[Segment]:
    """Give the segments of a list whose filter asks for a column: what is in the way of removing it."""
    return [
        one
        for one in segments_of(session, list_id)
        if column in {condition.column for condition in filter_of(one).conditions}
    ]


def rename_in_segments(session: Session, list_id: int, column: str, target: str) -> None:
    """Let the segments of a list follow a column that got another name. Reviews of sends that use them are old then."""
    for segment in segments_using(session, list_id, column):
        wanted = filter_of(segment)
        moved = [replace(one, column=target) if one.column == column else one for one in wanted.conditions]
        segment.filter = replace(wanted, conditions=tuple(moved)).to_json()
        segment.change_number += 1


def filter_of(segment: Segment) -> Filter:
    """Give a segment's filter."""
    return Filter.from_json(segment.filter)


def filter_words(segment: Segment) -> str:
    """Say a segment's filter in words."""
    return words_of(filter_of(segment), segment.list.column_kinds)


def stream_of(segment: Segment) -> Stream:
    """Give the people of a segment. Raises Refused when its filter asks for a column that is gone."""
    return Stream(segment.list_id, (clause_of(segment),))


def clause(of_list: RecipientList, wanted: Filter) -> ColumnElement[bool]:
    """Give the condition that somebody is on a list and meets a filter. Raises Refused for a column that is gone."""
    return and_(*clauses(of_list, wanted))


def clause_of(segment: Segment, recipient: Any = Recipient) -> ColumnElement[bool]:
    """Give the condition that somebody of the list is in a segment; `recipient` may be an alias of `Recipient`.

    Raises Refused when the filter asks for a column that is gone.
    """
    met = clause(segment.list, filter_of(segment))
    if recipient is Recipient:
        return met
    return ClauseAdapter(inspect(recipient).selectable).traverse(met)


def _check_name(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise Refused(_("Give the segment a name."), field="name")
    if len(name) > MAX_LIST_NAME:
        raise Refused(_("A name has at most %(most)s characters.", most=MAX_LIST_NAME), field="name")
    return name


def _check_filter(of_list: RecipientList, wanted: Filter) -> Filter:
    if not wanted:
        raise Refused(_("Add a condition. Without one it would be everybody on the list."), field="filter")
    return check_filter(of_list, wanted)


def _flush_named(session: Session, changed: Segment) -> None:
    """Write the segment; the database has the last word when two people take a name at the same moment."""
    try:
        with session.begin_nested():
            session.add(changed)
            session.flush()
    except IntegrityError as error:
        raise Refused(
            _("This list has a segment with this name already. Choose another name."), field="name"
        ) from error
