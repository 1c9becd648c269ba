"""The release: from a reviewed draft to messages, once and whole."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.people.models import Account, Person, Workspace
from app.recipients.models import Recipient
from app.recipients.suppressions.who import Reason
from app.refusals import Refused
from app.sends import audience
from app.sends.approval_rule import needs_approval
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import included_lists, parts_of
from app.sends.control import find_send
from app.sends.hiding import take_over
from app.sends.models import Audience, Message, Outcome, ReviewProblem, ReviewState, Send, SendKind, SendState
from app.sends.pace import Pace, pace_of, set_pace
from app.sends.review import MOST_PROBLEMS, fingerprint
from app.sends.snapshot import take_snapshot
from app.sends.staleness import marks
from app.sends.stopped import everybody_of, must_not, who_must_not
from app.sends.tallies import open_tallies
from app.sends.words import state_change
from app.words import _, joined

SAME_DAY = timedelta(hours=24)
"""The same list and version within this time are asked about first."""


class SentBefore(Refused):
    """The same list and version went out within a day; a person must say that it is meant."""


class NeedsApproval(Refused):
    """Somebody else must approve this send first."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a send goes out, as chosen at its release."""

    start_at: datetime | None = None
    """When it begins, as `scheduling.chosen_start` gives it; None: after the undo window."""
    pace: Pace | None = None
    wave: int | None = None
    """E-mails after which it waits for a person; None: it goes through."""


def release(
    session: Session,
    actor: Actor,
    send_id: int,
    *,
    seen: str,
    again_confirmed: bool,
    undo_seconds: float,
    options: Options = Options(),
) -> Send:
    """Turn a reviewed draft into messages. `seen` is the fingerprint of the review the person looked at.

    A second release of the same send changes nothing and gives the send. The caller wakes the engine after the commit.
    Raises Refused (P7: something changed since the review, or nobody is left), SentBefore and NeedsApproval.
    """
    send = find_send(session, actor, send_id)
    if send.state is not SendState.DRAFT:
        return send
    hold_still(session, send)
    if send.state is not SendState.DRAFT:
        return send
    check(session, send, seen, again_confirmed=again_confirmed)
    if reasons := needs_approval(session, send):
        raise NeedsApproval(joined([*reasons, _("Ask for approval.")]))
    return let_go(session, actor, send, SendState.DRAFT, undo_seconds=undo_seconds, options=options)


def let_go(
    session: Session, actor: Actor, send: Send, before: SendState, *, undo_seconds: float, options: Options
) -> Send:
    """Turn a send that was checked, and is held still, into messages, if it is still in the state `before`."""
    at = now()
    if not _claim(session, send.id, before, actor, at, options.start_at or at + timedelta(seconds=undo_seconds)):
        return session.get_one(Send, send.id, populate_existing=True)
    session.refresh(send)
    _take_options(session, send, options)
    total, skipped = _snapshot(session, send)
    send.total = total
    if send.template_version is not None:
        take_over(send, send.template_version)
    send.public_url = session.get_one(Workspace, send.workspace_id).public_url
    open_tallies(session, send.id, pending=total - skipped, skipped=skipped)
    if total == skipped:  # trial mode, or nobody may be written to since the review: there is nothing to wait for
        send.state, send.finished_at = SendState.FINISHED, at
    words = _(
        "Send %(send_id)s released: %(count)s e-mails, %(skipped)s left out",
        send_id=str(send.id),
        count=total - skipped,
        skipped=skipped,
    )
    note(session, actor, "send.released", words, subject_id=send.id, changes=_told(session, send))
    return send


def _told(session: Session, send: Send) -> dict[str, tuple[object, object]]:
    """Give what a reader of the trail asks of a release; of one person's e-mail no address."""
    told: dict[str, tuple[object, object]] = {**state_change(SendState.DRAFT, send.state)}
    told[_("Template")] = ("", send.template_version.title if send.template_version is not None else "")
    told[_("Goes to")] = ("", _goes_to(send))
    told[_("Sender")] = ("", send.from_address)
    told[_("Begins")] = ("", send.start_at)
    pace = pace_of(session, send.id)
    return {**told, _("Pace"): ("", pace.words)} if pace is not None else told


def _goes_to(send: Send) -> str:
    if send.kind is SendKind.LIST:
        return _("the list “%(name)s”", name=send.list_name)
    return _("addresses typed by hand")


def sent_before(session: Session, send: Send) -> Send | None:
    """Give an earlier send of the same version within a day to the same list, or to one of several, if there is one."""
    if send.kind is not SendKind.LIST or send.audience is not Audience.EVERYBODY:
        return None  # a follow-up goes to others, or a person chose whom to write to again
    lists = [one.id for one in included_lists(parts_of(session, send))]
    in_parts = select(AudiencePart.send_id).where(AudiencePart.list_id.in_(lists), AudiencePart.is_excluded.is_(False))
    return session.scalars(
        select(Send)
        .where(
            Send.workspace_id == send.workspace_id,
            or_(Send.list_id.in_(lists), Send.id.in_(in_parts)),
            Send.template_version_id == send.template_version_id,
            Send.id != send.id,
            Send.released_at > now() - SAME_DAY,
        )
        .order_by(Send.id.desc())
        .limit(1)
    ).first()


