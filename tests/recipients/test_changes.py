"""Changing many people at once, and undoing it: whole, safe beside others, and honest about whom it left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import of_list
from app.db import Database, now
from app.people.models import Person
from app.recipients import lists, people
from app.recipients.changes import columns as column_changes
from app.recipients.changes import doing as change_doing
from app.recipients.changes import running as changes
from app.recipients.changes.models import ChangeKind, ChangeState, ListChange, ListChangeRow
from app.recipients.checking import NewRecipient
from app.recipients.columns import ColumnKind
from app.recipients.finding import keying, segments
from app.recipients.finding.filtering import Condition, Filter, Operator, clauses
from app.recipients.finding.models import Segment
from app.recipients.finding.selecting import Selection, count_people
from app.recipients.models import ImportWay, Recipient, RecipientList
from app.refusals import Refused
from tests.recipients.imports import imported
from tests.recipients.imports import undo as undo_import
from tests.sends.outcomes import at_once

LEEDS = Selection(wanted=Filter((Condition("city", Operator.IS, "leeds"),)))
TO_YORK = {"column": "city", "value": "York"}


@pytest.fixture
def members(database: Database, actor: Person) -> RecipientList:
    """Thirty people, every third of them in Leeds."""
    rows = [
        NewRecipient(f"p{n:02}@example.com", f"Person {n}", {"city": "Leeds" if n % 3 == 0 else "Hull", "fee": f"{n}"})
        for n in range(30)
    ]
    with database.writing() as session:
        return lists.make_list(session, actor, name="Members", columns=["city", "fee"], people=rows)


def cities(database: Database, members: RecipientList) -> dict[str, int]:
    with database.reading() as session:
        city = Recipient.data["city"].as_string()
        rows = session.execute(select(city, func.count()).where(Recipient.list_id == members.id).group_by(city))
        return {row[0]: row[1] for row in rows}


def state(database: Database, members: RecipientList) -> tuple[int, int, list[str]]:
    """The kept count, the real one, and the columns."""
    with database.reading() as session:
        found = session.get_one(RecipientList, members.id)
        real = session.scalar(select(func.count()).where(Recipient.list_id == members.id))
        return found.recipient_count, real or 0, found.columns


def everybody(database: Database, members: RecipientList) -> list[tuple[object, ...]]:
    with database.reading() as session:
        query = select(Recipient).where(Recipient.list_id == members.id).order_by(Recipient.email_key)
        return [(one.email, one.name, one.data, one.keys) for one in session.scalars(query)]


def undo(database: Database, actor: Person, members: RecipientList, change_id: int) -> ListChange:
    with database.writing() as session:
        return changes.undo(session, actor, members.id, change_id)


def test_one_column_of_all_that_a_filter_finds_is_changed_and_undone(
    database: Database, actor: Person, members: RecipientList
) -> None:
    before = everybody(database, members)
    with database.writing() as session:
        assert count_people(session, members, LEEDS) == (10, True)
        change = changes.begin(session, actor, members.id, ChangeKind.SET, LEEDS, TO_YORK)
        assert (change.state, change.done) == (ChangeState.DONE, 10)
    assert cities(database, members) == {"York": 10, "Hull": 20}
    with database.reading() as session:
        york = Filter((Condition("city", Operator.IS, "york"),))
        assert len(session.scalars(select(Recipient).where(*clauses(members, york))).all()) == 10
    undone = undo(database, actor, members, change.id)
    assert (undone.state, undone.done, undone.kept) == (ChangeState.UNDONE, 10, 0)
    assert everybody(database, members) == before


def test_removed_people_come_back_as_they_were(database: Database, actor: Person, members: RecipientList) -> None:
    before = everybody(database, members)
    with database.writing() as session:
        change = changes.begin(session, actor, members.id, ChangeKind.REMOVE, LEEDS)
    assert state(database, members)[:2] == (20, 20)
    undo(database, actor, members, change.id)
    assert state(database, members)[:2] == (30, 30)
    assert everybody(database, members) == before


def test_undo_leaves_alone_who_was_changed_since(database: Database, actor: Person, members: RecipientList) -> None:
    with database.writing() as session:
        change = changes.begin(session, actor, members.id, ChangeKind.SET, LEEDS, TO_YORK)
        one = people.recipients_page(session, actor, members.id, search="p00")[0]
        people.change_recipient(session, actor, members.id, one.id, email=one.email, name="", data={"city": "Oban"})
    undone = undo(database, actor, members, change.id)
    assert (undone.done, undone.kept) == (9, 1)
    assert cities(database, members) == {"Leeds": 9, "Hull": 20, "Oban": 1}


def test_who_was_added_again_since_is_not_doubled(database: Database, actor: Person, members: RecipientList) -> None:
    with database.writing() as session:
        change = changes.begin(session, actor, members.id, ChangeKind.REMOVE)
        people.add_recipient(session, actor, members.id, email="P00@example.com", name="New", data={"city": "Oban"})
    undone = undo(database, actor, members, change.id)
    assert (undone.done, undone.kept) == (29, 1)
    assert state(database, members)[:2] == (30, 30)
    assert cities(database, members)["Oban"] == 1


@pytest.mark.parametrize("act", ["add", "edit", "remove"])
def test_what_was_done_to_one_person_is_undone_too(
    database: Database, actor: Person, members: RecipientList, act: str
) -> None:
    before = everybody(database, members)
    with database.writing() as session:
        one = people.recipients_page(session, actor, members.id, search="p00")[0]
        if act == "add":
            people.add_recipient(session, actor, members.id, email="new@example.com", name="", data={})
        elif act == "edit":
            people.change_recipient(session, actor, members.id, one.id, email="x@example.com", name="X", data={})
        else:
            people.remove_recipient(session, actor, members.id, one.id)
        change = changes.latest_changes(session, members.id)[0]
    assert everybody(database, members) != before
    undo(database, actor, members, change.id)
    assert everybody(database, members) == before
    assert state(database, members)[:2] == (30, 30)


def test_a_change_is_undone_once_and_not_after_its_time(
    database: Database, actor: Person, members: RecipientList
) -> None:
    with database.writing() as session:
        first = changes.begin(session, actor, members.id, ChangeKind.SET, LEEDS, TO_YORK)
        old = changes.begin(session, actor, members.id, ChangeKind.REMOVE, LEEDS)
        old.at = now() - changes.UNDO_FOR - timedelta(minutes=1)
    undo(database, actor, members, first.id)
    for change in (first, old):
        with pytest.raises(Refused, match="cannot be undone any more"):
            undo(database, actor, members, change.id)
    with database.writing() as session:
        session.get_one(ListChange, first.id).at = old.at
        changes.forget_old(session)
        assert session.scalar(select(func.count()).select_from(ListChangeRow)) == 0


def test_a_large_change_is_the_workers_goes_on_after_a_kill_and_can_be_stopped(
    database: Database, actor: Person, members: RecipientList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 5)
    for module in ("doing", "undoing"):
        monkeypatch.setattr(f"app.recipients.changes.{module}.CHUNK", 4)
    before = everybody(database, members)
    with database.writing() as session:
        change = changes.begin(session, actor, members.id, ChangeKind.SET, Selection(), TO_YORK)
        assert (change.state, change.done) == (ChangeState.RUNNING, 0)
    with database.writing() as session:
        assert changes.step(session, change.id)
        with pytest.raises(Refused, match="being changed just now"):
            people.add_recipient(session, actor, members.id, email="n@example.com", name="", data={})
        with pytest.raises(Refused, match="being changed just now"):
            changes.begin(session, actor, members.id, ChangeKind.REMOVE)
    assert cities(database, members)["York"] == 4
    with database.writing() as session:  # the worker died here; another one goes on
        assert changes.going(session) == [change.id]
    changes.work(database, change.id)
    assert cities(database, members) == {"York": 30}
    with database.writing() as session:
        changes.undo(session, actor, members.id, change.id)
        assert changes.going(session) == [change.id]
    changes.work(database, change.id)
    assert everybody(database, members) == before
    with database.writing() as session:
        stopped = changes.begin(session, actor, members.id, ChangeKind.REMOVE)
        changes.step(session, stopped.id)
        changes.stop(session, actor, members.id, stopped.id)
        assert not changes.step(session, stopped.id)
    assert state(database, members)[:2] == (26, 26)
    undo(database, actor, members, stopped.id)
    assert everybody(database, members) == before
    assert change_doing.CHUNK == 4


def test_a_rename_moves_the_cells_and_the_kind_and_can_be_undone(
    database: Database, actor: Person, members: RecipientList
) -> None:
    with database.writing() as session:
        column_changes.change_kind(session, actor, members.id, "fee", ColumnKind.NUMBER)
    before = everybody(database, members)
    with database.writing() as session:
        change = column_changes.rename_column(session, actor, members.id, "fee", "Yearly fee")
        assert change is not None
    with database.reading() as session:
        found = lists.find_list(session, actor, members.id)
        assert (found.columns, found.column_kinds) == (["city", "yearly_fee"], {"yearly_fee": "number"})
        wanted = Filter((Condition("yearly_fee", Operator.MORE_THAN, "9"),))
        assert len(session.scalars(select(Recipient).where(*clauses(found, wanted))).all()) == 20
        with pytest.raises(Refused, match="no column “fee”"):
            clauses(found, Filter((Condition("fee", Operator.IS, "1"),)))
    undo(database, actor, members, change.id)
    assert state(database, members)[2] == ["city", "fee"]
    assert everybody(database, members) == before


def test_segments_follow_a_renamed_column_and_its_undo_and_reviews_made_before_are_old(
    database: Database, actor: Person, members: RecipientList
) -> None:
    with database.writing() as session:
        made = segments.make_segment(session, actor, members.id, name="In Leeds", wanted=LEEDS.wanted)
        number = made.change_number
        change = column_changes.rename_column(session, actor, members.id, "city", "town")
        assert change is not None
        assert segments.filter_words(made) == "town is leeds"
        assert made.change_number == number + 1
    undo(database, actor, members, change.id)
    with database.reading() as session:
        again = session.get_one(Segment, made.id)
        assert (segments.filter_words(again), again.change_number) == ("city is leeds", number + 2)
        assert len(session.scalars(select(Recipient).where(segments.clause_of(again))).all()) == 10


def test_a_removed_column_is_gone_from_every_person_and_comes_back(
    database: Database, actor: Person, members: RecipientList
) -> None:
    with database.writing() as session:
        change = column_changes.remove_column(session, actor, members.id, "city")
    assert state(database, members)[2] == ["fee"]
    with database.reading() as session:
        assert not any("city" in one.data for one in session.scalars(select(Recipient)))
    undo(database, actor, members, change.id)
    assert state(database, members)[2] == ["city", "fee"]
    assert cities(database, members) == {"Leeds": 10, "Hull": 20}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the column a name"),
        ("City", "already"),
        ("E-mail", "e_mail"),
        ("email", "from Postroom itself"),
        ("!", "letters"),
    ],
)
def test_a_column_needs_a_name_of_its_own(
    session: Session, actor: Person, members: RecipientList, name: str, words: str
) -> None:
    if words == name.lower().replace("-", "_"):
        assert column_changes.add_column(session, actor, members.id, name, ColumnKind.TEXT) == words
        return
    with pytest.raises(Refused, match=words) as refused:
        column_changes.add_column(session, actor, members.id, name, ColumnKind.TEXT)
    assert refused.value.field == "column_name"


def test_a_new_column_is_empty_for_everybody(session: Session, actor: Person, members: RecipientList) -> None:
    column_changes.add_column(session, actor, members.id, "Paid", ColumnKind.YES_NO)
    found = lists.find_list(session, actor, members.id)
    empty = Filter((Condition("paid", Operator.IS_EMPTY),))
    assert keying.is_ready(session, found)
    assert len(session.scalars(select(Recipient).where(*clauses(found, empty))).all()) == 30


def test_another_kind_compares_otherwise_and_keeps_the_cells(
    database: Database, actor: Person, members: RecipientList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_changes, "AT_ONCE", 5)
    monkeypatch.setattr(keying, "CHUNK", 7)
    with database.writing() as session:
        column_changes.change_kind(session, actor, members.id, "fee", ColumnKind.NUMBER)
        assert keying.lists_to_key(session) == [members.id]
        with pytest.raises(Refused, match="being sorted"):
            count_people(session, lists.find_list(session, actor, members.id), LEEDS)
    keying.make_keys(database, members.id)
    with database.reading() as session:
        found = lists.find_list(session, actor, members.id)
        assert keying.is_ready(session, found)
        wanted = Filter((Condition("fee", Operator.LESS_THAN, "10"),))
        assert len(session.scalars(select(Recipient).where(*clauses(found, wanted))).all()) == 10


def test_every_change_makes_reviews_old_and_is_in_the_history_without_addresses(
    database: Database, actor: Person, members: RecipientList
) -> None:
    numbers = []
    with database.writing() as session:
        for act in (
            lambda: changes.begin(session, actor, members.id, ChangeKind.SET, LEEDS, TO_YORK),
            lambda: people.add_recipient(session, actor, members.id, email="n@example.com", name="N", data={}),
            lambda: column_changes.rename_column(session, actor, members.id, "fee", "dues"),
            lambda: column_changes.change_kind(session, actor, members.id, "dues", ColumnKind.NUMBER),
            lambda: column_changes.remove_column(session, actor, members.id, "dues"),
            lambda: changes.undo(session, actor, members.id, changes.latest_changes(session, members.id)[0].id),
        ):
            numbers.append(lists.find_list(session, actor, members.id).change_number)
            act()
        numbers.append(lists.find_list(session, actor, members.id).change_number)
    assert numbers == sorted(set(numbers))
    with database.reading() as session:
        words = [one.words for one in of_list(session, actor.workspace_id, members.id)]
        assert len(words) == 7
        assert words[5] == "Column “city” set for 10 people in “Members”"
        assert not [one for one in words if "@" in one]


def test_two_windows_change_the_same_people_and_nothing_is_lost(
    database: Database, actor: Person, members: RecipientList
) -> None:
    """Of two windows that remove the same people the second finds nobody left, and the count stays right."""
    with database.writing() as session:
        found = session.scalars(select(Recipient.id).where(Recipient.list_id == members.id).limit(5)).all()
        ids = tuple(found)
        changes.begin(session, actor, members.id, ChangeKind.REMOVE, Selection(ids))
    with database.writing() as session:
        second = changes.begin(session, actor, members.id, ChangeKind.REMOVE, Selection(ids))
        assert second.done == 0
    assert state(database, members)[:2] == (25, 25)


def test_of_several_windows_that_undo_the_same_one_does(
    database: Database, actor: Person, members: RecipientList
) -> None:
    with database.writing() as session:
        change = changes.begin(session, actor, members.id, ChangeKind.REMOVE, LEEDS)
    ends = at_once(lambda: undo(database, actor, members, change.id), windows=4)
    assert sum(isinstance(one, ListChange) for one in ends) == 1
    assert sum(isinstance(one, Refused) for one in ends) == 3
    assert state(database, members)[:2] == (30, 30)


def test_several_windows_add_and_remove_at_the_same_moment_and_the_count_is_right(
    database: Database, actor: Person, members: RecipientList
) -> None:
    numbers = iter(range(100))

    def act() -> None:
        number = next(numbers)
        with database.writing() as session:
            if number % 2:
                changes.begin(session, actor, members.id, ChangeKind.REMOVE, LEEDS)
            else:
                people.add_recipient(
                    session, actor, members.id, email=f"n{number}@example.com", name="", data={"city": "Oban"}
                )

    assert at_once(act, windows=6) == [None] * 6
    kept, real, _ = state(database, members)
    assert kept == real == 23


def test_what_a_change_was_about_is_forgotten_when_it_is_done(
    session: Session, actor: Person, members: RecipientList
) -> None:
    about = Selection(search="p00@example.com")
    change = changes.begin(session, actor, members.id, ChangeKind.SET, about, {"column": "city", "value": "Ann's"})
    assert change.done == 1
    assert (change.selection, change.act) == ({}, {"column": "city"})


@pytest.fixture(params=["at once", "by the worker"])
def work_all(request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Do what waits for the worker: of everything little, or of all of it, some rows at a time."""
    if request.param == "by the worker":
        monkeypatch.setattr(changes, "AT_ONCE", 5)
        for module in ("doing", "undoing", "kept_cells"):
            monkeypatch.setattr(f"app.recipients.changes.{module}.CHUNK", 4)

    def work() -> None:
        with database.reading() as session:
            waiting = changes.going(session)
        assert bool(waiting) == (request.param == "by the worker")
        for one in waiting:
            changes.work(database, one)

    return work


