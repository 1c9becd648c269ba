"""Our own suppressions at a person's word: adding one or many, changing, removing, and settling differences."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import MAX_SUPPRESSION_NOTE, check_address
from app.db import now, table_of
from app.recipients.checking import KEEPABLE, clean_address, suggest
from app.recipients.files.reading import Table, open_table
from app.recipients.imports.mapping import data_columns, email_position, guess_mapping
from app.recipients.imports.rows import RowChecker
from app.recipients.models import Conflict, Handing, Suppression, SuppressionReason
from app.recipients.suppressions.listing import FOR_ADMINISTRATORS
from app.recipients.suppressions.mirror import look_anew, state_of
from app.recipients.suppressions.models import SuppressionSync
from app.recipients.suppressions.who import lift_batch
from app.recipients.suppressions.words import OUR_REASONS, OUR_REASONS_INSIDE, of_kind_words
from app.recipients.unsubscribing.models import Topic, TopicOptOut
from app.refusals import NotThere, Refused
from app.words import _, _n

NOTE_COLUMNS = {"note", "reason", "notiz", "grund"}
"""Columns that become the note: so a download can be added again, in whichever language it was written."""
CHUNK = 1000
"""Rows written at once."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row without a usable address: its line, what stands there, what is wrong and what to do."""

    line: int
    value: str
    words: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Added:
    """What adding many did."""

    batch: str
    added: int
    there: int
    """Were there already."""
    bad_rows: Sequence[BadRow]


def find_ours(session: Session, actor: Actor, suppression_id: int) -> Suppression:
    """Find one of ours, held against other writers. Raises NotThere."""
    query = select(Suppression).where(Suppression.id == suppression_id, Suppression.workspace_id == actor.workspace_id)
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotThere("suppression")
    return found


def add_one(
    session: Session, actor: Actor, *, email: str, words: str, until: datetime | None, at_cloudflare: bool
) -> Suppression:
    """Add an address by hand. Raises Refused with the field `email`, `note` or `until`."""
    email = clean_address(email)
    problem = check_address(email)
    if problem is not None:
        raise Refused(f"{problem.words} {suggest(email)}".strip(), field="email")
    row: dict[str, object] = {"email": email, "note": _checked_note(words), "until": _checked_until(until)}
    if not _insert(session, actor, [row], SuppressionReason.BY_HAND, None, at_cloudflare=at_cloudflare):
        raise Refused(_("This address was added by hand already."), field="email")
    added = session.scalars(
        select(Suppression).where(
            Suppression.workspace_id == actor.workspace_id,
            Suppression.email_key == email.lower(),
            Suppression.reason == SuppressionReason.BY_HAND,
        )
    ).one()
    note(session, actor, "suppression.added", _("One address added that is not written to"), subject_id=added.id)
    if at_cloudflare:
        _sync_soon(session, actor)
    return added


def add_many(session: Session, actor: Actor, *, content: bytes, words: str, at_cloudflare: bool) -> Added:
    """Add the addresses of a file or a paste; rows that hold none are given back. Raises Refused with `file`."""
    bad_rows: list[BadRow] = []
    general, batch = _checked_note(words), str(uuid.uuid4())
    added = there = 0
    try:
        rows = _rows_of(open_table(io.BytesIO(content)), general, bad_rows)
        while chunk := list(islice(rows, CHUNK)):
            new = _insert(session, actor, chunk, SuppressionReason.IMPORTED, batch, at_cloudflare=at_cloudflare)
            added, there = added + new, there + len(chunk) - new
    except Refused as refusal:
        raise Refused(refusal.words, field="file") from refusal
    note(
        session,
        actor,
        "suppression.imported",
        _n(
            "%(count)s address imported that is not written to",
            "%(count)s addresses imported that are not written to",
            added,
        ),
        batch=batch,
    )
    if at_cloudflare and added:
        _sync_soon(session, actor)
    return Added(batch, added, there, bad_rows)


def undo_batch(session: Session, actor: Actor, batch: str) -> int:
    """Take away what was added together; gives how many there were."""
    gone = lift_batch(session, actor.workspace_id, SuppressionReason.IMPORTED, batch)
    if gone:
        note(
            session,
            actor,
            "suppression.import_undone",
            _n("%(count)s imported suppression taken away", "%(count)s imported suppressions taken away", gone),
            batch=batch,
        )
        _sync_soon(session, actor)
    return gone


