"""Headers: what the mail service takes, and whether mass mail can be unsubscribed from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.cloudflare.contract import ONE_CLICK, check_headers
from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading

_A_WAY_OFF = re.compile(
    r"\b(?:unsubscribe|abbestellen|abmelden vom newsletter|désabonner|désinscrire|"
    r"darse de baja|cancelar la suscripción|disiscriviti|uitschrijven)\b",
    re.IGNORECASE,
)
"""Words with which an e-mail offers a way off its list."""
_LIKE_A_NEWSLETTER = re.compile(
    r"\b(?:newsletter|mailing list|special offer|limited offer|discount code|rundbrief|sonderangebot|"
    r"lettre d.information|infolettre|boletín|nieuwsbrief)\b",
    re.IGNORECASE,
)
"""Words that mail to people on a list has, but other mail may have too."""
_FROM_US = "Under Headers, add List-Unsubscribe, with Postroom’s own unsubscribe page and one click."


def check_header_rules(reading: Reading) -> Iterator[Observed]:
    """Check the headers against the rules of the mail service."""
    for problem in check_headers(reading.email.headers):
        remedy = "Correct the header, or remove it."
        yield Observed(problem.code, Severity.ERROR, problem.words, remedy, place=problem.place)


def check_unsubscribing(reading: Reading) -> Iterator[Observed]:
    """Check that readers of mass mail can get off the list by a button of their mail program."""
    headers = {name.lower(): value for name, value in reading.email.headers}
    if "list-unsubscribe" in headers:
        if "list-unsubscribe-post" not in headers and "<https:" in headers["list-unsubscribe"].lower():
            words = (
                "Unsubscribing takes more than one click; Gmail and Yahoo ask for one click from those who send much."
            )
            remedy = f"Under Headers, tick “One click”: it adds List-Unsubscribe-Post with the value {ONE_CLICK}."
            yield Observed("one_click_missing", Severity.HINT, words, remedy, place="headers.List-Unsubscribe")
        return
    text = f"{reading.email.subject} {reading.seen_text} {reading.email.text}"
    why = _reason(headers, text)
    maybe = None if why else _LIKE_A_NEWSLETTER.search(text)
    if maybe:
        words = (
            f"It speaks of “{maybe.group()}”. If it goes to a list, mail programs should show an unsubscribe button."
        )
        place = "headers.List-Unsubscribe"
        yield Observed(
            "unsubscribe_maybe", Severity.HINT, words, f"If it does: {_FROM_US[:1].lower()}{_FROM_US[1:]}", place=place
        )
    if why:
        words = f"{why}, but mail programs can show no unsubscribe button, so people report it as spam."
        yield Observed("unsubscribe_missing", Severity.WARNING, words, _FROM_US, place="headers.List-Unsubscribe")


def _reason(headers: dict[str, str], text: str) -> str:
    if headers.get("precedence", "").strip().lower() in {"bulk", "list"}:
        return "Its header Precedence says that this is mass mail"
    if "list-id" in headers:
        return "Its header List-Id says that it goes to a list"
    found = _A_WAY_OFF.search(text)
    return f"It offers a way off a list (“{found.group()}”)" if found else ""
