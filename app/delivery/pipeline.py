"""One lane's work: claim a chunk, render, post, record; forward only.

Where it may be killed, and what is true then:
- before the claim is committed: nothing happened, the messages are `pending`.
- after it, before, during or after a POST: the messages are `sending`; the sweeper makes them `unknown` (P3), because
  nobody can say how far each got. They are never posted again by the program (P2).
- after the record is committed: everything is written down.
A worker that was frozen finds its lease run out and posts nothing more; what it did post it may still write down.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.results import Failure, Suppression
from app.db import Database, now
from app.delivery import lanes, pacing, send_pace, wave
from app.delivery.answers import Verdict, of_answer, of_failure
from app.delivery.budget import HOLD_SECONDS
from app.delivery.claiming import Claimed, claim, next_due, with_own_files
from app.delivery.jobs import Queue
from app.delivery.models import Lane
from app.delivery.post_times import send_measured
from app.delivery.quota import pause_for_quota, take_one
from app.delivery.recording import Result, finish_when_done, record
from app.delivery.watch import Watch
from app.emails.rendering import RenderError
from app.logs import add_to_log
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.sends.composition import MessagePlan, compose, plan_of
from app.sends.control import pause_by_program
from app.sends.models import Outcome, Send, SendKind, SendState
from app.sends.pauses import NOT_CONNECTED
from app.sends.person_files import MISSING, cell_of, missing_words
from app.settings import Settings

log = logging.getLogger(__name__)

SLICE_SECONDS = 3.0
"""How long one job works before it makes room for the lanes of other sends."""
SHORT_WAIT = 1.0
"""Seconds a lane waits for itself; for longer ones it makes room."""
LOOK_SECONDS = 0.5
"""How often a lane looks whether it must stop while its POSTs are under way (P5: within 2 s)."""
RECORD_SECONDS = 600.0
"""How long a worker tries to write down what it posted, when the database is away."""
LOOK_UP_SECONDS = 30.0
"""How long a look-up of an address waits for a call of the budget."""
KEPT_PLANS = 8
"""Plans a worker keeps; each may hold 5 MiB of attachments."""


@dataclass(slots=True)
class Work:
    """What a lane does next: a claimed chunk with all that is needed to post it, or wait, or end."""

    lane: Lane
    watch: Watch
    messages: list[Claimed] = field(default_factory=list)
    account_id: str = ""
    quota: int = 0
    """Calls the account may make in five minutes."""
    slot: int = 0
    """Slot of the budget that the chunk's calls were granted in."""
    post_before: float = 0.0
    """No call of the grant may start after this time (monotonic)."""
    client: Client | None = None
    plan: MessagePlan | None = None
    again_at: datetime | None = None
    """Nothing to do before this time."""
    done: bool = False
    """The lane has no more work."""


