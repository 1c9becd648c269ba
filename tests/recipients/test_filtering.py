"""Filters find whom their words say, on every kind of column and on both databases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.db import Database
from app.people.models import Person
from app.recipients import lists
from app.recipients.checking import NewRecipient
from app.recipients.columns import ColumnKind
from app.recipients.finding import keying
from app.recipients.finding.filtering import Condition, Filter, Operator, check_filter, clauses, words_of
from app.recipients.finding.keys import (
    LONGEST,
    WHOLE,
    folded,
    key_of,
    keys_of,
    number_key,
    read_date,
    read_number,
    read_yes_no,
)
from app.recipients.finding.selecting import Selection, people_of
from app.recipients.models import Recipient, RecipientList
from app.recipients.views.filter_form import filter_arguments, filter_form_of, read_filter_form
from app.refusals import Refused
from app.words import kept, shown, speaking
from tests.statements import statements

LONG = "x" * 130 + " Needle " + "y" * 300
PEOPLE = {
    "ann@example.com": ("Ann Okafor", {"city": "Leeds", "renewal": "1 May 2026", "fee": "1,200.50", "paid": "Yes"}),
    "bo@example.com": ("Bo Lindqvist", {"city": " leeds ", "renewal": "2026-04-30", "fee": "£90", "paid": "n"}),
    "cy@example.org": ("Çy", {"city": "Malmö", "renewal": "31/12/2025", "fee": "-3,5", "paid": "x"}),
    "di@example.org": ("", {"city": "", "renewal": "", "fee": "", "paid": ""}),
    "ed@example.org": ("Ed 100%", {"city": LONG, "renewal": "soon", "fee": "n/a", "paid": "perhaps"}),
}


@pytest.fixture
def members(session: Session, actor: Person) -> RecipientList:
    """A list with a column of each kind."""
    people = [NewRecipient(email, name, data) for email, (name, data) in PEOPLE.items()]
    made = lists.make_list(session, actor, name="Members", columns=["city", "renewal", "fee", "paid"], people=people)
    made.column_kinds = {"renewal": ColumnKind.DATE, "fee": ColumnKind.NUMBER, "paid": ColumnKind.YES_NO}
    for one in session.scalars(select(Recipient)):
        one.keys = keys_of(made.column_kinds, made.columns, one.name, one.data)
    session.flush()
    return made


def found(session: Session, members: RecipientList, wanted: Filter) -> str:
    """The first letters of who is found."""
    query = select(Recipient.email_key).where(*clauses(members, wanted)).order_by(Recipient.email_key)
    return "".join(email[0] for email in session.scalars(query))


@pytest.mark.parametrize(
    ("column", "operator", "value", "expected"),
    [
        ("city", Operator.IS, "LEEDS", "ab"),
        ("city", Operator.IS, "malmo", "c"),
        ("city", Operator.IS, LONG[:100], ""),
        ("city", Operator.IS_NOT, "leeds", "cde"),
        ("city", Operator.CONTAINS, "eed", "abe"),
        ("city", Operator.CONTAINS, "needle", "e"),
        ("city", Operator.CONTAINS, "%", ""),
        ("city", Operator.BEGINS_WITH, "le", "ab"),
        ("city", Operator.BEGINS_WITH, "x" * 100, "e"),
        ("city", Operator.IS_EMPTY, "", "d"),
        ("city", Operator.IS_FILLED, "", "abce"),
        ("renewal", Operator.BEFORE, "1 May 2026", "bc"),
        ("renewal", Operator.BEFORE, "2026-05-02", "abc"),
        ("renewal", Operator.AFTER, "30 April 2026", "a"),
        ("renewal", Operator.IS, "1/5/2026", "a"),
        ("renewal", Operator.IS_FILLED, "", "abce"),
        ("fee", Operator.LESS_THAN, "0", "c"),
        ("fee", Operator.LESS_THAN, "90.1", "bc"),
        ("fee", Operator.MORE_THAN, "-4", "abc"),
        ("fee", Operator.MORE_THAN, "-3.5", "ab"),
        ("fee", Operator.MORE_THAN, "90", "a"),
        ("fee", Operator.IS, "1200,50", "a"),
        ("paid", Operator.IS_YES, "", "ac"),
        ("paid", Operator.IS_NO, "", "b"),
        ("paid", Operator.IS_EMPTY, "", "d"),
        ("name", Operator.IS, "cy", "c"),
        ("name", Operator.CONTAINS, "100%", "e"),
        ("name", Operator.IS_EMPTY, "", "d"),
        ("email", Operator.CONTAINS, "Example.ORG", "cde"),
        ("email", Operator.IS, "BO@example.com", "b"),
        ("email", Operator.BEGINS_WITH, "a", "a"),
    ],
)
def test_each_comparison_finds_whom_it_says(
    session: Session, members: RecipientList, column: str, operator: Operator, value: str, expected: str
) -> None:
    assert found(session, members, Filter((Condition(column, operator, value),))) == expected


def test_conditions_are_met_together_or_one_of_them(session: Session, members: RecipientList) -> None:
    both = (Condition("city", Operator.IS, "Leeds"), Condition("renewal", Operator.BEFORE, "1 May 2026"))
    assert found(session, members, Filter(both)) == "b"
    assert found(session, members, Filter(both, any_of=True)) == "abc"
    assert found(session, members, Filter()) == "abcde"
    assert words_of(Filter(both), members.column_kinds) == "city is Leeds and renewal before 1 May 2026"
    empty = Condition("email", Operator.IS_FILLED)
    assert words_of(Filter((both[0], empty), any_of=True)) == "city is Leeds or e-mail address is filled"


def test_a_filter_is_said_in_the_language_of_whoever_reads_it(members: RecipientList) -> None:
    conditions = (Condition("name", Operator.IS_NOT, "Bo"), Condition("renewal", Operator.BEFORE, "1 May 2026"))
    said = words_of(Filter(conditions, any_of=True), members.column_kinds)
    with speaking("de"):
        assert f"{said}" == "Name ist nicht Bo oder renewal liegt vor dem 1. Mai 2026"
        assert f"{shown(kept(said))}" == f"{said}"


def test_people_of_other_lists_are_never_found(session: Session, actor: Person, members: RecipientList) -> None:
    other = [NewRecipient("ann@example.net", "Ann", {"city": "Leeds"})]
    lists.make_list(session, actor, name="Others", columns=["city"], people=other)
    wanted = Filter((Condition("city", Operator.IS, "leeds"), Condition("city", Operator.IS_NOT, "leeds")), any_of=True)
    assert found(session, members, wanted) == "abcde"


@pytest.mark.parametrize(
    ("condition", "field", "words"),
    [
        (Condition("town", Operator.IS, "Leeds"), "column-0", "no column “town”"),
        (Condition("", Operator.IS, "Leeds"), "column-0", "Choose a column."),
        (Condition("city", Operator.BEFORE, "1 May 2026"), "operator-0", "“before” does not go with"),
        (Condition("email", Operator.LESS_THAN, "3"), "operator-0", "“less than” does not go with"),
        (Condition("city", Operator.IS, " "), "value-0", "Type what to compare with"),
        (Condition("city", Operator.IS, "x" * 101), "value-0", "at most 100 characters"),
        (Condition("city", Operator.IS, "a\0b"), "value-0", "at most 100 characters"),
        (Condition("renewal", Operator.BEFORE, "soon"), "value-0", "holds dates"),
        (Condition("fee", Operator.MORE_THAN, "much"), "value-0", "holds numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_part(
    members: RecipientList, condition: Condition, field: str, words: str
) -> None:
    with pytest.raises(Refused) as refused:
        check_filter(members, Filter((condition,)))
    assert refused.value.field == field
    assert words in refused.value.words


def test_a_filter_comes_back_from_json_and_from_an_address(members: RecipientList) -> None:
    wanted = Filter((Condition("city", Operator.IS, "Leeds"), Condition("paid", Operator.IS_YES)), any_of=True)
    assert Filter.from_json(wanted.to_json()) == wanted
    assert Filter.from_json({}) == Filter()
    form = read_filter_form(MultiDict(filter_arguments(wanted)), members)
    assert form.checked(members) == wanted
    assert filter_form_of(wanted, members).checked(members) == wanted


def test_the_form_adds_and_removes_rows_and_keeps_what_was_typed(members: RecipientList) -> None:
    typed = [("filter_column", "renewal"), ("filter_operator", "before"), ("filter_value", "soon")]
    form = read_filter_form(MultiDict([*typed, ("filter_add", "1")]), members)
    assert [row.value for row in form.rows] == ["soon", ""]
    assert form.checked(members) is None
    assert "holds dates" in form.rows[0].errors["value"]
    form = read_filter_form(MultiDict([*typed, *typed, ("filter_remove", "0")]), members)
    assert len(form.rows) == 1
    form = read_filter_form(MultiDict([*typed, ("filter_remove", "0")]), members)
    assert form.rows[0].is_blank
    assert form.checked(members) == Filter()
    form = read_filter_form(MultiDict([("filter_operator", "no such"), ("filter_column", "city")]), members)
    assert form.rows[0].operator == Operator.IS


def test_people_without_keys_are_waited_for(session: Session, members: RecipientList) -> None:
    assert keying.is_ready(session, members)
    session.add(Recipient(list_id=members.id, email="fy@example.com", email_key="fy@example.com", data={}))
    session.flush()
    assert not keying.is_ready(session, members)
    with pytest.raises(Refused, match="being sorted"):
        keying.require_ready(session, members)
    assert keying.lists_to_key(session) == [members.id]


def test_after_an_import_over_old_people_the_keys_are_made_again(database: Database, actor: Person) -> None:
    with database.writing() as session:
        york = [NewRecipient("a@example.com", "", {"city": "York"})]
        made = lists.make_list(session, actor, name="Members", columns=["city"], people=york)
    with database.writing() as session:
        session.execute(update(Recipient).values(data={"city": "Leeds"}))
        members = lists.find_list(session, actor, made.id, lock=True)
        keying.start_over(members)
        assert not keying.is_ready(session, members)
    keying.make_keys(database, made.id)
    with database.reading() as session:
        members = lists.find_list(session, actor, made.id)
        assert keying.is_ready(session, members)
        assert found(session, members, Filter((Condition("city", Operator.IS, "leeds"),))) == "a"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12),
       st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-1000, max_value=1000))  # fmt: skip
def test_keys_of_numbers_sort_as_the_numbers_do(one: Decimal, other: Decimal) -> None:
    assert (number_key(one) < number_key(other)) == (one < other)
    assert (number_key(one) == number_key(other)) == (one == other)
    assert "" < number_key(one) < key_of(ColumnKind.NUMBER, "n/a")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1,234", "1234"),
        ("1,2", "1.2"),
        ("1.234", "1.234"),
        ("1.234.567", "1234567"),
        ("007", "7"),
        ("£ 12", "12"),
        ("12 %", "12"),
        ("-.5", "-0.5"),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_numbers_are_read_as_people_type_them(typed: str, read: str) -> None:
    assert read_number(typed) == Decimal(read)


@pytest.mark.parametrize("typed", ["", "n/a", "1e5", "12-13", "1,2,3.4.5", "٣", "+", "."])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_number(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        *("2026-05-01", "2026-5-1", "2026-05-01T09:00:00", "01.05.2026", "1/5/26", "1-5-26", "1/5/2026 10:30"),
        *("1 May 2026", "1st may, 2026", "May 1, 2026", "1 May 2026 9:00 am"),
    ],
)
def test_dates_are_read_as_people_type_them(typed: str) -> None:
    read = read_date(typed)
    assert read is not None
    assert read.isoformat() == "2026-05-01"


@pytest.mark.parametrize("word", ["yes", "ja", "wahr", "oui", "vrai", "sì", "no", "nein", "falsch", "non", "faux"])
def test_a_yes_and_a_no_are_read_in_the_languages_people_type_them(word: str) -> None:
    assert read_yes_no(word) is not None


@given(st.text(max_size=300))
def test_any_cell_has_a_key_of_every_kind(cell: str) -> None:
    for kind in ColumnKind:
        assert len(key_of(kind, cell)) <= 250


def test_whether_anybody_lacks_keys_is_asked_of_the_index_of_those(
    database: Database, session: Session, members: RecipientList
) -> None:
    """Each page with a filter asks it: looking through a list of a million would take a second."""
    session.commit()
    with statements() as said, database.reading() as session:
        keying.is_ready(session, session.get_one(RecipientList, members.id))
        keying.lists_to_key(session)
    asked = [one for one in said if "keys IS NULL" in one]
    assert len(asked) == 2
    for one in asked if database.is_sqlite else ():
        with database.engine.connect() as connection:
            plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + one, ("0",) * one.count("?")).all()
        assert any("USING INDEX ix_recipient_without_keys" in row[3] for row in plan), plan


@pytest.mark.parametrize("value", ["café", "CAFÉ", "cafe", "straße", "a  b", "100%_"])
@pytest.mark.parametrize("padding", [0, 97, 101, 150])
def test_contains_makes_no_difference_between_short_and_long_cells(
    session: Session, actor: Person, value: str, padding: int
) -> None:
    cell = "x" * padding + " CAFÉ STRASSE A B 100%_"
    people = [NewRecipient("ann@example.com", cell, {"notes": cell}), NewRecipient("bo@example.com", "", {})]
    made = lists.make_list(session, actor, name="Long", columns=["notes"], people=people)
    for column in ("notes", "name"):
        wanted = Filter((Condition(column, Operator.CONTAINS, value),))
        assert list(session.scalars(select(Recipient.email).where(*clauses(made, wanted)))) == ["ann@example.com"]


@given(st.text(max_size=20), st.text(max_size=200), st.text(max_size=20))
def test_a_part_of_a_cell_is_found_in_what_is_kept_of_it(before: str, part: str, after: str) -> None:
    keys = keys_of({}, ["notes"], "", {"notes": f"{before} {part} {after}"})
    assert folded(part) in keys.get("notes" + WHOLE, keys["notes"])
    assert (WHOLE in "".join(keys)) == (len(folded(f"{before} {part} {after}")) > LONGEST)


@pytest.mark.parametrize("operator", [Operator.CONTAINS, Operator.BEGINS_WITH, Operator.IS])
@pytest.mark.parametrize("value", ["\u0301", " ", "\u0301 \u0308"])
def test_a_value_of_which_nothing_is_compared_is_refused(
    session: Session, members: RecipientList, operator: Operator, value: str
) -> None:
    with pytest.raises(Refused) as refusal:
        check_filter(members, Filter((Condition("city", operator, value),)))
    assert refusal.value.field == "value-0"


def test_a_search_of_which_nothing_is_compared_finds_nobody(session: Session, members: RecipientList) -> None:
    met = people_of(session, members, Selection(search="\u0301"))
    assert session.scalars(select(Recipient.email).where(*met)).all() == []
