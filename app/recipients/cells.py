"""The cells that an e-mail sees of a person: one for each column of their list.

A column may be younger than its people, whose rows nobody rewrites then: a cell that is not there is an empty one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.recipients.models import Recipient, RecipientList


def whole_cells(columns: Sequence[str], data: Mapping[str, Any]) -> dict[str, Any]:
    """Give a person's cells, with an empty one for each column in which they have none."""
    return {**dict.fromkeys(columns, ""), **data}


def cells_of(session: Session, recipient: Recipient) -> dict[str, Any]:
    """Give the cells of one person, by the columns that their list has now."""
    return whole_cells(session.get_one(RecipientList, recipient.list_id).columns, recipient.data)


def whole_cells_clause(columns: Sequence[str]) -> ColumnElement[dict[str, Any]]:
    """Give the same as `whole_cells`, as an expression on `Recipient`: no person passes through this process."""
    if not columns:
        return Recipient.data.expression
    return _WholeCells(Recipient.data, literal(json.dumps(dict.fromkeys(columns, "")), Text()))


class _WholeCells(FunctionElement[dict[str, Any]]):
    """Cells, and behind them a text of JSON with the empty ones that they may lack."""

    type = JSON()
    inherit_cache = True


@compiles(_WholeCells, "sqlite")
def _on_sqlite(element: _WholeCells, compiler: SQLCompiler, **options: Any) -> str:
    cells, empty = (compiler.process(one, **options) for one in element.clauses)
    return f"json_patch({empty}, {cells})"


@compiles(_WholeCells, "postgresql")
def _on_postgresql(element: _WholeCells, compiler: SQLCompiler, **options: Any) -> str:
    """To look takes a third of the time that to merge takes, and most people lack nothing."""
    kept, empty = (compiler.process(one, **options) for one in element.clauses)
    cells, empty = f"CAST({kept} AS jsonb)", f"CAST({empty} AS jsonb)"
    is_whole = f"jsonb_exists_all({cells}, ARRAY(SELECT jsonb_object_keys({empty})))"
    return f"CASE WHEN {is_whole} THEN {kept} ELSE CAST({empty} || {cells} AS json) END"
