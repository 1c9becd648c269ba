"""What kind of value each allowed header takes, and in which groups people look for it. Data only: pages draw it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from app.cloudflare.headers import HEADER_RULES, canonical_name
from app.words import _


class ValueKind(enum.StrEnum):
    """How the value of a header is put together."""

    TEXT = "text"
    CHOICE = "choice"
    """One of the rule's `allowed_values`."""
    LANGUAGE = "language"
    """A language tag."""
    LINK = "link"
    """One web or e-mail address in angle brackets."""
    MESSAGE_IDS = "message_ids"
    """Message ids in angle brackets, with spaces between them."""
    UNSUBSCRIBE = "unsubscribe"
    """Addresses in angle brackets, with commas between them."""
    MOMENT = "moment"
    """A date and time as RFC 5322 writes it."""
    VALID_SINCE = "valid_since"
    """An e-mail address and a date (RFC 7293)."""


@dataclass(frozen=True, slots=True)
class HeaderGroup:
    """Headers that serve one purpose."""

    title: str
    names: tuple[str, ...]


HEADER_GROUPS = (
    HeaderGroup(
        _("Unsubscribe and lists"),
        (
            *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Help", "List-Subscribe", "List-Owner"),
            *("List-Post", "List-Archive"),
        ),
    ),
    HeaderGroup(_("Threads"), ("In-Reply-To", "References")),
    HeaderGroup(
        _("Importance and handling"),
        (
            *("Importance", "Priority", "Sensitivity", "Precedence", "Auto-Submitted", "Expires", "Reply-By"),
            "Require-Recipient-Valid-Since",
        ),
    ),
    HeaderGroup(_("About"), ("Content-Language", "Keywords", "Comments", "Organization", "Archived-At")),
)
"""Every allowed name once. Names of one's own, beginning with X-, stand apart."""

_KINDS: Mapping[str, ValueKind] = {
    **{rule.name: ValueKind.CHOICE for rule in HEADER_RULES.values() if rule.allowed_values},
    **dict.fromkeys(("In-Reply-To", "References"), ValueKind.MESSAGE_IDS),
    **dict.fromkeys(
        ("List-Archive", "List-Help", "List-Owner", "List-Post", "List-Subscribe", "Archived-At"), ValueKind.LINK
    ),
    **dict.fromkeys(("Expires", "Reply-By"), ValueKind.MOMENT),
    "List-Unsubscribe": ValueKind.UNSUBSCRIBE,
    "Content-Language": ValueKind.LANGUAGE,
    "Require-Recipient-Valid-Since": ValueKind.VALID_SINCE,
}


def value_kind(name: str) -> ValueKind:
    """Give the kind of value a header takes; text for names of one's own."""
    return _KINDS.get(canonical_name(name), ValueKind.TEXT)
