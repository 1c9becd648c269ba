"""`make bench`: figures as ratios against a bare loop measured in the same run; never a gate.

The floor of `pipeline` is a loop on `requests` with ready bodies: the same simulator, threads and payload.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from app.db import Database
from app.migrating import migrate
from app.people.accounts import add_person
from app.people.models import Role, Workspace
from app.settings import Settings
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.bench.pace import pace
from tests.bench.preview import preview
from tests.delivery.ground import Ground
from tests.simulator_process import RunningSimulator

MESSAGES = 1000
HTML = "<p>Hello {{ name }}, row {{ row }}</p>" + "<p>Some words of an ordinary notice.</p>" * 500
"""About 20 kB, as an ordinary notice has."""


def pipeline() -> None:
    """Messages a second: claiming, rendering, posting and recording, against posting alone."""
    with tempfile.TemporaryDirectory() as folder, RunningSimulator(Path(folder), rate_limit=10**6) as simulator:
        settings = Settings.model_validate(
            {
                "POSTROOM_DATA": Path(folder),
                "POSTROOM_SECRET_KEY": "a secret key for the bench, long enough for it",
                "DATABASE_URL": f"sqlite:///{folder}/postroom.sqlite3",
            }
        )
        database = Database(settings.database_url)
        migrate(database)
        with database.writing() as session:
            workspace = Workspace(name="Bench", is_live=True)
            session.add(workspace)
            session.flush()
            actor = add_person(
                session, workspace, email="b@example.com", name="B", password="a long password", role=Role.ADMINISTRATOR
            )
        ground = Ground(settings, database, actor, simulator.base_url)
        floor = _bare_loop(simulator.base_url, settings.connections)
        send_id = ground.send([f"person{number}@example.net" for number in range(MESSAGES)], html=HTML)
        began = time.monotonic()
        ground.deliver(send_id, seconds=300)
        _print("pipeline", "sqlite_zero", MESSAGES / (time.monotonic() - began), "messages/s", floor)
        database.close()
    print(json.dumps({"bench": "pipeline", "ok": True}))


def _bare_loop(base_url: str, threads: int) -> float:
    url = f"{base_url}/accounts/{DEFAULT_ACCOUNT}/email/sending/send"
    body = {"from": "notices@example.com", "subject": "News", "html": HTML, "text": "Hello"}
    bodies = [json.dumps({**body, "to": [f"floor{number}@example.net"]}).encode() for number in range(MESSAGES)]
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {DEFAULT_TOKEN}", "Content-Type": "application/json"})
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda data: session.post(url, data=data, timeout=60).status_code, bodies))
    assert set(answers) == {200}
    return MESSAGES / (time.monotonic() - began)


def _print(bench: str, figure: str, value: float, unit: str, floor: float) -> None:
    row = {"bench": bench, "figure": figure, "value": round(value, 1), "unit": unit, "floor": round(floor, 1)}
    print(json.dumps({**row, "ratio": round(value / floor, 3)}), flush=True)


def _preview() -> None:
    preview(_print)
    print(json.dumps({"bench": "preview", "ok": True}))


def _pace() -> None:
    pace(_print)
    print(json.dumps({"bench": "pace", "ok": True}))


BENCHES: dict[str, Callable[[], None]] = {"pipeline": pipeline, "preview": _preview, "pace": _pace}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = set(wanted) - set(BENCHES)
    if unknown:
        sys.exit(f"There is no bench {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}")
    for name in wanted:
        BENCHES[name]()
