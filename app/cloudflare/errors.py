"""Every error of the service, told apart, with words for staff and for the administrator (API.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.cloudflare.results import Failure, RateState, WasSent
from app.words import _, part_of

PREFIX = "email.sending.error."
"""Only a message that begins so comes from Email Sending; other numbers mean other things."""

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How the program alone tries again (section 15): pauses grow from the first one, until a limit in time."""

    first_pause: float
    """Seconds; what the service asks for goes before it."""
    seconds: float
    """For how long it is tried again, from the first failure on."""
    is_asked: bool = False
    """The service wants nobody to come before the first pause is over."""


_THROTTLED = Retry(30.0, 4 * HOUR, is_asked=True)
_CLOSED = Retry(300.0, 4 * HOUR, is_asked=True)
"""The whole API is closed for five minutes after its limit was passed."""
_BUSY = Retry(5.0, HOUR)
_CONNECT = Retry(1.0, HOUR)


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of failure."""

    cause: str
    status: int | None
    code: str | None
    staff: str
    administrator: str
    was_sent: WasSent = WasSent.NO
    retry: Retry | None = None
    stops_send: bool = False


_DOUBT = _("We do not know whether the e-mail went out.")


def _unsent(matter: str) -> str:
    return _("%(matter)s Nothing was sent.", matter=matter)


def _unsent_now(matter: str) -> str:
    return _("%(matter)s Nothing was sent this time.", matter=matter)


def _then_resume(remedy: str) -> str:
    return _("%(remedy)s, then resume.", remedy=remedy)


def _look(matter: str) -> str:
    return _(
        "%(matter)s Look into the activity log of Email Sending in the Cloudflare dashboard before anything is sent "
        "again.",
        matter=matter,
    )


def matter_of(staff_words: str) -> str:
    """Give what is the matter, without what is said of an e-mail."""
    return part_of(staff_words, "matter") or staff_words


def remedy_alone(administrator_words: str) -> str:
    """Give what an administrator does, without the send that is resumed afterwards."""
    remedy = part_of(administrator_words, "remedy")
    return _("%(remedy)s.", remedy=remedy) if remedy else administrator_words


SERVICE_ERRORS = (
    ErrorKind(
        "invalid_request_schema",
        400,
        "10001",
        _unsent(_("The e-mail was put together in a way the mail service does not understand.")),
        _("Compare the stored request with the API's schema; check addresses and required fields."),
    ),
    ErrorKind(
        "email.too_big",
        400,
        "10200",
        _unsent(_("The e-mail with its attachments is too large (limit 5 MiB).")),
        _("Remove or shrink attachments, or link to the file."),
    ),
    ErrorKind(
        "email.no_content_length",
        400,
        "10201",
        _unsent(_("A technical fault in our program.")),
        _("The request reached the service without a length; look for a proxy that changes it."),
    ),
    ErrorKind(
        "email.invalid",
        400,
        "10202",
        _unsent(_("The mail service refused the content or a header of this e-mail.")),
        _("Check custom headers first, then addresses and attachments, then the content."),
    ),
    ErrorKind(
        "authentication.unauthorized",
        401,
        "10101",
        _unsent(_("Our access key for the mail service is missing or not valid.")),
        _then_resume(_("Put in a new API token under Settings")),
        stops_send=True,
    ),
    ErrorKind(
        "authentication.bad_token_type",
        401,
        "10103",
        _unsent(_("The access key is of the wrong kind.")),
        _then_resume(_("Use an API token, not a global key, under Settings")),
        stops_send=True,
    ),
    ErrorKind(
        "authentication.forbidden",
        403,
        "10102",
        _unsent(_("The access key is valid but may not send e-mail.")),
        _then_resume(_("Give the token “Email Sending: Edit” for this account and its zones")),
        stops_send=True,
    ),
    ErrorKind(
        "authentication.not_entitled",
        403,
        "10105",
        _unsent(_("The Cloudflare account has no e-mail sending in its plan.")),
        _("The account's owner books the Workers Paid plan; then resume."),
        stops_send=True,
    ),
    ErrorKind(
        "email.sending_disabled",
        403,
        "10203",
        _unsent(_("E-mail sending is switched off for this domain or account.")),
        _then_resume(_("Onboard or switch on the domain in the Cloudflare dashboard under Email Sending")),
        stops_send=True,
    ),
    ErrorKind(
        "email.sender_not_configured",
        403,
        "10204",
        _unsent(_("The sender address is on a domain that is not set up for sending.")),
        _("Onboard the domain in the Cloudflare dashboard, then resume; or cancel and use another sender."),
        stops_send=True,
    ),
    ErrorKind(
        "not_found",
        404,
        "10000",
        _unsent(_("The mail service does not know our account number.")),
        _then_resume(_("Check the account id and the base URL under Settings")),
        stops_send=True,
    ),
    ErrorKind(
        "throttled",
        429,
        "10004",
        _unsent_now(_("We are sending too fast, or today's allowance is used up.")),
        _("Postroom waits and tries again. If it persists, the daily quota is used up: go on tomorrow."),
        retry=_THROTTLED,
    ),
    ErrorKind(
        "internal_server",
        500,
        "10002",
        _unsent(_("The mail service has a problem.")),
        _("Postroom tries again. If one domain keeps failing, ask Cloudflare's support."),
        retry=_BUSY,
    ),
    ErrorKind(
        "not_implemented",
        500,
        "10003",
        _unsent(_("The mail service does not offer this.")),
        _("A fault in the program: tell its developers."),
    ),
    ErrorKind(
        "authentication.upstream",
        503,
        "10100",
        _unsent(_("The mail service cannot check our access key at the moment.")),
        _("Postroom tries again by itself."),
        retry=_BUSY,
    ),
)
"""The documented errors of Email Sending. Causes are the messages without their common beginning."""

OTHER_ERRORS = (
    ErrorKind(
        "refused",
        400,
        None,
        _unsent(_("The mail service refused this e-mail.")),
        _("The service gave no known reason; a recipient may be suppressed, or a header not accepted."),
    ),
    ErrorKind(
        "unauthorized",
        401,
        None,
        _unsent(_("Our access key for the mail service is not valid.")),
        _then_resume(_("Put in a new API token under Settings")),
        stops_send=True,
    ),
    ErrorKind(
        "forbidden",
        403,
        None,
        _unsent(_("The mail service does not let us send.")),
        _then_resume(_("Check the token's permissions and the domain in the Cloudflare dashboard")),
        stops_send=True,
    ),
    ErrorKind(
        "not_routed",
        404,
        None,
        _unsent(_("A technical fault: the mail service's address is not right.")),
        _then_resume(_("Check the base URL and the account id under Settings")),
        stops_send=True,
    ),
    ErrorKind(
        "global_limit",
        429,
        None,
        _unsent_now(_("Too many requests to Cloudflare in a short time.")),
        _("Postroom waits five minutes and goes on. Lower the pace under Settings if it happens again."),
        retry=_CLOSED,
    ),
    ErrorKind("gateway", None, None, _DOUBT, _look(_("A gateway answered instead of the service.")), WasSent.UNKNOWN),
    ErrorKind("unreadable", None, None, _DOUBT, _look(_("The answer could not be read.")), WasSent.UNKNOWN),
    ErrorKind("timeout", None, None, _DOUBT, _look(_("No answer came in time.")), WasSent.UNKNOWN),
    ErrorKind(
        "connection_lost",
        None,
        None,
        _DOUBT,
        _look(_("The connection broke before an answer came.")),
        WasSent.UNKNOWN,
    ),
    ErrorKind(
        "cannot_connect",
        None,
        None,
        _unsent(_("The mail service could not be reached.")),
        _("Check the network and the base URL. Postroom tries again by itself."),
        retry=_CONNECT,
    ),
)
"""Failures that are not Email Sending's own words: the gateway's, the network's, and what cannot be read."""

