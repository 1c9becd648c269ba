"""Who must not be written to and why: one rule over ours and theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.models import Person, Workspace
from app.recipients.models import Suppression, SuppressionReason
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.suppressions.rules import ByRule, add_by_rule, rules_of
from app.recipients.suppressions.who import CODES, THERE, find_suppression, not_to_write
from app.sends.models import Outcome, SendKind
from app.sends.release import release, would_go_out
from app.sends.words import REASONS, why_words
from tests.factories import a_draft_send, a_list, a_template_version, messages_of, released, reviewed, some_people

SINCE = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ours(session: Session, workspace_id: int, email: str, reason: SuppressionReason, **fields: Any) -> Suppression:
    row = Suppression(
        workspace_id=workspace_id,
        email=email,
        email_key=email.lower(),
        reason=reason,
        **{"created_at": SINCE, **fields},
    )
    session.add(row)
    session.flush()
    return row


def theirs(session: Session, workspace_id: int, email: str, **fields: Any) -> TheirSuppression:
    values = {"vendor_id": f"id of {email}", "reason": "hard_bounce", "scope_type": "account", **fields}
    row = TheirSuppression(workspace_id=workspace_id, email=email, email_key=email.lower(), **values)
    session.add(row)
    session.flush()
    return row


def test_every_reason_has_a_code_and_words_of_its_own(session: Session, actor: Person) -> None:
    for reason in SuppressionReason:
        ours(session, actor.workspace_id, f"{reason}@example.net", reason, note="A note")
    emails = [f"{reason}@example.net" for reason in SuppressionReason]
    found = not_to_write(session, actor.workspace_id, emails, sender_domain="example.com")
    assert {key: one.code for key, one in found.items()} == {
        f"{reason}@example.net": CODES[reason] for reason in SuppressionReason
    }
    assert {one.words for one in found.values()} == {
        "opt_out@example.net unsubscribed on 2 Mar 2026.",
        "complaint@example.net marked an e-mail as spam on 2 Mar 2026. A note",
        "bounce@example.net permanently bounced on 2 Mar 2026. A note",
        "by_hand@example.net was added by hand on 2 Mar 2026 as an address that is not written to. A note",
        "imported@example.net was imported on 2 Mar 2026 as an address that is not written to. A note",
    }
    assert {*CODES.values(), THERE} <= set(REASONS)
    assert len({REASONS[code] for code in (*CODES.values(), THERE)}) == len(CODES) + 1


def test_of_several_reasons_what_the_person_said_counts_first(session: Session, actor: Person) -> None:
    for reason in reversed(list(SuppressionReason)):
        ours(session, actor.workspace_id, "Anna@example.net", reason)
    theirs(session, actor.workspace_id, "anna@example.net")
    found = not_to_write(session, actor.workspace_id, ["ANNA@example.net"], sender_domain="example.com")
    assert found["anna@example.net"].code == "opted_out"
    assert found["anna@example.net"].words.startswith("ANNA@example.net unsubscribed")


def test_what_has_ended_counts_no_more(session: Session, actor: Person) -> None:
    at = now()
    ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BY_HAND, until=at - timedelta(seconds=1))
    theirs(session, actor.workspace_id, "b@example.net", expires_at=at - timedelta(seconds=1))
    ours(session, actor.workspace_id, "c@example.net", SuppressionReason.BY_HAND, until=at + timedelta(days=2))
    theirs(session, actor.workspace_id, "d@example.net", expires_at=at + timedelta(days=2), reason="soft_bounce")
    emails = [f"{letter}@example.net" for letter in "abcd"]
    found = not_to_write(session, actor.workspace_id, emails, sender_domain="example.com")
    assert set(found) == {"c@example.net", "d@example.net"}
    assert f"until {at + timedelta(days=2):%-d %b %Y}" in found["c@example.net"].words
    later = at + timedelta(days=3)
    assert not_to_write(session, actor.workspace_id, emails, sender_domain="example.com", at=later) == {}


def test_theirs_count_by_their_scope_and_for_their_workspace(session: Session, actor: Person) -> None:
    theirs(session, actor.workspace_id, "a@example.net", scope_type="sending_domain", scope_value="mail.example.com")
    theirs(session, actor.workspace_id, "b@example.net", scope_type="sending_domain", scope_value="*.example.com")
    theirs(session, actor.workspace_id, "c@example.net")
    other = Workspace(name="Other")
    session.add(other)
    session.flush()
    emails = ["a@example.net", "b@example.net", "c@example.net"]

    def of_domain(name: str) -> set[str]:
        return set(not_to_write(session, actor.workspace_id, emails, sender_domain=name))

    assert of_domain("MAIL.example.com") == {"a@example.net", "b@example.net", "c@example.net"}
    assert of_domain("example.com") == {"c@example.net"}
    assert of_domain("sub.mail.example.com") == {"b@example.net", "c@example.net"}
    assert not_to_write(session, other.id, emails, sender_domain="mail.example.com") == {}
    assert not_to_write(session, actor.workspace_id, [], sender_domain="example.com") == {}


def test_only_who_unsubscribed_is_opted_out(session: Session, actor: Person) -> None:
    ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BOUNCE)
    assert find_suppression(session, actor.workspace_id, "a@example.net") is None


def test_a_rule_keeps_what_a_person_wrote_and_ends_an_end(session: Session, actor: Person) -> None:
    row = ours(session, actor.workspace_id, "a@example.net", SuppressionReason.BOUNCE, note="Mine", until=now())
    found = [
        ByRule("A@example.net", SuppressionReason.BOUNCE, "550 no such user", 7),
        ByRule("b@example.net", SuppressionReason.BOUNCE),
        ByRule("b@example.net", SuppressionReason.BOUNCE, "550 gone"),
        ByRule("b@example.net", SuppressionReason.COMPLAINT),
    ]
    for _ in range(2):
        add_by_rule(session, actor.workspace_id, found)
    session.refresh(row)
    assert (row.note, row.until, row.message_id, row.email) == ("Mine", None, 7, "a@example.net")
    bounced = find_suppression(session, actor.workspace_id, "b@example.net", SuppressionReason.BOUNCE)
    assert bounced is not None and bounced.note == "550 gone"
    assert session.query(Suppression).count() == 3
    assert rules_of(session, actor.workspace_id).hands_over == []


# In sends


def test_a_send_says_of_everybody_who_was_left_out_why(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    with database.writing() as session:
        people = a_list(session, actor, people=some_people(8))
        send_id = a_draft_send(session, actor, version=a_template_version(session, actor), people=people).id
        for number, reason in enumerate(SuppressionReason):
            ours(session, actor.workspace_id, f"P{number}@example.com", reason)
        theirs(session, actor.workspace_id, "p5@example.com", scope_type="sending_domain", scope_value="example.com")
        theirs(session, actor.workspace_id, "p6@example.com", scope_type="sending_domain", scope_value="example.org")
    send = reviewed(database, renderer, actor, send_id)
    assert send.review_problems == 6
    with database.writing() as session:
        assert would_go_out(session, session.get_one(type(send), send_id)) == 2
        release(session, actor, send_id, seen=send.review_fingerprint, again_confirmed=True, undo_seconds=0)
    found = {one.email: (one.state, one.reason) for one in messages_of(database, send_id)}
    assert found == {
        "p0@example.com": (Outcome.SKIPPED, "opted_out"),
        "p1@example.com": (Outcome.SKIPPED, "complained"),
        "p2@example.com": (Outcome.SKIPPED, "bounced_before"),
        "p3@example.com": (Outcome.SKIPPED, "held_back_by_hand"),
        "p4@example.com": (Outcome.SKIPPED, "held_back_by_import"),
        "p5@example.com": (Outcome.SKIPPED, "suppressed_there"),
        "p6@example.com": (Outcome.PENDING, ""),
        "p7@example.com": (Outcome.PENDING, ""),
    }
    words = [why_words(one) for one in messages_of(database, send_id) if one.state is Outcome.SKIPPED]
    assert all("example.com" in one for one in words) and len(set(words)) == 6


def test_one_who_must_not_be_written_to_keeps_an_e_mail_to_several_back(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    to = [["ben@example.net", ""], ["anna@example.net", ""]]
    with database.writing() as session:
        version = a_template_version(session, actor, subject="Hi", html="<p>Hi</p>", text="Hi")
        send_id = a_draft_send(session, actor, version=version, to=to).id
        reviewed_id = a_draft_send(session, actor, version=version, to=to[:1]).id
    send = reviewed(database, renderer, actor, send_id)
    with database.writing() as session:
        theirs(session, actor.workspace_id, "anna@example.net", reason="policy", read_only=True)
        assert would_go_out(session, session.get_one(type(send), send_id)) == 0
        release(session, actor, send_id, seen=send.review_fingerprint, again_confirmed=True, undo_seconds=0)
    (message,) = messages_of(database, send_id)
    assert (message.state, message.reason) == (Outcome.SKIPPED, "suppressed_there")
    assert message.detail == (
        "anna@example.net is on Cloudflare's list of addresses that are not written to: set by Cloudflare."
    )
    released(database, renderer, actor, reviewed_id)
    assert messages_of(database, reviewed_id)[0].state is Outcome.PENDING


def test_a_test_e_mail_goes_to_testers_whatever_stands_against_them(
    database: Database, renderer: LimitedRenderer, actor: Person
) -> None:
    with database.writing() as session:
        ours(session, actor.workspace_id, "anna@example.net", SuppressionReason.BOUNCE)
        version = a_template_version(session, actor, subject="Hi", html="<p>Hi</p>", text="Hi")
        to = [["anna@example.net", ""]]
        send_id = a_draft_send(session, actor, version=version, to=to, kind=SendKind.TEST).id
    with database.reading() as session:
        from app.sends.models import Send
        from app.sends.stopped import who_must_not

        assert who_must_not(session, session.get_one(Send, send_id), ["anna@example.net"]) == {}
