"""Header values taken apart into the fields of a form, and put together again.

`parse` gives None for whatever `build` would not give back letter for letter, so that a value is never changed by being
shown. `build` never drops anything: what cannot be put together is given as it was typed, for the checks to name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

from app.cloudflare.header_forms import ValueKind, value_kind
from app.cloudflare.headers import HEADER_RULES, canonical_name

Parts = dict[str, str]
"""A form's fields by name, as typed."""

HOSTED = "<{{ unsubscribe_url }}>"
"""Postroom's own unsubscribe page."""
RECIPIENT = "{{ email }}"
TICKED = "yes"
ZONES = (
    *("-1200", "-1100", "-1000", "-0930", "-0900", "-0800", "-0700", "-0600", "-0500", "-0400", "-0330", "-0300"),
    *("-0200", "-0100", "+0000", "+0100", "+0200", "+0300", "+0330", "+0400", "+0430", "+0500", "+0530", "+0545"),
    *("+0600", "+0630", "+0700", "+0800", "+0845", "+0900", "+0930", "+1000", "+1030", "+1100", "+1200", "+1245"),
    *("+1300", "+1400"),
)
"""Offsets from UTC that places of the world keep, as RFC 5322 writes them."""
UTC_ZONE = "+0000"

PARTS: Mapping[ValueKind, tuple[str, ...]] = {
    ValueKind.UNSUBSCRIBE: ("hosted", "web", "mail"),
    ValueKind.MOMENT: ("when", "zone"),
    ValueKind.VALID_SINCE: ("address", "day"),
    ValueKind.LINK: ("text",),
    ValueKind.MESSAGE_IDS: ("text",),
}
"""The fields of each kind that is put together; other kinds have the value itself as their one field."""

_BRACKETED = re.compile(r"<([^<>]*)>")
_ONE_ID = re.compile(r"(?:\{\{.*?\}\}|\{%.*?%\}|[^\s,<>])+")
"""A message id without brackets; what stands in Jinja's braces belongs to it, spaces too."""


def build(kind: ValueKind, parts: Mapping[str, str]) -> str:
    """Put a value together from the fields of a form; empty when nothing was filled in."""
    return _BUILD[kind]({name: parts.get(name, "").strip() for name in PARTS[kind]})


def parse(name: str, value: str) -> Parts | None:
    """Take a header's value apart; None when it does not fit the form. An empty value gives the empty form."""
    kind = value_kind(name)
    if not value:
        return dict(_EMPTY.get(kind, {}))
    if kind is ValueKind.CHOICE:
        return {} if value in HEADER_RULES[canonical_name(name)].allowed_values else None
    if kind not in PARTS:
        return {}
    parts = _PARSE[kind](value)
    return parts if parts is not None and build(kind, parts) == value else None


def _build_unsubscribe(parts: Parts) -> str:
    mail = _bare(parts["mail"]).removeprefix("mailto:")
    pieces = (
        HOSTED if parts["hosted"] else "",
        f"<{_bare(parts['web'])}>" if parts["web"] else "",
        f"<mailto:{mail}>" if mail else "",
    )
    return ", ".join(piece for piece in pieces if piece)


def _parse_unsubscribe(value: str) -> Parts | None:
    parts = {"hosted": "", "web": "", "mail": ""}
    for inner in _BRACKETED.findall(value):
        if f"<{inner}>" == HOSTED:
            parts["hosted"] = TICKED
        elif inner.startswith("mailto:"):
            parts["mail"] = inner.removeprefix("mailto:")
        else:
            parts["web"] = inner
    return parts


def _build_moment(parts: Parts) -> str:
    try:
        when = datetime.fromisoformat(parts["when"])
    except ValueError:
        return parts["when"]
    zone = parts["zone"] if parts["zone"] in ZONES else UTC_ZONE
    return parts["when"] if when.tzinfo or when.microsecond else format_datetime(when.replace(tzinfo=_offset(zone)))


def _parse_moment(value: str) -> Parts | None:
    when = _moment(value)
    if when is None:
        return None
    local = when.replace(tzinfo=None)
    return {"when": local.isoformat(timespec="seconds" if local.second else "minutes"), "zone": f"{when:%z}"}


def _build_valid_since(parts: Parts) -> str:
    if not parts["day"]:
        return "" if parts["address"] in {"", RECIPIENT} else f"{parts['address']};"
    try:
        midnight = datetime.combine(date.fromisoformat(parts["day"]), time(), UTC)
    except ValueError:
        return f"{parts['address']}; {parts['day']}"
    return f"{parts['address']}; {format_datetime(midnight)}"


def _parse_valid_since(value: str) -> Parts | None:
    address, _, written = value.rpartition(";")
    when = _moment(written.strip()) if written else None
    if written and when is None:
        return None
    return {"address": address.strip(), "day": when.date().isoformat() if when else ""}


def _build_link(parts: Parts) -> str:
    text = _bare(parts["text"])
    if not text or text.upper() == "NO" or "<" in text or ">" in text:
        return text
    return f"<mailto:{text}>" if "@" in text and ":" not in text else f"<{text}>"


def _parse_link(value: str) -> Parts | None:
    inner = _bare(value)
    is_plain_mail = inner.startswith("mailto:") and "@" in inner and ":" not in inner.removeprefix("mailto:")
    return {"text": inner.removeprefix("mailto:") if is_plain_mail else inner}


def _build_message_ids(parts: Parts) -> str:
    text = parts["text"]
    ids = _ONE_ID.findall(text)
    spaced = re.sub(r"[\s,]+", " ", _BRACKETED.sub(r" \1 ", text)).strip()
    # Brackets that do not pair belong to no id; the text stays as it is typed then.
    return " ".join(f"<{one}>" for one in ids) if ids and not set(spaced) & set("<>") else text


def _parse_message_ids(value: str) -> Parts | None:
    return {"text": " ".join(_BRACKETED.findall(value))}


def _bare(text: str) -> str:
    """Give an address without the angle brackets that somebody typed around it."""
    whole = _BRACKETED.fullmatch(text)
    return whole[1].strip() if whole else text


def _moment(value: str) -> datetime | None:
    """Read a date of RFC 5322 with a zone that the form offers."""
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo and f"{when:%z}" in ZONES else None


def _offset(zone: str) -> timezone:
    minutes = int(zone[1:3]) * 60 + int(zone[3:])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


_EMPTY: Mapping[ValueKind, Parts] = {
    ValueKind.UNSUBSCRIBE: {"hosted": "", "web": "", "mail": ""},
    ValueKind.MOMENT: {"when": "", "zone": UTC_ZONE},
    ValueKind.VALID_SINCE: {"address": RECIPIENT, "day": ""},
    ValueKind.LINK: {"text": ""},
    ValueKind.MESSAGE_IDS: {"text": ""},
}
_BUILD: Mapping[ValueKind, Callable[[Parts], str]] = {
    ValueKind.UNSUBSCRIBE: _build_unsubscribe,
    ValueKind.MOMENT: _build_moment,
    ValueKind.VALID_SINCE: _build_valid_since,
    ValueKind.LINK: _build_link,
    ValueKind.MESSAGE_IDS: _build_message_ids,
}
_PARSE: Mapping[ValueKind, Callable[[str], Parts | None]] = {
    ValueKind.UNSUBSCRIBE: _parse_unsubscribe,
    ValueKind.MOMENT: _parse_moment,
    ValueKind.VALID_SINCE: _parse_valid_since,
    ValueKind.LINK: _parse_link,
    ValueKind.MESSAGE_IDS: _parse_message_ids,
}
