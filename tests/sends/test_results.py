"""Results: groups that add up, people of a group, and the download joined with the list's own columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients.checking import NewRecipient
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK
from app.refusals import NotThere
from app.sends import results
from app.sends.models import Attempt, Message, Outcome, Send, SendState
from app.sends.tallies import move
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, some_people


@pytest.fixture
def send_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A released send to 30 people."""
    return a_released_send(database, actor, renderer, some_people(30))


def a_released_send(
    database: Database,
    actor: Person,
    renderer: LimitedRenderer,
    people: Sequence[NewRecipient],
    columns: Sequence[str] = ("city",),
) -> int:
    with database.writing() as session:
        version = a_template_version(session, actor, html="<p>{{ name }}</p>", text="Hi")
        to = a_list(session, actor, people=people, columns=columns)
        draft_id = a_draft_send(session, actor, version=version, people=to).id
    return released(database, renderer, actor, draft_id).id


def settle(database: Database, send_id: int, emails: Sequence[str], outcome: Outcome, **fields: object) -> None:
    """Let these people's messages end with an outcome, as delivery does: message and tally in one transaction."""
    with database.writing() as session:
        for message in session.scalars(select(Message).where(Message.send_id == send_id, Message.email.in_(emails))):
            move(session, send_id, {(message.state, outcome): 1})
            message.state = outcome
            for field, value in fields.items():
                setattr(message, field, value)


def table_of(database: Database, send_id: int) -> list[dict[str, str]]:
    with database.reading() as session:
        text = "".join(results.download(session, session.get_one(Send, send_id)))
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def test_groups_add_up_to_the_total_whatever_happened(database: Database, send_id: int) -> None:
    outcomes = list(Outcome)
    for number, outcome in enumerate(outcomes):
        settle(database, send_id, [f"p{number}@example.com", f"p{number + 11}@example.com"], outcome)
        with database.reading() as session:
            seen = results.progress(session, session.get_one(Send, send_id))
        assert sum(group.count for group in seen.groups) == seen.total == 30
    counted = {group.outcome: group.count for group in seen.groups}
    assert counted.pop(Outcome.PENDING) == 30 - 2 * (len(Outcome) - 1)
    assert set(counted.values()) == {2}
    assert seen.done == 30 - 2 - (30 - 2 * (len(Outcome) - 1))
    assert not seen.is_over


def test_every_group_holds_the_people_it_counts(database: Database, send_id: int) -> None:
    settle(database, send_id, ["p3@example.com", "p4@example.com"], Outcome.BOUNCED)
    settle(database, send_id, ["p5@example.com"], Outcome.QUEUED)
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        for group in results.progress(session, send).groups:
            assert len(results.people_of_group(session, send, group.outcome)) == group.count
        bounced = results.people_of_group(session, send, Outcome.BOUNCED)
    assert [one.email for one in bounced] == ["p3@example.com", "p4@example.com"]


def test_the_apis_groups_come_first(database: Database, send_id: int) -> None:
    with database.reading() as session:
        groups = results.progress(session, session.get_one(Send, send_id)).groups
    assert [group.outcome for group in groups][:3] == [Outcome.DELIVERED, Outcome.BOUNCED, Outcome.QUEUED]
    assert {group.outcome for group in groups} == set(Outcome)


def test_people_are_paged_without_losing_or_repeating_any(database: Database, send_id: int) -> None:
    seen: list[str] = []
    after = 0
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        while page := results.people_of_group(session, send, None, after=after, limit=7):
            seen += [one.email for one in page]
            after = page[-1].id
    assert seen == [f"p{n}@example.com" for n in range(30)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("p2", ["p2@example.com", *(f"p2{n}@example.com" for n in range(10))]),
        (" P29@EXAMPLE ", ["p29@example.com"]),
        ("%", []),
        ("p_@", []),
        ("p2\0", ["p2@example.com", *(f"p2{n}@example.com" for n in range(10))]),
    ],
)
def test_people_are_found_by_the_beginning_of_their_address(
    database: Database, send_id: int, search: str, found: list[str]
) -> None:
    with database.reading() as session:
        people = results.people_of_group(session, session.get_one(Send, send_id), None, search=search)
    assert [one.email for one in people] == found


