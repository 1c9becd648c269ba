"""What an import would do to a list, counted before it is done: both sides sorted by address and gone through once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from app.db import Database, table_of
from app.recipients.checking import ProblemKind
from app.recipients.imports.mapping import ColumnRole, mapping_of
from app.recipients.imports.run import ImportRun
from app.recipients.models import ImportState, ImportWay, ListUpload, Recipient, RecipientList, StagedRow
from app.words import _

CHUNK = 2_000
CHANGE, SAME, REMOVE = "change", "same", "remove"
"""`StagedRow.change`; a row that adds somebody has none."""
BY_THE_LIST = (ProblemKind.DUPLICATE, ProblemKind.IN_LIST)
"""Problems that are found here, and looked at again with every count."""


Staged = Row[str, int, str | None, str, str, dict[str, Any]]
There = Row[str, int, str, str, dict[str, Any]]


@dataclass(slots=True)
class _Tally:
    adds: int = 0
    changes: int = 0
    same: int = 0
    removes: int = 0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    removed: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the file says of the people it names."""

    upload: ListUpload
    columns: list[str]
    has_name: bool

    def result(self, there: There, staged: Staged) -> tuple[str, dict[str, Any]]:
        """Give name and data of somebody in the list as the import leaves them."""
        given = staged.data
        if self.upload.way is ImportWay.REPLACE:
            data = {column: given.get(column, "") for column in self.columns} | dict(given)
            return staged.name if self.has_name else there.name, data
        kept = {column: there.data.get(column, "") for column in self.columns}
        data = kept | {column: value for column, value in given.items() if value or column not in kept}
        return staged.name or there.name, data


def count(run: ImportRun) -> None:
    """Count what the import does, and write down for each row what that is. Raises Overtaken, WorkerEnds."""
    with run.database.reading() as session:
        upload = run.upload(session)
        found = session.get(RecipientList, upload.list_id) if upload.list_id is not None else None
        number, people = (found.change_number, found.recipient_count) if found is not None else (None, 0)
        columns = list(found.columns) if found is not None else []
        kinds = dict(found.column_kinds) if found is not None else {}
        recounts = bool(upload.counts)
    if recounts:
        _take_back(run)
    has_name = any(one.role is ColumnRole.NAME for one in mapping_of(upload.mapping))
    tally = _go_through(run, _Plan(upload, columns, has_name))
    leaves = people - tally.changes - tally.removes
    with run.database.writing() as session:
        run.hold(
            session,
            state=ImportState.READY,
            list_change_number=number,
            columns_before=columns,
            kinds_before=kinds,
            counts={
                "adds": tally.adds,
                "changes": tally.changes,
                "leaves": leaves,
                "removes": tally.removes,
                "problems": problem_counts(session, upload.id),
            },
        )


def count_one(session: Session, upload: ListUpload, line: int) -> None:
    """Count one more good row, as `count` would have: a mended one, whose address no other good row has."""
    of_row = (StagedRow.upload_id == upload.id, StagedRow.line == line)
    found = session.get(RecipientList, upload.list_id) if upload.list_id is not None else None
    there = (
        session.execute(
            select(Recipient.email_key, Recipient.id, Recipient.email, Recipient.name, Recipient.data)
            .join(StagedRow, StagedRow.email_key == Recipient.email_key)
            .where(Recipient.list_id == found.id, *of_row)
        ).first()
        if found is not None
        else None
    )
    counts = dict(upload.counts)
    if found is None or there is None:
        upload.counts = {**counts, "adds": counts["adds"] + 1}
        return
    has_name = any(one.role is ColumnRole.NAME for one in mapping_of(upload.mapping))
    columns = (
        *(StagedRow.email_key, StagedRow.line, StagedRow.problem),
        *(StagedRow.email, StagedRow.name, StagedRow.data),
    )
    staged, tally = session.execute(select(*columns).where(*of_row)).one(), _Tally()
    _in_both(_Plan(upload, list(found.columns), has_name), tally, there, staged)
    for values in tally.waiting:
        values.pop("b_line")
        session.execute(update(StagedRow).where(*of_row).values(values).execution_options(synchronize_session=False))
    to_remove = (StagedRow.upload_id == upload.id, StagedRow.line == -there.id)
    gone = session.execute(delete(StagedRow).where(*to_remove).execution_options(synchronize_session=False))
    stays: int = gone.rowcount  # type: ignore[attr-defined]
    upload.counts = {
        **counts,
        "changes": counts["changes"] + tally.changes,
        "leaves": counts["leaves"] - tally.changes + stays,
        "removes": counts["removes"] - stays,
    }


