"""Files read, and imports done, in the process of the test: without pages, and without a worker."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.db import Database
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.recipients.files.grid import Choices, Row
from app.recipients.files.reading import open_table
from app.recipients.files.reading_text import DELIMITERS, encoding_name
from app.recipients.imports import problems, uploads
from app.recipients.imports.job import run_import
from app.recipients.imports.mapping import ColumnRole, ListColumns, Mapped, guess_mapping, with_roles
from app.recipients.imports.rows import RowChecker
from app.recipients.models import ImportWay, ListUpload, Recipient


@dataclass(frozen=True)
class Read:
    """A file read to its end; `encoding` and `delimiter` are names for people."""

    encoding: str
    delimiter: str
    sheet: str
    header: Row
    rows: list[Row]


@dataclass(frozen=True)
class Bad:
    line: int
    column: str
    words: str
    suggestion: str


@dataclass(frozen=True)
class Understood:
    """What a file was taken for, each row looked at alone."""

    columns: list[Mapped]
    people: list[NewRecipient]
    bad_rows: list[Bad]

    def of_role(self, role: ColumnRole) -> list[Mapped]:
        return [column for column in self.columns if column.role is role]

    @property
    def email_column(self) -> Mapped | None:
        return next(iter(self.of_role(ColumnRole.EMAIL)), None)

    @property
    def name_column(self) -> Mapped | None:
        return next(iter(self.of_role(ColumnRole.NAME)), None)


def read_table(content: bytes, **choices: object) -> Read:
    """Read a file to its end."""
    table = open_table(io.BytesIO(content), Choices(**choices))  # type: ignore[arg-type]
    grid = table.grid
    encoding = encoding_name(grid.encoding) if grid.encoding else ""
    delimiter = DELIMITERS.get(grid.delimiter, grid.delimiter)
    return Read(encoding, delimiter, grid.sheet, table.header, list(table.rows))


def understand(read: Read, email_position: int | None = None) -> Understood:
    """Guess the columns and check each row."""
    columns = guess_mapping(read.header, read.rows[:500])
    if email_position is not None:
        blank = [
            Mapped(one.position, one.header, ColumnRole.DATA, one.header, examples=one.examples) for one in columns
        ]
        name = next((one.position for one in columns if one.role is ColumnRole.NAME), None)
        columns = with_roles(blank, email_position, name, ListColumns())
    if not any(one.role is ColumnRole.EMAIL for one in columns):
        return Understood(columns, [], [])
    checker = RowChecker(columns, read.delimiter)
    headers = {one.variable or one.role.value: one.header for one in columns}
    people, bad = [], []
    for row in read.rows:
        person, fault = checker.check(row)
        if fault is None:
            people.append(person)
        else:
            bad.append(Bad(row.line, headers.get(fault.column, ""), fault.words, fault.suggestion))
    return Understood(columns, people, bad)


def uploaded(
    database: Database,
    actor: Person,
    content: str | bytes,
    *,
    name: str = "Members",
    list_id: int | None = None,
    way: ImportWay | None = None,
) -> int:
    """Upload, read and count; gives the upload's id."""
    raw = content.encode() if isinstance(content, str) else content
    upload_id = uploads.keep_upload(database, actor, list_name=name, file=io.BytesIO(raw), list_id=list_id)
    run_import(database, upload_id)
    if way is not None:
        with database.writing() as session:
            uploads.choose_way(session, actor, upload_id, way, list_id=list_id)
        run_import(database, upload_id)
    return upload_id


def imported(database: Database, actor: Person, content: str | bytes, **options: object) -> ListUpload:
    """Upload and import; gives the upload as it is then."""
    upload_id = uploaded(database, actor, content, **options)  # type: ignore[arg-type]
    save(database, actor, upload_id)
    return upload_of(database, actor, upload_id)


def save(database: Database, actor: Person, upload_id: int) -> None:
    """Change the list as it was counted."""
    with database.writing() as session:
        name = uploads.find_upload(session, actor, upload_id).list_name
        uploads.save_upload(session, actor, upload_id, list_name=name)
    run_import(database, upload_id)


def undo(database: Database, actor: Person, upload_id: int) -> ListUpload:
    """Take an import back."""
    with database.writing() as session:
        uploads.undo_upload(session, actor, upload_id, unfinished_sends=0)
    run_import(database, upload_id)
    return upload_of(database, actor, upload_id)


def upload_of(database: Database, actor: Person, upload_id: int) -> ListUpload:
    with database.reading() as session:
        return uploads.find_upload(session, actor, upload_id)


def people_of(database: Database, list_id: int | None) -> dict[str, tuple[str, dict[str, str]]]:
    """Address to name and data, in the order they were added."""
    with database.reading() as session:
        rows = session.scalars(select(Recipient).where(Recipient.list_id == list_id).order_by(Recipient.id))
        return {one.email: (one.name, one.data) for one in rows}


def bad_rows_of(database: Database, actor: Person, upload_id: int) -> Sequence[problems.BadRow]:
    with database.reading() as session:
        return problems.bad_rows(session, uploads.find_upload(session, actor, upload_id), limit=1_000)
