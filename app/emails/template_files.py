"""The files of a template's draft: attachments, and pictures shown within the text by `cid:`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.emails.approval_marks import cancel_when_changed
from app.emails.assembling import files_of
from app.emails.content import TemplateFile
from app.emails.file_kinds import check_file, check_picture_in_text, clean_name
from app.emails.files import check_fits, store
from app.emails.inline_images import content_id_for
from app.emails.models import Template
from app.emails.pieces import pieces_for
from app.emails.templates import held_template
from app.refusals import NotThere, Refused
from app.words import _


def add_template_file(
    session: Session, actor: Actor, template_id: int, name: str, content: bytes, inline: bool | None = None
) -> TemplateFile:
    """Add a file to the draft; the same bytes a second time give the file that is there.

    `inline` None shows a picture within the text and attaches everything else. Raises Refused with the field `file`.
    """
    template = held_template(session, actor, template_id)
    own = template.draft.files
    made = keep_file(session, own, name, content, inline, besides=files_with_draft(session, template)[len(own) :])
    for one in own:
        if one.sha256 == made.sha256:
            is_shown = bool(made.content_id or one.content_id)
            return change_file_kind(session, actor, template_id, made.sha256, inline=is_shown)
    _set_files(session, actor, template, (*own, made))
    note(
        session,
        actor,
        "template.file_added",
        _("“%(name)s” added to template “%(template_name)s”", name=name, template_name=template.name),
        subject_id=template.id,
    )
    return made


def keep_file(
    session: Session,
    own: Sequence[TemplateFile],
    name: str,
    content: bytes,
    inline: bool | None,
    besides: Sequence[TemplateFile] = (),
) -> TemplateFile:
    """Hold a file that is to be among its `own` against the rules, and keep its bytes; `besides` go with it, too.

    Raises Refused.
    """
    name = clean_name(name)
    if name:
        check_fits(name, content, [one.size for one in (*own, *besides)])
    media_type = check_file(name, content)
    is_shown = media_type.startswith("image/") if inline is None else inline
    if is_shown:
        check_picture_in_text(name, media_type)
    content_id = content_id_for(name, {one.content_id for one in own}) if is_shown else ""
    return TemplateFile(name, media_type, store(session, content).sha256, len(content), content_id)


def remove_template_file(session: Session, actor: Actor, template_id: int, sha256: str) -> TemplateFile:
    """Take a file out of the draft; published versions keep it. Raises NotThere."""
    template = held_template(session, actor, template_id)
    removed = find_file(template.draft.files, sha256)
    _set_files(session, actor, template, tuple(one for one in template.draft.files if one.sha256 != sha256))
    words = _("“%(name)s” removed from template “%(template_name)s”", name=removed.name, template_name=template.name)
    note(session, actor, "template.file_removed", words, subject_id=template.id)
    return removed


def change_file_kind(session: Session, actor: Actor, template_id: int, sha256: str, *, inline: bool) -> TemplateFile:
    """Show a picture within the text, or attach it. Raises NotThere, and Refused for what is no such picture."""
    template = held_template(session, actor, template_id)
    before = find_file(template.draft.files, sha256)
    if bool(before.content_id) == inline:
        return before
    if inline:
        check_picture_in_text(before.name, before.media_type)
    taken = {one.content_id for one in template.draft.files}
    after = replace(before, content_id=content_id_for(before.name, taken) if inline else "")
    _set_files(session, actor, template, tuple(after if one is before else one for one in template.draft.files))
    words = (
        _("“%(name)s” shown in the text in template “%(template_name)s”")
        if inline
        else _("“%(name)s” attached in template “%(template_name)s”")
    )
    shown = {True: _("shown in the text"), False: _("attached")}
    note(
        session,
        actor,
        "template.file_changed",
        _(words, name=after.name, template_name=template.name),
        subject_id=template.id,
        changes={after.name: (shown[not inline], shown[inline])},
    )
    return after


def picture_of(files: Sequence[TemplateFile], content_id: str) -> TemplateFile:
    """Find a picture by its `cid:`. Raises NotThere."""
    found = next((one for one in files if one.content_id == content_id), None) if content_id else None
    if found is None:
        raise NotThere("picture")
    return found


def files_with_draft(session: Session, template: Template) -> tuple[TemplateFile, ...]:
    """Give the draft's files, then the images of the layout and the snippets that it takes in."""
    return files_of(template.draft, pieces_for(session, template.workspace_id, template.draft))


def can_be_shown(file: TemplateFile) -> bool:
    """Whether mail programs show this file within the text."""
    try:
        check_picture_in_text(file.name, file.media_type)
    except Refused:
        return False
    return True


def find_file(files: Sequence[TemplateFile], sha256: str) -> TemplateFile:
    """Find a file by its bytes. Raises NotThere."""
    found = next((one for one in files if one.sha256 == sha256), None)
    if found is None:
        raise NotThere("file")
    return found


def _set_files(session: Session, actor: Actor, template: Template, files: tuple[TemplateFile, ...]) -> None:
    template.draft = replace(template.draft, files=files)
    template.draft_saved_at, template.draft_saved_by = now(), actor.id
    cancel_when_changed(session, template)
