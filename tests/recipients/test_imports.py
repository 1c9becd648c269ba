"""Imports into lists: what each way does, counted before, undone after, and never half seen."""

from __future__ import annotations

import io
import random
import threading
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from app.audit.models import AuditEntry
from app.cloudflare.contract import check_address
from app.db import Database
from app.delivery.jobs import Queue
from app.people.models import Person
from app.recipients import lists, new_lists, people
from app.recipients.checking import NewRecipient, ProblemKind, address_fault
from app.recipients.columns import ColumnKind
from app.recipients.imports import problems, uploads
from app.recipients.imports.job import KEPT_FOR, forget_old, run_import
from app.recipients.imports.mapping import mapping_of
from app.recipients.imports.run import ImportRun
from app.recipients.models import (
    ImportState,
    ImportWay,
    ListUpload,
    Recipient,
    RecipientList,
    StagedRow,
    SuppressionReason,
    UploadChunk,
)
from app.recipients.suppressions.who import suppress
from app.refusals import NotThere, Refused
from app.sends.erasing import erase
from app.settings import Settings
from tests.delivery.worker_process import RunningWorker
from tests.factories import a_list
from tests.recipients.imports import (
    bad_rows_of,
    imported,
    people_of,
    read_table,
    save,
    undo,
    upload_of,
    uploaded,
)

FIRST = "email,name,City\nAnn@example.com,Ann,Leeds\nbo@example.com,Bo,York\ncy@example.com,Cy,Hull\n"
SECOND = "E-MAIL;CITY ;Plan\nann@example.com;Bath;gold\nbo@example.com;;\nnew@example.com;Ely;free\n"
EFFECTS = {
    ImportWay.ADD: {"adds": 1, "changes": 0, "leaves": 3, "removes": 0},
    ImportWay.UPDATE: {"adds": 1, "changes": 1, "leaves": 2, "removes": 0},
    ImportWay.REPLACE: {"adds": 1, "changes": 2, "leaves": 0, "removes": 1},
}
AFTER = {
    ImportWay.ADD: {
        "Ann@example.com": ("Ann", {"city": "Leeds"}),
        "bo@example.com": ("Bo", {"city": "York"}),
        "cy@example.com": ("Cy", {"city": "Hull"}),
        "new@example.com": ("", {"city": "Ely", "plan": "free"}),
    },
    ImportWay.UPDATE: {
        "Ann@example.com": ("Ann", {"city": "Bath", "plan": "gold"}),
        "bo@example.com": ("Bo", {"city": "York"}),
        "cy@example.com": ("Cy", {"city": "Hull"}),
        "new@example.com": ("", {"city": "Ely", "plan": "free"}),
    },
    ImportWay.REPLACE: {
        "Ann@example.com": ("Ann", {"city": "Bath", "plan": "gold"}),
        "bo@example.com": ("Bo", {"city": "", "plan": ""}),
        "new@example.com": ("", {"city": "Ely", "plan": "free"}),
    },
}


def the_list(database: Database, list_id: int | None) -> RecipientList:
    with database.reading() as session:
        return session.get_one(RecipientList, list_id)


def counted(upload: ListUpload) -> dict[str, int]:
    return {name: number for name, number in upload.counts.items() if name != "problems"}


@pytest.fixture
def list_id(database: Database, actor: Person) -> int:
    made = imported(database, actor, FIRST).list_id
    assert made is not None
    return made


@pytest.mark.parametrize("way", list(EFFECTS))
def test_each_way_does_what_was_counted_and_is_undone_whole(
    database: Database, actor: Person, list_id: int, way: ImportWay
) -> None:
    before, number = people_of(database, list_id), the_list(database, list_id).change_number
    upload_id = uploaded(database, actor, SECOND, list_id=list_id, way=way)
    assert counted(upload_of(database, actor, upload_id)) == EFFECTS[way]
    assert people_of(database, list_id) == before, "counting changes nothing"
    save(database, actor, upload_id)
    changed = the_list(database, list_id)
    assert people_of(database, list_id) == AFTER[way]
    assert (changed.columns, changed.recipient_count) == (["city", "plan"], len(AFTER[way]))
    assert changed.change_number > number, "a review made before is old now (P7)"
    undone = undo(database, actor, upload_id)
    assert undone.state is ImportState.UNDONE
    restored = the_list(database, list_id)
    assert people_of(database, list_id) == before
    assert (restored.columns, restored.recipient_count) == (["city"], 3)
    assert restored.change_number > changed.change_number


