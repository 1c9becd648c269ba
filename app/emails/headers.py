"""Custom headers while they are written: their values may still hold variables."""

from __future__ import annotations

from collections.abc import Sequence

from app.cloudflare.contract import HEADER_RULES, Problem, canonical_name, check_headers
from app.emails.rendering import EmailSource, check_source
from app.words import _

OWN_PREFIX = "x-postroom-"
"""Headers that Postroom adds by itself begin so."""
OWN_NAME = "own_name"
SYNTAX = "syntax"


def problems_of_headers(headers: Sequence[tuple[str, str]]) -> list[Problem]:
    """Give everything wrong with headers as they are written; `place` is `headers.NAME`, or `headers` for all.

    A value with variables is checked for each person at review; here it is only read.
    """
    source = EmailSource("", "", "", tuple(headers))
    syntax = [Problem(SYNTAX, one.place, str(one)) for one in check_source(source)]
    return [*syntax, *rule_problems(headers)]


def rule_problems(headers: Sequence[tuple[str, str]]) -> list[Problem]:
    """Give what the mail service or Postroom would refuse, taking any value with variables for a good one."""
    problems = check_headers([(name, _stand_in(name, value)) for name, value in headers])
    for name, _value in headers:
        if name.lower().startswith(OWN_PREFIX):
            words = _("%(name)s is Postroom's own header. Choose another name.", name=name)
            problems.append(Problem(OWN_NAME, f"headers.{name}", words))
    return problems


def has_variables(value: str) -> bool:
    """Tell whether a value is known only when it is rendered."""
    return "{{" in value or "{%" in value


def _stand_in(name: str, value: str) -> str:
    """Give a good value in place of one that is not known before it is rendered."""
    if not has_variables(value):
        return value
    rule = HEADER_RULES.get(canonical_name(name))
    return rule.example if rule else "value"