def count_unnamed(session: Session, upload: ListUpload, email_key: str) -> None:
    """Count somebody out whom no row names any more, because the one that did was given another address."""
    if upload.way is not ImportWay.REPLACE or upload.list_id is None:
        return
    person_id = session.scalar(
        select(Recipient.id).where(Recipient.list_id == upload.list_id, Recipient.email_key == email_key)
    )
    names = (StagedRow.email_key == email_key) & (StagedRow.line >= 0)
    of_person = select(StagedRow.line).where(
        StagedRow.upload_id == upload.id, names | (StagedRow.line == -(person_id or 0))
    )
    if person_id is None or session.scalar(of_person.limit(1)) is not None:
        return
    session.execute(insert(table_of(StagedRow)), [_removal(upload.id, person_id)])
    counts = upload.counts
    upload.counts = {**counts, "removes": counts["removes"] + 1, "leaves": counts["leaves"] - 1}


def problem_counts(session: Session, upload_id: int) -> dict[str, int]:
    """Count the bad rows by kind."""
    rows = session.execute(
        select(StagedRow.problem, func.count())
        .where(StagedRow.upload_id == upload_id, StagedRow.problem.is_not(None))
        .group_by(StagedRow.problem)
    ).all()
    return {str(kind): number for kind, number in rows}


def _take_back(run: ImportRun) -> None:
    """Forget what an earlier count wrote down."""

    def act(session: Session, first: int, end: int) -> None:
        here = (StagedRow.upload_id == run.upload_id, StagedRow.line >= first, StagedRow.line < end)
        session.execute(delete(StagedRow).where(*here, StagedRow.change == REMOVE))
        session.execute(
            update(StagedRow)
            .where(*here, StagedRow.problem.in_(BY_THE_LIST))
            .values(problem=None, place=None, words=None, suggestion=None, better=None)
            .execution_options(synchronize_session=False)
        )
        _give_back(session, here)
        session.execute(
            update(StagedRow)
            .where(*here, StagedRow.change.is_not(None))
            .values(change=None, recipient_id=None, before=None)
            .execution_options(synchronize_session=False)
        )

    run.in_ranges(act)


def _give_back(session: Session, here: tuple[ColumnElement[bool], ...]) -> None:
    """Give changed rows what the file says again, in place of what the list was to become."""
    table = table_of(StagedRow)
    changed = session.execute(
        select(StagedRow.upload_id, StagedRow.line, StagedRow.before).where(*here, StagedRow.change == CHANGE)
    ).all()
    if changed:
        session.execute(
            update(table)
            .where(table.c.upload_id == bindparam("b_upload"), table.c.line == bindparam("b_line"))
            .values(name=bindparam("name"), data=bindparam("data")),
            [
                {"b_upload": upload_id, "b_line": line, "name": before["given"][0], "data": before["given"][1]}
                for upload_id, line, before in changed
                if before is not None
            ],
        )


def _go_through(run: ImportRun, plan: _Plan) -> _Tally:
    tally = _Tally()
    with run.database.reading() as staged_session, run.database.reading() as list_session:
        staged = _staged(run.database, staged_session, plan)
        there = _there(run.database, list_session, plan)
        person = next(there, None)
        for key, same_key in groupby(staged, key=lambda row: row.email_key):
            while person is not None and person.email_key < key:
                _not_in_file(plan, tally, person)
                person = next(there, None)
            good = [row for row in same_key if row.problem is None]
            if not good:  # whoever only a bad row names is in the file all the same
                person = next(there, None) if person is not None and person.email_key == key else person
                continue
            first, *others = good
            tally.waiting.extend(_twice(row, first) for row in others)
            if person is not None and person.email_key == key:
                _in_both(plan, tally, person, first)
                person = next(there, None)
            else:
                tally.adds += 1
            _write_when_full(run, tally)
        while person is not None:
            _not_in_file(plan, tally, person)
            _write_when_full(run, tally)
            person = next(there, None)
    _write_when_full(run, tally, least=1)
    return tally


def _not_in_file(plan: _Plan, tally: _Tally, person: There) -> None:
    if plan.upload.way is ImportWay.REPLACE:
        tally.removes += 1
        tally.removed.append(_removal(plan.upload.id, person.id))


def _removal(upload_id: int, person_id: int) -> dict[str, Any]:
    """Give the row that takes somebody out of the list; who they are is written down when that is done."""
    common = {"upload_id": upload_id, "email": "", "email_key": "", "name": "", "data": {}}
    return {**common, "line": -person_id, "recipient_id": person_id, "change": REMOVE}


