"""Every address that changes something leaves an entry in the trail, or says here why it leaves none.

A new POST route fails the first test until it has its row: the actions that it notes, or the reason why it notes none.
"""

from __future__ import annotations

import ast
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.acts import kind_of
from app.audit.models import AuditEntry
from app.audit.origin import Via
from app.db import Database, now
from app.emails.limits import LimitedRenderer
from app.people.models import Person, SenderIdentity
from app.recipients.unsubscribing.models import TopicOptOut
from app.recipients.unsubscribing.topics import add_topic, stop_topic
from app.sends.models import Send
from app.sends.review import run_review
from app.web.request import SAFE_METHODS
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, some_people
from tests.files import a_png

APP = Path(__file__).parent.parent.parent / "app"

READS = "changes nothing: much is typed, so it is asked by POST"
DRAFT = "a draft is saved while it is typed; publishing it is noted"
OWN = "says what it is about to the browser; what comes of it is noted"
UPLOAD = "an upload that waits for its answers is no list yet; its import is noted"

ACTS: dict[str, tuple[str, ...] | str] = {
    "emails.add_files": ("template.file_added",),
    "emails.add_piece_images": ("piece.image_added",),
    "emails.archive": ("template.archived", "template.restored"),
    "emails.archive_piece": ("piece.archived", "piece.restored"),
    "emails.autosave": DRAFT,
    "emails.change_file_kind": ("template.file_changed",),
    "emails.check_headers": READS,
    "emails.checks": READS,
    "emails.duplicate": ("template.created",),
    "emails.edit": DRAFT,
    "emails.edit_piece": ("piece.renamed",),
    "emails.hide_after_sending": ("template.hiding",),
    "emails.import_cancel": "throws away a file that was never imported",
    "emails.import_check": ("template.imported", "template.draft_replaced"),
    "emails.import_file": "keeps a file until its import is confirmed, which is noted",
    "emails.languages_needed": READS,
    "emails.move": ("template.moved",),
    "emails.new": ("template.created",),
    "emails.new_piece": ("piece.created",),
    "emails.notice": ("template.topic", "template.service_notice"),
    "emails.preview": READS,
    "emails.preview_piece": READS,
    "emails.publish": ("template.published",),
    "emails.publish_piece": ("piece.published", "template.published"),
    "emails.remove_piece_image": ("piece.image_removed",),
    "emails.remove_template_file": ("template.file_removed",),
    "emails.rename": ("template.renamed",),
    "emails.restore": ("template.draft_restored",),
    "emails.restore_piece": ("piece.draft_restored",),
    "emails.tell_presence": "says only that an editor is open",
    "people.add_sender": ("sender.added",),
    "people.check_connection": ("connection.checked",),
    "people.choose_own_sender": ("workspace.own_mail",),
    "people.retire_sender": ("sender.retired",),
    "people.save_connection": ("connection.changed",),
    "people.save_public_url": ("workspace.public_url",),
    "people.save_timezone": ("person.timezone",),
    "people.sign_in": "changes nothing of the workspace",
    "people.sign_out": "changes nothing of the workspace",
    "people.switch_mode": ("workspace.live", "workspace.trial"),
    "recipients.add_person": ("recipient.added",),
    "recipients.cancel": UPLOAD,
    "recipients.change_kind": ("list.column_kind",),
    "recipients.change_many": ("list.set", "list.remove"),
    "recipients.choose": UPLOAD,
    "recipients.columns": ("list.column_added",),
    "recipients.delete": ("list.deleted",),
    "recipients.edit_person": ("recipient.changed",),
    "recipients.import_into": UPLOAD,
    "recipients.mend": UPLOAD,
    "recipients.new": UPLOAD,
    "recipients.remove_column": ("list.remove_column",),
    "recipients.remove_person": ("recipient.removed",),
    "recipients.rename": ("list.renamed",),
    "recipients.rename_column": ("list.rename_column",),
    "recipients.save": ("list.saved", "list.imported"),
    "recipients.stop": UPLOAD,
    "recipients.stop_change": "the change itself notes how far it came",
    "recipients.undo": ("list.change_undone",),
    "recipients.undo_import": ("list.import_undone", "list.deleted"),
    "recipients.use_suggestions": UPLOAD,
    "segments.change": ("segment.changed",),
    "segments.delete": ("segment.deleted",),
    "segments.new": ("segment.saved",),
    "sends.add_file": ("send.file_added",),
    "sends.add_part": ("send.people_chosen",),
    "sends.add_person_files": ("send.person_files_added",),
    "sends.cancel": ("send.cancelled",),
    "sends.change_file_column": ("send.file_column",),
    "sends.change_test_group": ("test_group.saved",),
    "sends.check_headers": READS,
    "sends.decide": ("send.doubt_leave", "send.doubt_mark_sent", "send.doubt_send_again"),
    "sends.delete": ("send.deleted",),
    "sends.erase_person": ("person.erased",),
    "sends.follow_added": ("send.followed_up",),
    "sends.go_on": ("send.wave_continued",),
    "sends.new": ("send.started",),
    "sends.notice": ("send.topic", "send.service_notice"),
    "sends.pace": ("send.pace_changed",),
    "sends.pause": ("send.paused",),
    "sends.put_first": ("send.people_chosen",),
    "sends.release_send": ("send.released",),
    "sends.remove_file": ("send.file_removed",),
    "sends.remove_part": ("send.people_chosen",),
    "sends.remove_person_files": ("send.person_files_removed",),
    "sends.remove_test_group": ("test_group.removed",),
    "sends.resume": ("send.resumed",),
    "sends.retention_rule": ("workspace.retention",),
    "sends.retry": ("send.retried",),
    "sends.review": ("send.review_requested",),
    "sends.send_again": ("send.followed_up",),
    "sends.send_as_released": ("send.sent_as_released",),
    "sends.send_now": ("send.rescheduled",),
    "sends.sender": ("send.sender_chosen",),
    "sends.test": ("send.tested", "test_group.saved"),
    "sends.test_values": ("send.tested",),
    "sends.time": ("send.rescheduled",),
    "sends.undo": ("send.undone",),
    "sends.values": ("send.values_set",),
    "sends.what": ("send.what_chosen",),
    "sends.trail_rule": ("workspace.trail_retention",),
    "suppressions.add": ("suppression.added",),
    "suppressions.add_many": ("suppression.imported",),
    "suppressions.change_ours": ("suppression.changed",),
    "suppressions.change_theirs": ("suppression.changed_there",),
    "suppressions.mend": ("bad_address.mended",),
    "suppressions.open_again": ("bad_address.open",),
    "suppressions.put_aside": ("bad_address.aside",),
    "suppressions.remove_ours": ("suppression.removed",),
    "suppressions.remove_stopped": ("suppression.kind_resumed",),
    "suppressions.remove_theirs": ("suppression.removed_there",),
    "suppressions.resolve_conflict": ("suppression.conflict", "suppression.removed"),
    "suppressions.save_rules": ("suppression.rules",),
    "suppressions.sync_now": ("suppression.sync",),
    "suppressions.take_out": ("bad_address.taken_out",),
    "suppressions.undo": ("suppression.import_undone",),
    "suppressions.write_to_mended": ("send.written_again",),
    "topics.by_hand": ("suppression.opted_out_by_hand",),
    "topics.new_topic": ("topic.added",),
    "topics.retire_topic": ("topic.retired", "topic.brought_back"),
    "topics.save_look": ("workspace.unsubscribe_look",),
    "topics.save_mailbox": ("workspace.unsubscribe_mailbox",),
    "topics.topic": ("topic.changed",),
    "topics.undo_by_hand": ("suppression.by_hand_undone",),
    "unsubscribe.answer": ("recipient.unsubscribed",),
    "emails.publish_approved": ("template.approved", "template.published", "piece.approved", "piece.published"),
    "emails.send_back_draft": ("template.sent_back", "piece.sent_back"),
    "emails.take_back_draft": ("template.taken_back", "piece.taken_back"),
    "factors.add_passkey": ("person.passkey_added",),
    "factors.ask_for_first_passkey": OWN,
    "factors.ask_for_new_passkey": OWN,
    "factors.ask_for_passkey": OWN,
    "factors.forget_provider": ("person.provider_forgotten",),
    "factors.new_recovery_codes": ("person.recovery_codes",),
    "factors.part_from_provider": ("person.provider_parted",),
    "factors.provider_answer": ("person.provider_joined", "person.signed_in", "invitation.accepted"),
    "factors.remove_passkey": ("person.passkey_removed",),
    "factors.reset_second_factor": ("person.second_step_reset",),
    "factors.second_step": ("person.signed_in", "person.wrong_codes"),
    "factors.set_up_app": ("person.second_step_on",),
    "factors.set_up_app_now": ("person.second_step_on", "person.signed_in"),
    "factors.set_up_now": ("person.passkey_added", "person.signed_in"),
    "factors.sign_in_rule": ("workspace.second_step",),
    "factors.sign_in_with_passkey": ("person.signed_in",),
    "factors.turn_app_off": ("person.second_step_off",),
    "people.accept_as_known": ("invitation.accepted", "person.signed_in"),
    "people.accept_invitation": ("invitation.accepted", "person.added", "person.signed_in"),
    "people.accept_signed_in": ("invitation.accepted",),
    "people.add_workspace": ("workspace.added",),
    "people.bring_back": ("person.brought_back",),
    "people.change_password": ("person.password_changed",),
    "people.change_role": ("person.role",),
    "people.end_sign_in": ("person.signed_out",),
    "people.forgot_password": "a worker writes the link; whoever uses it is noted",
    "people.invite": ("invitation.made",),
    "people.make_reset_link": ("person.reset_link",),
    "people.new_password": ("person.password_changed",),
    "people.rename_workspace": ("workspace.renamed",),
    "people.renew_invitation": ("invitation.renewed",),
    "people.switch_workspace": "going to another workspace changes nothing in either",
    "people.take_out": ("person.taken_out",),
    "people.withdraw_invitation": ("invitation.withdrawn",),
    "sends.after_restore": ("send.sent_after_restore", "send.left_after_restore"),
    "sends.approval_rule": ("workspace.approval_rule",),
    "sends.approve": ("send.released",),
    "sends.ask_for_approval": ("send.approval_asked",),
    "sends.emergency": ("send.released",),
    "sends.send_back": ("send.sent_back",),
    "sends.take_back": ("send.taken_back",),
    "web.save_language": ("person.language",),
}
"""Endpoint to the actions that it notes, or to why it notes nothing."""