@dataclass(slots=True)
class Pipeline:
    """The lanes' work of one worker process. Its pool bounds the connections of the process."""

    settings: Settings
    database: Database
    queue: Queue
    owner: str
    pool: ThreadPoolExecutor = field(init=False)
    stopping: bool = False
    """The worker is told to stop: what is under way ends, the rest is handed back."""
    _keeping: threading.Lock = field(default_factory=threading.Lock)
    _plans: dict[int, MessagePlan] = field(default_factory=dict)
    _clients: dict[ConnectionParameters, Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the pool."""
        self.pool = ThreadPoolExecutor(self.settings.connections, thread_name_prefix="post")

    def close(self) -> None:
        """Stop the pool and close the connections."""
        self.pool.shutdown(wait=True)
        for client in self._clients.values():
            client.close()

    def run_lane(self, lane_id: int, generation: int) -> None:
        """Work on a lane for a slice of time, then enqueue its next job."""
        lease = self.settings.lease_seconds
        with self.database.writing() as session:
            lane = lanes.take(session, lane_id, generation, self.owner, lease)
        if lane is None:
            return
        add_to_log(send_id=lane.send_id)
        until = time.monotonic() + SLICE_SECONDS
        again_at: datetime | None = None
        while time.monotonic() < until and not self.stopping:
            work = self._next_chunk(lane)
            if work is None or work.done:
                return
            if work.again_at is None:
                self._post_and_record(work)
                continue
            rest = (work.again_at - now()).total_seconds()
            if rest > SHORT_WAIT:
                again_at = work.again_at
                break
            time.sleep(max(0.0, rest))  # shorter than the engine's own grain
        self._hand_on(lane, again_at)

    def _hand_on(self, lane: Lane, again_at: datetime | None) -> None:
        """Leave the lane to its next job, which any worker may do."""
        until = max(again_at or now(), now()) + self._lease()
        with self.database.writing() as session:
            if not lanes.hand_on(session, lane.id, lane.generation, until):
                return
        self.queue.lane(lane.id, lane.generation, again_at)

    def _lease(self) -> timedelta:
        return timedelta(seconds=self.settings.lease_seconds)

    def _next_chunk(self, lane: Lane) -> Work | None:
        """Claim a chunk in one transaction. None: the lane is no longer ours."""
        work = Work(lane, Watch(self.settings.lease_seconds))
        with self.database.writing() as session:
            if not lanes.renew(session, lane.id, lane.generation, now() + self._lease()):
                return None
            send = session.get(Send, lane.send_id)
            if send is not None and send.state is SendState.SCHEDULED:
                if send.start_at is not None and send.start_at > now():
                    work.again_at = send.start_at
                    return work
                lanes.begin(session, send)
                if send.state is SendState.SCHEDULED:  # moved to another time in this very moment
                    work.again_at = send.start_at
                    return work
            if send is None or send.state is not SendState.SENDING:
                return self._end(session, work)
            try:
                parameters = resolve(session, self.settings, send.workspace_id)
            except NotConnected as missing:
                pause_by_program(session, send.id, missing.words, code=NOT_CONNECTED)
                return self._end(session, work)
            # Before anything is claimed: what cannot be read here must not leave messages in doubt.
            work.account_id, work.client = parameters.account_id, self._client(parameters)
            work.quota = parameters.calls_per_5_minutes
            work.plan = self._plan(session, send)
            return self._claim(session, work, send, wave.hold(session, send))

    def _claim(self, session: Session, work: Work, send: Send, most_new: int | None) -> Work:
        due = next_due(session, send.id, most_new=most_new)
        if due is None:  # nothing pending: finished, or another lane has the rest in hand, or the wave is out
            if not finish_when_done(session, send.id) and most_new == 0:
                wave.pause_when_out(session, send.id)
            return self._end(session, work)
        if due > now():
            work.again_at = due
            return work
        own = send_pace.take(session, send.id, self.settings.connections * 2)
        if not own.calls:
            work.again_at = now() + timedelta(seconds=own.wait)
            return work
        work.post_before = time.monotonic() + HOLD_SECONDS
        first = send.kind is not SendKind.LIST
        grant = pacing.take(session, work.account_id, work.quota, own.calls, asker=send.id, first=first)
        work.slot = grant.slot
        if not grant.calls:
            send_pace.give_back(session, send.id, own.calls)
        if grant.quota_used_up:
            pause_for_quota(session, send.id, work.account_id)
            return self._end(session, work)
        if not grant.calls:
            work.again_at = now() + timedelta(seconds=grant.wait)
            return work
        claimed = claim(session, work.lane, grant.calls, most_new=most_new)
        send_pace.give_back(session, send.id, own.calls - len(claimed))
        # In the same transaction: when the files cannot be read, nothing was claimed.
        column = work.plan.file_column if work.plan else ""
        work.messages = with_own_files(session, work.lane.send_id, column, claimed)
        pacing.give_back(session, work.account_id, grant.calls - len(work.messages), work.slot)
        return work

    def _end(self, session: Session, work: Work) -> Work:
        """Give the lane up: its send is paused, over, or in the hands of other lanes."""
        lanes.close(session, work.lane.id, work.lane.generation)
        with self._keeping:
            self._plans.pop(work.lane.send_id, None)
        work.done = True
        return work

    def _post_and_record(self, work: Work) -> None:
        futures = [self.pool.submit(self._post, work, message) for message in work.messages]
        self._look_after(work, futures)
        results = [future.result() for future in futures]
        self._record(work, results)

    def _record(self, work: Work, results: list[Result]) -> None:
        """Write a chunk down; a database that is away gets time to come back, because only this worker knows.

        The lane may be taken over meanwhile: what was put into doubt by that is settled by this record.
        """
        until = time.monotonic() + RECORD_SECONDS
        while True:
            try:
                with self.database.writing() as session:
                    lane = work.lane
                    record(
                        session,
                        lane.send_id,
                        work.account_id,
                        lane.id,
                        lane.generation,
                        results,
                        quota=work.quota,
                        slot=work.slot,
                    )
                return
            except OperationalError as error:
                if self.stopping or time.monotonic() > until:
                    raise
                log.warning("send %s: a chunk could not be written down (%s)", work.lane.send_id, error.orig)
                time.sleep(1)

    def _look_after(self, work: Work, futures: list[Future[Result]]) -> None:
        """While POSTs are under way: renew the lease, and see whether the send was stopped."""
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=LOOK_SECONDS)
            if not pending:
                return
            lane, newer = work.lane, Watch(self.settings.lease_seconds)
            try:
                with self.database.writing() as session:
                    held = lanes.renew(session, lane.id, lane.generation, now() + self._lease())
                    send = session.get(Send, lane.send_id)
                    at_work = send is not None and send.state is SendState.SENDING
            except SQLAlchemyError as error:  # away: the lease runs out, and with it the right to post
                log.warning("lane %s could not renew its lease (%s)", lane.id, type(error).__name__)
                continue
            if held:
                work.watch.renew(newer)
            if self.stopping or not held or not at_work:
                work.watch.stop()

    def _post(self, work: Work, message: Claimed) -> Result:
        """Render and post one message; runs in a thread of the pool. Never raises."""
        client, plan = work.client, work.plan
        if client is None or plan is None:
            return Result(message, Verdict(Outcome.PENDING))
        if plan.file_column and message.own_file is None:
            words = missing_words(plan.file_column, cell_of(plan.file_column, message.data))
            return Result(message, Verdict(Outcome.REJECTED, reason=MISSING, detail=words))
        try:
            request = compose(plan, message.email, message.name, message.data, message.reference, message.own_file)
            body = request.body()
        except RenderError as error:
            return Result(message, Verdict(Outcome.REJECTED, reason="template_error", detail=str(error)))
        except Exception:
            log.exception("message %s could not be put together", message.id)
            return Result(message, Verdict(Outcome.REJECTED, reason="template_error"))
        if not work.watch.may_post() or time.monotonic() > work.post_before:
            return Result(message, Verdict(Outcome.PENDING))
        lane, number = work.lane, message.tries
        answer = send_measured(
            client, body, send_id=lane.send_id, lane_id=lane.id, message_id=message.id, attempt=number
        )
        if isinstance(answer, Failure):
            addresses = [one.address for one in request.recipients]
            tries = message.tries - message.tries_before
            look_up = partial(self._suppression, work, client)
            scale = self.settings.retry_scale
            verdict = of_failure(answer, addresses, tries, scale, look_up, message.retry_until)
        else:
            verdict = of_answer(answer, request, is_direct=bool(plan.to))
        if verdict.pause_code or verdict.block_seconds is not None:
            work.watch.stop()  # the rest of the chunk would meet the same
        return Result(message, verdict, hashlib.sha256(body).hexdigest())

    def _plan(self, session: Session, send: Send) -> MessagePlan:
        """Read a send's plan once: after release it never changes."""
        with self._keeping:
            if send.id not in self._plans:
                if len(self._plans) >= KEPT_PLANS:
                    self._plans.pop(next(iter(self._plans)))
                self._plans[send.id] = plan_of(session, send)
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

    def _suppression(self, work: Work, client: Client, address: str) -> Suppression | None:
        """Look an address up, with a call of the budget; None also when none is to be had in time."""
        if not take_one(self.database, work.account_id, work.quota, LOOK_UP_SECONDS):
            return None
        page = client.suppressions(email=address)
        return page.items[0] if not isinstance(page, Failure) and page.items else None
