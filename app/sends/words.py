"""The one table of words for outcomes, states and reasons."""

from __future__ import annotations

from dataclasses import dataclass

from app.cloudflare.errors import KINDS
from app.sends.models import Outcome, ReviewState, Send, SendState


@dataclass(frozen=True, slots=True)
class Wording:
    """How something is called on pages; `tone` is good, warn, bad, info or plain."""

    label: str
    words: str
    tone: str = "plain"


OUTCOMES: dict[Outcome, Wording] = {
    Outcome.PENDING: Wording("Waiting", "Not sent yet.", "info"),
    Outcome.SENDING: Wording("Going out", "Being handed to the mail service now.", "info"),
    Outcome.DELIVERED: Wording("Delivered", "The recipient's mail server took it.", "good"),
    Outcome.QUEUED: Wording("Queued", "Cloudflare goes on trying to deliver it.", "info"),
    Outcome.BOUNCED: Wording(
        "Permanently bounced", "The recipient's mail server refused it for good. Do not write there again.", "bad"
    ),
    Outcome.ACCEPTED: Wording("Accepted", "Cloudflare took it, and did not say what became of it.", "info"),
    Outcome.REJECTED: Wording("Refused", "The mail service refused it. Nothing went out.", "bad"),
    Outcome.FAILED: Wording("Failed", "Tried several times; nothing went out.", "bad"),
    Outcome.SKIPPED: Wording("Left out", "Not written to, on purpose.", "plain"),
    Outcome.UNKNOWN: Wording(
        "In doubt", "It may or may not have gone out. Postroom does not send it again by itself.", "warn"
    ),
    Outcome.CANCELLED: Wording("Cancelled", "Stopped by a person before it went out.", "plain"),
}

SEND_STATES: dict[SendState, Wording] = {
    SendState.DRAFT: Wording("Draft", "Not released yet.", "plain"),
    SendState.SCHEDULED: Wording("Released", "It begins in a moment.", "info"),
    SendState.SENDING: Wording("Sending", "E-mails are going out.", "info"),
    SendState.PAUSED: Wording("Paused", "Nothing goes out until a person resumes it.", "warn"),
    SendState.FINISHED: Wording("Finished", "Everybody has an outcome.", "good"),
    SendState.CANCELLED: Wording("Cancelled", "Stopped by a person.", "plain"),
}

SCHEDULED = Wording("Scheduled", "It begins at the time that was chosen.", "info")


def send_wording(send: Send) -> Wording:
    """Say where a send stands; one with a chosen time is called scheduled."""
    return SCHEDULED if send.state is SendState.SCHEDULED and send.is_timed else SEND_STATES[send.state]


REVIEWS: dict[ReviewState, Wording] = {
    ReviewState.NONE: Wording("Not reviewed", "Start the review to see what everybody would get."),
    ReviewState.WAITING: Wording("Waiting", "The review begins in a moment.", "info"),
    ReviewState.RUNNING: Wording("Running", "Every e-mail is being put together once.", "info"),
    ReviewState.DONE: Wording("Reviewed", "Every e-mail was put together once.", "good"),
    ReviewState.FAILED: Wording("Stopped", "The review could not be finished.", "bad"),
}

_OWN_REASONS = {
    "trial_mode": "Trial mode: only the team's own addresses are written to.",
    "suppressed": "The mail service does not write to this address.",
    "opted_out": "The person unsubscribed.",
    "left_out_at_review": "Left out, because the review found a problem.",
    "no_answer": "The worker stopped while this e-mail was going out, so nobody can say whether it left.",
    "cancelled": "Cancelled before it went out.",
    "retries_used_up": "Tried several times without success. Nothing went out.",
    "missing_file": "The file for this person is not there. Nothing went out.",
    "template_error": "The e-mail could not be put together. Nothing went out.",
}
REASONS: dict[str, str] = {**{cause: kind.staff for cause, kind in KINDS.items()}, **_OWN_REASONS}
"""Why a message ended as it did: the code in `Message.reason` to words."""


def reason_words(reason: str) -> str:
    """Give the words of a reason; empty for none."""
    return REASONS.get(reason, "")