def test_an_import_names_no_address_in_the_trail(database: Database, actor: Person, list_id: int) -> None:
    upload = imported(database, actor, SECOND, list_id=list_id, way=ImportWay.REPLACE)
    undo(database, actor, upload.id)
    with database.reading() as session:
        trail = {one.action: one.words for one in session.scalars(select(AuditEntry))}
    assert trail["list.imported"] == "Import into “Members”: adds 1, changes 2, leaves 0, removes 1"
    assert {"list.saved", "list.import_undone"} <= set(trail)
    assert "@example.com" not in "".join(words for action, words in trail.items() if action.startswith("list."))


def test_undoing_a_new_list_takes_the_list_away(database: Database, actor: Person) -> None:
    upload = imported(database, actor, FIRST)
    undone = undo(database, actor, upload.id)
    assert "“Members” with 3 people is gone again" in undone.words
    with database.reading() as session:
        assert lists.all_lists(session, actor) == []
        assert session.scalar(select(func.count()).select_from(Recipient)) == 0


def test_undo_leaves_what_a_person_changed_since(database: Database, actor: Person, list_id: int) -> None:
    upload = imported(database, actor, SECOND, list_id=list_id, way=ImportWay.UPDATE)
    with database.writing() as session:
        ann = people.recipients_page(session, actor, list_id, search="ann")[0]
        people.change_recipient(
            session, actor, list_id, ann.id, email=ann.email, name="Anna", data={"city": "Wells", "plan": "gold"}
        )
        people.add_recipient(session, actor, list_id, email="hand@example.com", name="", data={})
    undone = undo(database, actor, upload.id)
    assert "1 was changed or removed since and stays so." in undone.words
    left = people_of(database, list_id)
    assert left["Ann@example.com"][0] == "Anna"
    assert "hand@example.com" in left
    assert "new@example.com" not in left
    assert the_list(database, list_id).recipient_count == len(left) == 4


