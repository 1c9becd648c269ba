"""What speaks against addresses, for people: ours, Cloudflare's and stopped kinds of notice in one list, by address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select, union_all
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.db import LARGEST_ID, now
from app.people.models import Account, Person
from app.recipients.models import Conflict, Suppression, SuppressionReason
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.recipients.suppressions.models import SuppressionSync, TheirSuppression
from app.recipients.suppressions.who import not_to_write
from app.recipients.suppressions.words import (
    FILTERS,
    OF_KIND,
    OUR_REASONS,
    OUR_REASONS_INSIDE,
    of_kind_words,
    scope_words,
    their_reason_words,
)
from app.recipients.unsubscribing.models import Topic, TopicOptOut
from app.refusals import NotThere
from app.words import _, _n

OURS, KINDS, THEIRS = "ours", "stopped", "theirs"
"""Where an entry comes from: our suppressions, people who stopped one kind of notice, and Cloudflare's.

In the order in which the entries of one address stand, which is that of their letters.
"""
FOR_ADMINISTRATORS = frozenset({SuppressionReason.OPT_OUT, SuppressionReason.COMPLAINT})
"""The person themself said no to these: only an administrator takes them away."""
CHUNK = 1000
"""Rows read at once for the download."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the page: an entry of ours or of theirs, or a kind of notice that somebody stopped."""

    source: str
    """`OURS`, `THEIRS` or `KINDS`."""
    id: int
    email: str
    email_key: str
    reason: str
    """In words."""
    reason_inside: str
    """The same inside a sentence."""
    scope: str
    since: datetime | None
    until: datetime | None
    note: str
    is_ended: bool
    read_only: bool = False
    added_by: str = ""
    is_opt_out: bool = False
    """The person unsubscribed."""
    has_bounced: bool = False
    """The address permanently bounced."""
    is_refusal: bool = False
    """The person themself said no: only an administrator takes it away."""
    conflict: Conflict = Conflict.NONE
    only: str = ""
    """What alone is stopped, in a sentence; empty: every e-mail."""

    @property
    def place(self) -> str:
        """Where it stands in the list: what the next page begins after."""
        return f"{self.source}:{self.id}:{self.email_key}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page is asked for."""

    search: str = ""
    """Begins the address."""
    source: str = ""
    """`OURS`, with the kinds that people stopped, `THEIRS`, or everything."""
    reason: str = ""
    """A key of `FILTERS`, or everything."""
    conflicts: bool = False
    """Only ours that differ from theirs."""


def entries(session: Session, actor: Actor, wanted: Wanted, *, after: str = "", limit: int = 50) -> list[Entry]:
    """Give entries by address and source, `after` an entry's `place`. Reads only as many as are shown."""
    side, number, key = _place(after)
    parts = [
        _of_page(table, source, limit).where(
            table.workspace_id == actor.workspace_id,
            *_filters(wanted, source),
            _behind(table, key, number if source == side else None, is_all=source > side),
        )
        for source, table in _TABLES.items()
    ]
    # Put together and ordered by the database: its order of letters is not Python's.
    together = union_all(*(select(part.subquery()) for part in parts)).subquery()
    found: Sequence[Any] = session.execute(
        select(together.c.side, together.c.id)
        .order_by(together.c.email_key, together.c.side, together.c.id)
        .limit(limit)
    ).all()
    return _loaded(session, found)


def entries_of_address(session: Session, actor: Actor, email: str) -> list[Entry]:
    """Give everything that stands against one address."""
    key = email.lower()
    parts = [
        select(literal(source).label("side"), table.id).where(
            table.workspace_id == actor.workspace_id, table.email_key == key
        )
        for source, table in _TABLES.items()
    ]
    return _loaded(session, session.execute(union_all(*parts)).all()) if key else []


def what_stands_against(session: Session, actor: Actor, email: str) -> list[str]:
    """Say why an address is not written to, or not with everything; a sentence each, none when it may be."""
    reasons = not_to_write(session, actor.workspace_id, [email], sender_domain="").values()
    return [
        *(_("Postroom does not write to this address: %(why)s", why=one.words) for one in reasons),
        *(
            _("%(email)s: %(what)s", email=email, what=one.only)
            for one in entries_of_address(session, actor, email)
            if one.only and not one.is_ended
        ),
    ]


