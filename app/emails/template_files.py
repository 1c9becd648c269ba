"""The files of a template's draft: attachments, and pictures shown within the text by `cid:`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.emails.approval_marks import cancel_when_changed
from app.emails.content import TemplateFile
from app.emails.file_kinds import check_file, check_picture_in_text, clean_name
from app.emails.files import Size, check_fits, size_as_sent, store
from app.emails.models import Template
from app.emails.templates import held_template
from app.refusals import NotThere, Refused
from app.words import _

MAX_CONTENT_ID = 60
"""Characters of a picture's `cid:`; more would be hard to write."""


def add_template_file(
    session: Session, actor: Actor, template_id: int, name: str, content: bytes, inline: bool | None = None
) -> TemplateFile:
    """Add a file to the draft; the same bytes a second time give the file that is there.

    `inline` None shows a picture within the text and attaches everything else. Raises Refused with the field `file`.
    """
    template = held_template(session, actor, template_id)
    name = clean_name(name)
    sizes = [one.size for one in template.draft.files]
    if name:
        check_fits(name, content, sizes)
    media_type = check_file(name, content)
    is_shown = media_type.startswith("image/") if inline is None else inline
    if is_shown:
        check_picture_in_text(name, media_type)
    sha256 = store(session, content).sha256
    for one in template.draft.files:
        if one.sha256 == sha256:
            return change_file_kind(session, actor, template_id, sha256, inline=is_shown or bool(one.content_id))
    content_id = content_id_for(name, _content_ids(template)) if is_shown else ""
    made = TemplateFile(name, media_type, sha256, len(content), content_id)
    _set_files(session, actor, template, (*template.draft.files, made))
    note(
        session,
        actor,
        "template.file_added",
        _("“%(name)s” added to template “%(template_name)s”", name=name, template_name=template.name),
        subject_id=template.id,
    )
    return made


def remove_template_file(session: Session, actor: Actor, template_id: int, sha256: str) -> TemplateFile:
    """Take a file out of the draft; published versions keep it. Raises NotThere."""
    template = held_template(session, actor, template_id)
    removed = _find(template, sha256)
    _set_files(session, actor, template, tuple(one for one in template.draft.files if one.sha256 != sha256))
    words = _("“%(name)s” removed from template “%(template_name)s”", name=removed.name, template_name=template.name)
    note(session, actor, "template.file_removed", words, subject_id=template.id)
    return removed


def change_file_kind(session: Session, actor: Actor, template_id: int, sha256: str, *, inline: bool) -> TemplateFile:
    """Show a picture within the text, or attach it. Raises NotThere, and Refused for what is no such picture."""
    template = held_template(session, actor, template_id)
    before = _find(template, sha256)
    if bool(before.content_id) == inline:
        return before
    if inline:
        check_picture_in_text(before.name, before.media_type)
    after = replace(before, content_id=content_id_for(before.name, _content_ids(template)) if inline else "")
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


def draft_size(template: Template) -> Size:
    """Give how much of the limit the draft's files take up."""
    return size_as_sent(one.size for one in template.draft.files)


def can_be_shown(file: TemplateFile) -> bool:
    """Whether mail programs show this file within the text."""
    try:
        check_picture_in_text(file.name, file.media_type)
    except Refused:
        return False
    return True


def content_id_for(name: str, taken: Collection[str]) -> str:
    """Make a `cid:` of a file's name: ASCII letters, digits, - and _ only, and not one of those `taken`."""
    plain = unicodedata.normalize("NFKD", name.rpartition(".")[0] or name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-").lower()[:MAX_CONTENT_ID] or "picture"
    made, number = stem, 2
    while made in taken:
        made, number = f"{stem}-{number}", number + 1
    return made


def _find(template: Template, sha256: str) -> TemplateFile:
    found = next((one for one in template.draft.files if one.sha256 == sha256), None)
    if found is None:
        raise NotThere("file")
    return found


def _content_ids(template: Template) -> set[str]:
    return {one.content_id for one in template.draft.files}


def _set_files(session: Session, actor: Actor, template: Template, files: tuple[TemplateFile, ...]) -> None:
    template.draft = replace(template.draft, files=files)
    template.draft_saved_at, template.draft_saved_by = now(), actor.id
    cancel_when_changed(session, template)
