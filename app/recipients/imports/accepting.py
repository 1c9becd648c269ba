"""Taking over the suggestions for all bad rows of a kind at once: part of an import's job."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.recipients.checking import ProblemKind
from app.recipients.files.grid import Row
from app.recipients.imports.mapping import Mapped, mapping_of
from app.recipients.imports.problems import column_of
from app.recipients.imports.rows import RowChecker
from app.recipients.imports.run import ImportRun
from app.recipients.imports.staging import Checked, checker_of, suppressed_faults, write_rows
from app.recipients.models import ListUpload, RecipientList, StagedRow

CHUNK = 1_000
ACCEPT = "accept"
"""Where `ListUpload.choices` has the kinds of problems whose suggestions are to be used."""


def accept(run: ImportRun) -> None:
    """Mend what was asked for, chunk by chunk; the count that follows compares the rows with each other."""
    with run.database.reading() as session:
        upload = run.upload(session)
        target = session.get(RecipientList, upload.list_id) if upload.list_id is not None else None
    if ACCEPT not in upload.choices:
        return
    checker = checker_of(upload, also=target.columns if target is not None else ())
    mapping, after = mapping_of(upload.mapping), -1
    while True:
        with run.database.writing() as session:
            run.hold(session)
            rows = _with_suggestion(session, upload, after)
            if not rows:
                left = {name: value for name, value in upload.choices.items() if name != ACCEPT}
                run.hold(session, choices=left)
                return
            after = rows[-1].line
            _mend(session, upload, [_mended(row, mapping, checker) for row in rows])


def _with_suggestion(session: Session, upload: ListUpload, after: int) -> Sequence[StagedRow]:
    query = select(StagedRow).where(
        StagedRow.upload_id == upload.id,
        StagedRow.problem.in_(upload.choices[ACCEPT]),
        StagedRow.better != "",
        StagedRow.problem != ProblemKind.SEVERAL,  # somebody would be lost: a person chooses whom
        StagedRow.line > after,
    )
    return session.scalars(query.order_by(StagedRow.line).limit(CHUNK)).all()


def _mended(row: StagedRow, mapping: Sequence[Mapped], checker: RowChecker) -> Checked:
    cells, column = list(row.cells or []), column_of(row.place or "", mapping)
    if column is not None and column.position < len(cells):
        cells[column.position] = row.better or ""
    new = Row(row.line, cells)
    return (new, *checker.check(new))


def _mend(session: Session, upload: ListUpload, checked: Sequence[Checked]) -> None:
    """Put those that are good now among the good rows; the others stay as they were."""
    good = [one for one in checked if one[2] is None]
    barred = suppressed_faults(session, upload.workspace_id, [person.email_key for _, person, _ in good])
    good = [one for one in good if one[1].email_key not in barred]
    lines = [row.line for row, _, _ in good]
    session.execute(
        delete(StagedRow)
        .where(StagedRow.upload_id == upload.id, StagedRow.line.in_(lines))
        .execution_options(synchronize_session=False)
    )
    write_rows(session, upload.id, good)
