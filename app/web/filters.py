"""How numbers, times and sizes look on pages."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from app import words
from app.people.zones import is_zone, zone_label
from app.web.request import reader
from app.words import _


def number(value: int) -> str:
    """`1,234`: thousands separated as the language does it."""
    return words.number(value)


def reader_zone() -> str:
    """Give the zone that the signed-in person chose; empty: none, so that the browser's counts."""
    zone: str = getattr(reader(), "timezone", "")
    return zone if is_zone(zone) else ""


def moment(value: datetime | None) -> Markup:
    """Show a time element in the zone that the reader chose; else in UTC, and `postroom.js` takes the browser's."""
    return _time_element(value, ("d MMM y, HH:mm", "d. MMM y, HH:mm"), Markup(""))


def moment_long(value: datetime | None, *, seconds: bool = False) -> Markup:
    """Show a time with its weekday and its zone: `Monday 2 March 2026, 09:00 (Europe/London)`; `seconds` on request."""
    clock = "HH:mm:ss" if seconds else "HH:mm"
    patterns = f"EEEE d MMMM y, {clock}", f"EEEE, d. MMMM y, {clock}"
    return _time_element(value, patterns, Markup(' data-long="{}"').format("seconds" * seconds))


def _time_element(value: datetime | None, patterns: tuple[str, str], attributes: Markup) -> Markup:
    if value is None:
        return Markup("")
    zone = reader_zone()
    shown = words.dated(value.astimezone(ZoneInfo(zone or "UTC")), *patterns)
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
    clock = f"{there:%H:%M}"
    near_by = {
        0: _("today at %(time)s", time=clock),
        1: _("tomorrow at %(time)s", time=clock),
        -1: _("yesterday at %(time)s", time=clock),
    }
    said = near_by.get(days) or _("on %(day)s at %(time)s", day=there.date(), time=clock)
    said += "" if zone else " UTC"
    local = Markup(' data-local="yes"') if zone else Markup("")
    when = value.isoformat(timespec="seconds")
    return Markup('<time datetime="{}" data-day="yes"{}>{}</time>').format(when, local, said)


def ordinal(value: int) -> str:
    """`1st`, `2nd`, `13th`: the place in a row."""
    if words.language() != words.FALLBACK:
        return f"{words.number(value)}."
    ending = {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th") if value % 100 not in {11, 12, 13} else "th"
    return f"{value:,}{ending}"


def size(count: int) -> str:
    """Give a number of bytes in words: `512 bytes`, `1.4 MiB`."""
    if count < 1024:
        return _("%(count)s bytes", count=str(count))
    amount = count / 1024
    if amount < 1024:
        return f"{words.decimal(amount, 0)} KiB"
    return f"{words.decimal(amount / 1024, 2)} MiB"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 person`, `30 people`: in English only; `_n()` says it in every language."""
    return f"{words.number(count)} {one if count == 1 else many or one + 's'}"


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
