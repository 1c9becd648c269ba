"""The right to sync suppressions, and the sync's own pace: one worker at a time, by a lease in the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.contract import SUPPRESSION_BULKS_A_MINUTE
from app.cloudflare.results import Failure
from app.db import Database, now
from app.delivery.quota import take_one
from app.people.connection import ConnectionParameters
from app.recipients.suppression_models import SuppressionLease
from app.recipients.suppression_rules import rules_of

LEASE_SECONDS = 120.0
"""Longer than one call with its pause may take."""
CALL_SPACING = 2.0
BULK_SPACING = 60.0 / SUPPRESSION_BULKS_A_MINUTE + 0.5
"""Seconds between two calls, and after a bulk import: an eighth of the account's calls at most."""
BUDGET_SECONDS = 30.0
"""How long a call waits for the account's budget; then the pass goes on at the next look."""
_ONE = 1


class LeaseLost(Exception):
    """Another worker syncs now."""


class NotNow(Exception):
    """The worker stops, the budget is used up, or a person switched the sync off: it goes on later from where it is."""


class CallFailed(Exception):
    """The service answered with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Turn:
    """One workspace's turn with the lease in hand."""

    workspace_id: int
    parameters: ConnectionParameters
    client: Client
    generation: int


class SyncLease:
    """The lease as one worker sees it."""

    def __init__(self, database: Database, owner: str, stop: threading.Event, scale: float) -> None:
        self.database = database
        self._owner = owner
        self._stop = stop
        self._scale = scale

    def take(self) -> int | None:
        """Give the generation of a lease taken now; None when another worker has it."""
        at = now()
        with self.database.writing() as session:
            if session.get(SuppressionLease, _ONE) is None:
                make = sqlite.insert if self.database.is_sqlite else postgresql.insert
                session.execute(
                    make(SuppressionLease)
                    .values(id=_ONE, owner="", generation=0, lease_until=at, next_call_at=at)
                    .on_conflict_do_nothing()
                )
            return session.scalar(
                update(SuppressionLease)
                .where(SuppressionLease.id == _ONE, SuppressionLease.lease_until <= at)
                .values(
                    owner=self._owner,
                    generation=SuppressionLease.generation + 1,
                    lease_until=at + timedelta(seconds=LEASE_SECONDS),
                )
                .returning(SuppressionLease.generation)
                .execution_options(synchronize_session=False)
            )

    def give_up(self, generation: int) -> None:
        """Let another worker take it at once. Raises LeaseLost."""
        with self.writing(generation, until=now()):
            pass

    @contextmanager
    def writing(self, generation: int, *, until: datetime | None = None) -> Iterator[Session]:
        """Give a writing session that renewed the lease. Raises LeaseLost, so that nothing of it is written."""
        with self.database.writing() as session:
            changed = session.execute(
                update(SuppressionLease)
                .where(SuppressionLease.id == _ONE, SuppressionLease.generation == generation)
                .values(lease_until=until or now() + timedelta(seconds=LEASE_SECONDS))
                .execution_options(synchronize_session=False)
            )
            if not changed.rowcount:  # type: ignore[attr-defined]
                raise LeaseLost
            yield session

    def may_call(self, turn: Turn, spacing: float = CALL_SPACING) -> None:
        """Wait for the next call of the service; the one after it waits for `spacing`. Raises NotNow and LeaseLost."""
        with self.writing(turn.generation) as session:
            is_on = rules_of(session, turn.workspace_id).syncs
            lease = session.get_one(SuppressionLease, _ONE, populate_existing=True)
            at = max(now(), lease.next_call_at)
            lease.next_call_at = at + timedelta(seconds=spacing * self._scale)
        if not is_on or self._stop.wait(min(LEASE_SECONDS / 2, max(0.0, (at - now()).total_seconds()))):
            raise NotNow
        quota = turn.parameters.calls_per_5_minutes
        if not take_one(self.database, turn.parameters.account_id, quota, BUDGET_SECONDS):
            raise NotNow


def about_the_list(failure: Failure) -> str:
    """Say what is the matter without what is said of e-mails: here none was to be sent."""
    return failure.staff_words.replace(" Nothing was sent.", "").replace("send e-mail", "use Email Sending")
