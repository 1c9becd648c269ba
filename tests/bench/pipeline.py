"""Figures of the pipeline: what the worker makes of the speed of a bare loop on `requests` (issue 5).

Every figure and its floor are measured in one run: same payload, threads, processes and sink; half of the floor before
and half after, because other programs use the machine too.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import requests
from sqlalchemy import func, select

from app.db import Database, now
from app.delivery.jobs import Queue
from app.delivery.models import Worker
from app.migrating import migrate
from app.people.accounts import add_person
from app.people.models import Workspace
from app.people.roles import Role
from app.sends.models import Outcome, Send, SendState
from app.settings import Settings
from tests.bench.rows import print_row
from tests.delivery.ground import Ground
from tests.delivery.worker_process import RunningWorker
from tests.postgres import fresh_database, running_postgres
from tests.simulator_process import ROOT, free_port

BODY_BYTES = 25_000
HTML = "<p>Hello {{ name }}, row {{ row }}</p>" + "<p>Some words of an ordinary notice.</p>" * 614
"""A body of about 25 kB when it is posted."""
PRESSES = 20
LATENCY = 0.05
FAR = now() + timedelta(days=300)
MANY_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run took: messages a second, and CPU seconds of all its processes for one message."""

    rate: float
    cpu: float


class Sink:
    """A running `tests.bench.sink`; a context manager."""

    def __init__(self, latency: float = 0.0) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.base_url = f"{self.url}/client/v4"
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "tests.bench.sink", "--port", port, "--latency", str(latency)]
        self._process = subprocess.Popen(command, cwd=ROOT)
        wait_until(self._answers)

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def record(self) -> dict[str, Any]:
        """Give what arrived since `forget`."""
        found: dict[str, Any] = requests.get(f"{self.url}/record", timeout=10).json()
        return found

    def forget(self) -> None:
        """Empty the record."""
        requests.delete(f"{self.url}/record", timeout=10)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/record", timeout=1).ok
        except requests.RequestException:
            return False


def wait_until(done: Callable[[], bool], *, seconds: float = 60, rest: float = 0.02) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(rest)


@contextmanager
def a_ground(folder: Path, base_url: str, database_url: str = "", **settings: Any) -> Iterator[Ground]:
    """Give an organisation in a fresh database: SQLite in the folder when no URL is given."""
    made = Settings.model_validate(
        {
            "POSTROOM_DATA": folder / "data",
            "POSTROOM_SECRET_KEY": "a secret key for the bench, long enough for it",
            "DATABASE_URL": database_url or f"sqlite:///{folder}/postroom.sqlite3",
            **settings,
        }
    )
    database = Database(made.database_url)
    try:
        migrate(database)
        with database.writing() as session:
            workspace = Workspace(name="Bench", is_live=True)
            session.add(workspace)
            session.flush()
            actor = add_person(
                session, workspace, email="b@example.com", name="B", password="a long password", role=Role.ADMINISTRATOR
            )
        ground = Ground(made, database, actor, base_url)
        ground.connection(calls_per_5_minutes=1_000_000_000)
        yield ground
    finally:
        database.close()


@contextmanager
def databases(folder: Path, kind: str) -> Iterator[str]:
    """Give the URL of a fresh database of a kind; empty for SQLite."""
    if kind == "sqlite":
        yield ""
        return
    with running_postgres(folder / "postgres") as server, fresh_database(server) as url:
        yield url


def bare_loops(sink: Sink, *, threads: int, count: int, processes: int = 1) -> Measured:
    """Run the floor: `count` posts in each of so many processes."""
    command = [sys.executable, "-m", "tests.bench.bare_loop", sink.base_url, *map(str, (threads, count, BODY_BYTES))]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [json.loads(one.communicate()[0]) for one in running]
    seconds = max(one["ended"] for one in said) - min(one["began"] for one in said)
    return Measured(count * processes / seconds, sum(one["cpu"] for one in said) / (count * processes))


