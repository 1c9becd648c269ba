"""Pages of a list: what is found, in which order, page by page; the same whether the list is small or large."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database
from app.people.models import Person
from app.recipients import lists, people
from app.recipients.changes import running as changes
from app.recipients.changes.models import ChangeKind, KeyText, RecipientKey, SortedColumn
from app.recipients.checking import NewRecipient
from app.recipients.columns import ColumnKind
from app.recipients.finding import browsing, key_texts, keying, sorting
from app.recipients.finding.browsing import NotSorted, View, people_page
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.finding.keys import key_of, text_key
from app.recipients.finding.selecting import Selection
from app.recipients.models import Recipient, RecipientList
from app.sends.erasing import erase

CITIES = ["Leeds", "York", "Hull", "", "Malmö"]
LEEDS = Condition("city", Operator.IS, "leeds")


def rows(number: int) -> list[NewRecipient]:
    chance = random.Random(7)
    return [
        NewRecipient(
            f"{chance.choice('abc')}{n}@example.com",
            f"{chance.choice(['Ann', 'Bo', 'Cy'])} {chance.choice(['Okafor', 'Lindqvist', 'Anders', ''])}".strip(),
            {"city": chance.choice(CITIES), "renewal": f"{chance.randrange(1, 29)}/{chance.randrange(1, 13)}/2026"},
        )
        for n in range(number)
    ]


@pytest.fixture(params=["small", "large"])
def members(
    request: pytest.FixtureRequest, database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> RecipientList:
    """A list of 400; “large” has the order that the worker builds, and every limit is as low as the list is short."""
    if request.param == "large":
        for module, name, value in (
            (sorting, "LARGE", 50),
            (sorting, "CHUNK", 90),
            (browsing, "FEW", 40),
            (browsing, "FIRST_LOOK", 7),
            (key_texts, "LINES", 60),
            (key_texts, "AT_ONCE", 2),
        ):
            monkeypatch.setattr(module, name, value)
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Members", columns=["city", "renewal"], people=rows(400))
        made.column_kinds = {"renewal": ColumnKind.DATE}
        made.rekey_after = 0
    keying.make_keys(database, made.id)
    sorting.build(database, made.id)
    with database.reading() as session:
        return lists.find_list(session, actor, made.id)


def walked(session: Session, members: RecipientList, view: View, limit: int = 30) -> list[Recipient]:
    """Everybody, page by page."""
    found: list[Recipient] = []
    after = None
    for _ in range(200):
        page = people_page(session, members, view, after=after, limit=limit)
        assert len(page.people) <= limit
        found += page.people
        after = page.next_place
        if after is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("column", ["email", "name", "city", "renewal"])
@pytest.mark.parametrize("descending", [False, True])
def test_every_column_sorts_and_the_pages_join_without_gap_or_double(
    session: Session, members: RecipientList, column: str, descending: bool
) -> None:
    seen = walked(session, members, View(sort=column, descending=descending))
    assert len({one.id for one in seen}) == len(seen) == 400
    keys = [one.email_key if column == "email" else (one.keys or {})[column] for one in seen]
    assert keys == sorted(keys, reverse=descending)


@pytest.mark.parametrize("sort", ["", "name", "city", "renewal"])
@pytest.mark.parametrize(
    "wanted",
    [
        Filter((LEEDS,)),
        Filter((Condition("city", Operator.IS, "Malmo"), Condition("renewal", Operator.BEFORE, "1 March 2026"))),
        Filter((LEEDS, Condition("renewal", Operator.BEFORE, "1 March 2026")), any_of=True),
        Filter((Condition("city", Operator.IS_NOT, "York"),)),
        Filter((Condition("city", Operator.CONTAINS, "ull"),)),
        Filter((Condition("email", Operator.BEGINS_WITH, "a1"),)),
        Filter((Condition("email", Operator.CONTAINS, "99@"),)),
        Filter((Condition("name", Operator.IS, "nobody"),)),
    ],
)
def test_a_filter_finds_the_same_people_whatever_the_order(
    session: Session, members: RecipientList, wanted: Filter, sort: str
) -> None:
    seen = walked(session, members, View(wanted=wanted, sort=sort))
    expected = {one.id for one in session.scalars(select(Recipient)) if _meets(one, wanted)}
    assert {one.id for one in seen} == expected
    assert len(seen) == len(expected)


@pytest.mark.parametrize("search", ["b", "A1", "okaf", "cy ", "ANN OKAFOR", "zzz", "an"])
def test_a_search_finds_beginnings_of_addresses_and_of_words_of_names_once_each(
    session: Session, members: RecipientList, search: str
) -> None:
    seen = walked(session, members, View(search=search.strip()))
    word = text_key(search)
    expected = {
        one.id
        for one in session.scalars(select(Recipient))
        if one.email_key.startswith(word) or f" {text_key(one.name)}".find(f" {word}") >= 0
    }
    assert {one.id for one in seen} == expected
    assert len(seen) == len(expected)


def test_changes_are_on_the_pages_at_once(database: Database, actor: Person, members: RecipientList) -> None:
    with database.writing() as session:
        one = session.scalars(select(Recipient).order_by(Recipient.id)).first()
        assert one is not None
        people.change_recipient(
            session, actor, members.id, one.id, email="zoe@example.com", name="Zoe", data={"city": "Aberdeen"}
        )
        people.add_recipient(
            session, actor, members.id, email="yves@example.com", name="Yves", data={"city": "Aberystwyth"}
        )
        changes.begin(
            session,
            actor,
            members.id,
            ChangeKind.SET,
            Selection(wanted=Filter((LEEDS,))),
            {"column": "city", "value": "Aachen"},
        )
    with database.reading() as session:
        found = lists.find_list(session, actor, members.id)
        seen = walked(session, found, View(sort="city"))
        assert len({one.id for one in seen}) == len(seen) == 401
        assert [one.data["city"] for one in seen if one.data["city"].startswith("Abe")] == ["Aberdeen", "Aberystwyth"]
        assert not walked(session, found, View(wanted=Filter((LEEDS,))))
        aachen = walked(session, found, View(wanted=Filter((Condition("city", Operator.BEGINS_WITH, "aach"),))))
        assert len(aachen) > 50
        assert [one.name for one in walked(session, found, View(search="zoe"))] == ["Zoe"]
        for column, part, count in (
            ("city", "erdee", 1),
            ("city", "eryst", 1),
            ("email", "zoe", 1),
            ("city", "leed", 0),
        ):
            holds = Filter((Condition(column, Operator.CONTAINS, part),))
            assert len(walked(session, found, View(wanted=holds))) == count, part


def test_a_large_list_changed_by_an_import_says_that_it_is_being_sorted(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "LARGE", 50)
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=rows(60))
    with database.writing() as session:
        found = lists.find_list(session, actor, made.id)
        assert sorting.lists_to_sort(session) == [made.id]
        assert len(people_page(session, found, View()).people) == 50, "the first page by address is always there"
        with pytest.raises(NotSorted):
            people_page(session, found, View(sort="city"))
    sorting.build(database, made.id)
    with database.writing() as session:
        found = lists.find_list(session, actor, made.id)
        assert not sorting.lists_to_sort(session)
        assert people_page(session, found, View(sort="city")).people
        session.add(Recipient(list_id=made.id, email="new@example.com", email_key="new@example.com", data={}))
        found.recipient_count += 1
        found.change_number += 1
    with database.reading() as session:
        assert not sorting.lists_to_sort(session), "first it needs its keys"
    keying.make_keys(database, made.id)
    with database.reading() as session:
        assert sorting.lists_to_sort(session) == [made.id]
    sorting.build(database, made.id)
    sorting.clear_left_over(database)
    with database.reading() as session:
        found = lists.find_list(session, actor, made.id)
        assert len(walked(session, found, View(sort="city"))) == 61
        kept = {one.id for one in session.scalars(select(SortedColumn))}
        assert {one.sorted_column_id for one in session.scalars(select(RecipientKey))} == kept
        assert {one.sorted_column_id for one in session.scalars(select(KeyText))} == kept


def test_a_build_that_is_broken_off_begins_again(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "LARGE", 50)
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=rows(60))
    sorting.build(database, made.id, stops=lambda: True)
    with database.reading() as session:
        assert sorting.lists_to_sort(session) == [made.id]
        assert sorting.order_of(session, lists.find_list(session, actor, made.id)) is None
    sorting.build(database, made.id)
    with database.reading() as session:
        assert sorting.order_of(session, lists.find_list(session, actor, made.id)) is not None


def test_a_walk_that_finds_nobody_stops_and_can_go_on(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in (
        (sorting, "LARGE", 50),
        (browsing, "FEW", 0),
        (browsing, "FIRST_LOOK", 10),
        (browsing, "MOST_LOOKED", 100),
    ):
        monkeypatch.setattr(module, name, value)
    people_ = [NewRecipient(f"p{n:03}@example.com", "", {"city": "York"}) for n in range(300)]
    with database.writing() as session:
        last = NewRecipient("z@example.com", "", {"city": "Leeds"})
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=[*people_, last])
    sorting.build(database, made.id)
    with database.reading() as session:
        found = lists.find_list(session, actor, made.id)
        view = View(wanted=Filter((Condition("city", Operator.IS_NOT, "York"),)))
        page = people_page(session, found, view)
        assert page.is_partial and not page.people and page.next_place
        assert [one.email for one in walked(session, found, view)] == ["z@example.com"]


def _meets(one: Recipient, wanted: Filter) -> bool:
    def met(condition: Condition) -> bool:
        value = text_key(condition.value)
        key = (
            one.email_key
            if condition.column == "email"
            else text_key(one.name if condition.column == "name" else one.data[condition.column])
        )
        if condition.operator is Operator.BEFORE:
            cell = key_of(ColumnKind.DATE, one.data[condition.column])
            return "" < cell < key_of(ColumnKind.DATE, condition.value)
        return {
            Operator.IS: key == value,
            Operator.IS_NOT: key != value,
            Operator.CONTAINS: value in key,
            Operator.BEGINS_WITH: key.startswith(value),
        }[condition.operator]

    every = [met(one) for one in wanted.conditions]
    return any(every) if wanted.any_of else all(every)


def test_an_erased_person_leaves_nothing_in_the_order_of_a_large_list(
    database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "LARGE", 50)
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=rows(60))
    sorting.build(database, made.id)
    with database.writing() as session:
        one = session.scalars(select(Recipient).order_by(Recipient.id).offset(20)).first()
        assert one is not None
        for city in ("Unheard-of", "Elsewhere"):
            people.change_recipient(
                session, actor, made.id, one.id, email="zoe@example.com", name="Zoe Quux", data={"city": city}
            )
    with database.writing() as session:
        erase(session, actor, "zoe@example.com")
    with database.reading() as session:
        assert not session.scalars(select(RecipientKey).where(RecipientKey.recipient_id == one.id)).all()
        kept = "\n".join(session.scalars(select(KeyText.keys)))
        assert "@example.com" in kept
        assert not [word for word in ("zoe", "quux", "unheard", "elsewhere") if word in kept]


def test_somebody_renamed_is_found_once(database: Database, actor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in ((sorting, "LARGE", 3), (browsing, "FEW", 1), (browsing, "FIRST_LOOK", 2)):
        monkeypatch.setattr(module, name, value)
    folk = [NewRecipient(f"ann{n}@example.com", "Ann B Okafor", {}) for n in range(5)]
    with database.writing() as session:
        made = lists.make_list(session, actor, name="Annes", columns=[], people=folk)
    keying.make_keys(database, made.id)
    sorting.build(database, made.id)
    with database.writing() as session:
        one = people.recipients_page(session, actor, made.id)[0]
        people.change_recipient(session, actor, made.id, one.id, email=one.email, name="Zoe", data={})
    with database.reading() as session:
        found = people_page(session, lists.find_list(session, actor, made.id), View("ann")).people
        assert sorted(one.email for one in found) == [f"ann{n}@example.com" for n in range(5)]
        nobody = people_page(session, lists.find_list(session, actor, made.id), View("\u0301")).people
        assert list(nobody) == []
