"""Headers: what the mail service takes, and whether mass mail can be unsubscribed from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.cloudflare.contract import ONE_CLICK, check_headers
from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading

_LIKE_A_NEWSLETTER = re.compile(
    r"\b(?:newsletter|unsubscribe|mailing list|special offer|limited offer|discount code|"
    r"abbestellen|abmelden vom newsletter|rundbrief|sonderangebot|"
    r"se désabonner|désabonner|désinscrire|lettre d.information|infolettre|"
    r"darse de baja|boletín|cancelar la suscripción|disiscriviti|uitschrijven|nieuwsbrief)\b",
    re.IGNORECASE,
)
"""Words that an e-mail to many people has who may want no more of them."""
_FROM_US = "Add the header List-Unsubscribe with an https address, for example Postroom's own unsubscribe link."


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
            remedy = f"Add the header List-Unsubscribe-Post with the value {ONE_CLICK}."
            yield Observed("one_click_missing", Severity.HINT, words, remedy, place="headers.List-Unsubscribe")
        return
    why = _reason(headers, f"{reading.email.subject} {reading.seen_text} {reading.email.text}")
    if why:
        words = f"{why}, but mail programs can show no unsubscribe button, so people report it as spam."
        yield Observed("unsubscribe_missing", Severity.WARNING, words, _FROM_US, place="headers.List-Unsubscribe")


def _reason(headers: dict[str, str], text: str) -> str:
    if headers.get("precedence", "").strip().lower() in {"bulk", "list"}:
        return "Its header Precedence says that this is mass mail"
    if "list-id" in headers:
        return "Its header List-Id says that it goes to a list"
    found = _LIKE_A_NEWSLETTER.search(text)
    return f"It looks like mail to many people (“{found.group()}”)" if found else ""
