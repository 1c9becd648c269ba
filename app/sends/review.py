"""The review: every recipient's e-mail is put together once, under limits, before anything may be released."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import MAX_MESSAGE_BYTES, check_send, encoded_size
from app.cloudflare.types import Attachment
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.emails.rendering import RenderError, variables_of
from app.people.models import SenderIdentity, Workspace
from app.recipients.cells import whole_cells
from app.recipients.finding.walking import Place, people_after
from app.recipients.models import RecipientList
from app.refusals import Refused
from app.sends import audience
from app.sends.audience_parts import parts_of, united_columns
from app.sends.composition import SPECIMEN_REFERENCE, MessagePlan, compose, data_for, plan_of
from app.sends.control import find_send
from app.sends.models import Audience, ReviewProblem, ReviewState, Send, SendAttachment, SendKind, SendState
from app.sends.person_files import (
    MISSING,
    FileOfPerson,
    cell_of,
    digest_of,
    files_without_content,
    missing_words,
    name_key,
)
from app.sends.stopped import who_must_not
from app.words import _, decimal, joined

log = logging.getLogger(__name__)

CHUNK = 100
"""People that are looked at together; after each chunk the progress is written down."""
CHUNK_SECONDS = 10.0
"""Time a chunk may take; a chunk that takes longer is looked at person by person."""
MOST_PROBLEMS = 20_000
"""Problems that are kept; people beyond are counted, and release is refused."""
NOBODY = "nobody"
"""Code of a send that no person is left for."""
NOBODY_WORDS = _("Nobody is left to write to. Choose other lists or segments.")


@dataclass(frozen=True, slots=True)
class Person:
    """One recipient as the review sees them. Direct sends have one, without an id."""

    id: int | None
    email: str
    name: str
    data: dict[str, Any]
    own_file: FileOfPerson | None = None
    """Their own file, if it is there; without its content, because the review needs only its size."""


@dataclass(frozen=True, slots=True)
class Found:
    """One problem of one person, by their place in the chunk."""

    index: int
    code: str
    place: str
    words: str


def fingerprint(session: Session, send: Send) -> str:
    """Give a digest of everything a review looks at (P7). Two equal ones mean: nothing changed."""
    return _digest(reviewed_parts(session, send))


def marks_of_review(session: Session, send: Send) -> dict[str, str]:
    """Give a short digest of each part that a review looks at, so that it can be said what changed."""
    return {name: _digest(part)[:16] for name, part in reviewed_parts(session, send).items()}


def reviewed_parts(session: Session, send: Send) -> dict[str, Any]:
    """Give everything a review looks at, by what it is."""
    recipient_list = session.get(RecipientList, send.list_id) if send.list_id else None
    workspace = session.get_one(Workspace, send.workspace_id)
    files = session.execute(
        select(SendAttachment.file_name, SendAttachment.media_type, SendAttachment.sha256)
        .where(SendAttachment.send_id == send.id)
        .order_by(SendAttachment.id)
    )
    return {
        "template": send.template_version_id,
        "list": [send.list_id, recipient_list.change_number if recipient_list else None],
        "audience": [send.kind, audience.mark(session, send)],
        "addresses": [send.to, send.cc, send.bcc],
        "sender": [send.from_address, send.from_name, _is_retired(session, send), send.reply_to],
        "headers": send.headers,
        "values": send.values,
        "files": [[list(file) for file in files], send.file_column, digest_of(session, send)],
        "workspace": [workspace.is_live, workspace.public_url],
        "notice": [send.topic_id, send.service_scope],
    }


def _digest(seen: Any) -> str:
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def _nobody_words(send: Send) -> str:
    if send.audience is Audience.EVERYBODY:
        return _("There is nobody on this list. Choose another one.")
    return joined([_("Nobody is left to write to."), audience.words(send)])


def _is_retired(session: Session, send: Send) -> bool:
    sender = session.get(SenderIdentity, send.sender_identity_id) if send.sender_identity_id else None
    return sender is not None and sender.is_retired


def request_review(session: Session, actor: Actor, send_id: int) -> Send:
    """Ask for a review; the caller enqueues it after the commit. Raises Refused when something is not chosen yet."""
    send = find_send(session, actor, send_id)
    if send.state is not SendState.DRAFT:
        waits = send.state is SendState.AWAITING_APPROVAL
        raise Refused(_("This send waits for approval.") if waits else _("This send is released already."))
    total = _total(session, send)
    for missing, field, words in (
        (send.template_version_id is None, "version", _("Choose a template first.")),
        (send.kind is SendKind.LIST and send.list_id is None, "list", _("Choose a list first.")),
        (send.kind is SendKind.LIST and not total, "list", _nobody_words(send)),
        (send.kind is SendKind.DIRECT and not send.to, "to", _("Enter an address in To first.")),
        (not send.from_address, "sender", _("Choose a sender first.")),
        (_is_retired(session, send), "sender", _("This sender was removed under Settings. Choose another one.")),
    ):
        if missing:
            raise Refused(words, field=field)
    audience.check(session, send)
    if send.review_state in {ReviewState.WAITING, ReviewState.RUNNING} and send.review_fingerprint == fingerprint(
        session, send
    ):
        return send
    send.review_state = ReviewState.WAITING
    send.review_fingerprint = fingerprint(session, send)
    send.review_done = send.review_problems = 0
    send.review_total = total
    session.execute(delete(ReviewProblem).where(ReviewProblem.send_id == send.id))
    note(
        session,
        actor,
        "send.review_requested",
        _("Review of send %(send_id)s requested", send_id=str(send.id)),
        subject_id=send.id,
    )
    return send


def run_review(database: Database, renderer: LimitedRenderer, send_id: int) -> None:
    """Look at everybody. Stops by itself when the draft changes meanwhile. Runs in a worker."""
    started = _start(database, send_id)
    if started is None:
        return
    plan, mark, kind, columns = started
    place, general = Place(), _before_anybody(renderer, plan, columns)
    if general and not _keep(database, send_id, mark, [], [], general):
        return
    while not general:
        first = place == Place()
        try:
            people, place = _people(database, send_id, kind, plan, place)
        except Refused:  # a column of a segment went meanwhile: the list changed, and the review is old
            _give_up(database, send_id, mark)
            return
        if not people:
            general = [Found(0, NOBODY, "", NOBODY_WORDS)] if first else []
            if general and not _keep(database, send_id, mark, [], [], general):
                return
            break
        found = _look(renderer, plan, people, first=first)
        general = _at_once(people, found) if first else []
        found = _without_left_out(database, send_id, kind, plan, people, found)
        if not _keep(database, send_id, mark, people, found, general):
            return
        if kind is SendKind.DIRECT:
            break
    with database.writing() as session:
        session.execute(
            update(Send)
            .where(Send.id == send_id, Send.review_fingerprint == mark, Send.review_state == ReviewState.RUNNING)
            .values(review_state=ReviewState.DONE, **({} if general else {"review_total": Send.review_done}))
        )


def _give_up(database: Database, send_id: int, mark: str) -> None:
    with database.writing() as session:
        session.execute(
            update(Send)
            .where(Send.id == send_id, Send.review_fingerprint == mark)
            .values(review_state=ReviewState.NONE)
        )


def review_chunk(plan: MessagePlan, people: Sequence[Person]) -> list[Found]:
    """Put together and check the e-mail of each person; runs in a limited process."""
    found: list[Found] = []
    for index, person in enumerate(people):
        if plan.file_column and person.own_file is None:
            words = missing_words(plan.file_column, cell_of(plan.file_column, person.data))
            found.append(Found(index, MISSING, plan.file_column, words))
        try:
            request = compose(
                plan, person.email, person.name, person.data, SPECIMEN_REFERENCE, _stand_in(person.own_file)
            )
        except RenderError as error:
            found += [Found(index, one.code, one.place, str(one)) for one in error.problems]
        else:
            found += [Found(index, one.code, one.place, one.words) for one in check_send(request)]
    return found


def _stand_in(own: FileOfPerson | None) -> Attachment | None:
    """Give a file of the same name and size: what the review checks does not depend on the content."""
    return Attachment(own.name, bytes(own.size), own.media_type) if own else None


def _start(database: Database, send_id: int) -> tuple[MessagePlan, str, SendKind, frozenset[str]] | None:
    """Begin a run. Gives the plan, the fingerprint, the kind and the list's columns; None: nothing to review."""
    with database.writing() as session:
        send = session.get(Send, send_id)
        if send is None or send.review_state not in {ReviewState.WAITING, ReviewState.RUNNING}:
            return None
        if fingerprint(session, send) != send.review_fingerprint:
            send.review_state = ReviewState.NONE
            return None
        send.review_state = ReviewState.RUNNING
        send.review_done = send.review_problems = 0
        session.execute(delete(ReviewProblem).where(ReviewProblem.send_id == send_id))
        columns = frozenset(united_columns(parts_of(session, send)))
        return plan_of(session, send), send.review_fingerprint, send.kind, columns


