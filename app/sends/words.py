"""The one table of words for outcomes, states and reasons."""

from __future__ import annotations

from dataclasses import dataclass

from app.cloudflare.errors import KINDS
from app.cloudflare.events import EventKind
from app.sends.models import Message, Outcome, ReviewState, Send, SendState
from app.words import _, joined, shown


@dataclass(frozen=True, slots=True)
class Wording:
    """How something is called on pages; `tone` is good, warn, bad, info or plain."""

    label: str
    words: str
    tone: str = "plain"


OUTCOMES: dict[Outcome, Wording] = {
    Outcome.PENDING: Wording(_("Waiting"), _("Not sent yet."), "info"),
    Outcome.SENDING: Wording(_("Going out"), _("Being handed to the mail service now."), "info"),
    Outcome.DELIVERED: Wording(_("Delivered"), _("The recipient's mail server took it."), "good"),
    Outcome.QUEUED: Wording(_("Queued"), _("Cloudflare goes on trying to deliver it."), "info"),
    Outcome.BOUNCED: Wording(
        _("Permanently bounced"),
        _("The recipient's mail server refused it for good. Do not write there again."),
        "bad",
    ),
    Outcome.ACCEPTED: Wording(_("Accepted"), _("Cloudflare took it, and did not say what became of it."), "info"),
    Outcome.REJECTED: Wording(_("Refused"), _("The mail service refused it. Nothing went out."), "bad"),
    Outcome.FAILED: Wording(_("Failed"), _("Tried several times; nothing went out."), "bad"),
    Outcome.SKIPPED: Wording(_("Left out"), _("Not written to, on purpose."), "plain"),
    Outcome.UNKNOWN: Wording(
        _("In doubt"),
        _("It may or may not have gone out. Postroom does not send it again by itself."),
        "warn",
    ),
    Outcome.CANCELLED: Wording(_("Cancelled"), _("Stopped by a person before it went out."), "plain"),
}

SEND_STATES: dict[SendState, Wording] = {
    SendState.DRAFT: Wording(_("Draft"), _("Not released yet."), "plain"),
    SendState.AWAITING_APPROVAL: Wording(
        _("Waits for approval"), _("Nothing goes out until somebody else approves it."), "warn"
    ),
    SendState.SCHEDULED: Wording(_("Released"), _("It begins in a moment."), "info"),
    SendState.SENDING: Wording(_("Sending"), _("E-mails are going out."), "info"),
    SendState.PAUSED: Wording(_("Paused"), _("Nothing goes out until a person resumes it."), "warn"),
    SendState.FINISHED: Wording(_("Finished"), _("Everybody has an outcome."), "good"),
    SendState.CANCELLED: Wording(_("Cancelled"), _("Stopped by a person."), "plain"),
}

SCHEDULED = Wording(_("Scheduled"), _("It begins at the time that was chosen."), "info")
SEND_STATES_INSIDE: dict[SendState, str] = {
    SendState.DRAFT: _("draft"),
    SendState.AWAITING_APPROVAL: _("waits for approval"),
    SendState.SCHEDULED: _("released"),
    SendState.SENDING: _("sending"),
    SendState.PAUSED: _("paused"),
    SendState.FINISHED: _("finished"),
    SendState.CANCELLED: _("cancelled"),
}
"""The labels as they stand inside a sentence."""


def send_wording(send: Send) -> Wording:
    """Say where a send stands; one with a chosen time is called scheduled."""
    return SCHEDULED if send.state is SendState.SCHEDULED and send.is_timed else SEND_STATES[send.state]


def state_change(before: SendState, after: SendState) -> dict[str, tuple[object, object]]:
    """Give what the trail says of a send that went from one state to another."""
    return {_("State"): (SEND_STATES[before].label, SEND_STATES[after].label)}


REVIEWS: dict[ReviewState, Wording] = {
    ReviewState.NONE: Wording(_("Not reviewed"), _("Start the review to see what everybody would get.")),
    ReviewState.WAITING: Wording(_("Waiting"), _("The review begins in a moment."), "info"),
    ReviewState.RUNNING: Wording(_("Running"), _("Every e-mail is being put together once."), "info"),
    ReviewState.DONE: Wording(_("Reviewed"), _("Every e-mail was put together once."), "good"),
    ReviewState.FAILED: Wording(_("Stopped"), _("The review could not be finished."), "bad"),
}

