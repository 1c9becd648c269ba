"""Filters for people: dates, times, money and numbers as the e-mail's language writes them; cells of several values.

Values are texts as typed in a spreadsheet. Formats are Babel's; nothing depends on today or on the machine's settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

from babel import Locale, UnknownLocaleError
from babel import dates as babel_dates
from babel import numbers as babel_numbers
from jinja2 import Environment, pass_environment

from app.emails.languages import locale_of
from app.words import _

MOST_CHARACTERS = 1_000
"""Of a date, time, sum or number."""
MOST_OF_A_CELL = 100_000
"""Characters of a cell that is split."""
STYLES = ("short", "medium", "long", "full")
STYLES_OF_TIME = ("short", "medium")
"""Longer ones name a time zone, which a cell does not say."""
LARGEST = Decimal(10) ** 30
"""Numbers from here on are not written out."""
MOST_DECIMALS = 20
_WORDS_FOR_DAY = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|\.)?(?:\s+(?:of|de))?\s+([^\W\d]+)\.?,?(?:\s+de)?\s+(\d{4})\Z", re.IGNORECASE
)
_MONTH_FIRST = re.compile(r"([^\W\d]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\Z")
_NUMBERS_OF_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\Z")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?::(\d{2}))?\s*([ap])?\.?m?\.?\Z", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?\Z|\d{8}\Z")
"""Python alone would read any long row of digits as a day and a time."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)\Z")
_SIGNS = {"£": "GBP", "€": "EUR", "$": "USD", "¥": "JPY"}


@dataclass(frozen=True, slots=True)
class FilterWords:
    """What a filter is for, with an example that the tests render."""

    name: str
    said: str
    example: str
    result: str

    @property
    def words(self) -> str:
        """What it is for, as a plain text: the editor gets it as JSON, which knows nothing of languages."""
        return str(self.said)


FILTER_WORDS = (
    FilterWords(
        "date", _("A day in words; also short, medium or full."), '{{ "2027-01-31" | date }}', "31 January 2027"
    ),
    FilterWords("time", _("A time of day."), '{{ "2:30 pm" | time }}', "14:30"),
    FilterWords("money", _("A sum with its currency."), '{{ "1234.5" | money("GBP") }}', "£1,234.50"),
    FilterWords("number", _("A number with its separators."), '{{ "12345" | number }}', "12,345"),
    FilterWords("split", _("Several values of one cell."), '{{ "a; b" | split(";") | join(" and ") }}', "a and b"),
    FilterWords("lines", _("The lines of one cell."), '{{ "a\\nb" | lines | length }}', "2"),
    FilterWords("join", _("Several values as one text."), '{{ "a;b" | split(";") | join(", ") }}', "a, b"),
    FilterWords("round", _("A number without its decimals, or with so many."), "{{ 2.345 | round(1) }}", "2.3"),
    FilterWords("default", _("What to write when there is no value."), '{{ gone | default("friend") }}', "friend"),
    FilterWords("upper", _("In capital letters."), '{{ "anna" | upper }}', "ANNA"),
    FilterWords("lower", _("In small letters."), '{{ "ANNA" | lower }}', "anna"),
    FilterWords("title", _("Each word with a capital letter."), '{{ "anna smith" | title }}', "Anna Smith"),
    FilterWords("trim", _("Without spaces around it."), '{{ " anna " | trim }}', "anna"),
    FilterWords("replace", _("One word for another."), '{{ "tea" | replace("tea", "coffee") }}', "coffee"),
    FilterWords(
        "truncate", _("Cut after so many letters."), '{{ "a long title of a book" | truncate(14) }}', "a long..."
    ),
    FilterWords("length", _("How many there are."), '{{ "a;b" | split(";") | length }}', "2"),
)
"""The filters that people need, for the help and for completion."""


@pass_environment
def date_words(environment: Environment, value: Any, style: str = "long") -> str:
    """Write a day as the language does. Raises ValueError with words."""
    if style not in STYLES:
        raise ValueError(_("“%(style)s” is no style of a date. Use short, medium, long or full", style=style))
    locale = _locale(environment)
    return babel_dates.format_date(read_date(value, locale), format=style, locale=locale)


@pass_environment
def time_words(environment: Environment, value: Any, style: str = "short") -> str:
    """Write a time of day as the language does. Raises ValueError with words."""
    if style not in STYLES_OF_TIME:
        raise ValueError(_("“%(style)s” is no style of a time. Use short or medium", style=style))
    return babel_dates.format_time(read_time(value), format=style, locale=_locale(environment))


@pass_environment
def money_words(environment: Environment, value: Any, currency: str) -> str:
    """Write a sum with its currency (a code such as GBP, or a sign). Raises ValueError with words."""
    code = _SIGNS.get(str(currency), str(currency)).upper()
    if not babel_numbers.is_currency(code):
        raise ValueError(_("“%(currency)s” is no currency. Write a code such as GBP or EUR", currency=str(currency)))
    return babel_numbers.format_currency(read_number(value), code, locale=_locale(environment))


@pass_environment
def number_words(environment: Environment, value: Any, decimals: int | None = None) -> str:
    """Write a number with the language's separators. Raises ValueError with words."""
    number, locale = read_number(value), _locale(environment)
    if decimals is None:
        return babel_numbers.format_decimal(number, locale=locale)
    if not isinstance(decimals, int) or not 0 <= decimals <= MOST_DECIMALS:
        raise ValueError(_("a number can be given with 0 to %(most)s decimals", most=MOST_DECIMALS))
    pattern = copy(locale.decimal_formats[None])
    pattern.frac_prec = (decimals, decimals)
    with localcontext(prec=60):  # room for the largest number with the most decimals
        return str(pattern.apply(number, locale))


