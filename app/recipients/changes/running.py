"""Changes of the people of a list, each of which can be undone.

A change of a few people is done at once, in the transaction of whoever asks. A change of many is done by the worker, a
chunk at a time (`step`), goes on when the page is closed, can be stopped, and begins again after a crash where its last
chunk ended. What a person was before stands in `ListChangeRow` until `UNDO_FOR` is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import Database, now, table_of
from app.recipients.changes import kept_cells
from app.recipients.changes.doing import do_chunk, person_json
from app.recipients.changes.models import GOING, ChangeKind, ChangeState, ListChange, ListChangeRow
from app.recipients.changes.undoing import begin_undo, undo_chunk
from app.recipients.changes.words import done_words, undone_words
from app.recipients.finding import sorting
from app.recipients.finding.selecting import EVERYBODY, Selection, people_of
from app.recipients.lists import find_list
from app.recipients.models import Recipient, RecipientList
from app.recipients.resting import require_rest
from app.refusals import NotThere, Refused
from app.words import _

AT_ONCE = 2_000
"""People that a change may have to be done at once."""
UNDO_FOR = timedelta(days=7)
WHOLE_COLUMN = (ChangeKind.RENAME_COLUMN, ChangeKind.REMOVE_COLUMN)
"""Changes that are about everybody's cell in one column."""


@dataclass(frozen=True, slots=True)
class _Doer:
    """Whoever asked for a change, for the trail."""

    id: int
    workspace_id: int


def begin(
    session: Session,
    actor: Actor,
    list_id: int,
    kind: ChangeKind,
    selection: Selection = EVERYBODY,
    act: Mapping[str, Any] | None = None,
) -> ListChange:
    """Begin a change. A small one is done when this returns; a large one goes on in the worker.

    Raises NotThere, and Refused while another change of this list is under way, or for a filter that does not fit.
    """
    found = find_list(session, actor, list_id, lock=True)
    require_rest(session, found)
    met = people_of(session, found, selection)
    change = ListChange(
        list_id=list_id, person_id=actor.id, kind=kind, selection=selection.to_json(), act=dict(act or {})
    )
    session.add(change)
    session.flush()
    few = select(Recipient.id).where(*met).limit(AT_ONCE + 1)
    if len(session.scalars(few).all()) <= AT_ONCE and not kept_cells.are_many(session, change, AT_ONCE):
        while step(session, change.id):
            pass
    return change


def step(session: Session, change_id: int) -> bool:
    """Do the next chunk of a change or of its undo; False when nothing is left to do."""
    list_id = session.scalar(select(ListChange.list_id).where(ListChange.id == change_id))
    if list_id is None:
        return False
    # the list before the change, as everybody does, so that nobody waits in a ring
    found = session.get(RecipientList, list_id, with_for_update=True, populate_existing=True)
    change = session.get(ListChange, change_id, with_for_update=True, populate_existing=True)
    if found is None or change is None or change.state not in GOING:
        return False
    if change.state is ChangeState.RUNNING:
        is_over, end = do_chunk(session, found, change), ChangeState.DONE
    else:
        is_over, end = undo_chunk(session, found, change), ChangeState.UNDONE
    if is_over:
        _finish(session, found, change, end)
    session.flush()
    return not is_over


def work(database: Database, change_id: int, *, stops: Callable[[], bool] = lambda: False) -> None:
    """Do a change to its end, or until `stops` says so, a transaction a chunk. Two at once do no harm."""
    while not stops():
        with database.writing() as session:
            if not step(session, change_id):
                return


def going(session: Session) -> Sequence[int]:
    """Give the changes that wait for a worker."""
    return session.scalars(select(ListChange.id).where(ListChange.state.in_(GOING)).order_by(ListChange.id)).all()


def find_change(session: Session, actor: Actor, list_id: int, change_id: int) -> ListChange:
    """Find a change of a list of the actor's workspace. Raises NotThere."""
    find_list(session, actor, list_id)
    change = session.get(ListChange, change_id)
    if change is None or change.list_id != list_id:
        raise NotThere("change")
    return change