def _total(session: Session, send: Send) -> int:
    """Give how many people a review looks at; of several lists and of segments how many it may be at most.

    Those are not counted while somebody waits for a page; the review sets it right at its end.
    """
    if send.kind is SendKind.DIRECT:
        return 1
    if audience.is_combined(session, send):
        return audience.most(parts_of(session, send))
    return audience.size(session, send)


def _people(
    database: Database, send_id: int, kind: SendKind, plan: MessagePlan, place: Place
) -> tuple[list[Person], Place]:
    if kind is SendKind.DIRECT:
        first = (*plan.to, *plan.cc, *plan.bcc)[0]
        return [Person(None, first.address, first.name or "", {})], place
    with database.reading() as session:
        streams = audience.streams(session, session.get_one(Send, send_id))
        rows, place = people_after(session, streams, place, CHUNK)
        columns = streams[place.stream].columns if rows else ()
        found = [Person(row.id, row.email, row.name, whole_cells(columns, row.data)) for row in rows]
        return _with_files(session, send_id, plan.file_column, found), place


def _with_files(session: Session, send_id: int, column: str, people: list[Person]) -> list[Person]:
    """Give the people of a chunk with their own files."""
    if not column:
        return people
    cells = [cell_of(column, person.data) for person in people]
    files = files_without_content(session, send_id, cells)
    return [replace(person, own_file=files.get(name_key(cell))) for person, cell in zip(people, cells, strict=True)]


