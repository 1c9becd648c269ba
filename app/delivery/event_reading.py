"""The periodic job that asks the mail service for later delivery events; one worker at a time, by a lease.

It never holds up a send: it has a thread and a budget of queries of its own, and whatever goes wrong here only means
that it asks again later.
"""

from __future__ import annotations

import logging
import random
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.events import QUERY_SPACING_SECONDS, EventReader, EventsFailure, events_failure
from app.cloudflare.results import Failure
from app.db import Database, now
from app.delivery.job_lease import JobLease, LeaseLost
from app.delivery.periodic import PeriodicJob
from app.delivery.settling import settle_page
from app.delivery.waiting import HORIZON, Waiting, what_waits
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.sends.event_models import EventLease, EventReading, EventZone
from app.settings import Settings

log = logging.getLogger(__name__)

READ_TIMEOUT = 30.0
OVERLAP = timedelta(minutes=10)
"""What is read again every time, because an event may become known later than it happened."""
PAGES_AT_ONCE = 100
"""Pages of one workspace before the others have their turn."""
ZONES_SECONDS = 24 * 3600.0
"""How long a list of zones is believed."""
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
"""Seconds before the next try after a failure, doubled with each."""
NEEDS_A_PERSON = frozenset({"no_permission", "no_token", "no_zone", "refused"})
"""Failures that waiting alone does not mend."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One workspace's turn with the lease in hand."""

    workspace_id: int
    waiting: Waiting
    client: Client
    reader: EventReader
    generation: int