def change_ours(
    session: Session,
    actor: Actor,
    suppression_id: int,
    *,
    words: str,
    until: datetime | None,
    is_administrator: bool,
) -> Suppression:
    """Change the note and the end. Raises NotThere, and Refused with the field `note` or `until`."""
    found = find_ours(session, actor, suppression_id)
    until = _end_of(found, until, is_administrator=is_administrator)
    if until != found.until and found.handed_at is not None:
        found.handed_at = None  # so that the next sync tells Cloudflare
        _sync_soon(session, actor)
    checked = _checked_note(words)
    changes = {_("Until"): (found.until or _("for ever"), until or _("for ever"))}
    if checked != found.note:
        changes[_("Note")] = (_("the old one"), _("a new one"))  # it may name a person
    found.note, found.until = checked, until
    note(session, actor, "suppression.changed", _("One suppression changed"), subject_id=found.id, changes=changes)
    session.flush()
    return found


def remove_ours(session: Session, actor: Actor, suppression_id: int, *, is_administrator: bool) -> str:
    """Take one of ours away; gives the address. Raises NotThere and Refused."""
    found = find_ours(session, actor, suppression_id)
    if found.reason in FOR_ADMINISTRATORS and not is_administrator:
        raise Refused(
            _(
                "%(reason)s: the person said no. Only an administrator takes this away, when the person "
                "asked for e-mail again. Nothing was changed.",
                reason=OUR_REASONS[found.reason],
            )
        )
    words = _("One suppression taken away: %(reason)s", reason=OUR_REASONS_INSIDE[found.reason])
    changes = {_("Written to"): (False, True), _("Why not"): (OUR_REASONS[found.reason], "")}
    note(session, actor, "suppression.removed", words, subject_id=found.id, changes=changes)
    if found.handed_at is not None:
        look_anew(session, actor.workspace_id, [found.email_key])
        _sync_soon(session, actor)
    session.delete(found)
    session.flush()
    return found.email


def resume_kind(session: Session, actor: Actor, opt_out_id: int) -> str:
    """Write of a kind of notice again to one who stopped it; gives the address. Raises NotThere."""
    row = session.execute(
        select(TopicOptOut, Topic)
        .join(Topic, Topic.id == TopicOptOut.topic_id)
        .where(TopicOptOut.id == opt_out_id, TopicOptOut.workspace_id == actor.workspace_id)
        .with_for_update(of=TopicOptOut)
    ).first()
    if row is None:
        raise NotThere("suppression")
    found, topic = row
    reason = of_kind_words(topic)
    words = _("One suppression taken away: %(reason)s", reason=reason)
    changes = {_("Written to"): (False, True), _("Why not"): (reason, "")}
    note(session, actor, "suppression.kind_resumed", words, subject_id=topic.id, changes=changes)
    session.delete(found)
    session.flush()
    return str(found.email)


CHOICES: dict[Conflict, dict[str, str]] = {
    Conflict.GONE_THERE: {
        "again": _("Hand it over to Cloudflare again"),
        "here_only": _("Keep it in Postroom only"),
        "remove": _("Take it away here too"),
    },
    Conflict.READ_ONLY_THERE: {
        "here_only": _("Keep ours, and leave theirs as it is"),
        "remove": _("Take ours away"),
    },
    Conflict.SCOPE_DIFFERS: {
        "again": _("Hold it back for the whole account at Cloudflare"),
        "here_only": _("Keep ours, and leave theirs as it is"),
        "remove": _("Take ours away"),
    },
}
"""What a person may choose about a conflict."""
CHOICES_INSIDE = {
    _("Hand it over to Cloudflare again"): _("hand it over to cloudflare again"),
    _("Keep it in Postroom only"): _("keep it in postroom only"),
    _("Keep ours, and leave theirs as it is"): _("keep ours, and leave theirs as it is"),
    _("Hold it back for the whole account at Cloudflare"): _("hold it back for the whole account at cloudflare"),
}
"""The same inside a sentence of the trail."""


def resolve_conflict(
    session: Session, actor: Actor, suppression_id: int, choice: str, *, is_administrator: bool
) -> str:
    """Do what a person chose about a conflict; gives the address. Raises NotThere and Refused."""
    found = find_ours(session, actor, suppression_id)
    if choice not in CHOICES.get(found.conflict, {}):
        raise Refused(_("This is settled already, or differs in another way now. Nothing was changed."))
    if choice == "remove":
        return remove_ours(session, actor, suppression_id, is_administrator=is_administrator)
    words = CHOICES[found.conflict][choice]
    if choice == "again":
        is_scope = found.conflict is Conflict.SCOPE_DIFFERS
        found.handing = Handing.WHOLE_ACCOUNT if is_scope else Handing.WANTED
        _sync_soon(session, actor)
    else:
        found.handing = Handing.HERE_ONLY
        look_anew(session, actor.workspace_id, [found.email_key])
    found.handed_at, found.conflict = None, Conflict.NONE
    note(
        session,
        actor,
        "suppression.conflict",
        _("Difference with Cloudflare: %(words)s", words=CHOICES_INSIDE[words]),
        subject_id=found.id,
    )
    session.flush()
    return found.email


