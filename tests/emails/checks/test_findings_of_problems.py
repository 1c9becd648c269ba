"""Problems of rendering, as findings."""

from __future__ import annotations

import inspect
import re

import pytest

from app.emails import limits, rendering
from app.emails.checks.finding import Severity
from app.emails.checks.findings_of_problems import REMEDIES, findings_of_problems
from app.emails.rendering import EmailSource, RenderError, RenderProblem, render


def test_problems_of_rendering_are_errors_with_place_line_and_remedy() -> None:
    with pytest.raises(RenderError) as raised:
        render(EmailSource("{{ a }}", "one\n{{ 1 + }}", "", (("X-A", "{{ b }}"),)), {})
    findings = findings_of_problems(raised.value.problems)
    assert [(one.code, one.place, one.line) for one in findings] == [
        ("missing_value", "subject", 1),
        ("syntax", "body", 2),
        ("missing_value", "headers.X-A", 1),
    ]
    assert {one.severity for one in findings} == {Severity.ERROR}
    assert findings[0].words == "There is no value for a."
    assert "default" in findings[0].remedy


def test_every_code_of_rendering_has_a_remedy() -> None:
    source = inspect.getsource(rendering) + inspect.getsource(limits)
    used = set(re.findall(r'RenderProblem\(\s*"(\w+)"', source))
    assert used
    assert used <= set(REMEDIES)


def test_a_code_that_is_not_known_yet_still_gets_a_remedy() -> None:
    (finding,) = findings_of_problems([RenderProblem("new", "text", None, "")])
    assert finding.remedy
