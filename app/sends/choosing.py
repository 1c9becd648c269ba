"""Choosing the people of a draft from several lists and segments: some are written to, others are left out."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.recipients.finding.models import Segment
from app.recipients.finding.segments import find_segment
from app.recipients.lists import find_list
from app.recipients.models import RecipientList
from app.refusals import NotThere, Refused
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import parts_of, segment_words, short_words_of
from app.sends.compose import changed, draft_of
from app.sends.draft_trail import Told, note_draft, people_of
from app.sends.models import Send, SendKind
from app.words import _

MOST_PARTS = 20
"""Lists and segments of one send; each one more is another look-up for every person."""


def add_part(
    session: Session, actor: Actor, send_id: int, *, list_id: int, segment_id: int | None, is_excluded: bool
) -> list[str]:
    """Write also to a list or a segment, or leave its people out. Gives the words of the parts whose place it takes.

    A whole list takes the place of its segments and they that of the whole list: both together would mean nothing.
    Raises Refused.
    """
    send = _held_draft(session, actor, send_id)
    chosen, segment = _find(session, actor, list_id, segment_id)
    rows, before = _rows(session, send), people_of(session, send)
    if (list_id, segment_id) in {(row.list_id, row.segment_id) for row in rows}:
        raise Refused(_("This is chosen already. Remove it first to choose it in another way."), field="part")
    replaced = [
        row
        for row in rows
        if row.list_id == list_id and row.is_excluded == is_excluded and row.is_segment != bool(segment_id)
    ]
    words = [_words(session, row) for row in replaced]
    if len(rows) - len(replaced) >= MOST_PARTS:
        raise Refused(_("A send has at most %(most_parts)s lists and segments.", most_parts=MOST_PARTS), field="part")
    added = AudiencePart(
        send_id=send.id,
        position=replaced[0].position if replaced else max((row.position for row in rows), default=0) + 1,
        list_id=chosen.id,
        segment_id=segment.id if segment else None,
        is_segment=segment is not None,
        is_excluded=is_excluded,
    )
    _settle(session, actor, send, [*(row for row in rows if row not in replaced), added], gone=replaced, before=before)
    return words


def remove_part(session: Session, actor: Actor, send_id: int, *, list_id: int, segment_id: int | None) -> None:
    """Take a list or segment away again. Raises NotThere, and Refused for the last one that is written to."""
    send = _held_draft(session, actor, send_id)
    rows, before = _rows(session, send), people_of(session, send)
    removed = _row_of(rows, list_id, segment_id)
    if not [row for row in rows if not row.is_excluded and row is not removed]:
        raise Refused(_("A send goes to at least one list or segment. Add another one first."), field="part")
    _settle(session, actor, send, [row for row in rows if row is not removed], gone=[removed], before=before)


def put_first(session: Session, actor: Actor, send_id: int, *, list_id: int, segment_id: int | None) -> None:
    """Let a part's data go before those of the others. Raises NotThere."""
    send = _held_draft(session, actor, send_id)
    rows = _rows(session, send)
    first, before = _row_of(rows, list_id, segment_id), people_of(session, send)
    for place, row in enumerate([first, *(one for one in rows if one is not first)], start=1):
        row.position = place
    _settle(session, actor, send, rows, before=before)


def only_list(session: Session, send: Send, list_id: int) -> None:
    """Let a draft go to one whole list."""
    session.execute(delete(AudiencePart).where(AudiencePart.send_id == send.id))
    send.list_id, send.list_name = list_id, ""


def only_segment(session: Session, actor: Actor, send_id: int, segment_id: int) -> None:
    """Let a draft go to one segment. Raises Refused."""
    send = _held_draft(session, actor, send_id)
    try:
        segment = find_segment(session, actor, None, segment_id)
    except NotThere as missing:
        raise Refused(_("This segment is gone. Choose another one."), field="list") from missing
    before = people_of(session, send)
    only_list(session, send, segment.list_id)
    row = AudiencePart(send_id=send.id, position=1, list_id=segment.list_id, segment_id=segment.id, is_segment=True)
    _settle(session, actor, send, [row], before=before)