def test_a_large_undo_goes_on_after_a_stop_and_the_list_is_left_alone_meanwhile(
    database: Database, actor: Person, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = people_of(database, list_id)
    earlier = imported(database, actor, "email\nearlier@example.com\n", list_id=list_id)
    upload = imported(database, actor, SECOND, list_id=list_id, way=ImportWay.REPLACE)
    monkeypatch.setattr("app.recipients.imports.applying.RANGE", 2)
    with database.writing() as session:
        uploads.undo_upload(session, actor, upload.id, unfinished_sends=0)
    asked = count(1)
    run_import(database, upload.id, lambda: next(asked) > 1)
    assert next(asked) > 1, "the worker was told to stop"
    half = people_of(database, list_id)
    assert before != half != AFTER[ImportWay.REPLACE], "it stopped half-way"
    assert the_list(database, list_id).recipient_count == len(half)
    with database.writing() as session, pytest.raises(Refused, match="being changed just now"):
        people.add_recipient(session, actor, list_id, email="n@example.com", name="", data={})
    with database.writing() as session, pytest.raises(Refused, match="being changed just now"):
        uploads.undo_upload(session, actor, earlier.id, unfinished_sends=0)
    run_import(database, upload.id)
    undone = upload_of(database, actor, upload.id)
    assert (undone.state, undone.words) == (
        ImportState.UNDONE,
        "1 person is taken out. 2 people are as before. 2 people are back.",
    )
    undo(database, actor, earlier.id)
    assert people_of(database, list_id) == before
    assert the_list(database, list_id).columns == ["city"]


def test_undo_gives_a_column_of_the_list_its_kind_back(database: Database, actor: Person, list_id: int) -> None:
    upload_id = uploaded(database, actor, "email,city\nnew@example.com,5\n", list_id=list_id)
    with database.writing() as session:
        mapping = mapping_of(uploads.find_upload(session, actor, upload_id).mapping)
        uploads.choose_columns(session, actor, upload_id, {1: replace(mapping[1], kind=ColumnKind.NUMBER)})
    run_import(database, upload_id)
    save(database, actor, upload_id)
    assert the_list(database, list_id).column_kinds == {"city": "number"}
    undo(database, actor, upload_id)
    assert the_list(database, list_id).column_kinds == {}


def test_undo_leaves_an_added_person_whom_somebody_changed_since(
    database: Database, actor: Person, list_id: int
) -> None:
    upload = imported(database, actor, "email,City\nnew@example.com,Ely\n", list_id=list_id)
    with database.writing() as session:
        new = people.recipients_page(session, actor, list_id, search="new")[0]
        people.change_recipient(session, actor, list_id, new.id, email=new.email, name="Hand", data={"city": "Hull"})
    undo(database, actor, upload.id)
    assert people_of(database, list_id).get("new@example.com") == ("Hand", {"city": "Hull"})


def test_undo_leaves_who_was_removed_and_added_again_by_hand_since(
    database: Database, actor: Person, list_id: int
) -> None:
    upload = imported(database, actor, "email,City\nnew@example.com,Ely\n", list_id=list_id)
    with database.writing() as session:
        new = people.recipients_page(session, actor, list_id, search="new")[0]
        people.remove_recipient(session, actor, list_id, new.id)
        people.add_recipient(session, actor, list_id, email="new@example.com", name="Hand", data={"city": "Hull"})
    undo(database, actor, upload.id)
    assert people_of(database, list_id).get("new@example.com") == ("Hand", {"city": "Hull"})


def test_undo_changes_nobody_who_got_the_number_of_somebody_removed(
    database: Database, actor: Person, list_id: int
) -> None:
    upload = imported(database, actor, "email,City\nbo@example.com,Bath\n", list_id=list_id, way=ImportWay.UPDATE)
    with database.writing() as session:
        bo = people.recipients_page(session, actor, list_id, search="bo")[0]
        people.remove_recipient(session, actor, list_id, bo.id)
        other = a_list(session, actor, people=[NewRecipient("other@example.com", "Bo", {"city": "Bath"})])
    before = people_of(database, other.id)
    undo(database, actor, upload.id)
    assert people_of(database, other.id) == before


def test_an_import_is_undone_once_and_only_when_done(database: Database, actor: Person, list_id: int) -> None:
    upload_id = uploaded(database, actor, SECOND, list_id=list_id)
    with pytest.raises(Refused, match="not finished"):
        undo(database, actor, upload_id)
    save(database, actor, upload_id)
    before = undo(database, actor, upload_id)
    assert undo(database, actor, upload_id).changed_at == before.changed_at
    assert len(people_of(database, list_id)) == 3


def test_a_list_in_use_is_not_undone_away(database: Database, actor: Person) -> None:
    upload = imported(database, actor, FIRST)
    with database.writing() as session, pytest.raises(Refused, match="unfinished send"):
        uploads.undo_upload(session, actor, upload.id, unfinished_sends=1)


def test_a_list_that_changed_since_the_count_is_counted_again(database: Database, actor: Person, list_id: int) -> None:
    upload_id = uploaded(database, actor, SECOND, list_id=list_id, way=ImportWay.UPDATE)
    with database.writing() as session:
        people.add_recipient(session, actor, list_id, email="new@example.com", name="By hand", data={"city": "Ely"})
    save(database, actor, upload_id)
    upload = upload_of(database, actor, upload_id)
    assert (upload.state, upload.words[:30]) == (ImportState.READY, "The list was changed meanwhile")
    assert counted(upload) == {"adds": 0, "changes": 2, "leaves": 2, "removes": 0}
    save(database, actor, upload_id)
    assert people_of(database, list_id)["new@example.com"] == ("By hand", {"city": "Ely", "plan": "free"})


def test_choosing_another_way_gives_the_rows_of_the_file_back(database: Database, actor: Person, list_id: int) -> None:
    upload_id = uploaded(database, actor, SECOND, list_id=list_id, way=ImportWay.UPDATE)
    for way in (ImportWay.REPLACE, ImportWay.ADD, ImportWay.REPLACE):
        with database.writing() as session:
            uploads.choose_way(session, actor, upload_id, way, list_id=list_id)
        run_import(database, upload_id)
        assert counted(upload_of(database, actor, upload_id)) == EFFECTS[way]
    save(database, actor, upload_id)
    assert people_of(database, list_id) == AFTER[ImportWay.REPLACE]


def test_columns_are_called_as_the_list_calls_them(database: Database, actor: Person, list_id: int) -> None:
    with database.writing() as session:
        session.get_one(RecipientList, list_id).column_kinds = {"city": "number"}
    upload_id = uploaded(database, actor, "mail,  CITY,City\nx@example.com,1,2\n", list_id=list_id)
    mapping = mapping_of(upload_of(database, actor, upload_id).mapping)
    assert [(one.variable, one.kind.value) for one in mapping[1:]] == [("city", "number"), ("city_2", "text")]


def test_a_column_never_goes_into_another_one_of_the_list(database: Database, actor: Person) -> None:
    list_id = imported(database, actor, "email,city,city_2\na@example.com,1,2\n").list_id
    upload_id = uploaded(database, actor, "mail,City,CITY,City 2\nx@example.com,1,2,3\n", list_id=list_id)
    mapping = mapping_of(upload_of(database, actor, upload_id).mapping)
    assert [one.variable for one in mapping[1:]] == ["city", "city_3", "city_2"]


# Bad rows


def test_rows_are_compared_with_the_file_the_list_and_who_opted_out(
    database: Database, actor: Person, list_id: int
) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "out@example.com", SuppressionReason.OPT_OUT)
    rows = "email\nnew@example.com\nBO@example.com\nOUT@example.com\nNEW@example.com\n"
    upload_id = uploaded(database, actor, rows, list_id=list_id, way=ImportWay.ADD)
    found = [(one.line, one.kind, one.words) for one in bad_rows_of(database, actor, upload_id)]
    assert [(line, kind) for line, kind, _ in found] == [
        (3, ProblemKind.IN_LIST),
        (4, ProblemKind.SUPPRESSED),
        (5, ProblemKind.DUPLICATE),
    ]
    assert "unsubscribed" in found[1][2]
    assert found[2][2] == "The same address as in line 2."


