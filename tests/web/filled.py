"""A workspace with something on every page of `tests/pages.py`, whose data are marked so that they can be told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.cloudflare.headers import HEADER_RULES
from app.db import Database, now
from app.emails.bundle import BundledPiece
from app.emails.limits import LimitedRenderer
from app.emails.models import PieceKind
from app.emails.piece_making import make_piece
from app.people.approval_models import ApprovalScope
from app.people.connection import save_connection
from app.people.models import Person
from app.people.zones import zone_label, zone_names
from app.recipients.checking import NewRecipient
from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.finding.segments import make_segment
from app.recipients.models import Conflict, Suppression, SuppressionReason
from app.recipients.suppressions.mirror import state_of
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.unsubscribing.topics import add_topic
from app.sends import approving
from app.sends.approval_rule import change_rule
from app.sends.bad_address_models import BadAddressKind
from app.sends.bad_addresses import Found, note_bad
from app.sends.models import Outcome
from app.sends.release import Options, release
from app.sends.testers import save_group
from app.settings import Settings
from app.words import _
from tests.factories import a_draft_send, a_list, a_sender, a_template_version, released, reviewed
from tests.sends.outcomes import settle

DATA = frozenset({"branch", "Ada Admin", "Harbour Council", "Ada", "English", "Deutsch", "xx", "text/plain"})
DATA |= {"<title>", "<head>", '<html lang="en">'}
DATA |= {"Pasted e-mail", "Office", "timeout", "{{ email }}", *HEADER_RULES}
DATA |= {"Werkzeug", *map(zone_label, zone_names())}
"""Data that cannot carry a mark, or that the fixtures of all tests made."""


def fill(database: Database, renderer: LimitedRenderer, actor: Person, settings: Settings) -> dict[str, int]:
    """Make templates, lists, sends in every state and suppressions; gives the numbers that addresses of pages need."""
    with database.writing() as session:
        actor = session.get_one(Person, actor.id)
        actor.account.runs_installation = True  # opens the page of workspaces
        save_connection(
            session,
            actor,
            settings,
            account_id="¤account¤",
            token="token",
            base_url="http://127.0.0.1:9/client/v4",
            calls_per_5_minutes=1200,
        )
        version = a_template_version(
            session,
            actor,
            name="¤Closure¤",
            subject="¤Closed¤ {{ name }}",
            html="<p>¤Dear¤ {{ name }}, ¤of¤ {{ branch }}.</p>",
            text="¤Dear¤ {{ name }}, ¤of¤ {{ branch }}.",
            headers=(("Auto-Submitted", "auto-generated"),),
        )
        for kind in PieceKind:
            make_piece(session, actor, BundledPiece(kind, f"¤{kind}¤", body="{{ content }}"), publish=True)
        people = a_list(session, actor, people=_people(), name="¤Readers¤", columns=["branch"])
        wanted = Filter((Condition("branch", Operator.IS, "¤Quayside¤"),))
        make_segment(session, actor, people.id, name="¤Quay¤", wanted=wanted)
        add_topic(session, actor, {"en": ("¤Appointments¤", "¤When you come¤")})
        save_group(session, actor, "¤Colleagues¤", "colleague@example.net")
        a_sender(session, actor).name = "¤Office¤"
        sends = [a_draft_send(session, actor, version=version, people=people).id for _number in range(5)]
        _suppressions(session, actor)
    first, scheduled, draft, running, waiting = sends
    _finished(database, renderer, actor, first)
    seen = reviewed(database, renderer, actor, scheduled).review_fingerprint
    options = Options(start_at=now() + timedelta(days=30))
    with database.writing() as session:
        release(session, actor, scheduled, seen=seen, again_confirmed=True, undo_seconds=60.0, options=options)
    reviewed(database, renderer, actor, draft)
    released(database, renderer, actor, running)
    with database.writing() as session:
        bad = Found("bad@example.net", BadAddressKind.BOUNCED, first, 1, "¤Bad¤", "¤no such user¤")
        note_bad(session, actor.workspace_id, [bad])
    awaiting = _awaiting(database, renderer, actor, waiting)
    return {"draft": draft, "scheduled": scheduled, "awaiting": waiting, "request": awaiting}


def _people() -> list[NewRecipient]:
    addresses = ["imani.khan1@example.net", *(f"reader{number}@example.net" for number in range(2, 12))]
    return [
        NewRecipient(email, f"¤Reader {number}¤", {"branch": f"¤Quayside {number}¤"})
        for number, email in enumerate(addresses)
    ]


def _awaiting(database: Database, renderer: LimitedRenderer, actor: Person, send_id: int) -> int:
    """Put a send up for approval, which every send needs from then on; gives the request's number."""
    seen = reviewed(database, renderer, actor, send_id).review_fingerprint
    with database.writing() as session:
        change_rule(session, actor, scope=ApprovalScope.ALWAYS, above=None, of_templates=False, remind_hours=24)
        asked = approving.ask(session, actor, send_id, seen=seen, again_confirmed=True, note_text="¤Please look¤")
        session.flush()
        return asked.id


def _finished(database: Database, renderer: LimitedRenderer, actor: Person, send_id: int) -> None:
    released(database, renderer, actor, send_id)
    ends = [
        *(Outcome.BOUNCED, Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.REJECTED, Outcome.FAILED, Outcome.QUEUED),
        *(Outcome.ACCEPTED, Outcome.CANCELLED, Outcome.SKIPPED, Outcome.UNKNOWN, Outcome.DELIVERED),
    ]
    for person, outcome in zip(_people(), ends, strict=True):
        settle(database, send_id, [person.email], outcome)


def _suppressions(session: Session, actor: Person) -> None:
    workspace = {"workspace_id": actor.workspace_id}
    emails = [*(f"{reason}@example.net" for reason in SuppressionReason), "bounce-noah@example.net"]
    ours = [*SuppressionReason, SuppressionReason.BOUNCE]
    conflicts: list[Any] = [*Conflict, *([Conflict.NONE] * len(emails))]
    for email, reason, conflict in zip(emails, ours, conflicts, strict=False):
        row = Suppression(**workspace, email=email, email_key=email, reason=reason, note="¤note¤", conflict=conflict)
        row.until = now() + timedelta(days=9) if reason is SuppressionReason.BY_HAND else None
        session.add(row)
    for number, reason in enumerate(("manual", "complaint", "hard_bounce", "soft_bounce", "policy")):
        session.add(
            TheirSuppression(
                **workspace,
                vendor_id=str(number),
                email="bounce-noah@example.net",
                email_key="bounce-noah@example.net",
                reason=reason,
                scope_type="account" if number else "sending_domain",
                scope_value="" if number else "¤example.net¤",
                read_only=reason == "policy",
                expires_at=now() + timedelta(days=9) if number else None,
            )
        )
    state = state_of(session, actor.workspace_id)
    state.words = _("Postroom tries again by itself.")