_OWN_REASONS = {
    "trial_mode": _("Trial mode: only the team's own addresses are written to."),
    "suppressed": _("The mail service does not write to this address."),
    "opted_out": _("The person unsubscribed."),
    "topic_opted_out": _("The person stopped this kind of notice."),
    "complained": _("The person marked an earlier e-mail as spam."),
    "bounced_before": _("An earlier e-mail to this address permanently bounced."),
    "held_back_by_hand": _("Somebody added this address by hand to those that are not written to."),
    "held_back_by_import": _("This address was imported into those that are not written to."),
    "suppressed_there": _("Cloudflare does not write to this address."),
    "left_out_at_review": _("Left out, because the review found a problem."),
    "no_answer": _("The worker stopped while this e-mail was going out, so nobody can say whether it left."),
    "restored": _("It waited when the backup was made that Postroom was restored from; it may have gone out since."),
    "cancelled": _("Cancelled before it went out."),
    "retries_used_up": _("Tried several times without success. Nothing went out."),
    "missing_file": _("The file for this person is not there. Nothing went out."),
    "template_error": _("The e-mail could not be put together. Nothing went out."),
    "marked_as_sent": _("It was in doubt, and a person marked it as sent."),
}
EVENTS: dict[EventKind, Wording] = {
    EventKind.DELIVERED: Wording(_("Delivered"), _("The recipient's mail server took it."), "good"),
    EventKind.DEFERRED: Wording(
        _("Put off"),
        _("The recipient's mail server put it off for now (a soft bounce); the mail service goes on."),
        "info",
    ),
    EventKind.BOUNCED: Wording(_("Hard bounce"), _("The recipient's mail server refused it for good."), "bad"),
    EventKind.SOFT_BOUNCED: Wording(
        _("Soft bounce"),
        _("The recipient's mail server put it off until the mail service gave up. It did not arrive."),
        "bad",
    ),
    EventKind.REJECTED: Wording(_("Refused"), _("The mail service refused it before delivery."), "bad"),
    EventKind.FAILED: Wording(_("Failed"), _("The mail service could not deliver it."), "bad"),
    EventKind.COMPLAINED: Wording(_("Complaint"), _("The recipient got it and marked it as spam."), "bad"),
    EventKind.OTHER: Wording(
        _("Known"), _("The mail service knows this e-mail, and did not say what became of it."), "plain"
    ),
}
"""What the mail service told later."""
INFERRED = _("Found by recipient, subject and time, because no message id fits.")

_EVENT_REASONS = {f"event_{kind}": wording.words for kind, wording in EVENTS.items()}
REASONS: dict[str, str] = {
    **{cause: kind.staff for cause, kind in KINDS.items()},
    **_OWN_REASONS,
    **_EVENT_REASONS,
}
"""Why a message ended as it did: the code in `Message.reason` to words."""


def looked_for_words(is_over: bool, was_looked_for: bool) -> str:
    """Say why an e-mail in doubt was not found, after the time until which was looked."""
    if not was_looked_for:
        return (
            _("The mail service no longer tells what became of it, so it was not looked for.")
            if is_over
            else _("Not looked for yet. When the mail service tells what became of it, it is shown here.")
        )
    if is_over:
        return _(
            "not found at the service. That does not prove that it did not go out. The service tells nothing older."
        )
    return _("not found at the service. That does not prove that it did not go out. Postroom goes on looking.")


def reason_words(reason: str) -> str:
    """Give the words of a reason; empty for none."""
    return REASONS.get(reason, "")


def why_words(message: Message) -> str:
    """Say why a message ended as it did, and that it was left in doubt by decision."""
    words = shown(message.detail) or reason_words(message.reason)
    is_left = message.state is Outcome.UNKNOWN and message.decided_at is not None
    return joined([_("Left in doubt by decision."), words]) if is_left else words


_SAME_AGAIN = _("The same e-mail would be refused again. Send it again with another version of the template.")
_ANOTHER_DAY = _("It had nothing to do with the e-mail itself, so another try may well succeed.")

RETRY_WORDS: dict[str, str] = {
    "retries_used_up": _ANOTHER_DAY,
    "throttled": _ANOTHER_DAY,
    "internal_server": _ANOTHER_DAY,
    "authentication.upstream": _ANOTHER_DAY,
    "global_limit": _ANOTHER_DAY,
    "cannot_connect": _ANOTHER_DAY,
    "email.no_content_length": _("Another try helps when an administrator has put the network right meanwhile."),
    "refused": _("The service gave no reason it is known for. Another try may succeed."),
    "invalid_request_schema": _SAME_AGAIN,
    "email.too_big": _SAME_AGAIN,
    "email.invalid": _SAME_AGAIN,
    "not_implemented": _SAME_AGAIN,
    "template_error": _SAME_AGAIN,
    "missing_file": _("The files of a send stay as they were released. Send it again with the file that was missing."),
}
"""What is said of trying the same e-mail again, for every reason that a message may fail or be refused for."""
_RETRY_IS_IN_VAIN = frozenset(
    {"invalid_request_schema", "email.too_big", "email.invalid", "not_implemented", "template_error", "missing_file"}
)


def retry_helps(reason: str) -> bool:
    """Whether the same e-mail may go out when it is tried again; of a reason nobody knows it may."""
    return reason not in _RETRY_IS_IN_VAIN
