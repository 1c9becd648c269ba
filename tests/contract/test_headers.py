"""The rules of custom headers, one by one (API.md, section 8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cloudflare.contract import (
    HEADER_RULES,
    MAX_HEADER_NAME,
    ONE_CLICK,
    REFUSED_HEADERS,
    check_header,
    check_headers,
    check_send,
)
from app.cloudflare.headers import canonical_name
from app.cloudflare.types import Address, Attachment
from tests.contract.test_rules import a_request

LINK = "<https://example.com/out>"
ODD = ["\x00", "\x0b", "\x7f", "\x85", "\u2028", "\ud800"]


def codes_of(headers: list[tuple[str, str]]) -> set[str]:
    return {problem.code for problem in check_headers(headers)}


def test_there_are_23_names() -> None:
    assert len(HEADER_RULES) == 23


@pytest.mark.parametrize("name", HEADER_RULES)
def test_what_staff_are_shown_as_an_example_is_accepted(name: str) -> None:
    rule = HEADER_RULES[name]
    assert rule.explanation
    for value in (rule.example, *rule.allowed_values):
        assert check_header(name.lower(), value) == []
    assert canonical_name(name.upper()) == name


@pytest.mark.parametrize("name", [*REFUSED_HEADERS, "arc-anything", "Sender", "Disposition-Notification-To"])
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_other_names_are_refused_in_any_case_with_words_what_to_do(name: str, case: object) -> None:
    problems = check_header(case(name), "x")  # type: ignore[operator]
    assert {problem.code for problem in problems} <= {"E_HEADER_NOT_ALLOWED", "E_HEADER_USE_API_FIELD"}
    assert len(problems) == 1
    assert len(problems[0].words) > 30


@pytest.mark.parametrize(
    "value",
    [LINK, f"{LINK}, <mailto:out@example.com>", f"{LINK},{LINK}", "<https://example.com/a,b?c=d>", f" {LINK} "],
)
def test_an_unsubscribe_header_takes_addresses_in_brackets(value: str) -> None:
    assert check_header("List-Unsubscribe", value) == []


@pytest.mark.parametrize(
    "value",
    [
        ",",
        " , ",
        "<>",
        "https://example.com/out",
        "<http://example.com/out>",
        "<ftp://example.com>",
        "<https://>",
        "<mailto:>",
        f"<{LINK}",
        f"{LINK}>",
        f"> , {LINK}",
        f"{LINK} or write to us",
        f"{LINK}, <http://example.com>",
        "<https://example.com/with space>",
    ],
)
def test_an_unsubscribe_header_takes_nothing_else(value: str) -> None:
    assert {problem.code for problem in check_header("List-Unsubscribe", value)} == {"E_HEADER_VALUE_INVALID"}


@pytest.mark.parametrize("others", [[], [("List-Unsubscribe", "<mailto:out@example.com>")], [("X-Link", LINK)]])
def test_one_click_needs_an_https_address(others: list[tuple[str, str]]) -> None:
    assert codes_of([("List-Unsubscribe-Post", ONE_CLICK), *others]) == {"E_HEADER_VALUE_INVALID"}
    assert codes_of([("List-Unsubscribe-Post", ONE_CLICK), ("list-unsubscribe", LINK)]) == set()


@pytest.mark.parametrize("value", [ONE_CLICK.lower(), f" {ONE_CLICK}", f"{ONE_CLICK}.", "One-Click"])
def test_one_click_has_one_spelling(value: str) -> None:
    assert codes_of([("List-Unsubscribe-Post", value), ("List-Unsubscribe", LINK)]) == {"E_HEADER_VALUE_INVALID"}


@given(st.text(max_size=MAX_HEADER_NAME + 5))
def test_an_accepted_name_is_listed_or_begins_with_x(name: str) -> None:
    if not check_header(name, "x") or not check_header(f"X-{name}", "x"):
        assert name.isascii()
        assert not set(name) & set(" :\r\n\t")
        assert len(name) <= MAX_HEADER_NAME


@pytest.mark.parametrize("odd", ODD)
def test_a_character_that_no_head_of_a_message_can_hold_is_refused_where_it_stands(odd: str) -> None:
    request = a_request(
        subject=f"a{odd}",
        to=(Address("anna@example.net", f"a{odd}"),),
        headers=(("X-A", f"a{odd}"),),
        attachments=(Attachment(f"a{odd}.txt", b"", "text/plain"),),
    )
    places = [problem.place for problem in check_send(request)]
    assert sorted(places) == ["attachments[0].filename", "headers.X-A", "subject", "to[0]"]


@pytest.mark.parametrize("part", ["html", "text"])
def test_half_a_character_in_the_content_is_a_problem_and_no_fault(part: str) -> None:
    """A Jinja text such as "\\ud83d" makes one; UTF-8 cannot carry it."""
    assert [problem.place for problem in check_send(a_request(**{part: "a\ud83d"}))] == [part]


@pytest.mark.parametrize("kind", ["text", "text/", "text/plain\r\nX: y", "text/plain; a=\n", "té/x", ""])
def test_a_type_that_would_break_the_message_is_refused(kind: str) -> None:
    request = a_request(attachments=(Attachment("a.txt", b"", kind),))
    assert [problem.place for problem in check_send(request)] == ["attachments[0].type"]


@pytest.mark.parametrize("content_id", ["a b", "<logo>", "logo\n", "lögo"])
def test_an_id_of_an_inline_image_that_would_break_the_message_is_refused(content_id: str) -> None:
    request = a_request(attachments=(Attachment("a.png", b"", "image/png", "inline", content_id),))
    assert [problem.place for problem in check_send(request)] == ["attachments[0].content_id"]
