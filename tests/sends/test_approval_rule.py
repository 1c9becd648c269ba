"""The rule on what needs a second person: one table of what staff would expect."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.approval_models import ApprovalScope
from app.people.models import Person, SenderIdentity
from app.people.roles import Role
from app.recipients.checking import NewRecipient
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.finding.segments import make_segment
from app.recipients.lists import delete_list
from app.refusals import Refused
from app.sends import choosing
from app.sends.approval_rule import change_rule, needs_approval, subjects_of
from app.sends.models import Send, SendKind
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, reviewed, some_people
from tests.sends.approval_ground import Office, a_person

SOME = ApprovalScope.SOME


def reasons(office: Office, send_id: int | None = None) -> list[str]:
    with office.database.reading() as session:
        return needs_approval(session, session.get_one(Send, send_id or office.send_id))


def a_direct_send(office: Office, *addresses: str, **fields: Any) -> int:
    with office.database.writing() as session:
        version = a_template_version(session, office.admin, html="<p>Hi</p>", text="Hi", subject="Hi")
        to = [[address, ""] for address in addresses]
        return a_draft_send(session, office.asker, version=version, to=to, **fields).id


def a_segment(session: Session, office: Office, name: str, city: str) -> int:
    wanted = Filter((Condition("city", Operator.IS, city),))
    return make_segment(session, office.asker, office.list_id, name=name, wanted=wanted).id


def test_nothing_needs_approval_until_somebody_says_so(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        people = a_list(session, actor, people=some_people(3))
        send = a_draft_send(session, actor, version=a_template_version(session, actor), people=people)
        assert needs_approval(session, send) == []


def test_always_means_every_send_one_e_mail_to_one_person_too(office: Office) -> None:
    assert reasons(office) == ["Every send needs approval here."]
    assert reasons(office, a_direct_send(office, "one@example.com")) == ["Every send needs approval here."]


def test_a_test_e_mail_needs_none(office: Office) -> None:
    assert reasons(office, a_direct_send(office, "one@example.com", kind=SendKind.TEST)) == []


@pytest.mark.parametrize(("above", "needs"), [(0, True), (4, True), (5, False), (6, False)])
def test_above_a_number_counts_everybody_of_a_list(office: Office, above: int, needs: bool) -> None:
    office.rule(SOME, above=above)
    expected = [f"It goes to 5 people, and more than {above:,} people need approval."] if needs else []
    assert reasons(office) == expected


def test_above_one_spares_e_mails_to_one_person_and_counts_every_address_of_others(office: Office) -> None:
    office.rule(SOME, above=1)
    assert reasons(office, a_direct_send(office, "one@example.com")) == []
    several = a_direct_send(office, "one@example.com", cc=[["two@example.com", ""]], bcc=[["three@example.com", ""]])
    assert reasons(office, several) == ["It goes to 3 people, and more than 1 person need approval."]


def test_whoever_is_left_out_counts_because_tomorrow_they_may_be_back(office: Office) -> None:
    with office.database.writing() as session:
        people = [NewRecipient(f"x{n}@example.com", "Two\nlines", {"city": "York"}) for n in range(3)]
        few = a_list(session, office.admin, people=people)
        version = a_template_version(session, office.admin)
        send_id = a_draft_send(session, office.asker, version=version, people=few).id
    assert reviewed(office.database, office.renderer, office.asker, send_id).review_problems == 3
    office.rule(SOME, above=2)
    assert reasons(office, send_id) == ["It goes to 3 people, and more than 2 people need approval."]


def test_a_named_list_counts_whole_in_part_and_among_others(office: Office) -> None:
    with office.database.writing() as session:
        other = a_list(session, office.admin, people=some_people(2), name="Others")
        part = a_segment(session, office, "Just one", "City 1")
        version = a_template_version(session, office.admin)
        one_list = a_draft_send(session, office.asker, version=version, people=other).id
        in_part = a_draft_send(session, office.asker, version=version, people=other).id
        with_others = a_draft_send(session, office.asker, version=version, people=other).id
        choosing.only_segment(session, office.asker, in_part, part)
        choosing.add_part(
            session, office.asker, with_others, list_id=office.list_id, segment_id=None, is_excluded=False
        )
    office.rule(SOME, list_ids=[office.list_id])
    expected = ["Sends to the list “Members” need approval."]
    assert [reasons(office, one) for one in (office.send_id, in_part, with_others)] == [expected] * 3
    assert reasons(office, one_list) == []


def test_a_list_that_is_only_left_out_does_not_count(office: Office) -> None:
    with office.database.writing() as session:
        other = a_list(session, office.admin, people=some_people(9), name="Others")
        version = a_template_version(session, office.admin)
        send_id = a_draft_send(session, office.asker, version=version, people=other).id
        choosing.add_part(session, office.asker, send_id, list_id=office.list_id, segment_id=None, is_excluded=True)
    office.rule(SOME, list_ids=[office.list_id])
    assert reasons(office, send_id) == []


def test_a_named_segment_counts_by_whatever_way_its_people_are_reached(office: Office) -> None:
    with office.database.writing() as session:
        named = a_segment(session, office, "Councillors", "City 1")
        twin = a_segment(session, office, "My own", "City 1")
        apart = a_segment(session, office, "Somebody else", "City 2")
        version = a_template_version(session, office.admin)
        members = office.list_id
        ids = {}
        for segment in (named, twin, apart):
            send = a_draft_send(session, office.asker, version=version, list_id=members, kind=SendKind.LIST)
            choosing.only_segment(session, office.asker, send.id, segment)
            ids[segment] = send.id
    office.rule(SOME, segment_ids=[named])
    expected = ["Sends to the segment “Councillors” of Members need approval."]
    assert reasons(office) == expected, "the whole list has everybody of the segment"
    assert reasons(office, ids[named]) == expected
    assert reasons(office, ids[twin]) == expected, "another segment with the same people is no way round"
    assert reasons(office, ids[apart]) == []


def test_a_named_sender_counts_by_its_address(office: Office) -> None:
    with office.database.writing() as session:
        mayor = a_sender(session, office.admin, "mayor@example.com").id
        twin = SenderIdentity(workspace_id=office.admin.workspace_id, address="mayor@example.com", name="M. Mayor")
        session.add(twin)
        session.flush()
        as_twin = {"from_address": twin.address, "sender_identity_id": twin.id}
    office.rule(SOME, sender_ids=[mayor])
    expected = ["Sends from mayor@example.com need approval."]
    assert reasons(office, a_direct_send(office, "one@example.com", **as_twin)) == expected
    assert reasons(office) == []


def test_number_list_and_sender_are_combined_and_each_is_said(office: Office) -> None:
    office.rule(SOME, above=3, list_ids=[office.list_id], sender_ids=[office.sender_id])
    assert reasons(office) == [
        "It goes to 5 people, and more than 3 people need approval.",
        "Sends to the list “Members” need approval.",
        "Sends from office@example.com need approval.",
    ]


def test_what_is_named_goes_with_what_is_deleted(office: Office) -> None:
    with office.database.writing() as session:
        gone = a_list(session, office.admin, people=some_people(2), name="Gone soon").id
    office.rule(SOME, list_ids=[gone, office.list_id])
    with office.database.writing() as session:
        delete_list(session, office.admin, gone, unfinished_sends=0)
    with office.database.reading() as session:
        assert [one.list_id for one in subjects_of(session, office.admin.workspace_id)] == [office.list_id]


def test_never_is_never_whatever_is_ticked_below(office: Office) -> None:
    office.rule(ApprovalScope.NEVER, above=0, list_ids=[office.list_id])
    assert reasons(office) == []


def change(session: Session, person: Person, **fields: Any) -> None:
    chosen = {"scope": SOME, "above": 10, "of_templates": False, "remind_hours": 4, **fields}
    change_rule(session, person, **chosen)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"above": None}, "above"),
        ({"above": -1}, "above"),
        ({"above": 10_000_001}, "above"),
        ({"remind_hours": 0}, "remind_hours"),
        ({"remind_hours": 169}, "remind_hours"),
        ({"list_ids": [999_999]}, "above"),
        ({"segment_ids": [999_999]}, "above"),
        ({"sender_ids": [999_999]}, "above"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_beside_its_field(
    office: Office, fields: dict[str, Any], field: str
) -> None:
    with office.database.writing() as session, pytest.raises(Refused) as refused:
        change(session, office.admin, **fields)
    assert refused.value.field == field


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.ADMINISTRATOR])
def test_only_administrators_change_the_rule(office: Office, role: Role) -> None:
    person = a_person(office.database, office.admin, f"{role.title()} Person", role)
    with office.database.writing() as session, pytest.raises(Refused):
        change(session, person)


def test_a_change_of_the_rule_stands_in_the_trail_in_words(office: Office) -> None:
    office.rule(SOME, above=100, list_ids=[office.list_id], of_templates=True)
    with office.database.reading() as session:
        entry = session.query(AuditEntry).filter_by(action="workspace.approval_rule").order_by(AuditEntry.id).all()[-1]
    assert entry.words == (
        "From now on sends to more than 100 people, to Members need approval; publishing a template needs it"
    )
