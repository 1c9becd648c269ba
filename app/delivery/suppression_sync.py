"""The periodic job that keeps a copy of Cloudflare's suppressions and hands ours over: one worker at a time.

A pass reads their list page by page and marks what it sees; what a whole pass did not see is gone. A pass that was cut
off goes on at its cursor. Then ours and theirs are compared, and what is wanted there is handed over
(`suppression_handing.py`). The service itself refuses whom it suppresses whatever this copy says, so a copy that is
some minutes old does no harm. The job never holds up a send: it has a thread and a pace of its own, within the budget.
"""

from __future__ import annotations

import logging
import random
import threading
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.contract import MAX_SUPPRESSION_PAGE
from app.cloudflare.errors import remedy_alone
from app.cloudflare.results import Failure
from app.db import Database, now
from app.delivery import pacing
from app.delivery.job_lease import LeaseLost
from app.delivery.periodic import PeriodicJob
from app.delivery.suppression_handing import hand_over
from app.delivery.suppression_lease import CallFailed, NotNow, SyncLease, Turn, about_the_list
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.people.models import Workspace
from app.recipients.suppressions.mirror import find_conflicts, forget_account, keep_page, state_of, sweep
from app.recipients.suppressions.models import SuppressionSync
from app.recipients.suppressions.rules import rules_of
from app.settings import Settings
from app.words import _

log = logging.getLogger(__name__)

READ_TIMEOUT = 30.0
LOOK_SECONDS = 5.0
"""How often the job looks whether anything is due; nothing is asked of the service for that."""
PAGE = MAX_SUPPRESSION_PAGE
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
"""Seconds before the next try after a failure, doubled with each."""
REFUSED = frozenset({401, 403, 404})
"""Statuses that waiting alone does not mend: the token, its permission, or the account."""


