"""A send to several lists and segments: from its review to its results, and P7 for each part of it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.recipients import lists, people
from app.recipients.checking import NewRecipient
from app.recipients.finding import segments
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import suppress
from app.refusals import Refused
from app.sends import choosing, compose, following, review, staleness
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import parts_of, words_of
from app.sends.looking import look_before
from app.sends.models import Outcome, ReviewProblem, ReviewState, Send, SendState
from app.sends.release import Options, SentBefore, release, would_go_out
from app.sends.results import download, title_of
from app.sends.review import request_review, run_review
from app.sends.usage import draft_sends_using, unfinished_sends_of_list, unfinished_sends_of_segment
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, reviewed, some_people

LEEDS = Filter((Condition("city", Operator.IS, "Leeds"),))


@pytest.fixture
def ground(database: Database, actor: Person) -> dict[str, int]:
    """A draft to Members (p0 to p4) and to those of Debtors (p3 to p8) in Leeds (all but p8), without Staff (p1)."""
    with database.writing() as session:
        members = a_list(session, actor, people=some_people(5), name="Members")
        debtors = a_list(
            session,
            actor,
            name="Debtors",
            columns=("city", "sum"),
            people=[
                NewRecipient(f"p{n}@example.com", f"Debtor {n}", {"city": "Leeds" if n < 8 else "York", "sum": "9"})
                for n in range(3, 9)
            ],
        )
        staff = a_list(session, actor, people=some_people(2)[1:], name="Staff", columns=())
        leeds = segments.make_segment(session, actor, debtors.id, name="Leeds", wanted=LEEDS)
        send = a_draft_send(session, actor, version=a_template_version(session, actor), people=members)
        choosing.add_part(session, actor, send.id, list_id=debtors.id, segment_id=leeds.id, is_excluded=False)
        choosing.add_part(session, actor, send.id, list_id=staff.id, segment_id=None, is_excluded=True)
        return {
            "send": send.id,
            "members": members.id,
            "debtors": debtors.id,
            "staff": staff.id,
            "leeds": leeds.id,
            "version": send.template_version_id or 0,
        }


def the_send(database: Database, send_id: int) -> Send:
    with database.reading() as session:
        return session.get_one(Send, send_id)


def test_everybody_gets_one_e_mail_with_the_data_of_the_first_list_that_has_them(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send = released(database, renderer, actor, ground["send"])
    found = [(one.email, one.name, one.data.get("sum", "")) for one in messages_of(database, send.id)]
    assert found == [
        ("p0@example.com", "Person 0", ""),
        ("p2@example.com", "Person 2", ""),
        ("p3@example.com", "Person 3", ""),
        ("p4@example.com", "Person 4", ""),
        ("p5@example.com", "Debtor 5", "9"),
        ("p6@example.com", "Debtor 6", "9"),
        ("p7@example.com", "Debtor 7", "9"),
    ]
    assert (send.total, send.review_total, send.columns) == (7, 7, ["city", "sum"])
    assert send.list_name == "Members, and “Leeds” of Debtors, without Staff"


def test_who_opted_out_or_has_a_problem_is_left_out_in_each_of_the_lists(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        suppress(session, actor.workspace_id, "p6@example.com", SuppressionReason.OPT_OUT)
        person = people.recipients_page(session, actor, ground["members"], search="p2@")[0]
        person.name = "Two\nlines"
    reviewed(database, renderer, actor, ground["send"])
    with database.writing() as session:
        suppress(session, actor.workspace_id, "p0@example.com", SuppressionReason.OPT_OUT)
    with database.reading() as session:
        assert would_go_out(session, session.get_one(Send, ground["send"])) == 4
    with database.writing() as session:
        send = session.get_one(Send, ground["send"])
        release(session, actor, send.id, seen=send.review_fingerprint, again_confirmed=True, undo_seconds=0)
    left_out = {m.email: m.reason for m in messages_of(database, ground["send"]) if m.state is Outcome.SKIPPED}
    assert left_out == {
        "p0@example.com": "opted_out",
        "p2@example.com": "left_out_at_review",
        "p6@example.com": "opted_out",
    }
    details = {m.email: m.detail for m in messages_of(database, ground["send"])}
    assert "unsubscribed on" in details["p6@example.com"]
    assert "line" in details["p2@example.com"]
    assert details["p3@example.com"] == ""


CHANGES = {
    "a person of the first list": lambda s, a, g: people.add_recipient(
        s, a, g["members"], email="new@example.com", name="", data={}
    ),
    "a person of a segment's list": lambda s, a, g: people.add_recipient(
        s, a, g["debtors"], email="new@example.com", name="", data={}
    ),
    "a person of a list that is left out": lambda s, a, g: people.add_recipient(
        s, a, g["staff"], email="p0@example.com", name="", data={}
    ),
    "the name of a list": lambda s, a, g: lists.rename_list(s, a, g["staff"], "Colleagues"),
    "the filter of a segment": lambda s, a, g: segments.change_segment(
        s, a, g["debtors"], g["leeds"], name="Leeds", wanted=Filter(LEEDS.conditions, any_of=True), seen=1
    ),
    "one list fewer": lambda s, a, g: choosing.remove_part(s, a, g["send"], list_id=g["staff"], segment_id=None),
    "another order": lambda s, a, g: choosing.put_first(s, a, g["send"], list_id=g["debtors"], segment_id=g["leeds"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_any_part_makes_the_review_old(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int], change: str
) -> None:
    seen = reviewed(database, renderer, actor, ground["send"]).review_fingerprint
    with database.writing() as session:
        CHANGES[change](session, actor, ground)
    with database.writing() as session, pytest.raises(Refused, match=r"Review it (first|again)"):
        release(session, actor, ground["send"], seen=seen, again_confirmed=True, undo_seconds=0)
    assert messages_of(database, ground["send"]) == []


@pytest.mark.parametrize("change", list(CHANGES)[:5])
def test_a_timed_send_waits_for_a_person_when_a_part_changed(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int], change: str
) -> None:
    seen = reviewed(database, renderer, actor, ground["send"]).review_fingerprint
    with database.writing() as session:
        options = Options(start_at=now() + timedelta(days=1))
        release(session, actor, ground["send"], seen=seen, again_confirmed=True, undo_seconds=0, options=options)
    with database.writing() as session:
        assert not staleness.pause_when_stale(session, session.get_one(Send, ground["send"]))
    with database.writing() as session:
        CHANGES[change](session, actor, ground)
    with database.writing() as session:
        assert staleness.pause_when_stale(session, session.get_one(Send, ground["send"]))
    assert "the list has changed" in the_send(database, ground["send"]).pause_reason


def test_the_review_says_when_nobody_is_left(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        send_id, members = ground["send"], ground["members"]
        choosing.remove_part(session, actor, send_id, list_id=ground["debtors"], segment_id=ground["leeds"])
        everybody = a_list(session, actor, people=some_people(9), name="Everybody")
        choosing.add_part(session, actor, send_id, list_id=everybody.id, segment_id=None, is_excluded=True)
        assert session.get_one(Send, send_id).list_id == members
    reviewed(database, renderer, actor, send_id)
    with database.writing() as session:
        assert session.scalars(select(ReviewProblem.code)).all() == ["nobody"]
        send = session.get_one(Send, send_id)
        with pytest.raises(Refused, match="Nobody is left"):
            release(session, actor, send_id, seen=send.review_fingerprint, again_confirmed=True, undo_seconds=0)


def test_a_list_being_sorted_keeps_its_segments_from_being_written_to(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    seen = reviewed(database, renderer, actor, ground["send"]).review_fingerprint
    with database.writing() as session:
        people.recipients_page(session, actor, ground["debtors"], search="p8@")[0].keys = None
    with database.writing() as session, pytest.raises(Refused, match="being sorted"):
        release(session, actor, ground["send"], seen=seen, again_confirmed=True, undo_seconds=0)
    with database.writing() as session, pytest.raises(Refused, match="being sorted"):
        request_review(session, actor, ground["send"])


def test_a_review_ends_when_the_column_of_a_segment_goes_meanwhile(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        request_review(session, actor, ground["send"])
        debtors = lists.find_list(session, actor, ground["debtors"])
        debtors.columns = ["sum"]  # and nobody told the review by the change number
    run_review(database, renderer, ground["send"])
    assert the_send(database, ground["send"]).review_state is ReviewState.NONE


def test_what_an_unfinished_send_uses_or_leaves_out_is_not_deleted(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        used = {
            name: unfinished_sends_of_list(session, actor, ground[name]) for name in ("members", "debtors", "staff")
        }
        assert used == {"members": 1, "debtors": 1, "staff": 1}
        assert unfinished_sends_of_segment(session, actor, ground["leeds"]) == 1
        with pytest.raises(Refused, match="unfinished send uses this segment"):
            segments.delete_segment(session, actor, ground["debtors"], ground["leeds"], unfinished_sends=1)


def finished(database: Database, renderer: LimitedRenderer, actor: Person, ground: dict[str, int]) -> int:
    send_id = released(database, renderer, actor, ground["send"]).id
    with database.writing() as session:
        session.get_one(Send, send_id).state = SendState.FINISHED
    return send_id


def test_a_follow_up_goes_to_those_added_to_any_of_the_lists_and_still_leaves_out_the_others(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id = finished(database, renderer, actor, ground)
    with database.writing() as session:
        for name, email, city in (
            ("members", "new@example.com", "York"),
            ("debtors", "leeds@example.com", "Leeds"),
            ("debtors", "york@example.com", "York"),
            ("members", "boss@example.com", "York"),
            ("staff", "boss@example.com", ""),
        ):
            data = {"city": city} if city else {}
            people.add_recipient(session, actor, ground[name], email=email, name="N", data=data)
    with database.writing() as session:
        assert following.added_since(session, session.get_one(Send, send_id)) == 2
        draft_id = following.follow_added(session, actor, send_id).id
        with pytest.raises(Refused, match="follows send"):
            choosing.remove_part(session, actor, draft_id, list_id=ground["staff"], segment_id=None)
    released(database, renderer, actor, draft_id)
    assert [one.email for one in messages_of(database, draft_id)] == ["new@example.com", "leeds@example.com"]


def test_no_follow_up_goes_out_when_a_part_is_gone(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id = finished(database, renderer, actor, ground)
    with database.writing() as session:
        lists.delete_list(session, actor, ground["staff"], unfinished_sends=0)
    with database.writing() as session:
        send = session.get_one(Send, send_id)
        assert words_of(parts_of(session, send)) == "Members, and “Leeds” of Debtors, without Staff"
        with pytest.raises(Refused, match="Staff was deleted"):
            following.follow_added(session, actor, send_id)
        with pytest.raises(Refused, match="Staff was deleted"):
            following.follow_not_reached(session, actor, send_id, version_id=ground["version"], groups=["skipped"])


def test_a_segment_that_is_gone_is_never_taken_for_its_whole_list(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id = finished(database, renderer, actor, ground)
    with database.writing() as session:
        segments.delete_segment(session, actor, ground["debtors"], ground["leeds"], unfinished_sends=0)
    with database.reading() as session:
        parts = parts_of(session, session.get_one(Send, send_id))
        assert [one.is_gone for one in parts] == [False, True, False]
        assert following.added_since(session, session.get_one(Send, send_id)) == 0


def test_the_same_template_to_one_of_the_lists_within_a_day_is_asked_about(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    finished(database, renderer, actor, ground)
    with database.writing() as session:
        version = session.get_one(Send, ground["send"]).template_version
        assert version is not None
        debtors = lists.find_list(session, actor, ground["debtors"])
        draft_id = a_draft_send(session, actor, version=version, people=debtors).id
    seen = reviewed(database, renderer, actor, draft_id).review_fingerprint
    with database.writing() as session, pytest.raises(SentBefore):
        release(session, actor, draft_id, seen=seen, again_confirmed=False, undo_seconds=0)


def test_a_value_is_asked_for_when_one_of_the_lists_has_no_such_column(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, html="<p>{{ sum }} {{ city }}</p>", text="{{ sum }}")
        addresses: dict[str, str] = {}
        compose.change_what(
            session, actor, ground["send"], version_id=version.id, list_id=ground["members"], addresses=addresses
        )
        send = session.get_one(Send, ground["send"])
        assert len(parts_of(session, send)) == 3, "the same list again keeps what was chosen beside it"
        assert compose.common_variables(session, send) == ["sum"]
        compose.change_values(session, actor, send.id, {"sum": "none"})
        uses = draft_sends_using(session, actor, version.template_id, ["sum", "city", "other"])
        assert [one.lacks for one in uses] == [("other",)]
    with database.reading() as session:
        look = look_before(session, renderer, session.get_one(Send, ground["send"]), None)
        assert (look.who, look.previous_id) == ("p0@example.com", None)
        assert look.request is not None
        assert "none City 0" in (look.request.html or "")
    released(database, renderer, actor, ground["send"])
    with database.reading() as session:
        send = session.get_one(Send, ground["send"])
        assert title_of(send).endswith("to Members, and “Leeds” of Debtors, without Staff")
        rows = "".join(download(session, send)).splitlines()
    assert rows[0].lstrip("\ufeff").startswith("email,name,city,sum,outcome")
    assert rows[1].startswith("p0@example.com,Person 0,City 0,,")


def test_another_list_takes_the_place_of_all_parts(
    database: Database, session: Session, actor: Person, ground: dict[str, int]
) -> None:
    other = a_list(session, actor, people=some_people(1), name="Other")
    compose.change_what(session, actor, ground["send"], version_id=ground["version"], list_id=other.id, addresses={})
    assert session.scalars(select(AudiencePart)).all() == []
    assert [one.words for one in parts_of(session, session.get_one(Send, ground["send"]))] == ["Other"]


def test_of_two_windows_the_second_one_finds_the_segment_changed(
    session: Session, actor: Person, ground: dict[str, int]
) -> None:
    wanted = Filter((Condition("city", Operator.IS, "York"),))
    segments.change_segment(session, actor, ground["debtors"], ground["leeds"], name="York", wanted=wanted, seen=1)
    with pytest.raises(Refused, match="Somebody changed this segment"):
        segments.change_segment(session, actor, ground["debtors"], ground["leeds"], name="L", wanted=LEEDS, seen=1)
    found = segments.find_segment(session, actor, ground["debtors"], ground["leeds"])
    assert (found.name, segments.filter_words(found)) == ("York", "city is York")
    assert [one.name for one in segments.segments_using(session, ground["debtors"], "city")] == ["York"]
    assert segments.segments_using(session, ground["debtors"], "sum") == []


def test_the_review_goes_from_one_list_to_the_next_a_few_people_at_a_time(
    database: Database,
    actor: Person,
    renderer: LimitedRenderer,
    ground: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(review, "CHUNK", 2)
    with database.writing() as session:
        for name in ("members", "debtors"):
            people.recipients_page(session, actor, ground[name])[-2].name = "Two\nlines"
    send = reviewed(database, renderer, actor, ground["send"])
    assert (send.review_done, send.review_total) == (7, 7)
    with database.reading() as session:
        found = session.scalars(select(ReviewProblem.email).order_by(ReviewProblem.id)).all()
    assert list(dict.fromkeys(found)) == ["p3@example.com", "p7@example.com"]


def test_nothing_is_added_to_a_send_that_is_being_released_in_another_window(
    database: Database, actor: Person, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    seen = reviewed(database, renderer, actor, ground["send"]).review_fingerprint
    refused: list[str] = []

    def add_meanwhile() -> None:
        with database.writing() as session:
            other = a_list(session, actor, people=some_people(1), name="Other").id
            try:
                choosing.add_part(session, actor, ground["send"], list_id=other, segment_id=None, is_excluded=False)
            except Refused as refusal:
                refused.append(refusal.words)

    adding = threading.Thread(target=add_meanwhile)
    with database.writing() as session:
        release(session, actor, ground["send"], seen=seen, again_confirmed=True, undo_seconds=0)
        adding.start()
        adding.join(timeout=1)
        assert adding.is_alive(), "it waits for the release"
    adding.join()
    assert refused == ["This send is released already and cannot be changed."]
    with database.reading() as session:
        assert len(parts_of(session, session.get_one(Send, ground["send"]))) == 3
