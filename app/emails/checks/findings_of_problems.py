"""What keeps an e-mail from being rendered, as findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.emails.checks.finding import Finding, Severity
from app.emails.rendering import RenderProblem
from app.words import _, as_sentence

REMEDIES: Mapping[str, str] = {
    "syntax": _(
        "Compare the braces on this line with the help on conditions and loops; what is opened must be closed."
    ),
    "missing_value": _(
        "Give the value in the sample data, correct the name, or say what to write if it is missing: "
        "{{ name | default('…') }}."
    ),
    "not_allowed": _("Use only values, conditions, loops and the filters that the help lists."),
    "cannot_render": _("Check that the value is of the kind that the template expects, for example a number."),
    "line_break": _("Write it on one line, and check that no value in it has several lines."),
    "empty_subject": _("Write a subject; if it is made of values only, add words that are always there."),
    "empty": _("Write the message, or a text part."),
    "unknown_snippet": _("Choose another snippet, or publish this one first."),
    "no_slot": _("Write {{ content }} once, in the place where the message goes."),
    "many_slots": _("Keep one {{ content }} and take out the others."),
    "circle": _("Take out the line by which a snippet takes in itself, or one that takes it in."),
    "mjml": _("Compare the tags on this line with those around it; what is opened must be closed."),
    "too_slow": _("Look for loops within loops and for very large numbers, and take them out."),
    "too_big": _("Look for loops and texts that are repeated very often, and take them out."),
}
"""How to mend each of rendering's codes."""
_ANY = _("Undo the last change, or restore an earlier version.")


def findings_of_problems(problems: Sequence[RenderProblem]) -> list[Finding]:
    """Turn problems of rendering into errors, each with its place, line and remedy."""
    return [_finding(one) for one in problems]


def _finding(problem: RenderProblem) -> Finding:
    place = "body" if problem.place == "html" else problem.place
    words = as_sentence(problem.words)
    return Finding(problem.code, Severity.ERROR, place, words, REMEDIES.get(problem.code, _ANY), problem.line)
