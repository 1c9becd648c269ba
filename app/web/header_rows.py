"""Rows of custom headers in a form: name and value side by side, as many as a person wants."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

EMPTY_ROWS = 2
"""Rows offered besides those that are filled."""


def given_headers() -> list[tuple[str, str]]:
    """Give the rows of the posted form that hold anything, in order, without outer white space."""
    names, values = request.form.getlist("header_name"), request.form.getlist("header_value")
    rows = ((name.strip(), value.strip(" \t")) for name, value in zip(names, values, strict=False))
    return [row for row in rows if row[0] or row[1]]


def rows_to_show(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give the rows with a few empty ones behind them."""
    return [*headers, *[("", "")] * EMPTY_ROWS]
