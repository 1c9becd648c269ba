"""Publishing: the draft becomes the next version, which never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.emails.assembling import Pieces, PieceSource, assemble, check_written, images_shown
from app.emails.content import Content, Hint, TemplateFile
from app.emails.headers import rule_problems
from app.emails.languages import in_language
from app.emails.limits import LimitedRenderer
from app.emails.models import Template, TemplateVersion
from app.emails.pieces import keep_uses, pieces_for, pinned
from app.emails.preparing import prepare
from app.emails.rendering import EmailSource, RenderError, RenderProblem, variables_of
from app.emails.templates import find_template
from app.own_variables import OWN_VARIABLES
from app.people.approval import rule_of
from app.refusals import Refused
from app.words import _, kept, shown

SECONDS = 3.0
"""Time that preparing a draft may take."""


class CannotPublish(Refused):
    """The draft has problems; `problems` names each in words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(_("This draft cannot be published yet."))
        self.problems = problems


class NeedsApproval(Refused):
    """Somebody else publishes this draft: `approving`."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A content made ready for every recipient: a prepared source for each language, and the variables it needs."""

    sources: Mapping[str, EmailSource]
    variables: tuple[str, ...]
    pins: tuple[int, ...] = ()
    """Versions of the layout and the snippets that are in the sources."""
    piece_images: tuple[TemplateFile, ...] = ()
    """Images of theirs that the sources show."""

    def to_json(self) -> dict[str, dict[str, str]]:
        """Give the form in which a version stores its sources."""
        return {tag: {"subject": one.subject, "html": one.html, "text": one.text} for tag, one in self.sources.items()}


def publish(
    session: Session, actor: Actor, template_id: int, note_text: str = "", renderer: LimitedRenderer | None = None
) -> TemplateVersion:
    """Publish the draft as the next version. Raises CannotPublish with every problem, and NeedsApproval.

    Give a `renderer` wherever other people wait for this process: the draft is then prepared under its limits.
    """
    template = find_template(session, actor, template_id)
    check_needs_no_approval(session, template.workspace_id)
    return publish_content(session, actor, template, template.draft, note_text, renderer)


def check_needs_no_approval(session: Session, workspace_id: int) -> None:
    """Refuse to publish where somebody else has to. Raises NeedsApproval."""
    if rule_of(session, workspace_id).of_templates:
        raise NeedsApproval(_("Publishing needs approval here. Ask for approval."))


def publish_content(
    session: Session,
    actor: Actor,
    template: Template,
    content: Content,
    note_text: str = "",
    renderer: LimitedRenderer | None = None,
) -> TemplateVersion:
    """Publish a content, the draft's or an older version's, as the template's next version. Raises CannotPublish."""
    ready = get_ready(session, template.workspace_id, content, renderer)
    return add_version(session, actor, template, version_from(actor, template, content, ready), note_text)


def add_version(
    session: Session, actor: Actor, template: Template, version: TemplateVersion, note_text: str
) -> TemplateVersion:
    """Make a version, already prepared, the template's newest one."""
    newest = session.scalar(select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template.id))
    version.number, version.note = (newest or 0) + 1, shown(kept(note_text).strip()[:500])
    version.template = template
    session.add(version)
    keep_uses(session, template)
    words = _(
        "Template “%(template_name)s” published as version %(number)s",
        template_name=template.name,
        number=str(version.number),
    )
    changes = {_("Newest version"): (newest, version.number), _("Note"): ("", version.note)}
    note(session, actor, "template.published", words, subject_id=template.id, changes=changes)
    return version


def get_ready(
    session: Session,
    workspace_id: int,
    content: Content,
    renderer: LimitedRenderer | None = None,
    *,
    instead: Mapping[int, PieceSource] | None = None,
) -> Ready:
    """Make a content ready to be sent, `instead` with drafts in the place of published pieces. Raises CannotPublish."""
    pieces = pieces_for(session, workspace_id, content, instead=instead)
    problems = [one.words for one in rule_problems(content.headers)]
    if content.layout_id is not None and pieces.layout is None:
        problems.append(_("The layout is not published. Publish it, or choose another one."))
    try:
        run = (content, pieces)
        ready = renderer.run(make_ready, *run, seconds=SECONDS) if renderer else make_ready(*run)
    except RenderError as error:
        raise CannotPublish([*(str(one) for one in error.problems), *problems]) from error
    if problems:
        raise CannotPublish(problems)
    return ready


def version_from(actor: Actor, template: Template, content: Content, ready: Ready) -> TemplateVersion:
    """Make a version without a number of what is ready; it is not added to the session."""
    return TemplateVersion(
        workspace_id=template.workspace_id,
        template_id=template.id,
        content=content,
        prepared=ready.to_json(),
        pins=list(ready.pins),
        piece_images=ready.piece_images,
        variables=[name for name in ready.variables if name not in OWN_VARIABLES],
        published_by=actor.id,
    )


def make_ready(content: Content, pieces: Pieces) -> Ready:
    """Check and prepare every language of a content. Raises RenderError with every problem."""
    sources: dict[str, EmailSource] = {}
    problems: list[RenderProblem] = []
    for language in content.variants:
        try:
            sources[language] = make_ready_in(content, language, pieces)
        except RenderError as error:
            problems += [_in_language(content, language, one) for one in error.problems]
    if problems:
        raise RenderError(tuple(problems))
    names = {name for one in sources.values() for name in variables_of(one)}
    needed = tuple(sorted(names - with_defaults({}, content.hints).keys()))
    images = images_shown(content, pieces, *(one.html for one in sources.values()))
    return Ready(sources, needed, tuple(pinned(pieces)), images)


def make_ready_in(content: Content, language: str, pieces: Pieces) -> EmailSource:
    """Check and prepare one language. Raises RenderError with every problem."""
    variant = content.variants[language]
    problems = check_written(content, language, pieces)
    if not variant.subject.strip():
        problems.append(RenderProblem("empty_subject", "subject", None, _("write a subject.")))
    if not variant.body.strip() and not variant.text.strip():
        problems.append(RenderProblem("empty", "body", None, _("write the e-mail, or a text.")))
    if problems:
        raise RenderError(tuple(problems))
    source = assemble(content, language, pieces)
    prepared = prepare(source.html, source.text)
    return EmailSource(source.subject, prepared.html, prepared.text, source.headers, language=language)


def with_defaults(data: Mapping[str, Any], hints: Mapping[str, Hint]) -> dict[str, Any]:
    """Give the data with every “if missing” value where there is none, or only an empty cell."""
    defaults = {name: hint.default for name, hint in hints.items() if hint.default and not data.get(name)}
    return {**data, **defaults}


def _in_language(content: Content, language: str, problem: RenderProblem) -> RenderProblem:
    if len(content.variants) == 1:
        return problem
    words = in_language(language, problem.words)
    return RenderProblem(problem.code, problem.place, problem.line, words)
