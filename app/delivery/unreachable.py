"""What a permanent bounce or a complaint leaves behind: a suppression by rule, and a line in the work list.

Written at the very end of the transaction that records the outcome, after every other row is locked: two sends that
bounce at one address at the same moment must not wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.events import EventKind
from app.delivery.matching import Match
from app.delivery.recording import Result
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.rules import ByRule, add_by_rule
from app.sends.bad_address_models import BadAddressKind
from app.sends.bad_addresses import Found, note_bad
from app.sends.models import ANSWERED, Message, Outcome, Send
from app.sends.tallies import counts
from app.words import _

MAYBE_THE_ADDRESS = frozenset({"email.invalid", "invalid_request_schema"})
"""Refusals that name no cause: of a send whose other e-mails were taken, the address is to be looked at."""
FEW = 100
"""When more were refused before the first was taken, the e-mail was at fault, not the addresses."""
_MAYBE_WORDS = _("Cloudflare refused this e-mail, while others of the same send went out.")


def keep_unreachable(session: Session, send: Send, settled: Sequence[tuple[Result, Outcome]]) -> None:
    """Keep what a recorded chunk told. The caller holds the send's row."""
    bounced = [
        (result, address)
        for result, outcome in settled
        if result.verdict.was_sent is not None
        for address in _bounced(result, outcome)
    ]
    refused = [
        result
        for result, outcome in settled
        if outcome is Outcome.REJECTED and result.verdict.reason in MAYBE_THE_ADDRESS
    ]
    taken = sum(outcome in ANSWERED for _result, outcome in settled)
    refused_before: Sequence[Message] = ()
    if refused or taken:
        tally = counts(session, send.id)
        answered = sum(tally[outcome] for outcome in ANSWERED)
        if not answered:
            refused = []
        elif answered == taken and tally[Outcome.REJECTED]:  # the first that were taken: what was refused before counts
            refused_before = _refused_before(session, send, [one.message.id for one in refused])
    if not bounced and not refused and not refused_before:
        return
    add_by_rule(
        session,
        send.workspace_id,
        [ByRule(address, SuppressionReason.BOUNCE, message_id=result.message.id) for result, address in bounced],
    )
    found = [
        Found(address, BadAddressKind.BOUNCED, send.id, result.message.id, _name_of(result, address))
        for result, address in bounced
    ]
    found += [
        Found(one.message.email, BadAddressKind.REFUSED, send.id, one.message.id, one.message.name, _MAYBE_WORDS)
        for one in refused
    ]
    found += [
        Found(one.email, BadAddressKind.REFUSED, send.id, one.id, one.name, _MAYBE_WORDS) for one in refused_before
    ]
    note_bad(session, send.workspace_id, found)


def _refused_before(session: Session, send: Send, but: Sequence[int]) -> Sequence[Message]:
    """Give what was refused without a cause before any e-mail of the send was taken; none when that is not few."""
    found = session.scalars(
        select(Message)
        .where(
            Message.send_id == send.id,
            Message.state == Outcome.REJECTED,
            Message.reason.in_(MAYBE_THE_ADDRESS),
            Message.id.not_in(but),
        )
        .limit(FEW + 1)
    ).all()
    return found if len(found) <= FEW else ()


def keep_told_later(session: Session, workspace_id: int, news: Iterable[Match]) -> None:
    """Keep what events told: hard bounces, complaints and refusals before delivery; soft bounces never."""
    told = [one for one in news if one.event.kind in {EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.REJECTED}]
    if not told:
        return
    reasons = {EventKind.BOUNCED: SuppressionReason.BOUNCE, EventKind.COMPLAINED: SuppressionReason.COMPLAINT}
    by_rule = [
        ByRule(one.event.recipient, reasons[one.event.kind], one.event.detail or one.event.cause, one.message_id)
        for one in told
        if one.event.kind in reasons
    ]
    add_by_rule(session, workspace_id, by_rule)
    kinds = {EventKind.BOUNCED: BadAddressKind.BOUNCED, EventKind.REJECTED: BadAddressKind.REFUSED}
    bad = [one for one in told if one.event.kind in kinds]
    of_messages = select(Message.id, Message.send_id, Message.email_key, Message.name).where(
        Message.id.in_({one.message_id for one in bad})
    )
    known = {row.id: row for row in session.execute(of_messages)} if bad else {}
    note_bad(
        session,
        workspace_id,
        [
            Found(
                one.event.recipient,
                kinds[one.event.kind],
                known[one.message_id].send_id,
                one.message_id,
                known[one.message_id].name if known[one.message_id].email_key == one.event.recipient.lower() else "",
                one.event.detail or one.event.cause,
            )
            for one in bad
            if one.message_id in known
        ],
    )


def _bounced(result: Result, outcome: Outcome) -> list[str]:
    """Give the addresses of a message that the service named as permanently bounced."""
    named = [address for address, one in result.verdict.addresses.items() if one == Outcome.BOUNCED]
    return named or ([result.message.email] if outcome is Outcome.BOUNCED else [])


def _name_of(result: Result, address: str) -> str:
    return result.message.name if address.lower() == result.message.email.lower() else ""