def test_a_replaced_list_keeps_whoever_is_in_the_file_in_a_row_with_a_problem(
    database: Database, actor: Person, list_id: int
) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "cy@example.com", SuppressionReason.OPT_OUT)
    rows = "email,City\nann@example.com,Leeds\nbo@example.com,a,b,c\ncy@example.com,Hull\n"
    upload_id = uploaded(database, actor, rows, list_id=list_id, way=ImportWay.REPLACE)
    assert counted(upload_of(database, actor, upload_id)) == {"adds": 0, "changes": 0, "leaves": 3, "removes": 0}


def test_of_rows_with_one_address_the_first_good_one_counts(database: Database, actor: Person) -> None:
    rows = "email,name,n\nann@example.com,Bad\r\nann@example.com,Second,2\nann@example.com,Third,3\n"
    rows = rows.replace("Bad\r", '"Bad\nname"')
    upload = imported(database, actor, rows)
    assert people_of(database, upload.list_id) == {"ann@example.com": ("Second", {"n": "2"})}


def test_a_mended_row_is_checked_like_every_other(database: Database, actor: Person, list_id: int) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "out@example.com", SuppressionReason.OPT_OUT)
    rows = "email,city\nbad,A\nx@example.com,B\n"
    upload_id = uploaded(database, actor, rows, list_id=list_id, way=ImportWay.ADD)

    def mended(email: str) -> ProblemKind | None:
        with database.writing() as session:
            row = problems.mend_row(session, actor, upload_id, 2, [email])
        return None if row is None else row.kind

    assert mended("X@example.com") is ProblemKind.DUPLICATE
    assert mended("Bo@example.com") is ProblemKind.IN_LIST
    assert mended("out@example.com") is ProblemKind.SUPPRESSED
    assert mended("a@gmial.com") is ProblemKind.SLIP
    assert mended("new@example.com") is None
    with pytest.raises(NotThere):
        mended("again@example.com")
    assert counted(upload_of(database, actor, upload_id))["adds"] == 2
    save(database, actor, upload_id)
    assert people_of(database, list_id)["new@example.com"] == ("", {"city": "A"})


def test_a_mended_row_that_changes_somebody_is_counted_as_such(database: Database, actor: Person, list_id: int) -> None:
    upload_id = uploaded(
        database, actor, "email,city\nbo example.com,Ely\n?,x\nq@example.com,\n", list_id=list_id, way=ImportWay.UPDATE
    )
    with database.writing() as session:
        assert problems.mend_row(session, actor, upload_id, 2, ["bo@example.com"]) is None
    run_import(database, upload_id)
    upload = upload_of(database, actor, upload_id)
    assert counted(upload) == {"adds": 1, "changes": 1, "leaves": 2, "removes": 0}
    assert upload.counts["problems"] == {"no_at": 1}


def mend(database: Database, actor: Person, upload_id: int, line: int, cells: list[str | None]) -> None:
    with database.writing() as session:
        problems.mend_row(session, actor, upload_id, line, cells)
    run_import(database, upload_id)


def test_a_mended_row_that_is_in_the_list_keeps_its_cells_when_another_way_is_chosen(
    database: Database, actor: Person, list_id: int
) -> None:
    upload_id = uploaded(database, actor, "email,name,City\nann@@example.com,Anna,Bath\n", list_id=list_id)
    mend(database, actor, upload_id, 2, ["ann@example.com"])
    assert [one.kind for one in bad_rows_of(database, actor, upload_id)] == ["in_list"]
    with database.writing() as session:
        uploads.choose_way(session, actor, upload_id, ImportWay.REPLACE, list_id=list_id)
    run_import(database, upload_id)
    save(database, actor, upload_id)
    assert people_of(database, list_id)["Ann@example.com"] == ("Anna", {"city": "Bath"})


