"""Address cards (vCard 2.1, 3.0, 4.0), as phones and mail programs export them: one row for each card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import vobject
from vobject.base import ParseError, VObjectError

from app.recipients.files.grid import Choices, Grid, Row
from app.recipients.files.reading_text import ENCODING_NAMES, MAX_LENGTH, find_encoding, text_of, unreadable
from app.refusals import Refused
from app.words import _

HEADER = [
    "Email",
    "Name",
    "First name",
    "Last name",
    "Organisation",
    "Job title",
    "Phone",
    "Street",
    "City",
    "Postcode",
    "Country",
    "Birthday",
    "Other e-mail",
]
"""Columns of the table that cards become. Names of data are made from them, so they are in no language of people."""
_PICTURES = ("PHOTO", "LOGO", "SOUND", "KEY")
"""Parts that are left out before anything is read: they are large, and no list takes them."""


def open_vcard(file: BinaryIO, choices: Choices) -> Grid:
    """Open a file of address cards. Raises Refused for one that breaks off, when it is reached."""
    encoding = choices.encoding if choices.encoding in ENCODING_NAMES else find_encoding(file)
    return Grid("vCard", _rows(file, encoding), encoding)


def _rows(file: BinaryIO, encoding: str) -> Iterator[Row]:
    yield Row(0, list(HEADER))
    for line, card in _cards(file, encoding):
        try:
            yield Row(line, _cells(vobject.readOne(card, allowQP=True, ignoreUnreadable=True)))
        except (VObjectError, ParseError, ValueError, KeyError, AttributeError, IndexError, LookupError):
            # A row without an address is shown as bad, with its line.
            yield Row(line, ["", f"(address card that cannot be read: {card[:60].splitlines()[-1]})"])


def _cards(file: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """Give each card's text with the number of its first line."""
    text = text_of(file, encoding)
    begin, lines, skipping, size = 0, list[str](), False, 0
    try:
        number = 0
        while line := text.readline(MAX_LENGTH):
            number += 1
            word = line.strip().upper()
            if word == "BEGIN:VCARD":
                if begin:
                    raise Refused(
                        _(
                            "The address card that begins in line %(begin)s has no end. Export the file again.",
                            begin=begin,
                        )
                    )
                begin, lines, skipping, size = number, [], False, 0
            skipping = (skipping and line[:1] in " \t") or word.startswith(_PICTURES)
            if begin and not skipping:
                size += len(line)
                if size > MAX_LENGTH:
                    raise Refused(_("The address card that begins in line %(begin)s is too large.", begin=begin))
                lines.append(line.replace("\0", ""))
            if word == "END:VCARD" and begin:
                yield begin, "".join(lines)
                begin, lines = 0, []
        if begin:
            raise Refused(
                _("The address card that begins in line %(begin)s has no end. Export the file again.", begin=begin)
            )
    except UnicodeError as error:
        raise unreadable(encoding) from error
    finally:
        if not file.closed:
            text.detach()


def _cells(card: Any) -> list[str]:
    emails = sorted(card.contents.get("email", []), key=_preference)
    addresses = [str(one.value).strip() for one in emails if str(one.value).strip()]
    name, address = _value(card, "n"), _value(card, "adr")
    parts = [
        _text(_value(card, "fn")),
        _text(getattr(name, "given", "")),
        _text(getattr(name, "family", "")),
        _text(_value(card, "org")),
        _text(_value(card, "title")),
        _text(_value(card, "tel")),
        *(_text(getattr(address, part, "")) for part in ("street", "city", "code", "country")),
        _text(_value(card, "bday")),
    ]
    return [addresses[0] if addresses else "", *parts, "; ".join(addresses[1:])]


def _preference(entry: Any) -> int:
    """Sort the preferred address first: `PREF=1` of version 4, `TYPE=PREF` of version 3, `PREF` of 2.1."""
    kinds = [str(kind).upper() for kind in entry.params.get("TYPE", [])]
    return 0 if "PREF" in kinds or "PREF" in entry.params or "PREF" in entry.singletonparams else 1


def _value(card: Any, part: str) -> Any:
    found = card.contents.get(part)
    return found[0].value if found else ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value if str(one).strip())
    return " ".join(str(value).split())
