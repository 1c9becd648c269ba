"""Time zones of people, and what a day and a time typed in one of them mean when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people.models import Person
from app.refusals import Refused
from app.words import _, dated

REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
"""Beginnings of the names that people know; all others are abbreviations and old names."""


class TwoTimes(Refused):
    """Clocks are put back then, so the typed time comes twice; `choices` say which two, the first one first."""

    def __init__(self, words: str, choices: tuple[str, str], *, field: str) -> None:
        super().__init__(words, field=field)
        self.choices = choices


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Give the zones that may be chosen: UTC, then cities by region."""
    return ("UTC", *sorted(name for name in available_timezones() if name.split("/")[0] in REGIONS and "/" in name))


def is_zone(name: str) -> bool:
    """Whether this is a zone that may be chosen."""
    return name in zone_names()


def zone_label(name: str) -> str:
    """Give a zone's name as people read it: `America/New York`."""
    return name.replace("_", " ")


def change_timezone(session: Session, person: Person, name: str) -> None:
    """Choose the zone in which a person reads and types times; empty: the browser's. Raises Refused."""
    if name and not is_zone(name):
        raise Refused(_("Choose a time zone from the list."), field="timezone")
    if person.timezone != name:
        was, label = (zone_label(one) or _("that of the browser") for one in (person.timezone, name))
        person.account.timezone = name
        note(
            session,
            person,
            "person.timezone",
            _("Time zone set to %(label)s", label=label),
            changes={_("Time zone"): (was, label)},
        )


def moment_in_zone(day: date, clock: time, zone: str, fold: int | None = None) -> datetime:
    """Give the point in time of a day and a time in a zone, in UTC.

    `fold` says which is meant of a time that comes twice: 0 the first, 1 the second. Raises Refused for a time that
    clocks leave out, naming the next one there is, and TwoTimes for one that comes twice when `fold` is None.
    """
    place = ZoneInfo(zone)
    try:
        first, second = (datetime.combine(day, clock, place).replace(fold=one) for one in (0, 1))
        at = first.astimezone(UTC), second.astimezone(UTC)
    except OverflowError as error:
        raise Refused(_("Choose another day."), field="date") from error
    before, after = first.utcoffset(), second.utcoffset()
    if before == after:
        return at[0]
    if at[0].astimezone(place).replace(tzinfo=None) != first.replace(tzinfo=None):
        later = _end_of_gap(at[1], at[0], place)
        when = f"{later:%H:%M}" if later.date() == day else dated(later, "d MMMM, HH:mm", "d. MMMM, HH:mm")
        words = _(
            "Clocks go forward then, and %(clock)s does not exist. The next possible time is %(when)s.",
            clock=f"{clock:%H:%M}",
            when=when,
        )
        raise Refused(words, field="time")
    if fold is None:
        choices = (
            _("The first %(clock)s, UTC%(offset)s", clock=f"{first:%H:%M}", offset=_offset(first)),
            _("The second %(clock)s, UTC%(offset)s", clock=f"{second:%H:%M}", offset=_offset(second)),
        )
        raise TwoTimes(
            _("Clocks go back then, so %(clock)s comes twice. Which one is meant?", clock=f"{clock:%H:%M}"),
            choices,
            field="fold",
        )
    return at[1] if fold else at[0]


def _offset(local: datetime) -> str:
    offset = local.strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def _end_of_gap(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """Find the first local time after clocks went forward; `low` is before it and `high` after it, in UTC."""
    new = high.astimezone(place).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(place).utcoffset() == new:
            high = middle
        else:
            low = middle
    return (high + timedelta(milliseconds=500)).replace(microsecond=0).astimezone(place)
