"""How a draft stands to the newest version: what publishing would change, and what keeps it from being published."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.emails.comparing import PartChange, changed_parts, parts_of
from app.emails.content import Content
from app.emails.limits import LimitedRenderer
from app.emails.models import Template, TemplateVersion
from app.emails.publishing import CannotPublish, get_ready
from app.emails.showing import layout_words
from app.own_variables import OWN_VARIABLES


@dataclass(frozen=True, slots=True)
class Difference:
    """What there is more of, and less of, than in the newest version; names."""

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A draft beside the newest version."""

    number: int
    """Of the version that it would become."""
    problems: tuple[str, ...] = ()
    """Why it cannot be published."""
    changes: tuple[PartChange, ...] = ()
    variables: Difference = field(default_factory=Difference)
    files: Difference = field(default_factory=Difference)
    languages: Difference = field(default_factory=Difference)
    """Tags."""
    is_same: bool = False
    """Publishing would make the same version again."""


def standing(
    session: Session, template: Template, newest: TemplateVersion | None, renderer: LimitedRenderer
) -> Standing:
    """Look at a draft as publishing does, under its limits. Changes nothing."""
    draft = template.draft
    problems: tuple[str, ...] = ()
    needed: set[str] | None = None
    is_same = False
    try:
        ready = get_ready(session, template.workspace_id, draft, renderer)
    except CannotPublish as refusal:
        problems = tuple(refusal.problems)
    else:
        needed = set(ready.variables) - OWN_VARIABLES
        made = (ready.to_json(), ready.piece_images, draft)
        is_same = newest is not None and (newest.prepared, newest.piece_images, newest.content) == made
    if newest is None:
        return Standing(1, problems)
    before = set(newest.variables)
    return Standing(
        number=(newest.number or 0) + 1,
        problems=problems,
        changes=tuple(changes_since(session, template, newest)),
        variables=_difference(before, before if needed is None else needed),
        files=_difference(_names(newest.content), _names(draft)),
        languages=_difference(set(newest.content.variants), set(draft.variants)),
        is_same=is_same,
    )


def changes_since(session: Session, template: Template, version: TemplateVersion) -> list[PartChange]:
    """Give the parts of the draft that say something else than a version."""
    old = parts_of(version.content, layout_words(session, version.content, version))
    return changed_parts(old, parts_of(template.draft, layout_words(session, template.draft)))


def _difference(before: set[str], after: set[str]) -> Difference:
    return Difference(tuple(sorted(after - before)), tuple(sorted(before - after)))


def _names(content: Content) -> set[str]:
    return {one.name for one in content.files}
