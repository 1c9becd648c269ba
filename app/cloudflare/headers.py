"""Rules of custom headers (API.md, section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.cloudflare.problem import Problem, has_odd_character
from app.words import _

MAX_HEADERS = 20
"""Allowlisted headers of one e-mail; `X-` names do not count."""
MAX_HEADER_NAME = 100
"""Characters of a name."""
MAX_HEADER_VALUE = 2048
"""Bytes of UTF-8 of a value."""
MAX_HEADERS_TOTAL = 16_384
"""Bytes over all custom headers, each counted as name + 2 + value + 2."""
ONE_CLICK = "List-Unsubscribe=One-Click"
"""The only value that List-Unsubscribe-Post may have (RFC 8058)."""

NOT_ALLOWED = "E_HEADER_NOT_ALLOWED"
USE_FIELD = "E_HEADER_USE_API_FIELD"
NAME_INVALID = "E_HEADER_NAME_INVALID"
VALUE_INVALID = "E_HEADER_VALUE_INVALID"
VALUE_TOO_LONG = "E_HEADER_VALUE_TOO_LONG"
TOO_MANY = "E_HEADERS_TOO_MANY"
TOO_LARGE = "E_HEADERS_TOO_LARGE"
TWICE = "E_HEADER_TWICE"
"""Ours: the vendor's JSON object can hold a name only once."""


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """What staff need to know of one allowed header."""

    name: str
    explanation: str
    example: str
    allowed_values: tuple[str, ...] = ()
    """Empty: any value within the general rules."""


_RULES = (
    HeaderRule("In-Reply-To", _("The e-mail that this one answers, by its message id."), "<order-17@example.com>"),
    HeaderRule(
        "References", _("Earlier e-mails of the same conversation, by their message ids."), "<order-17@example.com>"
    ),
    HeaderRule(
        "List-Unsubscribe",
        _(
            "Lets the reader's mail program show an unsubscribe button. Give a web address with https, "
            "an e-mail address, or both."
        ),
        "<https://example.com/unsubscribe/17>, <mailto:unsubscribe@example.com>",
    ),
    HeaderRule(
        "List-Unsubscribe-Post",
        _("Makes the unsubscribe button work with one click. Needs List-Unsubscribe with an https address."),
        ONE_CLICK,
        (ONE_CLICK,),
    ),
    HeaderRule("List-Id", _("Names the list that the e-mail belongs to."), "Members <members.example.com>"),
    HeaderRule("List-Archive", _("Where earlier e-mails of the list can be read."), "<https://example.com/archive>"),
    HeaderRule("List-Help", _("Where readers find help about the list."), "<https://example.com/help>"),
    HeaderRule("List-Owner", _("Who runs the list."), "<mailto:office@example.com>"),
    HeaderRule("List-Post", _("Where readers write to the list; NO when they cannot."), "NO"),
    HeaderRule("List-Subscribe", _("Where people join the list."), "<https://example.com/join>"),
    HeaderRule("Precedence", _("Tells other programs that this is mass mail."), "bulk", ("bulk", "list", "junk")),
    HeaderRule(
        "Auto-Submitted",
        _("Tells out-of-office programs not to answer."),
        "auto-generated",
        ("auto-generated", "auto-replied", "auto-notified"),
    ),
    HeaderRule("Content-Language", _("The language of the e-mail."), "en"),
    HeaderRule("Keywords", _("Key words, with commas between them."), "invoice, 2026"),
    HeaderRule("Comments", _("A remark that few mail programs show."), "Sent for the finance office"),
    HeaderRule("Importance", _("How important the e-mail is."), "high", ("high", "normal", "low")),
    HeaderRule("Priority", _("How urgent the e-mail is."), "urgent", ("normal", "non-urgent", "urgent")),
    HeaderRule(
        "Sensitivity", _("How confidential the e-mail is."), "private", ("personal", "private", "company-confidential")
    ),
    HeaderRule("Organization", _("The name of your organisation."), "Harbourside Libraries"),
    HeaderRule(
        "Require-Recipient-Valid-Since",
        _("Deliver only when the address has belonged to the same person since this time."),
        "anna@example.net; Sat, 1 Jun 2024 09:23:01 -0700",
    ),
    HeaderRule("Expires", _("When the e-mail loses its meaning."), "Wed, 23 Dec 2026 12:00:00 +0000"),
    HeaderRule("Reply-By", _("Until when an answer is wanted."), "Wed, 23 Dec 2026 12:00:00 +0000"),
    HeaderRule("Archived-At", _("Where this e-mail can be read on the web."), "<https://example.com/mail/17>"),
)
HEADER_RULES: Mapping[str, HeaderRule] = {rule.name: rule for rule in _RULES}
"""The 23 allowed names (API.md, section 8.1)."""

