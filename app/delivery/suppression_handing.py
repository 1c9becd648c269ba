"""Handing our suppressions to Cloudflare, and taking back what is no longer wanted there (API.md, section 9).

Whatever is done here may be done twice: an entry that is there stays as it is, one that is gone stays gone. So a worker
that dies between a call and its record does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.cloudflare.contract import MAX_SUPPRESSION_BULK
from app.cloudflare.results import BulkResult, Failure
from app.cloudflare.results import Suppression as VendorSuppression
from app.db import now
from app.delivery.suppression_lease import BULK_SPACING, CallFailed, SyncLease, Turn
from app.recipients.models import Conflict, Handing, Suppression
from app.recipients.suppressions.mirror import (
    Wish,
    differing,
    entries_of,
    forget_unwanted,
    keep_ours,
    mark,
    mark_handed,
    state_of,
    to_hand_over,
    to_take_back,
)
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.suppressions.rules import rules_of
from app.recipients.suppressions.words import OUR_REASONS

BULKS_AT_ONCE, CHUNKS_TAKEN_BACK = 100, 8
"""Bulk imports, and chunks taken back one by one, of one workspace before the others have their turn."""
CANNOT_BE_CHANGED = "forbidden"
"""Cause of a 403 that is not about the token: the entry is read-only."""
GONE = 404


def hand_over(lease: SyncLease, turn: Turn) -> None:
    """Take back what is no longer wanted there, then hand ours over. Raises CallFailed, NotNow and LeaseLost."""
    more = True
    while more:
        with lease.writing(turn.generation) as session:
            more = forget_unwanted(session, rules_of(session, turn.workspace_id))
    _take_back(lease, turn)
    for _ in range(BULKS_AT_ONCE):
        with lease.database.reading() as session:
            wishes = to_hand_over(session, rules_of(session, turn.workspace_id), limit=MAX_SUPPRESSION_BULK)
        if not wishes:
            return
        new = _those_not_there(lease, turn, wishes)
        if new:
            lease.may_call(turn, BULK_SPACING)
            answer = turn.client.import_suppressions([_item(one) for one in new])
            if isinstance(answer, Failure):
                raise CallFailed(answer)
            _record(lease, turn, new, answer)


def _take_back(lease: SyncLease, turn: Turn) -> None:
    for _ in range(CHUNKS_TAKEN_BACK):
        with lease.database.reading() as session:
            found = to_take_back(session, rules_of(session, turn.workspace_id))
        if not found:
            return
        for entry in found:
            lease.may_call(turn)
            answer = turn.client.delete_suppression(entry.vendor_id)
            is_fixed = isinstance(answer, Failure) and answer.cause == CANNOT_BE_CHANGED
            if isinstance(answer, Failure) and not is_fixed and answer.http_status != GONE:
                raise CallFailed(answer)
            with lease.writing(turn.generation) as session:
                row = session.get(TheirSuppression, entry.id)
                if row is not None and is_fixed:
                    row.read_only, row.is_ours = True, False
                elif row is not None:
                    session.delete(row)


def _those_not_there(lease: SyncLease, turn: Turn, wishes: Sequence[Wish]) -> list[Wish]:
    """Settle the wishes whose address Cloudflare has already; gives the others."""
    new: list[Wish] = []
    done: list[Wish] = []
    changed: list[tuple[TheirSuppression, Wish]] = []
    with lease.writing(turn.generation) as session:
        theirs = entries_of(session, turn.workspace_id, [one.email.lower() for one in wishes])
        for wish in wishes:
            there = theirs.get(wish.email.lower(), [])
            own = next((one for one in there if one.is_ours and one.scope_type == "account"), None)
            conflict = differing(wish.until, there)
            if not there or (wish.is_whole and all(one.scope_type != "account" for one in there)):
                new.append(wish)
            elif own is not None and not own.read_only and own.expires_at != wish.until:
                changed.append((own, wish))
            elif conflict is not Conflict.NONE:
                mark(session, wish.ids, Suppression.handed_at.is_(None), conflict=conflict)
            else:
                done.append(wish)
        mark_handed(session, rules_of(session, turn.workspace_id), done)
    for entry, wish in changed:
        _change_end(lease, turn, entry, wish)
    return new


def _change_end(lease: SyncLease, turn: Turn, entry: TheirSuppression, wish: Wish) -> None:
    """Let an entry of ours end when it shall; for one that is gone or fixed there, the next look does what is left."""
    lease.may_call(turn)
    answer = turn.client.update_suppression(entry.vendor_id, expires_at=wish.until)
    is_fixed = isinstance(answer, Failure) and answer.cause == CANNOT_BE_CHANGED
    is_gone = isinstance(answer, Failure) and answer.http_status == GONE
    if isinstance(answer, Failure) and not is_fixed and not is_gone:
        raise CallFailed(answer)
    with lease.writing(turn.generation) as session:
        row = session.get_one(TheirSuppression, entry.id)
        if is_gone:
            session.delete(row)
        elif is_fixed:
            row.read_only, row.is_ours = True, False
        else:
            row.expires_at = wish.until
            mark_handed(session, rules_of(session, turn.workspace_id), [wish])


def _item(wish: Wish) -> Mapping[str, Any]:
    """Give an address as the service takes it; a person's own note stays here, others of the account read it there."""
    words = ", ".join(OUR_REASONS[one].lower() for one in wish.reasons)
    item: dict[str, Any] = {"email": wish.email, "note": f"Postroom: {words}"}
    return item if wish.until is None else {**item, "expires_at": wish.until.isoformat()}


def _record(lease: SyncLease, turn: Turn, wishes: Sequence[Wish], answer: BulkResult) -> None:
    """Write down what the service took, item by item; without a word about an item it took it."""
    status = {one.index: one for one in answer.items}
    taken: list[Wish] = []
    refused: list[int] = []
    invalid: list[int] = []
    made: list[VendorSuppression] = []
    for index, wish in enumerate(wishes):
        item = status.get(index)
        if item is not None and item.status == "error":
            refused += wish.ids
        elif item is not None and item.status == "invalid":
            invalid += wish.ids
        else:
            taken.append(wish)
        if item is not None and item.status == "processed" and item.id:
            note = str(_item(wish)["note"])
            made.append(VendorSuppression(item.id, wish.email, "manual", now(), wish.until, note=note))
    with lease.writing(turn.generation) as session:
        keep_ours(session, turn.workspace_id, state_of(session, turn.workspace_id).pass_number, made)
        mark_handed(session, rules_of(session, turn.workspace_id), taken)
        mark(session, refused, Suppression.handed_at.is_(None), conflict=Conflict.READ_ONLY_THERE)
        mark(session, invalid, handing=Handing.HERE_ONLY)  # the service takes no such address, today or tomorrow