def test_a_mended_row_that_is_twice_in_the_file_keeps_its_cells_when_counted_again(
    database: Database, actor: Person, list_id: int
) -> None:
    rows = "email,name,City\nnew@@example.com,New,Bath\nnew@example.com,New,Ely\n"
    upload_id = uploaded(database, actor, rows, list_id=list_id)
    mend(database, actor, upload_id, 2, ["new@example.com"])
    with database.writing() as session:  # somebody changes the list: it is counted again
        people.add_recipient(session, actor, list_id, email="hand@example.com", name="", data={})
    save(database, actor, upload_id)
    save(database, actor, upload_id)
    assert people_of(database, list_id)["new@example.com"] in [("New", {"city": "Bath"}), ("New", {"city": "Ely"})]


def test_mending_the_address_of_a_row_cuts_none_of_its_other_cells(database: Database, actor: Person) -> None:
    note = "n" * 5_000
    upload_id = uploaded(database, actor, f"email,note\nann@gmial.com,{note}\nbo@example.com,{note}\n")
    mend(database, actor, upload_id, 2, ["ann@gmail.com"])
    save(database, actor, upload_id)
    found = people_of(database, upload_of(database, actor, upload_id).list_id)
    assert len(found["bo@example.com"][1]["note"]) == 5_000
    assert len(found["ann@gmail.com"][1]["note"]) == 5_000


def test_a_suggestion_that_would_lose_somebody_is_not_among_those_used_at_once(
    database: Database, actor: Person
) -> None:
    upload_id = uploaded(database, actor, "email,name\neve@example.com / fred@example.com,E\nann @example.com,Ann\n")
    with database.writing() as session:
        uploads.use_suggestions(session, actor, upload_id, list(ProblemKind))
    run_import(database, upload_id)
    assert [one.kind for one in bad_rows_of(database, actor, upload_id)] == [ProblemKind.SEVERAL]
    assert counted(upload_of(database, actor, upload_id))["adds"] == 1


def test_mended_cells_of_an_erased_person_are_forgotten(database: Database, actor: Person) -> None:
    upload_id = uploaded(database, actor, "email\nann\nbo\n")
    for line, email in ((2, "Ann@example.com"), (3, "bo@example.com")):
        with database.writing() as session:
            problems.mend_row(session, actor, upload_id, line, [email])
    save(database, actor, upload_id)
    assert "ann" in str(upload_of(database, actor, upload_id).choices).lower()
    with database.writing() as session:
        erase(session, actor, "ann@example.com")
    assert "ann" not in str(upload_of(database, actor, upload_id).choices).lower()


def test_a_kept_slip_keeps_nothing_else_of_its_row(database: Database, actor: Person) -> None:
    upload_id = uploaded(database, actor, "email,since\nann@gmial.com,soon\nbo@example.com,1 May 2026\n")
    with database.writing() as session:
        upload = uploads.find_upload(session, actor, upload_id)
        uploads.choose_columns(
            session, actor, upload_id, {1: replace(mapping_of(upload.mapping)[1], kind=ColumnKind.DATE)}
        )
    run_import(database, upload_id)
    for kind in (ProblemKind.VALUE, None):
        with database.writing() as session:
            left = problems.mend_row(session, actor, upload_id, 2, [], keep=True)
        assert (left.kind if left is not None else None) is kind


@pytest.mark.parametrize("way", [ImportWay.UPDATE, ImportWay.REPLACE])
def test_a_mended_row_is_counted_as_if_all_were_counted_again(
    database: Database, actor: Person, list_id: int, way: ImportWay
) -> None:
    rows = (
        "email,name,city\nnew example,New,Ely\nann example,,Bath\nbo@example.com,Bo,York,more\n"
        "cy@example.com,Cy,\nCY@example.com,,x\n"
    )
    upload_id = uploaded(database, actor, rows, list_id=list_id, way=way)
    for line, email in ((2, "new@example.com"), (3, "ann@example.com"), (4, "bo2@example.com"), (6, "cy2@example.com")):
        with database.writing() as session:
            assert problems.mend_row(session, actor, upload_id, line, [email]) is None
    mended = upload_of(database, actor, upload_id)
    assert mended.state is ImportState.READY
    other = ImportWay.UPDATE if way is ImportWay.REPLACE else ImportWay.REPLACE
    for one in (other, way):
        with database.writing() as session:
            uploads.choose_way(session, actor, upload_id, one, list_id=list_id)
        run_import(database, upload_id)
    assert counted(upload_of(database, actor, upload_id)) == counted(mended)


