"""Changing a list as it was counted, so that nobody sees half of it, and taking that back.

A list that is there changes in one transaction: killed in the middle, nothing is changed, and the next run does it from
the start. A new one is filled out of sight (`new_lists`). An undo looks at every person it puts back, which takes too
long for one transaction: it goes lines by lines, and until it is over the list is not at rest (`resting`).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, cast, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.db import table_of
from app.people.models import Person
from app.recipients import new_lists
from app.recipients.columns import ColumnKind
from app.recipients.finding import keying
from app.recipients.imports.counting import CHANGE, REMOVE, effect_words
from app.recipients.imports.mapping import data_columns, mapping_of
from app.recipients.imports.run import RANGE, ImportRun
from app.recipients.models import ImportState, ImportWay, ListUpload, Recipient, RecipientList, StagedRow
from app.recipients.resting import require_rest
from app.refusals import Refused
from app.words import _, _n, joined

_TAKEN_BACK = "taken_back"
"""Where `ListUpload.counts` has what an undo did so far."""
_CELLS = ("list_id", "email", "email_key", "name", "data")
"""What a staged row gives a recipient."""
LIST_CHANGED = _("The list was changed meanwhile, so the effect was counted again. Look at it once more.")


def apply(run: ImportRun) -> None:
    """Change the list. When it is not as it was counted, count again instead. Raises Refused, Overtaken, WorkerEnds."""
    with run.database.reading() as session:
        way = run.upload(session).way
    if way is ImportWay.NEW:
        new_lists.make(run)
    else:
        _change_list(run)


def undo(run: ImportRun) -> None:
    """Take an import back. People changed by hand since stay as they are. Raises Overtaken, WorkerEnds."""
    with run.database.reading() as session:
        upload = run.upload(session)
        made = session.get(RecipientList, upload.list_id) if upload.list_id else None
    if upload.way is ImportWay.NEW and made is not None:
        is_going = made.workspace_id is None
        if is_going or made.change_number == upload.list_change_number:
            count = int(upload.counts["adds"])
            words = _("The list “%(list_name)s” with %(count)s people is gone again.", list_name=made.name, count=count)
            new_lists.take_away(
                run,
                _(
                    "Import undone: list “%(list_name)s” deleted with %(count)s people",
                    list_name=made.name,
                    count=count,
                ),
            )
            run.end(ImportState.UNDONE, words=words)
            return
    while _take_some_back(run):
        pass


def _change_list(run: ImportRun) -> None:
    with run.database.writing() as session:
        changed = run.hold_list(session)
        upload = run.upload(session, lock=True)
        actor = session.get_one(Person, upload.person_id)
        if changed is None:
            raise Refused(_("The list was deleted meanwhile. Choose another one."))
        if changed.change_number != upload.list_change_number:
            upload.state, upload.words = ImportState.READING, LIST_CHANGED
            return
        require_rest(session, changed)
        _add(session, upload, changed)
        _change(session, upload)
        _remove(session, upload)
        _columns(upload, changed)
        changed.recipient_count += int(upload.counts["adds"]) - int(upload.counts["removes"])
        changed.change_number += 1
        upload.list_name, upload.list_change_number = changed.name, changed.change_number
        upload.state, upload.words = ImportState.DONE, ""
        words = _(
            "Import into “%(list_name)s”: %(effect)s",
            list_name=changed.name,
            effect=effect_words(upload.counts),
        )
        note(session, actor, "list.imported", words, subject_id=changed.id)


def _of(upload: ListUpload) -> tuple[ColumnElement[bool], ...]:
    return StagedRow.upload_id == upload.id, StagedRow.problem.is_(None)


def _add(session: Session, upload: ListUpload, changed: RecipientList) -> None:
    rows = (
        select(literal(changed.id), StagedRow.email, StagedRow.email_key, StagedRow.name, StagedRow.data)
        .where(*_of(upload), StagedRow.change.is_(None))
        .order_by(StagedRow.line)
    )
    session.execute(insert(table_of(Recipient)).from_select(_CELLS, rows))


def _change(session: Session, upload: ListUpload) -> None:
    if upload.counts["changes"]:
        session.execute(
            update(Recipient)
            .where(Recipient.id == StagedRow.recipient_id, *_of(upload), StagedRow.change == CHANGE)
            .values(name=StagedRow.name, data=StagedRow.data, keys=None)
            .execution_options(synchronize_session=False)
        )


def _remove(session: Session, upload: ListUpload) -> None:
    """Take people out, and keep them for an undo."""
    if not upload.counts["removes"]:
        return
    session.execute(
        update(StagedRow)
        .where(StagedRow.recipient_id == Recipient.id, *_of(upload), StagedRow.change == REMOVE)
        .values(email=Recipient.email, email_key=Recipient.email_key, name=Recipient.name, data=Recipient.data)
        .execution_options(synchronize_session=False)
    )
    removed = select(StagedRow.recipient_id).where(*_of(upload), StagedRow.change == REMOVE)
    session.execute(delete(Recipient).where(Recipient.id.in_(removed)).execution_options(synchronize_session=False))


def _columns(upload: ListUpload, changed: RecipientList) -> None:
    """Add the columns that the list did not have, and keep what each holds."""
    named = data_columns(mapping_of(upload.mapping))
    kinds_before = dict(changed.column_kinds)
    changed.columns = [*changed.columns, *(one.variable for one in named if one.variable not in changed.columns)]
    kinds = {one.variable: one.kind.value for one in named if one.kind is not ColumnKind.TEXT}
    changed.column_kinds = {**changed.column_kinds, **kinds}
    if changed.column_kinds != kinds_before:
        keying.start_over(changed)


# Taking back


@dataclass(slots=True)
class _TakenBack:
    """People whom an undo took out, gave back what they were, and brought back."""

    gone: int = 0
    restored: int = 0
    back: int = 0


def _take_some_back(run: ImportRun) -> bool:
    """Take back what the last staged rows did, and let them go; at the end say so. False: it is over."""
    with run.database.writing() as session:
        changed = run.hold_list(session)
        upload = run.upload(session, lock=True)
        if changed is None:
            upload.state, upload.words = ImportState.UNDONE, _("The list was deleted; there was nothing to undo.")
            return False
        taken_back = _TakenBack(*upload.counts.get(_TAKEN_BACK, ()))
        first = _first_of_last(session, upload)
        if first is None:
            _end_undo(session, upload, changed, taken_back)
            return False
        rows = (*_of(upload), StagedRow.line >= first)
        taken_back.gone += (gone := _take_out(session, changed, rows))
        taken_back.restored += _restore(session, changed, rows)
        taken_back.back += (back := _bring_back(session, changed, rows))
        changed.recipient_count += back - gone
        upload.counts = {**upload.counts, _TAKEN_BACK: astuple(taken_back)}
        _delete(session, StagedRow, *rows)
    return True


def _first_of_last(session: Session, upload: ListUpload) -> int | None:
    """Give the first of the last `RANGE` good rows; None when there are none. Lines below 0 come last."""
    last = select(StagedRow.line).where(*_of(upload)).order_by(StagedRow.line.desc()).limit(RANGE).subquery()
    first: int | None = session.scalar(select(func.min(last.c.line)))
    return first


def _end_undo(session: Session, upload: ListUpload, changed: RecipientList, taken_back: _TakenBack) -> None:
    if changed.change_number == upload.list_change_number:
        changed.columns = list(upload.columns_before)
        changed.column_kinds = {one: kind for one, kind in upload.kinds_before.items() if one in changed.columns}
        keying.start_over(changed)
    changed.change_number += 1
    upload.state, upload.words = ImportState.UNDONE, _undone_words(upload, taken_back)
    words = _("Import into “%(list_name)s” undone", list_name=changed.name)
    note(session, session.get_one(Person, upload.undone_by), "list.import_undone", words, subject_id=changed.id)


def _undone_words(upload: ListUpload, taken_back: _TakenBack) -> str:
    stays = int(upload.counts["adds"]) - taken_back.gone + int(upload.counts["changes"]) - taken_back.restored
    said = [
        _n("%(count)s person is taken out.", "%(count)s people are taken out.", taken_back.gone),
        _n("%(count)s person is as before.", "%(count)s people are as before.", taken_back.restored),
        _n("%(count)s person is back.", "%(count)s people are back.", taken_back.back),
        _n(
            "%(count)s was changed or removed since and stays so.",
            "%(count)s were changed or removed since and stay so.",
            stays,
        ),
    ]
    counts = (taken_back.gone, taken_back.restored, taken_back.back, stays)
    return joined([words for words, number in zip(said, counts, strict=True) if number])


def _take_out(session: Session, changed: RecipientList, rows: tuple[ColumnElement[bool], ...]) -> int:
    """Take out whom the import added; those changed since, or added again, stay."""
    added = (
        select(Recipient.id)
        .join(StagedRow, StagedRow.email_key == Recipient.email_key)
        .where(*rows, StagedRow.change.is_(None), *_as_it_left_them(changed))
    )
    return _delete(session, Recipient, Recipient.id.in_(added))


def _restore(session: Session, changed: RecipientList, rows: tuple[ColumnElement[bool], ...]) -> int:
    """Give changed people back what they were; those changed since stay."""
    same = session.execute(
        select(StagedRow.recipient_id, StagedRow.before)
        .join(Recipient, Recipient.id == StagedRow.recipient_id)
        .where(*rows, StagedRow.change == CHANGE, *_as_it_left_them(changed))
    ).all()
    if same:
        recipient = table_of(Recipient)
        session.execute(
            update(recipient)
            .where(recipient.c.id == bindparam("of_id"))
            .values(name=bindparam("name"), data=bindparam("data"), keys=None),
            [{"of_id": one, "name": before["name"], "data": before["data"]} for one, before in same],
        )
    return len(same)


def _as_it_left_them(changed: RecipientList) -> tuple[ColumnElement[bool], ...]:
    """Say that a recipient is still what the import made of them: SQLite gives a removed person's id to another one."""
    return (
        Recipient.list_id == changed.id,
        Recipient.email_key == StagedRow.email_key,
        Recipient.name == StagedRow.name,
        _text(Recipient.data) == _text(StagedRow.data),
    )


def _text(column: Any) -> ColumnElement[str]:
    """JSON has no equality in PostgreSQL; both sides were written by the same program."""
    return cast(column, String)


def _bring_back(session: Session, changed: RecipientList, rows: tuple[ColumnElement[bool], ...]) -> int:
    """Add removed people again; one whose address was added since is left."""
    there = select(Recipient.id).where(Recipient.list_id == changed.id, Recipient.email_key == StagedRow.email_key)
    removed = (
        select(literal(changed.id), StagedRow.email, StagedRow.email_key, StagedRow.name, StagedRow.data)
        .where(*rows, StagedRow.change == REMOVE, ~there.exists())
        .order_by(StagedRow.line.desc())
    )
    count = session.scalar(select(func.count()).select_from(removed.subquery())) or 0
    if count:
        session.execute(insert(table_of(Recipient)).from_select(_CELLS, removed))
    return count


def _delete(session: Session, table: type[Recipient] | type[StagedRow], *conditions: ColumnElement[bool]) -> int:
    """Delete rows; gives how many there were."""
    statement = delete(table).where(*conditions).execution_options(synchronize_session=False)
    return session.execute(statement).rowcount  # type: ignore[attr-defined,no-any-return]
