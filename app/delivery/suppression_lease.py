"""The right to sync suppressions, and the sync's own pace: one worker at a time, by a lease in the database."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from app.cloudflare.client import Client
from app.cloudflare.contract import SUPPRESSION_BULKS_A_MINUTE
from app.cloudflare.errors import matter_of
from app.cloudflare.results import Failure
from app.db import Database
from app.delivery.job_lease import JobLease
from app.delivery.quota import take_one
from app.people.connection import ConnectionParameters
from app.recipients.suppressions.models import SuppressionLease
from app.recipients.suppressions.rules import rules_of
from app.words import _

CALL_SPACING = 2.0
BULK_SPACING = 60.0 / SUPPRESSION_BULKS_A_MINUTE + 0.5
"""Seconds between two calls, and after a bulk import: an eighth of the account's calls at most."""
BUDGET_SECONDS = 30.0
"""How long a call waits for the account's budget; then the pass goes on at the next look."""


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


class SyncLease(JobLease):
    """The lease of the sync, with its pace."""

    def __init__(self, database: Database, owner: str, stop: threading.Event, scale: float) -> None:
        super().__init__(database, owner, SuppressionLease, SuppressionLease.next_call_at)
        self._stop = stop
        self._scale = scale

    def may_call(self, turn: Turn, spacing: float = CALL_SPACING) -> None:
        """Wait for the next call of the service; the one after it waits for `spacing`. Raises NotNow and LeaseLost."""
        with self.writing(turn.generation) as session:
            is_on = rules_of(session, turn.workspace_id).syncs
            wait = self.seconds_to_next(session, spacing * self._scale)
        if not is_on or self._stop.wait(wait):
            raise NotNow
        quota = turn.parameters.calls_per_5_minutes
        if not take_one(self.database, turn.parameters.account_id, quota, BUDGET_SECONDS):
            raise NotNow


def about_the_list(failure: Failure) -> str:
    """Say what is the matter without what is said of e-mails: here none was to be sent."""
    if failure.cause == "authentication.forbidden":
        return _("The access key is valid but may not use Email Sending.")
    return matter_of(failure.staff_words)
