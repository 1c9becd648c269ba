"""A day and a time typed in a zone, when clocks change and when they do not; and whose zone it is."""

from __future__ import annotations

from datetime import date, time

import pytest
from flask.testing import FlaskClient

from app.db import Database
from app.people.models import Person
from app.people.zones import TwoTimes, moment_in_zone, zone_names
from app.refusals import Refused


@pytest.mark.parametrize(
    ("day", "clock", "zone", "utc"),
    [
        (date(2026, 7, 1), time(9), "Europe/London", "2026-07-01T08:00:00+00:00"),
        (date(2026, 12, 1), time(9), "America/New_York", "2026-12-01T14:00:00+00:00"),
        (date(2026, 12, 1), time(9), "Asia/Kolkata", "2026-12-01T03:30:00+00:00"),
        (date(2026, 3, 29), time(2), "Europe/London", "2026-03-29T01:00:00+00:00"),
        (date(2026, 12, 1), time(9), "UTC", "2026-12-01T09:00:00+00:00"),
    ],
)
def test_a_typed_time_is_that_moment(day: date, clock: time, zone: str, utc: str) -> None:
    assert moment_in_zone(day, clock, zone).isoformat() == utc


@pytest.mark.parametrize(
    ("day", "clock", "zone", "following"),
    [
        (date(2026, 3, 29), time(1, 30), "Europe/London", "02:00"),
        (date(2027, 3, 14), time(2, 0), "America/New_York", "03:00"),
        (date(2026, 10, 4), time(2, 10), "Australia/Lord_Howe", "02:30"),
    ],
)
def test_a_time_that_clocks_leave_out_is_refused_with_the_next_one(
    day: date, clock: time, zone: str, following: str
) -> None:
    with pytest.raises(Refused, match=f"does not exist. The next possible time is {following}"):
        moment_in_zone(day, clock, zone)


def test_of_a_time_that_comes_twice_a_person_says_which() -> None:
    day, clock, zone = date(2026, 10, 25), time(1, 30), "Europe/London"
    with pytest.raises(TwoTimes) as question:
        moment_in_zone(day, clock, zone)
    assert question.value.choices == ("The first 01:30, UTC+01:00", "The second 01:30, UTC+00:00")
    assert moment_in_zone(day, clock, zone, 0).isoformat() == "2026-10-25T00:30:00+00:00"
    assert moment_in_zone(day, clock, zone, 1).isoformat() == "2026-10-25T01:30:00+00:00"


def test_zones_are_cities_and_utc() -> None:
    assert {"UTC", "Europe/London", "America/New_York"} <= set(zone_names())
    assert not {"EST", "US/Pacific", "Etc/GMT+5"} & set(zone_names())


def test_staff_choose_their_own_zone_and_a_made_up_one_is_refused(
    staff_client: FlaskClient, database: Database, staff: Person
) -> None:
    assert staff_client.post("/you/timezone", data={"timezone": "Asia/Tokyo"}).status_code == 302
    wrong = staff_client.post("/you/timezone", data={"timezone": "Mars/Base"})
    assert wrong.status_code == 422
    assert "Choose a time zone from the list" in wrong.text
    with database.reading() as session:
        assert session.get_one(Person, staff.id).timezone == "Asia/Tokyo"
