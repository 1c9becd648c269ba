"""Whom a send goes to: held against a plain model with Python's sets, over random lists, filters and parts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.db import Database
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.recipients.finding import segments, walking
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.finding.walking import Counted, Place, count_on, first_people, neighbours, one_of, people_after
from app.refusals import NotThere, Refused
from app.sends import audience, choosing
from app.sends.audience_parts import Part, parts_of, shared_columns, united_columns, words_of
from app.sends.models import Audience, Send
from tests.factories import a_draft_send, a_list, a_template_version, some_people

CITIES = ("Leeds", "York", "leeds", "")


@dataclass(frozen=True)
class DrawnPart:
    """A part as the model sees it: which list, which condition on its people, and whether they are left out."""

    number: int
    condition: Condition | None
    is_excluded: bool


def meets(person: NewRecipient, condition: Condition | None) -> bool:
    """Say in plain Python what a condition means."""
    if condition is None:
        return True
    cell = person.data.get("city", "") if condition.column == "city" else person.email
    cell, value = cell.casefold(), condition.value.casefold()
    match condition.operator:
        case Operator.IS:
            return cell == value
        case Operator.IS_NOT:
            return cell != value
        case Operator.IS_EMPTY:
            return not cell
        case Operator.BEGINS_WITH:
            return cell.startswith(value)
        case _:
            return value in cell


people = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(CITIES)), max_size=8, unique_by=lambda one: one[0]).map(
    lambda rows: [NewRecipient(f"p{n}@example.com", f"P {n}", {"city": city}) for n, city in rows]
)
conditions = st.one_of(
    st.none(),
    st.builds(Condition, st.just("city"), st.sampled_from([Operator.IS, Operator.IS_NOT]), st.sampled_from(CITIES[:2])),
    st.just(Condition("city", Operator.IS_EMPTY)),
    st.builds(Condition, st.just("email"), st.just(Operator.BEGINS_WITH), st.sampled_from(["p1", "p5", "p"])),
    st.builds(Condition, st.just("city"), st.just(Operator.CONTAINS), st.sampled_from(["ee", "o"])),
)
drawn_parts = st.lists(st.builds(DrawnPart, st.integers(0, 2), conditions, st.booleans()), min_size=1, max_size=5)


def model(lists: list[list[NewRecipient]], parts: list[DrawnPart]) -> dict[str, int]:
    """Give each address that is written to, in order, with the number of the list whose data it is written to with."""
    excluded = {p.email for part in parts if part.is_excluded for p in lists[part.number] if meets(p, part.condition)}
    found: dict[str, int] = {}
    for part in parts:
        if not part.is_excluded:
            for person in lists[part.number]:
                if meets(person, part.condition) and person.email not in excluded:
                    found.setdefault(person.email, part.number)
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=st.lists(people, min_size=3, max_size=3), drawn=drawn_parts, page=st.integers(1, 4))
def test_the_audience_is_what_sets_say(
    database: Database, actor: Person, lists: list[list[NewRecipient]], drawn: list[DrawnPart], page: int
) -> None:
    with database.session(write=True) as session:  # rolled back at its end
        made = [a_list(session, actor, people=one) for one in lists]
        parts = []
        for number, one in enumerate(drawn):
            segment = None
            if one.condition is not None:
                wanted, of = Filter((one.condition,)), made[one.number].id
                segment = segments.make_segment(session, actor, of, name=f"S{number}", wanted=wanted)
            parts.append(Part(made[one.number], segment, one.is_excluded, is_segment=segment is not None))
        send = Send(workspace_id=actor.workspace_id, list_id=made[0].id, audience=Audience.EVERYBODY)
        expected = model(lists, drawn)

        streams, found, place = audience.streams(session, send, parts), [], Place()
        while True:
            chunk, place = people_after(session, streams, place, page)
            if not chunk:
                break
            found += chunk
        assert [one.email for one in found] == list(expected)
        assert [one.list_id for one in found] == [made[number].id for number in expected.values()]

        assert audience.size(session, send, parts) == len(expected)
        assert audience.most(parts) >= len(expected)
        for number, one in enumerate(found):
            _, where = one_of(session, streams, one.id)
            around = neighbours(session, streams, where)
            assert around == (found[number - 1].id if number else None, (*[p.id for p in found], None)[number + 1])


@pytest.fixture
def two(session: Session, actor: Person) -> tuple[int, int, int]:
    """A draft to Members (p0 to p9), Debtors (p5 to p14, with other data), and the two lists' ids."""
    members = a_list(session, actor, people=some_people(10), name="Members")
    others = [NewRecipient(f"p{n}@example.com", f"Debtor {n}", {"city": "Leeds", "sum": "1"}) for n in range(5, 15)]
    debtors = a_list(session, actor, people=others, name="Debtors", columns=("city", "sum"))
    send = a_draft_send(session, actor, version=a_template_version(session, actor), people=members)
    return send.id, members.id, debtors.id