def email_of_theirs(session: Session, actor: Actor, entry_id: int) -> str:
    """Give the address of an entry of Cloudflare's. Raises NotThere."""
    found = session.scalar(
        select(TheirSuppression.email).where(
            TheirSuppression.id == entry_id, TheirSuppression.workspace_id == actor.workspace_id
        )
    )
    if found is None:
        raise NotThere("suppression")
    return found


_AGO: tuple[tuple[int, Callable[[int], str]], ...] = (
    (1440, lambda count: _n("%(count)s day ago", "%(count)s days ago", count)),
    (60, lambda count: _n("%(count)s hour ago", "%(count)s hours ago", count)),
    (1, lambda count: _n("%(count)s minute ago", "%(count)s minutes ago", count)),
)
"""Minutes of each, the longest first."""


def ago_words(at: datetime) -> str:
    """Say how long ago something was: `12 minutes ago`."""
    minutes = int((now() - at).total_seconds() // 60)
    for size, said in _AGO:
        if minutes >= size:
            count = minutes // size
            return said(count)
    return _("a moment ago")


def sync_of(session: Session, workspace_id: int) -> SuppressionSync | None:
    """Give how the sync goes; None when there was none, or no account is connected."""
    return session.get(SuppressionSync, workspace_id)


def has_conflicts(session: Session, actor: Actor) -> bool:
    """Tell whether any of ours differs from theirs in a way that a person decides on."""
    differs = select(Suppression.id).where(
        Suppression.workspace_id == actor.workspace_id,
        Suppression.conflict.in_([one for one in Conflict if one is not Conflict.NONE]),
    )
    return session.scalar(differs.limit(1)) is not None


_CSV_COLUMNS = (
    *(_("list"), _("email"), _("reason"), _("counts for"), _("since (UTC)"), _("until (UTC)"), _("note")),
    *(_("added by"), _("cannot change")),
)


def as_csv(session: Session, actor: Actor, wanted: Wanted) -> Iterator[str]:
    """Write the entries as CSV in parts, safe to open in a spreadsheet program."""
    names = [str(one) for one in _CSV_COLUMNS]
    yield BYTE_ORDER_MARK + csv_lines([names])
    after = ""
    while rows := entries(session, actor, wanted, after=after, limit=CHUNK):
        yield csv_lines(
            (
                "Cloudflare" if one.source == THEIRS else "Postroom",
                one.email,
                str(one.reason),
                str(one.scope),
                _time(one.since),
                _time(one.until),
                one.note,
                str(one.added_by),
                str(_("yes")) if one.read_only else "",
            )
            for one in rows
        )
        after = rows[-1].place
        session.expunge_all()


_Table = type[Suppression] | type[TheirSuppression] | type[TopicOptOut]
_TABLES: dict[str, _Table] = {OURS: Suppression, KINDS: TopicOptOut, THEIRS: TheirSuppression}


def _of_page(table: _Table, side: str, limit: int) -> Select[str, str, int]:
    shown = select(table.email_key.label("email_key"), literal(side).label("side"), table.id.label("id"))
    return shown.order_by(table.email_key, table.id).limit(limit)


def _behind(table: _Table, key: str, number: int | None, *, is_all: bool) -> ColumnElement[bool]:
    """Give what lies behind a place: later addresses, and of the same address what comes after it."""
    column = table.email_key
    same = column == key
    rest = same if is_all else and_(same, table.id > number) if number is not None else false()
    return and_(column >= key, or_(column > key, rest))  # the first part is what an index can be entered with


def _place(after: str) -> tuple[str, int, str]:
    side, _colon, rest = after.replace("\0", "").partition(":")
    number, _colon, key = rest.partition(":")
    if side not in _TABLES or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return "", 0, ""
    return side, min(int(number), LARGEST_ID), key.lower()


def _filters(wanted: Wanted, side: str) -> Iterable[ColumnElement[bool]]:
    table = _TABLES[side]
    if wanted.source and (wanted.source == THEIRS) != (side == THEIRS):
        yield false()
    if search := wanted.search.replace("\0", "").strip().lower():
        yield table.email_key.startswith(search, autoescape=True)
    if wanted.conflicts:
        some = [one for one in Conflict if one is not Conflict.NONE]
        yield Suppression.conflict.in_(some) if side == OURS else false()
    if wanted.reason in FILTERS:
        _label, ours, theirs = FILTERS[wanted.reason]
        if side == OURS:
            yield Suppression.reason == ours if ours is not None else false()
        elif side == THEIRS:
            yield TheirSuppression.reason == theirs if theirs is not None else false()
        elif wanted.reason != OF_KIND:
            yield false()


def _loaded(session: Session, found: Sequence[Any]) -> list[Entry]:
    of_side = {side: [number for one, number in found if one == side] for side in _TABLES}
    ours = {
        row.id: (row, name or "")
        for row, name in session.execute(
            select(Suppression, Account.name)
            .outerjoin(Person, Person.id == Suppression.added_by)
            .outerjoin(Account, Account.id == Person.account_id)
            .where(Suppression.id.in_(of_side[OURS]))
        )
    }
    query = select(TheirSuppression).where(TheirSuppression.id.in_(of_side[THEIRS]))
    theirs = {row.id: row for row in session.scalars(query)}
    stopped = {
        row.id: (row, topic)
        for row, topic in session.execute(
            select(TopicOptOut, Topic)
            .join(Topic, Topic.id == TopicOptOut.topic_id)
            .where(TopicOptOut.id.in_(of_side[KINDS]))
        )
    }
    at = now()
    made: dict[str, dict[int, Entry]] = {
        OURS: {number: _our_entry(row, name, at) for number, (row, name) in ours.items()},
        THEIRS: {number: _their_entry(row, at) for number, row in theirs.items()},
        KINDS: {number: _kind_entry(row, topic) for number, (row, topic) in stopped.items()},
    }
    return [made[side][number] for side, number in found if number in made[side]]


def _our_entry(row: Suppression, name: str, at: datetime) -> Entry:
    return Entry(
        OURS,
        row.id,
        row.email,
        row.email_key,
        OUR_REASONS[row.reason],
        OUR_REASONS_INSIDE[row.reason],
        _("every send"),
        row.created_at,
        row.until,
        row.note,
        is_ended=row.until is not None and row.until <= at,
        added_by=name or _adder(row.reason),
        is_opt_out=row.reason is SuppressionReason.OPT_OUT,
        has_bounced=row.reason is SuppressionReason.BOUNCE,
        is_refusal=row.reason in FOR_ADMINISTRATORS,
        conflict=row.conflict,
    )


def _adder(reason: SuppressionReason) -> str:
    by_rule = {SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT}
    return _("by rule") if reason in by_rule else _("the person") if reason is SuppressionReason.OPT_OUT else ""


def _their_entry(row: TheirSuppression, at: datetime) -> Entry:
    return Entry(
        THEIRS,
        row.id,
        row.email,
        row.email_key,
        their_reason_words(row.reason),
        their_reason_words(row.reason, inside=True),
        scope_words(row),
        row.added_at,
        row.expires_at,
        row.note,
        is_ended=row.expires_at is not None and row.expires_at <= at,
        read_only=row.read_only,
        has_bounced=row.reason == "hard_bounce",
        added_by="Postroom" if row.is_ours else "",
        only=_("Gets no e-mail from %(domain)s.", domain=row.scope_value) if row.scope_type == "sending_domain" else "",
    )


def _kind_entry(row: TopicOptOut, topic: Topic) -> Entry:
    return Entry(
        KINDS,
        row.id,
        row.email,
        row.email_key,
        _("Unsubscribed from “%(name)s”", name=topic.name),
        of_kind_words(topic),
        _("e-mails of the kind “%(name)s”", name=topic.name),
        row.created_at,
        None,
        "",
        is_ended=False,
        added_by=_adder(SuppressionReason.OPT_OUT),
        is_opt_out=True,
        is_refusal=True,
        only=_("Gets no e-mails of the kind “%(name)s”.", name=topic.name),
    )


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
