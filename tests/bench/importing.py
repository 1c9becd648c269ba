"""Imports of spreadsheets: a CSV file of a million rows through a real worker, and a workbook of 100,000.

`ROWS` and `WORKBOOK_ROWS` in the environment make them shorter. The floor of the CSV file is the same file parsed by
Python's own reader and inserted in chunks of the same size, checked for nothing; that of the workbook is the library
reading it, with nothing done with the rows; `xlsx_100k_reading` is our reading alone, cells as they are typed. Our
library is a fast one, written in Rust; the floor of `xlsx_100k_openpyxl` is the one that most Python programs use.
"""

from __future__ import annotations

import csv
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import openpyxl
import requests
from python_calamine import CalamineWorkbook
from sqlalchemy import func, insert, select

from app.db import Database, table_of
from app.delivery.jobs import Queue
from app.recipients.files.reading import open_table
from app.recipients.imports import uploads
from app.recipients.imports.staging import CHUNK
from app.recipients.models import ImportState, ListUpload, Recipient, RecipientList
from tests.bench.million import Memory, running_web, signed_in_session
from tests.bench.pipeline import Sink, a_ground, wait_until, workers_alive
from tests.bench.rows import print_row
from tests.delivery.ground import Ground
from tests.delivery.worker_process import RunningWorker

ROWS = int(os.environ.get("ROWS", "1000000"))
WORKBOOK_ROWS = int(os.environ.get("WORKBOOK_ROWS", "100000"))
COLUMNS = ["email", "name", "first name", "city", "code", "renewal", "amount", "note"]
VARIABLES = ["first_name", "city", "code", "renewal", "amount", "note"]
MEMORY_LIMIT = 300
PAGE_LIMIT_MS = 200


