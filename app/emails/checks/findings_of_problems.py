"""What keeps an e-mail from being rendered, as findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.emails.checks.finding import Finding, Severity
from app.emails.rendering import RenderProblem

REMEDIES: Mapping[str, str] = {
    "syntax": "Compare the braces on this line with the help on conditions and loops; what is opened must be closed.",
    "missing_value": "Give the value in the sample data, correct the name, or say what to write if it is missing: "
    "{{ name | default('…') }}.",
    "not_allowed": "Use only values, conditions, loops and the filters that the help lists.",
    "cannot_render": "Check that the value is of the kind that the template expects, for example a number.",
    "line_break": "Write it on one line, and check that no value in it has several lines.",
    "empty_subject": "Write a subject; if it is made of values only, add words that are always there.",
    "empty": "Write the message, or a text part.",
    "unknown_snippet": "Choose another snippet, or publish this one first.",
    "no_slot": "Write {{ content }} once, in the place where the message goes.",
    "many_slots": "Keep one {{ content }} and take out the others.",
    "circle": "Take out the line by which a snippet takes in itself, or one that takes it in.",
    "mjml": "Compare the tags on this line with those around it; what is opened must be closed.",
    "too_slow": "Look for loops within loops and for very large numbers, and take them out.",
    "too_big": "Look for loops and texts that are repeated very often, and take them out.",
}
"""How to mend each of rendering's codes."""
_ANY = "Undo the last change, or restore an earlier version."


def findings_of_problems(problems: Sequence[RenderProblem]) -> list[Finding]:
    """Turn problems of rendering into errors, each with its place, line and remedy."""
    return [_finding(one) for one in problems]


def _finding(problem: RenderProblem) -> Finding:
    place = "body" if problem.place == "html" else problem.place
    words = problem.words[:1].upper() + problem.words[1:]
    return Finding(problem.code, Severity.ERROR, place, words, REMEDIES.get(problem.code, _ANY), problem.line)