def test_all_suggestions_are_used_at_once_and_the_rows_compared_again(database: Database, actor: Person) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "out@gmail.com", SuppressionReason.OPT_OUT)
    slips = "".join(f"person{number}@gmial.com,{number}\n" for number in range(2_500))
    rows = f"email,n\nperson7@gmail.com,first\nout@gmial.com,x\na b@example.com,y\nno at,z\n{slips}"
    upload_id = uploaded(database, actor, rows)
    with database.writing() as session:
        uploads.use_suggestions(session, actor, upload_id, [ProblemKind.SLIP])
    run_import(database, upload_id)
    upload = upload_of(database, actor, upload_id)
    assert counted(upload)["adds"] == 2_500
    assert upload.counts["problems"] == {"duplicate": 1, "slip": 1, "spaces": 1, "no_at": 1}
    save(database, actor, upload_id)
    there = people_of(database, upload_of(database, actor, upload_id).list_id)
    assert there["person7@gmail.com"] == ("", {"n": "first"})
    assert there["person8@gmail.com"] == ("", {"n": "8"})


def test_bad_rows_are_written_out_safely_and_import_again(database: Database, actor: Person) -> None:
    rows = 'email,note\n"=cmd|x",@SUM(1)\nann@example.com,ok\nbo@gmial.com,"two\nlines"\n'
    upload_id = uploaded(database, actor, rows)
    text = "".join(problems.bad_rows_as_csv(database, upload_of(database, actor, upload_id)))
    assert "'=cmd|x,'@SUM(1)" in text
    table = read_table(text.encode(), header_line=1)
    assert [row.cells[2:] for row in table.rows] == [["'=cmd|x", "'@SUM(1)"], ["bo@gmial.com", "two\nlines"]]
    assert not [cell for row in table.rows for cell in row.cells if cell[:1] in "=+-@\t\r" and cell]


def test_pages_of_bad_rows_follow_each_other(database: Database, actor: Person) -> None:
    rows = "email\nann@example.com\n" + "".join(f"bad {number}\n" for number in range(25))
    upload = upload_of(database, actor, uploaded(database, actor, rows))
    seen, after = [], -1
    with database.reading() as session:
        while page := problems.bad_rows(session, upload, kind=ProblemKind.NO_AT, after=after, limit=10):
            seen += [row.line for row in page]
            after = page[-1].line
    assert seen == list(range(3, 28))


addresses = st.one_of(
    st.emails(),
    st.from_regex(r"[A-Za-z0-9._+'-]{1,66}@[A-Za-z0-9.-]{1,30}\.[A-Za-z]{1,6}", fullmatch=True),
    st.sampled_from(["a@x.local", "a@x.invalid", "a@localhost", "a@x.test", "a@[127.0.0.1]", "a@xn--nxasmq6b.com"]),
)


@given(addresses)
def test_the_quick_look_at_an_address_never_says_otherwise_than_the_rules(address: str) -> None:
    assert (address_fault(address) is None) == (check_address(address) is None)


# Round trip

_numbers = count()

cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(str.strip)
persons = st.lists(
    st.builds(
        lambda number, name, city, note: NewRecipient(f"p{number}@example.com", name, {"city": city, "note": note}),
        st.integers(0, 10_000),
        cells,
        cells,
        cells,
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda person: person.email,
)


@given(persons)
@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_importing_a_download_gives_the_same_list(database: Database, actor: Person, rows: list[NewRecipient]) -> None:
    name = f"List {next(_numbers)}"
    with database.writing() as session:
        made = lists.make_list(session, actor, name=name, columns=["city", "note"], people=rows)
    with database.reading() as session:
        text = "".join(lists.list_as_csv(session, made.id, made.columns))
    again = imported(database, actor, text, name=f"{name} again")
    assert again.counts["problems"] == {}
    assert people_of(database, again.list_id) == people_of(database, made.id)
    same = uploaded(database, actor, text, list_id=made.id, way=ImportWay.REPLACE)
    effect = counted(upload_of(database, actor, same))
    assert effect == {"adds": 0, "changes": 0, "leaves": len(rows), "removes": 0}


def test_a_download_of_a_list_with_a_column_for_full_names_imports_as_it_was(database: Database, actor: Person) -> None:
    with database.writing() as session:
        made = a_list(
            session,
            actor,
            people=[NewRecipient("ann@example.com", "Ann", {"full_name": "Ann Okafor"})],
            columns=["full_name"],
        )
        content = "".join(lists.list_as_csv(session, made.id, made.columns))
    upload_id = uploaded(database, actor, content, list_id=made.id, way=ImportWay.REPLACE)
    counts = upload_of(database, actor, upload_id).counts
    assert (counts["adds"], counts["changes"], counts["removes"]) == (0, 0, 0), counts


# Large files, stops and deaths


def many(number: int) -> str:
    bad = {n: f"person{n} at example.com" for n in range(50, number, 100)}
    rows = (f"{bad.get(n, f'person{n}@example.com')},Person {n},City {n % 90},{n:06}\n" for n in range(number))
    return "email,name,city,code\n" + "".join(rows)


def test_a_file_of_several_pieces_is_kept_and_read_whole(database: Database, actor: Person) -> None:
    content = many(40_000)
    assert len(content) > 1024 * 1024
    upload_id = uploaded(database, actor, content)
    with database.reading() as session:
        assert (session.scalar(select(func.count()).select_from(UploadChunk)) or 0) > 1
    assert counted(upload_of(database, actor, upload_id))["adds"] == 39_600
    save(database, actor, upload_id)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UploadChunk)) == 0, (
            "the file goes when it is in the list"
        )
        assert session.scalar(select(func.count()).select_from(Recipient)) == 39_600


