"""No secret stands in clear in the database, in the logs or in a download; and the logs name no people.

Everything is driven through real processes: the pages, a worker, and the simulator.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from app.backup.copying import tables
from app.backup.making import back_up
from app.db import Base, Database
from app.migrating import import_all_tables
from app.people.models import Person
from app.recipients.models import RecipientList
from app.sends.models import Message, SendState
from app.settings import Settings
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from app.web.request import TOKEN as SIGN_IN
from tests.conftest import PASSWORD, SECRET_KEY
from tests.delivery.conftest import simulator, simulator_of_this_process
from tests.delivery.ground import Ground, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator
from tests.web.web_process import RunningWeb

__all__ = ["simulator", "simulator_of_this_process"]

TOKEN = "an-api-token-that-must-never-be-read-4f1c"
WRONG = "a mistyped password, nearly the right one"
METRICS = "a token for the figures only, 9a7d"
PEOPLE = ("zora.quince@example.net", "yusuf.plum@example.net", "bounce-xenia@example.net")
LIST = "email,name,ward\n" + "".join(f"{one},Quincey Plum,Ward-of-the-lake\n" for one in PEOPLE)
WORDS = ("Quincey", "Ward-of-the-lake", "Unlikely-subject", "zora.quince", "yusuf.plum", "bounce-xenia", "example.net")


@dataclass
class Office:
    """A browser that signs in and does a day's work."""

    web: RunningWeb
    session: requests.Session = field(default_factory=requests.Session)
    secrets: list[str] = field(default_factory=list)
    downloads: dict[str, bytes] = field(default_factory=dict)

    def page(self, path: str) -> str:
        return self.session.get(f"{self.web.url}{path}", timeout=60).text

    def post(self, path: str, page: str = "", **given: object) -> requests.Response:
        files = given.pop("files", None)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.page(page or path))
        assert token is not None, path
        self.secrets.append(token[1])
        data = {"csrf_token": token[1], **given}
        return self.session.post(f"{self.web.url}{path}", data=data, files=files, timeout=60)  # type: ignore[arg-type]

    def download(self, path: str) -> None:
        answer = self.session.get(f"{self.web.url}{path}", timeout=60)
        assert answer.status_code == 200, path
        self.downloads[path] = answer.content


@dataclass
class Day:
    """What is left of the day: the database, the lines of the logs, the downloads, and every secret that was used."""

    database: Database
    lines: str
    downloads: dict[str, bytes]
    secrets: dict[str, str]
    folder: Path


@pytest.fixture
def day(
    settings: Settings, database: Database, actor: Person, simulator: RunningSimulator, tmp_path: Path
) -> Iterator[Day]:
    debug = {"POSTROOM_LOG_LEVEL": "debug", "POSTROOM_METRICS_TOKEN": METRICS}
    ground = Ground(settings, database, actor, simulator.base_url)
    with RunningWeb(settings, **debug) as web, RunningWorker(settings, **debug) as worker:
        office = Office(web)
        office.post("/sign-in", email=actor.email, password=WRONG)
        assert office.post("/sign-in", email=actor.email, password=PASSWORD).url == f"{web.url}/"
        office.post(
            "/settings/connection",
            "/settings",
            account_id=DEFAULT_ACCOUNT,
            token=TOKEN,
            base_url=simulator.base_url,
            calls_per_5_minutes="1200",
        )
        with database.reading() as session:
            sealed = session.connection().exec_driver_sql("SELECT token_sealed FROM connection").scalar()
        ground.connection(token=DEFAULT_TOKEN)
        uploaded = office.post("/lists/new", name="Ward", files={"file": ("list.csv", LIST.encode(), "text/csv")})
        wait_for(lambda: "can be saved" in office.page(uploaded.url.removeprefix(web.url)))
        office.post(f"{uploaded.url.removeprefix(web.url)}/save", uploaded.url.removeprefix(web.url), name="Ward")
        wait_for(lambda: _list_id(database) is not None)
        send_id = ground.send(
            list(PEOPLE), html="<p>Unlikely-subject {{ name }}</p>", data=lambda number: {"ward": "Ward-of-the-lake"}
        )
        wait_for(lambda: ground.state(send_id) is SendState.FINISHED)
        with database.reading() as session:
            reference = session.scalars(select(Message.reference).order_by(Message.id)).first()
        stranger = requests.post(f"{web.url}/u/{reference}", data={"List-Unsubscribe": "One-Click"}, timeout=30)
        assert stranger.status_code in {200, 302, 404}
        requests.get(f"{web.url}/metrics", headers={"Authorization": f"Bearer {METRICS}"}, timeout=30)
        requests.get(f"{web.url}/sends/{TOKEN}?q={PEOPLE[0]}", timeout=30)
        for path in (
            f"/lists/{_list_id(database)}/download.csv",
            f"/sends/{send_id}/download",
            f"/sends/person/data.json?email={PEOPLE[0]}",
            f"/sends/person/data.csv?email={PEOPLE[0]}",
            "/templates/download",
            "/activity",
            "/settings",
        ):
            office.download(path)
        cookie = "; ".join(one.value or "" for one in office.session.cookies)
        time.sleep(1)
        lines = web.words + worker.words
    assert sealed is not None and TOKEN not in str(sealed)
    found = {
        "the API token": TOKEN,
        "the password": PASSWORD,
        "the mistyped password": WRONG,
        "the secret key": SECRET_KEY,
        "the token of the figures": METRICS,
        "the sign-in cookie": cookie,
        "the token of the sign-in": token_in(cookie),
        **{f"CSRF token {number}": one for number, one in enumerate(office.secrets)},
    }
    yield Day(database, lines, office.downloads, found, tmp_path)


