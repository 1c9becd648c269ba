"""Clauses of our own, as both databases carry them out."""

from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.dialects import postgresql, sqlite

from app.db import Database, among
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