def changing(app: Flask) -> set[str]:
    """Every endpoint that takes a method which may change something, or that says that it writes."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if (rule.methods or set()) - SAFE_METHODS or hasattr(app.view_functions[rule.endpoint], "writes")
    }


def texts() -> set[str]:
    """Every text in the sources, those with a place left open (`send.doubt_…`) up to it."""
    found: set[str] = set()
    for file in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_address_that_changes_something_has_a_row(app: Flask) -> None:
    assert changing(app) == set(ACTS)


def test_what_a_row_names_is_noted_somewhere_and_has_a_kind_that_people_can_filter_by() -> None:
    known = texts()
    for endpoint, acts in ACTS.items():
        for act in acts if isinstance(acts, tuple) else ():
            begins = {act[:end] for end in range(len(act.partition(".")[0]) + 1, len(act) + 1)}
            assert begins & known, (endpoint, act)
            assert kind_of(act) is not None, (endpoint, act)


class Acting:
    """A person in the browser, and what their acts left in the trail."""

    def __init__(self, client: FlaskClient, database: Database) -> None:
        self.client, self.database = client, database

    def last(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)) or 0

    def does(self, url: str, data: dict[str, object], *acts: str, status: int = 302) -> list[AuditEntry]:
        """Post, and see that exactly these acts were noted, by this person, from the browser."""
        before = self.last()
        answer = self.client.post(url, data=data, content_type="multipart/form-data")
        assert answer.status_code == status, (url, answer.status_code, answer.text[-2000:])
        with self.database.reading() as session:
            told = session.scalars(select(AuditEntry).where(AuditEntry.id > before).order_by(AuditEntry.id)).all()
        assert [one.action for one in told] == list(acts), url
        assert all(one.via is Via.PAGES and one.address == "127.0.0.1" for one in told), url
        assert all(one.actor_id is not None and one.digest for one in told), url
        return list(told)


@pytest.fixture
def acting(client: FlaskClient, database: Database) -> Acting:
    return Acting(client, database)


def changes(entries: list[AuditEntry]) -> dict[str, list[str]]:
    return entries[-1].changes


def test_templates(acting: Acting, database: Database, actor: Person) -> None:
    with database.writing() as session:
        number = a_template_version(session, actor, name="Closure", text="", html="<p>Hi {{ name }}</p>").template_id
    url = f"/templates/{number}"
    assert changes(acting.does(f"{url}/name", {"name": "Closing"}, "template.renamed")) == {
        "Name": ["Closure", "Closing"]
    }
    assert changes(acting.does(f"{url}/folder", {"folder": "Old"}, "template.moved")) == {"Folder": ["none", "Old"]}
    acting.does(f"{url}/archive", {"archived": "yes"}, "template.archived")
    assert changes(acting.does(f"{url}/archive", {"archived": "no"}, "template.restored")) == {
        "Archived": ["yes", "no"]
    }
    acting.does(f"{url}/duplicate", {}, "template.created")
    acting.does(f"{url}/hiding", {"hiding": "all"}, "template.hiding")
    made = acting.does("/templates/layouts/new", {"name": "Letter"}, "piece.created")
    url = f"/templates/pieces/{made[0].subject_id}/images"
    acting.does(url, {"file": (BytesIO(a_png()), "logo.png")}, "piece.image_added")
    acting.does(f"{url}/{sha256(a_png()).hexdigest()}/remove", {}, "piece.image_removed")


def test_lists_and_segments(acting: Acting, database: Database, actor: Person) -> None:
    with database.writing() as session:
        list_id = a_list(session, actor, people=some_people(3), name="Members").id
    url = f"/lists/{list_id}"
    renamed = acting.does(f"{url}/rename", {"name": "Friends"}, "list.renamed")
    assert changes(renamed) == {"Name": ["Members", "Friends"]}
    added = acting.does(f"{url}/people/new", {"email": "new@example.com", "name": "N"}, "recipient.added")
    assert "new@example.com" not in str(added[0].details) + added[0].words
    kind = acting.does(f"{url}/columns/city/kind", {"kind": "number"}, "list.column_kind")
    assert list(changes(kind)) == ["What “city” holds"]
    acting.does(f"{url}/delete", {}, "list.deleted")


def test_settings(acting: Acting, database: Database, actor: Person) -> None:
    with database.writing() as session:
        sender_id = a_sender(session, actor).id
    given = {"account_id": "abc", "token": "SECRET", "base_url": "https://example.com", "calls_per_5_minutes": "1000"}
    told = acting.does("/settings/connection", dict(given), "connection.changed")
    assert changes(told)["API token"] == ["the old one", "a new one"]
    assert "SECRET" not in str(told[0].details) + told[0].words
    assert changes(acting.does("/settings/mode", {"live": "no"}, "workspace.trial")) == {
        "E-mail goes to": ["everybody", "the team only"]
    }
    address = acting.does(
        "/settings/public-address", {"public_url": "https://mail.example.com"}, "workspace.public_url"
    )
    assert changes(address) == {"Address for recipients": ["none", "https://mail.example.com"]}
    kept = acting.does("/sends/retention", {"keep": "days", "days": "30"}, "workspace.retention")
    assert changes(kept) == {"Days that data are kept": ["for ever", "30"]}
    trail = acting.does("/sends/retention/trail", {"keep_trail": "years", "years": "3"}, "workspace.trail_retention")
    assert changes(trail) == {"Years that the trail keeps its words": ["for ever", "3"]}
    acting.does(f"/settings/senders/{sender_id}/retire", {}, "sender.retired")
    zone = acting.does("/you/timezone", {"timezone": "Europe/London"}, "person.timezone")
    assert changes(zone) == {"Time zone": ["that of the browser", "Europe/London"]}
    rules = acting.does(
        "/suppressions/rules", {"adds_bounces": "y", "syncs": "y"}, "suppression.rules", "suppression.sync"
    )
    assert changes(rules[:1]) == {"Complaints are added": ["yes", "no"]}


def test_suppressions(acting: Acting) -> None:
    told = acting.does("/suppressions/add", {"email": "gone@example.com"}, "suppression.added")
    assert "gone@" not in told[0].words + str(told[0].details)
    acting.does(f"/suppressions/ours/{told[0].subject_id}/change", {"note": "by letter"}, "suppression.changed")
    acting.does(f"/suppressions/ours/{told[0].subject_id}/remove", {}, "suppression.removed")


def test_a_kind_of_notice_that_somebody_gets_again(acting: Acting, database: Database, actor: Person) -> None:
    with database.writing() as session:
        topic = add_topic(session, actor, {"en": ("Opening hours", "")})
        stop_topic(session, topic, "gone@example.com")
        opt_out_id = session.scalars(select(TopicOptOut.id)).one()
    told = acting.does(f"/suppressions/stopped/{opt_out_id}/remove", {}, "suppression.kind_resumed")
    assert told[0].words == "One suppression taken away: unsubscribed from “Opening hours”"
    assert "gone@" not in told[0].words + str(told[0].details)


def test_a_send_from_its_draft_to_its_end(
    acting: Acting, database: Database, actor: Person, renderer: LimitedRenderer
) -> None:
    with database.writing() as session:
        version, people = a_template_version(session, actor), a_list(session, actor, people=some_people(3))
        send_id = a_draft_send(session, actor, version=version, people=people).id
        session.add(SenderIdentity(workspace_id=actor.workspace_id, address="new@example.com", name=""))
        session.flush()
        sender_id = session.scalars(select(SenderIdentity.id)).one()
    url = f"/sends/{send_id}"
    chosen = acting.does(f"{url}/sender", {"sender": str(sender_id)}, "send.sender_chosen")
    assert changes(chosen) == {"Sender": ["Office <office@example.com>", "new@example.com"]}
    acting.does(f"{url}/files", {"file": (BytesIO(b"words"), "words.txt")}, "send.file_added")
    acting.does(f"{url}/review", {}, "send.review_requested")
    run_review(database, renderer, send_id)
    with database.reading() as session:
        seen = session.get_one(Send, send_id).review_fingerprint
    far = {
        "seen": seen,
        "when": "later",
        "date": f"{now().date() + timedelta(days=30)}",
        "time": "09:00",
        "zone": "UTC",
    }
    released = acting.does(f"{url}/release", dict(far), "send.released", "person.timezone")
    told = released[0].changes
    assert told["State"] == ["Draft", "Released"] and told["Sender"] == ["none", "new@example.com"]
    assert "@example.com" not in " ".join(told["Goes to"])
    assert changes(acting.does(f"{url}/pause", {}, "send.paused")) == {"State": ["Released", "Paused"]}
    assert changes(acting.does(f"{url}/resume", {}, "send.resumed")) == {"State": ["Paused", "Released"]}
    assert changes(acting.does(f"{url}/cancel", {}, "send.cancelled"))["State"] == ["Released", "Cancelled"]
