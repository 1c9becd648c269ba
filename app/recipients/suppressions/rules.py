"""What a workspace does by itself: add bounces and complaints, read Cloudflare's list, hand ours over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import MAX_SUPPRESSION_NOTE
from app.db import now, table_of
from app.recipients.models import Conflict, Handing, Suppression, SuppressionReason
from app.recipients.suppressions.models import SuppressionRules
from app.recipients.suppressions.words import OUR_REASONS, OUR_REASONS_INSIDE
from app.words import _, with_commas


@dataclass(frozen=True, slots=True)
class ByRule:
    """An address that a rule adds, with the server's words when they are known."""

    email: str
    reason: SuppressionReason
    note: str = ""
    message_id: int | None = None


def rules_of(session: Session, workspace_id: int) -> SuppressionRules:
    """Give the workspace's rules; those of a new workspace, not part of the session, when nobody changed them."""
    found = session.get(SuppressionRules, workspace_id)
    return found or SuppressionRules(
        workspace_id=workspace_id, adds_bounces=True, adds_complaints=True, syncs=True, hands_over=[]
    )


def change_rules(
    session: Session,
    actor: Actor,
    *,
    adds_bounces: bool,
    adds_complaints: bool,
    syncs: bool,
    hands_over: Sequence[SuppressionReason],
) -> SuppressionRules:
    """Change the workspace's rules."""
    rules = session.merge(rules_of(session, actor.workspace_id))
    before = _told(rules)
    rules.adds_bounces, rules.adds_complaints, rules.syncs = adds_bounces, adds_complaints, syncs
    rules.hands_over = [str(reason) for reason in SuppressionReason if reason in hands_over]
    words = _(
        "Rules of suppressions changed: permanent bounces %(bounces)s, complaints %(complaints)s, Cloudflare's list "
        "%(read)s, handed over: %(handed)s",
        bounces=_added(adds_bounces),
        complaints=_added(adds_complaints),
        read=_("read") if syncs else _("not read"),
        handed=with_commas(OUR_REASONS_INSIDE[SuppressionReason(one)] for one in rules.hands_over) or _("nothing"),
    )
    after = _told(rules)
    note(session, actor, "suppression.rules", words, changes={what: (before[what], after[what]) for what in before})
    session.flush()
    return rules


def _told(rules: SuppressionRules) -> dict[str, object]:
    return {
        "Permanent bounces are added": rules.adds_bounces,
        "Complaints are added": rules.adds_complaints,
        "Cloudflare's list is read": rules.syncs,
        "Handed over to Cloudflare": [OUR_REASONS[SuppressionReason(one)] for one in rules.hands_over],
    }


def add_by_rule(session: Session, workspace_id: int, found: Sequence[ByRule]) -> None:
    """Add permanent bounces and complaints as far as the workspace's rules say so, in one call; twice is once.

    What stands there already stays, and gets the server's words when it had none; an end that somebody set goes.
    """
    if not found:
        return
    rules = rules_of(session, workspace_id)
    wanted = {SuppressionReason.BOUNCE: rules.adds_bounces, SuppressionReason.COMPLAINT: rules.adds_complaints}
    at = now()
    rows = {
        (one.email.lower(), str(one.reason)): {
            "workspace_id": workspace_id,
            "email": one.email,
            "email_key": one.email.lower(),
            "reason": one.reason,
            "note": one.note.replace("\0", "")[:MAX_SUPPRESSION_NOTE],
            "message_id": one.message_id,
            "handing": Handing.BY_RULE,
            "conflict": Conflict.NONE,
            "created_at": at,
        }
        for one in sorted(found, key=lambda one: bool(one.note))
        if wanted[one.reason] and len(one.email) <= 254
    }
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = table_of(Suppression)
    new = insert(table)
    statement = new.on_conflict_do_update(
        index_elements=["workspace_id", "email_key", "reason"],
        set_={
            "note": case((table.c.note == "", new.excluded.note), else_=table.c.note),
            "message_id": new.excluded.message_id,
            "until": None,
            # Cloudflare is told that it does not end any more.
            "handed_at": case((table.c.until.is_(None), table.c.handed_at), else_=None),
            "created_at": case((table.c.until.is_not(None), new.excluded.created_at), else_=table.c.created_at),
        },
    )
    # In one order everywhere, so that two workers never wait for each other in a ring.
    session.connection().execute(statement, [rows[key] for key in sorted(rows)])


def _added(yes: bool) -> str:
    return _("added") if yes else _("not added")
