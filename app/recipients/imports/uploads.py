"""What a person does with an upload: give it, say how it is read and what its columns are, import, undo, forget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import PurePath
from typing import BinaryIO

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.db import Database, now
from app.recipients.columns import MOST_COLUMNS
from app.recipients.files import stored_file
from app.recipients.files.beginning import beginning_of
from app.recipients.files.grid import Choices
from app.recipients.imports.mapping import (
    ColumnRole,
    ListColumns,
    Mapped,
    check_roles,
    chosen_mapping,
    data_columns,
    email_position,
    fitted_to,
    mapping_of,
    merged_mapping,
)
from app.recipients.imports.mended import ACCEPTED
from app.recipients.lists import MAX_LIST_NAME, check_name, find_list, list_by_name
from app.recipients.models import UNDONE_BY, ImportState, ImportWay, ListUpload, RecipientList
from app.recipients.resting import require_rest
from app.refusals import NotThere, Refused
from app.words import _

WAITING = (ImportState.CHOOSING, ImportState.READING, ImportState.READY, ImportState.APPLYING, ImportState.FAILED)
"""States of an upload that somebody comes back to."""
CHANGEABLE = (ImportState.CHOOSING, ImportState.READING, ImportState.READY, ImportState.FAILED)
"""States in which a person may still say how it is read."""
DONE = (ImportState.DONE, ImportState.UNDOING, ImportState.UNDONE)
"""States of an upload that changed a list: it concerns everybody who works on that, and its file is of no use then."""
STOPPED = _("The check was stopped, so the rows are not counted. Nothing was changed.")


def keep_upload(
    database: Database,
    actor: Actor,
    *,
    list_name: str,
    file: BinaryIO,
    file_name: str = "",
    list_id: int | None = None,
) -> int:
    """Keep a file (or a paste as UTF-8, without a file name) and begin to read it; gives its id.

    Writes in short transactions of its own. With `list_id` it is for that list; otherwise for a new one, whose name the
    file lends when none is given. Raises Refused when its beginning cannot be read, NotThere for the list.
    """
    with database.reading() as session:
        target = find_list(session, actor, list_id) if list_id is not None else None
    name = target.name if target is not None else _list_name(list_name, file_name)
    found, mapping = beginning_of(file, Choices(), _columns_of(target))
    file.seek(0, 2)
    size = file.tell()
    upload = ListUpload(
        workspace_id=actor.workspace_id,
        person_id=actor.id,
        list_name=name,
        file_name=file_name.replace("\0", "")[-255:],
        size=size,
        list_id=list_id,
        way=ImportWay.NEW if target is None else ImportWay.ADD,
        found=found,
        mapping=[one.as_json() for one in mapping],
    )
    with database.writing() as session:
        session.add(upload)
    try:
        stored_file.store(database, upload.id, file)
    except IntegrityError as error:  # a worker cleared the upload away already
        raise _forgotten() from error
    with database.writing() as session:
        kept = session.get(ListUpload, upload.id, with_for_update=True)
        if kept is None or kept.state is ImportState.FORGOTTEN:
            raise _forgotten()
        if email_position(mapping) is not None:
            kept.state = ImportState.READING
    return upload.id


def find_upload(session: Session, actor: Actor, upload_id: int, *, lock: bool = False) -> ListUpload:
    """Find an upload of the actor's own. Raises NotThere."""
    query = select(ListUpload).where(
        ListUpload.id == upload_id,
        ListUpload.workspace_id == actor.workspace_id,
        ListUpload.person_id == actor.id,
    )
    return _found(session, query, lock=lock)


def find_import(session: Session, actor: Actor, upload_id: int, *, lock: bool = False) -> ListUpload:
    """Find an import that changed a list of the actor's workspace, whoever did it, to look at it and to undo it; or any
    upload of the actor's own. Raises NotThere."""
    query = select(ListUpload).where(
        ListUpload.id == upload_id,
        ListUpload.workspace_id == actor.workspace_id,
        or_(ListUpload.person_id == actor.id, ListUpload.state.in_(DONE)),
    )
    return _found(session, query, lock=lock)


