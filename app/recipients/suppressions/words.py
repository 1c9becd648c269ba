"""Words of suppressions for pages: reasons, scopes, conflicts. Ours and Cloudflare's reasons share one vocabulary."""

from __future__ import annotations

from app.recipients.models import Conflict, SuppressionReason
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.unsubscribing.models import Topic
from app.words import _

OUR_REASONS: dict[SuppressionReason, str] = {
    SuppressionReason.OPT_OUT: _("Unsubscribed"),
    SuppressionReason.COMPLAINT: _("Marked an e-mail as spam"),
    SuppressionReason.BOUNCE: _("Permanently bounced"),
    SuppressionReason.BY_HAND: _("Added by hand"),
    SuppressionReason.IMPORTED: _("Imported"),
}
OUR_REASONS_INSIDE: dict[SuppressionReason, str] = {
    SuppressionReason.OPT_OUT: _("unsubscribed"),
    SuppressionReason.COMPLAINT: _("marked an e-mail as spam"),
    SuppressionReason.BOUNCE: _("permanently bounced"),
    SuppressionReason.BY_HAND: _("added by hand"),
    SuppressionReason.IMPORTED: _("imported"),
}
"""The same inside a sentence."""
THEIR_REASONS: dict[str, str] = {
    "manual": _("Added by hand"),
    "complaint": _("Marked an e-mail as spam"),
    "hard_bounce": _("Permanently bounced"),
    "soft_bounce": _("Bounced for now"),
    "policy": _("Set by Cloudflare"),
}
"""Cloudflare's own words; one that is new stands as it came."""
THEIR_REASONS_INSIDE: dict[str, str] = {
    "manual": OUR_REASONS_INSIDE[SuppressionReason.BY_HAND],
    "complaint": OUR_REASONS_INSIDE[SuppressionReason.COMPLAINT],
    "hard_bounce": OUR_REASONS_INSIDE[SuppressionReason.BOUNCE],
    "soft_bounce": _("bounced for now"),
    "policy": _("set by Cloudflare"),
}

OF_KIND = "of_kind"
"""Filter for people who stopped one kind of notice."""
FILTERS: dict[str, tuple[str, SuppressionReason | None, str | None]] = {
    "opt_out": (_("Unsubscribed from everything"), SuppressionReason.OPT_OUT, None),
    OF_KIND: (_("Unsubscribed from a kind of notice"), None, None),
    "complaint": (_("Marked as spam"), SuppressionReason.COMPLAINT, "complaint"),
    "bounce": (_("Permanently bounced"), SuppressionReason.BOUNCE, "hard_bounce"),
    "soft_bounce": (_("Bounced for now"), None, "soft_bounce"),
    "by_hand": (_("Added by hand"), SuppressionReason.BY_HAND, "manual"),
    "imported": (_("Imported"), SuppressionReason.IMPORTED, None),
    "policy": (_("Set by Cloudflare"), None, "policy"),
}
"""What the page filters by: label, our reason, their reason; None: they have no such."""

CONFLICTS: dict[Conflict, str] = {
    Conflict.GONE_THERE: _("Postroom gave this to Cloudflare, and somebody took it away there."),
    Conflict.READ_ONLY_THERE: (
        _("Cloudflare did not take this over: it has an entry of its own for the address, which cannot be changed.")
    ),
    Conflict.SCOPE_DIFFERS: _(
        "Here the address gets nothing at all; at Cloudflare only one sending domain is held back."
    ),
}
READ_ONLY = _(
    "Cloudflare set this entry and lets nobody change or remove it. When it is wrong, ask Cloudflare support from the "
    "account's dashboard, with this address; until then every e-mail to it is refused."
)


def their_reason_words(reason: str, *, inside: bool = False) -> str:
    """Say one of Cloudflare's reasons, by itself or inside a sentence."""
    return (THEIR_REASONS_INSIDE if inside else THEIR_REASONS).get(reason, reason.replace("_", " "))


def of_kind_words(topic: Topic) -> str:
    """Say inside a sentence that somebody stopped a kind of notice."""
    return _("unsubscribed from “%(name)s”", name=topic.name)


def scope_words(one: TheirSuppression) -> str:
    """Say where an entry of Cloudflare counts."""
    if one.scope_type == "sending_domain":
        return _("e-mail from %(domain)s", domain=one.scope_value)
    return _("every e-mail of the account") if one.scope_type == "account" else one.scope_type
