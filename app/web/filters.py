"""How numbers, times and sizes look on pages."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from app.people.zones import is_zone, zone_label
from app.web.request import reader


def number(value: int) -> str:
    """`1,234`: thousands separated."""
    return f"{value:,}"


def reader_zone() -> str:
    """Give the zone that the signed-in person chose; empty: none, so that the browser's counts."""
    zone: str = getattr(reader(), "timezone", "")
    return zone if is_zone(zone) else ""


def moment(value: datetime | None) -> Markup:
    """Show a time element in the zone that the reader chose; else in UTC, and `postroom.js` takes the browser's."""
    return _time_element(value, "%-d %b %Y, %H:%M", Markup(""))


def moment_long(value: datetime | None, *, seconds: bool = False) -> Markup:
    """Show a time with its weekday and its zone: `Monday 2 March 2026, 09:00 (Europe/London)`; `seconds` on request."""
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return _time_element(value, f"%A %-d %B %Y, {clock}", Markup(' data-long="{}"').format("seconds" * seconds))


def _time_element(value: datetime | None, pattern: str, attributes: Markup) -> Markup:
    if value is None:
        return Markup("")
    zone = reader_zone()
    shown = f"{value.astimezone(ZoneInfo(zone or 'UTC')):{pattern}}"
    if not zone:
        shown += " UTC"
    elif attributes:
        shown += f" ({zone_label(zone)})"
    local = Markup(' data-local="yes"') if zone else Markup("")
    when = value.isoformat(timespec="seconds")
    return Markup('<time datetime="{}"{}{}>{}</time>').format(when, attributes, local, shown)


def day_and_time(value: datetime | None) -> Markup:
    """`tomorrow at 09:40`: a time near by in words, in the same zones as `moment`."""
    if value is None:
        return Markup("")
    zone = reader_zone()
    there = value.astimezone(ZoneInfo(zone or "UTC"))
    days = (there.date() - datetime.now(there.tzinfo).date()).days
    day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days, f"on {there:%-d %b %Y}")
    words = f"{day} at {there:%H:%M}" + ("" if zone else " UTC")
    local = Markup(' data-local="yes"') if zone else Markup("")
    when = value.isoformat(timespec="seconds")
    return Markup('<time datetime="{}" data-day="yes"{}>{}</time>').format(when, local, words)


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
        number=number,
        moment=moment,
        moment_long=moment_long,
        day_and_time=day_and_time,
        ordinal=ordinal,
        size=size,
        plural=plural,
    )
