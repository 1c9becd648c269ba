"""Filters for people: what a spreadsheet holds becomes what the e-mail's language writes."""

from __future__ import annotations

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from app.emails.filters import FILTER_WORDS, FOR_PEOPLE, read_date, read_number
from app.emails.languages import locale_of
from app.emails.rendering import FILTERS, EmailSource, RenderError, Sandbox, render


def shown(source: str, language: str = "en", **data: object) -> str:
    return (
        render(EmailSource("s", "", source, language=language), data).text.replace("\u202f", " ").replace("\xa0", " ")
    )


@pytest.mark.parametrize("one", FILTER_WORDS, ids=lambda one: one.name)
def test_the_help_says_what_a_filter_really_gives(one: object) -> None:
    assert shown(one.example) == one.result  # type: ignore[attr-defined]


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
        ("{{ v | date }}", "1" * 15, "is not a date"),
        ("{{ v | date('%c') }}", "2027-01-31", "no style of a date"),
        ("{{ v | time }}", "25:70", "is not a time"),
        ("{{ v | money('GBP') }}", "lots", "is not a number"),
        ("{{ v | money('XXXX') }}", "1", "is no currency"),
        ("{{ v | number }}", "9" * 2000, "too long"),
        ("{{ v | number(99999999) }}", "1", "0 to 20 decimals"),
        ("{{ v | number }}", "12" + " " * 1100 + "34", "too long"),
        ("{{ v | number }}", "1_000", "is not a number"),
        ("{{ v | number }}", "1e5", "is not a number"),
        ("{{ v | number }}", "NaN", "is not a number"),
        ("{{ v | number }}", "9" * 31, "too large"),
        ("{{ (10 ** 5000) | number }}", "", "too large"),
        ("{{ v | time('full') }}", "14:30", "no style of a time"),
        ("{{ v | money(3) }}", "1", "is no currency"),
        ("{{ v | split(3) }}", "1", "what stands between"),
        ("{{ ['1'] | number }}", "", "several values"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(source: str, value: str, words: str) -> None:
    with pytest.raises(RenderError) as raised:
        shown(f"fine\n{source}", v=value)
    assert words in str(raised.value)
    assert "line 2" in str(raised.value)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Sunday, 31 January 2027", "31/01/2027", "£1,234.50", "1,234.50", "14:30", "14:30:00"]),
        ("en-US", ["Sunday, January 31, 2027", "1/31/27", "£1,234.50", "1,234.50", "2:30 PM", "2:30:00 PM"]),
        ("fr", ["dimanche 31 janvier 2027", "31/01/2027", "1 234,50 £GB", "1 234,50", "14:30", "14:30:00"]),
        ("de", ["Sonntag, 31. Januar 2027", "31.01.27", "1.234,50 £", "1.234,50", "14:30", "14:30:00"]),
        ("ar", ["الأحد، 31 يناير 2027", "31/1/2027", "1,234.50 UK£", "1,234.50", "2:30 م", "2:30:00 م"]),
    ],
)
def test_each_language_writes_days_sums_numbers_and_times_in_its_way(language: str, words: list[str]) -> None:
    sources = (
        "{{ '2027-01-31' | date('full') }}",
        "{{ '2027-01-31' | date('short') }}",
        "{{ '1,234.50' | money('GBP') }}",
        "{{ '1.234,50' | number(2) }}",
        "{{ '2:30 pm' | time }}",
        "{{ '14:30' | time('medium') }}",
    )
    given_words = [shown(source, language).replace("\u200f", "") for source in sources]
    assert given_words == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ '12' | number(2) }}", "12.00"),
        ("{{ '007' | number }}", "7"),
        ("{{ 480 | money('GBP') }}", "£480.00"),
        ("{{ 2.5 | number }}", "2.5"),
        ("{{ ('9' * 29) | number(20) | length }}", "59"),
        ("{{ 'a\r\nb\n\nc' | lines | join('+') }}", "a+b+c"),
        ("{{ ' a ;; b;' | split(';') | join('+') }}", "a+b"),
    ],
)
def test_numbers_keep_the_decimals_asked_for_and_cells_lose_what_is_empty(source: str, words: str) -> None:
    assert shown(source) == words


@pytest.mark.parametrize(
    ("typed", "language"), [("1er janvier 2027", "fr"), ("1 de enero de 2027", "es"), ("1 styczeń 2027", "pl")]
)
def test_a_day_is_read_as_each_language_writes_it(typed: str, language: str) -> None:
    assert read_date(typed, locale_of(language) or Locale("en")).isoformat() == "2027-01-01"


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**400, 1e300])
def test_a_number_that_cannot_be_written_out_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="too large"):
        read_number(value)


@given(
    st.text(max_size=60) | st.from_regex(r"[0-9 .,:/apm-]{1,40}\Z"),
    st.sampled_from(["en", "en-US", "fr", "de", "ar"]),
    st.sampled_from(list(FOR_PEOPLE)),
)
def test_no_text_makes_a_filter_fail_but_with_words(value: str, language: str, name: str) -> None:
    sandbox = Sandbox(autoescape=False, language=language)
    rest = {"money": ("EUR",), "split": (";",)}.get(name, ())
    own = (sandbox,) if name not in {"split", "lines"} else ()
    try:
        assert FOR_PEOPLE[name](*own, value, *rest) is not None
    except ValueError as error:
        assert "Write it like" in str(error) or "too" in str(error)


def test_every_filter_for_people_is_explained() -> None:
    usual = "upper lower title default join length round trim replace truncate".split()
    assert {*FOR_PEOPLE, *usual} <= {one.name for one in FILTER_WORDS} <= {*FOR_PEOPLE, *FILTERS}


def test_usual_filters_are_there() -> None:
    assert {"upper", "lower", "title", "default"} <= FILTERS
