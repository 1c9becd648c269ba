"""The one table of words for pauses that the program makes: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.cloudflare.errors import KINDS
from app.words import _, joined

BOUNCES = "bounces"
QUOTA = "quota"
NOT_CONNECTED = "not_connected"
WAVE = "wave"
"""A wave is out; the rest waits until a person has looked."""
STALE = "stale"
"""Its time came, and something it was released with is another one by now (P7)."""
RESTORED = "restored"
"""It was restored from a backup that was made before it ended; what had not gone out by then may have since."""
ASKING = (WAVE, STALE, RESTORED)
"""Pauses that ask a person more than whether to resume; `waves.py`, `staleness.py`, `restored.py` have their words."""
MOST_BOUNCES = 0.05
"""Share of permanently bounced e-mails above which a send pauses…"""
BOUNCES_FROM = 100
"""…once so many were answered."""


@dataclass(frozen=True, slots=True)
class PauseWording:
    """Why a send paused by itself and what a person does; both may hold names of facts."""

    reason: str
    remedy: str


_WHEN_OVER = _("Resume the send when this is over.")
PAUSES: dict[str, PauseWording] = {
    **{cause: PauseWording(kind.staff, kind.administrator) for cause, kind in KINDS.items() if kind.stops_send},
    **{
        cause: PauseWording(
            _("%(staff)s It was tried again for a long time.", staff=KINDS[cause].staff), joined([_WHEN_OVER, remedy])
        )
        for cause, remedy in (
            ("throttled", _("If it persists, the daily quota is used up: go on tomorrow.")),
            ("global_limit", _("Lower the pace under Settings if it happens again.")),
            ("cannot_connect", _("Check the network and the base URL under Settings.")),
        )
    },
    BOUNCES: PauseWording(
        _(
            "%(bounced)s of %(answered)s e-mails were permanently refused by the recipients' mail servers; above 5 in "
            "100, mail services begin to refuse all e-mail of a sender."
        ),
        _(
            "Look at the group “Permanently bounced”. Cancel the send if the list is old or wrong; resume it if the "
            "rest is right. These bounces are then no longer counted."
        ),
    ),
    QUOTA: PauseWording(
        _(
            "The allowance of the mail service is used up (%(value)s e-mails a %(unit)s). The rest waits; "
            "nothing is "
            "lost."
        ),
        _("%(when)s More may be had from Cloudflare; then press Resume."),
    ),
    NOT_CONNECTED: PauseWording(_("%(words)s"), ""),
}
"""Reason's code, as in `Send.pause_code`, to words. Causes of the mail service have its own words."""
STOPS_WHEN_USED_UP = frozenset({"throttled", "global_limit", "cannot_connect"})
"""When the time for retries of one message is over for such a reason, every other message would only use up its own."""


def pause_words(code: str, **facts: object) -> str:
    """Give the reason and the remedy of a pause as one text. Raises KeyError for a code that is not in the table."""
    wording = PAUSES[code]
    return joined(_filled(words, facts) for words in (wording.reason, wording.remedy) if words)


def _filled(words: str, facts: Mapping[str, object]) -> str:
    """Fill in the facts that words name; the others need not be kept with them."""
    return _(words, **{name: fact for name, fact in facts.items() if f"%({name})s" in words})


def too_many_bounces(answered: int, bounced: int) -> bool:
    """Tell whether so many of the answered e-mails bounced that the send must pause."""
    return answered >= BOUNCES_FROM and bounced > MOST_BOUNCES * answered
