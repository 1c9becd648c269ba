"""What is done with whole templates and their versions: list, restore, duplicate, put into a folder."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.audit.trail import Actor, note
from app.emails.content import Content
from app.emails.models import Template, TemplateVersion
from app.emails.templates import WITHOUT_CONTENT, create_template, find_template, find_version, save_draft
from app.refusals import NotThere, Refused
from app.words import _

MOST_OF_A_NAME = 200
MOST_OF_A_FOLDER = 100


def versions_page(
    session: Session, template: Template, *, before: int | None = None, limit: int = 25
) -> Sequence[TemplateVersion]:
    """Give published versions newest first, without what is in them; `before` a number for the next page."""
    query = select(TemplateVersion).where(
        TemplateVersion.template_id == template.id, TemplateVersion.number.is_not(None)
    )
    if before is not None:
        query = query.where(TemplateVersion.number < before)
    query = query.order_by(TemplateVersion.number.desc()).limit(limit)
    return session.scalars(query.options(joinedload(TemplateVersion.publisher), *WITHOUT_CONTENT)).all()


def version_of(session: Session, actor: Actor, template: Template, version_id: int) -> TemplateVersion:
    """Find a published version of this template. Raises NotThere."""
    version = find_version(session, actor, version_id)
    if version.template_id != template.id or version.number is None:
        raise NotThere("version")
    return version


def restore(session: Session, actor: Actor, template_id: int, version_id: int, *, number: int) -> Template:
    """Make a version's content the draft, in the place of draft `number`. Raises NotThere, Refused."""
    template = find_template(session, actor, template_id)
    version = version_of(session, actor, template, version_id)
    save_draft(session, actor, template_id, version.content, number=number)
    words = _(
        "Draft of template “%(template_name)s” put back to version %(number)s",
        template_name=template.name,
        number=str(version.number),
    )
    note(session, actor, "template.draft_restored", words, subject_id=template_id)
    return template


def duplicate(session: Session, actor: Actor, template_id: int) -> Template:
    """Make a template with the same draft, folder and kind of notice, under a free name. Raises NotThere."""
    template = find_template(session, actor, template_id)
    made = create_template(
        session,
        actor,
        free_name(session, actor, str(_("Copy of %(template_name)s", template_name=template.name))),
        template.draft,
    )
    made.folder, made.topic_id = template.folder, template.topic_id
    return made


def move(session: Session, actor: Actor, template_id: int, folder: str) -> Template:
    """Put a template into a folder, or with an empty name out of it. Raises NotThere, Refused."""
    template = find_template(session, actor, template_id)
    folder = " ".join(folder.split())
    if len(folder) > MOST_OF_A_FOLDER or "\0" in folder:
        raise Refused(_("Use at most %(most)s characters.", most=MOST_OF_A_FOLDER), field="folder")
    if folder != template.folder:
        changes = {_("Folder"): (template.folder, folder)}
        template.folder = folder
        words = _("Template “%(name)s” taken out of its folder", name=template.name)
        if folder:
            words = _("Template “%(name)s” put into the folder “%(folder)s”", name=template.name, folder=folder)
        note(session, actor, "template.moved", words, subject_id=template_id, changes=changes)
    return template


def free_name(session: Session, actor: Actor, wanted: str) -> str:
    """Give the name, or one with a number behind it when a template has it already."""
    name, count = wanted[:MOST_OF_A_NAME].strip(), 1
    while template_named(session, actor, name) is not None:
        count += 1
        ending = f" ({count})"
        name = wanted[: MOST_OF_A_NAME - len(ending)].strip() + ending
    return name


def template_named(session: Session, actor: Actor, name: str) -> Template | None:
    """Find the template of a name, archived ones, too; capitals make no difference, as in the database."""
    return session.scalar(
        select(Template).where(
            Template.workspace_id == actor.workspace_id, func.lower(Template.name) == func.lower(name)
        )
    )


def same_words(one: Content, other: Content) -> bool:
    """Whether two contents say the same."""
    return one.to_json() == other.to_json()