def sync_now(session: Session, actor: Actor) -> None:
    """Let the worker sync at once, also when it was paused."""
    state = state_of(session, actor.workspace_id)
    state.asked_at, state.not_before, state.is_paused = now(), None, False
    note(session, actor, "suppression.sync", _("Sync of suppressions asked for"))


def go_on_syncing(session: Session, workspace_id: int) -> None:
    """Let a sync that waits for a person go on: the connection is another now."""
    state = session.get(SuppressionSync, workspace_id)
    if state is not None:
        state.not_before, state.is_paused = None, False


def _sync_soon(session: Session, actor: Actor) -> None:
    state = session.get(SuppressionSync, actor.workspace_id)
    if state is not None:
        state.asked_at = now()


def _insert(
    session: Session,
    actor: Actor,
    rows: Sequence[Mapping[str, object]],
    reason: SuppressionReason,
    batch: str | None,
    *,
    at_cloudflare: bool,
) -> int:
    """Add what is not there; what has ended begins anew. Gives how many were added."""
    at = now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = table_of(Suppression)
    new = insert(table)
    names = ("email", "note", "until", "added_by", "batch", "handing", "created_at")
    has_ended = table.c.until <= at
    statement = new.on_conflict_do_update(
        index_elements=["workspace_id", "email_key", "reason"],
        set_={**{name: new.excluded[name] for name in names}, "handed_at": None, "conflict": Conflict.NONE},
        where=has_ended,
    )
    keys = [str(row["email"]).lower() for row in rows]
    there = set(
        session.scalars(
            select(Suppression.email_key).where(
                Suppression.workspace_id == actor.workspace_id,
                Suppression.email_key.in_(keys),
                Suppression.reason == reason,
                or_(Suppression.until.is_(None), Suppression.until > at),
            )
        )
    )
    fresh = [
        {
            **row,
            "workspace_id": actor.workspace_id,
            "email_key": key,
            "reason": reason,
            "added_by": actor.id,
            "batch": batch,
            "handing": Handing.WANTED if at_cloudflare else Handing.BY_RULE,
            "conflict": Conflict.NONE,
            "created_at": at,
        }
        for key, row in sorted(zip(keys, rows, strict=True), key=lambda pair: pair[0])
        if key not in there
    ]
    if fresh:
        session.connection().execute(statement, fresh)
    return len(fresh)


def _rows_of(table: Table, words: str, bad_rows: list[BadRow]) -> Iterator[dict[str, object]]:
    """Give what is to be added, each address once, and put what cannot be into `bad_rows`."""
    mapping = guess_mapping(table.header, table.sample)
    if email_position(mapping) is None:
        raise Refused(_("Several columns hold addresses. Keep the one that is meant, or name it “email”."))
    own_words = next((one.variable for one in data_columns(mapping) if one.variable in NOTE_COLUMNS), "")
    checker, seen = RowChecker(mapping, table.grid.delimiter), set[str]()
    for row in table.rows:
        person, fault = checker.check(row, KEEPABLE)  # an address that nobody must write to may well be odd
        if fault is not None:
            bad_rows.append(BadRow(row.line, person.email, fault.words, fault.suggestion))
        elif person.email_key not in seen:
            seen.add(person.email_key)
            own = str(person.data.get(own_words, "")) or words
            yield {"email": person.email, "note": own[:MAX_SUPPRESSION_NOTE], "until": None}


def _end_of(found: Suppression, until: datetime | None, *, is_administrator: bool) -> datetime | None:
    """Give the end that one of ours shall have. Raises Refused with the field `until`."""
    if found.reason is SuppressionReason.OPT_OUT and until is not None:
        raise Refused(_("Whoever unsubscribed decides alone for how long. Leave the day empty."), field="until")
    if found.reason in FOR_ADMINISTRATORS and not is_administrator:
        if until in (None, found.until):  # their form has no day
            return found.until
        raise Refused(_("The person said no. Only an administrator sets a last day for that."), field="until")
    return found.until if until == found.until else _checked_until(until)


def _checked_note(words: str) -> str:
    words = words.strip()
    if "\0" in words or len(words) > MAX_SUPPRESSION_NOTE:
        raise Refused(
            _("A note has at most %(max_suppression_note)s characters.", max_suppression_note=MAX_SUPPRESSION_NOTE),
            field="note",
        )
    return words


def _checked_until(until: datetime | None) -> datetime | None:
    if until is not None and until <= now():
        raise Refused(_("This day is over. Choose a later one, or leave it empty for ever."), field="until")
    return until
