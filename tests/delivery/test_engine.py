"""The engine on a database that nobody has used yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from huey.api import Huey

from app.db import Database
from app.delivery.jobs import Queue
from app.settings import Settings


def test_workers_that_start_together_on_an_empty_database_all_start(settings: Settings, postgres_url: str) -> None:
    on_postgres = settings.model_copy(update={"database_url_setting": postgres_url})
    databases = [Database(postgres_url) for _ in range(8)]
    engines: list[Huey] = []
    try:
        with ThreadPoolExecutor(len(databases)) as pool:
            engines = list(pool.map(lambda one: Queue(on_postgres, one).engine, databases))
        assert [engine.pending_count() for engine in engines] == [0] * len(databases)
    finally:
        for engine in engines:
            engine.storage.close()
        for database in databases:
            database.close()