def rename(database: Database, actor: Person, members: RecipientList, column: str, name: str) -> ListChange:
    with database.writing() as session:
        change = column_changes.rename_column(session, actor, members.id, column, name)
    assert change is not None
    return change


def test_what_changes_kept_follows_a_renamed_column_and_its_undo(
    database: Database, actor: Person, members: RecipientList, work_all: Callable[[], None]
) -> None:
    before = everybody(database, members)
    with database.writing() as session:
        removal = changes.begin(session, actor, members.id, ChangeKind.REMOVE, LEEDS)
    work_all()
    with database.writing() as session:
        setting = changes.begin(session, actor, members.id, ChangeKind.SET, act=TO_YORK)
    work_all()
    change = rename(database, actor, members, "city", "town")
    work_all()
    undo(database, actor, members, setting.id)
    work_all()
    undo(database, actor, members, removal.id)
    work_all()
    renamed = [(email, name, {"fee": d["fee"], "town": d["city"]}) for email, name, d, _ in before]
    assert [one[:3] for one in everybody(database, members)] == renamed
    with database.writing() as session:
        removal = changes.begin(session, actor, members.id, ChangeKind.REMOVE)
    work_all()
    undo(database, actor, members, change.id)
    work_all()
    undo(database, actor, members, removal.id)
    work_all()
    assert everybody(database, members) == before


