"""Headers: what the mail service takes, and whether mass mail can be unsubscribed from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.cloudflare.contract import ONE_CLICK, check_headers
from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading
from app.words import _

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
_FROM_US_MAYBE = _(
    "If it does: under Headers, add List-Unsubscribe, with Postroom’s own unsubscribe page and one click."
)
_FROM_US = _("Under Headers, add List-Unsubscribe, with Postroom’s own unsubscribe page and one click.")


def check_header_rules(reading: Reading) -> Iterator[Observed]:
    """Check the headers against the rules of the mail service."""
    for problem in check_headers(reading.email.headers):
        remedy = _("Correct the header, or remove it.")
        yield Observed(problem.code, Severity.ERROR, problem.words, remedy, place=problem.place)


def check_unsubscribing(reading: Reading) -> Iterator[Observed]:
    """Check that readers of mass mail can get off the list by a button of their mail program."""
    headers = {name.lower(): value for name, value in reading.email.headers}
    if "list-unsubscribe" in headers:
        if "list-unsubscribe-post" not in headers and "<https:" in headers["list-unsubscribe"].lower():
            words = _(
                "Unsubscribing takes more than one click; Gmail and Yahoo ask for one click from those who send much."
            )
            remedy = _(
                "Under Headers, tick “One click”: it adds List-Unsubscribe-Post with the value %(one_click)s.",
                one_click=ONE_CLICK,
            )
            yield Observed("one_click_missing", Severity.HINT, words, remedy, place="headers.List-Unsubscribe")
        return
    text = f"{reading.email.subject} {reading.seen_text} {reading.email.text}"
    why = _reason(headers, text)
    maybe = None if why else _LIKE_A_NEWSLETTER.search(text)
    if maybe:
        words = _(
            "It speaks of “%(words)s”. If it goes to a list, mail programs should show an unsubscribe button.",
            words=maybe.group(),
        )
        place = "headers.List-Unsubscribe"
        yield Observed("unsubscribe_maybe", Severity.HINT, words, _FROM_US_MAYBE, place=place)
    if why:
        yield Observed("unsubscribe_missing", Severity.WARNING, why, _FROM_US, place="headers.List-Unsubscribe")


def _reason(headers: dict[str, str], text: str) -> str:
    if headers.get("precedence", "").strip().lower() in {"bulk", "list"}:
        return _(
            "Its header Precedence says that this is mass mail, but mail programs can show no unsubscribe button, "
            "so people report it as spam."
        )
    if "list-id" in headers:
        return _(
            "Its header List-Id says that it goes to a list, but mail programs can show no unsubscribe button, "
            "so people report it as spam."
        )
    found = _A_WAY_OFF.search(text)
    if not found:
        return ""
    return _(
        "It offers a way off a list (“%(words)s”), but mail programs can show no unsubscribe button, so people report "
        "it as spam.",
        words=found.group(),
    )
