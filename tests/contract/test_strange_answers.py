"""Whatever shape arrives, an answer becomes a typed result and a body becomes problems: nothing raises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cloudflare.answers import LONGEST_WAIT, read_send, retry_after
from app.cloudflare.body import check_body
from app.cloudflare.client import Client
from app.cloudflare.results import Failure, SendAnswer, WasSent, rate_state
from tests.contract.answering import answering

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from(
    """success result errors code message delivered queued permanent_bounces message_id result_info quota usage value
    from to cc subject text html headers attachments address name content filename type disposition
    content_id""".split()
)
ANY_JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(ANY_JSON, st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503]))
@settings(max_examples=300)
def test_any_json_becomes_a_result(body: Any, status: int) -> None:
    result = read_send(status, {}, json.dumps(body))
    assert isinstance(result, SendAnswer | Failure)
    if isinstance(result, SendAnswer):
        assert status < 300 and body["success"] is True and isinstance(body["result"], dict)
    elif status in {200, 500}:
        assert not result.may_retry, "nothing here says that nothing was sent"


@given(ANY_JSON)
@settings(max_examples=300)
def test_any_body_is_checked(body: Any) -> None:
    problems = check_body(body)
    assert problems and all(one.words and one.code for one in problems)


@given(st.dictionaries(NAMES, ANY_JSON, max_size=3))
@settings(max_examples=300)
def test_any_change_of_a_good_body_is_checked(change: dict[str, Any]) -> None:
    check_body({"from": "a@example.com", "to": "b@example.net", "subject": "s", "text": "t", **change})


def test_an_answer_nested_without_end_is_in_doubt() -> None:
    result = read_send(200, {}, "[" * 200_000)
    assert isinstance(result, Failure)
    assert (result.cause, result.was_sent) == ("unreadable", WasSent.UNKNOWN)


CALLS: dict[str, Callable[[Client], object]] = {
    "check_token": Client.check_token,
    "zones": Client.zones,
    "sending_domains": Client.sending_domains,
    "limits": Client.limits,
    "suppressions": Client.suppressions,
    "suppression": lambda client: client.suppression("1"),
    "create": lambda client: client.create_suppression("a@example.net"),
    "update": lambda client: client.update_suppression("1", note="x"),
    "delete": lambda client: client.delete_suppression("1"),
    "import": lambda client: client.import_suppressions([{"email": "a@example.net"}]),
}
STRANGE: dict[str, list[Any]] = {
    "check_token": [[], "active", 1],
    "zones": [{"id": 1}, "x", [1], ["id name"], [{"id": 1}]],
    "sending_domains": [{"id": 1}, [None], "x"],
    "limits": [[], {"quota": 5}, {"quota": {}, "usage": "x"}, {"quota": {"value": "many"}}, {"usage": {"sent": None}}],
    "suppressions": [{"id": 1}, [1], [{}], [{"id": 1, "email": "a@example.net", "scope": "account"}], "x"],
    "suppression": [[], {}, "x", {"id": 1}],
    "create": [[], {}, "x"],
    "update": [[], {}, "x"],
    "delete": [[], {}, "x"],
    "import": [[], {"processed": "all"}, "x", {"total": None}],
}


@pytest.mark.parametrize(("call", "result"), [(call, one) for call, several in STRANGE.items() for one in several])
def test_a_result_of_another_shape_is_a_failure(call: str, result: Any) -> None:
    with (
        answering(body=json.dumps({"success": True, "result": result}).encode()) as plan,
        Client(plan.url, "account", "token") as client,
    ):
        answer = CALLS[call](client)
    assert isinstance(answer, Failure)
    assert answer.cause == "unreadable"


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,400}", fullmatch=True))
@settings(max_examples=300)
def test_any_retry_after_is_a_wait_of_a_day_at_most_or_none(value: str) -> None:
    wait = retry_after(value)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), (" 7 ", 7), ("9" * 400, LONGEST_WAIT), ("²", None), ("-5", None), ("soon", None), ("", None)],
)
def test_retry_after_is_read_strictly(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize("value", ["Mon, 01 Jan 0001 00:00:00 +2359", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_date_that_has_passed_asks_for_no_wait(value: str) -> None:
    assert retry_after(value) == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_rate_header_is_read(state: str, policy: str) -> None:
    rate_state({"Ratelimit": state, "Ratelimit-Policy": policy})


def test_a_rate_header_of_absurd_numbers_tells_nothing() -> None:
    state = rate_state({"Ratelimit": '"default";r=' + "9" * 5000 + ";t=3"})
    assert state is not None
    assert (state.left, state.reset_seconds) == (None, 3)


def test_numbered_pages_end_when_nothing_new_comes() -> None:
    zones = [{"id": "1", "name": "example.com"}]
    body = {"success": True, "result": zones, "result_info": {"total_pages": 100}}
    with answering(body=json.dumps(body).encode()) as plan, Client(plan.url, "account", "token") as client:
        found = client.zones()
    assert not isinstance(found, Failure)
    assert [zone.name for zone in found] == ["example.com"]
    assert len(plan.asked) == 2


@pytest.mark.parametrize(("cursor", "calls"), [("same", 2), ("", 1), (None, 1), (7, 1)])
def test_a_cursor_that_leads_nowhere_ends_the_list(cursor: object, calls: int) -> None:
    body = {"success": True, "result": [], "result_info": {"next_cursor": cursor}}
    with answering(body=json.dumps(body).encode()) as plan, Client(plan.url, "account", "token") as client:
        assert list(client.all_suppressions()) == []
    assert len(plan.asked) == calls