_FIELDS = {
    "from": _("Choose the sender instead."),
    "to": _("The recipients come from the list."),
    "cc": _("Use the Cc field of a send to one person."),
    "bcc": _("Use the Bcc field of a send to one person."),
    "subject": _("Write the subject in the template."),
    "reply-to": _("Use the Reply-To field beside the sender."),
}
_PLATFORM = (
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "DKIM-Signature",
    "Return-Path",
    "Received",
    "Feedback-ID",
    "TLS-Required",
    "TLS-Report-Domain",
    "TLS-Report-Submitter",
    "CFBL-Address",
    "CFBL-Feedback-ID",
)
REFUSED_HEADERS: Mapping[str, str] = {
    **_FIELDS,
    **{name.lower(): _("The mail service sets it by itself.") for name in _PLATFORM},
}
"""Lower-case name to what to do instead (API.md, section 8.3)."""

_CANONICAL = {name.lower(): name for name in HEADER_RULES}
_NAME = re.compile(r"[!-9;-~]+\Z")
_X_NAME = re.compile(r"[Xx]-[A-Za-z0-9_-]+\Z")
_MAILTO = re.compile(r"<mailto:[^<>\s@]+@[^<>\s]+>\Z", re.IGNORECASE)
_PARTS = re.compile(r"<[^<>]*>|[^,<>\s][^,<>]*")
"""One unsubscribe address: in brackets, where commas belong to it, or whatever stands there without them."""
_HTTPS = re.compile(r"<https://[^<>\s]+>\Z", re.IGNORECASE)


def canonical_name(name: str) -> str:
    """Give a name in the case the vendor uses; `x-` becomes `X-`."""
    known = _CANONICAL.get(name.lower())
    if known is not None:
        return known
    return "X-" + name[2:] if name[:2].lower() == "x-" else name


def check_header_name(name: str) -> list[Problem]:
    """Check a name alone."""
    place = f"headers.{name}"
    if not name:
        return [Problem(NAME_INVALID, "headers", _("A header needs a name."))]
    if len(name) > MAX_HEADER_NAME:
        return [
            Problem(
                NAME_INVALID,
                place,
                _("The name is longer than %(max_header_name)s characters.", max_header_name=MAX_HEADER_NAME),
            )
        ]
    if not _NAME.match(name):
        words = _("“%(name)s” is no header name: use letters, digits and hyphens, without spaces or colons.", name=name)
        return [Problem(NAME_INVALID, place, words)]
    lower = name.lower()
    if lower in _FIELDS:
        return [
            Problem(
                USE_FIELD,
                place,
                _("%(name)s cannot be set as a custom header. %(fields)s", name=name, fields=_FIELDS[lower]),
            )
        ]
    if lower in REFUSED_HEADERS or lower.startswith("arc-"):
        return [
            Problem(NOT_ALLOWED, place, _("%(name)s cannot be set: the mail service sets it by itself.", name=name))
        ]
    if lower in _CANONICAL or _X_NAME.match(name):
        return []
    if lower.startswith("x-"):
        words = _("After “X-” a name needs letters, digits, hyphens or underscores.")
        return [Problem(NAME_INVALID, place, words)]
    if not re.match(r"[A-Za-z0-9-]+\Z", name):
        return [
            Problem(NAME_INVALID, place, _("“%(name)s” is no header name: use letters, digits and hyphens.", name=name))
        ]
    words = _(
        "The mail service does not take the header %(name)s. Names of your own begin with X-, for example X-%(name)s.",
        name=name,
    )
    return [Problem(NOT_ALLOWED, place, words)]


