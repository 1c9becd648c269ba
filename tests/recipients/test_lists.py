"""Lists and their people: what changes, what is refused, and that one department never sees another's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.people.accounts import add_person
from app.people.models import Person, Workspace
from app.people.roles import Role
from app.recipients import lists, people
from app.recipients.checking import NewRecipient
from app.recipients.models import Recipient, RecipientList
from app.refusals import NotThere, Refused
from tests.conftest import PASSWORD
from tests.recipients.imports import read_table, understand

TWO = [
    NewRecipient("Ann@example.com", "Ann Okafor", {"city": "Leeds"}),
    NewRecipient("bo@example.com", "Bo", {"city": ""}),
]


@pytest.fixture
def members(session: Session, actor: Person) -> RecipientList:
    return lists.make_list(session, actor, name="Members", columns=["city"], people=TWO)


@pytest.fixture
def stranger(session: Session, actor: Person) -> Person:
    """An administrator of another department."""
    other = Workspace(name="Another department")
    session.add(other)
    session.flush()
    return add_person(session, other, email="zoe@example.org", name="Zoe", password=PASSWORD, role=Role.ADMINISTRATOR)


def addresses(session: Session, list_id: int) -> list[str]:
    query = select(Recipient.email).where(Recipient.list_id == list_id).order_by(Recipient.email_key)
    return list(session.scalars(query))


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_list_keeps_its_people_its_count_and_who_made_it(
    session: Session, actor: Person, members: RecipientList
) -> None:
    assert addresses(session, members.id) == ["Ann@example.com", "bo@example.com"]
    assert (members.recipient_count, members.change_number, members.created_by) == (2, 1, actor.id)
    assert actions(session)[-1] == "list.saved"


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "Members", " Members  "])
def test_a_bad_name_is_refused_at_its_field(session: Session, actor: Person, members: RecipientList, name: str) -> None:
    other = lists.make_list(session, actor, name="Others", columns=[], people=[])
    for act in (
        lambda: lists.make_list(session, actor, name=name, columns=[], people=[]),
        lambda: lists.rename_list(session, actor, other.id, name),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.field == "name"
    assert {one.name for one in lists.all_lists(session, actor)} == {"Members", "Others"}


def test_a_list_may_be_renamed_to_its_own_name(session: Session, actor: Person, members: RecipientList) -> None:
    lists.rename_list(session, actor, members.id, "Members")
    assert members.change_number == 1
    lists.rename_list(session, actor, members.id, "All members")
    assert (members.name, members.change_number) == ("All members", 2)


def test_every_change_of_a_person_keeps_count_and_change_number(
    session: Session, actor: Person, members: RecipientList
) -> None:
    added = people.add_recipient(
        session, actor, members.id, email=" cy@example.com ", name="Cy", data={"city": "York", "no column": "x"}
    )
    assert (added.email, added.data) == ("cy@example.com", {"city": "York"})
    assert (members.recipient_count, members.change_number) == (3, 2)
    people.change_recipient(
        session, actor, members.id, added.id, email="CY@example.com", name="Cy", data={"city": "Hull"}
    )
    assert (added.email, added.email_key, added.data) == ("CY@example.com", "cy@example.com", {"city": "Hull"})
    assert (members.recipient_count, members.change_number) == (3, 3)
    people.change_recipient(
        session, actor, members.id, added.id, email="CY@example.com", name="Cy", data={"city": "Hull"}
    )
    assert members.change_number == 3, "saving without a change is no change"
    assert people.remove_recipient(session, actor, members.id, added.id) == "CY@example.com"
    assert (members.recipient_count, members.change_number) == (2, 4)
    assert actions(session)[-3:] == ["recipient.added", "recipient.changed", "recipient.removed"]
    assert len(addresses(session, members.id)) == members.recipient_count


def test_the_trail_names_no_address(session: Session, actor: Person, members: RecipientList) -> None:
    people.add_recipient(session, actor, members.id, email="cy@example.com", name="Cy", data={})
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert "cy@" not in f"{entry.words} {entry.details}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "no address"}, "email"),
        ({"email": "ANN@EXAMPLE.com"}, "email"),
        ({"name": "x" * 201}, "name"),
        ({"name": "A\nB"}, "name"),
        ({"name": "A\0B"}, "name"),
        ({"data": {"city": "x" * 10_001}}, "city"),
        ({"data": {"city": "a\0b"}}, "city"),
    ],
)
def test_a_bad_person_is_refused_at_the_field_and_nothing_changes(
    session: Session, actor: Person, members: RecipientList, change: dict[str, object], field: str
) -> None:
    given: dict[str, object] = {"email": "new@example.com", "name": "New", "data": {}, **change}
    with pytest.raises(Refused) as refused:
        people.add_recipient(session, actor, members.id, **given)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert (members.recipient_count, members.change_number, len(addresses(session, members.id))) == (2, 1, 2)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ann", ["Ann@example.com"]),
        ("ANN@", ["Ann@example.com"]),
        ("okaf", ["Ann@example.com"]),
        ("bo", ["bo@example.com"]),
        ("example", []),
        ("%", []),
        ("_", []),
        ("  ", ["Ann@example.com", "bo@example.com"]),
    ],
)
def test_people_are_found_by_the_beginning_of_address_or_name(
    session: Session, actor: Person, members: RecipientList, search: str, found: list[str]
) -> None:
    assert [one.email for one in people.recipients_page(session, actor, members.id, search=search)] == found


def test_pages_by_key_show_everybody_once(session: Session, actor: Person) -> None:
    made = lists.make_list(
        session, actor, name="Many", columns=[], people=(NewRecipient(f"p{n:03}@example.com") for n in range(123))
    )
    seen: list[str] = []
    while page := people.recipients_page(session, actor, made.id, search="p", after=seen[-1] if seen else "", limit=25):
        seen += [one.email_key for one in page]
    assert seen == [f"p{n:03}@example.com" for n in range(123)]


def test_a_list_that_an_unfinished_send_uses_stays(session: Session, actor: Person, members: RecipientList) -> None:
    with pytest.raises(Refused, match="unfinished send uses this list"):
        lists.delete_list(session, actor, members.id, unfinished_sends=1)
    assert len(addresses(session, members.id)) == 2


def test_a_deleted_list_takes_its_people_with_it(session: Session, actor: Person, members: RecipientList) -> None:
    assert lists.delete_list(session, actor, members.id, unfinished_sends=0) == "Members"
    assert session.scalar(select(func.count()).select_from(Recipient)) == 0
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.words) == ("list.deleted", "List “Members” deleted with 2 people")


ACTS: dict[str, Callable[[Session, Person, int, int], object]] = {
    "find": lambda session, who, list_id, _: lists.find_list(session, who, list_id),
    "rename": lambda session, who, list_id, _: lists.rename_list(session, who, list_id, "Mine"),
    "delete": lambda session, who, list_id, _: lists.delete_list(session, who, list_id, unfinished_sends=0),
    "people": lambda session, who, list_id, _: people.recipients_page(session, who, list_id),
    "add": lambda session, who, list_id, _: people.add_recipient(
        session, who, list_id, email="x@example.com", name="", data={}
    ),
    "change": lambda session, who, list_id, one: people.change_recipient(
        session, who, list_id, one, email="x@example.com", name="", data={}
    ),
    "remove": people.remove_recipient,
}


@pytest.mark.parametrize("act", ACTS)
def test_another_department_finds_nothing(session: Session, members: RecipientList, stranger: Person, act: str) -> None:
    one = session.scalars(select(Recipient.id)).first() or 0
    with pytest.raises(NotThere):
        ACTS[act](session, stranger, members.id, one)
    assert lists.lists_page(session, stranger) == lists.all_lists(session, stranger) == []
    assert (members.name, members.recipient_count, len(addresses(session, members.id))) == ("Members", 2, 2)


def test_a_person_of_another_list_is_not_there(session: Session, actor: Person, members: RecipientList) -> None:
    other = lists.make_list(session, actor, name="Others", columns=[], people=[])
    one = session.scalars(select(Recipient.id)).first() or 0
    with pytest.raises(NotThere):
        people.remove_recipient(session, actor, other.id, one)


def test_a_download_imports_as_the_same_people(session: Session, actor: Person) -> None:
    rows = [
        NewRecipient("ann@example.com", "=Ann", {"code": "007", "note": 'one\r\n"two"; three, 4'}),
        NewRecipient("bo@example.com", "", {"code": "+44 20", "note": "'quoted'"}),
    ]
    made = lists.make_list(session, actor, name="There and back", columns=["code", "note"], people=rows)
    text = "".join(lists.list_as_csv(session, made.id, made.columns))
    assert "'=Ann" in text
    assert "'+44 20" in text
    assert understand(read_table(text.encode())).people == rows
