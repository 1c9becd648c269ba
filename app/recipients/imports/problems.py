"""The rows of an upload that cannot be imported as they are: shown page by page, mended one by one, written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.db import Database, now, table_of
from app.recipients.checking import KEEPABLE, PROBLEM_WORDS, Fault, NewRecipient, ProblemKind
from app.recipients.files.grid import Row
from app.recipients.imports.counting import BY_THE_LIST, count_one, count_unnamed
from app.recipients.imports.mapping import BAD_ROW_HEADERS, ColumnRole, Mapped, mapping_of
from app.recipients.imports.mended import kept_in, over, remember
from app.recipients.imports.staging import (
    bad_values,
    checker_of,
    fault_values,
    good_values,
    suppressed_faults,
    write_rows,
)
from app.recipients.imports.uploads import find_upload
from app.recipients.models import ImportState, ImportWay, ListUpload, Recipient, RecipientList, StagedRow
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.refusals import NotThere, Refused
from app.words import _, joined

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A bad row as a page shows it."""

    line: int
    kind: ProblemKind
    kind_words: str
    column: str
    """Header of the column with the problem; empty: the whole row."""
    position: int | None
    """Position of that column."""
    value: str
    words: str
    suggestion: str
    better: str
    cells: list[str]

    @property
    def may_be_kept(self) -> bool:
        """Whether a person may say that the row is right as it is."""
        return self.kind in KEEPABLE


def bad_rows(
    session: Session, upload: ListUpload, *, kind: ProblemKind | None = None, after: int = -1, limit: int = 50
) -> list[BadRow]:
    """Give bad rows in the order of the file; `after` is the line of the last one that was shown."""
    query = select(StagedRow).where(
        StagedRow.upload_id == upload.id, StagedRow.problem.is_not(None), StagedRow.line > after
    )
    if kind is not None:
        query = query.where(StagedRow.problem == kind)
    mapping = mapping_of(upload.mapping)
    return [_shown(row, upload, mapping) for row in session.scalars(query.order_by(StagedRow.line).limit(limit))]


def bad_row(session: Session, upload: ListUpload, line: int) -> BadRow:
    """Give one bad row. Raises NotThere when it is none, for instance because it was mended."""
    return _shown(_staged(session, upload, line), upload, mapping_of(upload.mapping))


def mend_row(
    session: Session, actor: Actor, upload_id: int, line: int, cells: Sequence[str | None], *, keep: bool = False
) -> BadRow | None:
    """Take over cells that a person typed (None: as it was) and check the row again; gives it while it is bad.

    `keep`: they say that what looks doubtful is right. Raises NotThere; Refused while a worker has the upload in hand.
    """
    upload = find_upload(session, actor, upload_id, lock=True)
    if upload.state is not ImportState.READY:
        raise Refused(_("The rows are being read or counted just now. Wait a moment and try again."))
    row = _staged(session, upload, line)
    old_kind, old_key = row.problem or "", row.email_key
    kept = [*kept_in(upload, line), *([old_kind] if keep else [])]
    new = Row(line, over(_cells_of(row, upload, mapping_of(upload.mapping)), cells, upload.found["width"]))
    target = session.get(RecipientList, upload.list_id) if upload.list_id is not None else None
    person, fault = checker_of(upload, also=target.columns if target is not None else ()).check(new, kept)
    fault = fault or _fault_by_others(session, upload, person, line)
    session.execute(delete(StagedRow).where(StagedRow.upload_id == upload.id, StagedRow.line == line))
    session.expunge(row)
    if fault is None:
        write_rows(session, upload.id, [(new, person, None)])
        count_one(session, upload, line)
    elif fault.kind in BY_THE_LIST:  # with the next count it may be good, so the person is kept, as counting does
        session.execute(insert(table_of(StagedRow)), [{**good_values(upload.id, new, person), **fault_values(fault)}])
    else:
        session.execute(insert(table_of(StagedRow)), [bad_values(upload.id, new, person, fault)])
    count_unnamed(session, upload, old_key)
    _recount(upload, old_kind, fault)
    remember(upload, line, cells, kept)
    return None if fault is None else bad_row(session, upload, line)


