"""Later delivery events, read through the service's GraphQL endpoint (API.md, section 11.1).

One query a page, no retry of its own. Whatever comes back becomes a page or a typed failure, never an exception.
"""

from __future__ import annotations

import enum
import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from app.cloudflare.answers import moment, retry_after
from app.cloudflare.results import Failure
from app.words import _

log = logging.getLogger(__name__)

KEPT_DAYS = 31
"""How long the service keeps events (section 7)."""
QUERIES_IN_WINDOW = 300
"""GraphQL queries in five minutes by the stricter of two pages (section 17); stay far below."""
QUERY_SPACING_SECONDS = 3.0
"""Pause between two queries: a third of what is allowed."""
THROTTLED_SECONDS = 300.0
"""Wait after a refusal that names none."""
PAGE = 1000
WINDOW = timedelta(days=1)
"""Events and time of one query; neither is documented, so a refusal makes both small."""
CAREFUL_PAGE = 50
CAREFUL_WINDOW = timedelta(hours=1)
"""What the service's own examples ask for, and a window that no service finds too wide."""
CLOCKS = timedelta(minutes=1)
"""How far a time may lie outside of the window asked for."""
LONGEST_TEXT = 2000
"""Characters of a server's words that are kept."""

QUERY = (
    "query($z:string!,$a:Time!,$b:Time!,$n:Int!){viewer{zones(filter:{zoneTag:$z}){"
    "emailSendingAdaptive(filter:{datetime_geq:$a,datetime_leq:$b},limit:$n,orderBy:[datetime_ASC])"
    "{datetime messageId from to envelopeTo subject status eventType errorCause errorDetail isNDR}}}}"
)
_SMTP = re.compile(r"\b([45])\d\d\b|\b([45])\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"<?([^\s<>,;]+@[^\s<>,;]+)>?")


class EventKind(enum.StrEnum):
    """What an event tells, by the words of `status` and `eventType`, whose values are not all documented."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    """Put off by the recipient's server; the service goes on trying."""
    BOUNCED = "bounced"
    """Refused by the recipient's server for good."""
    SOFT_BOUNCED = "soft_bounced"
    """Put off until the service gave up."""
    REJECTED = "rejected"
    """Refused by the service before delivery."""
    FAILED = "failed"
    """Not delivered for a reason of the service's own."""
    COMPLAINED = "complained"
    """The recipient marked it as spam."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """One thing that happened to one e-mail on its way to one recipient."""

    at: datetime
    message_id: str
    """As the service gives it; with or without angle brackets, and not promised to be the id of the send's answer."""
    recipient: str
    subject: str = ""
    status: str = ""
    event_type: str = ""
    cause: str = ""
    detail: str = ""
    """The recipient's server's own words."""

    @property
    def kind(self) -> EventKind:
        """What it tells."""
        return kind_of_event(self.status, self.event_type, self.cause, self.detail)

    @property
    def bare_id(self) -> str:
        """The message id without brackets; compare it so."""
        return bare(self.message_id)

    @property
    def key(self) -> str:
        """The same event always has the same key: the service gives events no id of their own here."""
        parts = (self.at.isoformat(), self.bare_id, self.recipient.lower(), self.status, self.event_type)
        return hashlib.sha256("\n".join((*parts, self.cause, self.detail)).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in the order of time, and up to when the zone is now read."""

    events: tuple[DeliveryEvent, ...]
    read_until: datetime


@dataclass(frozen=True, slots=True)
class EventsFailure:
    """Why events could not be read. It says nothing about any e-mail."""

    cause: str
    words: str
    """What is the matter and what to do, for an administrator."""
    wait: float | None = None
    """Seconds the service asked to wait."""


EVENT_FAILURES: Mapping[str, str] = {
    "no_permission": (
        _(
            "The API token may not read what became of e-mails later. "
            "Give it “Analytics: Read” for every zone that sends. Sending works without it."
        )
    ),
    "no_token": _("The mail service does not accept the API token for reading later results. Put in a new one."),
    "throttled": _("The mail service asks us to read later results more slowly. Postroom waits and goes on by itself."),
    "unreachable": _("The mail service could not be reached for later results. Postroom tries again by itself."),
    "unreadable": _("The mail service's answer about later results could not be read. Postroom tries again by itself."),
    "refused": _("The mail service refused to tell later results."),
    "too_much": _("The mail service finds a question for later results too large."),
    "no_zone": _("The token does not see the zone of a sending domain. It needs “Zone: Read” and “Analytics: Read”."),
}
"""Causes with words."""


class Asking(Protocol):
    """What carries the query: the client of the account."""

    def post_query(self, body: bytes) -> tuple[int, Mapping[str, str], str] | Failure:
        """Post to the GraphQL endpoint; gives status, headers and text."""


class EventReader:
    """Reads one zone's events page by page; remembers when the service finds a question too large."""

    def __init__(self, client: Asking) -> None:
        self._client = client
        self._limit, self._window = PAGE, WINDOW

    def page(self, zone_id: str, since: datetime, until: datetime) -> EventPage | EventsFailure:
        """Give the first page of events from `since` on, `until` at most. Go on from its `read_until`."""
        end = min(until, since + self._window)
        variables = {"z": zone_id, "a": _time(since), "b": _time(end), "n": self._limit}
        answer = self._client.post_query(json.dumps({"query": QUERY, "variables": variables}).encode())
        if isinstance(answer, Failure):
            if answer.cause == "unreadable" and self._limit > CAREFUL_PAGE:  # longer than the client reads
                return self._carefully(zone_id, since, until)
            return events_failure("unreachable")
        rows = read_rows(*answer)
        if isinstance(rows, EventsFailure):
            if rows.cause == "too_much" and self._limit > CAREFUL_PAGE:
                return self._carefully(zone_id, since, until)
            return rows
        return _page_of(rows, since, end, is_full=len(rows) >= self._limit)

    def _carefully(self, zone_id: str, since: datetime, until: datetime) -> EventPage | EventsFailure:
        self._limit, self._window = CAREFUL_PAGE, CAREFUL_WINDOW
        return self.page(zone_id, since, until)


def read_rows(status: int, headers: Mapping[str, str], text: str) -> list[Any] | EventsFailure:
    """Read an answer: the rows of the one zone asked for, or why there are none."""
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        decoded = None
    errors = decoded.get("errors") if isinstance(decoded, dict) else None
    if status != 200 or errors:
        return _failure_of(status, headers, errors)
    try:
        zones = decoded["data"]["viewer"]["zones"]
        if zones == []:  # the token does not see the zone
            return events_failure("no_zone")
        rows = zones[0]["emailSendingAdaptive"]
    except (KeyError, TypeError, IndexError):
        return events_failure("unreadable")
    return rows if isinstance(rows, list) else events_failure("unreadable")


def kind_of_event(status: str, event_type: str, cause: str = "", detail: str = "") -> EventKind:
    """Tell what an event means. Documented are the statuses `delivered` and `deliveryFailed`, and the push types."""
    state, kind = _plain(status), _plain(event_type)
    both = f"{kind} {state}"
    if "complain" in both:
        return EventKind.COMPLAINED
    if "delivered" in both and "undelivered" not in both and "fail" not in both:
        return EventKind.DELIVERED
    is_final = state == "deliveryfailed"
    if "defer" in both or ("soft" in both and not is_final):
        return EventKind.DEFERRED
    if "reject" in both or "suppress" in both or "suppress" in _plain(cause):
        return EventKind.REJECTED
    if "bounce" in both or is_final:
        first = _SMTP.search(detail)
        code = (first.group(1) or first.group(2)) if first else ""
        is_soft = "soft" in f"{both} {_plain(cause)}" or (code == "4" and "hard" not in f"{both} {_plain(cause)}")
        return EventKind.SOFT_BOUNCED if is_soft else EventKind.BOUNCED
    return EventKind.FAILED if "fail" in both else EventKind.OTHER


def bare(message_id: str) -> str:
    """Give a message id without angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")


def events_failure(cause: str, *, said: str = "", wait: float | None = None) -> EventsFailure:
    """Make a failure with the words of its cause; `said` is what the service said."""
    words = EVENT_FAILURES[cause]
    return EventsFailure(cause, _("%(words)s It said: %(said)s", words=words, said=said[:300]) if said else words, wait)


def _page_of(rows: Sequence[Any], since: datetime, end: datetime, *, is_full: bool) -> EventPage | EventsFailure:
    """Read a full or a last page. What lies outside of the window asked for is no answer to the question."""
    fits = (since - CLOCKS, end + CLOCKS)
    found = [event for row in rows if isinstance(row, dict) and (event := _event(row, fits)) is not None]
    if not is_full:
        return EventPage(_in_order(found), end)
    given = [moment(row.get("datetime")) for row in rows if isinstance(row, dict)]
    times = [at for at in given if at is not None and fits[0] <= at <= fits[1]]
    if not times:
        return events_failure("unreadable")
    last = max(times)
    if last <= since:  # a whole page of one instant: there is no way to ask for the rest of it
        log.warning("more events at %s than one question can give; some are left out", since)
        last = since + timedelta(seconds=1)
    return EventPage(_in_order(found), min(last, end))


def _in_order(events: list[DeliveryEvent]) -> tuple[DeliveryEvent, ...]:
    return tuple(sorted(events, key=lambda event: event.at))


def _event(row: Mapping[str, Any], fits: tuple[datetime, datetime]) -> DeliveryEvent | None:
    """Read one row. None: no time that fits, nobody it concerns, or a bounce notice to ourselves."""
    at, recipient = moment(row.get("datetime")), _address(row.get("envelopeTo")) or _address(row.get("to"))
    if at is None or not fits[0] <= at <= fits[1] or not recipient or str(row.get("isNDR")).lower() in {"true", "1"}:
        return None
    return DeliveryEvent(
        at=at,
        message_id=_text(row.get("messageId"), 255),
        recipient=recipient[:254],
        subject=_text(row.get("subject"), LONGEST_TEXT),
        status=_text(row.get("status"), 64),
        event_type=_text(row.get("eventType"), 64),
        cause=_text(row.get("errorCause"), 300),
        detail=_text(row.get("errorDetail"), LONGEST_TEXT),
    )


def _failure_of(status: int, headers: Mapping[str, str], errors: object) -> EventsFailure:
    said, codes = _said(errors)
    words = said.lower()
    if status == 429 or "budget" in codes or "rate limit" in words or "budget" in words:
        return events_failure("throttled", wait=retry_after(headers.get("Retry-After")) or THROTTLED_SECONDS)
    if (
        status == 403
        or "authz" in codes
        or any(one in words for one in ("not authorized", "does not have access", "permission", "unauthorized to"))
    ):
        return events_failure("no_permission")
    if status == 401 or "authentication" in words or "invalid api token" in words:
        return events_failure("no_token")
    if any(one in words for one in ("limit", "time range", "wider", "too large")):
        return events_failure("too_much", said=said)
    if status >= 500:
        return events_failure("unreadable")
    return events_failure("refused", said=said) if said else events_failure("unreadable")


def _said(errors: object) -> tuple[str, set[str]]:
    """Give the message of the first error and the codes of all."""
    several = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    codes = set()
    for one in several:
        extensions = one.get("extensions")
        code = extensions.get("code") if isinstance(extensions, dict) else one.get("code")
        codes.add(str(code).lower())
    message = several[0].get("message") if several else ""
    return (message if isinstance(message, str) else ""), codes


def _text(value: object, most: int) -> str:
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:most]  # half characters fit no database


def _address(value: object) -> str:
    found = _ADDRESS.search(value.replace("\0", "")) if isinstance(value, str) else None
    return _text(found.group(1), 254) if found else ""


def _plain(words: str) -> str:
    return re.sub(r"[^a-z]", "", words.lower())


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