def _without_left_out(
    database: Database, send_id: int, kind: SendKind, plan: MessagePlan, people: Sequence[Person], found: list[Found]
) -> list[Found]:
    """Say of people who must not be written to only that. A test e-mail goes to testers whatever they did."""
    if kind is SendKind.TEST:
        return found
    typed = [one.address for one in (*plan.to, *plan.cc, *plan.bcc)]
    addresses = [(0, one) for one in typed] or [(index, one.email) for index, one in enumerate(people)]
    with database.reading() as session:
        out = who_must_not(session, session.get_one(Send, send_id), [address for _, address in addresses])
    gone = [
        Found(index, reason.code, "", reason.words)
        for index, address in addresses
        if (reason := out.get(address.lower())) is not None
    ]
    of_gone = {one.index for one in gone}
    return [*(one for one in found if one.index not in of_gone), *gone]


SLOW_ENOUGH = 2
"""So many people from the first on whose e-mail meets a limit: the template is at fault, not their data."""
LIMITS = frozenset({"too_slow", "too_big"})


def _look(renderer: LimitedRenderer, plan: MessagePlan, people: Sequence[Person], *, first: bool) -> list[Found]:
    """Look at a chunk at once; when it meets a limit, person by person to see whose e-mail it is."""
    try:
        return renderer.run(review_chunk, plan, people, seconds=CHUNK_SECONDS)
    except RenderError:
        found: list[Found] = []
        for index, person in enumerate(people):
            try:
                of_one = renderer.run(review_chunk, plan, [person])
                found += [replace(one, index=index) for one in of_one]
            except RenderError as error:
                found += [Found(index, one.code, one.place, str(one)) for one in error.problems]
            if first and index + 1 == SLOW_ENOUGH and _at_once(people, found):
                break
        return found


