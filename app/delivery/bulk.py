"""Many rows in one statement: they go to the database as one JSON text, and the database unfolds it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, TableValuedAlias, Text, bindparam, cast, column, func, type_coerce
from sqlalchemy.types import JSON, TypeEngine

ROWS = "rows"
"""Name of the parameter that takes the JSON text."""


def unfolded(
    dialect: str, columns: Mapping[str, TypeEngine[Any]]
) -> tuple[TableValuedAlias, dict[str, ColumnElement[Any]]]:
    """Give what stands for the rows in a statement: a FROM clause and its columns by name. A row is a JSON array."""
    if dialect == "postgresql":
        arrays = func.json_array_elements(cast(bindparam(ROWS, type_=Text), JSON)).table_valued(column("value", JSON))
        arrays = arrays.render_derived("unfolded")
        in_array: dict[str, ColumnElement[Any]] = {
            name: cast(arrays.c.value.op("->>")(number), kind) for number, (name, kind) in enumerate(columns.items())
        }
        return arrays, in_array
    each = func.json_each(bindparam(ROWS, type_=Text)).table_valued("value", name="unfolded")
    found: dict[str, ColumnElement[Any]] = {
        name: type_coerce(func.json_extract(each.c.value, f"$[{number}]"), kind)
        for number, (name, kind) in enumerate(columns.items())
    }
    return each, found


def folded(dialect: str, rows: Sequence[Sequence[Any]]) -> str:
    """Give rows as the JSON text that `unfolded` takes: texts, numbers, times, dictionaries and None."""
    times = _sqlite_time if dialect == "sqlite" else _iso_time
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=times)
    if "\\u0000" in text:  # no text in a database holds it; a service's answer may
        text = json.dumps(_without_nul(rows), ensure_ascii=False, separators=(",", ":"), default=times)
    return text.encode("utf-8", "replace").decode()  # halves of characters likewise


def _iso_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _sqlite_time(value: datetime) -> str:
    """Give a time as SQLAlchemy keeps it in SQLite."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, list | tuple):
        return [_without_nul(one) for one in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    return value
