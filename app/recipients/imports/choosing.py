"""What a person chose on the page of an upload: its one form asks how the file is read, what its columns are and what
becomes of the list, and every button of it brings all of that along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.db import Database
from app.recipients.files.grid import Choices
from app.recipients.imports.mapping import ColumnRole, Mapped, mapping_of
from app.recipients.imports.uploads import (
    CHANGEABLE,
    check_length,
    choose_columns,
    choose_reading,
    choose_way,
    find_upload,
    hold_target,
    save_upload,
)
from app.recipients.models import ImportState, ImportWay, ListUpload
from app.refusals import Refused
from app.words import _

NOT_COUNTED = _(
    "Nothing is imported yet: what you chose had not been counted. Now it is. Look at the effect, then import."
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that the page asks."""

    reading: Choices
    columns: Mapping[int, Mapped]
    way: ImportWay
    list_id: int | None
    list_name: str
    """Of a new list."""


def as_counted(upload: ListUpload) -> Chosen:
    """Give the choices that the rows were, or are being, read and counted with."""
    found, choices, is_new = upload.found, upload.choices, upload.way is ImportWay.NEW
    return Chosen(
        reading=Choices(
            choices.get("encoding", ""),
            choices.get("delimiter", ""),
            found.get("sheet", ""),
            found.get("header_line", 0),
        ),
        columns={one.position: one for one in mapping_of(upload.mapping)},
        way=upload.way,
        list_id=None if is_new else upload.list_id,
        list_name=upload.list_name if is_new else "",
    )


def take_over(
    session: Session, database: Database, actor: Actor, upload_id: int, chosen: Chosen, *, reads: bool = False
) -> bool:
    """Take over what was chosen; gives whether rows must be read or counted again, which is a worker's task.

    `reads`: the file is to be read in the chosen way. Raises NotThere, and Refused with the field.
    """
    hold_target(session, actor, upload_id, chosen.way, chosen.list_id)
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state not in CHANGEABLE:
        return False
    before, begins = as_counted(upload), upload.state in (ImportState.CHOOSING, ImportState.FAILED)
    if chosen.reading != before.reading and not reads:
        raise Refused(
            _("It is not read in the way you chose yet. Press “Read it so”, or choose again what was there before."),
            field="reading",
        )
    if chosen.way is ImportWay.NEW and chosen.list_name:
        check_length(chosen.list_name)
        upload.list_name = chosen.list_name
    is_other_way = (chosen.way, _target(chosen)) != (before.way, before.list_id)
    if is_other_way:
        choose_way(session, actor, upload_id, chosen.way, list_id=chosen.list_id)
    if reads:
        choose_reading(session, database, actor, upload_id, chosen.reading, chosen.columns)
        return True
    has_other_columns = any(_said(one) != _said(before.columns[position]) for position, one in chosen.columns.items())
    if has_other_columns or begins:
        choose_columns(session, actor, upload_id, chosen.columns)
    return is_other_way or has_other_columns or begins


def save(session: Session, database: Database, actor: Actor, upload_id: int, chosen: Chosen) -> ListUpload:
    """Let a worker import what was counted. When something else is chosen by now, it is counted instead, and said.

    Raises NotThere, Refused.
    """
    hold_target(session, actor, upload_id, chosen.way, chosen.list_id)
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state is ImportState.READY and take_over(session, database, actor, upload_id, chosen):
        upload.words = NOT_COUNTED
        return upload
    return save_upload(session, actor, upload_id, list_name=chosen.list_name)


def _target(chosen: Chosen) -> int | None:
    return None if chosen.way is ImportWay.NEW else chosen.list_id


def _said(column: Mapped) -> tuple[str, ...]:
    """Give what a person says of a column; only data has a name of its own."""
    return column.role, column.kind, column.variable if column.role is ColumnRole.DATA else ""
