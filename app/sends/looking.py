"""Looking at one person's e-mail: before release, and exactly as it was sent afterwards (P4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.types import Attachment, SendRequest
from app.emails.limits import LimitedRenderer
from app.emails.rendering import RenderError
from app.recipients.cells import cells_of
from app.recipients.finding.walking import neighbours, one_of
from app.recipients.unsubscribing.links import LinkKeys
from app.sends import audience
from app.sends.composition import SPECIMEN_REFERENCE, MessagePlan, compose, plan_of
from app.sends.hiding import GONE_WORDS, names_of, shown_data
from app.sends.models import Message, ReviewProblem, Send, SendKind
from app.sends.person_files import cell_of, missing_words, name_key, own_files
from app.words import _, joined


@dataclass(frozen=True, slots=True)
class Look:
    """One e-mail as it would go, or went, out."""

    who: str
    request: SendRequest | None
    problems: tuple[str, ...] = ()
    previous_id: int | None = None
    next_id: int | None = None
    is_proven: bool = False
    """Its SHA-256 equals that of what was posted."""
    is_hidden: bool = False
    """Some of its values were hidden after sending; what is shown has marks in their place."""


def look_before(session: Session, renderer: LimitedRenderer, send: Send, recipient_id: int | None) -> Look:
    """Put one recipient's e-mail together; the list's first one when none is named."""
    plan = plan_of(session, send)
    if send.kind is SendKind.DIRECT:
        first = (*plan.to, *plan.cc, *plan.bcc)[0]
        return _look(renderer, plan, first.address, first.name or "", {}, SPECIMEN_REFERENCE)
    streams = audience.streams(session, send)
    person, place = one_of(session, streams, recipient_id or 0)
    if person is None:
        return Look(_("nobody"), None, (_("Nobody is on this list."),))
    before, after = neighbours(session, streams, place)
    own, cells = _own_file(session, send, person.data), cells_of(session, person)
    look = _look(renderer, plan, person.email, person.name, cells, SPECIMEN_REFERENCE, own=own)
    return Look(look.who, look.request, look.problems, before, after)


def look_after(
    session: Session, renderer: LimitedRenderer, send: Send, message: Message, keys: LinkKeys | None = None
) -> Look:
    """Put a message together again from what was kept, and hold it against the SHA-256 of what was posted.

    `keys` make its unsubscribe link again; without the one that made it, an e-mail with such a link is not proven.
    Nothing can be shown of one whose data were erased.
    """
    if message.erased_at is not None:
        words = _(
            "What this e-mail said about the person was taken away on %(day)s.",
            day=message.erased_at.date(),
        )
        return Look(message.email, None, (joined([words, _("It cannot be shown again; its outcome stays.")]),))
    plan, own = plan_of(session, send, keys), _own_file(session, send, message.data)
    if message.hidden_at is not None:
        return _with_hidden(renderer, plan, send, message)
    look = _look(renderer, plan, message.email, message.name, message.data, message.reference, own=own)
    if look.request is None:
        return look
    same = hashlib.sha256(look.request.body()).hexdigest() == message.body_sha256
    return Look(look.who, look.request, look.problems, is_proven=same)


def _with_hidden(renderer: LimitedRenderer, plan: MessagePlan, send: Send, message: Message) -> Look:
    """Put an e-mail together with marks in the place of the values that are gone; words alone where that fails."""
    names = names_of(send.template_version) if send.template_version is not None else ()
    plan = replace(plan, sealer=None, file_column="")
    look = _look(renderer, plan, message.email, message.name, shown_data(send, message, names), message.reference)
    return Look(look.who, look.request, (GONE_WORDS,), is_hidden=True)


def problems_of(session: Session, send: Send, *, after: int = 0, limit: int = 50) -> Sequence[ReviewProblem]:
    """Give what the review found, in the order of the list, `after` a problem's id."""
    return session.scalars(
        select(ReviewProblem)
        .where(ReviewProblem.send_id == send.id, ReviewProblem.id > after)
        .order_by(ReviewProblem.id)
        .limit(limit)
    ).all()


def readable_request(request: SendRequest) -> dict[str, Any]:
    """Give the request's JSON with attachments shortened, for a person to read."""
    body = request.to_json()
    for one in body.get("attachments", []):
        one["content"] = str(_("… %(count)s characters of base64", count=len(one["content"])))
    return body


def _own_file(session: Session, send: Send, data: Mapping[str, Any]) -> Attachment | None:
    """Give a person's own file; None when they have none, or it is not there."""
    if not send.file_column:
        return None
    cell = cell_of(send.file_column, data)
    return own_files(session, send.id, [cell]).get(name_key(cell))


def _look(
    renderer: LimitedRenderer,
    plan: MessagePlan,
    email: str,
    name: str,
    data: Mapping[str, Any],
    reference: str,
    *,
    own: Attachment | None = None,
) -> Look:
    missing: tuple[str, ...] = ()
    if plan.file_column and own is None:
        missing = (missing_words(plan.file_column, cell_of(plan.file_column, data)),)
    try:
        return Look(email, renderer.run(compose, plan, email, name, dict(data), reference, own), missing)
    except RenderError as error:
        return Look(email, None, (*missing, *(str(one) for one in error.problems)))
