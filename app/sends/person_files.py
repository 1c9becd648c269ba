"""A file for each person: a column of the list names it, a ZIP file brings it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any, TypeVar

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.types import Attachment
from app.db import Database
from app.emails.file_kinds import MAX_FILE_NAME
from app.emails.files import keep_bytes
from app.emails.models import StoredFile
from app.recipients.models import Recipient
from app.refusals import Refused
from app.sends import audience
from app.sends.archives import Packed, contents
from app.sends.audience_parts import parts_of, united_columns
from app.sends.compose import changed, draft_of
from app.sends.models import PersonFile, Send, SendKind
from app.words import _

T = TypeVar("T")

MISSING = "missing_file"
"""Code of the problem of a person whose file is not there."""
COUNTED_PEOPLE = 100_000
"""People of a list up to which is counted at once who misses a file; with more, the review tells."""
NAMES_SHOWN = 10
CHUNK = 500
"""Rows written or asked for at once."""
STEP_BYTES = 4 * 1024 * 1024
"""Bytes of files that one transaction writes, so that it is short."""


@dataclass(frozen=True, slots=True)
class FileOfPerson:
    """A person's own file without its content."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The files of a send, and how they fit its list."""

    files: int
    total_size: int
    largest: int
    """Bytes of the largest file."""
    found: int = 0
    missing: int = 0
    """People with and without a file."""
    first_missing: tuple[str, ...] = ()
    """What the first of them have in the column, with their address."""
    is_counted: bool = True
    """False: the list is too long to count on a page."""


def store_contents(database: Database, file: IO[bytes], packed: Sequence[Packed]) -> None:
    """Keep the bytes of checked files in short transactions, before `keep_person_files`.

    So nobody waits long for the write lock. Bytes that are then not used do no harm. Raises BadArchive.
    """
    with database.reading() as session:
        waiting = contents(file, _not_stored(session, packed))
    while part := _step(waiting):
        with database.writing() as session:
            for content in part:
                keep_bytes(session, content)


def keep_person_files(
    session: Session, actor: Actor, send_id: int, file: IO[bytes], packed: Sequence[Packed], column: str
) -> Send:
    """Keep the files of a ZIP file that `check_archive` looked at, in the place of those before. Raises Refused."""
    send = change_file_column(session, actor, send_id, column)
    for _packed, content in contents(file, _not_stored(session, packed)):
        keep_bytes(session, content)
    keys = {name_key(one.name): one for one in packed}
    session.execute(delete(PersonFile).where(PersonFile.send_id == send.id))
    for part in _batches(keys.items()):
        session.execute(
            insert(PersonFile),
            [
                {
                    "send_id": send.id,
                    "name_key": key,
                    "file_name": one.name,
                    "media_type": one.media_type,
                    "size": one.size,
                    "sha256": one.sha256,
                }
                for key, one in part
            ],
        )
    words = _("%(count)s files for single people added to send %(send_id)s", count=len(packed), send_id=str(send.id))
    note(session, actor, "send.person_files_added", words, subject_id=send.id)
    return send


def change_file_column(session: Session, actor: Actor, send_id: int, column: str) -> Send:
    """Choose the column that names each person's file. Raises Refused."""
    send = draft_of(session, actor, send_id)
    check_column(session, send, column)
    before, send.file_column = send.file_column, column
    words, changes = (
        _("Draft of send %(send_id)s: the column of files was chosen", send_id=str(send_id)),
        {_("Column of files"): (before, column)},
    )
    note(session, actor, "send.file_column", words, subject_id=send_id, changes=changes)
    return changed(send, actor)


def check_column(session: Session, send: Send, column: str) -> None:
    """Refuse a column that cannot name each person's file."""
    if send.kind is not SendKind.LIST:
        raise Refused(_("Only a send to a list can have a file for each person."), field="archive")
    if column not in columns_of(session, send):
        raise Refused(_("Choose the column that names each person's file."), field="file_column")


def remove_person_files(session: Session, actor: Actor, send_id: int) -> Send:
    """Take everybody's own file away."""
    send = draft_of(session, actor, send_id)
    session.execute(delete(PersonFile).where(PersonFile.send_id == send.id))
    send.file_column = ""
    note(
        session,
        actor,
        "send.person_files_removed",
        _("Files for single people removed from send %(send_id)s", send_id=str(send.id)),
        subject_id=send.id,
    )
    return changed(send, actor)


def columns_of(session: Session, send: Send) -> list[str]:
    """Give the columns that may name a file."""
    return united_columns(parts_of(session, send))


