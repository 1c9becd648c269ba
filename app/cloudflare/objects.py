"""The service's other objects, read from an answer: tokens, zones, domains, limits, suppressions (API.md, 2, 7, 9).

Every reader takes the whole decoded answer. What it cannot read it lets fail; `shaped` makes a Failure of that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.cloudflare.answers import KEPT_RAW, moment
from app.cloudflare.errors import KINDS, failure
from app.cloudflare.results import (
    BulkItem,
    BulkResult,
    Failure,
    Limits,
    Quota,
    SendingDomain,
    Suppression,
    SuppressionPage,
    TokenCheck,
    Usage,
    Zone,
)

Envelope = Mapping[str, Any]
T = TypeVar("T")


def shaped(envelope: Envelope | Failure, reader: Callable[[Envelope], T]) -> T | Failure:
    """Read a success with `reader`. An answer of another shape is a failure, never an exception."""
    if isinstance(envelope, Failure):
        return envelope
    try:
        return reader(envelope)
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return failure(KINDS["unreadable"], status=200, raw=json.dumps(envelope)[:KEPT_RAW])


def token_check(envelope: Envelope) -> TokenCheck:
    """Read a token check."""
    found = envelope["result"]
    return TokenCheck(str(found.get("status", "")), moment(found.get("expires_on")))


def zones(envelope: Envelope) -> list[Zone]:
    """Read one page of zones."""
    return [Zone(str(one["id"]), str(one["name"])) for one in envelope["result"]]


def sending_domains(envelope: Envelope) -> list[SendingDomain]:
    """Read one page of a zone's sending domains."""
    return [
        SendingDomain(
            name=str(one["name"]),
            enabled=bool(one.get("enabled", True)),
            tag=str(one.get("tag", "")),
            drop_suppressed_recipients=bool(one.get("drop_suppressed_recipients")),
        )
        for one in envelope["result"]
    ]


def limits(envelope: Envelope) -> Limits:
    """Read quota and use; each may be null."""
    quota, usage = envelope["result"].get("quota"), envelope["result"].get("usage")
    return Limits(
        Quota(int(quota["value"]), str(quota.get("unit", "day"))) if quota else None,
        Usage(int(usage.get("sent", 0)), bool(usage.get("over_quota")), moment(usage.get("resets_at")))
        if usage
        else None,
    )


def suppression(found: Mapping[str, Any]) -> Suppression:
    """Read one suppression, by itself or out of a page."""
    scope, note = found.get("scope") or {}, found.get("note")
    return Suppression(
        id=str(found["id"]),
        email=str(found["email"]),
        reason=str(found.get("reason", "")),
        created_at=moment(found.get("created_at")),
        expires_at=moment(found.get("expires_at")),
        read_only=bool(found.get("read_only")),
        note=None if note is None else str(note),
        scope_type=str(scope.get("type", "account")),
        scope_value=scope.get("value"),
    )


def suppression_page(envelope: Envelope) -> SuppressionPage:
    """Read one page; only a text that is not empty leads on."""
    cursor = (envelope.get("result_info") or {}).get("next_cursor")
    items = tuple(suppression(one) for one in envelope["result"])
    return SuppressionPage(items, cursor if isinstance(cursor, str) and cursor else None)


def bulk_result(envelope: Envelope) -> BulkResult:
    """Read the counts of a bulk import."""
    found = envelope["result"]
    items = tuple(
        BulkItem(int(one["index"]), str(one["status"]), str(one.get("id") or "")) for one in found.get("items") or ()
    )
    names = ("processed", "invalid", "errors", "skipped", "deduplicated", "total")
    return BulkResult(**{name: int(found.get(name, 0)) for name in names}, items=items)


def pages_in_all(envelope: Envelope) -> int:
    """Give how many numbered pages there are; 1 when the answer does not tell."""
    info = envelope.get("result_info")
    pages = info.get("total_pages") if isinstance(info, Mapping) else None
    return pages if isinstance(pages, int) and pages > 0 else 1