def importing() -> None:
    """Print the figures of imports."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as name:
        folder = Path(name)
        file, workbook = folder / "people.csv", folder / "people.xlsx"
        _write_csv(file)
        _write_workbook(workbook)
        with (
            Sink() as sink,
            a_ground(folder, sink.base_url) as ground,
            RunningWorker(ground.settings) as worker,
            running_web(ground) as base_url,
        ):
            wait_until(lambda: workers_alive(ground) == 1)
            assert worker.process is not None
            floor = _floor(ground, file)
            memory = Memory(worker.process.pid)
            pages = _Pages(base_url)
            seconds = _import(ground, file, pages.watch)
            memory.stop()
            good = ROWS - ROWS // 100
            assert _count(ground, "people") == good, "every good row is in the list, and no bad one"
            parts = {"rows": ROWS, "rows_per_second": ROWS / seconds}
            print_row("import", "csv_1m", seconds, "s", floor, limit_ratio=3, **parts)
            print_row("import", "csv_1m_worker_memory", memory.most, "MiB", MEMORY_LIMIT)
            waits = pages.waits()
            p95 = statistics.quantiles(waits, n=20)[-1]
            print_row("import", "csv_1m_pages_meanwhile", p95, "ms p95", PAGE_LIMIT_MS, looks=len(waits))
            _of_workbook(ground, workbook)


def _row(number: int) -> list[str]:
    """One person; one in a hundred has something wrong."""
    email = f"person{number}@example.com" if number % 100 else f"person{number} at example.com"
    return [
        email,
        f"Person {number}",
        f"First{number % 5_000}",
        f"City {number % 90}",
        f"{number:07}",
        f"2027-{number % 12 + 1:02}-{number % 28 + 1:02}",
        f"{number % 1_000}.50",
        "A note of some words, as people write them",
    ]


def _write_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(_row(number) for number in range(ROWS))


def _write_workbook(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.append(COLUMNS)
    for number in range(WORKBOOK_ROWS):
        sheet.append(_row(number))
    book.save(path)


def _floor(ground: Ground, file: Path) -> float:
    """Parse and insert, nothing else: seconds."""
    with ground.database.writing() as session:
        bare = RecipientList(workspace_id=ground.actor.workspace_id, name="Floor", columns=VARIABLES)
        session.add(bare)
    began = time.monotonic()
    with file.open(newline="", encoding="utf-8") as lines:
        rows = csv.reader(lines)
        next(rows)
        while chunk := list(islice(rows, CHUNK)):
            values = [
                {
                    "list_id": bare.id,
                    "email": row[0],
                    "email_key": row[0].lower(),
                    "name": row[1],
                    "data": dict(zip(VARIABLES, row[2:], strict=True)),
                }
                for row in chunk
            ]
            with ground.database.writing() as session:
                session.execute(insert(table_of(Recipient)), values)
    return time.monotonic() - began


def _import(ground: Ground, file: Path, meanwhile: Callable[[int], None] = lambda _: None) -> float:
    """Upload, check, and change the list, as pages and the worker do: seconds of it all."""
    queue = Queue(ground.settings, ground.database)
    began = time.monotonic()
    with file.open("rb") as content:
        upload_id = uploads.keep_upload(ground.database, ground.actor, list_name="", file=content, file_name=file.name)
    queue.import_list(upload_id)
    meanwhile(upload_id)
    wait_until(lambda: _state(ground.database, upload_id) is ImportState.READY, seconds=1800, rest=0.1)
    with ground.database.writing() as session:
        uploads.save_upload(session, ground.actor, upload_id, list_name=file.stem)
    queue.import_list(upload_id)
    wait_until(lambda: _state(ground.database, upload_id) is ImportState.DONE, seconds=1800, rest=0.1)
    return time.monotonic() - began


def _of_workbook(ground: Ground, workbook: Path) -> None:
    def read() -> float:
        began = time.monotonic()
        cells = sum(len(row) for row in CalamineWorkbook.from_path(workbook).get_sheet_by_index(0).iter_rows())
        assert cells == (WORKBOOK_ROWS + 1) * len(COLUMNS)
        return time.monotonic() - began

    def read_as_typed() -> float:
        began = time.monotonic()
        with workbook.open("rb") as file:
            assert sum(1 for _ in open_table(file).rows) == WORKBOOK_ROWS
        return time.monotonic() - began

    def read_by_openpyxl() -> float:
        began = time.monotonic()
        sheet = openpyxl.load_workbook(stored, read_only=True).worksheets[0]
        assert sum(1 for _ in sheet.iter_rows(values_only=True)) == WORKBOOK_ROWS + 1
        return time.monotonic() - began

    floor = min(read() for _ in range(3))
    reading = min(read_as_typed() for _ in range(3))
    print_row("import", "xlsx_100k_reading", reading, "s", floor, limit_ratio=2, rows=WORKBOOK_ROWS)
    stored = workbook.rename(workbook.with_name("workbook.xlsx"))
    seconds = _import(ground, stored)
    assert _count(ground, "workbook") == WORKBOOK_ROWS - WORKBOOK_ROWS // 100
    print_row("import", "xlsx_100k", seconds, "s", floor, limit_ratio=2, rows=WORKBOOK_ROWS)
    print_row("import", "xlsx_100k_openpyxl", seconds, "s", read_by_openpyxl(), limit_ratio=2, rows=WORKBOOK_ROWS)


def _state(database: Database, upload_id: int) -> ImportState:
    with database.reading() as session:
        upload = session.get_one(ListUpload, upload_id)
        assert upload.state is not ImportState.FAILED, upload.words
        return upload.state


def _count(ground: Ground, name: str) -> int:
    with ground.database.reading() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Recipient)
                .join(RecipientList, RecipientList.id == Recipient.list_id)
                .where(RecipientList.name == name)
            )
            or 0
        )


class _Pages:
    """Looks at pages while an import runs, as people do."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._person: requests.Session = signed_in_session(base_url)
        self._stop = threading.Event()
        self._waits: list[float] = []
        self._thread: threading.Thread | None = None

    def watch(self, upload_id: int) -> None:
        """Begin; ends with `waits`."""
        self._thread = threading.Thread(target=self._look, args=(upload_id,), daemon=True)
        self._thread.start()

    def waits(self) -> list[float]:
        """Stop, and give how long each look took, in milliseconds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        return self._waits

    def _look(self, upload_id: int) -> None:
        for path in self._paths(upload_id):
            began = time.perf_counter()
            answer = self._person.get(self._base_url + path, timeout=60)
            self._waits.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (path, answer.status_code)
            if self._stop.wait(0.25):
                return

    def _paths(self, upload_id: int) -> Iterator[str]:
        while True:
            yield from (f"/lists/uploads/{upload_id}", "/lists", "/sends/")
