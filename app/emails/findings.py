"""Everything there is to say of a draft before it is published: problems, checks of the e-mail, its variables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from app.emails.assembling import Pieces, as_written, images_shown
from app.emails.checks.check import CheckedEmail, CheckedFile, check_email
from app.emails.checks.finding import Finding, Severity
from app.emails.checks.findings_of_problems import findings_of_problems
from app.emails.content import Content
from app.emails.languages import in_language
from app.emails.limits import LimitedRenderer
from app.emails.preview import make_preview
from app.emails.publishing import with_defaults
from app.emails.rendering import RenderError
from app.emails.variables import Kind, Variable, find_variables, wrong_for
from app.own_variables import OWN_VARIABLES
from app.words import _

SECONDS = 2.0
"""Time that the checks of one language may take."""


def findings(
    renderer: LimitedRenderer,
    content: Content,
    language: str,
    pieces: Pieces,
    data: Mapping[str, Any],
    columns: Collection[str] = (),
) -> list[Finding]:
    """Check one language of a draft under the limits, as a person with this data would get it. Never fails."""
    try:
        return renderer.run(make_findings, content, language, pieces, dict(data), frozenset(columns), seconds=SECONDS)
    except RenderError as error:
        return findings_of_problems(error.problems)


def make_findings(
    content: Content, language: str, pieces: Pieces, data: Mapping[str, Any], columns: frozenset[str]
) -> list[Finding]:
    """Check one language of a draft; runs in a limited process."""
    shown = make_preview(content, language, pieces, data)
    found = findings_of_problems([one for one in shown.problems if one.code != "missing_value"])
    found += _of_variables(content, pieces, data, columns)
    if shown.email is None:
        return found
    email = shown.email
    files = (*content.files, *images_shown(content, pieces, email.html))
    checked = CheckedEmail(
        subject=email.subject,
        preheader=email.preheader,
        html=email.html,
        text=email.text,
        body=content.variants[language].body,
        text_is_made=shown.text_is_made,
        headers=email.headers,
        files=tuple(CheckedFile(one.name, one.media_type, one.size, one.content_id) for one in files),
        language=language,
        has_layout=pieces.layout is not None,
    )
    return sorted([*found, *check_email(checked)], key=_by_weight)


def findings_in_all(
    renderer: LimitedRenderer, content: Content, pieces: Pieces, data: Mapping[str, Any]
) -> list[Finding]:
    """Check every language of a draft; where there are several, each finding names its own."""
    found: list[Finding] = []
    for language in content.variants:
        for one in findings(renderer, content, language, pieces, data):
            words = one.words if len(content.variants) == 1 else in_language(language, one.words)
            found.append(Finding(one.code, one.severity, one.place, words, one.remedy, one.line, one.excerpt))
    return sorted(found, key=_by_weight)


def variables_in(content: Content, pieces: Pieces) -> tuple[Variable, ...]:
    """Give the variables of a draft, through its layout and snippets, without those that every message has."""
    sources: list[tuple[str, str]] = []
    for language in content.variants:
        sources += as_written(content, language).parts()
    sources += [("layout", one.html) for one in _taken_in(pieces)]
    return tuple(one for one in find_variables(sources) if one.name not in {*OWN_VARIABLES, "content"})


def _taken_in(pieces: Pieces) -> Iterable[Any]:
    return [*([pieces.layout] if pieces.layout else []), *pieces.snippets.values()]


def _of_variables(content: Content, pieces: Pieces, data: Mapping[str, Any], columns: frozenset[str]) -> list[Finding]:
    found: list[Finding] = []
    given = {**with_defaults(data, content.hints), **dict.fromkeys(columns, "")}
    variables = variables_in(content, pieces)
    for one in variables:
        place, line = one.places[0] if one.places else ("body", None)
        if one.is_needed and one.name not in given:
            words = _("Nothing gives a value for %(name)s.", name=one.name)
            remedy = _("Give it an example and see that your list has a column of this name, or an “if missing” value.")
            found.append(Finding("unknown_variable", Severity.WARNING, place, words, remedy, line, one.name))
        hint = content.hints.get(one.name)
        wrong = wrong_for(Kind(hint.kind), hint.example) if hint and hint.kind in list(Kind) and hint.example else ""
        if wrong:
            remedy = _("Change the example, or the kind of the variable.")
            found.append(
                Finding(
                    "wrong_example",
                    Severity.WARNING,
                    place,
                    _("%(name)s: %(wrong)s", name=one.name, wrong=wrong),
                    remedy,
                    line,
                )
            )
    for name in content.hints.keys() - {one.name for one in variables}:
        words = _("The variable %(name)s is used nowhere.", name=name)
        found.append(Finding("unused_variable", Severity.HINT, "body", words, _("Use it, or clear its row.")))
    return found


def _by_weight(finding: Finding) -> tuple[int, int]:
    return list(Severity).index(finding.severity), finding.line or 10**9
