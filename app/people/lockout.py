"""Waiting after tries in vain, for each account and each network address, counted in the database for all processes.

A try is counted before the password is looked at, so that a hundred at once are no more than the few that are free.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.db import now
from app.people.models import Account, Person
from app.people.sign_in_models import Tries
from app.words import _, _n

LONGEST_MINUTES = 15
KEPT = timedelta(days=2)
"""How long a row without a new try is kept."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries are free, and after which silence they are forgotten."""

    free: int
    forgotten_after: timedelta


OF_ACCOUNT = Limit(free=5, forgotten_after=timedelta(days=1))
OF_ADDRESS = Limit(free=30, forgotten_after=timedelta(hours=1))
"""An office may reach us from one address."""
RESETS_OF_ADDRESS = Limit(free=10, forgotten_after=timedelta(hours=1))


def take_try(session: Session, email: str, address: str) -> datetime | None:
    """Count a try to sign in; gives the time until which there is none to take. Commit before anything else."""
    return _take(session, {_of_account(email): OF_ACCOUNT, _of_address(address): OF_ADDRESS})


def take_reset(session: Session, address: str) -> datetime | None:
    """Count somebody asking for a new password; gives the time until which they may not."""
    return _take(session, {_key("reset", _network(address)): RESETS_OF_ADDRESS})


def give_back(session: Session, email: str, address: str) -> None:
    """Forget the account's tries after a right password; of the address only this one was none in vain."""
    forget_account(session, email)
    row = session.get(Tries, _of_address(address), with_for_update=True)
    if row is not None:
        row.count, row.waits_until = max(0, row.count - 1), None


def forget_account(session: Session, email: str) -> None:
    """Let an account begin anew."""
    session.execute(delete(Tries).where(Tries.key == _of_account(email)))


def waiting_words(until: datetime) -> str:
    """Say how long to wait, and what else to do."""
    minutes = max(1, -(-int((until - now()).total_seconds()) // 60))
    return _n(
        "Too many wrong passwords. Wait a minute and try again, or choose “Forgot your password?” below.",
        "Too many wrong passwords. Wait %(count)s minutes and try again, or choose “Forgot your password?” below.",
        minutes,
    )


def note_waiting(session: Session) -> None:
    """Tell the trail of accounts that must wait. Apart from the sign-in, which takes the same steps for everybody."""
    rows = {
        row.key: row for row in session.scalars(select(Tries).where(Tries.waits_until.isnot(None), ~Tries.is_noted))
    }
    if not rows:
        return
    for row in rows.values():
        row.is_noted = True
    query = select(Person).join(Account).where(Person.left_at.is_(None)).order_by(Person.id)
    for person in session.scalars(query):
        waiting = rows.get(_of_account(person.email))
        if waiting is not None:
            words = _(
                "%(tries)s wrong passwords for %(name)s: whoever tries again must wait",
                tries=waiting.count,
                name=person.name,
            )
            note_program(session, person.workspace_id, "person.must_wait", words, subject_id=person.id)


def clear_old(session: Session) -> None:
    """Forget what was counted long ago."""
    session.execute(delete(Tries).where(Tries.last_at < now() - KEPT))


def _take(session: Session, limits: dict[str, Limit]) -> datetime | None:
    at = now()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [{"key": key, "count": 0, "last_at": at, "is_noted": False} for key in sorted(limits)]
    session.execute(dialect.insert(Tries).values(rows).on_conflict_do_nothing())
    query = select(Tries).where(Tries.key.in_(limits)).order_by(Tries.key).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).all()
    until = max((row.waits_until for row in found if row.waits_until and row.waits_until > at), default=None)
    if until is not None:
        return until
    for row in found:
        limit = limits[row.key]
        if row.last_at < at - limit.forgotten_after:
            row.count = 0
        row.count, row.last_at = row.count + 1, at
        over = row.count - limit.free
        row.waits_until = at + timedelta(minutes=min(2**over, LONGEST_MINUTES)) if over >= 0 else None
    session.flush()
    return None


def _of_account(email: str) -> str:
    return _key("account", email.strip().lower())


def _of_address(address: str) -> str:
    return _key("address", _network(address))


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode(errors="replace")).hexdigest()


def _network(address: str) -> str:
    """Give whom an address stands for: of IPv6, everybody has a whole network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{parsed}/64", strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)
