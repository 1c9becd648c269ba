"""What the service takes: every limit and rule of API.md sections 3, 4, 7 and 8, checked before anything is sent.

The service answers only with a number; here all problems are found at once, each with a code, its place and words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from email_validator import EmailNotValidError, validate_email

from app.cloudflare.address_words import why_no_address
from app.cloudflare.headers import (
    HEADER_RULES,
    MAX_HEADER_NAME,
    MAX_HEADER_VALUE,
    MAX_HEADERS,
    MAX_HEADERS_TOTAL,
    ONE_CLICK,
    REFUSED_HEADERS,
    HeaderRule,
    canonical_name,
    check_header,
    check_header_name,
    check_header_value,
    check_headers,
)
from app.cloudflare.problem import Problem, has_half_character, has_odd_character
from app.cloudflare.types import Address, Attachment, SendRequest
from app.words import _

__all__ = [
    "CALLS_IN_WINDOW",
    "HEADER_RULES",
    "MAX_HEADERS",
    "MAX_HEADERS_TOTAL",
    "MAX_HEADER_NAME",
    "MAX_HEADER_VALUE",
    "MAX_MESSAGE_BYTES",
    "MAX_RECIPIENTS",
    "MAX_SUBJECT",
    "ONE_CLICK",
    "REFUSED_HEADERS",
    "WINDOW_SECONDS",
    "HeaderRule",
    "Problem",
    "body_size",
    "canonical_name",
    "check_address",
    "check_header",
    "check_header_name",
    "check_header_value",
    "check_headers",
    "check_send",
    "encoded_size",
    "message_size",
]

MAX_RECIPIENTS = 50
"""Addresses over to, cc and bcc (section 7)."""
MAX_SUBJECT = 998
"""Characters (section 7)."""
MAX_MESSAGE_BYTES = 5 * 1024 * 1024
"""The whole message with attachments, as sent (section 4)."""
CALLS_IN_WINDOW = 1200
WINDOW_SECONDS = 300
"""API calls of one account in a window (section 7)."""
MAX_SUPPRESSION_PAGE = 1000
MAX_SUPPRESSION_BULK = 1000
MAX_SUPPRESSION_NOTE = 1000
SUPPRESSION_BULKS_A_MINUTE = 10
"""Suppression limits (sections 7 and 9)."""

PART_OVERHEAD = 512
MESSAGE_OVERHEAD = 4096
"""Bytes to allow for the MIME headers of a part and of the message (section 4)."""

FIELD_MISSING = "E_FIELD_MISSING"
VALIDATION = "E_VALIDATION_ERROR"
TOO_MANY_RECIPIENTS = "E_TOO_MANY_RECIPIENTS"
TOO_LARGE = "E_CONTENT_TOO_LARGE"

_AS_IT_IS = bytes(sign for sign in range(32, 127) if sign != ord("=")) + b"\n"
"""Bytes that quoted-printable leaves alone."""
_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+([ \t]*;[\x20-\x7E]*)?\Z", re.ASCII)
_CONTENT_ID = re.compile(r"[!-;=?-~]+\Z")
_PRINTABLE = re.compile(r"[\x20-\x7E]+\Z")


def _odd(what: str) -> str:
    return _("%(what)s holds a character that cannot be sent, such as a control character. Type it again.", what=what)


def check_send(request: SendRequest) -> list[Problem]:
    """Check one e-mail as it would be posted; gives every problem at once, an empty list when it may go."""
    return [
        *_check_people(request),
        *_check_content(request),
        *check_headers(request.headers),
        *_check_attachments(request.attachments),
        *_check_size(request),
    ]


def check_address(address: str, place: str = "address") -> Problem | None:
    """Check the form of one address: printable ASCII (section 3), then the syntax rules of the e-mail standards."""
    if not address:
        return Problem(FIELD_MISSING, place, _("An e-mail address is missing."))
    if not _PRINTABLE.match(address):
        shown = address.encode("utf-8", "replace").decode()
        words = _("“%(shown)s” holds letters that the mail service cannot write to, such as accents.", shown=shown)
        return Problem(VALIDATION, place, words)
    try:
        validate_email(address, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        return Problem(
            VALIDATION,
            place,
            _("“%(address)s” is not an e-mail address: %(why)s", address=address, why=why_no_address(error)),
        )
    return None


def encoded_size(raw_bytes: int) -> int:
    """Bytes that a file takes up in a message: 57 raw bytes become a line of 76 characters and a line end."""
    return math.ceil(raw_bytes / 57) * 78


def message_size(request: SendRequest) -> int:
    """Estimate the size of the message on its way, in bytes; never less than it really is (section 4)."""
    size = MESSAGE_OVERHEAD + 4 * len(request.subject)
    size += sum(len(name) + 4 * len(value) + 8 for name, value in request.headers)
    size += sum(len(one.address) + 4 * len(one.name or "") + 16 for one in _everybody(request))
    size += sum(PART_OVERHEAD + _quoted_printable(part) for part in (request.html, request.text) if part)
    size += sum(PART_OVERHEAD + 4 * len(one.filename) + encoded_size(len(one.content)) for one in request.attachments)
    return size


def body_size(request: SendRequest) -> int:
    """Give the length of `request.body()` in bytes, without the work of making base64 of every file."""
    bare = replace(request, attachments=tuple(replace(one, content=b"") for one in request.attachments))
    return len(bare.body()) + sum(4 * math.ceil(len(one.content) / 3) for one in request.attachments)


def _quoted_printable(text: str) -> int:
    """Bytes of a text part at most: each odd byte may become three, and lines are broken at 76."""
    raw = text.encode("utf-8", "replace")
    odd = len(raw.translate(None, _AS_IT_IS))
    breaks = raw.count(b"\n")
    plain = len(raw) + 2 * odd + breaks
    return plain + 3 * (plain // 73 + breaks + 1)


def _everybody(request: SendRequest) -> Iterator[Address]:
    yield request.sender
    yield from request.recipients
    if request.reply_to is not None:
        yield request.reply_to


def _check_people(request: SendRequest) -> Iterator[Problem]:
    places = [("from", request.sender)]
    for field, people in (("to", request.to), ("cc", request.cc), ("bcc", request.bcc)):
        places += [(f"{field}[{number}]", one) for number, one in enumerate(people)]
    if request.reply_to is not None:
        places.append(("reply_to", request.reply_to))
    for place, one in places:
        problem = check_address(one.address, place)
        if problem is not None:
            yield problem
        if one.name and ("\r" in one.name or "\n" in one.name):
            yield Problem(VALIDATION, place, _("A name must be one line, without a line break."))
        elif one.name and has_odd_character(one.name):
            yield Problem(VALIDATION, place, _odd(_("The name of %(address)s", address=one.address)))
    if not request.recipients:
        yield Problem(FIELD_MISSING, "to", _("Nobody is named to get this e-mail."))
    if len(request.recipients) > MAX_RECIPIENTS:
        words = _(
            "There are %(recipients)s addresses over To, Cc and Bcc; at most %(max_recipients)s are possible.",
            recipients=len(request.recipients),
            max_recipients=MAX_RECIPIENTS,
        )
        yield Problem(TOO_MANY_RECIPIENTS, "to", words)


def _check_content(request: SendRequest) -> Iterator[Problem]:
    if not request.subject.strip():
        yield Problem(FIELD_MISSING, "subject", _("The subject is empty."))
    if "\r" in request.subject or "\n" in request.subject:
        yield Problem(VALIDATION, "subject", _("The subject must be one line, without a line break."))
    elif has_odd_character(request.subject):
        yield Problem(VALIDATION, "subject", _odd(_("The subject")))
    if len(request.subject) > MAX_SUBJECT:
        words = _(
            "The subject has %(subject)s characters; at most %(max_subject)s are possible.",
            subject=len(request.subject),
            max_subject=MAX_SUBJECT,
        )
        yield Problem(VALIDATION, "subject", words)
    if not (request.html or "").strip() and not (request.text or "").strip():
        yield Problem(FIELD_MISSING, "html", _("The e-mail has no content: neither HTML nor text."))
    for place, words, part in (("html", _("The HTML"), request.html), ("text", _("The text"), request.text)):
        if part is not None and has_half_character(part):
            yield Problem(VALIDATION, place, _odd(words))


def _check_attachments(attachments: Sequence[Attachment]) -> Iterator[Problem]:
    for number, one in enumerate(attachments):
        place = f"attachments[{number}]"
        if not one.filename.strip():
            yield Problem(FIELD_MISSING, f"{place}.filename", _("An attached file has no name."))
        if "\r" in one.filename or "\n" in one.filename:
            yield Problem(VALIDATION, f"{place}.filename", _("The name of an attached file holds a line break."))
        elif has_odd_character(one.filename):
            yield Problem(VALIDATION, f"{place}.filename", _odd(_("The name of an attached file")))
        if one.content_id and not _CONTENT_ID.match(one.content_id):
            words = _(
                "The id of the inline image “%(filename)s” may hold letters, digits and signs, but no spaces.",
                filename=one.filename,
            )
            yield Problem(VALIDATION, f"{place}.content_id", words)
        if not _MIME_TYPE.match(one.type):
            yield Problem(
                VALIDATION, f"{place}.type", _("The type of “%(filename)s” is unknown.", filename=one.filename)
            )
        if one.disposition not in {"attachment", "inline"}:
            yield Problem(VALIDATION, f"{place}.disposition", _("A file is attached either as a file or inline."))
        if one.disposition == "inline" and not one.content_id:
            yield Problem(
                FIELD_MISSING,
                f"{place}.content_id",
                _("The inline image “%(filename)s” needs an id.", filename=one.filename),
            )


def _check_size(request: SendRequest) -> Iterator[Problem]:
    size = message_size(request)
    if size <= MAX_MESSAGE_BYTES:  # base64 in JSON is shorter than in mail, so the body is smaller as a rule
        with suppress(UnicodeEncodeError):  # half characters have a problem of their own
            size = body_size(request)
    if size > MAX_MESSAGE_BYTES:
        words = _(
            "The e-mail with its attachments takes %(value)s MiB on its way; 5 MiB is the most. Remove or "
            "shrink attachments, or link to the file.",
            value=f"{size / 1024 / 1024:.1f}",
        )
        yield Problem(TOO_LARGE, "attachments" if request.attachments else "html", words)
