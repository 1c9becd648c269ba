"""The names of everybody who ever acted in a workspace."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.people.models import Account, Person


def names_in(session: Session, workspace_id: int) -> dict[int, str]:
    """Give the names of a workspace's people by their numbers, in the order of the names."""
    rows = session.execute(
        select(Person.id, Account.name)
        .join(Account, Account.id == Person.account_id)
        .where(Person.workspace_id == workspace_id)
        .order_by(func.lower(Account.name), Person.id)
    )
    return {row.id: row.name for row in rows}
