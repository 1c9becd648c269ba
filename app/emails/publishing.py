"""Publishing: the draft becomes the next version, which never changes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import Problem, check_header_name, check_header_value
from app.emails.limits import LimitedRenderer
from app.emails.models import Template, TemplateVersion
from app.emails.preparing import prepare
from app.emails.rendering import EmailSource, RenderError, RenderProblem, check_source, variables_of
from app.emails.templates import find_template
from app.refusals import Refused

SECONDS = 5.0
"""Time that preparing a draft may take."""
FROM_SEND = frozenset({"email", "name"})
"""Variables that every recipient has."""


class CannotPublish(Refused):
    """The draft has problems; `problems` names each in words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("This draft cannot be published yet.")
        self.problems = problems


def source_of_draft(template: Template) -> EmailSource:
    """Give the draft as it would be rendered."""
    headers = tuple((str(name), str(value)) for name, value in template.draft_headers)
    return EmailSource(template.draft_subject, template.draft_html, template.draft_text, headers)


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft made ready for every recipient: its source with styles inlined, and the variables it needs."""

    source: EmailSource
    variables: tuple[str, ...]


def publish(
    session: Session, actor: Actor, template_id: int, note_text: str = "", renderer: LimitedRenderer | None = None
) -> TemplateVersion:
    """Publish the draft as the next version. Raises CannotPublish with every problem.

    Give a `renderer` wherever other people wait for this process: the draft is then prepared under its limits.
    """
    template = find_template(session, actor, template_id)
    source = source_of_draft(template)
    problems = header_problems(source.headers)
    try:
        ready = renderer.run(make_ready, source, seconds=SECONDS) if renderer else make_ready(source)
    except RenderError as error:
        raise CannotPublish([*(str(one) for one in error.problems), *(one.words for one in problems)]) from error
    if problems:
        raise CannotPublish([one.words for one in problems])
    newest = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    version = TemplateVersion(
        workspace_id=template.workspace_id,
        template_id=template.id,
        number=(newest or 0) + 1,
        subject=source.subject,
        html=source.html,
        text=source.text,
        headers=[list(pair) for pair in source.headers],
        prepared_html=ready.source.html,
        prepared_text=ready.source.text,
        variables=[name for name in ready.variables if name not in FROM_SEND],
        note=note_text.strip()[:500],
        published_by=actor.id,
    )
    session.add(version)
    session.flush()
    words = f"Template “{template.name}” published as version {version.number}"
    note(session, actor, "template.published", words, subject_id=template.id)
    return version


def make_ready(source: EmailSource) -> Ready:
    """Check and prepare a draft's source. Raises RenderError with every problem."""
    problems = check_source(source)
    if not source.subject.strip():
        problems.append(RenderProblem("empty_subject", "subject", None, "write a subject."))
    if not source.html.strip() and not source.text.strip():
        problems.append(RenderProblem("empty", "html", None, "write some HTML, or a text."))
    if problems:
        raise RenderError(tuple(problems))
    prepared = prepare(source.html, source.text)
    ready = EmailSource(source.subject, prepared.html, prepared.text, source.headers)
    return Ready(ready, tuple(variables_of(ready)))


def header_problems(headers: tuple[tuple[str, str], ...]) -> list[Problem]:
    """Check default headers as far as that goes before a value is rendered."""
    problems: list[Problem] = []
    for name, value in headers:
        found = check_header_name(name)
        if not found and "{{" not in value and "{%" not in value:
            found = check_header_value(name, value)
        problems += found
    return problems
