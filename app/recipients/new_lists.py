"""New lists of any size, in short transactions: filled out of sight, shown in one moment, and emptied out of sight.

A list without a workspace is out of sight. Killed while it fills, the next run goes on behind the last chunk; killed
while it empties, it empties on.
"""

from __future__ import annotations

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.db import table_of
from app.people.models import Person
from app.recipients.columns import ColumnKind
from app.recipients.imports.mapping import data_columns, mapping_of
from app.recipients.imports.run import RANGE, ImportRun, Overtaken, WorkerEnds
from app.recipients.lists import check_name, hold_uploads_into
from app.recipients.models import ImportState, ListUpload, Recipient, RecipientList, StagedRow
from app.refusals import Refused
from app.words import _

_EMPTYING = -2
"""`ListUpload.progress` while the list is emptied; -1: nobody is in it yet."""


def make(run: ImportRun) -> None:
    """Make the list of an import. Raises Refused when its name is taken, Overtaken, WorkerEnds."""
    if (half_emptied := _half_emptied(run)) is not None:
        empty(run, half_emptied)
    list_id = _begin(run)
    try:
        while _fill(run, list_id):
            pass
        _show(run, list_id)
    except (Overtaken, WorkerEnds, OperationalError):  # the next run goes on
        raise
    except Exception:  # rows may be mended before the next try, so that begins with an empty list
        empty(run, list_id)
        raise


def take_away(run: ImportRun, words: str) -> None:
    """Take a list away that an import made: out of sight at once, then bit by bit. Raises Overtaken, WorkerEnds."""
    with run.database.writing() as session:
        run.hold_list(session)
        upload = run.upload(session, lock=True)
        list_id = upload.list_id
        if list_id is not None and _is_shown(session, list_id):
            actor = session.get_one(Person, upload.undone_by)
            session.execute(
                update(RecipientList)
                .where(RecipientList.id == list_id)
                .values(workspace_id=None, change_number=RecipientList.change_number + 1)
                .execution_options(synchronize_session=False)
            )
            note(session, actor, "list.deleted", words, subject_id=list_id)
    if list_id is not None:
        empty(run, list_id)


def empty(run: ImportRun, list_id: int) -> None:
    """Delete a list that is out of sight with its people, chunk by chunk."""
    while True:
        with run.database.writing() as session:
            session.get(RecipientList, list_id, with_for_update=True)
            hold_uploads_into(session, list_id)
            run.hold(session, progress=_EMPTYING)
            if session.scalar(select(Recipient.id).where(Recipient.list_id == list_id).limit(1)) is None:
                session.execute(
                    update(ListUpload)
                    .where(ListUpload.id == run.upload_id)
                    .values(list_id=None)
                    .execution_options(synchronize_session=False)
                )
                session.execute(delete(RecipientList).where(RecipientList.id == list_id))
                return
            some = select(Recipient.id).where(Recipient.list_id == list_id).limit(RANGE)
            session.execute(
                delete(Recipient).where(Recipient.id.in_(some)).execution_options(synchronize_session=False)
            )


def _half_emptied(run: ImportRun) -> int | None:
    """Give the list that an earlier run was emptying when it ended."""
    with run.database.reading() as session:
        upload = run.upload(session)
        return upload.list_id if upload.progress == _EMPTYING else None


def _is_shown(session: Session, list_id: int) -> bool:
    return session.scalar(select(RecipientList.workspace_id).where(RecipientList.id == list_id)) is not None


def _begin(run: ImportRun) -> int:
    """Make the list out of sight, or give the one that an earlier run made."""
    with run.database.writing() as session:
        run.hold(session)
        upload = run.upload(session)
        if upload.list_id is not None:
            return upload.list_id
        named = data_columns(mapping_of(upload.mapping))
        made = session.execute(
            insert(table_of(RecipientList))
            .values(
                workspace_id=None,
                name=upload.list_name,
                columns=[one.variable for one in named],
                column_kinds={one.variable: one.kind.value for one in named if one.kind is not ColumnKind.TEXT},
                created_by=upload.person_id,
            )
            .returning(RecipientList.id)
        ).scalar_one()
        run.hold(session, list_id=made, progress=-1, progress_total=int(upload.counts["adds"]))
        return made


def _fill(run: ImportRun, list_id: int) -> bool:
    """Copy the next lines; False when there are none. `progress` is the last line that is in the list."""
    with run.database.writing() as session:
        run.hold(session)
        after = run.upload(session).progress
        of_upload = (StagedRow.upload_id == run.upload_id, StagedRow.line > after)
        lines = select(StagedRow.line).where(*of_upload).order_by(StagedRow.line).limit(RANGE).subquery()
        last = session.scalar(select(func.max(lines.c.line)))
        if last is None:
            return False
        rows = (
            select(literal(list_id), StagedRow.email, StagedRow.email_key, StagedRow.name, StagedRow.data)
            .where(*of_upload, StagedRow.line <= last, StagedRow.problem.is_(None), StagedRow.change.is_(None))
            .order_by(StagedRow.line)
        )
        session.execute(
            insert(table_of(Recipient)).from_select(["list_id", "email", "email_key", "name", "data"], rows)
        )
        run.hold(session, progress=last)
    return True


def _show(run: ImportRun, list_id: int) -> None:
    """Let the list be seen, whole."""
    with run.database.writing() as session:
        run.hold(session)
        upload = run.upload(session, lock=True)
        actor = session.get_one(Person, upload.person_id)
        name, count = check_name(session, actor, upload.list_name), int(upload.counts["adds"])
        try:
            with session.begin_nested():
                session.execute(
                    update(RecipientList)
                    .where(RecipientList.id == list_id)
                    .values(workspace_id=upload.workspace_id, name=name, recipient_count=count)
                    .execution_options(synchronize_session=False)
                )
        except IntegrityError as error:
            raise Refused(_("There is a list with this name already. Choose another name."), field="name") from error
        note(
            session,
            actor,
            "list.saved",
            _("List “%(name)s” saved with %(count)s people", name=name, count=count),
            subject_id=list_id,
        )
        upload.list_change_number = session.scalar(
            select(RecipientList.change_number).where(RecipientList.id == list_id)
        )
        upload.state, upload.words, upload.list_name = ImportState.DONE, "", name