def token_in(cookie: str) -> str:
    """The token that a session cookie carries, which only its signature keeps from being made up."""
    packed = cookie.lstrip(".").partition(".")[0]
    raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    token = json.loads(zlib.decompress(raw) if cookie.startswith(".") else raw)[SIGN_IN]
    assert isinstance(token, str) and len(token) > 20
    return token


def _list_id(database: Database) -> int | None:
    with database.reading() as session:
        return session.scalars(select(RecipientList.id)).first()


def spellings(secret: str) -> set[str]:
    """A secret as it is, and as it is easily read back."""
    raw = secret.encode()
    return {
        secret,
        json.dumps(secret)[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
    }


def everything(database: Database) -> Iterator[tuple[str, str]]:
    """Every value of every column of every table, as text."""
    with database.engine.connect() as connection:
        for table in tables():
            for row in connection.execute(table.select()).mappings():
                for name, value in row.items():
                    if value is not None:
                        raw = value.decode("latin-1") if isinstance(value, bytes) else value
                        yield f"{table.name}.{name}", raw if isinstance(raw, str) else json.dumps(raw, default=str)


def test_no_secret_stands_anywhere_in_clear_and_no_log_names_people(day: Day) -> None:
    assert any(PEOPLE[0] in value for _, value in everything(day.database)), "the search would find what is there"
    assert any(PEOPLE[0].encode() in content for content in day.downloads.values())
    forms = {name: spellings(secret) for name, secret in day.secrets.items()}
    read = {
        (name, place)
        for place, value in everything(day.database)
        for name, spelled in forms.items()
        if any(one in value for one in spelled)
    }
    assert read == set()

    for name, spelled in forms.items():
        assert not [one for one in spelled if one in day.lines], f"{name} stands in the log"
        for path, content in day.downloads.items():
            pages = {"/settings", "/activity"}  # a page has CSRF tokens of its own, for whoever is signed in
            if path in pages and name.startswith("CSRF"):
                continue
            assert not [one for one in spelled if one.encode() in content], f"{name} stands in {path}"

    for word in (*WORDS, "ada@example.com", "Ada Admin"):
        assert word not in day.lines, f"the log names {word}"
    assert "people.sign_in" not in day.lines and "/sign-in" in day.lines, "the log tells of the routes"

    file = day.folder / "backup"
    back_up(day.database, file)
    raw = file.read_bytes()
    for name, spelled in forms.items():
        assert not [one for one in spelled if one.encode() in raw], f"{name} stands in the backup"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM postroom_backup WHERE name = 'secret_keys'").fetchone() == (0,)


def test_every_column_that_sounds_like_a_secret_is_sealed_or_a_digest() -> None:
    """A new column for a secret must be sealed (`…_sealed`), a digest (`…_hash`, `…_sha256`), or be named here."""
    import_all_tables()
    no_secrets = {"send.link_key"}
    sounds = re.compile(r"password|secret|token|totp|recovery|invitation|credential|link_key|api_key")
    fine = re.compile(r"_sealed$|_hash$|_sha256$|_digest$|_at$|_id$|_until$|_since$")
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if sounds.search(column.name) and not fine.search(column.name)
    }
    numbers = {"rate_budget.tokens", "send_pace.tokens"}
    assert found - no_secrets - numbers == set()