def summary_of(session: Session, send: Send) -> Summary | None:
    """Say how many files there are and whom they reach; None when there is none. Memory does not grow with the list."""
    files, total, largest = session.execute(
        select(func.count(), func.coalesce(func.sum(PersonFile.size), 0), func.coalesce(func.max(PersonFile.size), 0))
        .select_from(PersonFile)
        .where(PersonFile.send_id == send.id)
    ).one()
    if not files:
        return None
    parts = parts_of(session, send)
    if send.file_column not in united_columns(parts):
        return Summary(files, total, largest)
    if audience.most(parts) > COUNTED_PEOPLE:
        return Summary(files, total, largest, is_counted=False)
    keys = set(session.scalars(select(PersonFile.name_key).where(PersonFile.send_id == send.id)))
    cells = select(Recipient.email, Recipient.data[send.file_column].as_string()).order_by(Recipient.id)
    people = chain.from_iterable(
        session.execute(cells.where(*one.where).execution_options(yield_per=CHUNK))
        for one in audience.streams(session, send, parts)
    )
    found = missing = 0
    first: list[str] = []
    for email, cell in people:
        if name_key(cell or "") in keys:
            found += 1
            continue
        missing += 1
        if len(first) < NAMES_SHOWN:
            first.append(f"{cell.strip()} ({email})" if (cell or "").strip() else _("no name (%(email)s)", email=email))
    return Summary(files, total, largest, found, missing, tuple(first))


def digest_of(session: Session, send: Send) -> str:
    """Give a digest of the files for single people, for the review's fingerprint (P7); empty when none is used."""
    if not send.file_column:
        return ""
    digest = hashlib.sha256()
    rows = session.execute(
        select(PersonFile.name_key, PersonFile.file_name, PersonFile.sha256)
        .where(PersonFile.send_id == send.id)
        .order_by(PersonFile.name_key)
    )
    for row in rows:
        digest.update("\0".join(row).encode() + b"\n")
    return digest.hexdigest()


def name_key(cell: str) -> str:
    """Give what a file's name and a person's cell are compared by: the name without outer spaces, ignoring case."""
    return unicodedata.normalize("NFC", cell.strip()).lower()[:MAX_FILE_NAME]


def cell_of(column: str, data: Mapping[str, Any]) -> str:
    """Give the name of a person's file as it stands in their column."""
    return str(data.get(column) or "").strip()


def missing_words(column: str, cell: str) -> str:
    """Say that a person's file is not there."""
    return (
        _("There is no file “%(cell)s” for this person.", cell=cell)
        if cell
        else _("No file is named for this person in “%(column)s”.", column=column)
    )


def files_without_content(session: Session, send_id: int, cells: Iterable[str]) -> dict[str, FileOfPerson]:
    """Give the files that cells name, by `name_key`, without their content: one query."""
    rows = session.execute(
        select(PersonFile.name_key, PersonFile.file_name, PersonFile.media_type, PersonFile.size).where(
            PersonFile.send_id == send_id, PersonFile.name_key.in_(_keys(cells))
        )
    )
    return {key: FileOfPerson(name, media_type, size) for key, name, media_type, size in rows}


def own_files(session: Session, send_id: int, cells: Iterable[str]) -> dict[str, Attachment]:
    """Give the files that cells name, by `name_key`, ready to be sent: one query."""
    rows = session.execute(
        select(PersonFile.name_key, PersonFile.file_name, StoredFile.content, PersonFile.media_type)
        .join(StoredFile, StoredFile.sha256 == PersonFile.sha256)
        .where(PersonFile.send_id == send_id, PersonFile.name_key.in_(_keys(cells)))
    )
    return {key: Attachment(name, content, media_type) for key, name, content, media_type in rows}


def _keys(cells: Iterable[str]) -> list[str]:
    return sorted({key for cell in cells if (key := name_key(cell))})


def _not_stored(session: Session, packed: Sequence[Packed]) -> list[Packed]:
    wanted = {one.sha256: one for one in packed}
    for hashes in _batches(list(wanted)):
        for there in session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_(hashes))):
            del wanted[there]
    return list(wanted.values())


def _step(waiting: Iterator[tuple[Packed, bytes]]) -> list[bytes]:
    """Take the next few files, as many as one short transaction writes."""
    part: list[bytes] = []
    for _packed, content in waiting:
        part.append(content)
        if sum(map(len, part)) >= STEP_BYTES or len(part) == CHUNK:
            break
    return part


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(items)
    while part := list(islice(waiting, CHUNK)):
        yield part