KINDS: Mapping[str, ErrorKind] = {kind.cause: kind for kind in (*SERVICE_ERRORS, *OTHER_ERRORS)}
_BY_CODE = {kind.code: kind for kind in SERVICE_ERRORS if kind.code not in {"10200", "10202"}}
"""Codes that mean one thing in every source; 10200 and 10202 are swapped between sources."""
_MOVED = {301, 307, 308}
"""“Ask elsewhere”: nobody looked at the request (RFC 9110, section 15.4), and every other one would go the same way."""
_NEVER_SUPPRESSION = {"email.too_big", "email.no_content_length"}


def kind_of(status: int, code: str | None, message: str | None) -> ErrorKind:
    """Tell which error it is: by its message first, then by its code, then by the HTTP status."""
    if message is not None and message.startswith(PREFIX):
        known = KINDS.get(message.removeprefix(PREFIX))
        if known is not None:
            return known
        by_code = _BY_CODE.get(code)
        if by_code is not None and by_code.status == status:
            return by_code
    if status in _MOVED:
        return KINDS["not_routed"]
    by_status = {400: "refused", 401: "unauthorized", 403: "forbidden", 404: "not_routed", 429: "global_limit"}
    if status in by_status:
        return KINDS[by_status[status]]
    if 400 <= status < 500:
        return KINDS["refused"]
    return KINDS["gateway" if status >= 500 else "unreadable"]


def failure(
    kind: ErrorKind,
    *,
    status: int | None = None,
    code: str | None = None,
    message: str | None = None,
    raw: str = "",
    retry_after: float | None = None,
    rate: RateState | None = None,
) -> Failure:
    """Make the typed failure of a kind."""
    return Failure(
        cause=kind.cause,
        was_sent=kind.was_sent,
        may_retry=kind.retry is not None,
        staff_words=kind.staff,
        administrator_words=kind.administrator,
        first_pause=kind.retry.first_pause if kind.retry else 0.0,
        retry_seconds=kind.retry.seconds if kind.retry else 0.0,
        pause_is_asked=kind.retry.is_asked if kind.retry else False,
        retry_after=retry_after,
        stops_send=kind.stops_send,
        maybe_suppressed=status == 400 and kind.cause not in _NEVER_SUPPRESSION,
        http_status=status,
        code=code,
        message=message,
        raw=raw,
        rate=rate,
    )
