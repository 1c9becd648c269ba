"""Bringing templates in: a file is read and kept, a person sees what it will do, then it is done, all or nothing."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.emails.bundle import Bundle, BundledPiece, BundledTemplate, read_files
from app.emails.bundle_zip import unpack
from app.emails.content import Content, TemplateFile
from app.emails.exporting import bundled_piece, newest_versions_of
from app.emails.file_kinds import check_file, check_picture_in_text, clean_name
from app.emails.files import check_fits, store
from app.emails.foreign import read_single
from app.emails.inline_images import content_id_for
from app.emails.limits import LimitedRenderer
from app.emails.models import Piece, PieceKind, Template, WaitingImport
from app.emails.piece_drafts import Written, put_into_draft
from app.emails.piece_making import make_piece, piece_named
from app.emails.rendering import RenderError
from app.emails.source_problems import content_problems, piece_problems
from app.emails.templates import create_template, save_draft
from app.emails.versions import free_name, same_words, template_named
from app.recipients.unsubscribing.topics import topics
from app.refusals import NotThere, Refused
from app.words import _

V = TypeVar("V")

MOST_UPLOAD = 10 * 1024 * 1024
"""Bytes of one file."""
KEPT_FOR = timedelta(days=1)
"""Imports that nobody said yes to go when the same person imports again."""
SECONDS = 20.0
"""Time that looking for problems may take; what comes after is imported unchecked, and says so."""
MOST_OF_A_PIECE_NAME = 100
MEANWHILE = _("Something with this name was made or changed meanwhile. Nothing was imported. Look at the table again.")


class Fate(enum.StrEnum):
    """How something in the file stands to what is here."""

    NEW = "new"
    SAME = "same"
    TAKEN = "taken"
    """Something else has its name."""


class Choice(enum.StrEnum):
    """What becomes of something whose name is taken."""

    COPY = "copy"
    REPLACE = "replace"
    """The draft here says what the file says; published versions stay."""
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Line:
    """One template, layout or snippet of the file, and what importing it does."""

    key: str
    kind: str
    """`template`, `layout` or `snippet`."""
    name: str
    fate: Fate
    draft_number: int = 0
    """Of the draft here that has the name."""
    is_archived: bool = False
    problems: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    """The first one is meant when nobody chooses."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A person's choice for a line, made when the draft here had this number."""

    choice: Choice
    draft_number: int = 0


@dataclass(slots=True)
class Done:
    """What an import did: names."""

    made: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    template_ids: list[int] = field(default_factory=list)
    layouts: dict[str, int] = field(default_factory=dict)
    """Name in the file to the layout that its templates use here."""


def keep_import(
    session: Session, actor: Actor, file_name: str, content: bytes, *, keep_braces: bool = False
) -> WaitingImport:
    """Keep a file until a person says yes. Raises Refused, in words that name what cannot be read."""
    if not content:
        raise Refused(_("This file is empty. Choose another one."), field="file")
    if len(content) > MOST_UPLOAD:
        raise Refused(_("A file has at most 10 MiB. Import the templates in parts."), field="file")
    read_bundle(file_name, content, keep_braces=keep_braces)
    session.execute(
        delete(WaitingImport).where(WaitingImport.person_id == actor.id, WaitingImport.created_at < now() - KEPT_FOR)
    )
    waiting = WaitingImport(
        workspace_id=actor.workspace_id,
        person_id=actor.id,
        file_name=file_name.replace("\0", "")[-255:],
        keep_braces=keep_braces,
        content=content,
    )
    session.add(waiting)
    session.flush()
    return waiting


