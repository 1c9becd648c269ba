"""Templates and their drafts: make, find, save, archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.audit.trail import Actor, note
from app.db import now
from app.emails import starter
from app.emails.models import Template, TemplateVersion
from app.refusals import NotThere, Refused

MOST_CHARACTERS = 1_000_000
"""Of one part of a template; more could never be sent."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes."""

    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    sample: dict[str, str] = field(default_factory=dict)


def templates(
    session: Session, actor: Actor, *, search: str = "", after: str = "", archived: bool = False, limit: int = 25
) -> Sequence[Template]:
    """Give templates by name, `after` a name for the next page; `search` is looked for anywhere in the name."""
    name = func.lower(Template.name)
    query = select(Template).where(Template.workspace_id == actor.workspace_id, Template.is_archived.is_(archived))
    if search:
        query = query.where(name.contains(search.strip().lower(), autoescape=True))
    if after:
        query = query.where(name > func.lower(after))
    return session.scalars(query.order_by(name).limit(limit).options(selectinload(Template.versions))).all()


def find_template(session: Session, actor: Actor, template_id: int) -> Template:
    """Find a template of the actor's workspace. Raises NotThere."""
    template = session.get(Template, template_id)
    if template is None or template.workspace_id != actor.workspace_id:
        raise NotThere("template")
    return template


def find_version(session: Session, actor: Actor, version_id: int) -> TemplateVersion:
    """Find a version of the actor's workspace. Raises NotThere."""
    version = session.get(TemplateVersion, version_id)
    if version is None or version.workspace_id != actor.workspace_id:
        raise NotThere("version")
    return version


def newest_versions(session: Session, actor: Actor) -> Sequence[TemplateVersion]:
    """Give the newest version of each template that is not archived, by name: what a send may pick."""
    newest = select(func.max(TemplateVersion.id)).group_by(TemplateVersion.template_id)
    return session.scalars(
        select(TemplateVersion)
        .join(TemplateVersion.template)
        .where(
            TemplateVersion.workspace_id == actor.workspace_id,
            TemplateVersion.id.in_(newest),
            Template.is_archived.is_(False),
        )
        .order_by(func.lower(Template.name))
        .options(selectinload(TemplateVersion.template))
    ).all()


def create_template(session: Session, actor: Actor, name: str) -> Template:
    """Make a template with a starter draft. Raises Refused when the name is missing or taken."""
    template = Template(
        workspace_id=actor.workspace_id,
        name=_free_name(session, actor, name),
        draft_subject=starter.SUBJECT,
        draft_html=starter.HTML,
        sample_data=dict(starter.SAMPLE),
        draft_saved_by=actor.id,
    )
    session.add(template)
    session.flush()
    note(session, actor, "template.created", f"Template “{template.name}” made", subject_id=template.id)
    return template


def rename_template(session: Session, actor: Actor, template_id: int, name: str) -> Template:
    """Give a template another name. Raises Refused."""
    template = find_template(session, actor, template_id)
    if name.strip() != template.name:
        before, template.name = template.name, _free_name(session, actor, name, template.id)
        note(
            session,
            actor,
            "template.renamed",
            f"Template “{before}” renamed to “{template.name}”",
            subject_id=template.id,
        )
    return template


def save_draft(session: Session, actor: Actor, template_id: int, draft: Draft, *, number: int) -> Template:
    """Save a draft that was written on top of draft `number`. Raises Refused when somebody saved meanwhile."""
    template = find_template(session, actor, template_id)
    if template.draft_number != number:
        raise Refused(
            "Somebody else saved this template meanwhile. Your text is kept below; compare it with theirs in another "
            "window, then save again to put yours in its place."
        )
    for place, text in (("subject", draft.subject), ("html", draft.html), ("text", draft.text)):
        if len(text) > MOST_CHARACTERS:
            raise Refused(f"This is longer than {MOST_CHARACTERS:,} characters, which no e-mail can be.", field=place)
    if "\0" in "".join(
        (draft.subject, draft.html, draft.text, *sum(draft.headers, ()), *sum(draft.sample.items(), ()))
    ):
        raise Refused("There is a null character in what you typed, which cannot be stored. Take it out.")
    template.draft_subject, template.draft_html, template.draft_text = draft.subject, draft.html, draft.text
    template.draft_headers = [list(pair) for pair in draft.headers]
    template.sample_data = dict(draft.sample)
    template.draft_number += 1
    template.draft_saved_at, template.draft_saved_by = now(), actor.id
    return template


def archive_template(session: Session, actor: Actor, template_id: int, *, archived: bool) -> Template:
    """Put a template away, or bring it back."""
    template = find_template(session, actor, template_id)
    template.is_archived = archived
    verb = "archived" if archived else "brought back"
    note(
        session,
        actor,
        "template.archived" if archived else "template.restored",
        f"Template “{template.name}” {verb}",
        subject_id=template.id,
    )
    return template


def _free_name(session: Session, actor: Actor, name: str, besides: int | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused("Give the template a name.", field="name")
    if len(name) > 200:
        raise Refused("Use at most 200 characters.", field="name")
    taken = session.scalar(
        select(Template.id).where(
            Template.workspace_id == actor.workspace_id,
            func.lower(Template.name) == func.lower(name),  # the database's idea of lower case on both sides
            Template.id != (besides or 0),
        )
    )
    if taken is not None:
        raise Refused("There is a template of this name already.", field="name")
    return name
