"""Reading later events: every answer becomes a page or a typed failure, windows and pages move on, nothing raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cloudflare import events
from app.cloudflare.client import Client
from app.cloudflare.events import EVENT_FAILURES, EventKind, EventPage, EventReader, EventsFailure, kind_of_event
from tests.contract.answering import answering
from tests.contract.test_strange_answers import LEAVES
from tests.contract.vectors import VECTORS

SINCE = datetime(2026, 7, 15, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=20)
VECTOR = next(one for one in VECTORS if one["name"] == "later delivery events by GraphQL")
NAMES = st.sampled_from(
    "data viewer zones emailSendingAdaptive errors message extensions code datetime to envelopeTo messageId status "
    "isNDR errorDetail".split()
)
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


class Told:
    """Carries a query to a prepared answer; keeps what was asked."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any], status: int = 200, **headers: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer, self._status, self._headers = answer, status, headers

    def post_query(self, body: bytes) -> tuple[int, dict[str, str], str]:
        variables = json.loads(body)["variables"]
        self.asked.append(variables)
        return self._status, self._headers, json.dumps(self._answer(variables))


def rows_answer(rows: list[Any]) -> dict[str, Any]:
    return {"data": {"viewer": {"zones": [{"emailSendingAdaptive": rows}]}}, "errors": None}


def a_row(at: datetime = SINCE, **changes: Any) -> dict[str, Any]:
    row = {"datetime": at.isoformat(), "messageId": "<a@example.com>", "to": "anna@example.net", "status": "delivered"}
    return {**row, **changes}


def read(answer: Any, status: int = 200, **headers: str) -> EventPage | EventsFailure:
    return EventReader(Told(lambda _: answer, status, **headers)).page("zone", SINCE, UNTIL)


def test_the_example_is_read_through_a_real_connection() -> None:
    body = json.dumps(VECTOR["expected_response"]).encode()
    with answering(body=body) as plan, Client(plan.url, "account", "token") as client:
        page = EventReader(client).page("zone", SINCE, UNTIL)
    assert isinstance(page, EventPage)
    (event,) = page.events
    assert (event.bare_id, event.recipient, event.kind) == (
        "aB3xK9mP@example.com",
        "recipient@example.com",
        EventKind.DELIVERED,
    )
    method, path, headers, asked = plan.asked[0]
    assert (method, path, headers["Authorization"]) == ("POST", "/client/v4/graphql", "Bearer token")
    assert json.loads(asked)["variables"]["z"] == "zone"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("delivered", ""), EventKind.DELIVERED),
        (("delivered", "cf.email.sending.message.delivered"), EventKind.DELIVERED),
        (("deliveryFailed", "", "", "550 5.1.1 no such user"), EventKind.BOUNCED),
        (("deliveryFailed", "", "", "452 4.2.2 mailbox full"), EventKind.SOFT_BOUNCED),
        (("deliveryFailed", "bounced", "soft", "550 after 4 tries"), EventKind.SOFT_BOUNCED),
        (("deliveryFailed", "bounced", "hard_bounce", "4 tries"), EventKind.BOUNCED),
        (("deliveryFailed", ""), EventKind.BOUNCED),
        (("deliveryFailed", "", "suppressed"), EventKind.REJECTED),
        (("", "message.deferred"), EventKind.DEFERRED),
        (("softBounce", ""), EventKind.DEFERRED),
        (("rejected", ""), EventKind.REJECTED),
        (("", "message.failed"), EventKind.FAILED),
        (("", "message.complained"), EventKind.COMPLAINED),
        (("delivered", "complaint"), EventKind.COMPLAINED),
        (("undelivered", ""), EventKind.OTHER),
        (("something new", ""), EventKind.OTHER),
    ],
)
def test_what_an_event_means(words: tuple[str, ...], kind: EventKind) -> None:
    assert kind_of_event(*words) is kind


@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [
        (200, {"message": "not authorized for that account", "extensions": {"code": "authz"}}, "no_permission"),
        (200, {"message": "zone 'x' does not have access to the path"}, "no_permission"),
        (403, {"message": "x", "code": 10000}, "no_permission"),
        (401, {"message": "Authentication error", "code": 10000}, "no_token"),
        (200, {"message": "rate limiter budget depleted, try again", "extensions": {"code": "budget"}}, "throttled"),
        (429, {"message": "Rate limited"}, "throttled"),
        (200, {"message": "unknown field"}, "refused"),
        (502, {"message": ""}, "unreadable"),
    ],
)
def test_every_refusal_has_a_cause_and_words(status: int, error: Any, cause: str) -> None:
    failure = read({"data": None, "errors": [error]}, status)
    assert isinstance(failure, EventsFailure)
    assert failure.cause == cause
    assert EVENT_FAILURES[cause] in failure.words


def test_a_throttled_answer_says_how_long_to_wait() -> None:
    failure = read({}, 429, **{"Retry-After": "17"})
    assert isinstance(failure, EventsFailure)
    assert failure.wait == 17
    without = read({}, 429)
    assert isinstance(without, EventsFailure)
    assert without.wait == events.THROTTLED_SECONDS