def bad_rows_as_csv(database: Database, upload: ListUpload) -> Iterator[str]:
    """Write the bad rows as they were, with their line and the reason in front, in parts; safe for spreadsheets."""
    yield BYTE_ORDER_MARK + csv_lines([[*map(str, BAD_ROW_HEADERS), *upload.found["header"]]])
    after = -1
    while True:
        with database.reading() as session:
            chunk = bad_rows(session, upload, after=after, limit=CHUNK)
        if not chunk:
            return
        yield csv_lines([row.line, str(joined([row.words, row.suggestion])), *row.cells] for row in chunk)
        after = chunk[-1].line


def _staged(session: Session, upload: ListUpload, line: int) -> StagedRow:
    row = session.get(StagedRow, (upload.id, line), populate_existing=True)
    if row is None or row.problem is None:
        raise NotThere("row")
    return row


def _shown(row: StagedRow, upload: ListUpload, mapping: Sequence[Mapped]) -> BadRow:
    cells = _cells_of(row, upload, mapping)
    column = column_of(row.place or "", mapping)
    kind = ProblemKind(row.problem or "")
    value = cells[column.position] if column is not None and column.position < len(cells) else ""
    return BadRow(
        row.line,
        kind,
        PROBLEM_WORDS[kind],
        column.title if column is not None else "",
        column.position if column is not None else None,
        value,
        row.words or "",
        row.suggestion or "",
        row.better or "",
        cells,
    )


def column_of(place: str, mapping: Sequence[Mapped]) -> Mapped | None:
    """Give the column that a problem is in; None: the whole row."""
    roles = {"email": ColumnRole.EMAIL, "name": ColumnRole.NAME}
    if place in roles:
        return next((one for one in mapping if one.role is roles[place]), None)
    return next((one for one in mapping if one.variable == place), None) if place else None


def _cells_of(row: StagedRow, upload: ListUpload, mapping: Sequence[Mapped]) -> list[str]:
    """Give the cells of a row; one that became bad only beside others has them in its parts."""
    if row.cells is not None:
        return list(row.cells)
    cells = [""] * upload.found["width"]
    for one in mapping:
        parts = {ColumnRole.EMAIL: row.email, ColumnRole.NAME: row.name, ColumnRole.OUT: ""}
        cells[one.position] = parts[one.role] if one.role in parts else row.data.get(one.variable, "")
    return cells


def _fault_by_others(session: Session, upload: ListUpload, person: NewRecipient, line: int) -> Fault | None:
    """Compare with the other rows, the list and those who must not be written to."""
    first = session.scalar(
        select(StagedRow.line)
        .where(
            StagedRow.upload_id == upload.id,
            StagedRow.email_key == person.email_key,
            StagedRow.problem.is_(None),
            StagedRow.line != line,
            StagedRow.line >= 0,
        )
        .limit(1)
    )
    if first is not None:
        words, advice = (
            _("The same address as in line %(line)s.", line=first),
            _("Each person gets one e-mail; leave one of the rows out."),
        )
        return Fault("email", words, advice, ProblemKind.DUPLICATE)
    if upload.way is ImportWay.ADD and _in_list(session, upload, person) is not None:
        advice = _("Choose “Update by e-mail” above to change them, or leave the row out.")
        return Fault("email", _("This person is in the list already."), advice, ProblemKind.IN_LIST)
    return suppressed_faults(session, upload.workspace_id, [person.email_key]).get(person.email_key)


def _in_list(session: Session, upload: ListUpload, person: NewRecipient) -> Recipient | None:
    if upload.list_id is None:
        return None
    return session.scalar(
        select(Recipient).where(Recipient.list_id == upload.list_id, Recipient.email_key == person.email_key)
    )


def _recount(upload: ListUpload, old_kind: str, fault: Fault | None) -> None:
    problems: dict[str, Any] = dict(upload.counts.get("problems", {}))
    problems[old_kind] = problems.get(old_kind, 1) - 1
    if fault is not None:
        problems[fault.kind.value] = problems.get(fault.kind.value, 0) + 1
    left = {kind: number for kind, number in problems.items() if number > 0}
    upload.counts = {**upload.counts, "problems": left}
    upload.changed_at = now()
