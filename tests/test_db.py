"""Clauses of our own, as both databases carry them out."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from app.db import Database, among
from app.people.models import Account
from app.recipients.models import Recipient

CLAUSES = [
    pytest.param(among(Recipient.id.expression, [3, 5]), id="values"),
    pytest.param(among(Recipient.id.expression, "ids"), id="parameter"),
]


@pytest.mark.parametrize("clause", CLAUSES)
def test_rows_among_many_are_fetched_by_the_index_and_never_looked_for(
    database: Database, clause: ColumnElement[bool]
) -> None:
    query = select(Recipient.email).where(Recipient.list_id + 0 == 1, clause)
    if not database.is_sqlite:  # whose planner weighs what there is; the clause is the one that it knows
        assert "recipient.id = ANY (" in str(query.compile(dialect=postgresql.dialect()))
        return
    compiled = query.compile(dialect=sqlite.dialect(paramstyle="named"))
    with database.engine.connect() as connection:
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"), dict.fromkeys(compiled.params)).all()
    assert plan[0][3] == "SEARCH recipient USING INTEGER PRIMARY KEY (rowid=?)"


def test_who_waits_for_one_long_transaction_is_next_when_another_follows(database: Database) -> None:
    """A job writes chunk by chunk without a break; a person presses Save meanwhile."""
    chunks: list[float] = []
    first_is_open = threading.Event()

    def write(seconds: float) -> None:
        with database.writing() as session:
            session.execute(update(Account).values(email=Account.email))
            first_is_open.set()
            time.sleep(seconds)

    def job() -> None:
        for _chunk in range(6):
            write(0.4)
            chunks.append(time.monotonic())

    worker = threading.Thread(target=job)
    worker.start()
    assert first_is_open.wait(5)
    write(0)
    saved = time.monotonic()
    worker.join()
    assert saved < chunks[2], "it waited for the chunk in hand, and at most for one more"
