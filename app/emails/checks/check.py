"""All checks of one e-mail, with the lines on which the author can mend what they found."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from app.emails.checks.checked import CheckedEmail, CheckedFile
from app.emails.checks.clients import check_clients
from app.emails.checks.colours import check_colours
from app.emails.checks.finding import Finding, Severity
from app.emails.checks.images import check_images
from app.emails.checks.links import check_links
from app.emails.checks.parts import check_parts
from app.emails.checks.structure import check_structure

__all__ = ["CheckedEmail", "CheckedFile", "check_email"]
CHECKS = (check_parts, check_structure, check_images, check_links, check_colours, check_clients)
SAME_KIND = 5
"""Findings of one code that are listed; more of them say nothing new."""


def check_email(email: CheckedEmail) -> list[Finding]:
    """Give every finding, the worst first, then by line."""
    found = [_with_line(one, email.body) for one in chain.from_iterable(check(email) for check in CHECKS)]
    order = list(Severity)
    return sorted(_a_few_of_each(found), key=lambda one: (order.index(one.severity), one.line or 10**9))


def _with_line(finding: Finding, body: str) -> Finding:
    """Find the excerpt in the author's body; what is not there comes from the layout."""
    if finding.place != "body" or not finding.excerpt:
        return finding
    for wanted in (finding.excerpt, html.escape(finding.excerpt)):
        at = body.find(wanted)
        if at >= 0:
            return replace(finding, line=body.count("\n", 0, at) + 1)
    return replace(finding, place="layout")


def _a_few_of_each(found: list[Finding]) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for one in dict.fromkeys(found):
        counts[one.code] = counts.get(one.code, 0) + 1
        if counts[one.code] <= SAME_KIND:
            yield one
