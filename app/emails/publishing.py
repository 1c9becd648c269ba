"""Publishing: the draft becomes the next version, which never changes."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import Problem, check_header_name, check_header_value
from app.emails.models import Template, TemplateVersion
from app.emails.preparing import prepare
from app.emails.rendering import EmailSource, RenderError, check_source, variables_of
from app.emails.templates import find_template
from app.refusals import Refused

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


def publish(session: Session, actor: Actor, template_id: int, note_text: str = "") -> TemplateVersion:
    """Publish the draft as the next version. Raises CannotPublish with every problem."""
    template = find_template(session, actor, template_id)
    source = source_of_draft(template)
    problems = draft_problems(source)
    if problems:
        raise CannotPublish(problems)
    prepared = prepare(source.html, source.text)
    ready = EmailSource(source.subject, prepared.html, prepared.text, source.headers)
    try:
        variables = variables_of(ready)
    except RenderError as error:  # preparing never breaks what compiled before; if it does, say so
        raise CannotPublish([str(one) for one in error.problems]) from error
    newest = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    version = TemplateVersion(
        workspace_id=template.workspace_id,
        template_id=template.id,
        number=(newest or 0) + 1,
        subject=source.subject,
        html=source.html,
        text=source.text,
        headers=[list(pair) for pair in source.headers],
        prepared_html=prepared.html,
        prepared_text=prepared.text,
        variables=[name for name in variables if name not in FROM_SEND],
        note=note_text.strip()[:500],
        published_by=actor.id,
    )
    session.add(version)
    session.flush()
    words = f"Template “{template.name}” published as version {version.number}"
    note(session, actor, "template.published", words, subject_id=template.id)
    return version


def draft_problems(source: EmailSource) -> list[str]:
    """Give everything that keeps a draft from being published, in words."""
    problems = [str(one) for one in check_source(source)]
    if not source.subject.strip():
        problems.append("Subject: write a subject.")
    if not source.html.strip() and not source.text.strip():
        problems.append("HTML: write some HTML, or a text.")
    return problems + [one.words for one in header_problems(source.headers)]


def header_problems(headers: tuple[tuple[str, str], ...]) -> list[Problem]:
    """Check default headers as far as that goes before a value is rendered."""
    problems: list[Problem] = []
    for name, value in headers:
        found = check_header_name(name)
        if not found and "{{" not in value and "{%" not in value:
            found = check_header_value(name, value)
        problems += found
    return problems
