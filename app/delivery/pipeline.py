"""One lane's work: claim messages, render, post, record; forward only.

A lane works in turns. A turn is one transaction: it writes down the results that are there and claims as many messages
again, while the posting threads are busy with what is already in hand. So the connections never wait for the database.

Where it may be killed, and what is true then:
- before the claim is committed: nothing happened, the messages are `pending`.
- after it, before, during or after a POST: the messages are `sending`; the sweeper makes them `unknown` (P3), because
  nobody can say how far each got. They are never posted again by the program (P2).
- after the record is committed: everything is written down.
A worker that was frozen finds its lease run out and posts nothing more; what it did post it may still write down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.results import Failure, Suppression
from app.db import Database, now
from app.delivery import lanes, pacing, send_pace, wave
from app.delivery.budget import HOLD_SECONDS
from app.delivery.claiming import Claimed, claim, next_due, with_own_files
from app.delivery.in_hand import InHand
from app.delivery.jobs import Queue
from app.delivery.models import Lane
from app.delivery.posting import Errand, Posters, Tray
from app.delivery.quota import pause_for_quota, take_one
from app.delivery.recording import Result, finish_when_done, record_of
from app.delivery.unreachable import keep_unreachable
from app.delivery.watch import Watch
from app.logs import add_to_log
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.recipients.unsubscribing.links import link_keys
from app.sends.composition import MessagePlan, plan_of
from app.sends.control import pause_by_program
from app.sends.models import Send, SendKind, SendState
from app.sends.pauses import NOT_CONNECTED
from app.settings import Settings

log = logging.getLogger(__name__)

SLICE_SECONDS = 3.0
"""How long one job works before it makes room for the lanes of other sends that wait."""
SHORT_WAIT = 1.5
"""Seconds a lane waits for itself; for longer ones it makes room."""
LEAST_WAIT = 0.02
"""Seconds between two looks at least, when there was nothing to claim."""
LOOK_SECONDS = 0.5
"""How often a lane at least looks whether it must stop (P5: within 2 s), and whether the connection was changed."""
ELSEWHERE_SECONDS = 2.0
"""How long a second lane of a send rests when it came to a worker that works on the send already."""
RECORD_SECONDS = 600.0
"""How long a worker tries to write down what it posted, when the database is away."""
LOOK_UP_SECONDS = 30.0
"""How long a look-up of an address waits for a call of the budget."""
AWAY = (OperationalError, InternalError, InterfaceError)
"""Faults of a database that may be over after a while: no connection, a full disk, a deadlock."""
KEPT_PLANS = 8
"""Plans a worker keeps; each may hold 5 MiB of attachments."""


@dataclass(slots=True)
class Work:
    """A lane at work: what it has in hand, and what comes next."""

    lane: Lane
    watch: Watch
    amount: InHand
    tray: Tray = field(default_factory=Tray)
    results: list[Result] = field(default_factory=list)
    """Fetched from the tray, not written down yet."""
    post_before: float = 0.0
    """None of the calls granted last may start after this time (monotonic)."""
    plan: MessagePlan | None = None
    client: Client | None = None
    parameters: ConnectionParameters | None = None
    looked_at: float = 0.0
    """When the parameters were read, on the monotonic clock."""
    account_id: str = ""
    """Account of what is in hand."""
    quota: int = 0
    """Calls that it may make in five minutes."""
    again_at: datetime | None = None
    """Nothing to claim before this time."""
    is_leaving: bool = False
    """Claims nothing more: others wait, or the worker stops."""
    is_over: bool = False
    """The lane is given up, or was taken over."""
    fault: Exception | None = None
    """A turn failed: what is in hand is written down, then the lane is left to the sweeper."""


@dataclass(slots=True)
class Pipeline:
    """The lanes' work of one worker process. Its threads bound the connections of the process."""

    settings: Settings
    database: Database
    queue: Queue
    owner: str
    posters: Posters = field(init=False)
    stopping: bool = False
    """The worker is told to stop: what is under way ends, the rest is handed back."""
    _keeping: threading.Lock = field(default_factory=threading.Lock)
    _plans: dict[int, MessagePlan] = field(default_factory=dict)
    _clients: dict[ConnectionParameters, Client] = field(default_factory=dict)
    _sends: set[int] = field(default_factory=set)
    """Sends that a lane is worked on for just now."""

    def __post_init__(self) -> None:
        """Make the threads' queue."""
        self.posters = Posters(self.settings.connections)

    def close(self) -> None:
        """End the threads and close the connections."""
        self.posters.close()
        for client in self._clients.values():
            client.close()

    def run_lane(self, lane_id: int, generation: int) -> None:
        """Work on a lane until there is nothing to do or others wait, then enqueue its next job."""
        with self.database.writing() as session:
            lane = lanes.take(session, lane_id, generation, self.owner, self.settings.lease_seconds)
        if lane is None:
            return
        add_to_log(send_id=lane.send_id)
        with self._only_lane_of(lane.send_id) as is_first:
            if not is_first:  # a second lane here would share the same connections: let another worker have it
                self._hand_on(lane, now() + timedelta(seconds=ELSEWHERE_SECONDS))
                return
            work = self.begin(lane)
            self._turns(work)
        if work.fault is not None:
            self._leave_to_sweeper(lane)
            raise work.fault
        if not work.is_over:
            self._hand_on(lane, work.again_at)

    def begin(self, lane: Lane) -> Work:
        """Give the work of a lane that was just taken."""
        return Work(lane, Watch(self.settings.lease_seconds), InHand(self.settings.connections))

    def _turns(self, work: Work) -> None:
        """Take turns until the lane has nothing to do or must make room, and nothing is in hand."""
        until = time.monotonic() + SLICE_SECONDS
        while True:
            if time.monotonic() > until:
                until += SLICE_SECONDS
                work.is_leaving = work.is_leaving or self.queue.somebody_waits()
            if self.stopping:
                work.is_leaving = True
                work.watch.stop()
            self.post(work, self.record_and_claim(work))
            if in_hand := work.tray.in_hand:
                work.results = work.tray.fetch(work.amount.batch(in_hand), self._look_again_in(work))
                work.amount.count(len(work.results))
            elif work.is_over or work.is_leaving or not self._wait_for_time(work):
                return

    def _look_again_in(self, work: Work) -> float:
        if work.again_at is None or work.is_leaving:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(LEAST_WAIT, (work.again_at - now()).total_seconds()))

    def _wait_for_time(self, work: Work) -> bool:
        """With nothing in hand, wait until something may be claimed; False when that takes too long."""
        rest = (work.again_at - now()).total_seconds() if work.again_at is not None else 0.0
        if rest > SHORT_WAIT:
            return False
        time.sleep(max(0.0, rest))  # shorter than the engine's own grain
        return True

    def record_and_claim(self, work: Work) -> list[Claimed]:
        """Take a turn: write the results down and claim what there is room for. Gives what was claimed.

        A database that is away gets time to come back, because only this worker knows what it posted. The lane may be
        taken over meanwhile: what was put into doubt by that is settled by this record.
        """
        began = time.monotonic()
        while True:
            newer = Watch(self.settings.lease_seconds)
            try:
                with self.database.writing() as session:
                    claimed = self._record_and_claim(session, work)
            except Exception as error:
                is_away = isinstance(error, AWAY)
                if (
                    self.stopping
                    or time.monotonic() - began > RECORD_SECONDS
                    or (work.fault is not None and not is_away)
                ):
                    raise
                self._note_fault(work, error)
                if not work.results and not work.tray.in_hand:
                    return []
                time.sleep(1 if is_away else 0)
            else:
                work.results = []
                work.watch.renew(newer)
                work.amount.turned(time.monotonic() - began)
                return claimed

    def post(self, work: Work, claimed: list[Claimed]) -> None:
        """Give what was claimed, and is committed as `sending`, to the posting threads."""
        if claimed and work.client is not None and work.plan is not None and work.parameters is not None:
            look_up = partial(self._suppression, work.parameters, work.client)
            scale, watch = self.settings.retry_scale, work.watch
            errand = Errand(work.client, work.plan, scale, watch, work.tray, work.post_before, look_up, work.lane)
            self.posters.give(errand, claimed)

    def _note_fault(self, work: Work, error: Exception) -> None:
        """Post nothing more in this lane: whether the claim of a turn that failed was written, nobody here knows."""
        log.warning("send %s: a turn could not be written down (%s)", work.lane.send_id, type(error).__name__)
        work.fault = work.fault or error
        work.is_leaving = True
        work.watch.stop()

    def _record_and_claim(self, session: Session, work: Work) -> list[Claimed]:
        """Do a turn's transaction. Rows are locked in one order everywhere: see recording.py."""
        lane = work.lane
        send = session.get(Send, lane.send_id, with_for_update=True)
        held = lanes.renew(session, lane.id, lane.generation, now() + self._lease())
        settled = []
        if send is not None and work.results:
            settled = record_of(
                session, send, work.account_id, lane.id, lane.generation, work.results, quota=work.quota
            )
        claimed = []
        if send is None or not held:
            work.watch.stop()
            work.is_over = True
        elif work.fault is None:
            claimed = self._next(session, send, work)
        if send is not None:
            keep_unreachable(session, send, settled)
        return claimed

    def _next(self, session: Session, send: Send, work: Work) -> list[Claimed]:
        """Claim what comes next, if the send is at work and there is room."""
        if send.state is SendState.SCHEDULED:
            if send.start_at is not None and send.start_at > now():
                work.again_at = send.start_at
                return []
            lanes.begin(session, send)
            if send.state is SendState.SCHEDULED:  # moved to another time in this very moment
                work.again_at = send.start_at
                return []
        if send.state is not SendState.SENDING:
            return self._end(session, work)
        try:
            parameters = self._look(session, send, work)
        except NotConnected as missing:
            pause_by_program(session, send.id, missing.words, code=NOT_CONNECTED)
            return self._end(session, work)
        if work.watch.is_stopped and not work.tray.in_hand:  # what stopped it is written down now
            work.watch = Watch(self.settings.lease_seconds)
        work.amount.lanes = len(self._sends)
        room = work.amount.most - work.tray.in_hand
        if work.is_leaving or work.watch.is_stopped or room <= 0:
            return []
        # Before anything is claimed: what cannot be read here must not leave messages in doubt.
        work.plan = self._plan(session, send)
        return self._claim(session, send, work, parameters, room)

    def _claim(
        self, session: Session, send: Send, work: Work, parameters: ConnectionParameters, room: int
    ) -> list[Claimed]:
        column = work.plan.file_column if work.plan else ""
        if column:  # each may hold 5 MiB
            room = min(room, 2 * self.settings.connections - work.tray.in_hand)
        if room <= 0:
            return []
        most_new = wave.hold(session, send)
        grant = self._grant(session, send, work, parameters, room)
        claimed = claim(session, work.lane, grant.calls, slot=grant.slot, most_new=most_new)
        if grant.calls > len(claimed):
            send_pace.give_back(session, send.id, grant.calls - len(claimed))
            pacing.give_back(session, parameters.account_id, grant.calls - len(claimed), grant.slot)
        if claimed:
            work.account_id, work.quota = parameters.account_id, parameters.calls_per_5_minutes
            work.again_at = None
            # In the same transaction: when the files cannot be read, nothing was claimed.
            return with_own_files(session, send.id, column, claimed)
        due = next_due(session, send.id, most_new=most_new)
        work.again_at = max(due, now() + timedelta(seconds=max(grant.wait, LEAST_WAIT))) if due is not None else None
        if due is not None and grant.quota_used_up and not work.tray.in_hand:  # what is in hand is within the quota
            pause_for_quota(session, send.id, parameters.account_id)
            return self._end(session, work)
        if due is None and not work.tray.in_hand:  # finished, or another lane has the rest in hand, or the wave is out
            if not finish_when_done(session, send.id) and most_new == 0:
                wave.pause_when_out(session, send.id)
            return self._end(session, work)
        return []

    def _grant(
        self, session: Session, send: Send, work: Work, parameters: ConnectionParameters, room: int
    ) -> pacing.Grant:
        """Take calls from the send's own pace and from the account's budget."""
        own = send_pace.take(session, send.id, room)
        if not own.calls:
            return own
        work.post_before = time.monotonic() + HOLD_SECONDS
        quota, first = parameters.calls_per_5_minutes, send.kind is not SendKind.LIST
        grant = pacing.take(session, parameters.account_id, quota, own.calls, asker=send.id, first=first)
        send_pace.give_back(session, send.id, own.calls - grant.calls)
        return grant

    def _end(self, session: Session, work: Work) -> list[Claimed]:
        """Give the lane up when nothing is in hand: its send is paused, over, or in the hands of other lanes."""
        work.watch.stop()
        if not work.tray.in_hand:
            lanes.close(session, work.lane.id, work.lane.generation)
            work.is_over = True
            with self._keeping:
                self._plans.pop(work.lane.send_id, None)
        return []

    def _hand_on(self, lane: Lane, again_at: datetime | None) -> None:
        """Leave the lane to its next job, which any worker may do."""
        until = max(again_at or now(), now()) + self._lease()
        with self.database.writing() as session:
            if not lanes.hand_on(session, lane.id, lane.generation, until):
                return
        self.queue.lane(lane.id, lane.generation, again_at)

    def _leave_to_sweeper(self, lane: Lane) -> None:
        """Let the lease run out now: what is still `sending` was claimed by a turn that seemed to fail."""
        with self.database.writing() as session:
            lanes.hand_on(session, lane.id, lane.generation, now() - timedelta(seconds=1))

    def _lease(self) -> timedelta:
        return timedelta(seconds=self.settings.lease_seconds)

    @contextmanager
    def _only_lane_of(self, send_id: int) -> Iterator[bool]:
        """Hold a send for one lane of this worker; gives False when another lane has it."""
        with self._keeping:
            is_first = send_id not in self._sends
            self._sends.add(send_id)
        try:
            yield is_first
        finally:
            if is_first:
                with self._keeping:
                    self._sends.discard(send_id)

    def _look(self, session: Session, send: Send, work: Work) -> ConnectionParameters:
        """Give the connection's parameters, read again twice a second. Raises NotConnected."""
        if work.parameters is None or time.monotonic() - work.looked_at > LOOK_SECONDS:
            work.looked_at = time.monotonic()
            work.parameters = resolve(session, self.settings, send.workspace_id)
            work.client = self._client(work.parameters)
        return work.parameters

    def _plan(self, session: Session, send: Send) -> MessagePlan:
        """Read a send's plan once: after release it never changes."""
        with self._keeping:
            if send.id not in self._plans:
                if len(self._plans) >= KEPT_PLANS:
                    self._plans.pop(next(iter(self._plans)))
                keys = link_keys(self.settings.secret_keys)
                if send.link_key is None:  # the caller holds the send's row
                    send.link_key = keys.current.id
                self._plans[send.id] = plan_of(session, send, keys)
            return self._plans[send.id]

    def _client(self, parameters: ConnectionParameters) -> Client:
        with self._keeping:
            if parameters not in self._clients:
                self._clients[parameters] = Client(
                    parameters.base_url,
                    parameters.account_id,
                    parameters.token,
                    read_timeout=self.settings.read_timeout,
                    pool_size=self.settings.connections,
                )
            return self._clients[parameters]

    def _suppression(self, parameters: ConnectionParameters, client: Client, address: str) -> Suppression | None:
        """Look an address up, with a call of the budget; None also when none is to be had in time."""
        quota = parameters.calls_per_5_minutes
        if not take_one(self.database, parameters.account_id, quota, LOOK_UP_SECONDS):
            return None
        page = client.suppressions(email=address)
        return page.items[0] if not isinstance(page, Failure) and page.items else None
