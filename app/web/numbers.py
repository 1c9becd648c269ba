"""Numbers of rows in addresses: none larger than the database can hold, so that a made-up one is a 404 and no error."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter

from app.db import LARGEST_ID

LARGEST = LARGEST_ID


class RowNumber(IntegerConverter):
    """`<int:...>` in a route: a number that an id can have."""

    def __init__(self, url_map: object, *args: int, **kwargs: bool) -> None:
        super().__init__(url_map, *args, **{"max": LARGEST, **kwargs})  # type: ignore[arg-type]


def row_number(text: str) -> int:
    """Read a number from the query string, for `request.args.get(..., type=row_number)`. Raises ValueError."""
    number = int(text)
    if not 0 <= number <= LARGEST:
        raise ValueError(text)
    return number


def install_numbers(app: Flask) -> None:
    """Make every `<int:...>` of the application a row's number; before any blueprint is registered."""
    app.url_map.converters["int"] = RowNumber