def choices(session: Session, actor: Actor) -> list[tuple[RecipientList, Sequence[Segment]]]:
    """Give every list with its segments, by name: what a part can be."""
    lists = session.scalars(
        select(RecipientList).where(RecipientList.workspace_id == actor.workspace_id).order_by(RecipientList.name)
    ).all()
    segments: dict[int, list[Segment]] = {}
    query = select(Segment).where(
        Segment.list_id.in_(select(RecipientList.id).where(RecipientList.workspace_id == actor.workspace_id))
    )
    for one in session.scalars(query.order_by(Segment.name)):
        segments.setdefault(one.list_id, []).append(one)
    return [(one, segments.get(one.id, ())) for one in lists]


def _held_draft(session: Session, actor: Actor, send_id: int) -> Send:
    """Find a draft to a list and hold it: of two windows one changes it after the other. Raises Refused."""
    send = draft_of(session, actor, send_id)
    session.refresh(send, with_for_update=True)
    send = draft_of(session, actor, send_id)
    if send.kind is not SendKind.LIST:
        raise Refused(_("Only a send to lists has several of them."))
    if send.follows_send_id is not None:
        raise Refused(
            _(
                "This send follows send %(send_id)s and goes to its lists. Begin a new send for other ones.",
                send_id=str(send.follows_send_id),
            )
        )
    return send


def _rows(session: Session, send: Send) -> list[AudiencePart]:
    """Give the parts as rows, with a new one for the one list of a send that had none so far."""
    query = select(AudiencePart).where(AudiencePart.send_id == send.id)
    rows = list(session.scalars(query.order_by(AudiencePart.position, AudiencePart.id)))
    if not rows and send.list_id is not None:
        rows = [AudiencePart(send_id=send.id, position=1, list_id=send.list_id, is_segment=False, is_excluded=False)]
    return rows


def _row_of(rows: Sequence[AudiencePart], list_id: int, segment_id: int | None) -> AudiencePart:
    """Find a part by what it is: its number may be another one's by now, in a window opened long ago."""
    found = next((row for row in rows if (row.list_id, row.segment_id) == (list_id, segment_id)), None)
    if found is None:
        raise NotThere("part")
    return found


def _settle(
    session: Session,
    actor: Actor,
    send: Send,
    rows: Sequence[AudiencePart],
    gone: Sequence[AudiencePart] = (),
    *,
    before: Told,
) -> None:
    """Write the parts down, and what follows from them: first list, words for titles, and that no review holds."""
    for row in gone:
        if row.id is not None:
            session.delete(row)
    session.add_all(rows)
    session.flush()
    parts = parts_of(session, send)
    first = next(one for one in parts if not one.is_excluded)
    if len(parts) == 1 and not first.is_segment and first.of_list is not None:
        only_list(session, send, first.of_list.id)
    else:
        send.list_id = first.of_list.id if first.of_list else None
        send.list_name = short_words_of(parts)
    note_draft(session, actor, send, "people_chosen", before=before, after=people_of(session, send))
    changed(send, actor)
    session.flush()


def _find(session: Session, actor: Actor, list_id: int, segment_id: int | None) -> tuple[RecipientList, Segment | None]:
    try:
        if segment_id is None:
            return find_list(session, actor, list_id), None
        segment = find_segment(session, actor, list_id, segment_id, lock=True)
        return segment.list, segment
    except NotThere as missing:
        raise Refused(_("Choose a list or a segment."), field="part") from missing


def _words(session: Session, row: AudiencePart) -> str:
    if row.segment_id is not None:
        segment = session.get_one(Segment, row.segment_id)
        return segment_words(segment.name, segment.list.name)
    return session.get_one(RecipientList, row.list_id).name
