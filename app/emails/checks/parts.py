"""Subject, preheader, text part and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.cloudflare.contract import check_headers
from app.emails.checks.checked import CheckedEmail
from app.emails.checks.finding import Finding, error, hint, warning

LONG_SUBJECT = 70
"""Characters; no inbox shows more."""
_NEWSLETTER = re.compile(r"\b(newsletter|special offer|unsubscribe|weekly digest|mailing list)\b", re.IGNORECASE)
_MASS = frozenset({"list-id", "precedence"})


def check_parts(email: CheckedEmail) -> Iterator[Finding]:
    """Check what stands around the body."""
    yield from _subject(email.subject)
    if not email.preheader.strip():
        words = "There is no preheader, so inboxes show the first words of the body."
        yield hint("no_preheader", words, "Write one line that goes on from the subject.", place="preheader")
    if email.html.strip() and not email.text.strip():
        words = "There is no text part; some programs and many filters want one."
        yield warning("no_text", words, "Leave the text part empty and Postroom makes it, or write one.", place="text")
    for problem in check_headers(email.headers):
        yield error(problem.code, problem.words, "Change or remove the header.", place=problem.place)
    yield from _unsubscribing(email)


def _subject(subject: str) -> Iterator[Finding]:
    if len(subject) > LONG_SUBJECT:
        words = f"The subject has {len(subject)} characters; most inboxes cut it before {LONG_SUBJECT}."
        yield hint("long_subject", words, "Put what matters first, or make it shorter.", place="subject")
    letters = [sign for sign in subject if sign.isalpha()]
    if len(letters) > 8 and all(sign.isupper() for sign in letters):
        yield hint("capitals", "The subject is all in capital letters.", "Write it as a sentence.", place="subject")
    if subject.count("!") > 1:
        words = "The subject has several exclamation marks, as unwanted mail does."
        yield hint("exclamation", words, "Use one at most.", place="subject")


def _unsubscribing(email: CheckedEmail) -> Iterator[Finding]:
    names = {name.lower() for name, _ in email.headers}
    if "list-unsubscribe" in names:
        if "list-unsubscribe-post" not in names:
            words = "The unsubscribe button of mail programs does not work with one click."
            yield hint("no_one_click", words, "Add List-Unsubscribe-Post.", place="headers.List-Unsubscribe")
    elif names & _MASS or _NEWSLETTER.search(email.text) or _NEWSLETTER.search(email.subject):
        words = "This looks like mail to many people, and there is no way to unsubscribe for mail programs."
        yield warning("no_unsubscribe", words, "Press “Add unsubscribe headers” under Headers.", place="headers")
