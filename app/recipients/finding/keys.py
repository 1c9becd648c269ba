"""Keys: what the cells of a recipient are compared and sorted by, as texts whose order is the order of what they mean.

Cells are kept as typed. A key forgets what makes no difference to people: capital letters, accents and spare spaces of
a text, the way in which a date or a number is written. A cell that is not of its column's kind gets a key behind all
that are, and an empty one gets an empty key.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.recipients.columns import ColumnKind, kind_of

EMAIL = "email"
NAME = "name"
"""Columns that every list has, besides its own."""
LONGEST = 120
"""Letters of a key. Of a longer text the key has the beginning and a digest, so that equal texts have equal keys."""
BEGINNING = 100
"""Letters of a long text that its key begins with."""
WHOLE = " whole"
"""Behind a column's name: the whole text, where its key has only the beginning. No column's name has a space."""
OTHER = "~"
"""Begins the key of a cell that is not of its column's kind; every digit and letter stands before it."""

YES = frozenset("yes y true t 1 x on ja j wahr oui vrai si sí sì ✓ ✔".split())
NO = frozenset("no n false f 0 off nein falsch non faux -".split())
"""What people type into a column of yes and no."""

DATE_FORMATS = (
    *("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%B %d %Y", "%b %d %Y"),
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y", "%m/%d/%Y"),
)
"""How dates are typed, besides ISO 8601; tried in this order, so that 1/5/2026 is 1 May, and 5/31/2026 is 31 May."""
MOST_OF_DATE = 60
"""Characters of a cell that is read as a day."""
_TIME = re.compile(r" \d{1,2}:\d\d(:\d\d)?( ?[ap]m)?\Z", re.IGNORECASE)
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d[\d.,]*|[+-]?[.,]\d+")
_SIGNS_AROUND = " \u00a0\u202f'’%£$€¥"
_EXPONENT_ZERO = 1000
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def keys_of(kinds: Mapping[str, str], columns: Sequence[str], name: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Give a recipient's keys, by column: whoever writes a recipient writes these too (`Recipient.keys`).

    `kinds` and `columns` are those of the list. The address has none: `email_key` is one.
    """
    keys = {NAME: text_key(name)}
    for column in columns:
        cell = data.get(column, "")
        if not cell:
            keys[column] = ""
        elif column in kinds:
            keys[column] = _typed_key(kind_of(kinds, column), str(cell))
        else:
            keys[column] = text_key(str(cell))
    for column in [one for one, key in keys.items() if len(key) == LONGEST]:
        whole = folded(name if column == NAME else str(data[column]))
        if len(whole) > LONGEST:
            keys[column + WHOLE] = whole
    return keys


def key_of(kind: ColumnKind, cell: str) -> str:
    """Give the key of one cell."""
    if not cell or not cell.strip():
        return ""
    if kind is ColumnKind.NUMBER:
        number = read_number(cell)
        return OTHER + text_key(cell) if number is None else number_key(number)
    if kind is ColumnKind.DATE:
        day = read_date(cell)
        return OTHER + text_key(cell) if day is None else day.isoformat()
    if kind is ColumnKind.YES_NO:
        answer = read_yes_no(cell)
        return OTHER + text_key(cell) if answer is None else "yes" if answer else "no"
    return text_key(cell)


def fits(kind: ColumnKind, cell: str) -> bool:
    """Whether a filled cell is of a kind, so that it compares as such."""
    return not key_of(kind, cell).startswith(OTHER)


@lru_cache(maxsize=50_000)
def _typed_key(kind: ColumnKind, cell: str) -> str:
    """The key of a date or a number, remembered: they come again and again in a list."""
    return key_of(kind, cell)


def text_key(text: str) -> str:
    """Give the key of a text: as it is compared, and of a long one the beginning and a digest."""
    whole = folded(text)
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
    return whole[:BEGINNING] + digest[: LONGEST - BEGINNING]


def folded(text: str) -> str:
    """Give a text as it is compared: without capitals, accents and spare spaces."""
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(text.casefold().split()).replace("\0", "")


@lru_cache(maxsize=20_000)
def read_date(cell: str) -> date | None:
    """Read a day as people type it; None when it is none. A time behind it is left out."""
    if len(cell) > MOST_OF_DATE:
        return None
    text = " ".join(cell.replace(",", " ").split())
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        pass
    text = _ORDINAL.sub("", _TIME.sub("", text))
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


@lru_cache(maxsize=20_000)
def read_number(cell: str) -> Decimal | None:
    """Read a number as people type it, `1,234.50` and `1.234,50` alike; None when it is none.

    One comma with three digits behind it separates thousands; any other single comma or point is the decimal sign.
    """
    text = cell.strip(_SIGNS_AROUND)
    for sign in " \u00a0\u202f'’":
        text = text.replace(sign, "")
    if len(text) > 60 or not text.isascii() or not _NUMBER.fullmatch(text):
        return None
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
    elif text.count(",") == 1 and not re.search(r"\d,\d{3}$", text):
        decimal = ","
    else:
        decimal = "." if text.count(".") == 1 else ""
    whole, _, part = text.partition(decimal) if decimal else (text, "", "")
    whole = whole.replace(",", "").replace(".", "")
    if "," in part or "." in part:
        return None
    return Decimal(f"{whole or '0'}.{part or '0'}") if whole not in {"+", "-"} else Decimal(f"{whole}0.{part or '0'}")


def number_key(number: Decimal) -> str:
    """Give a text that sorts as the number does: sign, size, digits."""
    if number == 0:
        return "1"
    digits = "".join(str(digit) for digit in number.as_tuple().digits).lstrip("0").rstrip("0")
    body = f"{number.adjusted() + _EXPONENT_ZERO:04d}{digits}"
    return f"2{body}" if number > 0 else f"0{body.translate(_COMPLEMENT)}{OTHER}"


def read_yes_no(cell: str) -> bool | None:
    """Read a yes or a no; None when it is neither."""
    word = cell.strip().casefold()
    return True if word in YES else False if word in NO else None
