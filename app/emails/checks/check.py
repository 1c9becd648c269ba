"""All checks of one e-mail, in one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from app.emails.checks.checked import CheckedEmail, CheckedFile
from app.emails.checks.clients import check_clients
from app.emails.checks.contrast import check_contrast, check_text_size
from app.emails.checks.elements import check_elements, check_outside_styles, check_scripting_attributes
from app.emails.checks.finding import Finding, Severity
from app.emails.checks.images import check_image_files, check_images
from app.emails.checks.links import check_links, check_same_words
from app.emails.checks.parts import check_left_over, check_preheader, check_subject, check_text
from app.emails.checks.reading import Observed, Reading
from app.emails.checks.size import check_size
from app.emails.checks.structure import check_headings, check_language, check_title
from app.emails.checks.tables import check_tables
from app.emails.checks.tracking import check_tracking
from app.emails.checks.unsubscribing import check_header_rules, check_unsubscribing
from app.words import _, _n, joined

__all__ = ["CHECKS", "CheckedEmail", "CheckedFile", "check_email"]

CHECKS: tuple[Callable[[Reading], Iterator[Observed]], ...] = (
    check_subject,
    check_preheader,
    check_text,
    check_left_over,
    check_elements,
    check_scripting_attributes,
    check_outside_styles,
    check_images,
    check_image_files,
    check_links,
    check_same_words,
    check_tracking,
    check_contrast,
    check_text_size,
    check_headings,
    check_language,
    check_title,
    check_tables,
    check_clients,
    check_size,
    check_header_rules,
    check_unsubscribing,
)
"""Every check, in the order in which equals are shown."""
ALIKE = 10
"""Findings of one code and severity that are listed; the last says how many more there are."""
LONGEST_EXCERPT = 120
"""Characters of an excerpt that a finding carries."""
_ORDER = list(Severity)


def check_email(email: CheckedEmail) -> list[Finding]:
    """Give everything to mend in an e-mail, what matters most first, then by line."""
    reading = Reading(email)
    observed = _few_of_each(_each_once(one for check in CHECKS for one in check(reading)))
    findings = [_placed(one, reading) for one in observed]
    findings.sort(key=lambda one: (_ORDER.index(one.severity), one.line is None, one.line or 0))
    return findings


def _each_once(observed: Iterable[Observed]) -> list[Observed]:
    """Say once what is the same in several places, such as a picture that is shown four times, and how often it is."""
    counts = Counter(observed)
    return [
        one if times == 1 else replace(one, words=_("%(words)s (%(times)s times)", words=one.words, times=times))
        for one, times in counts.items()
    ]


def _few_of_each(observed: Iterable[Observed]) -> list[Observed]:
    """Keep the first of those that are alike, so that a hundred pictures make no list of a hundred."""
    counts: Counter[tuple[str, Severity]] = Counter()
    kept = []
    for one in observed:
        counts[one.code, one.severity] += 1
        if counts[one.code, one.severity] <= ALIKE:
            kept.append(one)
    last = {(one.code, one.severity): number for number, one in enumerate(kept)}
    for kind, number in last.items():
        more = counts[kind] - ALIKE
        if more > 0:
            said = _n("There is one more like it.", "There are %(count)s more like it.", more)
            kept[number] = replace(kept[number], words=joined([kept[number].words, said]))
    return kept


def _placed(one: Observed, reading: Reading) -> Finding:
    """Look up where it stands in what the author wrote; what does not stand there comes from the layout, if any."""
    place, line, excerpt = one.place, one.line, ""
    if place == "body" and line is None and one.excerpts:
        for tried in filter(None, one.excerpts):
            line = reading.source.line_of(tried)
            if line is not None:
                excerpt = tried
                break
        place = "layout" if line is None else "body"
    if place == "layout" and not reading.email.has_layout:
        place = "body"
    excerpt = excerpt or next(filter(None, one.excerpts), "")
    return Finding(one.code, one.severity, place, one.words, one.remedy, line, excerpt[:LONGEST_EXCERPT])
