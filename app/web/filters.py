"""How numbers, times and sizes look on pages."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from markupsafe import Markup


def number(value: int) -> str:
    """`1,234`: thousands separated."""
    return f"{value:,}"


def moment(value: datetime | None) -> Markup:
    """Show a time element in UTC; `postroom.js` shows it in the reader's own zone."""
    if value is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), value.strftime("%-d %b %Y, %H:%M UTC")
    )


def day_and_time(value: datetime | None) -> Markup:
    """`tomorrow at 09:40`: a time near by in words, in UTC; `postroom.js` says it in the reader's own zone."""
    if value is None:
        return Markup("")
    days = (value.astimezone(UTC).date() - datetime.now(UTC).date()).days
    day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days, f"on {value.astimezone(UTC):%-d %b %Y}")
    words = f"{day} at {value.astimezone(UTC):%H:%M} UTC"
    return Markup('<time datetime="{}" data-day="yes">{}</time>').format(value.isoformat(timespec="seconds"), words)


def ordinal(value: int) -> str:
    """`1st`, `2nd`, `13th`: the place in a row."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th") if value % 100 not in {11, 12, 13} else "th"
    return f"{value:,}{ending}"


def size(count: int) -> str:
    """Give a number of bytes in words: `512 bytes`, `1.4 MiB`."""
    if count < 1024:
        return f"{count} bytes"
    amount = count / 1024
    if amount < 1024:
        return f"{amount:,.0f} KiB"
    return f"{amount / 1024:,.2f} MiB"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 person`, `30 people`: the number with the word that fits."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def install_filters(app: Flask) -> None:
    """Register the filters for page templates."""
    app.jinja_env.filters.update(
        number=number, moment=moment, day_and_time=day_and_time, ordinal=ordinal, size=size, plural=plural
    )