def test_a_missing_permission_is_named() -> None:
    failure = read({"errors": [{"message": "not authorized for that account"}]})
    assert isinstance(failure, EventsFailure)
    assert "Analytics: Read" in failure.words and "Sending works without it" in failure.words


def test_pages_lead_on_by_time_and_no_event_is_left_out() -> None:
    everything = [a_row(SINCE + timedelta(seconds=number // 7), to=f"p{number}@example.net") for number in range(2500)]

    def answer(variables: dict[str, Any]) -> Any:
        fits = [
            row
            for row in everything
            if datetime.fromisoformat(variables["a"]) <= datetime.fromisoformat(row["datetime"])
            and datetime.fromisoformat(row["datetime"]) <= datetime.fromisoformat(variables["b"])
        ]
        return rows_answer(fits[: variables["n"]])

    told = Told(answer)
    reader, since, seen = EventReader(told), SINCE, set()
    while since < UNTIL:
        page = reader.page("zone", since, UNTIL)
        assert isinstance(page, EventPage)
        seen |= {event.recipient for event in page.events}
        assert page.read_until > since
        since = page.read_until
    assert len(seen) == 2500
    assert len(told.asked) == 3, "one query a page"


def test_a_long_time_is_read_in_windows() -> None:
    told = Told(lambda _: rows_answer([]))
    reader, since, until = EventReader(told), SINCE, SINCE + timedelta(days=3)
    while since < until:
        page = reader.page("zone", since, until)
        assert isinstance(page, EventPage)
        since = page.read_until
    assert len(told.asked) == 3


def test_more_events_of_one_instant_than_a_page_holds_do_not_hold_it_up() -> None:
    told = Told(lambda variables: rows_answer([a_row() for _ in range(variables["n"])]))
    page = EventReader(told).page("zone", SINCE, UNTIL)
    assert isinstance(page, EventPage)
    assert page.read_until == SINCE + timedelta(seconds=1)


@pytest.mark.parametrize("words", ["limit must not be greater than 100", "query time range can't be wider than 1h"])
def test_a_question_that_is_too_large_is_asked_smaller_from_then_on(words: str) -> None:
    def answer(variables: dict[str, Any]) -> Any:
        return rows_answer([]) if variables["n"] == events.CAREFUL_PAGE else {"errors": [{"message": words}]}

    told = Told(answer)
    reader = EventReader(told)
    page = reader.page("zone", SINCE, UNTIL)
    assert isinstance(page, EventPage)
    assert page.read_until == SINCE + events.CAREFUL_WINDOW
    reader.page("zone", page.read_until, UNTIL)
    assert [one["n"] for one in told.asked] == [events.PAGE, events.CAREFUL_PAGE, events.CAREFUL_PAGE]


@pytest.mark.parametrize(
    "row",
    [
        {"datetime": None},
        {"datetime": "0001-01-01T00:00:00+23:59"},
        {"to": None},
        {"to": "nobody"},
        {"to": ["a@example.net"]},
        {"isNDR": 1},
        {"isNDR": True},
    ],
)
def test_rows_that_say_nothing_are_passed_over(row: dict[str, Any]) -> None:
    page = read(rows_answer([a_row(**row), None, 3, a_row(to="Ben <ben@example.net>", errorDetail=["x"], isNDR=[1])]))
    assert isinstance(page, EventPage)
    assert [(one.recipient, one.detail) for one in page.events] == [("ben@example.net", "")]


def test_texts_that_no_database_takes_are_made_harmless() -> None:
    page = read(rows_answer([a_row(errorDetail="a\0b\ud800" + "x" * 9000, messageId="\ud800" * 300)]))
    assert isinstance(page, EventPage)
    (event,) = page.events
    event.detail.encode()
    assert "\0" not in event.detail and len(event.detail) == events.LONGEST_TEXT
    assert len(event.key) == 64


def test_no_zone_and_no_connection_are_told_apart() -> None:
    gone = read({"data": {"viewer": {"zones": []}}})
    assert isinstance(gone, EventsFailure)
    assert gone.cause == "no_zone"
    with answering(hang_up=True) as plan, Client(plan.url, "account", "token") as client:
        broken = EventReader(client).page("zone", SINCE, UNTIL)
    assert isinstance(broken, EventsFailure)
    assert broken.cause == "unreachable"


@given(ANY_JSON, st.sampled_from([200, 200, 200, 400, 401, 403, 429, 500]))
@settings(max_examples=300)
def test_any_json_becomes_a_page_or_a_failure(answer: Any, status: int) -> None:
    assert isinstance(read(answer, status), EventPage | EventsFailure)


@given(st.lists(st.dictionaries(NAMES, ANY_JSON, max_size=4), max_size=4))
@settings(max_examples=300)
def test_any_rows_become_a_page_that_leads_on(rows: list[Any]) -> None:
    page = read(rows_answer(rows))
    assert isinstance(page, EventPage)
    assert page.read_until == UNTIL