def waiting_uploads(
    session: Session, actor: Actor, *, before: int | None = None, limit: int = 25
) -> Sequence[ListUpload]:
    """Give the actor's uploads that are not in a list yet, newest first; only older ones than upload `before`."""
    query = select(ListUpload).where(
        ListUpload.workspace_id == actor.workspace_id,
        ListUpload.person_id == actor.id,
        ListUpload.state.in_(WAITING),
    )
    if before is not None:
        query = query.where(ListUpload.id < before)
    return session.scalars(query.order_by(ListUpload.id.desc()).limit(limit)).all()


def imports_of_list(session: Session, actor: Actor, list_id: int, *, limit: int = 50) -> Sequence[ListUpload]:
    """Give the finished imports into a list that can still be undone, whoever did them, newest first."""
    query = select(ListUpload).where(
        ListUpload.workspace_id == actor.workspace_id,
        ListUpload.list_id == list_id,
        ListUpload.state == ImportState.DONE,
    )
    return session.scalars(query.order_by(ListUpload.id.desc()).limit(limit)).all()


def choose_reading(
    session: Session,
    database: Database,
    actor: Actor,
    upload_id: int,
    choices: Choices,
    given: Mapping[int, Mapped] | None = None,
) -> ListUpload:
    """Read the upload in another way; what was mended is forgotten. Raises NotThere; Refused when it cannot be read so.

    `given`: what a person said of the columns. It stays when they have the same headers then; others are guessed anew.
    """
    upload = _changeable(session, actor, upload_id)
    choices, there = _without_old_header(upload, choices), _columns_of(_list_of(session, upload))
    with stored_file.open_stored(database, upload_id) as file:
        found, mapping = beginning_of(file, choices, there)
    if given and [one.header for one in mapping] == [one.header for one in given.values()]:
        mapping = merged_mapping(mapping, given, there)
        if email_position(mapping) is not None:
            check_roles(mapping)
    upload.choices, upload.found = asdict(choices), found
    upload.mapping = [one.as_json() for one in mapping]
    _begin_anew(upload)
    if email_position(mapping) is None:
        upload.state = ImportState.CHOOSING
    return upload


def choose_columns(session: Session, actor: Actor, upload_id: int, given: Mapping[int, Mapped]) -> ListUpload:
    """Take over what a person says the columns are; if that is new, check every row anew. Raises NotThere, Refused."""
    upload = _changeable(session, actor, upload_id)
    there = mapping_of(upload.mapping)
    chosen = chosen_mapping(there, given, _columns_of(_list_of(session, upload)))
    if _named_roles(chosen) != _named_roles(there):  # suggestions for these cells would be others
        upload.choices = {name: one for name, one in upload.choices.items() if name != ACCEPTED}
    before = (upload.list_id, list(upload.mapping))
    upload.mapping = [one.as_json() for one in chosen]
    _begin_again(upload, before)
    return upload


def choose_way(session: Session, actor: Actor, upload_id: int, way: ImportWay, *, list_id: int | None) -> ListUpload:
    """Choose what becomes of the list, and count again. Raises NotThere, and Refused with the field."""
    hold_target(session, actor, upload_id, way, list_id)
    upload = _changeable(session, actor, upload_id)
    before = (upload.list_id, list(upload.mapping))
    if way is ImportWay.NEW:
        upload.list_id = None
    else:
        if list_id is None:
            raise Refused(_("Choose the list that is changed."), field="list")
        target = find_list(session, actor, list_id)
        if upload.list_id != target.id:
            fitted = fitted_to(mapping_of(upload.mapping), _columns_of(target))
            upload.mapping = [one.as_json() for one in fitted]
        upload.list_id, upload.list_name = target.id, target.name
    upload.way = way
    _begin_again(upload, before)
    return upload


