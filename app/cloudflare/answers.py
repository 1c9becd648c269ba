"""Reading the service's answers (API.md, sections 1, 5 and 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.cloudflare.errors import KINDS, failure, kind_of
from app.cloudflare.results import Failure, SendAnswer, rate_state

_TIME = TypeAdapter(datetime)
KEPT_RAW = 64 * 1024
"""Characters of a raw answer that are kept."""
LONGEST_WAIT = 24 * 3600.0
"""Seconds of a Retry-After that are believed; the daily quota is back by then."""


def read_envelope(status: int, headers: Mapping[str, str], text: str) -> dict[str, Any] | Failure:
    """Give the whole decoded answer of a success, or the failure it is.

    A success is a 2xx with JSON, `success: true` and a result (section 5, rule 1).
    """
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or nested without end
        decoded = None
    if (
        isinstance(decoded, dict)
        and 200 <= status < 300
        and decoded.get("success") is True
        and decoded.get("result") is not None
    ):
        return decoded
    code, message = _first_error(decoded)
    if 200 <= status < 300:
        kind = KINDS["unreadable"]
        if isinstance(decoded, dict) and decoded.get("success") is False and message:
            kind = next((known for cause, known in KINDS.items() if message.endswith(f".error.{cause}")), kind)
    else:
        kind = kind_of(status, code, message)
    return failure(
        kind,
        status=status,
        code=code,
        message=message,
        raw=text[:KEPT_RAW],
        retry_after=retry_after(headers.get("Retry-After")),
        rate=rate_state(headers),
    )


def read_send(status: int, headers: Mapping[str, str], text: str) -> SendAnswer | Failure:
    """Read the answer of a send."""
    envelope = read_envelope(status, headers, text)
    if isinstance(envelope, Failure):
        return envelope
    result = envelope["result"]
    if not isinstance(result, dict):
        return failure(KINDS["unreadable"], status=status, raw=text[:KEPT_RAW], rate=rate_state(headers))
    message_id = result.get("message_id")
    return SendAnswer(
        delivered=_addresses(result.get("delivered")),
        permanent_bounces=_addresses(result.get("permanent_bounces")),
        queued=_addresses(result.get("queued")),
        suppressed_recipients=_addresses(result.get("suppressed_recipients")),
        message_id=message_id if isinstance(message_id, str) else None,
        http_status=status,
        raw=text[:KEPT_RAW],
        rate=rate_state(headers),
    )


def retry_after(value: str | None) -> float | None:
    """Give the seconds of a Retry-After header: a number, or a date (RFC 9110, section 10.2.3); a day at most."""
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(value)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return min(max(0.0, (when - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)
    except (ValueError, OverflowError, TypeError):
        return None


def moment(value: object) -> datetime | None:
    """Read a time; None when there is none or it cannot be read."""
    try:
        when = _TIME.validate_python(value)
    except ValidationError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _first_error(decoded: object) -> tuple[str | None, str | None]:
    errors = decoded.get("errors") if isinstance(decoded, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return None, None
    code, message = first.get("code"), first.get("message")
    return (None if code is None else str(code)), message if isinstance(message, str) else None


def _addresses(value: object) -> tuple[str, ...]:
    """Read a list of addresses: texts, or objects that hold one."""
    if not isinstance(value, list):
        return ()
    found = (one.get("address") or one.get("email") if isinstance(one, dict) else one for one in value)
    return tuple(one for one in found if isinstance(one, str))
