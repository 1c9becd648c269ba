"""The sweeper: takes over what a dead worker held, and wakes what nobody works on. Safe to run at any time."""

from __future__ import annotations

import fcntl
import logging
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from app.db import Database, now
from app.delivery.clock import Held, HolderWatch
from app.delivery.jobs import Queue
from app.delivery.lanes import expired, void
from app.delivery.models import Lane, RateBudget, Worker
from app.delivery.recording import finish_when_done
from app.sends.models import AT_WORK, Message, Outcome, Send, SendPace, SendState
from app.sends.tallies import move

log = logging.getLogger(__name__)


def sweep(database: Database, queue: Queue, lease_seconds: float, holders: HolderWatch | None = None) -> None:
    """Take over expired leases (their messages in hand become `unknown`, P3), then wake what has no lane.

    `holders`, kept from sweep to sweep, finds those whose lease only seems to last, because a clock was set back.
    """
    with database.reading() as session:
        silent = holders.silent(session, lease_seconds) if holders is not None else {}
        ended = {*expired(session), *silent}
    for lane_id in sorted(ended):
        with database.writing() as session:  # one each: locks of one lane never wait for those of another
            lane = _take_over(session, lane_id, lease_seconds, silent.get(lane_id))
        if lane is not None:
            queue.lane(lane.id, lane.generation)
    with database.reading() as session:
        idle = session.scalars(
            select(Send.id).where(Send.state.in_(AT_WORK), ~exists().where(Lane.send_id == Send.id))
        ).all()
    for send_id in idle:
        with database.writing() as session:
            done = finish_when_done(session, send_id)
        if not done:
            queue.wake(send_id)


def void_all_leases(database: Database) -> None:
    """Let every lease run out: on one machine, where this is the only worker, nobody can hold one."""
    with database.writing() as session:
        session.execute(update(Lane).values(lease_until=now() - timedelta(seconds=1)))


def after_clock_set_back(database: Database, queue: Queue, seconds: float) -> None:
    """Let nothing wait for times of the old clock: retries, paces, blocks and waiting lanes go by the new one.

    Times that a person or the service chose, such as a send's start, stand as they are. A retry comes a little early by
    this, and is known not to have gone out; the account's block, which the service asked for, keeps its length.
    """
    log.warning("the clock was set back by %.0f s; what waits is looked at again", seconds)
    at = now()
    with database.writing() as session:
        session.execute(delete(Worker).where(Worker.seen_at > at))  # the living show themselves again
        session.execute(update(SendPace).where(SendPace.filled_at > at).values(filled_at=at))
        if database.is_sqlite:  # PostgreSQL has a clock of its own for these
            for row in session.scalars(select(RateBudget).where(RateBudget.blocked_until > at)):
                row.blocked_until = max(at, (row.blocked_until or at) - timedelta(seconds=seconds))
        sends = session.scalars(select(Send.id).where(Send.state.in_([*AT_WORK, SendState.PAUSED]))).all()
    for send_id in sends:
        with database.writing() as session:
            session.execute(
                update(Message)
                .where(Message.send_id == send_id, Message.state == Outcome.PENDING, Message.next_try_at > at)
                .values(next_try_at=at)
                .execution_options(synchronize_session=False)
            )
        queue.wake(send_id)


class AlreadyRunning(Exception):
    """Another worker holds the data folder."""


def only_worker(data: Path) -> ExitStack:
    """Hold the data folder for the one worker that SQLite allows. Raises AlreadyRunning."""
    data.mkdir(parents=True, exist_ok=True)
    stack = ExitStack()
    file = stack.enter_context((data / "worker.lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stack.close()
        raise AlreadyRunning from error
    return stack


def _take_over(session: Session, lane_id: int, lease_seconds: float, silent: Held | None) -> Lane | None:
    lane = void(session, lane_id, lease_seconds, silent)
    if lane is None:
        return None
    doubtful = session.execute(
        update(Message)
        .where(Message.send_id == lane.send_id, Message.lane_id == lane.id, Message.state == Outcome.SENDING)
        .values(state=Outcome.UNKNOWN, reason="no_answer", detail="", changed_at=now())
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    if doubtful:
        numbers = {"send_id": lane.send_id, "lane_id": lane.id, "messages": doubtful}
        log.warning("messages are in doubt after a worker stopped", extra=numbers)
        move(session, lane.send_id, {(Outcome.SENDING, Outcome.UNKNOWN): doubtful})
    return lane
