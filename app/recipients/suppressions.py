"""Addresses that a workspace must not write to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.recipients.models import Suppression, SuppressionReason


def find_suppression(session: Session, workspace_id: int, email: str) -> Suppression | None:
    """Give why an address must not be written to; None when it may."""
    return session.scalar(
        select(Suppression).where(Suppression.workspace_id == workspace_id, Suppression.email_key == email.lower())
    )


def suppress(
    session: Session, workspace_id: int, email: str, reason: SuppressionReason, *, message_id: int | None = None
) -> bool:
    """Write to an address no longer. False when that is so already; what stands there stays."""
    if find_suppression(session, workspace_id, email) is not None:
        return False
    row = Suppression(
        workspace_id=workspace_id, email=email, email_key=email.lower(), reason=reason, message_id=message_id
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else did it in the same moment
        return False
    return True


def lift_opt_out(session: Session, workspace_id: int, email: str) -> bool:
    """Write to a person again who unsubscribed and thought better of it. False when they had not unsubscribed."""
    found = find_suppression(session, workspace_id, email)
    if found is None or found.reason is not SuppressionReason.OPT_OUT:
        return False
    session.delete(found)
    session.flush()
    return True


def opted_out(session: Session, workspace_id: int, emails: Collection[str]) -> dict[str, datetime]:
    """Give those of the addresses, in lower case, whose people unsubscribed, and when. One query."""
    rows: Sequence[tuple[str, datetime]] = session.execute(
        select(Suppression.email_key, Suppression.created_at).where(
            Suppression.workspace_id == workspace_id,
            Suppression.reason == SuppressionReason.OPT_OUT,
            Suppression.email_key.in_({email.lower() for email in emails}),
        )
    ).all()
    return dict(rows)


def opted_out_words(email: str, at: datetime) -> str:
    """Say that somebody unsubscribed, and on which day (UTC)."""
    return f"{email} unsubscribed on {at:%-d %B %Y}."
