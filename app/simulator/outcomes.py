"""Addresses choose outcomes: what the local part of a recipient begins with decides what becomes of the mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.cloudflare.errors import SERVICE_ERRORS

ERRORS = {kind.cause: kind for kind in SERVICE_ERRORS}
SLOW_SECONDS = 3.0
MOST_SLOW_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Example:
    """One line of the documentation page."""

    beginning: str
    example: str
    words: str


EXAMPLES = (
    Example("anything else", "anna@example.net", "Delivered."),
    Example("bounce", "bounce-anna@example.net", "Permanently bounced: the answer names it in permanent_bounces."),
    Example("queued", "queued-anna@example.net", "Queued: the answer names it in queued; delivered later."),
    Example("suppressed", "suppressed-anna@example.net", "On the suppression list: 400, the whole request is refused."),
    Example("dropped", "dropped-anna@example.net", "Left out by the service: named in suppressed_recipients."),
    Example("nolist", "nolist-anna@example.net", "A success that names nobody: all lists are empty; delivered later."),
    Example("queued-bounce", "queued-bounce-anna@example.net", "Queued; a later event says it bounced for good."),
    Example("queued-soft", "queued-soft-anna@example.net", "Queued; put off twice, then given up (a soft bounce)."),
    Example("queued-stays", "queued-stays-anna@example.net", "Queued; no later event says what became of it."),
    Example("nolist-bounce", "nolist-bounce-anna@example.net", "Names nobody; a later event says it bounced."),
    Example("nolist-stays", "nolist-stays-anna@example.net", "Names nobody; no later event either."),
    Example("complain", "complain-anna@example.net", "Delivered; a later event says it was marked as spam."),
    Example("late-bounce", "late-bounce-anna@example.net", "Delivered; a later event says it bounced after all."),
    Example("slow", "slow-5-anna@example.net", "Delivered after so many seconds (3 without a number)."),
    Example("drop", "drop-anna@example.net", "The mail is captured, then the connection is closed without an answer."),
    Example("drop-bounce", "drop-bounce-anna@example.net", "As drop; a later event says it bounced for good."),
    Example("refuse-drop", "refuse-drop-anna@example.net", "The connection is closed before anything is captured."),
    Example("gateway", "gateway-anna@example.net", "A gateway answers 502 with a web page."),
    Example("notjson", "notjson-anna@example.net", "200, but no JSON."),
    Example("false200", "false200-anna@example.net", "200 with success: false."),
    Example("global-limit", "global-limit-anna@example.net", "429 of the gateway with Retry-After: 2."),
    Example(
        "once-MESSAGE-",
        "once-throttled-anna@example.net",
        "The first try gets the error MESSAGE (below), the next succeeds.",
    ),
    *(
        Example(f"error-{kind.cause}", f"error-{kind.cause}@example.net", f"{kind.status}: {kind.staff}")
        for kind in SERVICE_ERRORS
    ),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an address asks for."""

    kind: str
    """A group of the answer (GROUPS), or what decides the whole request: suppressed, error, drop and so on."""
    error: str = ""
    seconds: float = 0
    once: bool = False


GROUPS = ("delivered", "permanent_bounces", "queued", "nolist", "dropped")
_WHOLE = ("refuse-drop", "drop", "gateway", "notjson", "false200", "global-limit")


def wish_of(address: str) -> Wish:
    """Read an address's wish."""
    local = address.partition("@")[0].lower()
    if local.startswith("once-"):
        return Wish("error", error=_error(local.removeprefix("once-")), once=True)
    if local.startswith("error-"):
        return Wish("error", error=_error(local.removeprefix("error-")))
    if local.startswith("dropped"):
        return Wish("dropped")
    for whole in _WHOLE:
        if local.startswith(whole):
            return Wish(whole)
    if local.startswith("slow"):
        number = re.match(r"slow-(\d+(?:\.\d+)?)", local)
        return Wish("delivered", seconds=min(float(number.group(1)) if number else SLOW_SECONDS, MOST_SLOW_SECONDS))
    for beginning, kind in (
        ("bounce", "permanent_bounces"),
        ("queued", "queued"),
        ("suppressed", "suppressed"),
        ("nolist", "nolist"),
    ):
        if local.startswith(beginning):
            return Wish(kind)
    return Wish("delivered")


@dataclass(frozen=True, slots=True)
class Told:
    """One later event."""

    steps: int
    """How many delays after the send it happens."""
    status: str
    event_type: str
    cause: str = ""
    detail: str = ""


_DELIVERED = ("delivered", "delivered", "", "250 2.0.0 Ok: queued")
_DEFERRED = ("deferred", "deferred", "soft_bounce", "451 4.7.1 Greylisted, try again later")
_FULL = ("deferred", "deferred", "soft_bounce", "452 4.2.2 The mailbox is full")
_GIVEN_UP = ("deliveryFailed", "bounced", "soft_bounce", "452 4.2.2 The mailbox is full; no more tries are left")
_REFUSED = ("deliveryFailed", "bounced", "hard_bounce", "550 5.1.1 The mailbox does not exist")
_COMPLAINT = ("complained", "complained", "abuse", "")
_LEFT_OUT = ("rejected", "rejected", "suppressed", "The recipient is on the suppression list")
_STORIES: dict[str, tuple[Told, ...]] = {
    "queued-bounce": (Told(0, *_DEFERRED), Told(1, *_REFUSED)),
    "queued-soft": (Told(0, *_FULL), Told(1, *_FULL), Told(2, *_GIVEN_UP)),
    "queued-stays": (Told(0, *_DEFERRED),),
    "queued": (Told(0, *_DEFERRED), Told(1, *_DELIVERED)),
    "nolist-bounce": (Told(1, *_REFUSED),),
    "nolist-stays": (),
    "nolist": (Told(1, *_DELIVERED),),
    "dropped": (Told(0, *_LEFT_OUT),),
    "drop-bounce": (Told(1, *_REFUSED),),
    "drop": (Told(1, *_DELIVERED),),
    "bounce": (Told(0, *_REFUSED),),
    "complain": (Told(0, *_DELIVERED), Told(1, *_COMPLAINT)),
    "late-bounce": (Told(0, *_DELIVERED), Told(1, *_REFUSED)),
}
"""What later events tell, by the beginning of the address; the first that fits."""


def told_of(address: str, group: str) -> tuple[Told, ...]:
    """Give the later events of a captured mail for one recipient, whom the answer put into `group`."""
    local = address.partition("@")[0].lower()
    story = next((story for beginning, story in _STORIES.items() if local.startswith(beginning)), None)
    if story is not None:
        return story
    return (Told(0, *(_REFUSED if group == "permanent_bounces" else _DELIVERED)),)


def _error(rest: str) -> str:
    """Find the documented error that the rest of a local part begins with; the longest name that fits."""
    fitting = [cause for cause in ERRORS if rest == cause or rest.startswith(cause + "-")]
    return max(fitting, key=len, default="internal_server")