def test_what_an_import_kept_follows_a_renamed_column(
    database: Database, actor: Person, members: RecipientList, work_all: Callable[[], None]
) -> None:
    before = everybody(database, members)
    rows = "email,name,City,fee\n" + "".join(f"p{n:02}@example.com,Other,Bath,1\n" for n in range(0, 30, 3))
    upload = imported(database, actor, rows, list_id=members.id, way=ImportWay.REPLACE)
    rename(database, actor, members, "city", "town")
    work_all()
    undo_import(database, actor, upload.id)
    renamed = [(email, name, {"fee": d["fee"], "town": d["city"]}) for email, name, d, _ in before]
    assert [one[:3] for one in everybody(database, members)] == renamed


def test_cells_of_a_column_that_was_removed_are_never_taken_for_another_ones(
    database: Database, actor: Person, members: RecipientList
) -> None:
    """Town is removed, then city is called town, and not any more: everything comes back where it was."""
    with database.writing() as session:
        column_changes.rename_column(session, actor, members.id, "fee", "town")
        removal = changes.begin(session, actor, members.id, ChangeKind.REMOVE, LEEDS)
        of_town = column_changes.remove_column(session, actor, members.id, "town")
        change = column_changes.rename_column(session, actor, members.id, "city", "town")
        assert change is not None
        changes.undo(session, actor, members.id, change.id)
        changes.undo(session, actor, members.id, of_town.id)
        changes.undo(session, actor, members.id, removal.id)
    expected = [{"city": "Leeds" if n % 3 == 0 else "Hull", "town": f"{n}"} for n in range(30)]
    assert [one[2] for one in everybody(database, members)] == expected


