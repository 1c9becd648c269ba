"""Problems of rendering as findings, each with how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

from app.emails.checks.finding import Finding, Severity
from app.emails.rendering import RenderProblem

REMEDIES = {
    "syntax": "Look at the braces and the words in them on this line; every if and for needs its end.",
    "missing_value": "Give it an example or an “if missing” value, or take it out.",
    "not_allowed": "Take it out: templates may use values, conditions and loops, and nothing of the program.",
    "cannot_render": "Look at the value and at what is done with it on this line.",
    "line_break": "Keep it on one line.",
    "empty_subject": "Write a subject.",
    "empty": "Write the e-mail.",
    "too_slow": "Make loops shorter.",
    "too_big": "Make it smaller.",
    "unknown_snippet": "Choose another snippet, or publish this one first.",
    "mjml": "Look at the tags on this line; each one that is opened must be closed.",
}
"""What to do about each code of a RenderProblem."""


def findings_of_problems(problems: Sequence[RenderProblem]) -> list[Finding]:
    """Give a finding for each problem."""
    return [
        Finding(
            one.code,
            Severity.ERROR,
            one.place,
            one.words[:1].upper() + one.words[1:],
            REMEDIES.get(one.code, "Mend it and look again."),
            one.line,
        )
        for one in problems
    ]