def test_the_download_joins_results_with_the_lists_own_columns_in_their_order(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    people = [
        NewRecipient("ann@example.com", "Ann", {"street": "1 High St", "outcome": "theirs", "city": "Leeds"}),
        NewRecipient("bo@example.com", "Bo", {"street": "2 Low St", "outcome": "", "city": "York"}),
    ]
    send_id = a_released_send(database, actor, renderer, people, columns=("street", "city"))
    settle(database, send_id, ["ann@example.com"], Outcome.DELIVERED, message_id="<1@example.com>")
    settle(database, send_id, ["bo@example.com"], Outcome.SKIPPED, reason="trial_mode")
    ann, bo = table_of(database, send_id)
    assert list(ann) == [
        "email",
        "name",
        "street",
        "city",
        "outcome",
        "reason",
        "vendor message id",
        "attempts",
        "last change (UTC)",
    ]
    assert list(ann.values())[:7] == [
        "ann@example.com",
        "Ann",
        "1 High St",
        "Leeds",
        "Delivered",
        "",
        "<1@example.com>",
    ]
    assert (bo["outcome"], bo["reason"]) == ("Left out", "Trial mode: only the team's own addresses are written to.")


def test_the_download_counts_attempts(database: Database, send_id: int) -> None:
    first = messages_of(database, send_id)[0]
    with database.writing() as session:
        session.add_all([Attempt(message_id=first.id, number=number, started_at=now()) for number in (1, 2)])
    rows = table_of(database, send_id)
    assert [row["attempts"] for row in rows] == ["2"] + ["0"] * 29


def test_the_download_holds_nothing_that_a_spreadsheet_would_run(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    people = [NewRecipient("ann@example.com", "=1+1", {"city": "@SUM(A1)"}), NewRecipient("bo@example.com", "-2", {})]
    ann, bo = table_of(database, a_released_send(database, actor, renderer, people))
    assert (ann["name"], ann["city"], bo["name"]) == ("'=1+1", "'@SUM(A1)", "'-2")


def test_the_download_names_everybody_once_with_little_memory(
    database: Database, send_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "CHUNK", 7)
    with database.reading() as session:
        parts = []
        for part in results.download(session, session.get_one(Send, send_id)):
            parts.append(part)
            assert len(session.identity_map) <= 9
    text = "".join(parts).removeprefix(BYTE_ORDER_MARK)
    assert [row["email"] for row in csv.DictReader(io.StringIO(text))] == [f"p{n}@example.com" for n in range(30)]


def test_paused_sends_and_doubtful_e_mails_need_attention(
    database: Database, actor: Person, send_id: int, renderer: LimitedRenderer
) -> None:
    with database.reading() as session:
        assert results.needing_attention(session, actor) == []
    other_id = a_released_send(database, actor, renderer, some_people(2))
    settle(database, send_id, ["p1@example.com"], Outcome.UNKNOWN)
    with database.writing() as session:
        paused = session.get_one(Send, other_id)
        paused.state, paused.pause_reason = SendState.PAUSED, "The key is not valid."
    with database.reading() as session:
        items = {one.send_id: one for one in results.needing_attention(session, actor)}
        stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
        assert results.needing_attention(session, stranger) == []
        assert results.latest_sends(session, stranger) == []
    assert items[other_id].words == "The key is not valid."
    assert items[send_id].words == "1 e-mail may or may not have gone out. Decide what to do."


def test_sends_are_listed_newest_first_page_by_page(database: Database, actor: Person) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor)
        ids = [a_draft_send(session, actor, version=version).id for _ in range(5)]
    with database.reading() as session:
        first = results.latest_sends(session, actor, limit=3)
        second = results.latest_sends(session, actor, before=first[-1].id, limit=3)
    assert [one.id for one in (*first, *second)] == ids[::-1]


def test_a_message_is_found_only_in_its_own_send_and_workspace(
    database: Database, actor: Person, send_id: int, renderer: LimitedRenderer
) -> None:
    other_id = a_released_send(database, actor, renderer, some_people(1))
    message_id = messages_of(database, send_id)[0].id
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    with database.reading() as session:
        assert results.find_message(session, actor, send_id, message_id)[1].id == message_id
        with pytest.raises(NotThere):
            results.find_message(session, actor, other_id, message_id)
        with pytest.raises(NotThere):
            results.find_message(session, stranger, send_id, message_id)
