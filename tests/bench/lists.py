"""`make bench ONLY=lists`: pages of a list of a million × 8 columns, searched, filtered and sorted, on both databases.

A figure is the p95 of the whole answer of the page, in ms; its floor is the target of 100 ms. `PEOPLE` in the
environment makes the list shorter. `sort_build` is what the worker needs to sort the list after an import, beside a
plain bulk insert of the same people.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import argon2
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import create_app
from app.db import Database, table_of
from app.migrating import migrate
from app.people import accounts
from app.people.models import Workspace
from app.people.roles import Role
from app.recipients.changes.models import SortedColumn
from app.recipients.columns import ColumnKind
from app.recipients.finding import keying, sorting
from app.recipients.models import Recipient, RecipientList
from app.settings import Settings
from tests.postgres import fresh_database, running_postgres

PEOPLE = int(os.environ.get("PEOPLE", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "15"))
TARGET_MS = 100.0
CHUNK = 5_000
PASSWORD = "a long password for the bench"
COLUMNS = ["first_name", "last_name", "city", "renewal", "fee", "active", "member", "note"]
KINDS = {"renewal": ColumnKind.DATE, "fee": ColumnKind.NUMBER, "active": ColumnKind.YES_NO}
Show = Callable[..., None]


def lists(show: Show) -> None:
    """Print the figures of both databases."""
    accounts.hasher = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        database = Database(f"sqlite:///{folder}/postroom.sqlite3")
        migrate(database)
        _measure(show, database, Path(folder), "sqlite")
    with (
        tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder,
        running_postgres(Path(folder) / "server") as server,
        fresh_database(server) as url,
    ):
        _measure(show, Database(url), Path(folder), "postgresql")


def _measure(show: Show, database: Database, folder: Path, where: str) -> None:
    list_id, client = _ground(database, folder)
    inserted = _timed(lambda: _fill(database, list_id))
    built = _timed(lambda: keying.make_keys(database, list_id)) + _timed(lambda: sorting.build(database, list_id))
    with database.reading() as session:
        assert all(one.is_ready for one in session.query(SortedColumn)), "the order was not built"
    show("lists", f"{where}_sort_build", built, "s", inserted)
    for name, address in _pages(list_id):
        _get(client, address(ROUNDS))  # the first answer reads page templates, too
        times = []
        for number in range(ROUNDS):
            took = _timed(lambda address=address, number=number: _get(client, address(number)))  # type: ignore[misc]
            times.append(took * 1000)
        show("lists", f"{where}_{name}", _p95(times), "ms", TARGET_MS, median=statistics.median(times))
    database.close()


def _pages(list_id: int) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Give the pages; each round asks something else, so that no answer is remembered."""
    url = f"/lists/{list_id}"

    def wanted(*rows: tuple[str, str, str], more: str = "") -> str:
        parts = [f"filter_column={c}&filter_operator={o}&filter_value={v}" for c, o, v in rows]
        return f"{url}?{'&'.join(parts)}{more}"

    yield "first_page", lambda n: url
    for column in ("name", *COLUMNS):
        yield f"sort_{column}", lambda n, column=column: f"{url}?sort={column}{'&down=yes' * (n % 2)}"  # type: ignore[misc]
    yield "deep_page", lambda n: f"{url}?sort=city&after=city+{100 + n}&after_id=5"
    yield "search_address", lambda n: f"{url}?q=p{n}0{n}"
    yield "search_many", lambda n: f"{url}?q={'abcdefghijklmno'[n % 15]}"
    yield "search_last_name", lambda n: f"{url}?q=last{n}77"
    yield "search_nobody", lambda n: f"{url}?q=zzz{n}"
    yield "filter_city", lambda n: wanted(("city", "is", f"City+{n}"))
    yield "filter_city_sorted", lambda n: wanted(("city", "is", f"City+{n}"), more="&sort=fee&down=yes")
    yield "filter_rare", lambda n: wanted(("member", "begins_with", f"0{n:02}12"), more="&sort=renewal")
    yield "filter_half", lambda n: wanted(("active", "is_yes", ""), more=f"&sort={COLUMNS[n % 8]}")
    yield (
        "filter_two",
        lambda n: wanted(("city", "is", f"City+{n}"), ("renewal", "before", "1+May+2026"), more="&sort=last_name"),
    )
    yield (
        "filter_any",
        lambda n: wanted(("city", "is", f"City+{n}"), ("fee", "less_than", "2"), more="&filter_match=any"),
    )
    yield "filter_is_not", lambda n: wanted(("city", "is_not", f"City+{n}"))
    yield "filter_contains", lambda n: wanted(("last_name", "contains", f"st{n}"))
    yield "filter_contains_nothing", lambda n: wanted(("note", "contains", f"zzz{n}"))


def _ground(database: Database, folder: Path) -> tuple[int, FlaskClient]:
    with database.writing() as session:
        workspace = Workspace(name="Bench", is_live=True)
        session.add(workspace)
        session.flush()
        accounts.add_person(
            session, workspace, email="a@example.com", name="A", password=PASSWORD, role=Role.ADMINISTRATOR
        )
        found = RecipientList(
            workspace_id=workspace.id,
            name="A million",
            columns=COLUMNS,
            column_kinds={column: str(kind) for column, kind in KINDS.items()},
            recipient_count=PEOPLE,
        )
        session.add(found)
        session.flush()
        list_id = found.id
    settings = Settings.model_validate(
        {
            "POSTROOM_DATA": folder / "data",
            "POSTROOM_SECRET_KEY": "a secret key for the bench, long enough for its check",
            "DATABASE_URL": database.url,
        }
    )
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False)
    client = app.test_client()
    assert client.post("/sign-in", data={"email": "a@example.com", "password": PASSWORD}).status_code == 302
    return list_id, client


def _fill(database: Database, list_id: int) -> None:
    """Insert people as an import does: without keys."""
    chance = random.Random(6)
    for begin in range(0, PEOPLE, CHUNK):
        rows = [_person(chance, list_id, number) for number in range(begin, min(begin + CHUNK, PEOPLE))]
        with database.writing() as session:
            session.execute(insert(table_of(Recipient)), rows)


def _person(chance: random.Random, list_id: int, number: int) -> dict[str, object]:
    first, last = f"First{chance.randrange(5_000)}", f"Last{chance.randrange(20_000)}"
    email = f"{chance.choice('abcdefghijklmnop')}{number}.{last.lower()}@example.com"
    data = {
        "first_name": first,
        "last_name": last,
        "city": f"City {chance.randrange(300)}",
        "renewal": f"{chance.randrange(1, 29)}/{chance.randrange(1, 13)}/{chance.randrange(2024, 2028)}",
        "fee": f"{chance.randrange(200_000) / 100:,.2f}",
        "active": chance.choice(["yes", "no"]),
        "member": f"{chance.randrange(10**9):012d}",
        "note": f"Note {chance.randrange(10**6)} of the desk",
    }
    return {"list_id": list_id, "email": email, "email_key": email, "name": f"{first} {last}", "data": data}


def _get(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    assert "This list is being sorted" not in answer.text, address


def _timed(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, round(len(times) * 0.95) - 1)]
