"""The account's quota of e-mails a day: asked of the service by one worker now and then, and respected."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.results import Failure
from app.db import Database
from app.delivery import pacing
from app.delivery.models import RateBudget
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.sends.control import pause_by_program
from app.sends.models import AT_WORK, UNRELEASED, ReviewState, Send
from app.sends.pauses import QUOTA, pause_words
from app.settings import Settings
from app.words import _, _p

log = logging.getLogger(__name__)

EVERY_SECONDS = 300.0
"""How often the quota is asked for while e-mails go out or are reviewed."""
WANTED_SECONDS = 5.0
"""Pause between two questions when somebody needs to know now."""
LOOK_SECONDS = 1.0
"""How often a worker looks whether to ask."""
ANSWER_SECONDS = 15.0
_UNITS = {"day": _p("of a quota", "day"), "hour": _p("of a quota", "hour")}
"""What the service calls the time of a quota, for people."""


def take_one(database: Database, account_id: str, quota: int, seconds: float) -> bool:
    """Take one call ahead of long sends, waiting for it so long at most. Not within a transaction."""
    until = time.monotonic() + seconds
    while True:
        with database.writing() as session:
            grant = pacing.take_call(session, account_id, quota)
        if grant.calls:
            return True
        if time.monotonic() + min(grant.wait, 1.0) > until:
            return False
        time.sleep(min(1.0, max(0.05, grant.wait)))


def pause_for_quota(session: Session, send_id: int, account_id: str) -> None:
    """Pause a send until the quota is new; when the service does not tell when, until a person resumes it."""
    row = session.get_one(RateBudget, account_id)
    when = (
        _("It goes on by itself when the allowance is new.")
        if row.quota_resets_at
        else _("The mail service does not say when there is more: press Resume tomorrow.")
    )
    unit = row.quota_unit or "day"
    words = pause_words(QUOTA, value=row.quota_value or 0, unit=_UNITS.get(unit, unit), when=when)
    pause_by_program(session, send_id, words, code=QUOTA, resumes_at=row.quota_resets_at)


def _was_renewed(row: RateBudget, at: datetime) -> bool:
    """Tell whether the quota is new since it was read."""
    read, resets_at = row.quota_read_at, row.quota_resets_at
    return read is not None and resets_at is not None and read < resets_at <= at


class QuotaReader:
    """Asks for the quotas of accounts in use, in a thread of its own: a slow answer must not hold up signs of life."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quota", daemon=True)

    def start(self) -> None:
        """Begin asking."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; a question under way may still end."""
        self._stop.set()

    def read_due(self) -> None:
        """Ask for every quota that is due, of workspaces with e-mails going out or under review."""
        with self._database.reading() as session:
            accounts = self._accounts(session)
        for parameters in accounts:
            if self._is_mine(parameters):
                self._read(parameters)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.read_due()
            except Exception:  # the database is away, or a fault: the quota is not known, sending goes on
                log.exception("the quota could not be read")

    def _accounts(self, session: Session) -> set[ConnectionParameters]:
        reviewed = Send.review_state.in_([ReviewState.WAITING, ReviewState.RUNNING])
        in_use = or_(Send.state.in_(AT_WORK), Send.state.in_(UNRELEASED) & reviewed)
        found = set()
        for workspace_id in session.scalars(select(Send.workspace_id).where(in_use).distinct()):
            try:
                found.add(resolve(session, self._settings, workspace_id))
            except NotConnected:
                continue
        return found

    def _is_mine(self, parameters: ConnectionParameters) -> bool:
        """Compare and set: of all workers one asks."""
        with self._database.reading() as session:
            row = session.get(RateBudget, parameters.account_id)
            at = pacing.clock(session)
            every = WANTED_SECONDS if row is not None and row.quota_wanted else EVERY_SECONDS
            every = WANTED_SECONDS if row is not None and _was_renewed(row, at) else every
            if (
                row is not None
                and row.quota_asked_at is not None
                and at - row.quota_asked_at < timedelta(seconds=every)
            ):
                return False
        with self._database.writing() as session:
            if row is None:
                pacing.open_budget(session, parameters.account_id, parameters.calls_per_5_minutes)
            asked_before = row.quota_asked_at if row is not None else None
            unchanged = (
                RateBudget.quota_asked_at.is_(None)
                if asked_before is None
                else RateBudget.quota_asked_at == asked_before
            )
            changed = session.execute(
                update(RateBudget)
                .where(RateBudget.account_id == parameters.account_id, unchanged)
                .values(quota_asked_at=at)
            )
            return bool(changed.rowcount)  # type: ignore[attr-defined]

    def _read(self, parameters: ConnectionParameters) -> None:
        account_id, quota = parameters.account_id, parameters.calls_per_5_minutes
        if not take_one(self._database, account_id, quota, ANSWER_SECONDS):
            return
        with Client(parameters.base_url, account_id, parameters.token, read_timeout=ANSWER_SECONDS) as client:
            limits = client.limits()
        if isinstance(limits, Failure):
            log.info("the quota of the account is not told", extra={"cause": limits.cause})
            return
        with self._database.writing() as session:
            pacing.note_limits(session, account_id, quota, limits)