class EventReadingJob(PeriodicJob):
    """Asks while something waits. Start it once; it ends when the worker's stop event is set."""

    name = "events"
    fault = "later events could not be read"

    def __init__(self, settings: Settings, database: Database, owner: str, stop: threading.Event) -> None:
        super().__init__(stop, settings.events_seconds)
        self._settings = settings
        self._database = database
        self._scale = min(1.0, settings.retry_scale)
        self._lease = JobLease(database, owner, EventLease, EventLease.next_query_at)
        self._readers: dict[ConnectionParameters, tuple[Client, EventReader]] = {}

    def look(self) -> None:
        """Ask for what is due now; nothing at all, not even the lease, when nothing is."""
        with self._database.reading() as session:
            due = {one: what for one, what in what_waits(session).items() if self._is_due(session, one, what)}
        if not due:
            return
        generation = self._lease.take()
        if generation is None:
            return
        with suppress(LeaseLost):
            for workspace_id, waiting in due.items():
                self._look_for(workspace_id, waiting, generation)
            self._lease.give_up(generation)

    # One workspace

    def _look_for(self, workspace_id: int, waiting: Waiting, generation: int) -> None:
        try:
            with self._database.reading() as session:
                parameters = resolve(session, self._settings, workspace_id)
        except NotConnected:
            return  # the send page says so already
        turn = _Turn(workspace_id, waiting, *self._reader(parameters), generation)
        failure = self._see_to_zones(turn)
        is_done = failure is None and self._read_zones(turn)
        if isinstance(is_done, EventsFailure) or failure is not None:
            self._note_failure(turn, failure or is_done)  # type: ignore[arg-type]
        elif is_done:
            self._note_success(turn)

    def _read_zones(self, turn: _Turn) -> bool | EventsFailure:
        """Read every zone that sends of the turn came from. False: not to the end, the rest follows next time."""
        pages = 0
        for zone_id in self._zones_of(turn):
            since, until = self._window(turn, zone_id)
            while since < until:
                if pages >= PAGES_AT_ONCE or not self._may_ask(turn.generation):
                    return False
                page = turn.reader.page(zone_id, since, until)
                if isinstance(page, EventsFailure):
                    return page
                pages += 1
                with self._lease.writing(turn.generation) as session:
                    zone = session.get_one(EventZone, (turn.workspace_id, zone_id))
                    zone.is_caught_up = page.read_until >= until
                    settle_page(session, zone, turn.waiting.send_ids, page)
                since = page.read_until
        return True

    def _window(self, turn: _Turn, zone_id: str) -> tuple[datetime, datetime]:
        """Give from when to when a zone must be read. A gap in which nothing waited is not read."""
        at = now()
        first = turn.waiting.since - OVERLAP
        with self._lease.writing(turn.generation) as session:
            zone = session.get_one(EventZone, (turn.workspace_id, zone_id))
            mark = zone.read_until
            if mark is not None and zone.is_caught_up:
                mark -= OVERLAP
            if mark is None or mark < first or (zone.read_from or mark) > first:  # never, or not as far back
                zone.read_from = mark = first
                zone.is_caught_up = False
            return max(mark, at - HORIZON + timedelta(hours=1)), at

    # Zones

    def _see_to_zones(self, turn: _Turn) -> EventsFailure | None:
        """Know the zones of the domains; asks for them once a day, or when a domain is new."""
        with self._database.reading() as session:
            reading = session.get(EventReading, turn.workspace_id)
            fresh = (
                reading is not None
                and reading.zones_at is not None
                and (now() - reading.zones_at).total_seconds() < ZONES_SECONDS
            )
            missing = turn.waiting.domains - {domain for domain, _ in _covered(session, turn)}
        if fresh and not missing:
            return None
        zones = turn.client.zones()
        if isinstance(zones, Failure):
            cause = "no_zone" if zones.http_status in {401, 403, 404} else "unreachable"
            return events_failure(cause, wait=zones.retry_after)
        with self._lease.writing(turn.generation) as session:
            for zone in zones:
                known = session.get(EventZone, (turn.workspace_id, zone.id[:64]))
                if known is None:
                    session.add(EventZone(workspace_id=turn.workspace_id, zone_id=zone.id[:64], name=zone.name[:254]))
                else:
                    known.name = zone.name[:254]
            _reading(session, turn.workspace_id).zones_at = now()
            session.flush()
            missing = turn.waiting.domains - {domain for domain, _ in _covered(session, turn)}
        return events_failure("no_zone", said=", ".join(sorted(missing))) if missing else None

    def _zones_of(self, turn: _Turn) -> list[str]:
        with self._database.reading() as session:
            return sorted({zone_id for _, zone_id in _covered(session, turn)})

    # How it went

    def _note_failure(self, turn: _Turn, failure: EventsFailure) -> None:
        with self._lease.writing(turn.generation) as session:
            reading = _reading(session, turn.workspace_id)
            reading.failures += 1
            reading.cause, reading.words = failure.cause, failure.words
            wait = (
                LONGEST_WAIT
                if failure.cause in NEEDS_A_PERSON
                else min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(reading.failures - 1, 10))
            )
            wait *= self._scale * random.uniform(1, 1.25)  # noqa: S311 - jitter, no secret
            reading.not_before = now() + timedelta(seconds=max(wait, failure.wait or 0))
        log.warning("later events were not read", extra={"workspace_id": turn.workspace_id, "cause": failure.cause})

    def _note_success(self, turn: _Turn) -> None:
        with self._lease.writing(turn.generation) as session:
            reading = _reading(session, turn.workspace_id)
            reading.looked_at, reading.not_before = now(), None
            reading.failures, reading.cause, reading.words = 0, "", ""

    def _is_due(self, session: Session, workspace_id: int, waiting: Waiting) -> bool:
        reading = session.get(EventReading, workspace_id)
        if reading is None:
            return True
        if reading.not_before is not None:
            return reading.not_before <= now()
        pause = timedelta(seconds=self._settings.events_seconds * waiting.interval_factor)
        # A little less than the pause: this job does not wake to the millisecond.
        return reading.looked_at is None or reading.looked_at + pause * 0.9 <= now()

    # The budget

    def _may_ask(self, generation: int) -> bool:
        """Wait for the budget's next query. False: the worker stops."""
        with self._lease.writing(generation) as session:
            wait = self._lease.seconds_to_next(session, QUERY_SPACING_SECONDS * self._scale)
        return not self._stop.wait(wait)

    # The connection

    def close(self) -> None:
        """Close what was asked over."""
        for client, _ in self._readers.values():
            client.close()

    def _reader(self, parameters: ConnectionParameters) -> tuple[Client, EventReader]:
        if parameters not in self._readers:
            self.close()
            client = Client(
                parameters.base_url,
                parameters.account_id,
                parameters.token,
                read_timeout=READ_TIMEOUT,
                pool_size=1,
            )
            self._readers = {parameters: (client, EventReader(client))}
        return self._readers[parameters]


def _reading(session: Session, workspace_id: int) -> EventReading:
    found = session.get(EventReading, workspace_id)
    if found is None:
        found = EventReading(workspace_id=workspace_id, failures=0)
        session.add(found)
    return found


def _covered(session: Session, turn: _Turn) -> list[tuple[str, str]]:
    """Give each domain of the turn that a known zone covers, with the zone's id: the longest name that fits."""
    zones = session.execute(
        select(EventZone.name, EventZone.zone_id).where(EventZone.workspace_id == turn.workspace_id)
    ).all()
    found = []
    for domain in sorted(turn.waiting.domains):
        fitting = [zone for zone in zones if domain == zone.name.lower() or domain.endswith(f".{zone.name.lower()}")]
        if fitting:
            found.append((domain, max(fitting, key=lambda zone: len(zone.name)).zone_id))
    return found
