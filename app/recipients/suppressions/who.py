"""Who must not be written to and why: one rule over our own suppressions and Cloudflare's, used wherever it matters.

Ours count for every send of the workspace. Cloudflare's count by their scope: for the whole account, or for one sending
domain. What has ended counts no more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import among, now
from app.recipients.models import Suppression, SuppressionReason
from app.recipients.suppressions.mirror import look_anew
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.suppressions.words import their_reason_words
from app.words import _, joined

THERE = "suppressed_there"
"""Code of an address on Cloudflare's list."""
CODES: dict[SuppressionReason, str] = {
    SuppressionReason.OPT_OUT: "opted_out",
    SuppressionReason.COMPLAINT: "complained",
    SuppressionReason.BOUNCE: "bounced_before",
    SuppressionReason.BY_HAND: "held_back_by_hand",
    SuppressionReason.IMPORTED: "held_back_by_import",
}
"""Why a message is left out: its `reason`, with words in `sends/words.py`. Of several the first counts."""
_ORDER = {reason: number for number, reason in enumerate(CODES)}
_SAYS = {
    SuppressionReason.OPT_OUT: _("%(email)s unsubscribed on %(day)s."),
    SuppressionReason.COMPLAINT: _("%(email)s marked an e-mail as spam on %(day)s."),
    SuppressionReason.BOUNCE: _("%(email)s permanently bounced on %(day)s."),
    SuppressionReason.BY_HAND: _("%(email)s was added by hand on %(day)s as an address that is not written to."),
    SuppressionReason.IMPORTED: _("%(email)s was imported on %(day)s as an address that is not written to."),
}
_SAYS_UNTIL = {
    SuppressionReason.OPT_OUT: _("%(email)s unsubscribed on %(day)s, until %(end)s."),
    SuppressionReason.COMPLAINT: _("%(email)s marked an e-mail as spam on %(day)s, until %(end)s."),
    SuppressionReason.BOUNCE: _("%(email)s permanently bounced on %(day)s, until %(end)s."),
    SuppressionReason.BY_HAND: _(
        "%(email)s was added by hand on %(day)s as an address that is not written to until %(end)s."
    ),
    SuppressionReason.IMPORTED: _(
        "%(email)s was imported on %(day)s as an address that is not written to until %(end)s."
    ),
}
NOTE_SHOWN = 200
"""Characters of a note that a reason shows."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one address must not be written to."""

    code: str
    """Of `CODES`, or `THERE`; a message that is left out carries it."""
    words: str
    """A whole sentence with the address in it."""


def not_to_write(
    session: Session,
    workspace_id: int,
    emails: Collection[str],
    *,
    sender_domain: str,
    at: datetime | None = None,
    ignored: Collection[SuppressionReason] = (),
) -> dict[str, Reason]:
    """Give those of the addresses, in lower case, that must not be written to, and why. Two queries.

    `sender_domain` is the domain of the From address; without one only what counts everywhere is found. `at`: whoever
    may be written to again by then is left out of the answer; None means now. `ignored`: reasons of ours that this
    send does not heed.
    """
    keys = {email.lower(): email for email in emails}
    if not keys:
        return {}
    at = at or now()
    found: dict[str, Reason] = {}
    theirs = session.execute(
        select(TheirSuppression.email_key, TheirSuppression.reason, TheirSuppression.expires_at)
        .where(*_theirs(workspace_id, sender_domain, at), among(TheirSuppression.email_key.expression, keys))
        .order_by(TheirSuppression.id)
    ).all()
    for key, why, ends in theirs:
        found[key] = Reason(THERE, _their_words(keys[key], why, ends))
    ours = session.execute(
        select(
            Suppression.email_key, Suppression.reason, Suppression.created_at, Suppression.until, Suppression.note
        ).where(*_ours(workspace_id, at, ignored), among(Suppression.email_key.expression, keys))
    ).all()
    for key, reason, since, until, note in sorted(ours, key=lambda row: _ORDER[row.reason], reverse=True):
        found[key] = Reason(CODES[reason], _words(keys[key], reason, since, until, note))
    return found


def is_not_to_write(
    email_key: InstrumentedAttribute[str],
    workspace_id: int,
    sender_domain: str,
    at: datetime | None = None,
    ignored: Collection[SuppressionReason] = (),
) -> ColumnElement[bool]:
    """Give the same rule as a condition on a column of addresses in lower case."""
    at = at or now()
    ours = select(Suppression.email_key).where(*_ours(workspace_id, at, ignored))
    theirs = select(TheirSuppression.email_key).where(*_theirs(workspace_id, sender_domain, at))
    # One subquery, not two with OR: so the database may go from the few addresses to the rows that have them.
    return email_key.in_(union_all(ours, theirs))


