"""The sweeper: takes over what a dead worker held, and wakes what nobody works on. Safe to run at any time."""

from __future__ import annotations

import fcntl
import logging
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.db import Database, now
from app.delivery.jobs import Queue
from app.delivery.lanes import expired, void
from app.delivery.models import Lane
from app.delivery.recording import finish_when_done
from app.sends.models import AT_WORK, Message, Outcome, Send
from app.sends.tallies import move

log = logging.getLogger(__name__)


def sweep(database: Database, queue: Queue, lease_seconds: float) -> None:
    """Take over expired leases (their messages in hand become `unknown`, P3), then wake what has no lane."""
    with database.reading() as session:
        silent = expired(session)
    for lane_id in silent:
        with database.writing() as session:  # one each: locks of one lane never wait for those of another
            lane = _take_over(session, lane_id, lease_seconds)
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


def _take_over(session: Session, lane_id: int, lease_seconds: float) -> Lane | None:
    lane = void(session, lane_id, lease_seconds)
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