def hold_target(session: Session, actor: Actor, upload_id: int, way: ImportWay, list_id: int | None) -> None:
    """Hold the list that an upload is to change from now on: before the upload, in the order that everybody has.

    Raises NotThere for the upload; whether the list is there is asked later.
    """
    upload = find_upload(session, actor, upload_id)
    if way is not ImportWay.NEW and list_id not in (None, upload.list_id):
        of_workspace = RecipientList.workspace_id == actor.workspace_id
        session.scalar(select(RecipientList.id).where(RecipientList.id == list_id, of_workspace).with_for_update())


def use_suggestions(session: Session, actor: Actor, upload_id: int, kinds: Sequence[str]) -> ListUpload:
    """Let a worker use the suggestions for all bad rows of these kinds, and count again. Raises NotThere, Refused."""
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state is not ImportState.READY:
        raise Refused(_("The rows are being read or counted just now. Wait a moment and try again."))
    accepted = sorted({*upload.choices.get(ACCEPTED, []), *kinds})
    upload.choices = {**upload.choices, "accept": list(kinds), ACCEPTED: accepted}
    upload.state, upload.words, upload.changed_at = ImportState.READING, "", now()
    upload.run += 1
    return upload


def save_upload(session: Session, actor: Actor, upload_id: int, *, list_name: str = "") -> ListUpload:
    """Let a worker change the list as it was counted; a second press changes nothing.

    Raises NotThere, and Refused for the name of a new list, or when there is nothing to import.
    """
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state in (ImportState.APPLYING, ImportState.DONE):
        return upload
    if upload.state is not ImportState.READY:
        raise Refused(_("The rows are not all checked yet. Wait until they are counted."))
    if not (upload.counts["adds"] or upload.counts["changes"] or upload.counts["removes"]):
        raise Refused(_("There is nothing to import: no row would change the list."))
    if upload.way is ImportWay.NEW:
        upload.list_name = check_name(session, actor, list_name)
    _check_width(session, upload)
    upload.state, upload.words, upload.changed_at = ImportState.APPLYING, "", now()
    return upload


def stop_upload(session: Session, actor: Actor, upload_id: int) -> ListUpload:
    """Stop the reading or counting; nothing was changed, and rows that were all read stay. Raises NotThere."""
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state is ImportState.READING:
        if upload.is_staged and not upload.needs_clearing:
            upload.run += 1
        else:
            _begin_anew(upload)
        upload.state, upload.words = ImportState.CHOOSING, STOPPED
    return upload


def undo_upload(session: Session, actor: Actor, upload_id: int, *, unfinished_sends: int) -> ListUpload:
    """Let a worker take an import back, the actor's own or a colleague's; a second press changes nothing.

    `unfinished_sends` (a number, of the list) comes from the caller, because lists know nothing of sends.
    Raises NotThere, Refused.
    """
    upload = find_import(session, actor, upload_id)
    _require_end(upload)  # an import under way holds its list for long
    # the list before the upload, as everybody does, so that nobody waits in a ring
    changed = session.get(RecipientList, upload.list_id, with_for_update=True) if upload.list_id else None
    upload = find_import(session, actor, upload_id, lock=True)
    _require_end(upload)
    if upload.state in (ImportState.UNDOING, ImportState.UNDONE):
        return upload
    if upload.way is ImportWay.NEW and unfinished_sends:
        raise Refused(_("An unfinished send uses the list. Finish or cancel that first. Nothing was undone."))
    if changed is not None:
        require_rest(session, changed)
    upload.state, upload.words, upload.changed_at = ImportState.UNDOING, "", now()
    upload.counts = {**upload.counts, UNDONE_BY: actor.id}
    return upload


def cancel_upload(session: Session, actor: Actor, upload_id: int) -> None:
    """Forget an upload; a worker clears it away. Raises NotThere, and Refused for one that changed a list."""
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state not in CHANGEABLE:
        raise Refused(_("This import changes a list already. Undo it instead."))
    upload.state = ImportState.FORGOTTEN
    upload.run += 1