def split(value: Any, separator: str = ",") -> list[str]:
    """Give the values of a cell that holds several, without spaces around them and without empty ones."""
    text = str(value)
    if len(text) > MOST_OF_A_CELL:
        raise ValueError(_("this cell is too long to be split"))
    if not isinstance(separator, str) or not separator:
        raise ValueError(_('say what stands between the values, for example split(";")'))
    return [piece.strip() for piece in text.split(separator) if piece.strip()]


def lines(value: Any) -> list[str]:
    """Give the lines of a cell, without empty ones."""
    return split(str(value).replace("\r", "\n"), "\n")


FOR_PEOPLE: dict[str, Callable[..., Any]] = {
    "date": date_words,
    "time": time_words,
    "money": money_words,
    "number": number_words,
    "split": split,
    "lines": lines,
}
"""Filter names to functions, for the sandbox."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is said of a value that is none of its kind."""

    too_long: str
    empty: str
    several: str


_DATE = _Wrong(
    _("this is too long to be a date"),
    _("a date is empty. Write it like 2027-01-31, or use default"),
    _("several values together are not a date"),
)
_TIME = _Wrong(
    _("this is too long to be a time"),
    _("a time is empty. Write it like 14:30, or use default"),
    _("several values together are not a time"),
)
_VALUE = _Wrong(
    _("this is too long to be a number"),
    _("a number is empty. Write it like 1234.50, or use default"),
    _("several values together are not a number"),
)


def read_date(value: Any, locale: Locale) -> date:
    """Read a day: ISO, numbers in the language's order, or with the month's name. Raises ValueError with words."""
    if isinstance(value, date):
        return value
    text = _typed(value, _DATE)
    try:
        if _ISO.match(text):
            return datetime.fromisoformat(text).date()
        if found := _NUMBERS_OF_DAY.match(text):
            first, second, year = (int(part) for part in found.groups())
            day, month = (second, first) if (locale.language, locale.territory) == ("en", "US") else (first, second)
            return date(year, month, day)
        if found := _WORDS_FOR_DAY.match(text):
            return date(int(found[3]), _month(found[2], locale), int(found[1]))
        if found := _MONTH_FIRST.match(text):
            return date(int(found[3]), _month(found[1], locale), int(found[2]))
    except ValueError:
        pass
    raise ValueError(_("“%(text)s” is not a date. Write it like 2027-01-31", text=text))


def read_time(value: Any) -> time:
    """Read a time of day: 14:30, 2.30 pm, 9am. Raises ValueError with words."""
    if isinstance(value, time):
        return value
    text = _typed(value, _TIME)
    found = _CLOCK.match(text)
    if found and (found[2] or found[4]):
        hour, half = int(found[1]), (found[4] or "").lower()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        try:
            return time(hour, int(found[2] or 0), int(found[3] or 0))
        except ValueError:
            pass
    raise ValueError(_("“%(text)s” is not a time. Write it like 14:30", text=text))


def read_number(value: Any) -> Decimal:
    """Read a number with either kind of separators. Raises ValueError with words."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        exact = Decimal(value)
        if not exact.is_finite() or abs(exact) >= LARGEST:
            raise ValueError(_("this number is too large to be written out"))
        return Decimal(str(value))
    text = _typed(value, _VALUE)
    bare = re.sub(r"[\s'’\u00a0\u202f]", "", text)
    if bare.rfind(",") > bare.rfind("."):
        # A comma is the decimal sign, unless three digits and nothing else follow it.
        whole = re.fullmatch(r"-?\d{1,3}(,\d{3})+", bare) is not None
        bare = bare.replace(",", "") if whole else bare.replace(".", "").replace(",", ".")
    else:
        bare = bare.replace(",", "") if bare.count(".") < 2 else bare.replace(".", "").replace(",", "")
    if not _NUMBER.match(bare):
        raise ValueError(_("“%(text)s” is not a number. Write it like 1234.50", text=text))
    number = Decimal(bare)
    if abs(number) >= LARGEST:
        raise ValueError(_("“%(text)s” is too large to be written out", text=text))
    return number


def _typed(value: Any, what: _Wrong) -> str:
    whole = value if isinstance(value, str) else _written(value, what)
    if len(whole) > MOST_CHARACTERS:
        raise ValueError(what.too_long)
    text = " ".join(whole.split())
    if not text:
        raise ValueError(what.empty)
    return text


def _written(value: Any, what: _Wrong) -> str:
    """Give the text of a number; whatever else a template makes is not read (a text of it could be huge)."""
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise ValueError(what.too_long)
    if isinstance(value, list | tuple | dict | set | range):
        raise ValueError(what.several)
    return str(value)


def _month(name: str, locale: Locale) -> int:
    wanted = name.lower()
    for each in (locale, Locale("en")):
        for use, width in product(("format", "stand-alone"), ("wide", "abbreviated")):
            for number, words in each.months[use][width].items():
                if str(words).lower().rstrip(".") == wanted:
                    return int(number)
    raise ValueError(name)


def _locale(environment: Environment) -> Locale:
    """Give the locale of the e-mail; plain English writes days before months."""
    tag = str(getattr(environment, "language", "en"))
    try:
        return (locale_of(tag) if tag != "en" else None) or Locale("en", "GB")
    except UnknownLocaleError:
        return Locale("en", "GB")