def test_undo_changes_nobody_who_got_the_number_of_somebody_removed(
    database: Database, actor: Person, members: RecipientList
) -> None:
    with database.writing() as session:
        setting = changes.begin(session, actor, members.id, ChangeKind.SET, act=TO_YORK)
        last = people.recipients_page(session, actor, members.id, search="p29")[0]
        people.remove_recipient(session, actor, members.id, last.id)
        session.expunge_all()
        people.add_recipient(session, actor, members.id, email="z@example.com", name="Z", data={"city": "York"})
    done = undo(database, actor, members, setting.id)
    assert (done.done, done.kept) == (29, 1)
    assert cities(database, members)["York"] == 1


def test_the_undo_of_a_rename_in_a_large_list_is_the_workers_however_few_have_a_cell_there(
    database: Database, actor: Person, members: RecipientList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 10)
    monkeypatch.setattr(column_changes, "AT_ONCE", 10)
    with database.writing() as session:
        column_changes.add_column(session, actor, members.id, "plan", ColumnKind.TEXT)
        change = column_changes.rename_column(session, actor, members.id, "plan", "tariff")
        assert change is not None and change.state is ChangeState.RUNNING
    changes.work(database, change.id)
    assert undo(database, actor, members, change.id).state is ChangeState.UNDOING