def taken_name(session: Session, actor: Actor, upload: ListUpload) -> bool:
    """Whether the name of a new list is taken already."""
    return upload.way is ImportWay.NEW and list_by_name(session, actor, upload.list_name) is not None


def _found(session: Session, query: Select[ListUpload], *, lock: bool) -> ListUpload:
    query = query.where(ListUpload.state != ImportState.FORGOTTEN)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotThere("upload")
    return found


def check_length(list_name: str) -> None:
    """See that a name can be kept. Raises Refused."""
    if len(list_name) > MAX_LIST_NAME or "\0" in list_name:
        raise Refused(_("A name has at most %(most)s characters.", most=MAX_LIST_NAME), field="name")


def _forgotten() -> Refused:
    return Refused(
        _("Somebody was erased just now, and this file, not yet read, was forgotten for it. Upload it again.")
    )


def _list_name(list_name: str, file_name: str) -> str:
    name = " ".join(list_name.split()) or PurePath(file_name).stem.replace("_", " ")[:MAX_LIST_NAME].strip()
    if not name:
        raise Refused(_("Give the list a name."), field="name")
    check_length(name)
    return name


def _require_end(upload: ListUpload) -> None:
    if upload.state not in DONE:
        raise Refused(_("This import is not finished, so there is nothing to undo yet."))


def _changeable(session: Session, actor: Actor, upload_id: int) -> ListUpload:
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state not in CHANGEABLE:
        raise Refused(_("This import changes a list already, so it can no longer be read in another way."))
    return upload


def _check_width(session: Session, upload: ListUpload) -> None:
    """Raise Refused when the list would get more columns than it may have."""
    target = _list_of(session, upload)
    there = target.columns if target is not None else []
    count = len({*there, *(one.variable for one in data_columns(mapping_of(upload.mapping)))})
    if count > MOST_COLUMNS:
        raise Refused(
            _(
                "The list would have %(count)s columns; %(most_columns)s are the most. Leave out some of the file's.",
                count=count,
                most_columns=MOST_COLUMNS,
            )
        )


def _list_of(session: Session, upload: ListUpload) -> RecipientList | None:
    return session.get(RecipientList, upload.list_id) if upload.list_id is not None else None


def _columns_of(target: RecipientList | None) -> ListColumns:
    return ListColumns() if target is None else ListColumns(target.columns, target.column_kinds)


def _without_old_header(upload: ListUpload, choices: Choices) -> Choices:
    """Find the header row again when only the found one came back with the form, or another sheet is chosen."""
    line = choices.header_line
    is_chosen = line != upload.found.get("header_line") or line == upload.choices.get("header_line")
    same_sheet = not choices.sheet or choices.sheet == upload.found.get("sheet")
    return choices if is_chosen and same_sheet else replace(choices, header_line=0)


def _named_roles(columns: Sequence[Mapped]) -> dict[ColumnRole, int]:
    return {one.role: one.position for one in columns if one.role in (ColumnRole.EMAIL, ColumnRole.NAME)}


def _begin_anew(upload: ListUpload) -> None:
    """Read the whole file again, without what was read before; what a person mended is mended again."""
    if ACCEPTED in upload.choices:
        upload.choices = {**upload.choices, "accept": upload.choices[ACCEPTED]}
    upload.state, upload.words = ImportState.READING, ""
    upload.run += 1
    upload.needs_clearing, upload.is_staged = True, False
    upload.progress, upload.counts, upload.changed_at = 0, {}, now()


def _begin_again(upload: ListUpload, before: tuple[int | None, list[object]]) -> None:
    """Count again; read again only when the columns of a person are others now, or it was not read to its end."""
    if email_position(mapping_of(upload.mapping)) is None:
        upload.state = ImportState.CHOOSING
    elif not upload.is_staged or before != (upload.list_id, upload.mapping):
        _begin_anew(upload)
    else:
        upload.state, upload.words = ImportState.READING, ""
        upload.run += 1
        upload.changed_at = now()
