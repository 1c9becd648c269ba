"""The review looks at everybody, and says what is wrong with whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.contract import body_size
from app.cloudflare.types import Address, Attachment, SendRequest
from app.db import Database
from app.emails.files import store
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.recipients.checking import NewRecipient
from app.recipients.lists import rename_list
from app.refusals import NotThere, Refused
from app.sends import review as reviewing
from app.sends.composition import compose, plan_of
from app.sends.models import ReviewProblem, ReviewState, Send, SendAttachment
from app.sends.review import SPECIMEN_REFERENCE, fingerprint, request_review, review_chunk, run_review
from tests.factories import a_draft_send, a_list, a_template_version, reviewed, some_people

ENDLESS = (
    "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}"
)


def problems_of(database: Database, send_id: int) -> list[ReviewProblem]:
    with database.reading() as session:
        return list(
            session.scalars(select(ReviewProblem).where(ReviewProblem.send_id == send_id).order_by(ReviewProblem.id))
        )


def a_send_of(
    database: Database,
    actor: Person,
    people: list[NewRecipient],
    *,
    subject: str = "Hello {{ name }}",
    html: str = "<p>{{ city }}</p>",
    **fields: object,
) -> int:
    with database.writing() as session:
        version = a_template_version(session, actor, subject=subject, html=html, text="Hello")
        return a_draft_send(session, actor, version=version, people=a_list(session, actor, people=people), **fields).id


def test_a_good_send_has_no_problems(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    send_id = a_send_of(database, actor, some_people(250))
    send = reviewed(database, renderer, actor, send_id)
    assert (send.review_total, send.review_done, send.review_problems) == (250, 250, 0)
    assert problems_of(database, send_id) == []


def test_each_person_with_a_problem_is_named_with_it(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    people = some_people(120)
    people[7] = NewRecipient("p7@example.com", "Person 7", {"city": "x" * 3000})
    people[110] = NewRecipient("p110@example.com", "Two\nlines", {"city": "Leeds"})
    send_id = a_send_of(database, actor, people, headers=[["X-City", "{{ city }}"]])
    send = reviewed(database, renderer, actor, send_id)
    assert (send.review_done, send.review_problems) == (120, 2)
    found = problems_of(database, send_id)
    assert {one.email for one in found} == {"p7@example.com", "p110@example.com"}
    assert all(one.recipient_id is not None for one in found)
    words = {one.email: one.words for one in found}
    assert "X-City" in words["p7@example.com"]
    assert "line" in words["p110@example.com"]


def test_a_header_that_only_one_person_breaks_is_that_persons_problem(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    people = some_people(3)
    people[1] = NewRecipient("p1@example.com", "Person 1", {"city": "x" * 3000})
    send_id = a_send_of(database, actor, people, headers=[["X-City", "{{ city }}"]])
    reviewed(database, renderer, actor, send_id)
    assert [(one.email, one.code) for one in problems_of(database, send_id)] == [
        ("p1@example.com", "E_HEADER_VALUE_TOO_LONG")
    ]


def test_one_slow_person_is_that_persons_problem(database: Database, actor: Person, renderer: LimitedRenderer) -> None:
    people = some_people(5)
    people[3] = NewRecipient("p3@example.com", "Person 3", {"city": "slow"})
    send_id = a_send_of(database, actor, people, html="{% if city == 'slow' %}" + ENDLESS + "{% endif %}<p>Hi</p>")
    reviewing_seconds = pytest.MonkeyPatch()
    reviewing_seconds.setattr(reviewing, "CHUNK_SECONDS", 1.5)
    try:
        send = reviewed(database, renderer, actor, send_id)
    finally:
        reviewing_seconds.undo()
    assert [(one.email, one.code) for one in problems_of(database, send_id)] == [("p3@example.com", "too_slow")]
    assert (send.review_done, send.review_problems) == (5, 1)


def test_a_slow_person_at_the_very_end_is_still_only_that_persons_problem(
    database: Database, actor: Person, renderer: LimitedRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing, "CHUNK", 4)
    monkeypatch.setattr(reviewing, "CHUNK_SECONDS", 1.5)
    people = some_people(5)
    people[4] = NewRecipient("p4@example.com", "Person 4", {"city": "slow"})
    send_id = a_send_of(database, actor, people, html="{% if city == 'slow' %}" + ENDLESS + "{% endif %}<p>Hi</p>")
    send = reviewed(database, renderer, actor, send_id)
    assert [one.email for one in problems_of(database, send_id)] == ["p4@example.com"]
    assert problems_of(database, send_id)[0].recipient_id is not None
    assert send.review_problems == 1


def test_a_template_with_an_endless_loop_stops_the_review_with_one_problem_for_all(
    database: Database, actor: Person, renderer: LimitedRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviewing, "CHUNK_SECONDS", 1.5)
    send_id = a_send_of(database, actor, some_people(300), html=ENDLESS)
    reviewed(database, renderer, actor, send_id)
    found = problems_of(database, send_id)
    assert len(found) == 1
    assert found[0].recipient_id is None
    assert "takes too long" in found[0].words


def attach(session: Session, send_id: int, name: str, content: bytes) -> None:
    """Attach a file without the rule that refuses too large ones."""
    stored = store(session, content)
    session.add(
        SendAttachment(send_id=send_id, file_name=name, media_type="text/plain", size=stored.size, sha256=stored.sha256)
    )
    session.flush()


def test_a_file_that_is_too_large_is_one_problem_for_all(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    send_id = a_send_of(database, actor, some_people(150))
    with database.writing() as session:
        attach(session, send_id, "plan.pdf", b"x" * 4_000_000)
    reviewed(database, renderer, actor, send_id)
    found = problems_of(database, send_id)
    assert len(found) == 1
    assert found[0].recipient_id is None
    assert "5 MiB is the most" in found[0].words


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (2,), (3,), (1000, 57), (2_000_000, 1_400_001)])
def test_the_size_of_what_is_posted_is_known_without_making_it(sizes: tuple[int, ...]) -> None:
    files = tuple(Attachment(f"fi“l”e{n}.bin", b"\xff" * size, "text/plain") for n, size in enumerate(sizes))
    request = SendRequest(
        Address("office@example.com", "Büro"),
        (Address("a@example.com"),),
        'He said "yes"',
        "<p>ü\n</p>",
        attachments=files,
    )
    assert body_size(request) == len(request.body())


def test_a_direct_send_is_checked_once_for_all_its_addresses(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, html="<p>Hi</p>", text="Hi")
        to = [[f"p{n}@example.com", ""] for n in range(51)]
        send_id = a_draft_send(session, actor, version=version, to=to).id
    send = reviewed(database, renderer, actor, send_id)
    assert (send.review_total, send.review_done) == (1, 1)
    found = problems_of(database, send_id)
    assert len(found) == 1
    assert found[0].recipient_id is None
    assert "at most 50" in found[0].words


def test_what_the_review_looks_at_is_what_is_composed(database: Database, actor: Person) -> None:
    send_id = a_send_of(database, actor, some_people(1), headers=[["X-City", "{{ city }}"]])
    with database.reading() as session:
        plan = plan_of(session, session.get_one(Send, send_id))
    person = reviewing.Person(1, "p0@example.com", "Person 0", {"city": "Leeds"})
    assert review_chunk(plan, [person]) == []
    request = compose(plan, person.email, person.name, person.data, SPECIMEN_REFERENCE)
    assert isinstance(request, SendRequest)
    assert request.subject == "Hello Person 0"
    assert dict(request.headers)["X-City"] == "Leeds"


def _another_version(send: Send, session: object, actor: Person) -> None:
    send.template_version_id = a_template_version(session, actor).id  # type: ignore[arg-type]


CHANGES: dict[str, Callable[[Send], None]] = {
    "sender": lambda send: setattr(send, "from_address", "other@example.com"),
    "sender's name": lambda send: setattr(send, "from_name", "Other"),
    "reply-to": lambda send: setattr(send, "reply_to", "other@example.com"),
    "header": lambda send: setattr(send, "headers", [["X-A", "1"]]),
    "value": lambda send: setattr(send, "values", {"city": "York"}),
    "cc": lambda send: setattr(send, "cc", [["c@example.com", ""]]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_a_draft_changes_the_fingerprint(database: Database, actor: Person, what: str) -> None:
    send_id = a_send_of(database, actor, some_people(2))
    with database.writing() as session:
        send = session.get_one(Send, send_id)
        before = fingerprint(session, send)
        CHANGES[what](send)
        session.flush()
        assert fingerprint(session, send) != before


def test_a_changed_list_a_new_version_a_file_and_going_live_change_the_fingerprint(
    database: Database, actor: Person
) -> None:
    send_id = a_send_of(database, actor, some_people(2))
    seen: set[str] = set()
    with database.writing() as session:
        send = session.get_one(Send, send_id)
        seen.add(fingerprint(session, send))
        rename_list(session, actor, send.list_id or 0, "Another name")
        seen.add(fingerprint(session, send))
        send.template_version_id = a_template_version(session, actor).id
        seen.add(fingerprint(session, send))
        attach(session, send_id, "a.txt", b"a")
        seen.add(fingerprint(session, send))
        session.get_one(Workspace, actor.workspace_id).is_live = False
        session.flush()
        seen.add(fingerprint(session, send))
    assert len(seen) == 5


def test_a_review_stops_when_the_draft_changes_meanwhile(
    database: Database, actor: Person, renderer: LimitedRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_id = a_send_of(database, actor, some_people(250))
    looked = 0

    def look_then_change(*arguments: object, first: bool) -> list[reviewing.Found]:
        nonlocal looked
        looked += 1
        if looked == 2:
            with database.writing() as session:
                session.get_one(Send, send_id).from_name = "Somebody else"
        return []

    monkeypatch.setattr(reviewing, "_look", look_then_change)
    with database.writing() as session:
        request_review(session, actor, send_id)
    run_review(database, renderer, send_id)
    with database.reading() as session:
        assert session.get_one(Send, send_id).review_state is ReviewState.NONE
    assert looked == 2


def test_a_review_asked_for_twice_runs_once(database: Database, actor: Person) -> None:
    send_id = a_send_of(database, actor, some_people(2))
    with database.writing() as session:
        request_review(session, actor, send_id)
        session.get_one(Send, send_id).review_done = 1
        session.flush()
        assert request_review(session, actor, send_id).review_done == 1


def test_a_review_that_broke_off_begins_again_and_counts_nobody_twice(
    database: Database, actor: Person, renderer: LimitedRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = some_people(150)
    people[3] = NewRecipient("p3@example.com", "Two\nlines", {"city": "Leeds"})
    send_id = a_send_of(database, actor, people)
    original, looked = reviewing._look, 0

    def break_off(*arguments: object, first: bool) -> list[reviewing.Found]:
        nonlocal looked
        looked += 1
        if looked == 2:
            raise KeyboardInterrupt
        return original(*arguments, first=first)  # type: ignore[arg-type]

    monkeypatch.setattr(reviewing, "_look", break_off)
    with database.writing() as session:
        request_review(session, actor, send_id)
    with pytest.raises(KeyboardInterrupt):
        run_review(database, renderer, send_id)
    run_review(database, renderer, send_id)
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        assert (send.review_state, send.review_done, send.review_problems) == (ReviewState.DONE, 150, 1)
    assert len(problems_of(database, send_id)) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"template_version_id": None}, "Choose a template first."),
        ({"list_id": None}, "Choose a list first."),
        ({"from_address": ""}, "Choose a sender first."),
    ],
)
def test_a_draft_with_something_missing_cannot_be_reviewed(
    database: Database, actor: Person, fields: dict[str, object], words: str
) -> None:
    send_id = a_send_of(database, actor, some_people(1), **fields)
    with database.writing() as session, pytest.raises(Refused) as refused:
        request_review(session, actor, send_id)
    assert refused.value.words == words


def test_a_direct_send_without_anyone_in_to_cannot_be_reviewed(database: Database, actor: Person) -> None:
    """The mail service wants `to` (API.md, section 17), and composing would otherwise write to a cc twice."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        send_id = a_draft_send(session, actor, version=version, cc=[["c@example.com", ""]]).id
        with pytest.raises(Refused, match="To"):
            request_review(session, actor, send_id)


def test_an_empty_list_cannot_be_reviewed(database: Database, actor: Person) -> None:
    send_id = a_send_of(database, actor, [])
    with database.writing() as session, pytest.raises(Refused, match="nobody"):
        request_review(session, actor, send_id)


def test_another_workspace_cannot_ask_for_a_review(database: Database, actor: Person) -> None:
    send_id = a_send_of(database, actor, some_people(1))
    with database.writing() as session:
        stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
        with pytest.raises(NotThere):
            request_review(session, stranger, send_id)
