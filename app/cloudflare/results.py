"""What the service answered, typed (API.md, sections 5, 6 and 15)."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.request import parse_http_list


class WasSent(enum.StrEnum):
    """Whether anything went out."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RateState:
    """What the `Ratelimit` headers say; None where they do not."""

    left: int | None = None
    reset_seconds: int | None = None
    quota: int | None = None
    window_seconds: int | None = None


def rate_state(headers: Mapping[str, str]) -> RateState | None:
    """Read `Ratelimit` and `Ratelimit-Policy`; of several limits that with the least left. None: no headers."""
    states = parse_http_list(headers.get("Ratelimit", ""))
    policies = parse_http_list(headers.get("Ratelimit-Policy", ""))
    if not states and not policies:
        return None
    by_name = {_name(policy): policy for policy in reversed(policies)}
    known = [
        RateState(_parameter(state, "r"), _parameter(state, "t"), _parameter(policy, "q"), _parameter(policy, "w"))
        for number, state in enumerate(states or [""])
        for policy in [by_name.get(_name(state)) or (policies[number] if number < len(policies) else "")]
    ]
    return min(known, key=lambda one: one.left if one.left is not None else 1 << 40)


def _name(item: str) -> str:
    return item.partition(";")[0].strip()


def _parameter(item: str, name: str) -> int | None:
    found = re.search(rf";\s*{name}=(\d{{1,12}})\b", item)
    return int(found.group(1)) if found else None


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """A success: the request was taken. That does not mean that anybody got it (section 5)."""

    delivered: tuple[str, ...] = ()
    permanent_bounces: tuple[str, ...] = ()
    queued: tuple[str, ...] = ()
    suppressed_recipients: tuple[str, ...] = ()
    message_id: str | None = None
    http_status: int = 200
    raw: str = ""
    rate: RateState | None = None

    def group_of(self, address: str) -> str | None:
        """Give the list that names an address, ignoring case; None when none does."""
        wanted = address.lower()
        for group in ("permanent_bounces", "suppressed_recipients", "queued", "delivered"):
            if any(one.lower() == wanted for one in getattr(self, group)):
                return group
        return None


@dataclass(frozen=True, slots=True)
class Failure:
    """Anything else than a success."""

    cause: str
    """Key of the errors table, for example `throttled` or `timeout`."""
    was_sent: WasSent
    may_retry: bool
    """Whether the program alone may post it again."""
    staff_words: str
    administrator_words: str
    first_pause: float = 0.0
    """Seconds before the first retry; later pauses grow from it (section 15)."""
    retry_seconds: float = 0.0
    """For how long it may be tried again, from its first failure on."""
    pause_is_asked: bool = False
    """Nobody of the account may come before the first pause is over."""
    retry_after: float | None = None
    """Seconds the service asked to wait."""
    stops_send: bool = False
    """Every other message would fail alike: the whole send must stop."""
    maybe_suppressed: bool = False
    """Any 400 may be a suppressed recipient (section 6)."""
    http_status: int | None = None
    code: str | None = None
    message: str | None = None
    raw: str = ""
    rate: RateState | None = None


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """What a token check says; only `active` is good."""

    status: str
    expires_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of the account."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SendingDomain:
    """A domain, or `*.domain`, that may be sent from."""

    name: str
    enabled: bool
    tag: str = ""
    drop_suppressed_recipients: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """So many e-mails per unit (day or hour)."""

    value: int
    unit: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What of the quota is used."""

    sent: int
    over_quota: bool
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Quota and use; None where the service does not tell."""

    quota: Quota | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address the service does not write to."""

    id: str
    email: str
    reason: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    read_only: bool = False
    note: str | None = None
    scope_type: str = "account"
    scope_value: str | None = None


@dataclass(frozen=True, slots=True)
class SuppressionPage:
    """One page of suppressions; an empty page with a cursor is not the end."""

    items: tuple[Suppression, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class BulkItem:
    """What became of one item of a bulk import, by its place in the request."""

    index: int
    status: str
    """`processed`, `invalid`, `error` or `skipped`."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """Counts of a bulk import, and what became of each item as far as the service tells."""

    processed: int
    invalid: int
    errors: int
    skipped: int
    deduplicated: int
    total: int
    items: tuple[BulkItem, ...] = ()
