"""The copy of Cloudflare's suppressions: what a pass saw, what is gone, how ours differ, what is to be handed over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.cloudflare.results import Suppression as VendorSuppression
from app.db import among, now, table_of
from app.recipients.models import Conflict, Handing, Suppression, SuppressionReason
from app.recipients.suppressions.models import SuppressionRules, SuppressionSync, TheirSuppression

CHUNK = 1000
"""Rows compared or deleted at once."""
GRACE = timedelta(minutes=10)
"""What was handed over so lately may not be in their list yet: changes there spread in the background."""


def state_of(session: Session, workspace_id: int) -> SuppressionSync:
    """Give how the sync of a workspace goes, for changing it."""
    found = session.get(SuppressionSync, workspace_id)
    if found is None:
        found = SuppressionSync(
            workspace_id=workspace_id, pass_number=0, entries_read=0, failures=0, is_reading=False, is_paused=False
        )
        found.account_id = found.cursor = found.cause = found.words = found.remedy = ""
        session.add(found)
        session.flush()
    return found


def keep_page(session: Session, workspace_id: int, number: int, items: Sequence[VendorSuppression]) -> None:
    """Keep the entries of a page, as seen in pass `number`."""
    rows = {one.id: row_of(workspace_id, number, one) for one in items if len(one.id) <= 100 and len(one.email) <= 254}
    if rows:
        _keep(session, list(rows.values()))


def row_of(workspace_id: int, number: int, one: VendorSuppression, *, is_ours: bool = False) -> dict[str, object]:
    """Give an entry of theirs as a row."""
    return {
        "workspace_id": workspace_id,
        "vendor_id": one.id,
        "email": one.email,
        "email_key": one.email.lower(),
        "reason": one.reason[:64],
        "scope_type": one.scope_type[:32],
        "scope_value": (one.scope_value or "")[:254].lower(),
        "added_at": one.created_at,
        "expires_at": one.expires_at,
        "note": (one.note or "").replace("\0", ""),
        "read_only": one.read_only,
        "is_ours": is_ours,
        "seen_in": number,
        "seen_at": now(),
    }


def keep_ours(session: Session, workspace_id: int, number: int, made: Sequence[VendorSuppression]) -> None:
    """Keep entries that Postroom put there a moment ago."""
    if made:
        _keep(session, [row_of(workspace_id, number, one, is_ours=True) for one in made])


def sweep(session: Session, workspace_id: int, number: int) -> bool:
    """Delete what pass `number` did not see, a chunk at once; tells whether there may be more."""
    unseen = (
        select(TheirSuppression.id)
        .where(
            TheirSuppression.workspace_id == workspace_id,
            TheirSuppression.seen_in < number,
            or_(TheirSuppression.is_ours.is_(False), TheirSuppression.seen_at < now() - GRACE),
        )
        .limit(CHUNK)
    )
    return _delete(session, unseen)


def forget_account(session: Session, workspace_id: int) -> bool:
    """Delete the copy of an account that is no longer connected, a chunk at once; tells whether there may be more."""
    if _delete(session, select(TheirSuppression.id).where(TheirSuppression.workspace_id == workspace_id).limit(CHUNK)):
        return True
    handed = Suppression.handed_at.is_not(None) | (Suppression.conflict != Conflict.NONE)
    chunk = select(Suppression.id).where(Suppression.workspace_id == workspace_id, handed).limit(CHUNK)
    changed = session.execute(
        update(Suppression)
        .where(Suppression.id.in_(chunk))
        .values(handed_at=None, conflict=Conflict.NONE)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount:  # type: ignore[attr-defined]
        return True
    session.execute(delete(SuppressionSync).where(SuppressionSync.workspace_id == workspace_id))
    return False


def find_conflicts(session: Session, workspace_id: int, *, after: int = 0) -> int:
    """Compare a chunk of ours, `after` an id, with theirs; gives where to go on, 0 at the end."""
    rows = session.scalars(
        select(Suppression)
        .where(
            Suppression.workspace_id == workspace_id,
            Suppression.id > after,
            or_(Suppression.handed_at.is_not(None), Suppression.conflict != Conflict.NONE),
        )
        .order_by(Suppression.id)
        .limit(CHUNK)
    ).all()
    theirs = entries_of(session, workspace_id, [row.email_key for row in rows])
    for row in rows:
        before, row.conflict = row.conflict, _conflict_now(row, theirs.get(row.email_key, []), now())
        if before is Conflict.GONE_THERE and row.conflict is Conflict.NONE:
            row.handed_at = None  # what is there now may be for another reason, and end sooner
    return rows[-1].id if len(rows) == CHUNK else 0


def _conflict_now(row: Suppression, there: Sequence[TheirSuppression], at: datetime) -> Conflict:
    if row.until is not None and row.until <= at:
        return Conflict.NONE
    if row.handed_at is not None and not there and row.handed_at < at - GRACE:
        return Conflict.GONE_THERE
    is_over = {
        Conflict.GONE_THERE: bool(there),
        Conflict.SCOPE_DIFFERS: differing(row.until, there) is Conflict.NONE,
        Conflict.READ_ONLY_THERE: not any(one.read_only for one in there),
    }
    return Conflict.NONE if is_over.get(row.conflict) else row.conflict


def differing(until: datetime | None, theirs: Sequence[TheirSuppression]) -> Conflict:
    """Say how theirs stand in the way of handing an address over `until` then; None: for ever."""
    of_account = [one for one in theirs if one.scope_type == "account"]
    if not of_account:
        return Conflict.SCOPE_DIFFERS if theirs else Conflict.NONE
    for one in of_account:
        ends_sooner = one.expires_at is not None and (until is None or one.expires_at < until)
        if one.read_only and ends_sooner:
            return Conflict.READ_ONLY_THERE
    return Conflict.NONE


def entries_of(session: Session, workspace_id: int, keys: Sequence[str]) -> dict[str, list[TheirSuppression]]:
    """Give their entries in force for these addresses, in lower case."""
    found: dict[str, list[TheirSuppression]] = {}
    if keys:
        rows = session.scalars(
            select(TheirSuppression)
            .where(
                TheirSuppression.workspace_id == workspace_id,
                TheirSuppression.email_key.in_(set(keys)),
                or_(TheirSuppression.expires_at.is_(None), TheirSuppression.expires_at > now()),
            )
            .order_by(TheirSuppression.id)
        )
        for row in rows:
            found.setdefault(row.email_key, []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class Wish:
    """An address that is to be handed over, for all of its reasons together."""

    email: str
    until: datetime | None
    reasons: tuple[SuppressionReason, ...]
    ids: tuple[int, ...]
    is_whole: bool
    """Also when a sending domain holds it back already."""


def wishes_of(session: Session, rules: SuppressionRules, keys: Collection[str], *, lock: bool = False) -> list[Wish]:
    """Say what Cloudflare shall hold of addresses, in lower case: of each from all its reasons that are wanted there.

    Those that wait for a person, because of a conflict, do not count. `lock` holds the rows against other writers.
    """
    query = select(Suppression).where(
        among(Suppression.email_key.expression, keys),
        Suppression.conflict == Conflict.NONE,
        *_is_asked_for(rules, now()),
    )
    query = query.order_by(Suppression.email_key, Suppression.id)
    by_key: dict[str, list[Suppression]] = {}
    for row in session.scalars(query.with_for_update() if lock else query):
        by_key.setdefault(row.email_key, []).append(row)
    return [
        Wish(
            same[0].email,
            None if any(one.until is None for one in same) else max(one.until for one in same if one.until),
            tuple(one.reason for one in same),
            tuple(one.id for one in same),
            any(one.handing is Handing.WHOLE_ACCOUNT for one in same),
        )
        for same in by_key.values()
    ]


def to_hand_over(session: Session, rules: SuppressionRules, *, limit: int = CHUNK) -> list[Wish]:
    """Give the next addresses of ours of which Cloudflare does not hold yet what it shall."""
    keys = session.scalars(
        select(Suppression.email_key)
        .where(
            Suppression.handed_at.is_(None),
            Suppression.conflict == Conflict.NONE,
            *_is_asked_for(rules, now()),
        )
        .distinct()
        .order_by(Suppression.email_key)
        .limit(limit)
    ).all()
    return wishes_of(session, rules, keys) if keys else []


def mark_handed(session: Session, rules: SuppressionRules, handed: Sequence[Wish]) -> None:
    """Write down what Cloudflare holds now; an address of which it shall hold something else meanwhile stays open."""
    still = set(wishes_of(session, rules, [one.email.lower() for one in handed], lock=True))
    mark(session, [number for one in handed if one in still for number in one.ids], handed_at=now())


def look_anew(session: Session, workspace_id: int, keys: Collection[str] | Select[str]) -> None:
    """Let the next sync see what Cloudflare shall hold of addresses, in lower case: one of their reasons is going."""
    session.execute(
        update(Suppression)
        .where(
            Suppression.workspace_id == workspace_id,
            Suppression.email_key.in_(keys),
            Suppression.handed_at.is_not(None),
        )
        .values(handed_at=None)
        .execution_options(synchronize_session=False)
    )


def forget_unwanted(session: Session, rules: SuppressionRules) -> bool:
    """Take a chunk of what is no longer wanted there for not handed over; tells whether there may be more."""
    of_workspace = Suppression.workspace_id == rules.workspace_id
    unwanted = select(Suppression.email_key).where(
        of_workspace, Suppression.handed_at.is_not(None), ~_is_wanted_there(rules)
    )
    keys = session.scalars(unwanted.distinct().limit(CHUNK)).all()
    look_anew(session, rules.workspace_id, keys)
    return len(keys) == CHUNK


def to_take_back(session: Session, rules: SuppressionRules, *, limit: int = 50) -> Sequence[TheirSuppression]:
    """Give entries in force that Postroom put there and that nothing of ours asks for any more."""
    at = now()
    asked_for = exists().where(Suppression.email_key == TheirSuppression.email_key, *_is_asked_for(rules, at))
    query = select(TheirSuppression).where(
        TheirSuppression.workspace_id == rules.workspace_id,
        TheirSuppression.is_ours.is_(True),
        TheirSuppression.read_only.is_(False),
        or_(TheirSuppression.expires_at.is_(None), TheirSuppression.expires_at > at),
        ~asked_for,
    )
    return session.scalars(query.order_by(TheirSuppression.id).limit(limit)).all()


def mark(session: Session, ids: Sequence[int], *only: ColumnElement[bool], **values: object) -> None:
    """Change some of our rows alike."""
    for start in range(0, len(ids), CHUNK):
        session.execute(
            update(Suppression)
            .where(Suppression.id.in_(ids[start : start + CHUNK]), *only)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _is_asked_for(rules: SuppressionRules, at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Suppression.workspace_id == rules.workspace_id,
        or_(Suppression.until.is_(None), Suppression.until > at),
        _is_wanted_there(rules),
    )


def _is_wanted_there(rules: SuppressionRules) -> ColumnElement[bool]:
    by_rule = (Suppression.handing == Handing.BY_RULE) & Suppression.reason.in_(
        [SuppressionReason(one) for one in rules.hands_over]
    )
    return or_(Suppression.handing.in_([Handing.WANTED, Handing.WHOLE_ACCOUNT]), by_rule)


def _keep(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = table_of(TheirSuppression)
    new = insert(table)
    changing = ("email", "email_key", "reason", "added_at", "expires_at", "note", "read_only", "seen_in", "seen_at")
    values: dict[str, Any] = {name: new.excluded[name] for name in (*changing, "scope_type", "scope_value")}
    values["is_ours"] = or_(table.c.is_ours, new.excluded.is_ours)
    statement = new.on_conflict_do_update(index_elements=["workspace_id", "vendor_id"], set_=values)
    session.connection().execute(statement, list(rows))


def _delete(session: Session, chunk: object) -> bool:
    gone = session.execute(
        delete(TheirSuppression)
        .where(TheirSuppression.id.in_(chunk))  # type: ignore[arg-type]
        .execution_options(synchronize_session=False)
    )
    return bool(gone.rowcount == CHUNK)  # type: ignore[attr-defined]
