"""Filters for people: what a spreadsheet holds becomes what the e-mail's language writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.emails.filters import FILTER_WORDS
from app.emails.help import HELP_EXAMPLES
from app.emails.rendering import FILTERS, EmailSource, RenderError, render


def shown(source: str, language: str = "en", **data: object) -> str:
    return (
        render(EmailSource("s", "", source, language=language), data).text.replace("\u202f", " ").replace("\xa0", " ")
    )


@pytest.mark.parametrize("one", FILTER_WORDS, ids=lambda one: one.name)
def test_the_help_says_what_a_filter_really_gives(one: object) -> None:
    assert shown(one.example) == one.result  # type: ignore[attr-defined]


@pytest.mark.parametrize("one", HELP_EXAMPLES, ids=lambda one: one.heading)
def test_the_examples_of_the_help_drawer_are_true(one: object) -> None:
    assert shown(one.source, **one.data) == one.result  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "language", "words"),
    [
        ("2027-01-31", "en", "31 January 2027"),
        ("31/01/2027", "en", "31 January 2027"),
        ("31.1.2027", "de", "31. Januar 2027"),
        ("03/04/2027", "en-GB", "3 April 2027"),
        ("03/04/2027", "en-US", "March 4, 2027"),
        ("31 January 2027", "fr", "31 janvier 2027"),
        ("31 janvier 2027", "fr", "31 janvier 2027"),
        ("January 31, 2027", "en", "31 January 2027"),
        ("2027-01-31T10:00:00", "pl", "31 stycznia 2027"),
    ],
)
def test_a_day_is_read_as_typed_and_written_in_the_language(typed: str, language: str, words: str) -> None:
    assert shown("{{ day | date }}", language, day=typed) == words


@pytest.mark.parametrize(
    ("typed", "language", "words"),
    [
        ("1234.5", "en", "£1,234.50"),
        ("1,234.50", "en", "£1,234.50"),
        ("1.234,50", "de", "1.234,50 £"),
        ("12", "fr", "12,00 £GB"),
        ("1 234,50", "en", "£1,234.50"),
        ("1,234", "en", "£1,234.00"),
    ],
)
def test_a_sum_is_read_with_either_separator(typed: str, language: str, words: str) -> None:
    assert shown("{{ fee | money('GBP') }}", language, fee=typed) == words


@pytest.mark.parametrize(
    ("source", "value", "words"),
    [
        ("{{ v | date }}", "31 Feb 2027", "“31 Feb 2027” is not a date. Write it like 2027-01-31"),
        ("{{ v | date }}", "", "a date is empty"),
        ("{{ v | date('%c') }}", "2027-01-31", "no style of a date"),
        ("{{ v | time }}", "25:70", "is not a time"),
        ("{{ v | money('GBP') }}", "lots", "is not a number"),
        ("{{ v | money('XXXX') }}", "1", "is no currency"),
        ("{{ v | number }}", "9" * 2000, "too long"),
        ("{{ v | number(99999999) }}", "1", "0 to 20 decimals"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(source: str, value: str, words: str) -> None:
    with pytest.raises(RenderError) as raised:
        shown(f"fine\n{source}", v=value)
    assert words in str(raised.value)
    assert "line 2" in str(raised.value)


@given(st.text(max_size=60), st.sampled_from(["date", "time", "number", "money('EUR')", "split", "lines"]))
def test_no_text_makes_a_filter_fail_but_with_words(value: str, name: str) -> None:
    try:
        shown("{{ v | " + name + " }}", v=value)
    except RenderError as error:
        assert all(one.code in {"cannot_render", "not_allowed"} for one in error.problems)


def test_usual_filters_are_there() -> None:
    assert {"upper", "lower", "title", "default"} <= FILTERS
