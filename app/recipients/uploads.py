"""Uploads: a file or paste that was read, waiting for a person to save it as a list or to cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import PurePath

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer

from app.audit.trail import Actor
from app.db import now
from app.recipients.importing import Understood, understand
from app.recipients.lists import MAX_LIST_NAME, make_list
from app.recipients.models import ListUpload, RecipientList
from app.recipients.reading import Table, read_table
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.refusals import NotThere, Refused

KEPT_FOR = timedelta(days=7)
"""Uploads that nobody saved go when the same person uploads again."""


def keep_upload(session: Session, actor: Actor, *, list_name: str, content: bytes, file_name: str = "") -> ListUpload:
    """Keep what was uploaded (a paste as UTF-8, without a file name) until it is saved. Raises Refused when unreadable.

    A file without a list name lends its own.
    """
    list_name = " ".join(list_name.split()) or PurePath(file_name).stem.replace("_", " ")[:MAX_LIST_NAME].strip()
    if not list_name:
        raise Refused("Give the list a name.", field="name")
    if len(list_name) > MAX_LIST_NAME or "\0" in list_name:
        raise Refused(f"A name has at most {MAX_LIST_NAME} characters.", field="name")
    understand(read_table(content))
    session.execute(
        delete(ListUpload).where(ListUpload.person_id == actor.id, ListUpload.created_at < now() - KEPT_FOR)
    )
    upload = ListUpload(
        workspace_id=actor.workspace_id,
        person_id=actor.id,
        list_name=list_name,
        file_name=file_name.replace("\0", "")[-255:],
        content=content,
    )
    session.add(upload)
    session.flush()
    return upload


def find_upload(session: Session, actor: Actor, upload_id: int, *, lock: bool = False) -> ListUpload:
    """Find an upload of the actor's own. Raises NotThere."""
    query = select(ListUpload).where(
        ListUpload.id == upload_id, ListUpload.workspace_id == actor.workspace_id, ListUpload.person_id == actor.id
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotThere("upload")
    return found


def waiting_uploads(session: Session, actor: Actor) -> Sequence[ListUpload]:
    """Give the actor's uploads that wait for an answer, newest first, without their content."""
    query = select(ListUpload).where(ListUpload.workspace_id == actor.workspace_id, ListUpload.person_id == actor.id)
    return session.scalars(query.order_by(ListUpload.id.desc()).limit(5).options(defer(ListUpload.content))).all()


def read_upload(upload: ListUpload) -> tuple[Table, Understood]:
    """Read an upload again: content never changes, so it means the same every time."""
    table = read_table(upload.content)
    return table, understand(table, None if upload.email_column is None else int(upload.email_column))


def choose_email_column(session: Session, actor: Actor, upload_id: int, position: int | None) -> ListUpload:
    """Keep a person's choice of the e-mail column, counted from 0. Raises NotThere, and Refused for another column."""
    upload = find_upload(session, actor, upload_id, lock=True)
    _, understood = read_upload(upload)
    if position not in {column.position for column in understood.candidates}:
        raise Refused("Choose the column with the addresses to write to.", field="email_column")
    upload.email_column = str(position)
    return upload


def save_upload(session: Session, actor: Actor, upload_id: int, *, list_name: str) -> RecipientList:
    """Save the good rows as a list and let the upload go, in one transaction.

    Raises NotThere when it was saved or cancelled before (so a second press makes no second list), and Refused for
    the name, for an e-mail column not chosen yet, or when there is nobody to save.
    """
    upload = find_upload(session, actor, upload_id, lock=True)
    _, understood = read_upload(upload)
    if understood.email_column is None:
        raise Refused("First choose the column with the addresses to write to.", field="email_column")
    if not understood.people:
        raise Refused("No row can be saved as it is. Mend the file and upload it again.")
    columns = [column.variable for column in understood.data_columns]
    made = make_list(session, actor, name=list_name, columns=columns, people=understood.people)
    session.delete(upload)
    return made


def cancel_upload(session: Session, actor: Actor, upload_id: int) -> None:
    """Forget an upload. Raises NotThere."""
    session.delete(find_upload(session, actor, upload_id, lock=True))


def bad_rows_as_csv(table: Table, understood: Understood) -> str:
    """Write the bad rows as they were, with their line and the reason in front, to be mended in a spreadsheet."""
    rows = ([row.line, f"{row.words} {row.suggestion}".strip(), *row.cells] for row in understood.bad_rows)
    return BYTE_ORDER_MARK + csv_lines([["line in the file", "what is wrong", *table.header.cells], *rows])