def _before_anybody(renderer: LimitedRenderer, plan: MessagePlan, columns: frozenset[str]) -> list[Found]:
    """Find what is the same for everybody, so that it is said once: syntax, values nobody has, files too large."""
    try:
        needed = renderer.run(variables_of_all, plan)
    except RenderError as error:
        return [Found(0, one.code, one.place, str(one)) for one in error.problems]
    given = data_for(plan, "", "", dict.fromkeys(columns, " "), SPECIMEN_REFERENCE)
    found = [Found(0, "missing_value", "", _nowhere_words(name)) for name in needed if name not in given]
    if plan.file_column and columns and plan.file_column not in columns:
        words = _(
            "The list has no column “%(file_column)s”. Choose the column that names each person's file.",
            file_column=plan.file_column,
        )
        found.append(Found(0, MISSING, plan.file_column, words))
    if "unsubscribe_url" in needed and len((*plan.to, *plan.cc, *plan.bcc)) > 1:
        words = _(
            "Postroom's unsubscribe link belongs to one person, and this e-mail goes to several. "
            "Send to one address at a time, or use a template without the link."
        )
        found.append(Found(0, "shared_unsubscribe", "", words))
    size = sum(encoded_size(len(one.content)) for one in plan.attachments)
    if size > MAX_MESSAGE_BYTES:
        words = _(
            "The attached files take %(size)s MiB on their way; 5 MiB is the most. Remove some.",
            size=decimal(size / 1024 / 1024, 1),
        )
        found.append(Found(0, "E_CONTENT_TOO_LARGE", "attachments", words))
    return found


def _nowhere_words(name: str) -> str:
    if name == "unsubscribe_url":
        return _(
            "The e-mail asks for Postroom's unsubscribe link, and there is none yet: an administrator first gives "
            "the address under which recipients reach Postroom, under Settings."
        )
    return _("There is no value for %(name)s: neither the list nor this send gives one.", name=name)


def variables_of_all(plan: MessagePlan) -> list[str]:
    """Give the variables of every language; runs in a limited process. Raises RenderError."""
    return sorted({name for source in plan.variants.values() for name in variables_of(source)})


def _at_once(people: Sequence[Person], found: Sequence[Found]) -> list[Found]:
    """Give the limit that the very first people all meet: the template is at fault then, not their data."""
    limited = [one for one in found if one.code in LIMITS]
    first = set(range(min(SLOW_ENOUGH, len(people))))
    return limited[:1] if limited and {one.index for one in limited} >= first else []


def _keep(
    database: Database,
    send_id: int,
    mark: str,
    people: Sequence[Person],
    found: Sequence[Found],
    general: Sequence[Found],
) -> bool:
    """Write down a chunk's problems and the progress; False when the draft changed or went meanwhile."""
    rows = [
        {
            "send_id": send_id,
            "recipient_id": people[one.index].id,
            "email": people[one.index].email,
            "code": one.code,
            "place": one.place,
            "words": one.words,
        }
        for one in found
    ]
    if general:
        rows = [{"send_id": send_id, "code": one.code, "place": one.place, "words": one.words} for one in general]
    with database.writing() as session:
        send = session.get(Send, send_id, with_for_update=True)
        if send is None or send.review_fingerprint != mark or send.review_state is not ReviewState.RUNNING:
            return False
        if fingerprint(session, send) != mark:
            send.review_state = ReviewState.NONE
            return False
        if rows and send.review_problems < MOST_PROBLEMS:
            session.execute(insert(ReviewProblem), rows)
        send.review_done += len(people)
        send.review_problems = send.review_total if general else send.review_problems + len({f.index for f in found})
    return True