def test_a_stop_ends_the_reading_and_leaves_nothing_of_it(database: Database, actor: Person) -> None:
    upload_id = uploads.keep_upload(database, actor, list_name="Members", file=io.BytesIO(many(40_000).encode()))
    work = threading.Thread(target=run_import, args=(database, upload_id))
    work.start()
    while not upload_of(database, actor, upload_id).progress:
        time.sleep(0.01)
    with database.writing() as session:
        uploads.stop_upload(session, actor, upload_id)
    work.join(20)
    upload = upload_of(database, actor, upload_id)
    assert (upload.state, upload.is_staged) == (ImportState.CHOOSING, False)
    with database.writing() as session:
        uploads.choose_columns(session, actor, upload_id, {})
    run_import(database, upload_id)
    assert counted(upload_of(database, actor, upload_id))["adds"] == 39_600


def test_a_stop_of_the_counting_keeps_what_was_mended_by_hand(database: Database, actor: Person) -> None:
    upload_id = uploaded(database, actor, "email\nann@@example.com\nbo@@example.com\n")
    with database.writing() as session:
        problems.mend_row(session, actor, upload_id, 2, ["ann.right@example.com"])
    with database.writing() as session:
        uploads.use_suggestions(session, actor, upload_id, ["not_an_address"])
    with database.writing() as session:
        uploads.stop_upload(session, actor, upload_id)
    with database.writing() as session:
        uploads.choose_columns(session, actor, upload_id, {})
    run_import(database, upload_id)
    save(database, actor, upload_id)
    assert "ann.right@example.com" in people_of(database, upload_of(database, actor, upload_id).list_id)


