"""Publishing a layout or snippet, and with it new versions of the templates that use it: all or nothing.

In two steps, so that nobody waits for the database while e-mails are put together: `plan` reads and renders,
`carry_out` only writes, and refuses when something changed in between. Where publishing needs approval, a plan is put
up in place of the second step, and whoever approves makes one anew (`approving.py`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.emails.assembling import PieceSource
from app.emails.limits import LimitedRenderer
from app.emails.models import PIECE_WORDS, PIECE_WORDS_INSIDE, Piece, PieceVersion, Template, TemplateVersion
from app.emails.piece_drafts import Written, checked_draft
from app.emails.pieces import find_piece, newest_of_pieces
from app.emails.publishing import (
    CannotPublish,
    Ready,
    add_version,
    check_needs_no_approval,
    get_ready,
    version_from,
)
from app.emails.templates import find_template, newest_of
from app.own_variables import OWN_VARIABLES
from app.refusals import Refused
from app.words import _

MOST_AT_ONCE = 50
"""Templates that are looked at, and published, together."""
SECONDS = 40.0
"""Time that the templates of one publishing may take together."""
CHANGED = _("Somebody changed this meanwhile. Nothing was published. Look at it again, then publish.")


@dataclass(frozen=True, slots=True)
class Change:
    """What a piece's draft makes of a template's newest version."""

    template: Template
    version: TemplateVersion | None
    """None: only its draft uses the piece, or it is archived."""
    is_behind: bool = False
    """The version has another version of the piece in it, or would have once the draft is published."""
    ready: Ready | None = None
    problems: tuple[str, ...] = ()
    """Why it could not be published with the change."""

    @property
    def new_variables(self) -> list[str]:
        """Variables that the template needs with the change, and did not need before."""
        before = set(self.version.variables) if self.version else set()
        return sorted(set(self.ready.variables) - before - OWN_VARIABLES) if self.ready else []


@dataclass(frozen=True, slots=True)
class Plan:
    """A publishing that was looked at: nothing is written yet."""

    piece_id: int
    written: Written
    is_new: bool
    """The draft says something else than the newest version: it becomes the next one."""
    newest_id: int | None
    changes: tuple[Change, ...] = ()


class WouldBreak(CannotPublish):
    """Some templates could not be published with the change; `problems` names them."""


def has_changes(piece: Piece, newest: PieceVersion | None) -> bool:
    """Whether the draft says something else than the newest version."""
    return newest is None or Written.of(newest) != Written.of(piece)


def changes(
    session: Session, piece: Piece, source: PieceSource, renderer: LimitedRenderer, users: Sequence[Template]
) -> list[Change]:
    """Look at templates that use a piece: what becomes of each with the draft, `source`, in it. Archived ones stay."""
    newest = newest_of(session, [one.id for one in users])
    of_piece = set(session.scalars(select(PieceVersion.id).where(PieceVersion.piece_id == piece.id)))
    latest = newest_of_pieces(session, [piece.id]).get(piece.id)
    is_new = has_changes(piece, latest)
    until = time.monotonic() + SECONDS
    found: list[Change] = []
    for template in users:
        version = newest.get(template.id)
        if template.is_archived or version is None or not of_piece & set(version.pins):
            found.append(Change(template, None))
        elif not is_new and latest is not None and latest.id in version.pins:
            found.append(Change(template, version))
        else:
            found.append(_change(session, template, version, {piece.id: source}, renderer, until))
    return found


def plan(
    session: Session,
    actor: Actor,
    renderer: LimitedRenderer,
    piece_id: int,
    template_ids: Collection[int],
    *,
    number: int,
    images: Sequence[str] | None = None,
) -> Plan:
    """Check a piece's draft `number` and the templates that are to take it in. Changes nothing.

    `images` are the SHA-256 of those that were seen: adding one does not make the draft another one for who writes it.

    Raises CannotPublish for the draft, WouldBreak for the templates, Refused when there is nothing to publish or the
    draft is another one by now.
    """
    piece = find_piece(session, actor, piece_id)
    if piece.draft_number != number or images not in (None, [one.sha256 for one in piece.draft_images]):
        raise Refused(CHANGED)
    if piece.is_archived:
        raise Refused(_("This %(kind)s is archived. Bring it back first.", kind=PIECE_WORDS_INSIDE[piece.kind]))
    if len(template_ids) > MOST_AT_ONCE:
        raise Refused(_("At most %(most)s templates are published together.", most=MOST_AT_ONCE))
    source = checked_draft(session, piece, renderer)
    newest = newest_of_pieces(session, [piece.id]).get(piece.id)
    is_new = has_changes(piece, newest)
    users = [find_template(session, actor, one) for one in sorted(template_ids)]
    looked_at = changes(session, piece, source, renderer, users)
    chosen = tuple(one for one in looked_at if one.is_behind)
    if broken := [
        _("%(name)s: %(words)s", name=one.template.name, words=words) for one in chosen for words in one.problems
    ]:
        raise WouldBreak(broken)
    if newest is not None and not is_new and not chosen:
        raise Refused(
            _(
                "The draft says the same as version %(number)s, so there is nothing to publish.",
                number=str(newest.number),
            )
        )
    return Plan(piece.id, Written.of(piece), is_new, newest.id if newest else None, chosen)


def carry_out(session: Session, actor: Actor, made: Plan, note_text: str = "") -> PieceVersion:
    """Publish a plan. Raises NeedsApproval where somebody else has to, and Refused when anything changed."""
    check_needs_no_approval(session, actor.workspace_id)
    return publish_plan(session, actor, made, note_text)


def publish_plan(session: Session, actor: Actor, made: Plan, note_text: str) -> PieceVersion:
    """Publish the piece, when its draft is new, and the templates of the plan. Raises Refused when anything changed."""
    piece, newest = held_as_planned(session, made)
    version = _next_version(session, actor, piece, newest, note_text) if made.is_new or newest is None else newest
    named = {"kind": PIECE_WORDS[piece.kind], "name": piece.name, "number": str(version.number)}
    words = _("%(kind)s “%(name)s” version %(number)s", **named)
    for one in made.changes:
        if one.ready is None or one.version is None:
            continue
        template = session.get_one(Template, one.template.id)
        published = version_from(actor, template, one.version.content, one.ready)
        published.pins = sorted({*published.pins, version.id})
        add_version(session, actor, template, published, words)
    if made.is_new:
        changes = {_("Newest version"): (newest.number if newest is not None else None, version.number)}
        words = _("%(kind)s “%(name)s” version %(number)s published", **named)
        note(session, actor, "piece.published", words, subject_id=piece.id, changes=changes)
    return version


def held_as_planned(session: Session, made: Plan) -> tuple[Piece, PieceVersion | None]:
    """Hold a plan's piece; gives it and its newest version. Raises Refused when anything changed since the plan."""
    piece = session.get_one(Piece, made.piece_id, with_for_update=True, populate_existing=True)
    newest = newest_of_pieces(session, [piece.id]).get(piece.id)
    now_newest = newest_of(session, [one.template.id for one in made.changes])
    is_stale = Written.of(piece) != made.written or (newest.id if newest else None) != made.newest_id
    if is_stale or any(one.version is None or now_newest[one.template.id].id != one.version.id for one in made.changes):
        raise Refused(CHANGED)
    return piece, newest


def _next_version(
    session: Session, actor: Actor, piece: Piece, newest: PieceVersion | None, note_text: str
) -> PieceVersion:
    version = PieceVersion(
        piece_id=piece.id,
        number=newest.number + 1 if newest else 1,
        format=piece.draft_format,
        body=piece.draft_body,
        text=piece.draft_text,
        images=piece.draft_images,
        note=note_text.strip()[:500],
        published_by=actor.id,
    )
    session.add(version)
    session.flush()
    return version


def _change(
    session: Session,
    template: Template,
    version: TemplateVersion,
    instead: Mapping[int, PieceSource],
    renderer: LimitedRenderer,
    until: float,
) -> Change:
    if time.monotonic() > until:
        words = _("the templates before it took too long, so it was not looked at. Untick some.")
        return Change(template, version, is_behind=True, problems=(words,))
    try:
        ready = get_ready(session, template.workspace_id, version.content, renderer, instead=instead)
    except CannotPublish as refusal:
        return Change(template, version, is_behind=True, problems=tuple(refusal.problems))
    return Change(template, version, is_behind=True, ready=ready)