def check_header_value(name: str, value: str) -> list[Problem]:
    """Check a value alone, as it will be posted."""
    name = canonical_name(name)
    place = f"headers.{name}"
    if not value.strip():
        return [Problem(VALUE_INVALID, place, _("%(name)s needs a value.", name=name))]
    if "\r" in value or "\n" in value:
        return [
            Problem(VALUE_INVALID, place, _("The value of %(name)s must be one line, without a line break.", name=name))
        ]
    if has_odd_character(value):
        return [
            Problem(VALUE_INVALID, place, _("The value of %(name)s holds a character that cannot be sent.", name=name))
        ]
    problems = []
    length = len(value.encode("utf-8"))
    if length > MAX_HEADER_VALUE:
        words = _(
            "The value of %(name)s is too long: %(length)s bytes; at most %(max_header_value)s are possible.",
            name=name,
            length=length,
            max_header_value=MAX_HEADER_VALUE,
        )
        problems.append(Problem(VALUE_TOO_LONG, place, words))
    rule = HEADER_RULES.get(name)
    if rule is not None and rule.allowed_values and value not in rule.allowed_values:
        allowed = _or([f"“{one}”" for one in rule.allowed_values])
        problems.append(Problem(VALUE_INVALID, place, _("%(name)s must be %(allowed)s.", name=name, allowed=allowed)))
    if name == "List-Unsubscribe":
        problems += _check_unsubscribe(value)
    return problems


def check_header(name: str, value: str) -> list[Problem]:
    """Check one header by itself; rules between headers are check_headers'."""
    return check_header_name(name) or check_header_value(name, value)


def check_headers(headers: Sequence[tuple[str, str]]) -> list[Problem]:
    """Check all custom headers of one e-mail; gives every problem at once."""
    problems: list[Problem] = []
    seen: set[str] = set()
    for name, value in headers:
        problems += check_header(name, value)
        if name.lower() in seen:
            problems.append(Problem(TWICE, f"headers.{name}", _("%(name)s is there twice. Keep one.", name=name)))
        seen.add(name.lower())
    listed = count_listed(headers)
    if listed > MAX_HEADERS:
        words = _(
            "There are %(listed)s headers besides those beginning with X-; at most %(max_headers)s are possible.",
            listed=listed,
            max_headers=MAX_HEADERS,
        )
        problems.append(Problem(TOO_MANY, "headers", words))
    total = headers_size(headers)
    if total > MAX_HEADERS_TOTAL:
        words = _(
            "The headers together are too long: %(total)s bytes; at most %(max_headers_total)s are possible.",
            total=total,
            max_headers_total=MAX_HEADERS_TOTAL,
        )
        problems.append(Problem(TOO_LARGE, "headers", words))
    return problems + _check_one_click(headers)


def _or(values: Sequence[str]) -> str:
    row = values[0]
    for one in values[1:]:
        row = _("%(first)s or %(second)s", first=row, second=one)
    return row


def count_listed(headers: Sequence[tuple[str, str]]) -> int:
    """Count the headers that MAX_HEADERS is about: allowlisted names, each once."""
    return len({name.lower() for name, _value in headers} & _CANONICAL.keys())


def headers_size(headers: Sequence[tuple[str, str]]) -> int:
    """Give the bytes that MAX_HEADERS_TOTAL is about."""
    return sum(value_size(name) + value_size(value) + 4 for name, value in headers)


def value_size(value: str) -> int:
    """Give the bytes that MAX_HEADER_VALUE is about."""
    return len(value.encode("utf-8", "replace"))


def _check_unsubscribe(value: str) -> list[Problem]:
    place = "headers.List-Unsubscribe"
    parts = _PARTS.findall(value)
    if not parts or _PARTS.sub("", value).strip(", \t"):
        words = _("Give one or more addresses in angle brackets, with commas between them, and nothing else.")
        return [Problem(VALUE_INVALID, place, words)]
    for part in parts:
        if _HTTPS.match(part) or _MAILTO.match(part):
            continue
        if part.lower().startswith(("<http:", "http:")):
            words = _("An unsubscribe link must begin with https://, not http://.")
        elif not (part.startswith("<") and part.endswith(">")):
            words = _("Put each unsubscribe address in angle brackets, for example <https://example.com/unsubscribe>.")
        else:
            words = _("“%(part)s” is neither an https address nor a mailto address.", part=part)
        return [Problem(VALUE_INVALID, place, words)]
    return []


def _check_one_click(headers: Sequence[tuple[str, str]]) -> list[Problem]:
    values = {name.lower(): value for name, value in headers}
    if "list-unsubscribe-post" not in values:
        return []
    links = _PARTS.findall(values.get("list-unsubscribe", ""))
    if any(_HTTPS.match(link) for link in links):
        return []
    words = _("List-Unsubscribe-Post needs a List-Unsubscribe header with an https address beside it.")
    return [Problem(VALUE_INVALID, "headers.List-Unsubscribe-Post", words)]