def latest_changes(session: Session, list_id: int, *, limit: int = 5) -> Sequence[ListChange]:
    """Give the changes of a list that can still be undone or are under way, newest first."""
    query = select(ListChange).where(ListChange.list_id == list_id, ListChange.at > now() - UNDO_FOR)
    return session.scalars(query.order_by(ListChange.id.desc()).limit(limit)).all()


def undo(session: Session, actor: Actor, list_id: int, change_id: int) -> ListChange:
    """Undo a change; a large one goes on in the worker. Raises NotThere, and Refused when it cannot be undone any more.

    People who were changed again since stay as they are, and are counted in `kept`.
    """
    found = find_list(session, actor, list_id, lock=True)
    change = find_change(session, actor, list_id, change_id)
    require_rest(session, found)
    if change.state not in (ChangeState.DONE, ChangeState.STOPPED) or change.at < now() - UNDO_FOR:
        raise Refused(_("This cannot be undone any more."))
    looked_at = found.recipient_count if change.kind in WHOLE_COLUMN else change.done  # however few have a cell there
    is_large = looked_at > AT_ONCE or kept_cells.are_many(session, change, AT_ONCE)
    change.state, change.last_id, change.done, change.kept = ChangeState.UNDOING, 0, 0, 0
    begin_undo(session, found, change)
    session.flush()
    while not is_large and step(session, change.id):
        pass
    return change


def stop(session: Session, actor: Actor, list_id: int, change_id: int) -> ListChange:
    """Stop a change half-way. Raises NotThere, and Refused for one that must be whole, or is over."""
    found = find_list(session, actor, list_id, lock=True)
    change = find_change(session, actor, list_id, change_id)
    if change.state is not ChangeState.RUNNING or change.kind in WHOLE_COLUMN:
        raise Refused(_("This cannot be stopped: it is over, or it concerns a whole column."))
    _finish(session, found, change, ChangeState.STOPPED)
    return change


def keep_single(
    session: Session, actor: Actor, kind: ChangeKind, recipient: Recipient, was: Mapping[str, Any]
) -> ListChange:
    """Keep what one person was before they were added (nothing), edited or removed, for the undo."""
    change = ListChange(
        list_id=recipient.list_id, person_id=actor.id, kind=kind, state=ChangeState.DONE, done=1, act={}
    )
    session.add(change)
    session.flush()
    became = {} if kind is ChangeKind.REMOVE else person_json(recipient)
    session.add(
        ListChangeRow(
            change_id=change.id,
            recipient_id=recipient.id,
            email_key=recipient.email_key,
            was=dict(was),
            became=became,
        )
    )
    session.flush()
    return change


def forget_old(session: Session, *, limit: int = 5_000) -> int:
    """Forget some of what changes kept for their undo, when its time is over; gives how many rows went."""
    old = select(ListChange.id).where(ListChange.at < now() - UNDO_FOR, ListChange.state.not_in(GOING))
    rows = session.execute(
        select(ListChangeRow.change_id, ListChangeRow.recipient_id).where(ListChangeRow.change_id.in_(old)).limit(limit)
    ).all()
    table = table_of(ListChangeRow)
    if rows:
        session.execute(
            delete(table).where(
                table.c.change_id == bindparam("of_change"), table.c.recipient_id == bindparam("of_recipient")
            ),
            [{"of_change": one.change_id, "of_recipient": one.recipient_id} for one in rows],
        )
    return len(rows)


def _finish(session: Session, found: RecipientList, change: ListChange, state: ChangeState) -> None:
    """Let reviews made before know (P7), and the trail, which names no address."""
    change.state = state
    change.selection = {}  # a search may hold an address, a value a name: neither is needed any more
    change.act = {name: part for name, part in change.act.items() if name not in ("value", kept_cells.PLACE)}
    sorting.count_change(found)
    doer = _Doer(change.person_id, found.workspace_id)
    is_undo = state is ChangeState.UNDONE
    words = undone_words(found, change) if is_undo else done_words(found, change)
    action = "list.change_undone" if is_undo else f"list.{change.kind}"
    note(session, doer, action, words, subject_id=found.id, change_id=change.id)
    session.flush()
