"""“Contains” in a large list finds whom it should, after any changes, and keeps nothing of those who are gone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.recipients.changes.models import KeyText
from app.recipients.finding import key_texts
from app.recipients.finding.keys import LONGEST, text_key

COLUMN = 7
KEYS = st.one_of(
    st.sampled_from(["", "leeds", "york", "new york", "a" * LONGEST, "jörg 1"]), st.text("ab ö1", max_size=6)
).map(text_key)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.dictionaries(st.integers(1, 30), KEYS, min_size=1, max_size=8)),
        st.tuples(st.just("forget"), st.sets(st.integers(1, 30), min_size=1, max_size=5)),
    ),
    max_size=8,
)


def put(session: Session, wanted: dict[int, str]) -> None:
    key_texts.change_texts(session, [COLUMN], wanted, [(COLUMN, (key, number)) for number, key in wanted.items()])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(1, 30), KEYS), CHANGES, st.sampled_from(["a", "b a", "york", "1", "ö", "zz", "ee"]))
def test_whatever_was_changed_it_finds_whom_it_should_and_nobody_else(
    session: Session, first: dict[int, str], changes: list[tuple[str, dict[int, str]]], value: str
) -> None:
    session.execute(delete(KeyText))
    people: dict[int, str] = dict(first)
    numbers = sorted(people)
    for begin in range(0, len(numbers), 4):
        key_texts.add_text(session, COLUMN, [(people[number], number) for number in numbers[begin : begin + 4]])
    key_texts.add_text(session, COLUMN + 1, [("york leeds", 1)])
    for act, who in changes:
        session.flush()
        if act == "put":
            put(session, who)
            people |= who
        else:
            key_texts.change_texts(session, [COLUMN], who)
            people = {number: key for number, key in people.items() if number not in who}
    value = text_key(value)
    expected = [number for number, key in sorted(people.items()) if value in key or len(key) >= LONGEST]
    assert key_texts.containing(session, COLUMN, value, 30) == expected
    assert key_texts.containing(session, COLUMN, value, max(len(expected) - 1, 0)) == (None if expected else [])


def test_nothing_is_kept_of_who_is_gone(session: Session) -> None:
    put(session, {1: "anna okafor", 2: "bo lindqvist", 3: ""})
    session.flush()
    key_texts.change_texts(session, [COLUMN], [1])
    session.flush()
    assert [one.keys for one in session.scalars(select(KeyText))] == ["bo lindqvist"]


@pytest.mark.parametrize("count", [39, 40, 41, 100])
def test_texts_are_taken_from_the_database_some_at_a_time(session: Session, count: int) -> None:
    for number in range(count):
        key_texts.add_text(session, COLUMN, [(f"leeds {number}", number)])
    session.flush()
    assert key_texts.containing(session, COLUMN, "leeds", 200) == list(range(count))