def addresses(session: Session, send_id: int) -> list[str]:
    streams = audience.streams(session, session.get_one(Send, send_id))
    return [one.email for stream in streams for one in people_after(session, [stream], Place(), 100)[0]]


def test_counting_goes_on_where_the_time_was_over(
    session: Session, actor: Person, two: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    send_id, _, debtors = two
    choosing.add_part(session, actor, send_id, list_id=debtors, segment_id=None, is_excluded=False)
    monkeypatch.setattr(walking, "STRETCH", 3)
    streams = audience.streams(session, session.get_one(Send, send_id))
    so_far, steps = Counted(0, 0, Place()), 0
    while so_far.place is not None:
        so_far = count_on(session, streams, so_far, seconds=0)
        steps += 1
    assert (so_far.found, so_far.looked, steps) == (15, 20, 8)
    people, is_whole = first_people(session, streams[1], 2, seconds=0)
    assert ([one.email for one in people], is_whole) == ([], False)
    people, is_whole = first_people(session, streams[1], 2)
    assert ([one.email for one in people], is_whole) == (["p10@example.com", "p11@example.com"], True)


def test_it_is_said_in_words_whom_a_send_goes_to(session: Session, actor: Person, two: tuple[int, int, int]) -> None:
    send_id, _, debtors = two
    staff = a_list(session, actor, people=some_people(1), name="Staff")
    leeds = segments.make_segment(
        session, actor, debtors, name="Leeds", wanted=Filter((Condition("city", Operator.IS, "Leeds"),))
    )
    choosing.add_part(session, actor, send_id, list_id=debtors, segment_id=leeds.id, is_excluded=False)
    choosing.add_part(session, actor, send_id, list_id=staff.id, segment_id=None, is_excluded=True)
    send = session.get_one(Send, send_id)
    assert words_of(parts_of(session, send)) == "Members, and “Leeds” of Debtors, without Staff"
    assert send.list_name == "Members, and “Leeds” of Debtors, without Staff"
    assert addresses(session, send_id) == [f"p{n}@example.com" for n in range(1, 15)]


def test_the_columns_of_several_lists_are_united(session: Session, actor: Person, two: tuple[int, int, int]) -> None:
    send_id, _, debtors = two
    choosing.add_part(session, actor, send_id, list_id=debtors, segment_id=None, is_excluded=False)
    parts = parts_of(session, session.get_one(Send, send_id))
    assert united_columns(parts) == ["city", "sum"]
    assert shared_columns(parts) == {"city"}


def test_a_part_that_is_chosen_can_be_put_first_and_taken_away(
    session: Session, actor: Person, two: tuple[int, int, int]
) -> None:
    send_id, members, debtors = two
    send = session.get_one(Send, send_id)
    choosing.add_part(session, actor, send_id, list_id=debtors, segment_id=None, is_excluded=False)
    choosing.put_first(session, actor, send_id, list_id=debtors, segment_id=None)
    assert (send.list_id, send.list_name) == (debtors, "Debtors, and Members")
    choosing.remove_part(session, actor, send_id, list_id=debtors, segment_id=None)
    assert (send.list_id, send.list_name, audience.is_combined(session, send)) == (members, "", False)
    with pytest.raises(NotThere):
        choosing.remove_part(session, actor, send_id, list_id=debtors, segment_id=None)


def test_a_send_keeps_somebody_to_write_to(session: Session, actor: Person, two: tuple[int, int, int]) -> None:
    send_id, members, debtors = two
    choosing.add_part(session, actor, send_id, list_id=debtors, segment_id=None, is_excluded=True)
    with pytest.raises(Refused, match="at least one"):
        choosing.remove_part(session, actor, send_id, list_id=members, segment_id=None)
    with pytest.raises(Refused, match="chosen already"):
        choosing.add_part(session, actor, send_id, list_id=members, segment_id=None, is_excluded=True)
    with pytest.raises(Refused, match="Choose a list"):
        choosing.add_part(session, actor, send_id, list_id=999_999, segment_id=None, is_excluded=True)


def test_a_segment_takes_the_place_of_its_whole_list(
    session: Session, actor: Person, two: tuple[int, int, int]
) -> None:
    send_id, members, _ = two
    wanted = Filter((Condition("city", Operator.IS, "City 3"),))
    three = segments.make_segment(session, actor, members, name="Three", wanted=wanted)
    assert choosing.add_part(session, actor, send_id, list_id=members, segment_id=three.id, is_excluded=False) == [
        "Members"
    ]
    assert addresses(session, send_id) == ["p3@example.com"]
    assert choosing.add_part(session, actor, send_id, list_id=members, segment_id=None, is_excluded=False) == [
        "“Three” of Members"
    ]
    assert not audience.is_combined(session, session.get_one(Send, send_id))