class SuppressionSyncJob(PeriodicJob):
    """Syncs when it is due. Start it once; it ends when the worker's stop event is set."""

    name = "suppressions"
    fault = "suppressions could not be synced"

    def __init__(self, settings: Settings, database: Database, owner: str, stop: threading.Event) -> None:
        super().__init__(stop, min(LOOK_SECONDS, settings.suppressions_seconds))
        self._settings = settings
        self._database = database
        self._scale = min(1.0, settings.retry_scale)
        self._lease = SyncLease(database, owner, stop, self._scale)

    def look(self) -> None:
        """Sync what is due now; nothing at all, not even the lease, when nothing is."""
        with self._database.reading() as session:
            due = self._due(session)
        if not due:
            return
        generation = self._lease.take()
        if generation is None:
            return
        with suppress(LeaseLost):
            for workspace_id, parameters in due:
                if parameters is None:
                    self._forget(workspace_id, generation)
                else:
                    self._sync(workspace_id, parameters, generation)
            self._lease.give_up(generation)

    # One workspace

    def _sync(self, workspace_id: int, parameters: ConnectionParameters, generation: int) -> None:
        client = Client(
            parameters.base_url, parameters.account_id, parameters.token, read_timeout=READ_TIMEOUT, pool_size=1
        )
        with client:
            turn = Turn(workspace_id, parameters, client, generation)
            try:
                if self._begin(turn):
                    self._read_all(turn)
                hand_over(self._lease, turn)
            except NotNow:
                return
            except CallFailed as failed:
                self._note_failure(turn, failed.failure)
            else:
                self._note_success(turn)

    def _begin(self, turn: Turn) -> bool:
        """Begin a pass, or go on with the one that was cut off; another account begins with nothing.

        False: their list was read a moment ago, and only the handing over did not come to its end.
        """
        with self._database.reading() as session:
            before = session.get(SuppressionSync, turn.workspace_id)
            is_other = before is not None and before.account_id not in ("", turn.parameters.account_id)
        if is_other:
            self._forget(turn.workspace_id, turn.generation)
        with self._lease.writing(turn.generation) as session:
            sync = state_of(session, turn.workspace_id)
            sync.account_id = turn.parameters.account_id
            if not self._wants_reading(sync):
                return False
            if not sync.is_reading:
                sync.is_reading, sync.cursor, sync.entries_read = True, "", 0
                sync.pass_number += 1
                sync.began_at = now()
            return True

    def _read_all(self, turn: Turn) -> None:
        """Read their list to its end, mark what is gone, and compare ours with theirs."""
        with self._database.reading() as session:
            sync = session.get_one(SuppressionSync, turn.workspace_id)
            cursor, number = sync.cursor, sync.pass_number
        seen: set[str] = set()
        while cursor not in seen:  # a cursor that comes back would lead round for ever
            seen.add(cursor)
            cursor = self._read_page(turn, cursor, number)
            if not cursor:
                break
        more = True
        while more:
            with self._lease.writing(turn.generation) as session:
                more = sweep(session, turn.workspace_id, number)
        after, more = 0, True
        while more:
            with self._lease.writing(turn.generation) as session:
                after = find_conflicts(session, turn.workspace_id, after=after)
            more = after > 0
        with self._lease.writing(turn.generation) as session:
            sync = state_of(session, turn.workspace_id)
            sync.synced_at, sync.is_reading, sync.cursor = now(), False, ""
            if sync.asked_at is not None and sync.began_at is not None and sync.asked_at <= sync.began_at:
                sync.asked_at = None

    def _read_page(self, turn: Turn, cursor: str, number: int) -> str:
        """Read one page; gives the cursor of the next, empty at the end."""
        self._lease.may_call(turn)
        page = turn.client.suppressions(cursor=cursor or None, per_page=PAGE)
        if isinstance(page, Failure) and page.http_status == 400 and cursor:  # it no longer knows the cursor
            with self._lease.writing(turn.generation) as session:
                state_of(session, turn.workspace_id).cursor = ""
        if isinstance(page, Failure):
            raise CallFailed(page)
        following = page.next_cursor or ""
        with self._lease.writing(turn.generation) as session:
            keep_page(session, turn.workspace_id, number, page.items)
            sync = state_of(session, turn.workspace_id)
            sync.cursor = following
            sync.entries_read += len(page.items)
        return following

    def _forget(self, workspace_id: int, generation: int) -> None:
        """Keep nothing of an account that Postroom is no longer connected to."""
        more = True
        while more:
            with self._lease.writing(generation) as session:
                more = forget_account(session, workspace_id)

    # How it went

    def _note_failure(self, turn: Turn, failure: Failure) -> None:
        is_refused = failure.http_status in REFUSED
        wait = failure.retry_after or 0.0
        with self._lease.writing(turn.generation) as session:
            if failure.cause == "global_limit":  # the whole account is shut out; other limits are the list's own
                block = failure.retry_after or failure.first_pause
                pacing.obey(session, turn.parameters.account_id, block_seconds=block, rate=failure.rate)
            sync = state_of(session, turn.workspace_id)
            sync.failures += 1
            sync.cause, sync.words = failure.cause[:64], about_the_list(failure)
            sync.remedy = _remedy(failure) if is_refused else _("Postroom tries again by itself.")
            sync.is_paused, sync.asked_at = is_refused, None
            own = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(sync.failures - 1, 10)) * self._scale
            sync.not_before = now() + timedelta(seconds=max(wait, own * random.uniform(1, 1.25)))  # noqa: S311 - jitter
        log.warning("suppressions were not synced", extra={"workspace_id": turn.workspace_id, "cause": failure.cause})

    def _note_success(self, turn: Turn) -> None:
        with self._lease.writing(turn.generation) as session:
            sync = state_of(session, turn.workspace_id)
            sync.not_before, sync.failures, sync.is_paused = None, 0, False
            sync.cause = sync.words = sync.remedy = ""

    # What is due

    def _due(self, session: Session) -> list[tuple[int, ConnectionParameters | None]]:
        """Give the workspaces to sync; without parameters: to forget, because the connection is gone."""
        found: list[tuple[int, ConnectionParameters | None]] = []
        states = {one.workspace_id: one for one in session.scalars(select(SuppressionSync))}
        for workspace_id in session.scalars(select(Workspace.id).order_by(Workspace.id)):
            state = states.get(workspace_id)
            try:
                parameters = resolve(session, self._settings, workspace_id)
            except NotConnected:
                if state is not None:
                    found.append((workspace_id, None))
                continue
            if rules_of(session, workspace_id).syncs and self._is_due(state):
                found.append((workspace_id, parameters))
        return found

    def _is_due(self, state: SuppressionSync | None) -> bool:
        if state is None:
            return True
        if state.is_paused or (state.not_before is not None and state.not_before > now()):
            return False
        return state.failures > 0 or self._wants_reading(state)

    def _wants_reading(self, state: SuppressionSync) -> bool:
        pause = timedelta(seconds=self._settings.suppressions_seconds)
        waited = state.synced_at is None or state.synced_at + pause <= now()
        return state.asked_at is not None or state.is_reading or waited


def _remedy(failure: Failure) -> str:
    remedy = remedy_alone(failure.administrator_words)
    return _("%(remedy)s Then check the connection under Settings, or press “Sync now”.", remedy=remedy)
