"""What Prometheus may know: figures of the whole installation, read from the database, with no person in them.

Every figure comes from counts that are kept anyway; messages are never counted. The number of statements does not
depend on how many sends, accounts or workers there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from app.cloudflare.contract import CALLS_IN_WINDOW
from app.db import now
from app.delivery import pacing
from app.delivery.jobs import Queue
from app.delivery.models import PostTime, RateBudget, Worker
from app.delivery.post_times import BOUNDS_MS, LONGER
from app.delivery.worker import ALIVE_SECONDS
from app.people.connection import from_environment
from app.people.models import Connection
from app.sends.models import AT_WORK, Message, Outcome, Send, SendState, SendTally
from app.settings import Settings


def exposition(session: Session, settings: Settings, queue: Queue) -> bytes:
    """Give all figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(session, settings, queue))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, session: Session, settings: Settings, queue: Queue) -> None:
        self._session = session
        self._settings = settings
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        """Read everything."""
        session, at = self._session, now()
        yield from _sends_and_messages(session)
        yield _one(
            "postroom_oldest_due_message_seconds",
            "How long the e-mail that waits longest has been due; 0: none is",
            _oldest_due(session, at),
        )
        yield from _jobs(self._queue)
        yield from _budgets(session, self._settings)
        alive = select(func.count()).select_from(Worker).where(Worker.seen_at > at - timedelta(seconds=ALIVE_SECONDS))
        words = f"Workers that showed a sign of life in the last {ALIVE_SECONDS:.0f} seconds"
        yield _one("postroom_workers_alive", words, session.scalar(alive) or 0)
        yield _posts(session)


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _sends_and_messages(session: Session) -> Iterator[Metric]:
    sends = GaugeMetricFamily("postroom_sends", "Sends by state", labels=["state"])
    by_state = dict(session.execute(select(Send.state, func.count()).group_by(Send.state)).all())
    for state in SendState:
        sends.add_metric([state], by_state.get(state, 0))
    yield sends
    tally = select(SendTally.outcome, func.sum(SendTally.count), func.sum(SendTally.retrying))
    rows = {
        outcome: (count, retrying) for outcome, count, retrying in session.execute(tally.group_by(SendTally.outcome))
    }
    messages = GaugeMetricFamily("postroom_messages", "E-mails of released sends by outcome", labels=["outcome"])
    for outcome in Outcome:
        messages.add_metric([outcome], int(rows.get(outcome, (0, 0))[0]))
    yield messages
    retrying = int(rows.get(Outcome.PENDING, (0, 0))[1])
    yield _one("postroom_messages_retrying", "Pending e-mails that failed before and wait for a retry", retrying)


def _oldest_due(session: Session, at: datetime) -> float:
    """Give the seconds since the longest waiting e-mail of a send at work was due, pauses among them."""
    pending = (Message.send_id == Send.id, Message.state == Outcome.PENDING)
    retry = select(func.min(Message.next_try_at)).where(*pending).scalar_subquery()
    began = func.coalesce(Send.first_post_at, Send.start_at, Send.released_at)
    new = case((exists().where(*pending, Message.next_try_at.is_(None)), began))
    is_due = Send.start_at.is_(None) | (Send.start_at <= at)
    rows = session.execute(select(new, retry).where(Send.state.in_(AT_WORK), is_due))
    times: list[datetime] = [time for row in rows for time in row if time is not None]
    return max((at - min(times)).total_seconds(), 0.0) if times else 0.0


def _jobs(queue: Queue) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "postroom_jobs", "Jobs in the engine: ready to run, or waiting for a time", labels=["state"]
    )
    ready, scheduled = queue.waiting()
    jobs.add_metric(["ready"], ready)
    jobs.add_metric(["scheduled"], scheduled)
    yield jobs


def _budgets(session: Session, settings: Settings) -> Iterator[Metric]:
    labels = ["account"]
    limit = GaugeMetricFamily("postroom_rate_limit_calls", "Calls the account may make in five minutes", labels=labels)
    left = GaugeMetricFamily("postroom_rate_left_calls", "Calls of the budget that may be made now", labels=labels)
    blocked = GaugeMetricFamily(
        "postroom_rate_blocked_seconds", "How long the service still asked to wait; 0: it does not", labels=labels
    )
    total = GaugeMetricFamily("postroom_quota_emails", "E-mails the account may send in a day or hour", labels=labels)
    rest = GaugeMetricFamily("postroom_quota_left_emails", "E-mails that the quota leaves", labels=labels)
    at = pacing.clock(session)
    limits = _limits(session, settings)
    for row in session.scalars(select(RateBudget).order_by(RateBudget.account_id)):
        account, calls = [row.account_id], limits.get(row.account_id, CALLS_IN_WINDOW)
        limit.add_metric(account, calls)
        left.add_metric(account, pacing.calls_left(row, calls, at))
        waits = (row.blocked_until - at).total_seconds() if row.blocked_until else 0
        blocked.add_metric(account, max(0.0, waits))
        if row.quota_value is not None:  # the service does not tell every account
            total.add_metric(account, row.quota_value)
        e_mails = pacing.e_mails_left(row, at)
        if e_mails is not None:
            rest.add_metric(account, e_mails)
    yield from (limit, left, blocked, total, rest)


def _limits(session: Session, settings: Settings) -> dict[str, int]:
    """Give each account's calls in five minutes; the account of the environment goes before those of the pages."""
    found: dict[str, int] = {}
    rows = session.execute(select(Connection.workspace_id, Connection.account_id, Connection.calls_per_5_minutes))
    for workspace_id, account, calls in rows:
        fixed = from_environment(session, settings, workspace_id)
        name = (fixed.account_id if fixed else None) or account
        found[name] = max(calls, found.get(name, 0))
    return found


def _posts(session: Session) -> Metric:
    """Give how POSTs were answered, by HTTP status; `none`: no answer came."""
    words = "POSTs to the mail service by the HTTP status of the answer, and how long they took"
    posts = HistogramMetricFamily("postroom_post_seconds", words, labels=["http_status"])
    rows = session.scalars(select(PostTime)).all()
    for status in sorted({row.http_status for row in rows}):
        mine = {row.up_to_ms: row for row in rows if row.http_status == status}
        buckets, so_far = [], 0
        for bound in (*BOUNDS_MS, LONGER):
            so_far += mine[bound].count if bound in mine else 0
            buckets.append(("+Inf" if bound == LONGER else str(bound / 1000), so_far))
        label = str(status) if status else "none"
        posts.add_metric([label], buckets, sum_value=sum(row.seconds for row in mine.values()))
    return posts