def is_anybody_suppressed(session: Session, workspace_id: int) -> bool:
    """Whether there is any suppression at all, ours or Cloudflare's."""
    ours = select(Suppression.id).where(Suppression.workspace_id == workspace_id)
    theirs = select(TheirSuppression.id).where(TheirSuppression.workspace_id == workspace_id)
    return bool(session.scalar(select(or_(ours.exists(), theirs.exists()))))


def domain_of(address: str) -> str:
    """Give the domain of a From address, in lower case; empty for none."""
    return address.rpartition("@")[2].lower()


def find_suppression(
    session: Session,
    workspace_id: int,
    email: str,
    reason: SuppressionReason = SuppressionReason.OPT_OUT,
    *,
    lock: bool = False,
) -> Suppression | None:
    """Give the suppression of an address for one reason; without a reason, whether its person unsubscribed.

    `lock` holds it against other writers.
    """
    query = select(Suppression).where(
        Suppression.workspace_id == workspace_id,
        Suppression.email_key == email.lower().replace("\0", ""),
        Suppression.reason == reason,
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def suppress(
    session: Session,
    workspace_id: int,
    email: str,
    reason: SuppressionReason,
    *,
    message_id: int | None = None,
    added_by: int | None = None,
    batch: str | None = None,
) -> bool:
    """Write to an address no longer. False when that is so already for this reason; what stands there stays.

    It then belongs to no batch any more: whoever takes a batch back does not mean the other who said it again.
    """
    there = find_suppression(session, workspace_id, email, reason, lock=True)
    if there is not None:
        there.batch = None
        return False
    row = Suppression(
        workspace_id=workspace_id,
        email=email,
        email_key=email.lower(),
        reason=reason,
        message_id=message_id,
        added_by=added_by,
        batch=batch,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else did it in the same moment
        return False
    return True


def lift_opt_out(session: Session, workspace_id: int, email: str) -> bool:
    """Write to a person again who unsubscribed and thought better of it. False when they had not unsubscribed."""
    found = find_suppression(session, workspace_id, email, lock=True)
    if found is None:
        return False
    if found.handed_at is not None:
        look_anew(session, workspace_id, [found.email_key])
    session.delete(found)
    session.flush()
    return True


def lift_batch(session: Session, workspace_id: int, reason: SuppressionReason, batch: str) -> int:
    """Take away what was added together for a reason; gives how many there were."""
    of_batch = (
        Suppression.workspace_id == workspace_id,
        Suppression.reason == reason,
        Suppression.batch == batch,
    )
    handed = select(Suppression.email_key).where(*of_batch, Suppression.handed_at.is_not(None))
    look_anew(session, workspace_id, handed)
    gone: int = session.execute(
        delete(Suppression).where(*of_batch).execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    return gone


def _ours(workspace_id: int, at: datetime, ignored: Collection[SuppressionReason]) -> list[ColumnElement[bool]]:
    heeded = [Suppression.reason.not_in(ignored)] if ignored else []
    return [
        Suppression.workspace_id == workspace_id,
        or_(Suppression.until.is_(None), Suppression.until > at),
        *heeded,
    ]


def _theirs(workspace_id: int, sender_domain: str, at: datetime) -> tuple[ColumnElement[bool], ...]:
    of_domain = (TheirSuppression.scope_type == "sending_domain") & (
        func.lower(TheirSuppression.scope_value).in_(_covering(sender_domain.lower()))
    )
    return (
        TheirSuppression.workspace_id == workspace_id,
        or_(TheirSuppression.scope_type == "account", of_domain),
        or_(TheirSuppression.expires_at.is_(None), TheirSuppression.expires_at > at),
    )


def _covering(domain: str) -> list[str]:
    """Give the names of sending domains that cover a domain: itself, and wildcards above it (API.md, section 2)."""
    parts = domain.split(".")
    return [domain, *(f"*.{'.'.join(parts[number:])}" for number in range(1, len(parts)))]


def _words(email: str, reason: SuppressionReason, since: datetime, until: datetime | None, note: str) -> str:
    if until:
        words = _(_SAYS_UNTIL[reason], email=email, day=_day(since), end=_day(until))
    else:
        words = _(_SAYS[reason], email=email, day=_day(since))
    if note and reason is not SuppressionReason.OPT_OUT:
        return joined([words, _shown(note)])
    return words


def _their_words(email: str, reason: str, expires_at: datetime | None) -> str:
    why = their_reason_words(reason, inside=True)
    if expires_at:
        return _(
            "%(email)s is on Cloudflare's list of addresses that are not written to until %(day)s: %(why)s.",
            email=email,
            day=_day(expires_at),
            why=why,
        )
    return _("%(email)s is on Cloudflare's list of addresses that are not written to: %(why)s.", email=email, why=why)


def _shown(note: str) -> str:
    return note if len(note) <= NOTE_SHOWN else f"{note[: NOTE_SHOWN - 1]}…"


def _day(at: datetime) -> date:
    return at.date()