def _in_both(plan: _Plan, tally: _Tally, person: There, row: Staged) -> None:
    if plan.upload.way is ImportWay.ADD:
        words = _("This person is in the list already.")
        advice = _("Choose “Update by e-mail” above to change them, or leave the row out.")
        tally.waiting.append(_problem(row.line, ProblemKind.IN_LIST, words, advice))
        return
    name, data = plan.result(person, row)
    if name == person.name and all(person.data.get(column, "") == value for column, value in data.items()):
        tally.same += 1
        tally.waiting.append({"b_line": row.line, "change": SAME, "recipient_id": person.id})
        return
    tally.changes += 1
    before = {"email": person.email, "name": person.name, "data": person.data, "given": [row.name, row.data]}
    tally.waiting.append(
        {
            "b_line": row.line,
            "change": CHANGE,
            "recipient_id": person.id,
            "before": before,
            "name": name,
            "data": data,
        }
    )


def _twice(row: Staged, first: Staged) -> dict[str, Any]:
    words = _("The same address as in line %(line)s.", line=first.line)
    return _problem(
        row.line, ProblemKind.DUPLICATE, words, _("Each person gets one e-mail; leave one of the rows out.")
    )


def _problem(line: int, kind: ProblemKind, words: str, suggestion: str) -> dict[str, Any]:
    return {"b_line": line, "problem": kind.value, "place": "email", "words": words, "suggestion": suggestion}


def _write_when_full(run: ImportRun, tally: _Tally, least: int = CHUNK) -> None:
    """Write what was found for so many rows in one short transaction."""
    if len(tally.waiting) < least and len(tally.removed) < least:
        return
    table = table_of(StagedRow)
    statement = update(table).where(table.c.upload_id == run.upload_id, table.c.line == bindparam("b_line"))
    kinds = sorted({tuple(one) for one in tally.waiting})
    with run.database.writing() as session:
        run.hold(session)
        for names in kinds:
            rows = [one for one in tally.waiting if tuple(one) == names]
            session.execute(statement.values({name: bindparam(name) for name in names if name != "b_line"}), rows)
        if tally.removed:
            session.execute(insert(table), tally.removed)
    tally.waiting.clear()
    tally.removed.clear()


def _staged(database: Database, session: Session, plan: _Plan) -> Iterator[Staged]:
    """Give the rows by address, those of one address by line."""
    key = _comparable(database, StagedRow.email_key)
    query = select(StagedRow.email_key, StagedRow.line, StagedRow.problem, *_details(StagedRow, plan)).where(
        StagedRow.upload_id == plan.upload.id
    )
    yield from _streamed(session, query.order_by(key, StagedRow.line))


def _there(database: Database, session: Session, plan: _Plan) -> Iterator[There]:
    """Give the people of the list by address."""
    if plan.upload.list_id is None:
        return
    key = _comparable(database, Recipient.email_key)
    query = select(Recipient.email_key, Recipient.id, *_details(Recipient, plan)).where(
        Recipient.list_id == plan.upload.list_id
    )
    yield from _streamed(session, query.order_by(key))


def _details(model: type[StagedRow] | type[Recipient], plan: _Plan) -> tuple[InstrumentedAttribute[Any], ...]:
    """Only what changes people needs their data."""
    return (model.email, model.name, model.data) if plan.upload.way in (ImportWay.UPDATE, ImportWay.REPLACE) else ()


def _comparable(database: Database, column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """Sort as Python compares: PostgreSQL would otherwise sort as a dictionary does."""
    return column.expression if database.is_sqlite else column.collate("C")


def _streamed(session: Session, query: Any) -> Iterator[Any]:
    result: Iterable[Any] = session.execute(query.execution_options(stream_results=True, yield_per=CHUNK))
    yield from result


def effect_words(counts: Mapping[str, Any]) -> str:
    """Say what an import does, as the end of a sentence: `adds 3, changes 2, leaves 5, removes 0`."""
    numbers = {name: int(counts[name]) for name in ("adds", "changes", "leaves", "removes")}
    return _("adds %(adds)s, changes %(changes)s, leaves %(leaves)s, removes %(removes)s", **numbers)


def done_words(counts: Mapping[str, Any]) -> str:
    """Say what an import did, as a sentence."""
    numbers = {name: int(counts[name]) for name in ("adds", "changes", "leaves", "removes")}
    return _("The import added %(adds)s, changed %(changes)s, left %(leaves)s, removed %(removes)s.", **numbers)
