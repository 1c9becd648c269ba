"""Templates and their drafts: make, find, save, archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload

from app.audit.trail import Actor, note
from app.db import now
from app.emails import starter
from app.emails.approval_marks import cancel_when_changed
from app.emails.content import Content
from app.emails.languages import is_language
from app.emails.models import Piece, PieceKind, PieceUse, Template, TemplateVersion
from app.emails.pieces import keep_uses
from app.refusals import NotThere, Refused
from app.words import _

MOST_CHARACTERS = 1_000_000
"""Of one part of a template; more could never be sent."""
WITHOUT_CONTENT = (defer(TemplateVersion.content), defer(TemplateVersion.prepared))
"""Options of a query for versions that shows only which there are."""


def templates(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    folder: str | None = None,
    after: str = "",
    archived: bool = False,
    limit: int = 25,
) -> Sequence[Template]:
    """Give templates by name, without their drafts; `after` a name for the next page.

    `search` is looked for anywhere in the name; `folder` names one folder, empty for those in none.
    """
    name = func.lower(Template.name)
    query = select(Template).where(Template.workspace_id == actor.workspace_id, Template.is_archived.is_(archived))
    if search:
        query = query.where(name.contains(search.strip().lower(), autoescape=True))
    if folder is not None:
        query = query.where(Template.folder == folder)
    if after:
        query = query.where(name > func.lower(after))
    options = (defer(Template.draft), joinedload(Template.saver))
    return session.scalars(query.order_by(name).limit(limit).options(*options)).all()


def folders(session: Session, actor: Actor) -> Sequence[str]:
    """Give the folders that hold a template, by name."""
    return session.scalars(
        select(Template.folder)
        .where(Template.workspace_id == actor.workspace_id, Template.folder != "", Template.is_archived.is_(False))
        .distinct()
        .order_by(Template.folder)
    ).all()


def folder_counts(session: Session, actor: Actor) -> dict[str, int]:
    """Give how many templates each folder holds, by name; an empty name for those in none."""
    query = (
        select(Template.folder, func.count())
        .where(Template.workspace_id == actor.workspace_id, Template.is_archived.is_(False))
        .group_by(Template.folder)
        .order_by(Template.folder)
    )
    return dict(session.execute(query).all())


def layouts_of(session: Session, template_ids: Collection[int]) -> dict[int, list[str]]:
    """Give the names of the layouts that each template uses: the draft's and, where it is another, the version's."""
    rows = session.execute(
        select(PieceUse.template_id, Piece.name)
        .join(Piece, Piece.id == PieceUse.piece_id)
        .where(PieceUse.template_id.in_(template_ids), Piece.kind == PieceKind.LAYOUT)
        .order_by(Piece.name)
    )
    found: dict[int, list[str]] = {}
    for template_id, name in rows:
        found.setdefault(template_id, []).append(name)
    return found


def newest_of(session: Session, template_ids: Collection[int]) -> dict[int, TemplateVersion]:
    """Give the newest version of each template, without what was written in it."""
    newest = (
        select(func.max(TemplateVersion.id))
        .where(TemplateVersion.template_id.in_(template_ids), TemplateVersion.number.is_not(None))
        .group_by(TemplateVersion.template_id)
    )
    found = session.scalars(select(TemplateVersion).where(TemplateVersion.id.in_(newest)).options(*WITHOUT_CONTENT))
    return {one.template_id: one for one in found}


def find_template(session: Session, actor: Actor, template_id: int) -> Template:
    """Find a template of the actor's workspace. Raises NotThere."""
    template = session.get(Template, template_id)
    if template is None or template.workspace_id != actor.workspace_id:
        raise NotThere("template")
    return template


def held_template(session: Session, actor: Actor, template_id: int) -> Template:
    """Find a template as it is now, and let nobody else change it before this is committed. Raises NotThere."""
    find_template(session, actor, template_id)
    session.flush()
    return session.get_one(Template, template_id, with_for_update=True, populate_existing=True)


def find_version(session: Session, actor: Actor, version_id: int) -> TemplateVersion:
    """Find a version of the actor's workspace. Raises NotThere."""
    version = session.get(TemplateVersion, version_id)
    if version is None or version.workspace_id != actor.workspace_id:
        raise NotThere("version")
    return version