def test_a_list_that_could_not_get_its_name_is_never_shown_half(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is told to end while it empties a list whose name was taken; the name is free again for the next one."""
    monkeypatch.setattr(new_lists, "RANGE", 2)
    rows = "email\n" + "".join(f"p{n}@example.com\n" for n in range(6))
    upload_id = uploaded(database, actor, rows, name="Members")
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id, list_name="Members")
        taken = a_list(session, actor, people=[], name="Members")
    real = new_lists.empty

    def empty(run: ImportRun, list_id: int) -> None:
        count = 0

        def stop() -> bool:
            nonlocal count
            count += 1
            return count > 1

        run._should_stop = stop
        real(run, list_id)

    monkeypatch.setattr(new_lists, "empty", empty)
    run_import(database, upload_id)
    monkeypatch.setattr(new_lists, "empty", real)
    with database.writing() as session:
        lists.rename_list(session, actor, taken.id, "Another")
    run_import(database, upload_id)
    upload = upload_of(database, actor, upload_id)
    with database.reading() as session:
        made = session.get(RecipientList, upload.list_id) if upload.list_id else None
    assert made is None or made.recipient_count == len(people_of(database, upload.list_id))


def test_an_import_gives_a_list_no_more_columns_than_it_may_have(database: Database, actor: Person) -> None:
    def row(first: int) -> str:
        return "email," + ",".join(f"c{n}" for n in range(first, first + 150)) + "\n"

    made = imported(database, actor, row(0) + "a@example.com\n").list_id
    upload_id = uploaded(database, actor, row(150) + "b@example.com\n", list_id=made)
    with pytest.raises(Refused, match="would have 300 columns; 200 are the most"):
        save(database, actor, upload_id)


def test_a_cancelled_and_an_old_upload_are_cleared_away(database: Database, actor: Person) -> None:
    cancelled, old, fresh = (uploaded(database, actor, FIRST, name=name) for name in ("A", "B", "C"))
    with database.writing() as session:
        uploads.cancel_upload(session, actor, cancelled)
        upload = session.get_one(ListUpload, old)
        upload.changed_at -= KEPT_FOR * 1.01
        session.flush()
        forget_old(session)
    for upload_id in (cancelled, old, fresh):
        run_import(database, upload_id)
    with database.reading() as session:
        assert session.scalars(select(ListUpload.id)).all() == [fresh]
        assert set(session.scalars(select(StagedRow.upload_id))) == {fresh}
        assert set(session.scalars(select(UploadChunk.upload_id))) == {fresh}


def test_an_unreadable_row_far_behind_fails_with_words_and_changes_nothing(database: Database, actor: Person) -> None:
    upload_id = uploaded(database, actor, FIRST + "x@example.com,X,Y\n" * 3_000 + "y@example.com,\0,Z\n")
    upload = upload_of(database, actor, upload_id)
    assert upload.state is ImportState.FAILED
    assert "Line 3,005 holds a NUL" in upload.words
    with database.writing() as session, pytest.raises(Refused, match="not all checked"):
        uploads.save_upload(session, actor, upload_id, list_name="X")
    with database.reading() as session:
        assert lists.all_lists(session, actor) == []


def test_a_file_that_did_not_arrive_whole_is_not_imported(database: Database, actor: Person) -> None:
    upload_id = uploads.keep_upload(database, actor, list_name="Half", file=io.BytesIO(many(40_000).encode()))
    with database.writing() as session:
        session.execute(delete(UploadChunk).where(UploadChunk.number > 0))
    run_import(database, upload_id)
    upload = upload_of(database, actor, upload_id)
    assert (upload.state, upload.words[:21]) == (ImportState.FAILED, "The upload broke off ")


def test_a_new_list_cannot_be_seen_before_it_is_whole_and_its_name_is_asked_again_when_taken(
    database: Database, actor: Person
) -> None:
    upload_id = uploaded(database, actor, FIRST, name="Twice")
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id, list_name="Twice")
    with database.writing() as session:
        lists.make_list(session, actor, name="Twice", columns=[], people=[])
    run_import(database, upload_id)
    upload = upload_of(database, actor, upload_id)
    assert (upload.state, upload.list_id) == (ImportState.READY, None)
    assert "There is a list “Twice” already" in upload.words
    with database.reading() as session:
        assert [one.name for one in session.scalars(select(RecipientList))] == ["Twice"], "nothing is left half-made"
        assert session.scalar(select(func.count()).select_from(Recipient)) == 0
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id, list_name="Once")
    run_import(database, upload_id)
    assert len(people_of(database, upload_of(database, actor, upload_id).list_id)) == 3


def test_nobody_sees_half_an_import(database: Database, actor: Person, list_id: int) -> None:
    upload_id = uploaded(database, actor, many(10_000), list_id=list_id, way=ImportWay.REPLACE)
    seen: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            with database.reading() as session:
                seen.add(session.scalar(select(func.count()).where(Recipient.list_id == list_id)) or 0)

    watcher = threading.Thread(target=look)
    watcher.start()
    save(database, actor, upload_id)
    over.set()
    watcher.join()
    assert seen <= {3, 9_900}
    assert len(people_of(database, list_id)) == 9_900


def test_a_killed_worker_leaves_a_whole_import(
    database: Database, actor: Person, settings: Settings, list_id: int, tmp_path: Path
) -> None:
    """Killed again and again, while it reads, counts, changes the list and takes that back: everybody is there once."""
    chance = random.Random(6)
    queue = Queue(settings, database)
    upload_id = uploads.keep_upload(
        database, actor, list_name="", file=io.BytesIO(many(30_000).encode()), list_id=list_id
    )

    def until(state: ImportState) -> int:
        kills = 0
        deadline = time.monotonic() + 120
        with RunningWorker(settings) as worker:
            queue.import_list(upload_id)
            while upload_of(database, actor, upload_id).state is not state:
                assert time.monotonic() < deadline, worker.words
                time.sleep(chance.uniform(1.2, 2.2) if kills < 3 else 0.2)
                if kills < 3 and upload_of(database, actor, upload_id).state is not state:
                    worker.kill()
                    there = len(people_of(database, list_id))
                    assert there == the_list(database, list_id).recipient_count
                    assert there in (3, 3 + 29_700) or state is ImportState.UNDONE, "all of it or nothing"
                    worker.start()
                    kills += 1
        return kills

    assert until(ImportState.READY) >= 1
    assert counted(upload_of(database, actor, upload_id)) == {"adds": 29_700, "changes": 0, "leaves": 3, "removes": 0}
    with database.writing() as session:
        uploads.save_upload(session, actor, upload_id)
    until(ImportState.DONE)
    assert len(people_of(database, list_id)) == the_list(database, list_id).recipient_count == 29_703
    with database.writing() as session:
        uploads.undo_upload(session, actor, upload_id, unfinished_sends=0)
    until(ImportState.UNDONE)
    assert len(people_of(database, list_id)) == the_list(database, list_id).recipient_count == 3