def find_import(session: Session, actor: Actor, import_id: int, *, lock: bool = False) -> WaitingImport:
    """Find a file of the actor's own that waits. Raises NotThere."""
    query = select(WaitingImport).where(
        WaitingImport.id == import_id,
        WaitingImport.workspace_id == actor.workspace_id,
        WaitingImport.person_id == actor.id,
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotThere("import")
    return found


def read_bundle(file_name: str, content: bytes, *, keep_braces: bool = False) -> Bundle:
    """Read a ZIP file of templates, or a single file of one. Raises Refused."""
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        bundle = read_files(unpack(content))
        return Bundle(
            tuple(map(_with_checked_files, bundle.templates)), tuple(map(_with_checked_images, bundle.pieces))
        )
    return Bundle((read_single(file_name, content, keep_braces=keep_braces),))


def read_waiting(waiting: WaitingImport) -> Bundle:
    """Read a kept file again: it means the same every time."""
    return read_bundle(waiting.file_name, waiting.content, keep_braces=waiting.keep_braces)


def plan(session: Session, actor: Actor, bundle: Bundle, renderer: LimitedRenderer) -> list[Line]:
    """Give what importing would do, line by line: templates first. Changes nothing."""
    until = time.monotonic() + SECONDS
    lines: list[Line] = []
    for key, template in _templates(bundle):
        here = template_named(session, actor, template.name)
        problems = _checked(renderer, until, content_problems, template.content)
        if template.layout and not _has_layout(session, actor, bundle, template.layout):
            problems = (
                *problems,
                _("There is no layout “%(layout)s”: it will stand without one.", layout=template.layout),
            )
        lines.append(_line(key, "template", template.name, here, _is_same(session, here, template), problems))
    for key, piece in _pieces(bundle):
        found = piece_named(session, actor, piece.kind, piece.name)
        problems = _checked(renderer, until, piece_problems, replace(piece, bytes_of={}))
        is_same = found is not None and _as_bundled(session, found) == piece
        lines.append(_line(key, str(piece.kind), piece.name, found, is_same, problems))
    return lines


def carry_out(
    session: Session, actor: Actor, bundle: Bundle, lines: Sequence[Line], chosen: Mapping[str, Chosen]
) -> Done:
    """Do what the plan says, with a person's choices. Raises Refused when something changed since: nothing is kept.

    `lines` are the plan's, made just before; `chosen` has a choice for each line whose name is taken.
    """
    done = Done()
    of_key = {line.key: line for line in lines}
    for key, piece in _new_first(_pieces(bundle), of_key):
        piece_id = _import_piece(session, actor, piece, of_key[key], chosen.get(key), done)
        if piece.kind is PieceKind.LAYOUT:
            done.layouts[piece.name] = piece_id
    for key, template in _new_first(_templates(bundle), of_key):
        _import_template(session, actor, template, of_key[key], chosen.get(key), done)
    words = _(
        "Imported: %(made)s made, %(replaced)s drafts replaced, %(left)s left as they were",
        made=len(done.made),
        replaced=len(done.replaced),
        left=len(done.left),
    )
    note(session, actor, "template.imported", words)
    session.flush()
    return done


def _checked(renderer: LimitedRenderer, until: float, function: Callable[[V], list[str]], value: V) -> tuple[str, ...]:
    if time.monotonic() > until:
        return (_("There was no time to look for problems in it."),)
    try:
        return tuple(renderer.run(function, value))
    except RenderError as error:
        return tuple(str(one) for one in error.problems)


def _line(
    key: str,
    kind: str,
    name: str,
    here: Template | Piece | None,
    is_same: bool,
    problems: tuple[str, ...],
) -> Line:
    if here is None:
        return Line(key, kind, name, Fate.NEW, problems=problems)
    fate = Fate.SAME if is_same else Fate.TAKEN
    choices = () if is_same else _CHOICES[kind]
    return Line(key, kind, name, fate, here.draft_number, here.is_archived, problems, choices)


_CHOICES = {
    "template": (Choice.COPY, Choice.REPLACE, Choice.LEAVE),
    "layout": (Choice.LEAVE, Choice.COPY, Choice.REPLACE),
    "snippet": (Choice.LEAVE, Choice.REPLACE),  # taken in by its name: nothing would use a copy
}


def _choice(line: Line, chosen: Chosen | None) -> Choice:
    """Give what a person chose. Raises Refused when they chose with another draft in sight."""
    if chosen is None or chosen.choice not in line.choices:
        raise Refused(MEANWHILE)
    if chosen.choice is Choice.REPLACE and chosen.draft_number != line.draft_number:
        raise Refused(MEANWHILE)
    return chosen.choice


def _import_piece(
    session: Session, actor: Actor, piece: BundledPiece, line: Line, chosen: Chosen | None, done: Done
) -> int:
    """Bring in a layout or snippet; gives the id of the one that templates of the file use."""
    here = piece_named(session, actor, piece.kind, piece.name)
    if (here is None) != (line.fate is Fate.NEW) or (here is not None and here.draft_number != line.draft_number):
        raise Refused(MEANWHILE)
    if here is None:
        done.made.append(piece.name)
        return make_piece(session, actor, piece, publish=not line.problems).id
    if line.fate is Fate.SAME:
        return here.id
    choice = _choice(line, chosen)
    if choice is Choice.COPY:
        copy = replace(piece, name=_free_piece_name(session, actor, piece))
        done.made.append(copy.name)
        return make_piece(session, actor, copy, publish=not line.problems).id
    if choice is Choice.REPLACE:
        for content in piece.bytes_of.values():
            store(session, content)
        put_into_draft(session, actor, here, Written(piece.body, piece.text, piece.format, piece.images))
        done.replaced.append(piece.name)
    else:
        done.left.append(piece.name)
    return here.id


def _import_template(
    session: Session,
    actor: Actor,
    template: BundledTemplate,
    line: Line,
    chosen: Chosen | None,
    done: Done,
) -> None:
    here = template_named(session, actor, template.name)
    if here is not None and here.id in done.template_ids and line.fate is Fate.NEW:
        here = None  # the file's own, with other capitals: this one gets a number behind its name
    if (here is None) != (line.fate is Fate.NEW):
        raise Refused(MEANWHILE)
    choice = Choice.COPY if here is None else Choice.LEAVE if line.fate is Fate.SAME else _choice(line, chosen)
    if here is not None and choice is Choice.LEAVE:
        done.left.append(here.name)
        return
    content = _content(session, actor, template, done.layouts)
    if here is not None and choice is Choice.REPLACE:
        if here.id in done.template_ids:
            words = _(
                "Two templates of the file would replace the draft of “%(name)s”. Make a copy of one of them.",
                name=here.name,
            )
            raise Refused(words)
        save_draft(session, actor, here.id, content, number=line.draft_number)
        words = _("Draft of template “%(template_name)s” replaced by an imported one", template_name=here.name)
        note(session, actor, "template.draft_replaced", words, subject_id=here.id)
        done.replaced.append(here.name)
        done.template_ids.append(here.id)
        return
    made = create_template(session, actor, free_name(session, actor, template.name), content)
    made.folder = template.folder
    made.topic_id = next(
        (one.id for one in topics(session, actor.workspace_id) if one.name == template.kind_of_notice), None
    )
    done.made.append(made.name)
    done.template_ids.append(made.id)


def _with_checked_files(template: BundledTemplate) -> BundledTemplate:
    files = _checked_files(template, template.content.files)
    return replace(template, content=replace(template.content, files=files))


def _with_checked_images(piece: BundledPiece) -> BundledPiece:
    """Let a piece have nothing but images, each with a `cid:` of its own."""
    images: list[TemplateFile] = []
    for one in piece.images:
        taken = {image.content_id for image in images}
        is_named = one.content_id and one.content_id not in taken
        images.append(one if is_named else replace(one, content_id=content_id_for(one.name, taken)))
    return replace(piece, images=_checked_files(piece, images))


def _checked_files(of: BundledTemplate | BundledPiece, files: Sequence[TemplateFile]) -> tuple[TemplateFile, ...]:
    """Hold files against the rules of files that are added by hand. Raises Refused."""
    checked: list[TemplateFile] = []
    for one in files:
        name, content = clean_name(one.name), of.bytes_of[one.sha256]
        if not name:
            raise Refused(_("A file of “%(name)s” has no name.", name=of.name), field="file")
        check_fits(name, content, [file.size for file in checked])
        media_type = check_file(name, content)
        if one.content_id:
            check_picture_in_text(name, media_type)
        checked.append(replace(one, name=name, media_type=media_type))
    return tuple(checked)


def _content(session: Session, actor: Actor, template: BundledTemplate, layouts: Mapping[str, int]) -> Content:
    for content in template.bytes_of.values():
        store(session, content)
    layout_id = layouts.get(template.layout) if template.layout else None
    if template.layout and layout_id is None:
        here = piece_named(session, actor, PieceKind.LAYOUT, template.layout)
        layout_id = here.id if here else None
    return replace(template.content, layout_id=layout_id)


def _free_piece_name(session: Session, actor: Actor, piece: BundledPiece) -> str:
    count = 2
    while True:
        ending = f" ({count})"
        name = piece.name[: MOST_OF_A_PIECE_NAME - len(ending)].strip() + ending
        if piece_named(session, actor, piece.kind, name) is None:
            return name
        count += 1


def _templates(bundle: Bundle) -> Iterator[tuple[str, BundledTemplate]]:
    return ((f"template-{number}", one) for number, one in enumerate(bundle.templates, 1))


def _pieces(bundle: Bundle) -> Iterator[tuple[str, BundledPiece]]:
    return ((f"piece-{number}", one) for number, one in enumerate(bundle.pieces, 1))


def _new_first(entries: Iterator[tuple[str, V]], of_key: Mapping[str, Line]) -> list[tuple[str, V]]:
    """Let what is new have its name before a copy of something else takes it."""
    return sorted(entries, key=lambda entry: of_key[entry[0]].fate is not Fate.NEW)


def _has_layout(session: Session, actor: Actor, bundle: Bundle, name: str) -> bool:
    is_here = piece_named(session, actor, PieceKind.LAYOUT, name) is not None
    return is_here or bundle.piece(PieceKind.LAYOUT, name) is not None


def _is_same(session: Session, here: Template | None, template: BundledTemplate) -> bool:
    if here is None:
        return False
    layout = session.get(Piece, here.draft.layout_id) if here.draft.layout_id is not None else None
    is_layout = (layout.name if layout else None) == template.layout
    return is_layout and same_words(replace(here.draft, layout_id=None), template.content)


def _as_bundled(session: Session, piece: Piece) -> BundledPiece:
    return bundled_piece(piece, newest_versions_of(session, [piece.id]).get(piece.id))
