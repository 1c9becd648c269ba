"""Subject, preheader and text part."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.emails.checks.finding import Severity
from app.emails.checks.reading import Observed, Reading
from app.words import _

SUBJECT_SEEN = 70
"""Characters of a subject that most inboxes show on a wide screen."""
MANY_LETTERS = 8
"""Letters from which on capitals look like shouting; “PDF” does not."""
ENOUGH_WORDS = 20
"""Different words of the HTML from which on the text part can be compared."""
ALIKE = 0.4
"""Part of the HTML's words that the text part should have."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_LEFT_OVER = re.compile(
    r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\*\|[A-Z_:]{1,40}\|\*|%%[A-Za-z_]{1,40}%%|\blorem ipsum\b", re.I
)
"""Tags of Jinja and of other mailing programs, and filling text."""


def check_subject(reading: Reading) -> Iterator[Observed]:
    """Check the subject line as rendered."""
    subject = reading.email.subject.strip()
    if not subject:
        remedy = _("Write in a few words what the e-mail is about.")
        yield Observed("subject_empty", Severity.ERROR, _("The subject is empty."), remedy, place="subject")
        return
    if len(subject) > SUBJECT_SEEN:
        words = _(
            "The subject has %(count)s characters; inboxes show about %(seen)s, on a phone about 40.",
            count=len(subject),
            seen=SUBJECT_SEEN,
        )
        remedy = _("Shorten it, or put what matters first.")
        yield Observed("subject_long", Severity.HINT, words, remedy, place="subject")
    if _shouts(subject):
        remedy = _("Write it in small letters: capitals look like advertising and are sorted out as spam more often.")
        words = _("The subject is in capital letters.")
        yield Observed("subject_capitals", Severity.HINT, words, remedy, place="subject")
    if subject.count("!") + subject.count("！") > 1:
        words = _("The subject has more than one exclamation mark.")
        remedy = _("Keep one at most: several look like advertising and are sorted out as spam more often.")
        yield Observed("subject_exclamation", Severity.HINT, words, remedy, place="subject")


def check_preheader(reading: Reading) -> Iterator[Observed]:
    """Check the preview line beside the subject."""
    preheader = reading.email.preheader.strip()
    if not preheader:
        words = _("There is no preheader: inboxes show the first words of the e-mail beside the subject.")
        remedy = _("Write a short line that adds to the subject.")
        yield Observed("preheader_missing", Severity.HINT, words, remedy, place="preheader")
    elif preheader.casefold() == reading.email.subject.strip().casefold():
        words = _("The preheader repeats the subject.")
        remedy = _("Use it to say something more, such as a date or an amount.")
        yield Observed("preheader_same", Severity.HINT, words, remedy, place="preheader")


def check_text(reading: Reading) -> Iterator[Observed]:
    """Check that there is something to read, and that readers of plain text get the same."""
    email = reading.email
    if not email.html.strip() and not email.text.strip():
        remedy = _("Write the message.")
        yield Observed("empty", Severity.ERROR, _("The e-mail has no content."), remedy)
    elif not email.text.strip():
        words = _("There is no text part: people and programs that read plain text see nothing.")
        remedy = _("Let Postroom make it from the HTML, or write it.")
        if not reading.seen_text:
            remedy = _(
                "Write some of the message as words: at present it has pictures only, so no text can be made from it."
            )
        yield Observed("text_missing", Severity.WARNING, words, remedy, place="text")
    elif not email.text_is_made and reading.root is not None:
        wanted, given = _words(reading.seen_text), _words(email.text)
        if len(wanted) >= ENOUGH_WORDS and len(wanted & given) < ALIKE * len(wanted):
            words = _("The text part says something quite different from the HTML.")
            remedy = _("Write into it what the HTML says, or empty it, so that Postroom makes it from the HTML.")
            yield Observed("text_unlike", Severity.WARNING, words, remedy, place="text")


def check_left_over(reading: Reading) -> Iterator[Observed]:
    """Find placeholders that nobody has filled."""
    email = reading.email
    parts = [("subject", email.subject), ("preheader", email.preheader), ("body", reading.seen_text)]
    if not email.text_is_made:
        parts.append(("text", email.text))
    for place, text in parts:
        found = _LEFT_OVER.search(text)
        if found:
            words = _("“%(text)s” would be sent as it stands here.", text=found.group())
            remedy = _(
                "Replace it with what readers should see; values go in as {{ name }}, with one of the template's names."
            )
            yield Observed("placeholder_left", Severity.WARNING, words, remedy, (found.group(),), place)


def _shouts(subject: str) -> bool:
    """Whether nearly everything that has a small form is written large."""
    letters = [sign for sign in subject if sign.lower() != sign.upper()]
    large = sum(1 for sign in letters if sign != sign.lower())
    return len(letters) >= MANY_LETTERS and large > 0.7 * len(letters)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