def would_go_out(session: Session, send: Send) -> int:
    """Count the e-mails that a release would send now: without people with problems or who must not be written to.

    In trial mode to the team only.
    """
    team = team_in_trial_mode(session, send)
    left = max(0, send.review_total - send.review_problems)
    if not left:
        return 0
    if send.kind is SendKind.DIRECT:
        row = _direct_row(send)
        _skip(row, everybody_of(send), team, who_must_not(session, send, everybody_of(send)))
        return int(row["state"] is Outcome.PENDING)
    left_out = select(ReviewProblem.recipient_id).where(
        ReviewProblem.send_id == send.id, ReviewProblem.recipient_id.is_not(None)
    )
    gone = must_not(send, Recipient.email_key)
    who = (gone,) if team is None else (Recipient.email_key.in_(team), ~gone)
    count = select(func.count()).where(Recipient.id.not_in(left_out), *who)
    found = sum(session.scalar(count.where(*one.where)) or 0 for one in audience.streams(session, send))
    return left - found if team is None else found


def problem_for_all(session: Session, send_id: int) -> ReviewProblem | None:
    """Give the problem that concerns the whole send, if the review found one."""
    return session.scalar(
        select(ReviewProblem)
        .where(ReviewProblem.send_id == send_id, ReviewProblem.recipient_id.is_(None))
        .order_by(ReviewProblem.id)
        .limit(1)
    )


def message_row(send_id: int, recipient_id: int | None, email: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Give a new message of a send, with a reference of its own, as a row."""
    return {
        "send_id": send_id,
        "reference": str(uuid.uuid4()),
        "recipient_id": recipient_id,
        "email": email,
        "email_key": email.lower(),
        "name": name,
        "data": data,
        "state": Outcome.PENDING,
        "reason": "",
        "detail": "",
    }


def skip_outsiders(row: dict[str, Any], addresses: list[str], team: set[str] | None) -> None:
    """Mark a row as skipped when it goes to anybody outside the `team`; None: everybody may be written to."""
    if team is not None and any(address.lower() not in team for address in addresses):
        row.update(state=Outcome.SKIPPED, reason="trial_mode")


def team_in_trial_mode(session: Session, send: Send) -> set[str] | None:
    """Give the team's addresses in trial mode; None when the workspace is live."""
    if session.get_one(Workspace, send.workspace_id).is_live:
        return None
    return set(
        session.scalars(
            select(Account.email).join(Person).where(Person.workspace_id == send.workspace_id, Person.left_at.is_(None))
        )
    )


def hold_still(session: Session, send: Send) -> None:
    """Keep the lists and the mode from changing between the check and the snapshot (P7)."""
    session.get_one(Workspace, send.workspace_id, with_for_update={"read": True}, populate_existing=True)
    audience.hold_still(session, send)


def check(session: Session, send: Send, seen: str, *, again_confirmed: bool) -> None:
    """Refuse what cannot go out as it was reviewed. The caller holds it still. Raises Refused and SentBefore."""
    if send.review_state is not ReviewState.DONE:
        raise Refused(_("This send was not reviewed yet. Review it first."))
    if send.review_fingerprint != seen or fingerprint(session, send) != seen:
        raise Refused(
            _("Something changed since the review: the template, the list, the sender or a value. Review it again.")
        )
    audience.check(session, send)
    general = problem_for_all(session, send.id)
    if general is not None:
        raise Refused(general.words)
    if send.review_problems >= MOST_PROBLEMS:
        raise Refused(_("There are too many problems to leave people out one by one. Mend the template or the list."))
    if send.review_total - send.review_problems <= 0:
        raise Refused(_("Nobody is left to write to."))
    if not again_confirmed and (earlier := sent_before(session, send)) is not None:
        raise SentBefore(
            _(
                "The same template version went to the same list within a day (send %(send_id)s). Send it "
                "again only if that is meant.",
                send_id=str(earlier.id),
            )
        )


def _claim(session: Session, send_id: int, before: SendState, actor: Actor, at: Any, start_at: Any) -> bool:
    """Compare and set: of two releases of one send only one wins."""
    changed = session.execute(
        update(Send)
        .where(Send.id == send_id, Send.state == before)
        .values(state=SendState.SCHEDULED, released_at=at, released_by=actor.id, start_at=start_at)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _take_options(session: Session, send: Send, options: Options) -> None:
    if options.start_at is not None:
        send.is_timed, send.release_marks = True, marks(session, send.id)
    if options.pace is not None:
        set_pace(session, send.id, options.pace)
    if options.wave is not None:
        send.wave_left = send.wave_size = options.wave


def _snapshot(session: Session, send: Send) -> tuple[int, int]:
    """Write the messages; gives how many there are and how many of them are skipped."""
    team = team_in_trial_mode(session, send)
    if send.kind is SendKind.DIRECT:
        row = _direct_row(send)
        _skip(row, everybody_of(send), team, who_must_not(session, send, everybody_of(send)))
        session.execute(insert(Message), [row])
        return 1, int(row["state"] is Outcome.SKIPPED)
    return take_snapshot(session, send, team)


def _direct_row(send: Send) -> dict[str, Any]:
    """Give the one message of a direct send; it stands under its first address."""
    address, name = (*send.to, *send.cc, *send.bcc)[0]
    return message_row(send.id, None, str(address), str(name), {})


def _skip(row: dict[str, Any], addresses: list[str], team: set[str] | None, out: dict[str, Reason]) -> None:
    """Leave a message out when one of its addresses is outside the team in trial mode, or must not be written to."""
    skip_outsiders(row, addresses, team)
    gone = [out[one.lower()] for one in addresses if one.lower() in out]
    if gone and row["state"] is Outcome.PENDING:
        row.update(state=Outcome.SKIPPED, reason=gone[0].code, detail=joined(one.words for one in gone))
