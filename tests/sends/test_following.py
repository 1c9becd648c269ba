"""Follow-ups: to people added since, and again to those not reached; nobody twice, and reviewed as any send."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.emails.models import TemplateVersion
from app.people.models import Person
from app.recipients.lists import delete_list
from app.recipients.models import Recipient, SuppressionReason
from app.recipients.people import add_recipient, change_recipient, remove_recipient
from app.recipients.suppressions.who import suppress
from app.refusals import NotThere, Refused
from app.sends import results
from app.sends.audience import size
from app.sends.compose import add_attachment, change_what
from app.sends.following import added_since, follow_added, follow_not_reached, not_reached
from app.sends.looking import look_before
from app.sends.models import Audience, Outcome, Send, SendAttachment, SendKind, SendState
from app.sends.release import release, would_go_out
from app.sends.retrying import last_attempt, retry
from tests.factories import (
    a_draft_send,
    a_list,
    a_sender,
    a_template_version,
    messages_of,
    released,
    reviewed,
    some_people,
)
from tests.sends.outcomes import at_once, settle, tally_of


def addresses(*numbers: int) -> list[str]:
    return [f"p{number}@example.com" for number in numbers]


@pytest.fixture
def send_id(database: Database, actor: Person, renderer: LimitedRenderer) -> int:
    """A finished send to ten: 0 and 1 bounced, 2 refused, 3 failed, 4 in doubt, 5 queued, the rest delivered."""
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=some_people(10))
        sender = a_sender(session, actor).id
        draft = a_draft_send(session, actor, version=version, people=people, sender_identity_id=sender, headers=[])
        draft.reply_to, draft.headers = "help@example.com", [["X-Case", "7"]]
        add_attachment(session, actor, draft.id, "terms.txt", b"The terms.")
        draft_id = draft.id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, addresses(0, 1), Outcome.BOUNCED)
    settle(database, send_id, addresses(2), Outcome.REJECTED, reason="email.invalid")
    settle(database, send_id, addresses(3), Outcome.FAILED, reason="retries_used_up")
    settle(database, send_id, addresses(4), Outcome.UNKNOWN, reason="timeout")
    settle(database, send_id, addresses(5), Outcome.QUEUED)
    settle(database, send_id, addresses(6, 7, 8, 9), Outcome.DELIVERED)
    return send_id


def list_of(database: Database, send_id: int) -> int:
    with database.reading() as session:
        return session.get_one(Send, send_id).list_id or 0


def add(database: Database, actor: Person, send_id: int, *names: str) -> None:
    with database.writing() as session:
        list_id = session.get_one(Send, send_id).list_id or 0
        for name in names:
            add_recipient(session, actor, list_id, email=f"{name}@example.com", name=name, data={"city": "Leeds"})


def begin_added(database: Database, actor: Person, send_id: int) -> int:
    with database.writing() as session:
        return follow_added(session, actor, send_id).id


def begin_again(
    database: Database,
    actor: Person,
    send_id: int,
    *groups: Outcome,
    version_id: int = 0,
) -> int:
    with database.writing() as session:
        version_id = version_id or session.get_one(Send, send_id).template_version_id or 0
        return follow_not_reached(session, actor, send_id, version_id=version_id, groups=groups).id


def written_to(database: Database, send_id: int) -> list[str]:
    return [one.email for one in messages_of(database, send_id) if one.state is Outcome.PENDING]


def release_it(database: Database, actor: Person, send_id: int) -> Send:
    """Release without the question about the same day: a follow-up is no repetition."""
    with database.writing() as session:
        seen = session.get_one(Send, send_id).review_fingerprint
        return release(session, actor, send_id, seen=seen, again_confirmed=False, undo_seconds=0)


def test_a_follow_up_goes_to_those_added_since_and_takes_all_else_from_the_send(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    add(database, actor, send_id, "new1", "new2")
    draft_id = begin_added(database, actor, send_id)
    draft = reviewed(database, renderer, actor, draft_id)
    assert (draft.review_total, draft.review_done, draft.review_problems) == (2, 2, 0)
    with database.reading() as session:
        first = session.get_one(Send, send_id)
        for field in ("template_version_id", "list_id", "from_address", "from_name", "reply_to", "headers", "values"):
            assert getattr(draft, field) == getattr(first, field), field
        names = session.scalars(select(SendAttachment.file_name).where(SendAttachment.send_id == draft_id)).all()
        assert names == ["terms.txt"]
        assert would_go_out(session, draft) == 2
        assert results.title_of(session.get_one(Send, draft_id)).endswith(f", added since send {send_id}")
    assert release_it(database, actor, draft_id).total == 2
    assert written_to(database, draft_id) == ["new1@example.com", "new2@example.com"]


def test_the_look_at_single_e_mails_stays_among_them(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    add(database, actor, send_id, "new1", "new2")
    draft_id = begin_added(database, actor, send_id)
    with database.reading() as session:
        draft = session.get_one(Send, draft_id)
        first = look_before(session, renderer, draft, None)
        outsider = session.scalars(select(Recipient.id).order_by(Recipient.id)).first()
        assert look_before(session, renderer, draft, outsider).who == "new1@example.com"
        assert look_before(session, renderer, draft, first.next_id).who == "new2@example.com"
    assert (first.who, first.previous_id) == ("new1@example.com", None)


def test_a_second_follow_up_leaves_out_whom_the_first_went_to(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    add(database, actor, send_id, "new1")
    first = begin_added(database, actor, send_id)
    released(database, renderer, actor, first)
    add(database, actor, send_id, "new2")
    for followed in (send_id, first):  # from either page it is the same
        second = begin_added(database, actor, followed)
        with database.reading() as session:
            assert size(session, session.get_one(Send, second)) == 1
    released(database, renderer, actor, second)
    assert written_to(database, second) == ["new2@example.com"]


def test_somebody_added_after_the_review_asks_for_another_review(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    add(database, actor, send_id, "new1")
    draft_id = begin_added(database, actor, send_id)
    reviewed(database, renderer, actor, draft_id)
    add(database, actor, send_id, "new2")
    with pytest.raises(Refused, match="changed since the review"):
        release_it(database, actor, draft_id)


def test_an_address_that_was_put_right_counts_as_added_and_one_put_back_does_not(
    database: Database, actor: Person, send_id: int
) -> None:
    list_id = list_of(database, send_id)
    with database.writing() as session:
        zero = session.scalars(select(Recipient).where(Recipient.email == "p0@example.com")).one()
        change_recipient(session, actor, list_id, zero.id, email="right@example.com", name="Zero", data={})
        one = session.scalars(select(Recipient).where(Recipient.email == "p1@example.com")).one()
        remove_recipient(session, actor, list_id, one.id)
        add_recipient(session, actor, list_id, email="P1@example.com", name="One", data={})
    with database.reading() as session:
        assert added_since(session, session.get_one(Send, send_id)) == 1


def test_nobody_added_is_refused(database: Database, actor: Person, send_id: int) -> None:
    with pytest.raises(Refused, match="Nobody was added"):
        begin_added(database, actor, send_id)


@pytest.mark.parametrize("windows", [6])
def test_begun_in_several_windows_at_once_it_is_one_draft(
    database: Database, actor: Person, send_id: int, windows: int
) -> None:
    add(database, actor, send_id, "new1")
    assert len(set(at_once(lambda: begin_added(database, actor, send_id), windows))) == 1
    assert len(set(at_once(lambda: begin_again(database, actor, send_id, Outcome.BOUNCED), windows))) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Send)) == 3


def two_reviewed(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int, which: Audience
) -> Sequence[int]:
    """Two drafts to the same people, each reviewed: as when both were begun before this rule, or one by the API."""
    if which is Audience.ADDED:
        first = begin_added(database, actor, send_id)
    else:
        first = begin_again(database, actor, send_id, Outcome.BOUNCED)
    with database.writing() as session:
        draft = session.get_one(Send, first)
        fields = ("audience", "follows_send_id", "follow_groups", "sender_identity_id")
        copied = {name: getattr(draft, name) for name in fields}
        second = a_draft_send(session, actor, version=draft.template_version, people=draft.recipient_list, **copied).id
    for one in (first, second):
        reviewed(database, renderer, actor, one)
    return first, second


@pytest.mark.parametrize("which", [Audience.ADDED, Audience.NOT_REACHED])
def test_of_two_follow_ups_to_the_same_people_released_at_once_one_goes_out(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int, which: Audience
) -> None:
    add(database, actor, send_id, "new1")
    drafts = two_reviewed(database, actor, renderer, send_id, which)
    waiting = iter(drafts)
    found = at_once(lambda: release_it(database, actor, next(waiting)).id, windows=2)
    assert len([one for one in found if isinstance(one, int)]) == 1, found
    assert next(one.words for one in found if isinstance(one, Refused)).startswith("Something changed")
    everybody = [address for one in drafts for address in written_to(database, one)]
    assert len(everybody) == len(set(everybody)) > 0


def test_those_not_reached_get_another_version_with_the_lists_data_of_now(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    with database.writing() as session:
        version_id = a_template_version(session, actor, name="Mended").id
        two = session.scalars(select(Recipient).where(Recipient.email == "p2@example.com")).one()
        list_id = session.get_one(Send, send_id).list_id or 0
        change_recipient(session, actor, list_id, two.id, email=two.email, name="Two", data={"city": "York"})
    groups = (Outcome.BOUNCED, Outcome.REJECTED, Outcome.FAILED)
    draft_id = begin_again(database, actor, send_id, *groups, version_id=version_id)
    draft = reviewed(database, renderer, actor, draft_id)
    assert (draft.review_total, draft.template_version_id) == (4, version_id)
    release_it(database, actor, draft_id)
    assert written_to(database, draft_id) == addresses(0, 1, 2, 3)
    assert messages_of(database, draft_id)[2].data == {"city": "York"}
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "send.followed_up")).one()
    assert (entry.actor_id, entry.subject_id, entry.details["follows"]) == (actor.id, draft_id, send_id)
    assert "not reached (bounced, rejected, failed)" in entry.words


def test_who_was_taken_off_the_list_or_unsubscribed_is_not_written_to_again(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    with database.writing() as session:
        zero = session.scalars(select(Recipient).where(Recipient.email == "p0@example.com")).one()
        remove_recipient(session, actor, zero.list_id, zero.id)
        suppress(session, actor.workspace_id, "p2@example.com", SuppressionReason.OPT_OUT)
    draft_id = begin_again(database, actor, send_id, Outcome.BOUNCED, Outcome.REJECTED)
    with database.reading() as session:
        assert size(session, session.get_one(Send, draft_id)) == 2
    released(database, renderer, actor, draft_id)
    assert written_to(database, draft_id) == addresses(1)


def test_the_delivered_and_queued_are_never_among_them_and_the_doubtful_only_when_chosen(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    everything = [one for one in Outcome if one is not Outcome.UNKNOWN]
    draft_id = begin_again(database, actor, send_id, *everything)
    released(database, renderer, actor, draft_id)
    assert written_to(database, draft_id) == addresses(0, 1, 2, 3)
    doubtful = begin_again(database, actor, send_id, Outcome.UNKNOWN)
    released(database, renderer, actor, doubtful)
    assert written_to(database, doubtful) == addresses(4)


def test_whom_another_follow_up_reached_is_left_out_and_whom_it_did_not_is_not(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    first = begin_again(database, actor, send_id, Outcome.BOUNCED)
    released(database, renderer, actor, first)
    settle(database, first, addresses(0), Outcome.DELIVERED)
    settle(database, first, addresses(1), Outcome.FAILED, reason="retries_used_up")
    with database.reading() as session:
        send = session.get_one(Send, send_id)
        assert not_reached(session, send, ["bounced"]) == 1
    second = begin_again(database, actor, send_id, Outcome.BOUNCED)
    released(database, renderer, actor, second)
    assert written_to(database, second) == addresses(1)


def test_a_retry_in_the_first_send_asks_for_another_review_of_the_follow_up(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    draft_id = begin_again(database, actor, send_id, Outcome.FAILED, Outcome.BOUNCED)
    reviewed(database, renderer, actor, draft_id)
    with database.writing() as session:
        retry(session, actor, send_id, Outcome.FAILED, reasons=["retries_used_up"], seen=1, upto=last_attempt(session))
    with pytest.raises(Refused, match="changed since the review"):
        release_it(database, actor, draft_id)
    reviewed(database, renderer, actor, draft_id)
    release_it(database, actor, draft_id)
    assert written_to(database, draft_id) == addresses(0, 1), "the one that is tried again is not written to twice"


def test_a_direct_e_mail_is_sent_again_to_the_same_addresses(
    database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        version = a_template_version(session, actor, html="<p>Hi</p>", text="Hi")
        to, cc = [["ada@example.com", "Ada, the first"]], [["bo@example.com", ""]]
        draft_id = a_draft_send(session, actor, version=version, kind=SendKind.DIRECT, to=to, cc=cc).id
    send_id = released(database, renderer, actor, draft_id).id
    settle(database, send_id, ["ada@example.com"], Outcome.REJECTED, reason="email.invalid")
    with pytest.raises(Refused, match="Nobody of these groups"):
        begin_again(database, actor, send_id, Outcome.BOUNCED)
    again = begin_again(database, actor, send_id, Outcome.REJECTED)
    assert begin_again(database, actor, send_id, Outcome.REJECTED) == again
    sent = released(database, renderer, actor, again)
    assert (sent.to, sent.cc, sent.total) == (to, cc, 1)


def test_what_cannot_be_followed_up_says_why(
    database: Database, actor: Person, renderer: LimitedRenderer, send_id: int
) -> None:
    with pytest.raises(Refused, match="at least one group"):
        begin_again(database, actor, send_id, Outcome.DELIVERED)
    with pytest.raises(Refused, match="Choose a template"):
        begin_again(database, actor, send_id, Outcome.BOUNCED, version_id=999)
    with database.writing() as session:
        version = session.scalars(select(TemplateVersion)).first()
        assert version is not None
        draft_id = a_draft_send(
            session, actor, version=version, people=session.get_one(Send, send_id).recipient_list
        ).id
    for begin in (lambda: begin_added(database, actor, draft_id), lambda: begin_again(database, actor, draft_id)):
        with pytest.raises(Refused, match="Only a released send"):
            begin()
    with database.writing() as session:
        session.get_one(Send, send_id).state = SendState.PAUSED
    with pytest.raises(Refused, match="not over yet"):
        begin_again(database, actor, send_id, Outcome.BOUNCED)
    with database.writing() as session:
        session.get_one(Send, send_id).state = SendState.FINISHED
        session.delete(session.get_one(Send, draft_id))
        delete_list(session, actor, list_of(database, send_id), unfinished_sends=0)
    with pytest.raises(Refused, match="list of this send was deleted"):
        begin_again(database, actor, send_id, Outcome.BOUNCED)
    with pytest.raises(Refused, match="list that is still there"):
        begin_added(database, actor, send_id)


def test_a_follow_up_keeps_its_list(database: Database, actor: Person, send_id: int) -> None:
    draft_id = begin_again(database, actor, send_id, Outcome.BOUNCED)
    with pytest.raises(Refused, match="goes to its list"), database.writing() as session:
        other = a_list(session, actor, people=some_people(2))
        version_id = session.get_one(Send, draft_id).template_version_id or 0
        change_what(session, actor, draft_id, version_id=version_id, list_id=other.id, addresses={})


def test_a_draft_whose_first_send_is_gone_goes_to_nobody(database: Database, actor: Person, send_id: int) -> None:
    draft_id = begin_again(database, actor, send_id, Outcome.BOUNCED)
    with database.writing() as session:
        draft = session.get_one(Send, draft_id)
        draft.follows_send_id = None
        assert size(session, draft) == 0


def test_everybody_is_in_one_place_only(database: Database, actor: Person, send_id: int) -> None:
    assert sum(tally_of(database, send_id).values()) == 10


def test_another_workspace_cannot_follow_up(database: Database, actor: Person, send_id: int) -> None:
    stranger = Person(id=99, workspace_id=actor.workspace_id + 1)
    for begin in (
        lambda: begin_added(database, stranger, send_id),
        lambda: begin_again(database, stranger, send_id, Outcome.BOUNCED),
    ):
        with pytest.raises(NotThere):
            begin()