def newest_versions(session: Session, actor: Actor) -> Sequence[TemplateVersion]:
    """Give the newest version of each template that is not archived, by name: what a send may pick."""
    newest = (
        select(func.max(TemplateVersion.id))
        .where(TemplateVersion.workspace_id == actor.workspace_id, TemplateVersion.number.is_not(None))
        .group_by(TemplateVersion.template_id)
    )
    return session.scalars(
        select(TemplateVersion)
        .join(TemplateVersion.template)
        .where(
            TemplateVersion.id.in_(newest),
            Template.is_archived.is_(False),
        )
        .order_by(func.lower(Template.name))
        .options(contains_eager(TemplateVersion.template).defer(Template.draft), *WITHOUT_CONTENT)
    ).all()


def create_template(session: Session, actor: Actor, name: str, draft: Content | None = None) -> Template:
    """Make a template with a draft, or with the starter's. Raises Refused when the name is missing or taken."""
    template = Template(
        workspace_id=actor.workspace_id,
        name=_free_name(session, actor, name),
        draft=draft or starter.CONTENT,
        draft_saved_by=actor.id,
    )
    session.add(template)
    keep_uses(session, template)
    note(
        session,
        actor,
        "template.created",
        _("Template “%(template_name)s” made", template_name=template.name),
        subject_id=template.id,
    )
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
            _("Template “%(before)s” renamed to “%(template_name)s”", before=before, template_name=template.name),
            subject_id=template.id,
            changes={_("Name"): (before, template.name)},
        )
    return template


def save_draft(session: Session, actor: Actor, template_id: int, draft: Content, *, number: int) -> Template:
    """Save a draft that was written on top of draft `number`. Raises Refused when somebody saved meanwhile."""
    template = held_template(session, actor, template_id)
    if template.draft_number != number:
        raise SavedMeanwhile(
            _(
                "Somebody else saved this template meanwhile. Your text is kept below; compare it with theirs in "
                "another window, then save again to put yours in its place."
            )
        )
    _check_storable(draft)
    template.draft = draft
    template.draft_number += 1
    template.draft_saved_at, template.draft_saved_by = now(), actor.id
    keep_uses(session, template)
    cancel_when_changed(session, template)
    return template


class SavedMeanwhile(Refused):
    """Somebody else saved the draft since this person opened it."""


def _check_storable(draft: Content) -> None:
    for variant in draft.variants.values():
        for place in ("subject", "preheader", "body", "text"):
            if len(getattr(variant, place)) > MOST_CHARACTERS:
                words = _(
                    "This is longer than %(most_characters)s characters, which no e-mail can be.",
                    most_characters=MOST_CHARACTERS,
                )
                raise Refused(words, field=place)
    if any("\0" in text for text in _texts(draft.to_json())):
        raise Refused(_("There is a null character in what you typed, which cannot be stored. Take it out."))
    for tag in draft.variants:
        if not is_language(tag):
            raise Refused(_("“%(tag)s” is no language that Postroom knows.", tag=tag), field="language")


def _texts(value: Any) -> Iterator[str]:
    """Give every text in a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (name, *_texts(one))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def archive_template(session: Session, actor: Actor, template_id: int, *, archived: bool) -> Template:
    """Put a template away, or bring it back."""
    template = find_template(session, actor, template_id)
    template.is_archived = archived
    words = _("Template “%(name)s” archived") if archived else _("Template “%(name)s” brought back")
    note(
        session,
        actor,
        "template.archived" if archived else "template.restored",
        _(words, name=template.name),
        subject_id=template.id,
        changes={_("Archived"): (not archived, archived)},
    )
    return template


def _free_name(session: Session, actor: Actor, name: str, besides: int | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Give the template a name."), field="name")
    if len(name) > 200:
        raise Refused(_("Use at most 200 characters."), field="name")
    taken = session.scalar(
        select(Template.id).where(
            Template.workspace_id == actor.workspace_id,
            func.lower(Template.name) == func.lower(name),  # the database's idea of lower case on both sides
            Template.id != (besides or 0),
        )
    )
    if taken is not None:
        raise Refused(_("There is a template of this name already."), field="name")
    return name