def delivered(ground: Ground, sink: Sink, *, count: int, workers: int = 1, seconds: float = 900) -> Measured:
    """Let worker processes deliver a send of `count` messages; from the first claim to the last record.

    The sink's own record is held against ours: nobody missed, nobody twice.
    """
    sink.forget()
    send_id = ground.send([f"person{number}@example.net" for number in range(count)], html=HTML, start_at=FAR)
    with ExitStack() as stack:
        running = [
            stack.enter_context(RunningWorker(ground.settings, POSTROOM_CONNECTIONS=str(ground.settings.connections)))
            for _ in range(workers)
        ]
        wait_until(lambda: workers_alive(ground) == workers)
        time.sleep(1)
        before = [cpu_seconds(one) for one in running]
        begin_now(ground, send_id)
        wait_until(lambda: ground.state(send_id) is SendState.FINISHED, seconds=seconds, rest=0.25)
        cpu = sum(cpu_seconds(one) - earlier for one, earlier in zip(running, before, strict=True))
        the_send = ground.the_send(send_id)
    seen = sink.record()
    assert ground.tally(send_id) == {Outcome.DELIVERED: count}
    assert (seen["requests"], seen["distinct"], seen["twice"]) == (count, count, 0), seen
    assert abs(seen["mean_size"] - BODY_BYTES) < 1000, seen
    assert the_send.finished_at is not None and the_send.first_post_at is not None
    took = (the_send.finished_at - the_send.first_post_at).total_seconds()
    return Measured(count / took, cpu / count)


def begin_now(ground: Ground, send_id: int) -> None:
    """Let a send that was scheduled for later begin at once."""
    with ground.database.writing() as session:
        session.get_one(Send, send_id).start_at = now()
    queue = Queue(ground.settings, ground.database)
    queue.wake(send_id)


def workers_alive(ground: Ground) -> int:
    """Count the workers that showed a sign of life."""
    with ground.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Worker)) or 0


def cpu_seconds(worker: RunningWorker) -> float:
    """Give the CPU seconds of a worker's process so far."""
    assert worker.process is not None
    times = psutil.Process(worker.process.pid).cpu_times()
    return float(times.user + times.system)


def figure(
    name: str, kind: str, *, count: int, latency: float = 0.0, connections: int = 8, workers: int = 1
) -> Measured:
    """Measure one figure and print it beside the floor of the same run."""
    with (
        tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder,
        Sink(latency) as sink,
        databases(Path(folder), kind) as url,
        a_ground(Path(folder), sink.base_url, url, POSTROOM_CONNECTIONS=connections) as ground,
    ):
        half = count // workers // 2
        first = bare_loops(sink, threads=connections, count=half, processes=workers)
        ours = delivered(ground, sink, count=count, workers=workers)
        second = bare_loops(sink, threads=connections, count=half, processes=workers)
    loop = 2 / (1 / first.rate + 1 / second.rate)
    ceiling = connections / latency * workers if latency else loop
    cpu = {"cpu_ms": ours.cpu * 1000, "floor_cpu_ms": (first.cpu + second.cpu) * 500}
    print_row("pipeline", name, ours.rate, "messages/s", min(ceiling, loop), bare_loop=loop, ceiling=ceiling, **cpu)
    return ours


def press_to_first_post(presses: int = PRESSES) -> None:
    """Print how long after the end of its undo window a released send makes its first POST, on the embedded default."""
    waits: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder,
        Sink() as sink,
        a_ground(Path(folder), sink.base_url) as ground,
        RunningWorker(ground.settings),
    ):
        wait_until(lambda: workers_alive(ground) == 1)
        for number in range(presses):
            sink.forget()
            undo = 1 + number / presses
            start = now() + timedelta(seconds=undo)
            send_id = ground.send([f"press{number}@example.net"], html=HTML, start_at=start)
            Queue(ground.settings, ground.database).wake(send_id)
            wait_until(lambda: sink.record()["requests"] > 0)
            waits.append((sink.record()["first_at"] - start.timestamp()) * 1000)
            assert waits[-1] >= 0, "it left before its time"
    p95 = statistics.quantiles(waits, n=20)[-1]
    print_row("pipeline", "press_to_first_post_ms", p95, "ms p95", 500, median=statistics.median(waits))


def pipeline(count: int = 20_000) -> None:
    """Print every figure of the pipeline."""
    figure("sqlite_zero", "sqlite", count=count)
    figure("postgres_zero", "postgresql", count=count)
    many = {"latency": LATENCY, "connections": MANY_CONNECTIONS}
    figure("sqlite_50ms", "sqlite", count=count, **many)
    one = figure("postgres_50ms_1", "postgresql", count=count, **many)
    two = figure("postgres_50ms_2", "postgresql", count=2 * count, workers=2, **many)
    print_row("pipeline", "postgres_50ms_2_by_1", two.rate / one.rate, "times", 1.8)
    press_to_first_post()
